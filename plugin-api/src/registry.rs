//! What the attributes register at link time, and which plugin each hook and route belongs to.

use crate::cx::{
    Authenticated, AuthorizationGetCx, AuthorizationPostCx, ClientAssertionCx, CustomCx, Cx, ExpectedSignature, Grant, Oauth1ConsumerCx,
    Oauth1RequestCx, Oauth1SignatureCx, Oauth1TokenResponseCx, RequestCx, RequestTokenResponseCx, StartCx, TokenCx, TokenGrantCx,
    TokenResponseCx,
};
use crate::deny::Deny;
use crate::outcome::{Decision, Outcome, Verdict, settle};
use crate::thunk::{Call, State};

/// One `plugin!`.
pub struct PluginRegistration {
    /// `module_path!()` of the macro call; its first segment is the crate.
    pub module: &'static str,
    /// The plugin's name.
    pub name: &'static str,
    /// Semantic version.
    pub version: &'static str,
    /// Makes the plugin's state.
    pub start: Option<StartFn>,
}

/// Makes the state of one instance, or says why it cannot.
pub type StartFn = fn(&StartCx) -> Result<State, String>;

/// One `#[hook]`.
pub struct HookRegistration {
    /// `module_path!()` of the function.
    pub module: &'static str,
    /// `CARGO_PKG_NAME`: the plugin's name where there is no `plugin!`.
    pub package: &'static str,
    /// `CARGO_PKG_VERSION`.
    pub version: &'static str,
    /// The function's name; orders hooks of equal priority within a plugin.
    pub function: &'static str,
    /// The hook point; with `=` and a value where the plugin provides something.
    pub name: &'static str,
    /// Lower runs first.
    pub priority: i32,
    /// `HOOK_*` bits.
    pub flags: u32,
    /// The function.
    pub call: HookFn,
}

/// One `#[handler]`.
pub struct RouteRegistration {
    /// As in [`HookRegistration`].
    pub module: &'static str,
    /// As in [`HookRegistration`].
    pub package: &'static str,
    /// As in [`HookRegistration`].
    pub version: &'static str,
    /// Upper-case method, or `*`.
    pub method: &'static str,
    /// Path pattern.
    pub path: &'static str,
    /// `ROUTE_*` bits.
    pub flags: u32,
    /// The function.
    pub call: fn(&mut RequestCx) -> Outcome,
}

/// A hook function by the context it takes.
#[derive(Clone, Copy)]
pub enum HookFn {
    /// `authorization_GET`.
    AuthorizationGet(fn(&mut AuthorizationGetCx) -> Outcome),
    /// `authorization_POST`.
    AuthorizationPost(fn(&mut AuthorizationPostCx) -> Outcome),
    /// `client_assertion = "…"`.
    ClientAssertion(fn(&mut ClientAssertionCx) -> Result<Authenticated, Deny>),
    /// `token_grant = "…"`.
    TokenGrant(fn(&mut TokenGrantCx) -> Result<Grant, Deny>),
    /// `access_token_validation`.
    Token(fn(&mut TokenCx) -> Outcome),
    /// `access_token_response`.
    TokenResponse(fn(&mut TokenResponseCx) -> Outcome),
    /// `oauth1_consumer`.
    Oauth1Consumer(fn(&mut Oauth1ConsumerCx) -> Outcome),
    /// `oauth1_signature = "…"`.
    Oauth1Signature(fn(&mut Oauth1SignatureCx) -> Result<ExpectedSignature, Deny>),
    /// `oauth1_request`.
    Oauth1Request(fn(&mut Oauth1RequestCx) -> Outcome),
    /// `request_token_response`.
    RequestTokenResponse(fn(&mut RequestTokenResponseCx) -> Outcome),
    /// `oauth1_access_token_response`.
    Oauth1TokenResponse(fn(&mut Oauth1TokenResponseCx) -> Outcome),
    /// A hook of a plugin's own.
    Custom(fn(&mut CustomCx) -> Outcome),
}

inventory::collect!(PluginRegistration);
inventory::collect!(HookRegistration);
inventory::collect!(RouteRegistration);

