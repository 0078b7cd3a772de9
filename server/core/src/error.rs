//! The one error of a refused request: what the client is told, and what only the operator reads.

use std::fmt;

use serde_json::json;

pub use crate::error_code::ErrorCode;
use crate::{kh, text};

/// A refused request (RFC 6749 §4.1.2.1 and §5.2).
///
/// `description` is static, so nothing that came with a request travels back in it. Two errors that a caller must not
/// tell apart differ in `kh` and `cause` only, which go to the log.
#[derive(Clone, Debug)]
pub struct OAuthError {
    /// The `error`.
    pub code: ErrorCode,
    /// The `error_description`, written by us.
    pub description: &'static str,
    /// Replaces `description` on the wire if it keeps to the characters of RFC 6749 §5.2.
    pub public: Option<String>,
    /// Whether the answer carries `WWW-Authenticate`: on every 401.
    pub challenge: bool,
    /// The operator's code, such as `KH0207`, or empty.
    pub kh: &'static str,
    /// What happened, for the log only; never a secret.
    pub cause: Option<String>,
    /// Seconds for the `Retry-After` header.
    pub retry_after: Option<u32>,
}

impl OAuthError {
    /// An error with our own, static description.
    pub fn new(code: ErrorCode, description: &'static str) -> Self {
        let challenge = code.status() == 401;
        Self { code, description, public: None, challenge, kh: "", cause: None, retry_after: None }
    }

    /// Adds what the operator reads in the log. Never a secret.
    #[must_use]
    pub fn with_cause(mut self, cause: impl Into<String>) -> Self {
        self.cause = Some(cause.into());
        self
    }

    /// Adds the operator's code.
    #[must_use]
    pub fn with_kh(mut self, kh: &'static str) -> Self {
        self.kh = kh;
        self
    }

    /// Replaces the description on the wire, if `public` keeps to the characters of RFC 6749 §5.2; otherwise the
    /// static one stays.
    #[must_use]
    pub fn with_public(mut self, public: impl Into<String>) -> Self {
        let public = public.into();
        self.public = text::is_error_text(&public).then_some(public);
        self
    }

    /// The request is malformed (400).
    pub fn invalid_request(description: &'static str) -> Self {
        Self::new(ErrorCode::InvalidRequest, description)
    }

    /// The client is unknown, disabled, or did not prove itself (401). The one constructor for all of these causes, so
    /// that a caller cannot tell them apart; tell the operator with [`OAuthError::with_kh`].
    pub fn invalid_client() -> Self {
        Self::new(ErrorCode::InvalidClient, "client authentication failed")
    }

    /// The code or refresh token is unknown, expired, spent, revoked, or another client's (400). The one constructor
    /// for all of these causes.
    pub fn invalid_grant() -> Self {
        Self::new(ErrorCode::InvalidGrant, "the grant is invalid, expired, revoked or was issued to another client")
    }

    /// The requested scope cannot be granted (400).
    pub fn invalid_scope(description: &'static str) -> Self {
        Self::new(ErrorCode::InvalidScope, description)
    }

    /// This client may not do that (400).
    pub fn unauthorized_client(description: &'static str) -> Self {
        Self::new(ErrorCode::UnauthorizedClient, description).with_kh(kh::CLIENT_NOT_ALLOWED)
    }

    /// No such grant type is installed (400).
    pub fn unsupported_grant_type() -> Self {
        Self::new(ErrorCode::UnsupportedGrantType, "this grant_type is not supported").with_kh(kh::GRANT_TYPE)
    }

    /// The user said no.
    pub fn access_denied() -> Self {
        Self::new(ErrorCode::AccessDenied, "the request was denied").with_kh(kh::ACCESS_DENIED)
    }

    /// Something failed inside; `cause` is for the log (500).
    pub fn server_error(cause: impl Into<String>) -> Self {
        Self::new(ErrorCode::ServerError, "the server met an unexpected condition").with_cause(cause).with_kh(kh::SERVER_ERROR)
    }

