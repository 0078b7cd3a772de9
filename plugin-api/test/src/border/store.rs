//! The blocking functions of the table: a plugin's own values, and what may be used once.

use std::ffi::c_void;

use keyhook_plugin::abi::{self, Str};

use super::table::{on, text};
use crate::stand_in::Kind;

pub(super) unsafe extern "C" fn store_get(cx: *mut c_void, key: Str, out: *mut Str) -> i32 {
    // SAFETY: as in `get`.
    unsafe {
        on(cx, |host| match (host.blocking(), host.store.get(text(key)).cloned()) {
            (Err(code), _) => code,
            (_, None) => abi::ABSENT,
            (_, Some(value)) => {
                *out = Str::of(host.kept(value));
                abi::OK
            }
        })
    }
}

pub(super) unsafe extern "C" fn store_put(cx: *mut c_void, key: Str, value: Str, _: u64) -> i32 {
    // SAFETY: as in `set`.
    unsafe {
        on(cx, |host| {
            if let Err(code) = host.blocking() {
                return code;
            }
            host.store.insert(text(key).to_owned(), value.bytes().to_owned());
            abi::OK
        })
    }
}

pub(super) unsafe extern "C" fn store_cas(cx: *mut c_void, key: Str, old: Str, value: Str, _: u64) -> i32 {
    // SAFETY: as in `set`.
    unsafe {
        on(cx, |host| match host.blocking() {
            Err(code) => code,
            Ok(()) => host.store_cas(text(key), old.bytes(), value.bytes()),
        })
    }
}

pub(super) unsafe extern "C" fn store_delete(cx: *mut c_void, key: Str) -> i32 {
    // SAFETY: as in `set`.
    unsafe {
        on(cx, |host| match host.blocking() {
            Err(code) => code,
            Ok(()) if host.store.remove(text(key)).is_some() => abi::OK,
            Ok(()) => abi::ABSENT,
        })
    }
}

pub(super) unsafe extern "C" fn once(cx: *mut c_void, key: Str, _ttl: u64) -> i32 {
    // SAFETY: as in `set`.
    unsafe {
        on(cx, |host| match host.blocking() {
            Err(code) => code,
            Ok(()) if host.taken.insert(text(key).to_owned()) => abi::OK,
            Ok(()) => abi::CONFLICT,
        })
    }
}

/// Takes every client that has a name.
pub(super) unsafe extern "C" fn register_client(cx: *mut c_void, json: Str, out: *mut Str) -> i32 {
    // SAFETY: as in `set`; `out` is the plugin's slot.
    unsafe {
        on(cx, |host| match (host.kind == Kind::Route, host.blocking()) {
            (false, _) => abi::NOT_HERE,
            (true, Err(code)) => code,
            (true, Ok(())) => {
                let asked = text(json);
                let name = keyhook_plugin::json::at(asked, "/name").and_then(keyhook_plugin::json::text);
                if name.is_none_or(|name| name.trim().is_empty()) {
                    return abi::BAD_ARGUMENT;
                }
                host.registered.push(asked.to_owned());
                *out = Str::of(host.kept(br#"{"key":"test-client","secret":"test-secret"}"#.to_vec()));
                abi::OK_JSON
            }
        })
    }
}
