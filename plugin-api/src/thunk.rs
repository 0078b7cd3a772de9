//! The border crossed: the exported tag and entry, the thunks that the server calls, and the calls into the server.
//!
//! All `unsafe` of the SDK stands here and in [`abi`]. Every function that the server calls catches panics inside this image;
//! every pointer from the server is turned into a reference here and nowhere else. One file, long as it is, so that a review of the
//! border reads one file.
#![allow(unsafe_code, reason = "this file is the C border; everything above it is safe")]

use std::any::Any;
use std::ffi::c_void;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::ptr::NonNull;
use std::sync::{Arc, OnceLock};

use crate::abi::{self, AbiTag, Hook, Host, Module, Plugin, Route, Str};
use crate::cx::StartCx;
use crate::deny::Deny;
use crate::forward;
use crate::outcome::settle;
use crate::registry::{self, PluginSet};

/// What this library says of itself, read from the file before any of its code runs.
#[unsafe(no_mangle)]
#[used]
pub static KEYHOOK_PLUGIN_ABI_TAG: AbiTag = AbiTag {
    magic: abi::MAGIC,
    tag_size: size_in_u32::<AbiTag>(),
    abi_major: abi::ABI_MAJOR,
    abi_minor: abi::ABI_MINOR,
    min_host_minor: 0,
    flags: panic_flag() | debug_flag(),
    ptr_bytes: size_in_u32::<usize>(),
    build: padded(concat!("keyhook-plugin ", env!("CARGO_PKG_VERSION")).as_bytes()),
};

#[allow(clippy::cast_possible_truncation, reason = "sizes of a pointer and of a tag of some hundred bytes")]
const fn size_in_u32<T>() -> u32 {
    size_of::<T>() as u32
}

const fn panic_flag() -> u32 {
    if cfg!(panic = "abort") { abi::FLAG_PANIC_ABORT } else { 0 }
}

const fn debug_flag() -> u32 {
    if cfg!(debug_assertions) { abi::FLAG_DEBUG } else { 0 }
}

const fn padded(text: &[u8]) -> [u8; 64] {
    let mut out = [0; 64];
    let mut at = 0;
    while at < text.len() {
        out[at] = text[at];
        at += 1;
    }
    out
}

static IMAGE: u8 = 0;

/// An address that every image has its own of: tells a linked-in plugin from a loaded library.
pub fn image_id() -> *const u8 {
    &raw const IMAGE
}

/// Hands out all plugins of this image, bound to `host`. Null when the host is too old or the plugins contradict each other.
///
/// Every call builds its tables anew and leaks them: once per server is what it is for.
///
/// # Safety
/// `host` is null or points to a [`Host`] that is never changed or freed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn keyhook_plugin_entry_v1(host: *const Host) -> *const Module {
    if host.is_null() {
        return std::ptr::null();
    }
    // SAFETY: not null, so a table that lives as long as the process; every one has these two fields. No reference to the whole is made:
    // the table of an older server is shorter.
    let (size, major) = unsafe { ((*host).size, (*host).abi_major) };
    if major != abi::ABI_MAJOR || size < abi::HOST_SIZE_1_0 {
        return std::ptr::null();
    }
    caught(HostRef(host), || module(HostRef(host))).unwrap_or_else(|text| {
        HostRef(host).log(1, "keyhook_plugin", &text, "");
        std::ptr::null()
    })
}

fn module(host: HostRef) -> *const Module {
    static FORWARDED: OnceLock<()> = OnceLock::new();
    // SAFETY: the server's table, which has this field.
    if unsafe { (*host.0).image_id } != image_id() {
        FORWARDED.get_or_init(|| forward::install(host));
    }
    let sets = match registry::plugins() {
        Ok(sets) => sets,
        Err(reason) => {
            host.log(1, "keyhook_plugin", &reason, "");
            return std::ptr::null();
        }
    };
    let tables: Vec<*const Plugin> = sets.into_iter().map(|set| table(set, host)).collect();
    let plugins = tables.leak();
    Box::leak(Box::new(Module { size: size_of::<Module>(), plugins: plugins.as_ptr(), plugins_len: plugins.len() }))
}

/// What [`Plugin::private`] points to.
struct Private {
    set: PluginSet,
    host: HostRef,
}