impl HookFn {
    #[inline]
    pub(crate) fn run(self, call: Call) -> i32 {
        let cx = Cx::new(call);
        match self {
            Self::AuthorizationGet(hook) => run(hook, AuthorizationGetCx::new(cx)),
            Self::AuthorizationPost(hook) => run(hook, AuthorizationPostCx::new(cx)),
            Self::ClientAssertion(hook) => run(|cx| hook(cx).and_then(|client| cx.settle(client)), ClientAssertionCx::new(cx)),
            Self::TokenGrant(hook) => run(|cx| hook(cx).and_then(|grant| cx.settle(grant)), TokenGrantCx::new(cx)),
            Self::Token(hook) => run(hook, TokenCx::new(cx)),
            Self::TokenResponse(hook) => run(hook, TokenResponseCx::new(cx)),
            Self::Oauth1Consumer(hook) => run(hook, Oauth1ConsumerCx::new(cx)),
            Self::Oauth1Signature(hook) => run(|cx| hook(cx).and_then(|expected| cx.settle(expected)), Oauth1SignatureCx::new(cx)),
            Self::Oauth1Request(hook) => run(hook, Oauth1RequestCx::new(cx)),
            Self::RequestTokenResponse(hook) => run(hook, RequestTokenResponseCx::new(cx)),
            Self::Oauth1TokenResponse(hook) => run(hook, Oauth1TokenResponseCx::new(cx)),
            Self::Custom(hook) => run(hook, CustomCx::new(cx)),
        }
    }
}

#[inline]
fn run<C: AsMut<Cx>>(hook: impl FnOnce(&mut C) -> Outcome, mut cx: C) -> i32 {
    let outcome = hook(&mut cx);
    settle(outcome, &mut cx.as_mut().call)
}

/// Runs a handler; there is nothing after it, so that `Continue` is a mistake.
pub(crate) fn run_route(handler: fn(&mut RequestCx) -> Outcome, call: Call) -> i32 {
    let mut cx = RequestCx::new(Cx::new(call));
    let outcome = match handler(&mut cx) {
        Ok(Verdict(Decision::Respond(response))) => Ok(Verdict(Decision::Respond(response))),
        Ok(_) => Err(Deny::server_error().because("a handler has to respond")),
        Err(deny) => Err(deny),
    };
    settle(outcome, &mut cx.as_mut().call)
}

/// A plugin with all that its crate registered.
pub(crate) struct PluginSet {
    pub(crate) name: &'static str,
    pub(crate) version: &'static str,
    pub(crate) hooks: Vec<&'static HookRegistration>,
    pub(crate) routes: Vec<&'static RouteRegistration>,
    krate: &'static str,
    start: Option<StartFn>,
}

impl PluginSet {
    fn new(module: &'static str, name: &'static str, version: &'static str, start: Option<StartFn>) -> Self {
        let krate = crate_of(module);
        Self { name, version, hooks: Vec::new(), routes: Vec::new(), krate, start }
    }

    pub(crate) fn start(&self, cx: &StartCx) -> Result<State, String> {
        match self.start {
            Some(start) => start(cx),
            None => Ok(std::sync::Arc::new(())),
        }
    }
}

/// All plugins of this image, by name.
pub(crate) fn plugins() -> Result<Vec<PluginSet>, String> {
    gather(inventory::iter::<PluginRegistration>, inventory::iter::<HookRegistration>, inventory::iter::<RouteRegistration>)
}