    /// The server cannot answer now, but may in `retry_after_s` seconds (503).
    pub fn temporarily_unavailable(retry_after_s: u32) -> Self {
        let mut error =
            Self::new(ErrorCode::TemporarilyUnavailable, "the server cannot answer now, try again later").with_kh(kh::UNAVAILABLE);
        error.retry_after = Some(retry_after_s);
        error
    }

    /// The HTTP status of a direct answer.
    pub const fn status(&self) -> u16 {
        self.code.status()
    }

    /// The `error_description` for the wire: `public` where it is fit to be sent, else `description`.
    pub fn wire_description(&self) -> &str {
        // `public` is a public field, so it is checked again at the exit.
        self.public.as_deref().filter(|public| text::is_error_text(public)).unwrap_or(self.description)
    }

    /// The JSON body of a direct answer (RFC 6749 §5.2).
    pub fn json(&self) -> Vec<u8> {
        let description = self.wire_description();
        let body = if description.is_empty() {
            json!({ "error": self.code.wire() })
        } else {
            json!({ "error": self.code.wire(), "error_description": description })
        };
        body.to_string().into_bytes()
    }

    /// The body for a developer, in `dev` only: [`OAuthError::json`] with members that clients ignore (RFC 6749 §5.2 with §5.1),
    /// `kh_code`, `request_id` and `explain`. They tell causes apart that a client in production must not tell apart.
    pub fn json_explained(&self, request_id: &str) -> Vec<u8> {
        let mut body = json!({ "error": self.code.wire(), "error_description": self.wire_description(), "request_id": request_id });
        if !self.kh.is_empty() {
            body["kh_code"] = self.kh.into();
            body["explain"] = format!("keyhook explain {}", self.kh).into();
        }
        body.to_string().into_bytes()
    }

    /// The value of `WWW-Authenticate`, if this answer carries one: Basic for `invalid_client` (RFC 6749 §5.2), Bearer
    /// for what RFC 6750 §3 defines.
    pub fn www_authenticate(&self, realm: &str) -> Option<String> {
        let realm = text::quoted(realm);
        match self.code {
            ErrorCode::InvalidClient => Some(format!("Basic realm={realm}, charset=\"UTF-8\"")),
            ErrorCode::InvalidToken | ErrorCode::InsufficientScope => Some(format!(
                "Bearer realm={realm}, error=\"{}\", error_description={}",
                self.code.wire(),
                text::quoted(self.wire_description())
            )),
            _ if self.challenge => Some(format!("Bearer realm={realm}")),
            _ => None,
        }
    }
}

impl fmt::Display for OAuthError {
    /// For logs: code, description, operator's code and cause.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.kh.is_empty() {
            write!(f, "[{}] ", self.kh)?;
        }
        write!(f, "{}: {}", self.code.wire(), self.wire_description())?;
        self.cause.as_ref().map_or(Ok(()), |cause| write!(f, " ({cause})"))
    }
}

