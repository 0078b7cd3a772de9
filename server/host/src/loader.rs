//! The only place that runs foreign code: opens a copy, calls its entry, copies its tables out, calls its functions.
#![allow(unsafe_code, reason = "loading a library and calling through its tables is what this file is for")]

use std::collections::BTreeSet;
use std::error::Error as _;
use std::ffi::c_void;
use std::path::Path;
use std::sync::{Mutex, PoisonError};

use keyhook_plugin::abi;
use libloading::os::unix::{Library, RTLD_LOCAL, RTLD_NOW};

use crate::call::Call;
use crate::ffi::HostTable;
use crate::memory_copy::MemoryCopy;
use crate::refusal::Refusal;
use crate::table::{Description, HookDescription, RouteDescription};

/// Most plugins in a module, hooks in a plugin, routes in a plugin.
const MAX_ENTRIES: usize = 256;
/// Longest name, version or path that is copied out of a table.
const MAX_TEXT: usize = 4096;

/// A plugin of a loaded image: its checked description and its functions.
pub(crate) struct Loaded {
    /// What it registers.
    pub(crate) description: Description,
    table: &'static abi::Plugin,
}

// SAFETY: a plugin's table is static and never changes (abi.rs: "Static; lives as long as the process").
unsafe impl Send for Loaded {}
// SAFETY: as above; `create` and `call_*` may be called from any thread (abi.rs).
unsafe impl Sync for Loaded {}

/// An instance as the plugin's `create` made it; ended by [`Loaded::destroy`].
#[derive(Debug)]
pub(crate) struct Handle(*mut c_void);

// SAFETY: "Many threads at once may be inside one instance" (abi.rs, call_hook); the SDK demands `Send + Sync`.
unsafe impl Send for Handle {}
// SAFETY: as above.
unsafe impl Sync for Handle {}

/// Opens a copy and reads what it registers. It stays mapped until the process ends, whatever comes back.
///
/// # Errors
/// [`Refusal::DlOpen`], [`Refusal::NoEntry`], and those of [`Description::check`].
pub(crate) fn load(copy: &'static MemoryCopy, shown_as: &Path, host: &'static HostTable) -> Result<Vec<Loaded>, Refusal> {
    let shown = |error: libloading::Error| {
        let words = error.source().map_or_else(|| error.to_string(), ToString::to_string);
        Refusal::DlOpen(words.replace(&*copy.path().to_string_lossy(), &shown_as.to_string_lossy()))
    };
    // SAFETY: runs the library's constructors. Its structure was checked and, where the policy says so, a child tried it before;
    // that a library may do anything is the reason for the rules of who may put one into the folder.
    let library = unsafe { Library::open(Some(copy.path()), RTLD_NOW | RTLD_LOCAL) }.map_err(shown)?;
    // SAFETY: the symbol's type is fixed by its name, which carries the major (abi.rs).
    let entry = unsafe { library.get::<abi::EntryFn>(abi::ENTRY_SYMBOL) }.map(|symbol| *symbol);
    // Unloading is never safe: threads, thread-locals and tables of the library may live on.
    std::mem::forget(library);
    let entry = entry.map_err(|_| Refusal::NoEntry)?;
    if !is_new(entry) {
        return Err(Refusal::DlOpen("the linker answered with a library that was loaded before".into()));
    }
    enter(entry, host)
}

/// Whether no library before had this entry: the linker may take two files for one.
fn is_new(entry: abi::EntryFn) -> bool {
    static SEEN: Mutex<BTreeSet<usize>> = Mutex::new(BTreeSet::new());
    SEEN.lock().unwrap_or_else(PoisonError::into_inner).insert(entry as usize)
}

/// The plugins that are linked into this program.
///
/// # Errors
/// As [`load`].
pub(crate) fn linked(host: &'static HostTable) -> Result<Vec<Loaded>, Refusal> {
    match enter(keyhook_plugin::keyhook_plugin_entry_v1, host) {
        Err(Refusal::BadTable(why)) if why == EMPTY => Ok(Vec::new()),
        other => other,
    }
}

const EMPTY: &str = "registers no plugin (an empty inventory)";

fn enter(entry: abi::EntryFn, host: &'static HostTable) -> Result<Vec<Loaded>, Refusal> {
    // SAFETY: the host's table lives as long as the process; the entry catches its own panics.
    let module = unsafe { entry(host.table()) };
    // SAFETY: null, or a static table of the image, which is never unloaded.
    unsafe { registered(module) }
}

/// What the tables of a module register, copied out and checked. None of its functions is called.
///
/// # Errors
/// [`Refusal::BadTable`], and those of [`Description::check`].
///
/// # Safety
/// `module` is null or leads to tables as `abi.rs` has them: where a length is within the limits, so many entries or bytes stand at
/// the pointer beside it, or that is null. They stay until this returns.
pub unsafe fn describe_module(module: *const abi::Module) -> Result<Vec<Description>, Refusal> {
    // SAFETY: the caller's promise; what is made of the tables ends here.
    let loaded = unsafe { registered(module) }?;
    Ok(loaded.into_iter().map(|plugin| plugin.description).collect())
}

