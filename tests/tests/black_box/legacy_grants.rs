//! The grants of old standards, as RFC 6749 has them, where an operator switched them on, and what happens where nobody did.

use keyhook_tests::flow;
use keyhook_tests::http::{Answer, encode_form};
use keyhook_tests::production::Production;
use keyhook_tests::stage::{ALICE, SHOP_URI, Stage, confidential};

/// `old` is registered for both grants; `shop` for neither.
fn stage(on: bool) -> Stage {
    Stage::with(|builder| {
        let mut old = confidential("old");
        old.grant_types = ["implicit", "password", "refresh_token"].map(str::to_owned).to_vec();
        old.response_types = vec!["token".to_owned()];
        builder.client(old).config_text(format!("[grants]\npassword = {on}\nimplicit = {on}\n"))
    })
}

fn ask(client: &str, more: &[(&str, &str)]) -> String {
    let usual = [("response_type", "token"), ("client_id", client), ("redirect_uri", SHOP_URI), ("scope", "read"), ("state", "a state")];
    format!("/authorize?{}", encode_form(&[&usual[..], more].concat()))
}

/// The parameters of the fragment.
fn fragment(answer: &Answer) -> std::collections::BTreeMap<String, String> {
    let (uri, fragment) = answer.location().split_once('#').unwrap_or_else(|| panic!("{} {}", answer.location(), answer.text()));
    assert_eq!((answer.status, uri), (303, SHOP_URI));
    fragment
        .split('&')
        .filter_map(|pair| pair.split_once('='))
        .map(|(name, value)| (name.to_owned(), keyhook_tests::http::decode(value)))
        .collect()
}

/// RFC 6749 §4.2.2: `access_token`, `token_type`, `expires_in`, `scope`, `state`; and no refresh token.
#[test]
fn the_implicit_grant_gives_a_token_in_the_fragment_after_login_and_consent() {
    let stage = stage(true);
    let answer = flow::walk_path(&mut stage.client(), &ask("old", &[]), ALICE);
    let got = fragment(&answer);
    let names: Vec<_> = got.keys().map(String::as_str).collect();
    assert_eq!(names, ["access_token", "expires_in", "iss", "scope", "state", "token_type"]);
    assert_eq!((&*got["expires_in"], &*got["scope"], &*got["state"], &*got["token_type"]), ("3600", "read", "a state", "Bearer"));
    let told = stage.back_channel("machine").introspect(&got["access_token"]);
    assert_eq!((&told["sub"], &told["client_id"], &told["scope"]), (&"alice".into(), &"old".into(), &"read".into()));
    assert_eq!(answer.header("cache-control"), Some("no-store"));
    stage.back_channel("old").revoke(&got["access_token"]);
    assert!(!stage.back_channel("machine").is_active(&got["access_token"]));
}

/// RFC 6749 §4.2.2.1: errors go into the fragment, with the state.
#[test]
fn errors_of_the_implicit_grant_are_told_in_the_fragment() {
    let (on, off) = (stage(true), stage(false));
    for (stage, path, error) in [
        (&on, ask("shop", &[]), "unauthorized_client"),
        (&on, ask("old", &[("response_mode", "query")]), "invalid_request"),
        (&on, ask("old", &[("prompt", "none")]), "login_required"),
    ] {
        let got = fragment(&stage.client().get(&path));
        assert_eq!((&*got["error"], &*got["state"]), (error, "a state"), "{path}");
        assert!(!got.contains_key("access_token"));
    }
    // Where nobody offers it, it is a type like any other that is not known (RFC 6749 §4.1.2.1).
    let refused = off.client().get(&ask("old", &[]));
    assert_eq!(refused.location_parameter("error").as_deref(), Some("unsupported_response_type"));
    // RFC 6749 §4.2.2.1: where the redirect URI is not the client's, nobody is sent anywhere.
    let path = ask("old", &[]).replace("shop.test", "evil.test");
    let page = on.client().get(&path);
    assert_eq!((page.status, page.location()), (400, ""));
}

/// RFC 6749 §4.3, §5.2.
#[test]
fn the_password_grant_works_where_it_is_on_and_is_unknown_where_it_is_not() {
    let (on, off) = (stage(true), stage(false));
    let form = [("grant_type", "password"), ("username", ALICE.username), ("password", ALICE.password)];
    let answer = on.back_channel("old").post("/token", &form);
    assert_eq!((answer.status, answer.json()["scope"].as_str()), (200, Some("read")), "{}", answer.text());
    assert!(on.back_channel("machine").is_active(answer.json()["access_token"].as_str().unwrap()));
    let again = on.back_channel("old").refresh(answer.json()["refresh_token"].as_str().unwrap());
    assert_eq!(again.status, 200);
    let wrong = on.back_channel("old").post("/token", &[("grant_type", "password"), ("username", "alice"), ("password", "guess")]);
    assert_eq!((wrong.status, wrong.error()), (400, "invalid_grant".to_owned()));
    assert_eq!(on.back_channel("shop").post("/token", &form).error(), "unauthorized_client");
    assert_eq!(off.back_channel("old").post("/token", &form).error(), "unsupported_grant_type");
}

/// RFC 8414 §2: what is off is not announced.
#[test]
fn the_metadata_names_old_grants_only_where_they_are_on() {
    for on in [false, true] {
        let document = stage(on).client().get("/.well-known/oauth-authorization-server").json();
        let lists = |member: &str, value: &str| document[member].as_array().unwrap().iter().any(|listed| listed == value);
        for (member, value) in [
            ("grant_types_supported", "password"),
            ("grant_types_supported", "implicit"),
            ("response_types_supported", "token"),
            ("response_modes_supported", "fragment"),
        ] {
            assert_eq!(lists(member, value), on, "{member} {value}");
        }
    }
}

#[test]
fn a_check_warns_of_each_old_grant_that_is_on() {
    let production = Production::new("legacy", "[grants]\npassword = true\nimplicit = true\n");
    let output = production.run(&["check"]);
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success() && said.matches("warning[KH1018]").count() == 2, "{said}");
    production.configure("");
    assert!(!String::from_utf8_lossy(&production.run(&["check"]).stderr).contains("KH1018"));
}