impl std::error::Error for OAuthError {}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test may fail by panicking")]
    use super::*;

    /// RFC 6749 §5.2.
    #[test]
    fn the_body_names_error_and_description_and_never_the_cause() {
        let error = OAuthError::invalid_grant().with_cause("client `shop`, code 7").with_kh(kh::CODE_EXPIRED);
        let body: serde_json::Value = serde_json::from_slice(&error.json()).unwrap();
        assert_eq!(body["error"], "invalid_grant");
        assert_eq!(body.as_object().unwrap().len(), 2);
        assert!(!body.to_string().contains("shop"));
        assert!(error.to_string().contains("[KH0231]") && error.to_string().contains("code 7"));
    }

    #[test]
    fn a_developer_gets_the_code_and_the_request_and_not_the_cause() {
        let error = OAuthError::invalid_grant().with_cause("client `shop`, code 7").with_kh(kh::CODE_EXPIRED);
        let body: serde_json::Value = serde_json::from_slice(&error.json_explained("r1")).unwrap();
        let told = ["error", "kh_code", "request_id", "explain"].map(|name| body[name].as_str().unwrap());
        assert_eq!(told, ["invalid_grant", "KH0231", "r1", "keyhook explain KH0231"]);
        assert!(!body.to_string().contains("shop"));
    }

    /// RFC 6749 §5.2: %x20-21 / %x23-5B / %x5D-7E.
    #[test]
    fn a_public_description_with_other_characters_is_not_sent() {
        for wrong in ["say \"hi\"", "a\\b", "line\nbreak", "\u{1b}[31m", ""] {
            let mut error = OAuthError::access_denied().with_public(wrong);
            assert_eq!(error.wire_description(), "the request was denied");
            error.public = Some(wrong.to_owned());
            assert_eq!(error.wire_description(), "the request was denied");
        }
        assert_eq!(OAuthError::access_denied().with_public("tenant closed").wire_description(), "tenant closed");
    }

    /// RFC 9110 §15.5.2: a 401 answer MUST carry `WWW-Authenticate`.
    #[test]
    fn every_401_has_a_challenge() {
        for code in ErrorCode::ALL {
            let error = OAuthError::new(*code, "x");
            assert_eq!(error.challenge, code.status() == 401);
            if code.status() == 401 {
                assert!(text::is_header_value(&error.www_authenticate("a\"b\r\nc").unwrap()));
            }
        }
        assert_eq!(OAuthError::invalid_client().www_authenticate("keyhook").unwrap(), "Basic realm=\"keyhook\", charset=\"UTF-8\"");
    }

    /// RFC 6750 §3.1.
    #[test]
    fn the_challenge_of_a_bearer_token_names_the_error() {
        let error = OAuthError::new(ErrorCode::InsufficientScope, "x");
        let challenge = error.www_authenticate("api").unwrap();
        assert!(challenge.starts_with("Bearer realm=\"api\", error=\"insufficient_scope\", error_description=\""), "{challenge}");
        assert_eq!(error.status(), 403);
        assert_eq!(OAuthError::invalid_grant().www_authenticate("api"), None);
    }

    #[test]
    fn being_unavailable_says_when_to_come_back() {
        assert_eq!(OAuthError::temporarily_unavailable(3).retry_after, Some(3));
    }

    /// RFC 6749 §5.2 and §4.1.2.1.
    #[test]
    fn each_refusal_has_its_code_its_status_and_its_number() {
        for (error, wire, status, number) in [
            (OAuthError::unsupported_grant_type(), "unsupported_grant_type", 400, kh::GRANT_TYPE),
            (OAuthError::unauthorized_client("x"), "unauthorized_client", 400, kh::CLIENT_NOT_ALLOWED),
            (OAuthError::access_denied(), "access_denied", 400, kh::ACCESS_DENIED),
            (OAuthError::server_error("the disk is full"), "server_error", 500, kh::SERVER_ERROR),
        ] {
            assert_eq!((error.code.wire(), error.status(), error.kh), (wire, status, number));
        }
    }

    #[test]
    fn the_cause_is_for_the_log_and_in_no_answer() {
        let error = OAuthError::server_error("the disk is full");
        assert_eq!(
            error.to_string(),
            format!("[{}] server_error: the server met an unexpected condition (the disk is full)", kh::SERVER_ERROR)
        );
        assert!(!String::from_utf8(error.json()).unwrap().contains("disk"));
        assert_eq!(OAuthError::new(ErrorCode::InvalidRequest, "x").to_string(), "invalid_request: x");
    }

    #[test]
    fn an_error_without_a_description_has_no_such_member() {
        let body: serde_json::Value = serde_json::from_slice(&OAuthError::new(ErrorCode::InvalidRequest, "").json()).unwrap();
        assert_eq!(body, serde_json::json!({ "error": "invalid_request" }));
    }

    /// RFC 6750 §3: a request without any authentication gets a challenge without an error.
    #[test]
    fn who_sent_no_credentials_is_asked_for_them_and_told_no_error() {
        let error = OAuthError { challenge: true, ..OAuthError::new(ErrorCode::InvalidRequest, "x") };
        assert_eq!(error.www_authenticate("api").unwrap(), "Bearer realm=\"api\"");
    }
}
