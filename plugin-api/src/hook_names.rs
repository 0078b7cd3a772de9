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

impl HookPoint {
    /// Whether a plugin can register the hook for `value`.
    pub fn takes(&self, value: &str) -> bool {
        match self.provides {
            None => false,
            Some(SIGNATURE_METHOD) => is_signature_method(value),
            Some(_) => is_absolute_uri(value),
        }
    }

    /// What a value has to be, in words.
    pub fn wanted(&self) -> &'static str {
        match self.provides {
            Some(SIGNATURE_METHOD) => "a name of 1 to 64 of A-Z a-z 0-9 - _ .",
            _ => "an absolute URI of at most 200 characters",
        }
    }
}

/// The parameter of OAuth 1.0 that names how a request is signed (RFC 5849 §3.1).
const SIGNATURE_METHOD: &str = "oauth_signature_method";

/// Every hook point, in the order in which a request meets them: those of OAuth 2.0, then those of OAuth 1.0a.
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
    HookPoint {
        name: "oauth1_consumer",
        context: "Oauth1ConsumerCx",
        variant: "Oauth1Consumer",
        returns: "::keyhook_plugin::Outcome",
        provides: None,
    },
    HookPoint {
        name: "oauth1_signature",
        context: "Oauth1SignatureCx",
        variant: "Oauth1Signature",
        returns: "::core::result::Result<::keyhook_plugin::ExpectedSignature, ::keyhook_plugin::Deny>",
        provides: Some(SIGNATURE_METHOD),
    },
    HookPoint {
        name: "oauth1_request",
        context: "Oauth1RequestCx",
        variant: "Oauth1Request",
        returns: "::keyhook_plugin::Outcome",
        provides: None,
    },
    HookPoint {
        name: "request_token_response",
        context: "RequestTokenResponseCx",
        variant: "RequestTokenResponse",
        returns: "::keyhook_plugin::Outcome",
        provides: None,
    },
    HookPoint {
        name: "oauth1_access_token_response",
        context: "Oauth1TokenResponseCx",
        variant: "Oauth1TokenResponse",
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

/// Whether `value` can name a method that signs requests of OAuth 1.0 (RFC 5849 §3.4). Methods are compared as they are written.
pub fn is_signature_method(value: &str) -> bool {
    (1..=64).contains(&value.len()) && value.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte))
}
