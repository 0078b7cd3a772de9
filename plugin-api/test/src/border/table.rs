//! The functions that the server offers to plugins, on a [`StandIn`].

use std::cell::Cell;
use std::ffi::c_void;
use std::panic::{AssertUnwindSafe, catch_unwind};

use keyhook_plugin::abi::{self, Host, Str};

use super::plugins;
use super::store::{once, register_client, store_cas, store_delete, store_get, store_put};
use crate::answer::Ended;
use crate::call::run_hooks;
use crate::stand_in::{Body, Denial, Kind, StandIn};

thread_local! {
    /// What the clock shows to the call that runs on this thread.
    pub(super) static UNIX_SECONDS: Cell<u64> = const { Cell::new(0) };
    /// Number of the last random block.
    static RANDOM: Cell<u64> = const { Cell::new(0) };
}

/// The server's table.
pub(super) fn table() -> Host {
    Host {
        size: size_of::<Host>(),
        abi_major: abi::ABI_MAJOR,
        abi_minor: abi::ABI_MINOR,
        image_id: keyhook_plugin::image_id(),
        host_data: std::ptr::null(),
        log,
        log_level,
        now_unix_ns,
        random,
        get,
        list,
        set,
        set_json,
        remove,
        respond_status,
        respond_header,
        respond_body,
        respond_page,
        deny,
        is_cancelled,
        fire,
        store_get,
        store_put,
        store_cas,
        store_delete,
        once,
        register_client,
    }
}

/// # Safety
/// The bytes live for `'a`. Text that is no UTF-8 becomes empty: the SDK never sends it.
pub(super) unsafe fn text<'a>(str: Str) -> &'a str {
    // SAFETY: the caller's promise.
    std::str::from_utf8(unsafe { str.bytes() }).unwrap_or_default()
}

/// Runs a server function on the stand-in behind `cx`; a panic must not cross the border.
///
/// # Safety
/// `cx` is the pointer that [`super::call`] handed to the plugin, during that call, on that thread.
pub(super) unsafe fn on(cx: *mut c_void, run: impl FnOnce(&mut StandIn) -> i32) -> i32 {
    // SAFETY: the caller's promise; each function holds the reference only until it returns, and none calls back with this `cx`.
    let host = unsafe { &mut *cx.cast::<StandIn>() };
    catch_unwind(AssertUnwindSafe(|| run(host))).unwrap_or(abi::HOST_FAULT)
}

unsafe extern "C" fn log(_: *const Host, level: u32, target: Str, message: Str, fields: Str) {
    // SAFETY: lent for this call.
    let (target, message, fields) = unsafe { (text(target), text(message), text(fields)) };
    eprintln!("log {level} {target}: {message} {fields}");
}

unsafe extern "C" fn log_level(_: *const Host) -> u32 {
    5
}

unsafe extern "C" fn now_unix_ns(_: *const Host) -> i64 {
    i64::try_from(UNIX_SECONDS.get()).unwrap_or_default().saturating_mul(1_000_000_000)
}

/// The same sequence in every test thread, never twice the same block in one: tests must not depend on chance (splitmix64).
unsafe extern "C" fn random(_: *const Host, out: *mut u8, len: usize) -> i32 {
    for at in 0..len {
        RANDOM.set(RANDOM.get().wrapping_add(0x9E37_79B9_7F4A_7C15));
        let mut mixed = RANDOM.get();
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        // SAFETY: the plugin lends `len` writable bytes at `out`.
        unsafe { out.add(at).write((mixed ^ (mixed >> 31)).to_le_bytes()[0]) };
    }
    abi::OK
}

unsafe extern "C" fn get(cx: *mut c_void, part: u32, key: Str, out: *mut Str) -> i32 {
    // SAFETY: `cx` is the call's; the key is lent for this call; `out` is the plugin's slot.
    unsafe {
        on(cx, |host| match host.get(part, text(key)) {
            Ok((code, value)) => {
                *out = Str::of(value);
                code
            }
            Err(code) => code,
        })
    }
}

unsafe extern "C" fn list(cx: *mut c_void, part: u32, index: usize, name: *mut Str, value: *mut Str) -> i32 {
    // SAFETY: as in `get`.
    unsafe {
        on(cx, |host| match host.list(part, index) {
            Ok((code, found, text)) => {
                *name = found;
                *value = text;
                code
            }
            Err(code) => code,
        })
    }
}

unsafe extern "C" fn set(cx: *mut c_void, part: u32, key: Str, value: Str) -> i32 {
    // SAFETY: `cx` is the call's; key and value are lent for this call.
    unsafe { on(cx, |host| host.set(part, text(key), Ok(text(value)))) }
}

unsafe extern "C" fn set_json(cx: *mut c_void, part: u32, key: Str, json: Str) -> i32 {
    // SAFETY: as in `set`.
    unsafe { on(cx, |host| host.set(part, text(key), Err(text(json)))) }
}