/// # Safety
/// As [`describe_module`], and the tables live as long as what is returned.
unsafe fn registered(module: *const abi::Module) -> Result<Vec<Loaded>, Refusal> {
    // SAFETY: the caller promises null or a table.
    let Some(module) = (unsafe { module.as_ref() }) else {
        return Err(Refusal::BadTable("the entry gave nothing; the log line before this one says why".into()));
    };
    if module.size < size_of::<abi::Module>() {
        return Err(Refusal::BadTable(format!("module of {} bytes", module.size)));
    }
    // SAFETY: `plugins_len` pointers stand at `plugins` (abi.rs), bounded by `entries`.
    let tables = unsafe { entries(module.plugins, module.plugins_len, "plugins") }?;
    if tables.is_empty() {
        return Err(Refusal::BadTable(EMPTY.into()));
    }
    tables.iter().map(|table| describe(*table)).collect()
}

fn describe(table: *const abi::Plugin) -> Result<Loaded, Refusal> {
    // SAFETY: null, or a static table of the image.
    let Some(table) = (unsafe { table.as_ref() }) else {
        return Err(Refusal::BadTable("a plugin's table is null".into()));
    };
    if table.size < size_of::<abi::Plugin>() {
        return Err(Refusal::BadTable(format!("plugin of {} bytes", table.size)));
    }
    // SAFETY: `hooks_len` entries stand at `hooks` (abi.rs).
    let hooks = unsafe { entries(table.hooks, table.hooks_len, "hooks") }?;
    // SAFETY: `routes_len` entries stand at `routes` (abi.rs).
    let routes = unsafe { entries(table.routes, table.routes_len, "routes") }?;
    let hook = |hook: &abi::Hook| Ok(HookDescription { name: text(hook.name)?, priority: hook.priority, flags: hook.flags });
    let route = |route: &abi::Route| Ok(RouteDescription { method: text(route.method)?, path: text(route.path)?, flags: route.flags });
    let description = Description {
        name: text(table.name)?,
        version: text(table.version)?,
        hooks: hooks.iter().map(hook).collect::<Result<_, Refusal>>()?,
        routes: routes.iter().map(route).collect::<Result<_, Refusal>>()?,
    };
    description.check()?;
    Ok(Loaded { description, table })
}

/// # Safety
/// `len` entries that live as long as the process stand at `first`, unless it is null or `len` is 0.
unsafe fn entries<T>(first: *const T, len: usize, what: &str) -> Result<&'static [T], Refusal> {
    if len > MAX_ENTRIES {
        return Err(Refusal::BadTable(format!("{len} {what}, at most {MAX_ENTRIES}")));
    }
    if len == 0 {
        return Ok(&[]);
    }
    if first.is_null() || !first.is_aligned() {
        return Err(Refusal::BadTable(format!("{len} {what} at no address")));
    }
    // SAFETY: the caller promises them; not null, aligned, bounded.
    Ok(unsafe { std::slice::from_raw_parts(first, len) })
}

fn text(lent: abi::Str) -> Result<String, Refusal> {
    if lent.len > MAX_TEXT || (lent.len > 0 && lent.ptr.is_null()) {
        return Err(Refusal::BadTable(format!("a text of {} bytes", lent.len)));
    }
    // SAFETY: names in tables are static; not null, bounded.
    let bytes = unsafe { lent.bytes() };
    String::from_utf8(bytes.to_vec()).map_err(|_| Refusal::BadTable("a name is not UTF-8".into()))
}

impl Loaded {
    /// Makes an instance: the code that `create` returned, and the handle if it gave one.
    pub(crate) fn create(&self, call: &mut Call) -> (i32, Option<Handle>) {
        let mut out = std::ptr::null_mut();
        // SAFETY: the table's own function with its own table; `call` and `out` are valid until it returns.
        let code = unsafe { (self.table.create)(self.table, cx(call), &raw mut out) };
        (code, (!out.is_null()).then_some(Handle(out)))
    }

    /// Ends an instance.
    pub(crate) fn destroy(&self, handle: &mut Handle) {
        let instance = std::mem::replace(&mut handle.0, std::ptr::null_mut());
        if !instance.is_null() {
            // SAFETY: this plugin's `create` made it, it is given back once, and whoever owned it had the last reference.
            unsafe { (self.table.destroy)(instance) }
        }
    }

    /// Runs a hook.
    pub(crate) fn hook(&self, handle: &Handle, index: u32, call: &mut Call) -> i32 {
        // SAFETY: an instance of this plugin that is not destroyed; `call` is valid until the function returns.
        unsafe { (self.table.call_hook)(handle.0, index, cx(call)) }
    }

    /// Runs a route.
    pub(crate) fn route(&self, handle: &Handle, index: u32, call: &mut Call) -> i32 {
        // SAFETY: as in `hook`.
        unsafe { (self.table.call_route)(handle.0, index, cx(call)) }
    }
}

fn cx(call: &mut Call) -> *mut c_void {
    std::ptr::from_mut(call).cast()
}
