//! Hooks that plugins fire themselves, `cx.fire`, and others answer, `#[hook(custom = …)]`.

use keyhook_tests::binary;
use keyhook_tests::libraries;
use keyhook_tests::local::Local;
use keyhook_tests::plugin_table::Stage;
use keyhook_tests::scratch::Scratch;

/// What `witness` said of the hooks it fired, with these plugins beside it.
fn fired(others: &[&str], configuration: &str) -> Vec<String> {
    let scratch = Scratch::new("custom");
    libraries::install_crate("witness", scratch.path());
    for other in others {
        libraries::install_crate(other, scratch.path());
    }
    let local = Local::start(|builder| builder.config_text(configuration).plugins_directory(scratch.path()).probe(binary::path()));
    let answer = Stage::new(local).credentials(&[("respond", "fire")]);
    assert_eq!(answer.status, 200, "{}", answer.text());
    answer.json()["fired"].as_str().unwrap_or_default().lines().map(str::to_owned).collect()
}

#[test]
fn a_hook_that_nobody_answers_leaves_the_payload_alone() {
    let said = fired(&[], "");
    assert_eq!(said[0], r#"witness.greet {"name":"Bob"}"#);
    assert_eq!(said[2], r#"witness.nobody-listens {"kept":[1,2]}"#);
    assert_eq!(said[3], "witness.slow {}");
}

#[test]
fn whoever_answers_changes_the_payload_in_order_of_priority() {
    assert_eq!(fired(&["alpha"], "")[0], r#"witness.greet {"greeting":"hello Bob from alpha","name":"Bob"}"#);
    assert_eq!(fired(&["alpha", "zulu"], "")[0], r#"witness.greet {"greeting":"zulu was first, hello Bob from alpha","name":"Bob"}"#);
}

#[test]
fn the_operator_orders_custom_hooks_too() {
    let configuration = "[hooks]\n\"witness.greet\" = [\"alpha\", \"zulu\"]\n";
    assert_eq!(fired(&["alpha", "zulu"], configuration)[0], r#"witness.greet {"greeting":"zulu was first, ","name":"Bob"}"#);
}

#[test]
fn a_denial_is_told_to_the_one_who_fired_and_a_loop_ends() {
    let said = fired(&["alpha", "zulu"], "");
    assert_eq!(said[1], "witness.greet Denied");
    assert_eq!(said[4], r#"witness.round {"again":"NotPermitted"}"#);
}

#[test]
fn an_inline_hook_cannot_fire_one_that_waits_and_a_blocking_handler_can() {
    assert_eq!(fired(&["zulu"], "")[3], "witness.slow WouldBlock");
    let scratch = Scratch::new("custom-blocking");
    for name in ["witness", "zulu"] {
        libraries::install_crate(name, scratch.path());
    }
    let local = Local::start(|builder| builder.plugins_directory(scratch.path()).probe(binary::path()));
    let answer = local.client().request("POST", "/x/witness/fire", &[], b"");
    assert_eq!((answer.status, answer.text().as_str()), (200, r#"{"asked":true,"kept_nothing":true}"#));
}

#[test]
fn neither_malformed_payloads_nor_the_servers_own_hooks_can_be_fired() {
    let said = fired(&["alpha"], "");
    assert_eq!(said[5], "witness.greet BadArgument");
    assert_eq!(said[6], "access_token_response BadArgument");
}
