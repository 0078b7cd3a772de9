//! The token endpoint's hooks, from the client's side (RFC 6749 §5).

use std::time::Duration;

use super::Stage;
use crate::captured;

pub(super) fn play(stage: &mut Stage) {
    validation(stage);
    for (sentence, mode) in [
        ("every JSON type can be set; expires_in may go", "types"),
        ("protected members are neither changed nor removed (RFC 6749 §5.1)", "protected"),
        ("what is too large or no JSON is refused, and nothing of it is kept", "limits"),
        ("token hooks see the request without its secrets", "facts"),
        ("data of a grant without a user begins anew each time", "data"),
        ("configuration is read by pointer, and a wrong type is an error", "config"),
        ("random bytes come from the server", "random"),
        ("a store call in an inline hook is refused, not waited for", "store"),
        ("lower priority comes first, then the name; inline and blocking links make one chain", "order"),
        ("custom hooks run in order, may change the payload, may deny, and cannot loop", "fire"),
        ("a denial in the response hook is the answer, and there is no token", "deny"),
        ("`?` on a protected member denies with server_error", "question-mark"),
    ] {
        stage.case(sentence);
        stage.credentials(&[("respond", mode)]);
    }
    clock(stage);
    log(stage);
}

fn validation(stage: &mut Stage) {
    stage.case("access_token_validation vetoes with a public description");
    stage.credentials(&[("validate", "deny")]);
    stage.case("access_token_validation vetoes quietly");
    stage.credentials(&[("validate", "deny-quietly")]);
    stage.case("an error code that RFC 6749 does not have goes out as server_error");
    stage.credentials(&[("validate", "unknown-code")]);
    stage.case("a thing of the plugin's own is taken exactly once");
    stage.credentials(&[("validate", "once")]);
    stage.credentials(&[("validate", "once")]);
    stage.case("it is free again when its time is over by the server's clock");
    stage.local.clock.advance(Duration::from_secs(61));
    stage.credentials(&[("validate", "once")]);
    stage.case("a veto on a code leaves the code good");
    let done = stage.arrive(&[("ask", "approve")]);
    let code = done.location_parameter("code").unwrap_or_default();
    stage.redeem(&code, &[("validate", "deny")]);
    stage.redeem(&code, &[]);
}

fn clock(stage: &mut Stage) {
    stage.case("a plugin's clock is the server's, which the test moves");
    let before = stage.credentials(&[("respond", "clock")]).json()["clock"].as_i64().unwrap_or_default();
    stage.local.clock.advance(Duration::from_hours(1));
    let after = stage.credentials(&[("respond", "clock")]).json()["clock"].as_i64().unwrap_or_default();
    stage.note(&format!("it moved by {} s and is the server's: {}", after - before, after == stage.local.clock.seconds()));
}

fn log(stage: &mut Stage) {
    stage.case("a plugin's log event appears once, on one line, with the request's id");
    let before = captured::lines_with("witness says").len();
    let answer = stage.credentials(&[("respond", "log")]);
    let id = answer.json()["request_id"].as_str().unwrap_or_default().to_owned();
    let lines = captured::lines_with("witness says");
    let line = lines.last().cloned().unwrap_or_default();
    stage.note(&format!("lines: {}; with the id: {}", lines.len() - before, !id.is_empty() && line.contains(&id)));
    stage.note(&format!(
        "level: {}; answer: {}; break: {}",
        line.contains("\"WARN\""),
        line.contains("42"),
        line.trim_end().contains('\n')
    ));
    stage.case("an observer sees the outcome of a chain that was denied, and changes nothing");
    stage.credentials(&[("respond", "watch-denied")]);
    let seen = captured::lines_with("zulu watched");
    let last = seen.last().cloned().unwrap_or_default();
    stage.note(&format!("outcome seen: {}; changed: {}", last.contains("deny invalid_request"), !last.contains("false")));
}