fn gather(
    plugins: impl IntoIterator<Item = &'static PluginRegistration>,
    hooks: impl IntoIterator<Item = &'static HookRegistration>,
    routes: impl IntoIterator<Item = &'static RouteRegistration>,
) -> Result<Vec<PluginSet>, String> {
    let mut sets: Vec<PluginSet> = Vec::new();
    for plugin in plugins {
        let set = PluginSet::new(plugin.module, plugin.name, plugin.version, plugin.start);
        if sets.iter().any(|other| other.krate == set.krate) {
            return Err(format!("the crate `{}` has two `plugin!`; one is enough", set.krate));
        }
        sets.push(set);
    }
    for hook in hooks {
        set_of(&mut sets, hook.module, hook.package, hook.version).hooks.push(hook);
    }
    for route in routes {
        set_of(&mut sets, route.module, route.package, route.version).routes.push(route);
    }
    // The linker's order is nobody's order.
    sets.sort_by_key(|set| set.name);
    if let Some(twice) = sets.windows(2).find(|pair| pair[0].name == pair[1].name) {
        return Err(format!("two plugins are named `{}`", twice[0].name));
    }
    for set in &mut sets {
        set.hooks.sort_by_key(|hook| (hook.name, hook.priority, hook.module, hook.function));
        set.routes.sort_by_key(|route| (route.path, route.method, route.module));
    }
    Ok(sets)
}

fn set_of<'a>(sets: &'a mut Vec<PluginSet>, module: &'static str, package: &'static str, version: &'static str) -> &'a mut PluginSet {
    let krate = crate_of(module);
    let at = sets.iter().position(|set| set.krate == krate).unwrap_or_else(|| {
        sets.push(PluginSet::new(module, package, version, None));
        sets.len() - 1
    });
    &mut sets[at]
}

fn crate_of(module: &'static str) -> &'static str {
    module.split("::").next().unwrap_or(module)
}

/// Whether a plugin may be called so: 1–64 bytes of `a-z A-Z 0-9 - _ .`. Checked by `plugin!` while compiling.
pub const fn is_plugin_name(name: &str) -> bool {
    let bytes = name.as_bytes();
    let mut at = 0;
    while at < bytes.len() {
        if !(bytes[at].is_ascii_alphanumeric() || matches!(bytes[at], b'-' | b'_' | b'.')) {
            return false;
        }
        at += 1;
    }
    !bytes.is_empty() && bytes.len() <= 64
}

#[cfg(test)]
mod tests {
    use super::*;

    fn nothing(_: &mut TokenCx) -> Outcome {
        crate::Continue
    }

    const fn hook(module: &'static str, function: &'static str, priority: i32) -> HookRegistration {
        HookRegistration {
            module,
            package: "package",
            version: "1.2.3",
            function,
            name: "access_token_validation",
            priority,
            flags: 0,
            call: HookFn::Token(nothing),
        }
    }

    static BOB: PluginRegistration = PluginRegistration { module: "bob", name: "bob", version: "0.1.0", start: None };
    static BOB_AGAIN: PluginRegistration = PluginRegistration { module: "bob::inner", name: "rob", version: "0.1.0", start: None };
    static LATE: HookRegistration = hook("bob::deep::down", "late", 100);
    static EARLY: HookRegistration = hook("bob", "early", 50);
    static STRAY: HookRegistration = hook("stray", "stray", 100);

    #[test]
    fn a_hook_belongs_to_the_plugin_of_its_crate_and_lower_priority_comes_first() {
        let sets = gather([&BOB], [&LATE, &EARLY], []).unwrap_or_default();
        let functions: Vec<_> = sets[0].hooks.iter().map(|hook| hook.function).collect();
        assert_eq!((sets.len(), sets[0].name), (1, "bob"));
        assert_eq!(functions, ["early", "late"]);
    }

    #[test]
    fn a_crate_without_plugin_is_named_after_its_package() {
        let sets = gather([&BOB], [&STRAY], []).unwrap_or_default();
        let names: Vec<_> = sets.iter().map(|set| (set.name, set.version)).collect();
        assert_eq!(names, [("bob", "0.1.0"), ("package", "1.2.3")]);
    }

    #[test]
    fn two_plugins_in_one_crate_are_refused() {
        let refused = gather([&BOB, &BOB_AGAIN], [], []).err().unwrap_or_default();
        assert!(refused.contains("`bob` has two"), "{refused}");
    }

    #[test]
    fn a_plugin_name_is_short_and_plain() {
        assert!(is_plugin_name("acme-login_2.0"));
        assert!(!is_plugin_name(""));
        assert!(!is_plugin_name("acme login"));
        assert!(!is_plugin_name("é"));
        assert!(!is_plugin_name(&"a".repeat(65)));
    }
}
