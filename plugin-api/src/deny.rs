//! How a request is denied: an OAuth error code and a description (RFC 6749 §4.1.2.1 and §5.2).

use std::borrow::Cow;

/// A denial. The description is logged; it is sent only after [`Deny::public`].
///
/// ```
/// use keyhook_plugin::prelude::*;
///
/// #[hook(access_token_validation, inline)]
/// fn trial_ended(cx: &mut TokenCx) -> Outcome {
///     if cx.client_id() == "trial" {
///         return Err(Deny::unauthorized_client().because("the trial has ended").public());
///     }
///     Continue
/// }
/// # fn main() {}
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Deny {
    code: Cow<'static, str>,
    description: Cow<'static, str>,
    public: bool,
}

impl Deny {
    /// Any OAuth error code. One that the server does not know goes out as `server_error`.
    pub fn error(code: impl Into<Cow<'static, str>>, description: impl Into<Cow<'static, str>>) -> Self {
        Self { code: code.into(), description: description.into(), public: false }
    }

    const fn plain(code: &'static str) -> Self {
        Self { code: Cow::Borrowed(code), description: Cow::Borrowed(""), public: false }
    }

    /// The user or the server said no (RFC 6749 §4.1.2.1).
    pub const fn access_denied() -> Self {
        Self::plain("access_denied")
    }

    /// The client may not do this (RFC 6749 §4.1.2.1, §5.2).
    pub const fn unauthorized_client() -> Self {
        Self::plain("unauthorized_client")
    }

    /// The request is malformed (RFC 6749 §4.1.2.1, §5.2).
    pub const fn invalid_request() -> Self {
        Self::plain("invalid_request")
    }

    /// The scope is unknown or exceeds what was granted (RFC 6749 §4.1.2.1, §5.2).
    pub const fn invalid_scope() -> Self {
        Self::plain("invalid_scope")
    }

    /// Code, refresh token or assertion does not hold (RFC 6749 §5.2).
    pub const fn invalid_grant() -> Self {
        Self::plain("invalid_grant")
    }

    /// Client authentication failed (RFC 6749 §5.2).
    pub const fn invalid_client() -> Self {
        Self::plain("invalid_client")
    }

    /// This grant type is not offered (RFC 6749 §5.2).
    pub const fn unsupported_grant_type() -> Self {
        Self::plain("unsupported_grant_type")
    }

    /// This response type is not offered (RFC 6749 §4.1.2.1).
    pub const fn unsupported_response_type() -> Self {
        Self::plain("unsupported_response_type")
    }

    /// Something broke (RFC 6749 §4.1.2.1). What `?` makes of a [`Refused`](crate::Refused).
    pub const fn server_error() -> Self {
        Self::plain("server_error")
    }

    /// Try again later (RFC 6749 §4.1.2.1).
    pub const fn temporarily_unavailable() -> Self {
        Self::plain("temporarily_unavailable")
    }

    /// The user has to sign in (OIDC Core §3.1.2.6).
    pub const fn login_required() -> Self {
        Self::plain("login_required")
    }

    /// The user has to consent (OIDC Core §3.1.2.6).
    pub const fn consent_required() -> Self {
        Self::plain("consent_required")
    }

    /// Says why, for the operator's log.
    #[must_use]
    pub fn because(mut self, description: impl Into<Cow<'static, str>>) -> Self {
        self.description = description.into();
        self
    }

    /// Sends the description to the client as `error_description` too.
    #[must_use]
    pub fn public(mut self) -> Self {
        self.public = true;
        self
    }

    /// The OAuth error code.
    pub fn code(&self) -> &str {
        &self.code
    }

    /// The description; empty if there is none.
    pub fn description(&self) -> &str {
        &self.description
    }

    /// Whether the description is sent.
    pub fn is_public(&self) -> bool {
        self.public
    }
}

impl std::fmt::Display for Deny {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.code)?;
        if self.description.is_empty() { Ok(()) } else { write!(f, ": {}", self.description) }
    }
}

impl std::error::Error for Deny {}
