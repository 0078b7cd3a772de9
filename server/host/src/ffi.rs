//! The functions of the host's table: from C into [`Call`] and back, nothing else.
//!
//! A panic in here may not reach the plugin; each function catches its own and answers `HOST_FAULT`.
#![allow(unsafe_code, reason = "the host's side of the C border")]

use std::cell::Cell;
use std::ffi::c_void;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::ptr::NonNull;
use std::sync::Arc;

use keyhook_component::system::{Clock, Random};
use keyhook_plugin::abi::{self, Host, Str};

use crate::call::Call;
use crate::forward;

/// What `host_data` points to.
struct Module {
    /// Shown in log lines where no call says which plugin it is: the file's name.
    label: Box<str>,
    clock: Arc<dyn Clock>,
    random: Arc<dyn Random>,
}

/// The host's table for one module; never freed.
pub(crate) struct HostTable {
    table: Host,
}

// SAFETY: written once, before it is shared; all it points to is `Sync` and never freed.
unsafe impl Sync for HostTable {}

impl HostTable {
    /// A new one. Leaks: a module keeps it as long as the process lives.
    pub(crate) fn leak(label: &str, clock: Arc<dyn Clock>, random: Arc<dyn Random>) -> &'static HostTable {
        let module: &'static Module = Box::leak(Box::new(Module { label: label.into(), clock, random }));
        let table = Host {
            size: size_of::<Host>(),
            abi_major: abi::ABI_MAJOR,
            abi_minor: abi::ABI_MINOR,
            image_id: keyhook_plugin::image_id(),
            host_data: std::ptr::from_ref(module).cast(),
            log,
            log_level,
            now_unix_ns,
            random: random_fill,
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
        };
        Box::leak(Box::new(HostTable { table }))
    }

    /// For the module's entry.
    pub(crate) fn table(&'static self) -> *const Host {
        &raw const self.table
    }
}

thread_local! {
    /// Whose code runs on this thread, for log lines: one word, since it is written twice a call.
    static SPEAKER: Cell<Option<NonNull<Arc<str>>>> = const { Cell::new(None) };
}

/// Runs `plugin_code` with `name` as the one who speaks.
pub(crate) fn speaking_as<T>(name: &Arc<str>, plugin_code: impl FnOnce() -> T) -> T {
    /// Gives the word back, also when a panic passes.
    struct Back(Option<NonNull<Arc<str>>>);
    impl Drop for Back {
        fn drop(&mut self) {
            SPEAKER.set(self.0);
        }
    }
    let _back = Back(SPEAKER.replace(Some(NonNull::from(name))));
    plugin_code()
}

/// Catches what must not cross the border.
fn guard(run: impl FnOnce() -> i32) -> i32 {
    catch_unwind(AssertUnwindSafe(run)).unwrap_or_else(|payload| {
        std::mem::forget(payload);
        tracing::error!("a panic in a function of the host was caught at the plugin border");
        abi::HOST_FAULT
    })
}

/// Runs `on` with the call behind `cx`.
fn with(cx: *mut c_void, on: impl FnOnce(&mut Call) -> Result<i32, i32>) -> i32 {
    guard(|| {
        // SAFETY: `cx` is null or the pointer that `loader` made from the `&mut Call` of the call that runs now on this thread, and
        // that reference rests until the plugin's function returns (abi.rs: "valid on the calling thread until the call returns").
        match unsafe { cx.cast::<Call>().as_mut() } {
            Some(call) => on(call).unwrap_or_else(|code| code),
            None => abi::BAD_ARGUMENT,
        }
    })
}

fn done(result: Result<(), i32>) -> Result<i32, i32> {
    result.map(|()| abi::OK)
}

/// The bytes that a plugin lent, for this call only.
fn bytes<'a>(lent: Str) -> Result<&'a [u8], i32> {
    if lent.len > isize::MAX.unsigned_abs() || (lent.len > 0 && lent.ptr.is_null()) {
        return Err(abi::BAD_ARGUMENT);
    }
    // SAFETY: the plugin lends `len` bytes until the host's function returns (abi.rs, rule 1); not null, not longer than a slice.
    Ok(unsafe { lent.bytes() })
}

fn text<'a>(lent: Str) -> Result<&'a str, i32> {
    std::str::from_utf8(bytes(lent)?).map_err(|_| abi::BAD_ARGUMENT)
}

fn lossy(lent: Str) -> String {
    String::from_utf8_lossy(bytes(lent).unwrap_or_default()).into_owned()
}

/// Writes a result into the plugin's slot.
fn give<T>(slot: *mut T, value: T) -> Result<(), i32> {
    if slot.is_null() {
        return Err(abi::BAD_ARGUMENT);
    }
    // SAFETY: not null; the plugin's slot is writable during the call (abi.rs).
    unsafe { slot.write(value) };
    Ok(())
}

fn module<'a>(host: *const Host) -> Option<&'a Module> {
    // SAFETY: null, or the table that `HostTable::leak` made, whose `host_data` is a leaked `Module`.
    unsafe { host.as_ref().map(|host| &*host.host_data.cast::<Module>()) }
}

