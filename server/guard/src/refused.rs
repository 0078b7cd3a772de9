//! Why a request is not let in (RFC 6750 §3.1).

use keyhook_core::Scope;
use keyhook_core::oauth1::Problem;

/// A refusal. What it says of a token is for the log; the caller learns one sentence that is the same for every cause.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Refused {
    /// The `Authorization` header is malformed, or there is more than one credential: 400 `invalid_request`.
    Malformed(&'static str),
    /// No token, or credentials of a scheme that is not ours: 401, and nothing about an error.
    Anonymous,
    /// The token is unknown, expired, revoked, or not for this API: 401 `invalid_token`. The text is for the log.
    InvalidToken(&'static str),
    /// The token lacks some of this scope: 403 `insufficient_scope`.
    InsufficientScope(Scope),
    /// The token is good, and whoever holds it may not do this: 403.
    Forbidden(&'static str),
    /// A signed request is not good: 400 or 401 with the problem's name (RFC 5849 §3.2).
    Problem(Problem),
    /// Whether the token is good cannot be found out now: 503, never yes.
    Unavailable(Unavailable),
}

/// What keeps the guard from knowing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unavailable {
    /// The operator's code, `KH0701` and those after it.
    pub code: &'static str,
    /// What happened, for the log; never a secret.
    pub cause: String,
}

impl Unavailable {
    pub(crate) fn new(code: &'static str, cause: impl Into<String>) -> Unavailable {
        Unavailable { code, cause: cause.into() }
    }
}

impl From<Unavailable> for Refused {
    fn from(unavailable: Unavailable) -> Refused {
        Refused::Unavailable(unavailable)
    }
}

impl Refused {
    /// The HTTP status.
    pub fn status(&self) -> http::StatusCode {
        use http::StatusCode;
        match self {
            Refused::Malformed(_) => StatusCode::BAD_REQUEST,
            Refused::Anonymous | Refused::InvalidToken(_) => StatusCode::UNAUTHORIZED,
            Refused::InsufficientScope(_) | Refused::Forbidden(_) => StatusCode::FORBIDDEN,
            Refused::Problem(problem) => StatusCode::from_u16(problem.status()).unwrap_or(StatusCode::UNAUTHORIZED),
            Refused::Unavailable(_) => StatusCode::SERVICE_UNAVAILABLE,
        }
    }

    /// The `error`; none where RFC 6750 §3.1 says that there is none.
    pub fn error(&self) -> Option<&'static str> {
        match self {
            Refused::Malformed(_) => Some("invalid_request"),
            Refused::Anonymous => None,
            Refused::InvalidToken(_) => Some("invalid_token"),
            Refused::InsufficientScope(_) => Some("insufficient_scope"),
            Refused::Forbidden(_) => Some("access_denied"),
            Refused::Problem(problem) => Some(problem.wire()),
            Refused::Unavailable(_) => Some("temporarily_unavailable"),
        }
    }

    /// The `error_description`, static: nothing that came with a request travels back in it.
    pub fn description(&self) -> &'static str {
        match self {
            Refused::Malformed(what) | Refused::Forbidden(what) => what,
            Refused::Anonymous => "",
            Refused::InvalidToken(_) => "the access token is unknown, expired, revoked, or not for this resource",
            Refused::InsufficientScope(_) => "the access token lacks a scope that this needs",
            Refused::Problem(_) => "the signed request is not good, or was seen before",
            Refused::Unavailable(_) => "the access token cannot be checked now, try again later",
        }
    }
}
