//! The server's side of the C border, played for tests: calls into plugins here, what plugins call in [`table`].
//!
//! All `unsafe` of this crate stands in this folder. The contexts that plugins get are pointers to a [`StandIn`] that outlives the call.
#![allow(unsafe_code, reason = "the border has two sides; this folder stands in for the server's")]

mod store;
mod table;
#[cfg(test)]
mod tests;

use std::ffi::c_void;
use std::marker::PhantomData;
use std::sync::OnceLock;

use keyhook_plugin::abi::{self, Host, Module, Plugin};
use table::text;

use crate::answer::Ended;
use crate::stand_in::{Denial, Kind, StandIn};

/// A table of the plugin's image, alive as long as the process.
#[derive(Clone, Copy)]
pub(crate) struct PluginRef(&'static Plugin);

/// The module pointer, shared by all tests of the process.
struct Modules(&'static Module);
// SAFETY: the SDK never changes its tables once they are built.
unsafe impl Send for Modules {}
// SAFETY: as above.
unsafe impl Sync for Modules {}

/// All plugins that are linked into this test.
pub(crate) fn plugins() -> impl Iterator<Item = PluginRef> {
    static MODULES: OnceLock<Modules> = OnceLock::new();
    let module = MODULES.get_or_init(|| {
        let host: &'static Host = Box::leak(Box::new(table::table()));
        // SAFETY: `host` is never changed or freed.
        let module = unsafe { keyhook_plugin::keyhook_plugin_entry_v1(host) };
        // SAFETY: null, or a table that the SDK leaked.
        let Some(module) = (unsafe { module.as_ref() }) else {
            panic!("the plugins contradict each other: two of one name, or two `plugin!` in one crate");
        };
        Modules(module)
    });
    // SAFETY: the SDK wrote as many pointers as it says, each to a leaked table.
    unsafe { slice(module.0.plugins, module.0.plugins_len) }.iter().map(|plugin| PluginRef(unsafe { &**plugin }))
}

/// # Safety
/// With `len > 0`, `start` points to `len` values that are never changed or freed.
unsafe fn slice<T>(start: *const T, len: usize) -> &'static [T] {
    if len == 0 {
        return &[];
    }
    // SAFETY: the caller's promise.
    unsafe { std::slice::from_raw_parts(start, len) }
}

/// A hook as the table shows it.
pub(crate) struct HookView {
    pub(crate) name: &'static str,
    pub(crate) flags: u32,
    priority: i32,
}

/// A route as the table shows it.
pub(crate) struct RouteView {
    pub(crate) method: &'static str,
    pub(crate) path: &'static str,
    pub(crate) flags: u32,
}

impl PluginRef {
    pub(crate) fn name(self) -> &'static str {
        // SAFETY: tables hold static text.
        unsafe { text(self.0.name) }
    }

    pub(crate) fn hooks(self) -> impl Iterator<Item = HookView> {
        // SAFETY: the SDK wrote `hooks_len` hooks.
        let hooks = unsafe { slice(self.0.hooks, self.0.hooks_len) };
        hooks.iter().map(|hook| HookView {
            // SAFETY: tables hold static text.
            name: unsafe { text(hook.name) },
            flags: hook.flags,
            priority: hook.priority,
        })
    }

    pub(crate) fn routes(self) -> impl Iterator<Item = RouteView> {
        // SAFETY: the SDK wrote `routes_len` routes.
        let routes = unsafe { slice(self.0.routes, self.0.routes_len) };
        routes.iter().map(|route| RouteView {
            // SAFETY: tables hold static text.
            method: unsafe { text(route.method) },
            // SAFETY: as above.
            path: unsafe { text(route.path) },
            flags: route.flags,
        })
    }

    /// Indices of the hooks of this name, in the order in which they run.
    pub(crate) fn hooks_named(self, name: &str, is_custom: bool) -> Vec<u32> {
        let is_one = |hook: &HookView| hook.name == name && (hook.flags & abi::HOOK_CUSTOM != 0) == is_custom;
        let mut found: Vec<_> = self.hooks().enumerate().filter(|(_, hook)| is_one(hook)).collect();
        found.sort_by_key(|(_, hook)| hook.priority);
        found.into_iter().map(|(at, _)| index(at)).collect()
    }

    /// Starts an instance with the configuration of `host`.
    pub(crate) fn create(self, host: &mut StandIn) -> Result<Instance, Ended> {
        let mut instance = std::ptr::null_mut();
        // SAFETY: the table is the SDK's own; `host` outlives the call; `instance` is writable.
        let code = call(host, |cx| unsafe { (self.0.create)(self.0, cx, &raw mut instance) });
        match code {
            abi::CONTINUE => Ok(Instance { plugin: self, pointer: instance, here: PhantomData }),
            abi::PANICKED => Err(Ended::Panicked),
            _ => Err(Ended::NotStarted),
        }
    }
}

