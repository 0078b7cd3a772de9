//! A plugin in C that returns nonsense and passes broken strings.

use keyhook_tests::binary;
use keyhook_tests::libraries;
use keyhook_tests::local::Local;
use keyhook_tests::plugin_table::Stage;
use keyhook_tests::scratch::Scratch;

use crate::misbehaving::assert_no_token;

#[test]
fn nonsense_from_c_is_an_error_and_keeps_nothing() {
    let scratch = Scratch::new("misfit");
    libraries::misfit(&scratch.join("misfit.so"), "misfit", &[]);
    let local = Local::start(|builder| {
        builder.config_text("[plugins.misfit]\nmax_panics = 1000\n").plugins_directory(scratch.path()).probe(binary::path())
    });
    let mut stage = Stage::new(local);
    for word in ["ninety-nine", "minus-one", "least", "panicked", "sign-in", "approve", "respond", "deny", "deny-broken"] {
        assert_no_token(word, &stage.credentials(&[("misfit", word)]), 500);
    }
    let public = stage.credentials(&[("misfit", "deny-public")]);
    // RFC 6749 §5.2: neither quotation marks nor backslashes in a description.
    assert_eq!((public.status, public.error().as_str()), (400, "invalid_request"));
    let description = public.json()["error_description"].as_str().unwrap_or_default().to_owned();
    assert!(description.bytes().all(|byte| (0x20..0x7f).contains(&byte) && !b"\"\\".contains(&byte)), "{description:?}");
    assert_eq!(stage.credentials(&[]).status, 200);
}

#[test]
fn strings_from_c_that_are_broken_or_huge_are_refused_one_by_one() {
    let scratch = Scratch::new("strings");
    libraries::misfit(&scratch.join("misfit.so"), "misfit", &[]);
    let mut stage = Stage::new(Local::start(|builder| builder.plugins_directory(scratch.path()).probe(binary::path())));
    let answer = stage.credentials(&[("misfit", "strings")]);
    assert_eq!(answer.status, 200, "{}", answer.text());
    assert_eq!(
        answer.json()["said"],
        "value-2 cut-2 name-2 json-2 huge-2 hugename-2 hugejson-2 empty+0 noname-2 get-2 part-4 list-1 fire-2 status-2 body-4 "
    );
    assert_eq!(answer.json()["empty"], "");
    assert_eq!(stage.get("/x/misfit/headers").text(), "all refused");
}