/// Builds the table of one plugin. Leaked on purpose: tables live as long as the process.
fn table(set: PluginSet, host: HostRef) -> *const Plugin {
    let hooks: Vec<Hook> =
        set.hooks.iter().map(|hook| Hook { name: Str::of(hook.name.as_bytes()), priority: hook.priority, flags: hook.flags }).collect();
    let routes: Vec<Route> = set
        .routes
        .iter()
        .map(|route| Route {
            method: Str::of(route.method.as_bytes()),
            path: Str::of(route.path.as_bytes()),
            flags: route.flags,
            reserved: 0,
        })
        .collect();
    let (hooks, routes) = (hooks.leak(), routes.leak());
    let (name, version) = (set.name, set.version);
    let private: &'static Private = Box::leak(Box::new(Private { set, host }));
    Box::leak(Box::new(Plugin {
        size: size_of::<Plugin>(),
        name: Str::of(name.as_bytes()),
        version: Str::of(version.as_bytes()),
        hooks: hooks.as_ptr(),
        hooks_len: hooks.len(),
        routes: routes.as_ptr(),
        routes_len: routes.len(),
        create,
        destroy,
        call_hook,
        call_route,
        private: std::ptr::from_ref(private).cast(),
    }))
}

/// What an instance pointer points to.
struct Instance {
    private: &'static Private,
    state: State,
}

/// The value that a plugin's `start` made.
pub(crate) type State = Arc<dyn Any + Send + Sync>;

unsafe extern "C" fn create(this: *const Plugin, cx: *mut c_void, out: *mut *mut c_void) -> i32 {
    // SAFETY: `this` is a table that `table` leaked, whose `private` it leaked as `Private`.
    let private: &'static Private = unsafe { &*(*this).private.cast() };
    guarded(private.host, cx, || {
        let start = StartCx::new(Call::new(private.host, cx, None));
        match private.set.start(&start) {
            Ok(state) => {
                let instance = Box::into_raw(Box::new(Instance { private, state }));
                // SAFETY: `out` is the server's slot for the instance, writable for this call.
                unsafe { *out = instance.cast() };
                abi::CONTINUE
            }
            Err(reason) => {
                Call::new(private.host, cx, None).deny(&Deny::server_error().because(reason));
                abi::DENY
            }
        }
    })
}

unsafe extern "C" fn destroy(instance: *mut c_void) {
    // SAFETY: `create` made it by `Box::into_raw`; the server gives it back once, when no call runs on it.
    let instance = unsafe { Box::from_raw(instance.cast::<Instance>()) };
    let host = instance.private.host;
    if let Err(text) = caught(host, || drop(instance)) {
        host.log(1, "keyhook_plugin", &format!("panic while the plugin ended: {text}"), "");
    }
}

unsafe extern "C" fn call_hook(instance: *mut c_void, index: u32, cx: *mut c_void) -> i32 {
    // SAFETY: an instance that `create` made and `destroy` has not ended; shared use only.
    let instance: &Instance = unsafe { &*instance.cast() };
    let host = instance.private.host;
    guarded(host, cx, || {
        let call = Call::new(host, cx, Some(&instance.state));
        match instance.private.set.hooks.get(index as usize) {
            Some(hook) => hook.call.run(call),
            None => no_such(call, "hook", index),
        }
    })
}

unsafe extern "C" fn call_route(instance: *mut c_void, index: u32, cx: *mut c_void) -> i32 {
    // SAFETY: as in `call_hook`.
    let instance: &Instance = unsafe { &*instance.cast() };
    let host = instance.private.host;
    guarded(host, cx, || {
        let call = Call::new(host, cx, Some(&instance.state));
        match instance.private.set.routes.get(index as usize) {
            Some(route) => registry::run_route(route.call, call),
            None => no_such(call, "route", index),
        }
    })
}

fn no_such(mut call: Call, what: &str, index: u32) -> i32 {
    let reason = format!("the server called {what} {index}, which this plugin does not have");
    settle(Err(Deny::server_error().because(reason)), &mut call)
}

/// Runs plugin code; a panic becomes [`abi::PANICKED`], its text goes to the server's log.
#[inline]
fn guarded(host: HostRef, cx: *mut c_void, run: impl FnOnce() -> i32) -> i32 {
    caught(host, run).unwrap_or_else(|text| panicked(host, cx, text))
}

#[cold]
fn panicked(host: HostRef, cx: *mut c_void, text: String) -> i32 {
    Call::new(host, cx, None).deny(&Deny::server_error().because(text));
    abi::PANICKED
}

/// Catches a panic and gives its text, with its place where this image's own panic hook saw it. The payload is forgotten: its `Drop`
/// might panic again. One that the plugin's own code caught is only logged.
#[inline]
fn caught<T>(host: HostRef, run: impl FnOnce() -> T) -> Result<T, String> {
    let (result, said) = forward::listening(|| catch_unwind(AssertUnwindSafe(run)));
    match (result, said) {
        (Ok(value), None) => Ok(value),
        (Ok(value), Some(text)) => {
            went_on(host, &text);
            Ok(value)
        }
        (Err(payload), said) => Err(text_of(payload, said)),
    }
}

