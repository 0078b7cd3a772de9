// The hook points this version knows: the one list that the attribute macro, the SDK and the server read (`include!`d by the macro crate).

/// One hook point.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct HookPoint {
    /// Its name, as in `#[hook(name)]`.
    pub name: &'static str,
    /// The context type its functions take, a name of `keyhook_plugin::prelude`.
    pub context: &'static str,
    /// The variant of `keyhook_plugin::registry::HookFn` that carries such a function.
    pub variant: &'static str,
}

/// Every hook point, in the order in which a request meets them.
pub const HOOK_POINTS: &[HookPoint] = &[
    HookPoint { name: "authorization_GET", context: "AuthorizationGetCx", variant: "AuthorizationGet" },
    HookPoint { name: "authorization_POST", context: "AuthorizationPostCx", variant: "AuthorizationPost" },
    HookPoint { name: "access_token_validation", context: "TokenCx", variant: "Token" },
    HookPoint { name: "access_token_response", context: "TokenResponseCx", variant: "TokenResponse" },
];

/// What a hook of a plugin's own takes, `#[hook(custom = "…")]`.
pub const CUSTOM_HOOK: HookPoint = HookPoint { name: "custom", context: "CustomCx", variant: "Custom" };