/// A running plugin; ends when dropped.
pub(crate) struct Instance {
    plugin: PluginRef,
    pointer: *mut c_void,
    here: PhantomData<*mut ()>,
}

impl Instance {
    pub(crate) fn call_hook(&self, index: u32, host: &mut StandIn) -> i32 {
        // SAFETY: the instance is `create`d and not yet destroyed; `host` outlives the call.
        call(host, |cx| unsafe { (self.plugin.0.call_hook)(self.pointer, index, cx) })
    }

    pub(crate) fn call_route(&self, index: u32, host: &mut StandIn) -> i32 {
        // SAFETY: as in `call_hook`.
        call(host, |cx| unsafe { (self.plugin.0.call_route)(self.pointer, index, cx) })
    }
}

impl Drop for Instance {
    fn drop(&mut self) {
        // SAFETY: `create`d, destroyed nowhere else, and no call runs: calls borrow `self`.
        unsafe { (self.plugin.0.destroy)(self.pointer) }
    }
}

/// Calls a plugin with `host` as its context and the clock set.
fn call(host: &mut StandIn, run: impl FnOnce(*mut c_void) -> i32) -> i32 {
    let outer = table::UNIX_SECONDS.replace(host.unix_seconds);
    host.denial = Denial::none();
    let code = run(std::ptr::from_mut(host).cast());
    table::UNIX_SECONDS.set(outer);
    code
}

/// What a code means, once the server has checked it.
pub(crate) fn ended(code: i32, host: &mut StandIn) -> Ended {
    let has = |name: &str| host.outcome.iter().any(|(known, value)| known == name && !value.is_empty());
    let fact = |name: &str| host.facts.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str());
    let wrong = match code {
        abi::CONTINUE if host.kind == Kind::Route => "a handler has to respond",
        abi::CONTINUE if host.kind.decides_alone() => "left open what it alone decides",
        abi::CONTINUE => return Ended::Continued,
        abi::GRANT if host.kind == Kind::TokenGrant => return Ended::Granted,
        abi::GRANT => "only token_grant grants",
        abi::CLIENT if matches!(host.kind, Kind::ClientAssertion | Kind::Oauth1Consumer) && has("client_id") => {
            return Ended::Authenticated;
        }
        abi::CLIENT => "named no client, or may not",
        abi::SIGNATURE if host.kind == Kind::Oauth1Signature && has("signature") => return Ended::Signed,
        abi::SIGNATURE => "only oauth1_signature says what a signature is, and not an empty one",
        abi::RESPOND if matches!(host.kind, Kind::Authorization | Kind::Route) => return Ended::Responded,
        abi::RESPOND => "this hook cannot respond",
        abi::DENY => return Ended::Denied,
        abi::PANICKED => return Ended::Panicked,
        abi::SIGN_IN if has("subject") => return Ended::SignedIn,
        abi::SIGN_IN => "sign_in without a subject",
        abi::APPROVE if fact("subject").is_none() => "approve without a signed-in user",
        abi::APPROVE => {
            let asked: Vec<_> = fact("scope").unwrap_or_default().split(' ').collect();
            let granted = host.outcome.iter().find(|(name, _)| name == "scope").map_or("", |(_, scope)| scope.as_str());
            if granted.split_ascii_whitespace().all(|scope| asked.contains(&scope)) {
                return Ended::Approved;
            }
            "approve grants more than was asked for"
        }
        _ => "an unknown code",
    };
    host.denial = Denial { description: wrong.to_owned(), ..Denial::none() };
    Ended::Denied
}

/// Tables have at most 256 entries.
pub(crate) fn index(at: usize) -> u32 {
    u32::try_from(at).unwrap_or(u32::MAX)
}