#[cold]
fn went_on(host: HostRef, text: &str) {
    host.log(1, "panic", &format!("panicked, and went on: {text}"), "");
}

#[cold]
fn text_of(payload: Box<dyn Any + Send>, said: Option<String>) -> String {
    let text = said.unwrap_or_else(|| forward::panic_text(&*payload).to_owned());
    std::mem::forget(payload);
    text
}

/// The server's table, at least as long as that of version 1.0. A pointer, never a reference: it may be shorter than [`Host`] is here.
#[derive(Clone, Copy)]
pub(crate) struct HostRef(*const Host);

// SAFETY: the table is never changed and never freed, and `log`, `log_level`, `now_unix_ns` and `random`, all that is called
// without a `cx`, may be called on any thread (abi.rs).
unsafe impl Send for HostRef {}
// SAFETY: as above.
unsafe impl Sync for HostRef {}

impl HostRef {
    pub(crate) fn log(self, level: u32, target: &str, message: &str, fields: &str) {
        let (target, message, fields) = (lent(target), lent(message), lent(fields));
        // SAFETY: `self.0` is the server's table; the slices outlive the call.
        unsafe { ((*self.0).log)(self.0, level, target, message, fields) }
    }

    pub(crate) fn log_level(self) -> u32 {
        // SAFETY: `self.0` is the server's table.
        unsafe { ((*self.0).log_level)(self.0) }
    }

    pub(crate) fn now_unix_ns(self) -> i64 {
        // SAFETY: `self.0` is the server's table.
        unsafe { ((*self.0).now_unix_ns)(self.0) }
    }

    pub(crate) fn random(self, out: &mut [u8]) -> i32 {
        // SAFETY: `self.0` is the server's table; `out` is writable for its length.
        unsafe { ((*self.0).random)(self.0, out.as_mut_ptr(), out.len()) }
    }
}

fn lent(text: &str) -> Str {
    Str::of(text.as_bytes())
}

/// One call from the server: its context, the server's table, the plugin's state. Never leaves the thread or the call.
pub(crate) struct Call {
    pub(crate) host: HostRef,
    /// The instance's own; counted only where the plugin asks for it, since most hooks do not.
    state: Option<NonNull<State>>,
    cx: *mut c_void,
}

/// Bytes that the server lent, and whether they are JSON.
pub(crate) struct Lent<'a> {
    pub(crate) bytes: &'a [u8],
    pub(crate) is_json: bool,
}

impl Call {
    /// `cx` is the server's context of the call that runs now on this thread.
    fn new(host: HostRef, cx: *mut c_void, state: Option<&State>) -> Self {
        Self { host, state: state.map(NonNull::from), cx }
    }

    /// What the plugin's `start` made; `None` while it starts.
    pub(crate) fn state(&self) -> Option<State> {
        // SAFETY: it is a field of the instance that this call is on, which the server ends only when no call runs on it.
        self.state.map(|state| Arc::clone(unsafe { state.as_ref() }))
    }

