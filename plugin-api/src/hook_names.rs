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
    /// The type that such a function returns.
    pub returns: &'static str,
    /// What it is registered for, `#[hook(name = "…")]`, where one plugin provides what nobody else does. Such a hook is registered as
    /// `name=value`.
    pub provides: Option<&'static str>,
}

/// Every hook point, in the order in which a request meets them.
pub const HOOK_POINTS: &[HookPoint] = &[
    HookPoint {
        name: "authorization_GET",
        context: "AuthorizationGetCx",
        variant: "AuthorizationGet",
        returns: "::keyhook_plugin::Outcome",
        provides: None,
    },
    HookPoint {
        name: "authorization_POST",
        context: "AuthorizationPostCx",
        variant: "AuthorizationPost",
        returns: "::keyhook_plugin::Outcome",
        provides: None,
    },
    HookPoint {
        name: "client_assertion",
        context: "ClientAssertionCx",
        variant: "ClientAssertion",
        returns: "::core::result::Result<::keyhook_plugin::Authenticated, ::keyhook_plugin::Deny>",
        provides: Some("client_assertion_type"),
    },
    HookPoint {
        name: "token_grant",
        context: "TokenGrantCx",
        variant: "TokenGrant",
        returns: "::core::result::Result<::keyhook_plugin::Grant, ::keyhook_plugin::Deny>",
        provides: Some("grant_type"),
    },
    HookPoint {
        name: "access_token_validation",
        context: "TokenCx",
        variant: "Token",
        returns: "::keyhook_plugin::Outcome",
        provides: None,
    },
    HookPoint {
        name: "access_token_response",
        context: "TokenResponseCx",
        variant: "TokenResponse",
        returns: "::keyhook_plugin::Outcome",
        provides: None,
    },
];

/// What a hook of a plugin's own takes, `#[hook(custom = "…")]`.
pub const CUSTOM_HOOK: HookPoint =
    HookPoint { name: "custom", context: "CustomCx", variant: "Custom", returns: "::keyhook_plugin::Outcome", provides: None };

/// Whether `value` can name what a plugin provides: an absolute URI of at most 200 visible ASCII characters (RFC 6749 §4.5, RFC 7521
/// §4.2), so that it never meets a name that a specification gives.
pub fn is_absolute_uri(value: &str) -> bool {
    let Some((scheme, rest)) = value.split_once(':') else { return false };
    let is_scheme = scheme.starts_with(|first: char| first.is_ascii_alphabetic())
        && scheme.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"+-.".contains(&byte));
    let is_visible = |byte: u8| byte.is_ascii_graphic() && !b"\"<>\\^`{|}".contains(&byte);
    is_scheme && !rest.is_empty() && value.len() <= 200 && rest.bytes().all(is_visible)
}
