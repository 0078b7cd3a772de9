//! What one plugin provides: a grant of its own and a proof of who a client is (RFC 6749 §4.5, RFC 7521 §4.2).

use std::time::Duration;

use super::Stage;
use crate::http::{Answer, basic, encode_form};
use crate::local::SECRET;

pub(super) fn play(stage: &mut Stage) {
    grants(stage);
    assertions(stage);
    stage.case("the metadata lists what plugins provide (RFC 8414 §2)");
    let metadata = stage.browser.get("/.well-known/oauth-authorization-server").json();
    stage.note(&format!("{} {}", metadata["grant_types_supported"], metadata["token_endpoint_auth_methods_supported"]));
}

fn grants(stage: &mut Stage) {
    for (sentence, mode, scope) in [
        ("a grant of a plugin's own gives the tokens of its user", "user", None),
        ("it may be the client's own", "client", None),
        ("the plugin may grant less than was asked for (RFC 6749 §3.3)", "part", Some("read write")),
        ("the plugin cannot grant more than the client may have", "more", None),
        ("what the client may not have at all is refused", "other", None),
        ("more than the client may have is not asked of the plugin", "user", Some("admin")),
        ("a plugin sees the parameters of its own grant and no credential of the client", "facts", Some("write")),
        ("a denial is the answer", "nothing", None),
        ("nobody cannot be granted to", "nobody", None),
        ("a sign-in in the future is no sign-in", "future", None),
        ("a plugin that panics grants nothing", "panic", None),
    ] {
        stage.case(sentence);
        let mut form = vec![("show", mode), ("assertion", "an assertion"), ("password", "a password"), ("respond", "facts")];
        form.extend(scope.map(|scope| ("scope", scope)));
        shown(stage, &form);
    }
    stage.case("what the plugin notes travels with the grant to every refresh");
    let mut answer = shown(stage, &[("show", "data"), ("respond", "data")]);
    for _ in 0..2 {
        let refresh = answer.json()["refresh_token"].as_str().unwrap_or_default().to_owned();
        answer = desk(stage, &[("grant_type", "refresh_token"), ("refresh_token", &refresh), ("respond", "data")]);
    }
    stage.case("what may be used once is free again when its time is over");
    for _ in 0..2 {
        shown(stage, &[("show", "once")]);
    }
    stage.local.clock.advance(Duration::from_secs(61));
    shown(stage, &[("show", "once")]);
    stage.case("a client that is not registered for the grant does not reach it");
    stage.token(&[("grant_type", "urn:witness:grant"), ("show", "user")]);
}

fn shown(stage: &mut Stage, more: &[(&str, &str)]) -> Answer {
    let mut form = vec![("grant_type", "urn:witness:grant")];
    form.extend_from_slice(more);
    desk(stage, &form)
}

fn desk(stage: &mut Stage, form: &[(&str, &str)]) -> Answer {
    let authorization = basic("desk", SECRET);
    let headers = [("content-type", "application/x-www-form-urlencoded"), ("authorization", authorization.as_str())];
    stage.request("POST", "/token", &headers, encode_form(form).as_bytes())
}

fn assertions(stage: &mut Stage) {
    for (sentence, assertion, more) in [
        ("a client authenticates by an assertion that a plugin verifies", "robot", None),
        ("a client that has a secret is not believed by assertion", "shop", None),
        ("a client that is not registered is not believed", "stranger", None),
        ("a client that names itself otherwise is not believed", "robot", Some(("client_id", "shop"))),
        ("what a plugin says of a wrong assertion nobody hears", "deny", None),
        ("an assertion that proves nobody is an error", "nobody", None),
        ("a plugin that panics proves nobody", "panic", None),
        ("an assertion stands alone (RFC 6749 §2.3)", "robot", Some(("client_secret", "a secret"))),
    ] {
        stage.case(sentence);
        let mut form = vec![("grant_type", "client_credentials"), ("scope", "read"), ("client_assertion_type", "urn:witness:assertion")];
        form.push(("client_assertion", assertion));
        form.extend(more);
        stage.post("/token", &form);
    }
    stage.case("an assertion of a type that nobody knows is not believed");
    stage.post("/token", &[("grant_type", "client_credentials"), ("client_assertion_type", "urn:other"), ("client_assertion", "robot")]);
}