    pub(crate) fn get(&self, part: u32, key: &str) -> Result<Lent<'_>, i32> {
        let mut out = Str::EMPTY;
        // SAFETY: `cx` is valid during the call; `out` is writable.
        let code = unsafe { ((*self.host.0).get)(self.cx, part, lent(key), &raw mut out) };
        self.lent(code, out)
    }

    /// The `index`-th name and value; names and values that are not UTF-8 are a fault of the server.
    pub(crate) fn list(&self, part: u32, index: usize) -> Result<(Lent<'_>, Lent<'_>), i32> {
        let (mut name, mut value) = (Str::EMPTY, Str::EMPTY);
        // SAFETY: `cx` is valid during the call; both slots are writable.
        let code = unsafe { ((*self.host.0).list)(self.cx, part, index, &raw mut name, &raw mut value) };
        Ok((self.lent(code, name)?, self.lent(code, value)?))
    }

    /// A slice that `get` or `list` gave lives until the next mutating call. All those take `&mut self`, so `&self` bounds it.
    #[allow(clippy::unused_self, reason = "`self` bounds the life of what is lent")]
    fn lent(&self, code: i32, out: Str) -> Result<Lent<'_>, i32> {
        match code {
            abi::OK | abi::OK_JSON => Ok(Lent {
                // SAFETY: the server lends these bytes until the next mutating call on `cx`, which needs `&mut self`.
                bytes: unsafe { out.bytes() },
                is_json: code == abi::OK_JSON,
            }),
            refused => Err(refused),
        }
    }

    pub(crate) fn set(&mut self, part: u32, key: &str, text: &str) -> i32 {
        // SAFETY: `cx` is valid during the call; the slices outlive it.
        unsafe { ((*self.host.0).set)(self.cx, part, lent(key), lent(text)) }
    }

    pub(crate) fn set_json(&mut self, part: u32, key: &str, json: &str) -> i32 {
        // SAFETY: as in `set`.
        unsafe { ((*self.host.0).set_json)(self.cx, part, lent(key), lent(json)) }
    }

    pub(crate) fn remove(&mut self, part: u32, key: &str) -> i32 {
        // SAFETY: as in `set`.
        unsafe { ((*self.host.0).remove)(self.cx, part, lent(key)) }
    }

    pub(crate) fn respond_status(&mut self, status: u16) -> i32 {
        // SAFETY: `cx` is valid during the call.
        unsafe { ((*self.host.0).respond_status)(self.cx, u32::from(status)) }
    }

    pub(crate) fn respond_header(&mut self, name: &str, value: &str) -> i32 {
        // SAFETY: as in `set`.
        unsafe { ((*self.host.0).respond_header)(self.cx, lent(name), lent(value)) }
    }

    pub(crate) fn respond_body(&mut self, body: &[u8]) -> i32 {
        // SAFETY: as in `set`.
        unsafe { ((*self.host.0).respond_body)(self.cx, Str::of(body)) }
    }

    pub(crate) fn respond_page(&mut self, title: &str, html: &str) -> i32 {
        // SAFETY: as in `set`.
        unsafe { ((*self.host.0).respond_page)(self.cx, lent(title), lent(html)) }
    }

    pub(crate) fn deny(&mut self, deny: &Deny) {
        let (code, text) = (lent(deny.code()), lent(deny.description()));
        // SAFETY: as in `set`. A refusal to note the denial leaves `server_error`, which is a denial too.
        unsafe { ((*self.host.0).deny)(self.cx, code, text, u32::from(deny.is_public())) };
    }

    pub(crate) fn is_cancelled(&self) -> bool {
        // SAFETY: `cx` is valid during the call.
        unsafe { ((*self.host.0).is_cancelled)(self.cx) != 0 }
    }

    pub(crate) fn fire(&mut self, name: &str, json: &str) -> Result<Lent<'_>, i32> {
        let mut out = Str::EMPTY;
        // SAFETY: as in `get`. Custom hooks run on contexts of their own.
        let code = unsafe { ((*self.host.0).fire)(self.cx, lent(name), lent(json), &raw mut out) };
        self.lent(code, out)
    }

    pub(crate) fn store_get(&self, key: &str) -> Result<Lent<'_>, i32> {
        let mut out = Str::EMPTY;
        // SAFETY: as in `get`.
        let code = unsafe { ((*self.host.0).store_get)(self.cx, lent(key), &raw mut out) };
        self.lent(code, out)
    }

    pub(crate) fn store_put(&self, key: &str, value: &[u8], ttl: u64) -> i32 {
        // SAFETY: as in `set`; the store leaves slices lent earlier alone.
        unsafe { ((*self.host.0).store_put)(self.cx, lent(key), Str::of(value), ttl) }
    }

    pub(crate) fn store_cas(&self, key: &str, old: &[u8], value: &[u8], ttl: u64) -> i32 {
        let (old, value) = (Str::of(old), Str::of(value));
        // SAFETY: as in `store_put`.
        unsafe { ((*self.host.0).store_cas)(self.cx, lent(key), old, value, ttl) }
    }

    pub(crate) fn store_delete(&self, key: &str) -> i32 {
        // SAFETY: as in `store_put`.
        unsafe { ((*self.host.0).store_delete)(self.cx, lent(key)) }
    }

    /// [`abi::NOT_HERE`] on a server of version 1.0, whose table ends before this function.
    pub(crate) fn once(&self, key: &str, ttl: u64) -> i32 {
        // SAFETY: the table's first field is its size; no reference to a field that it may not have is made.
        if unsafe { (*self.host.0).size } < std::mem::offset_of!(Host, once) + size_of::<usize>() {
            return abi::NOT_HERE;
        }
        // SAFETY: as in `store_put`; the table has the field.
        unsafe { ((*self.host.0).once)(self.cx, lent(key), ttl) }
    }

    /// [`abi::NOT_HERE`] on a server whose table ends before this function.
    pub(crate) fn register_client(&self, json: &str) -> Result<Lent<'_>, i32> {
        // SAFETY: as in `once`.
        if unsafe { (*self.host.0).size } < std::mem::offset_of!(Host, register_client) + size_of::<usize>() {
            return Err(abi::NOT_HERE);
        }
        let mut out = Str::EMPTY;
        // SAFETY: as in `get`; the table has the field.
        let code = unsafe { ((*self.host.0).register_client)(self.cx, lent(json), &raw mut out) };
        self.lent(code, out)
    }
}