unsafe extern "C" fn remove(cx: *mut c_void, part: u32, key: Str) -> i32 {
    // SAFETY: as in `set`.
    unsafe { on(cx, |host| host.remove(part, text(key))) }
}

unsafe extern "C" fn respond_status(cx: *mut c_void, status: u32) -> i32 {
    let respond = |host: &mut StandIn| match u16::try_from(status) {
        Ok(status @ 200..=599) => {
            host.status = status;
            abi::OK
        }
        _ => abi::BAD_ARGUMENT,
    };
    // SAFETY: `cx` is the call's.
    unsafe { on(cx, respond) }
}

unsafe extern "C" fn respond_header(cx: *mut c_void, name: Str, value: Str) -> i32 {
    // SAFETY: as in `set`.
    let (name, value) = unsafe { (text(name), text(value)) };
    let respond = |host: &mut StandIn| {
        if name.is_empty() || name.chars().chain(value.chars()).any(char::is_control) {
            return abi::BAD_ARGUMENT;
        }
        host.response_headers.push((name.to_owned(), value.to_owned()));
        abi::OK
    };
    // SAFETY: `cx` is the call's.
    unsafe { on(cx, respond) }
}

unsafe extern "C" fn respond_body(cx: *mut c_void, bytes: Str) -> i32 {
    // SAFETY: as in `set`.
    let bytes = unsafe { bytes.bytes() };
    let respond = |host: &mut StandIn| {
        if let Body::Bytes(body) = &mut host.response_body {
            body.extend_from_slice(bytes);
        }
        abi::OK
    };
    // SAFETY: `cx` is the call's.
    unsafe { on(cx, respond) }
}

unsafe extern "C" fn respond_page(cx: *mut c_void, title: Str, html: Str) -> i32 {
    // SAFETY: as in `set`.
    let (title, html) = unsafe { (text(title).to_owned(), text(html).to_owned()) };
    let respond = |host: &mut StandIn| {
        host.response_body = Body::Page { title, html };
        abi::OK
    };
    // SAFETY: `cx` is the call's.
    unsafe { on(cx, respond) }
}

unsafe extern "C" fn deny(cx: *mut c_void, code: Str, description: Str, public: u32) -> i32 {
    // SAFETY: as in `set`.
    let (code, description) = unsafe { (text(code).to_owned(), text(description).to_owned()) };
    let note = |host: &mut StandIn| {
        host.denial = Denial { code, description, is_public: public != 0 };
        abi::OK
    };
    // SAFETY: `cx` is the call's.
    unsafe { on(cx, note) }
}

unsafe extern "C" fn is_cancelled(cx: *mut c_void) -> i32 {
    // SAFETY: `cx` is the call's.
    unsafe { on(cx, |host| i32::from(host.is_cancelled)) }
}

/// Runs the custom hooks of all linked plugins on stand-ins of their own.
unsafe extern "C" fn fire(cx: *mut c_void, name: Str, json: Str, out: *mut Str) -> i32 {
    // SAFETY: as in `set`.
    let (name, payload) = unsafe { (text(name), text(json)) };
    let run = |host: &mut StandIn| {
        host.facts.retain(|(fact, _)| !fact.starts_with("fired_"));
        if keyhook_plugin::json::members(payload).is_none() {
            return abi::BAD_ARGUMENT;
        }
        let mut payload = payload.to_owned();
        for plugin in plugins() {
            let hooks = plugin.hooks_named(name, true);
            if hooks.is_empty() {
                continue;
            }
            if host.is_inline && plugin.hooks().any(|hook| hook.name == name && hook.flags & abi::HOOK_INLINE == 0) {
                host.facts.push(("fired_plugin".to_owned(), plugin.name().to_owned()));
                return abi::WOULD_BLOCK;
            }
            let mut inner = StandIn::new(Kind::Custom);
            inner.unix_seconds = host.unix_seconds;
            if host.facts.iter().any(|(fact, value)| fact == "plugin" && value == plugin.name()) {
                inner.config.clone_from(&host.config);
            }
            inner.facts.push(("hook".to_owned(), name.to_owned()));
            inner.set_payload(&payload);
            let ended = run_hooks(plugin, &hooks, &mut inner);
            if !matches!(ended, Ended::Continued) {
                let is_public = inner.denial.is_public;
                host.facts.push(("fired_plugin".to_owned(), plugin.name().to_owned()));
                if matches!(ended, Ended::Denied) && is_public {
                    host.facts.push(("fired_error".to_owned(), inner.denial.code));
                    host.facts.push(("fired_description".to_owned(), inner.denial.description));
                }
                return if matches!(ended, Ended::Denied) { abi::DENIED } else { abi::FAILED };
            }
            payload = inner.payload_text();
        }
        let payload = Str::of(host.kept(payload.into_bytes()));
        // SAFETY: `out` is the plugin's slot.
        unsafe { *out = payload };
        abi::OK_JSON
    };
    // SAFETY: `cx` is the call's; the hooks inside get contexts of their own.
    unsafe { on(cx, run) }
}
