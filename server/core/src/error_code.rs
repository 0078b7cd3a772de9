//! The one table of error names: what goes over the wire, with which status, and which specification says so.

macro_rules! error_codes {
    ($( $(#[$doc:meta])* $name:ident = $wire:literal, $status:literal; )*) => {
        /// Every `error` that keyhook itself answers with. The match behind it is exhaustive.
        #[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
        pub enum ErrorCode { $( $(#[$doc])* $name, )* }

        impl ErrorCode {
            /// All of them, in the order of the table.
            pub const ALL: &[Self] = &[ $( Self::$name, )* ];

            /// The value of the `error` member or parameter.
            pub const fn wire(self) -> &'static str {
                match self { $( Self::$name => $wire, )* }
            }

            /// The HTTP status of a direct (not redirected) answer.
            pub const fn status(self) -> u16 {
                match self { $( Self::$name => $status, )* }
            }

            /// The code of a wire name, compared byte for byte.
            pub fn from_wire(wire: &str) -> Option<Self> {
                match wire { $( $wire => Some(Self::$name), )* _ => None }
            }
        }
    };
}

error_codes! {
    /// RFC 6749 §4.1.2.1, §5.2.
    InvalidRequest = "invalid_request", 400;
    /// RFC 6749 §5.2; always 401 with a challenge, so that all of its causes look the same.
    InvalidClient = "invalid_client", 401;
    /// RFC 6749 §5.2.
    InvalidGrant = "invalid_grant", 400;
    /// RFC 6749 §4.1.2.1, §5.2.
    UnauthorizedClient = "unauthorized_client", 400;
    /// RFC 6749 §5.2.
    UnsupportedGrantType = "unsupported_grant_type", 400;
    /// RFC 6749 §4.1.2.1.
    UnsupportedResponseType = "unsupported_response_type", 400;
    /// RFC 7009 §2.2.1.
    UnsupportedTokenType = "unsupported_token_type", 400;
    /// RFC 6749 §4.1.2.1, §5.2.
    InvalidScope = "invalid_scope", 400;
    /// RFC 8707 §2.
    InvalidTarget = "invalid_target", 400;
    /// RFC 6749 §4.1.2.1; at the token endpoint RFC 8628 §3.5.
    AccessDenied = "access_denied", 400;
    /// RFC 6749 §4.1.2.1.
    ServerError = "server_error", 500;
    /// RFC 6749 §4.1.2.1; carries `Retry-After`.
    TemporarilyUnavailable = "temporarily_unavailable", 503;
    /// OpenID Connect Core §3.1.2.6.
    LoginRequired = "login_required", 400;
    /// OpenID Connect Core §3.1.2.6.
    ConsentRequired = "consent_required", 400;
    /// OpenID Connect Core §3.1.2.6.
    InteractionRequired = "interaction_required", 400;
    /// OpenID Connect Core §3.1.2.6.
    AccountSelectionRequired = "account_selection_required", 400;
    /// OpenID Connect Core §3.1.2.6 and RFC 9101 §6.
    RequestNotSupported = "request_not_supported", 400;
    /// OpenID Connect Core §3.1.2.6 and RFC 9101 §6.
    RequestUriNotSupported = "request_uri_not_supported", 400;
    /// RFC 8628 §3.5.
    AuthorizationPending = "authorization_pending", 400;
    /// RFC 8628 §3.5.
    SlowDown = "slow_down", 400;
    /// RFC 8628 §3.5.
    ExpiredToken = "expired_token", 400;
    /// RFC 7591 §3.2.2.
    InvalidRedirectUri = "invalid_redirect_uri", 400;
    /// RFC 7591 §3.2.2.
    InvalidClientMetadata = "invalid_client_metadata", 400;
    /// RFC 6750 §3.1.
    InvalidToken = "invalid_token", 401;
    /// RFC 6750 §3.1.
    InsufficientScope = "insufficient_scope", 403;
    /// Not an OAuth error: a form or page is not this browser's (RFC 9110 §15.5.4).
    Forbidden = "forbidden", 403;
    /// Not an OAuth error: the path exists, the method does not (RFC 9110 §15.5.6).
    MethodNotAllowed = "method_not_allowed", 405;
    /// Not an OAuth error: no such path (RFC 9110 §15.5.5).
    NotFound = "not_found", 404;
    /// Not an OAuth error: the body is larger than the limit (RFC 9110 §15.5.14).
    ContentTooLarge = "content_too_large", 413;
    /// Not an OAuth error: the body is no form (RFC 9110 §15.5.16).
    UnsupportedMediaType = "unsupported_media_type", 415;
    /// Not an OAuth error: too many attempts (RFC 6585 §4); carries `Retry-After`.
    TooManyRequests = "too_many_requests", 429;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_finds_its_code_again_and_no_two_share_one() {
        for code in ErrorCode::ALL {
            assert_eq!(ErrorCode::from_wire(code.wire()), Some(*code));
            assert!((400..=503).contains(&code.status()));
            assert!(crate::text::is_error_text(code.wire()));
        }
        assert_eq!(ErrorCode::from_wire("INVALID_GRANT"), None);
        assert_eq!(ErrorCode::from_wire(""), None);
    }
}