unsafe extern "C" fn log(host: *const Host, level: u32, target: Str, message: Str, fields: Str) {
    guard(|| {
        let Some(module) = module(host) else { return abi::BAD_ARGUMENT };
        // SAFETY: set by `speaking_as` from a borrow that outlives the plugin's code on this thread, and reset after it.
        let speaker = SPEAKER.get().map_or(&*module.label, |name| unsafe { name.as_ref() });
        forward::event(level, speaker, &lossy(target), &lossy(message), &lossy(fields));
        abi::OK
    });
}

unsafe extern "C" fn log_level(_: *const Host) -> u32 {
    forward::level()
}

unsafe extern "C" fn now_unix_ns(host: *const Host) -> i64 {
    let now = || module(host).map_or(0, |module| module.clock.now().millis().saturating_mul(1_000_000));
    catch_unwind(AssertUnwindSafe(now)).unwrap_or(0)
}

unsafe extern "C" fn random_fill(host: *const Host, out: *mut u8, len: usize) -> i32 {
    guard(|| {
        let Some(module) = module(host) else { return abi::BAD_ARGUMENT };
        if len == 0 {
            return abi::OK;
        }
        if out.is_null() || len > 1 << 20 {
            return abi::BAD_ARGUMENT;
        }
        // SAFETY: the plugin's buffer of `len` bytes, writable during the call; zeroed first, so that the slice is initialized.
        let buffer = unsafe {
            out.write_bytes(0, len);
            std::slice::from_raw_parts_mut(out, len)
        };
        module.random.fill(buffer);
        abi::OK
    })
}

unsafe extern "C" fn get(cx: *mut c_void, part: u32, key: Str, out: *mut Str) -> i32 {
    with(cx, |call| {
        let (value, code) = call.get(part, text(key)?)?;
        give(out, value).map(|()| code)
    })
}

unsafe extern "C" fn list(cx: *mut c_void, part: u32, index: usize, name: *mut Str, value: *mut Str) -> i32 {
    with(cx, |call| {
        let (found_name, found, code) = call.list(part, index)?;
        give(name, found_name)?;
        give(value, found).map(|()| code)
    })
}

unsafe extern "C" fn set(cx: *mut c_void, part: u32, key: Str, value: Str) -> i32 {
    with(cx, |call| done(call.set(part, text(key)?, text(value)?)))
}

unsafe extern "C" fn set_json(cx: *mut c_void, part: u32, key: Str, json: Str) -> i32 {
    with(cx, |call| done(call.set_json(part, text(key)?, text(json)?)))
}

unsafe extern "C" fn remove(cx: *mut c_void, part: u32, key: Str) -> i32 {
    with(cx, |call| done(call.remove(part, text(key)?)))
}

unsafe extern "C" fn respond_status(cx: *mut c_void, status: u32) -> i32 {
    with(cx, |call| done(call.respond_status(status)))
}

unsafe extern "C" fn respond_header(cx: *mut c_void, name: Str, value: Str) -> i32 {
    with(cx, |call| done(call.respond_header(text(name)?, text(value)?)))
}

unsafe extern "C" fn respond_body(cx: *mut c_void, body: Str) -> i32 {
    with(cx, |call| done(call.respond_body(bytes(body)?)))
}

unsafe extern "C" fn respond_page(cx: *mut c_void, title: Str, html: Str) -> i32 {
    with(cx, |call| done(call.respond_page(text(title)?, text(html)?)))
}

unsafe extern "C" fn deny(cx: *mut c_void, code: Str, description: Str, public: u32) -> i32 {
    with(cx, |call| done(call.deny(text(code)?, &lossy(description), public != 0)))
}

unsafe extern "C" fn is_cancelled(cx: *mut c_void) -> i32 {
    with(cx, |call| Ok(i32::from(call.is_cancelled())))
}

unsafe extern "C" fn fire(cx: *mut c_void, name: Str, json: Str, out: *mut Str) -> i32 {
    with(cx, |call| {
        let payload = call.fire(text(name)?, text(json)?)?;
        if out.is_null() { Ok(abi::OK) } else { give(out, payload).map(|()| abi::OK_JSON) }
    })
}

unsafe extern "C" fn store_get(cx: *mut c_void, key: Str, out: *mut Str) -> i32 {
    with(cx, |call| {
        let value = call.store_get(text(key)?)?;
        give(out, value).map(|()| abi::OK)
    })
}

unsafe extern "C" fn store_put(cx: *mut c_void, key: Str, value: Str, ttl: u64) -> i32 {
    with(cx, |call| done(call.store_put(text(key)?, bytes(value)?, ttl)))
}

unsafe extern "C" fn store_cas(cx: *mut c_void, key: Str, old: Str, value: Str, ttl: u64) -> i32 {
    with(cx, |call| done(call.store_cas(text(key)?, bytes(old)?, bytes(value)?, ttl)))
}

unsafe extern "C" fn store_delete(cx: *mut c_void, key: Str) -> i32 {
    with(cx, |call| done(call.store_delete(text(key)?)))
}

unsafe extern "C" fn once(cx: *mut c_void, key: Str, ttl: u64) -> i32 {
    with(cx, |call| done(call.once(text(key)?, ttl)))
}

unsafe extern "C" fn register_client(cx: *mut c_void, json: Str, out: *mut Str) -> i32 {
    with(cx, |call| {
        let made = call.register_client(text(json)?)?;
        give(out, made).map(|()| abi::OK_JSON)
    })
}
