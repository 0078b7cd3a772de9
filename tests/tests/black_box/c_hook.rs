//! The example in C: compiled by gcc against the public header, dropped into the folder, answering.

use keyhook_tests::binary;
use keyhook_tests::libraries::{self, workspace};
use keyhook_tests::local::Local;
use keyhook_tests::plugin_table::Stage;
use keyhook_tests::scratch::Scratch;

fn greeting(configuration: &str) -> (u16, serde_json::Value) {
    let scratch = Scratch::new("c-hook");
    libraries::c(&workspace().join("plugins/c-hook/plugin.c"), &scratch.join("c_hook.so"));
    let local = Local::start(|builder| builder.config_text(configuration).plugins_directory(scratch.path()).probe(binary::path()));
    let answer = Stage::new(local).credentials(&[]);
    (answer.status, answer.json())
}

#[test]
fn a_hook_in_c_adds_its_member_to_the_token_response() {
    let (status, body) = greeting("");
    assert_eq!((status, &body["greeting"]), (200, &"hello from C".into()));
    assert_eq!(body["token_type"], "Bearer");
}

#[test]
fn a_hook_in_c_reads_its_configuration() {
    assert_eq!(greeting("[plugins.c-hook.config]\ngreeting = \"salve\"\n").1["greeting"], "salve");
}

#[test]
fn a_hook_in_c_denies_over_a_setting_of_another_type() {
    let (status, body) = greeting("[plugins.c-hook.config]\ngreeting = 7\n");
    assert_eq!((status, &body["error"], &body["access_token"]), (500, &"server_error".into(), &serde_json::Value::Null));
}
