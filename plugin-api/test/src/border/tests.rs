//! The plugin's side of the border under calls that no good server makes, and what a loaded library sends to the server's log.

use std::panic::panic_any;
use std::sync::Mutex;

use keyhook_plugin::abi::Str;
use keyhook_plugin::prelude::*;
use keyhook_plugin::registry::{HookFn, HookRegistration};

use super::*;

plugin! { name: "border" }

/// A payload whose `Drop` panics again: dropped inside the thunk it would end the process.
struct Twice;

impl Drop for Twice {
    fn drop(&mut self) {
        panic!("a second time");
    }
}

#[hook(access_token_validation, inline)]
fn misbehave(cx: &mut TokenCx) -> Outcome {
    match cx.client_id() {
        "twice" => panic_any(Twice),
        "text" => panic!("number {}", 7),
        _ => {
            warn!(client = cx.client_id(), tries = 3, good = false, "heard");
            debug!("not heard");
            Continue
        }
    }
}

// A hook without the attribute, as its expansion looks: the registration is a plain value.
keyhook_plugin::inventory::submit! {
    HookRegistration {
        module: module_path!(),
        package: "border",
        version: "0.0.0",
        function: "last",
        name: "access_token_validation",
        priority: i32::MAX,
        flags: abi::HOOK_OPTIONAL,
        call: HookFn::Token(|_| Continue),
    }
}

fn plugin() -> PluginRef {
    let Some(found) = plugins().find(|plugin| plugin.name() == "border") else { panic!("not linked") };
    found
}

fn token_call(client: &str) -> StandIn {
    let mut host = StandIn::new(Kind::Token);
    host.facts.push(("client_id".to_owned(), client.to_owned()));
    host
}

fn code_of(index: u32, host: &mut StandIn) -> i32 {
    let Ok(instance) = plugin().create(host) else { panic!("does not start") };
    instance.call_hook(index, host)
}

#[test]
fn a_panic_becomes_a_code_and_its_text_reaches_the_server() {
    let mut host = token_call("text");
    assert_eq!(code_of(0, &mut host), abi::PANICKED);
    assert!(host.denial.description.starts_with("number 7"), "{}", host.denial.description);
}

#[test]
fn a_payload_that_panics_when_dropped_is_never_dropped() {
    let mut host = token_call("twice");
    assert_eq!(code_of(0, &mut host), abi::PANICKED);
    assert!(host.denial.description.starts_with("a payload that is no text"), "{}", host.denial.description);
}

#[test]
fn an_index_beyond_the_table_denies() {
    let mut host = token_call("shop");
    assert_eq!(code_of(2, &mut host), abi::DENY);
    assert!(host.denial.description.contains("hook 2"), "{}", host.denial.description);
    let Ok(instance) = plugin().create(&mut host) else { panic!("does not start") };
    assert_eq!(instance.call_route(u32::MAX, &mut host), abi::DENY);
}

#[test]
fn the_table_says_what_was_registered() {
    let hooks: Vec<_> = plugin().hooks().map(|hook| (hook.name, hook.priority, hook.flags)).collect();
    let name = "access_token_validation";
    assert_eq!(hooks, [(name, 100, abi::HOOK_INLINE), (name, i32::MAX, abi::HOOK_OPTIONAL)]);
}

#[test]
fn a_server_that_is_too_old_gets_nothing() {
    // SAFETY: null is allowed; the tables are leaked.
    unsafe {
        assert!(keyhook_plugin::keyhook_plugin_entry_v1(std::ptr::null()).is_null());
        for host in [Host { abi_major: 2, ..table::table() }, Host { size: abi::HOST_SIZE_1_0 - 1, ..table::table() }] {
            assert!(keyhook_plugin::keyhook_plugin_entry_v1(Box::leak(Box::new(host))).is_null());
        }
    }
}

static LINES: Mutex<Vec<String>> = Mutex::new(Vec::new());

unsafe extern "C" fn noted(_: *const Host, level: u32, target: Str, message: Str, fields: Str) {
    // SAFETY: lent for this call.
    let line = unsafe { format!("{level} {} {} {}", text(target), text(message), text(fields)) };
    if let Ok(mut lines) = LINES.lock() {
        lines.push(line);
    }
}

unsafe extern "C" fn up_to_warn(_: *const Host) -> u32 {
    2
}

#[test]
fn a_library_of_its_own_sends_its_log_and_its_panics_to_the_server() {
    let stranger = Host { image_id: std::ptr::null(), log: noted, log_level: up_to_warn, ..table::table() };
    // SAFETY: leaked.
    unsafe { keyhook_plugin::keyhook_plugin_entry_v1(Box::leak(Box::new(stranger))) };
    assert_eq!(code_of(0, &mut token_call("shop")), abi::CONTINUE);
    let mut host = token_call("text");
    code_of(0, &mut host);
    let lines = LINES.lock().map(|lines| lines.join("\n")).unwrap_or_default();
    let target = module_path!();
    assert!(lines.contains(&format!(r#"2 {target} heard {{"client":"shop","tries":3,"good":false}}"#)), "{lines}");
    assert!(!lines.contains("not heard"), "{lines}");
    let said = &host.denial.description;
    assert!(said.starts_with("number 7, at ") && said.contains("tests.rs:"), "the one who catches a panic tells it, {said}");
    assert!(!lines.contains("number 7"), "and nobody else, {lines}");
    let elsewhere = std::thread::spawn(|| panic!("number 8")).join();
    let lines = LINES.lock().map(|lines| lines.join("\n")).unwrap_or_default();
    assert!(elsewhere.is_err() && lines.contains("1 panic panicked: number 8, at "), "a thread of the plugin's own, {lines}");
}
