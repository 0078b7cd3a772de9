//! Refusals of OAuth 1.0a: the problem by its name, the status of RFC 5849 §3.2, and never a base string (OAuth Problem Reporting).

use std::fmt;

use super::encoding::encode;
use crate::{kh, text};

/// What is wrong, under the names of the OAuth Problem Reporting extension.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Problem {
    /// `oauth_version` is not 1.0.
    VersionRejected,
    /// A parameter that has to be there is not.
    ParameterAbsent,
    /// A parameter is malformed, came twice, or is not supported.
    ParameterRejected,
    /// The timestamp is outside the window.
    TimestampRefused,
    /// The nonce was used with this timestamp, consumer and token before.
    NonceUsed,
    /// The signature method is not offered, or not allowed to this consumer or on this connection.
    SignatureMethodRejected,
    /// The consumer, the token or the signature is not valid: one problem for all three.
    SignatureInvalid,
    /// The consumer is temporarily refused. Only to one that has proven itself.
    ConsumerKeyRefused,
    /// The consumer is refused for good. Only to one that has proven itself.
    ConsumerKeyRejected,
    /// The token was exchanged before. Only to its consumer.
    TokenUsed,
    /// The token has expired. Only to its consumer.
    TokenExpired,
    /// The token was revoked. Only to its consumer.
    TokenRevoked,
    /// The token is not what this endpoint takes. Only to its consumer.
    TokenRejected,
    /// The verifier is missing or wrong.
    VerifierInvalid,
    /// The user has not decided yet.
    PermissionUnknown,
    /// The user, or a plugin on the user's behalf, said no.
    PermissionDenied,
    /// The user has to agree to more.
    AdditionalAuthorizationRequired,
}

impl Problem {
    /// Every problem.
    pub const ALL: [Self; 17] = [
        Self::VersionRejected,
        Self::ParameterAbsent,
        Self::ParameterRejected,
        Self::TimestampRefused,
        Self::NonceUsed,
        Self::SignatureMethodRejected,
        Self::SignatureInvalid,
        Self::ConsumerKeyRefused,
        Self::ConsumerKeyRejected,
        Self::TokenUsed,
        Self::TokenExpired,
        Self::TokenRevoked,
        Self::TokenRejected,
        Self::VerifierInvalid,
        Self::PermissionUnknown,
        Self::PermissionDenied,
        Self::AdditionalAuthorizationRequired,
    ];

    /// The value of `oauth_problem`, and the status: 400 for what is malformed or not supported, 401 for credentials, tokens,
    /// signatures and nonces (RFC 5849 §3.2).
    const fn row(self) -> (&'static str, u16) {
        match self {
            Self::VersionRejected => ("version_rejected", 400),
            Self::ParameterAbsent => ("parameter_absent", 400),
            Self::ParameterRejected => ("parameter_rejected", 400),
            Self::TimestampRefused => ("timestamp_refused", 401),
            Self::NonceUsed => ("nonce_used", 401),
            Self::SignatureMethodRejected => ("signature_method_rejected", 400),
            Self::SignatureInvalid => ("signature_invalid", 401),
            Self::ConsumerKeyRefused => ("consumer_key_refused", 401),
            Self::ConsumerKeyRejected => ("consumer_key_rejected", 401),
            Self::TokenUsed => ("token_used", 401),
            Self::TokenExpired => ("token_expired", 401),
            Self::TokenRevoked => ("token_revoked", 401),
            Self::TokenRejected => ("token_rejected", 401),
            Self::VerifierInvalid => ("verifier_invalid", 401),
            Self::PermissionUnknown => ("permission_unknown", 401),
            Self::PermissionDenied => ("permission_denied", 401),
            Self::AdditionalAuthorizationRequired => ("additional_authorization_required", 401),
        }
    }

    /// The value of `oauth_problem`.
    pub const fn wire(self) -> &'static str {
        self.row().0
    }

    /// The HTTP status.
    pub const fn status(self) -> u16 {
        self.row().1
    }
}

/// A refused request of OAuth 1.0a.
///
/// `description` is static and `parameter` is a name of ours, so nothing that came with a request travels back. Causes that must not be
/// told apart share one constructor and differ in `kh` and `cause` only, which go to the log.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Oauth1Error {
    /// `oauth_problem`.
    pub problem: Problem,
    /// `oauth_problem_advice`, written by us.
    pub description: &'static str,
    /// The parameter in question, where it is one.
    pub parameter: Option<&'static str>,
    /// The first and the last second that a timestamp may name now, where that is the problem.
    pub acceptable_timestamps: Option<(u64, u64)>,
    /// The operator's code.
    pub kh: &'static str,
    /// What happened, for the log only; never a secret, never a base string.
    pub cause: Option<String>,
}

impl Oauth1Error {
    /// A refusal with our own, static description.
    pub const fn new(problem: Problem, description: &'static str) -> Self {
        Self { problem, description, parameter: None, acceptable_timestamps: None, kh: "", cause: None }
    }

    /// A parameter that has to be there is absent or empty (400).
    pub fn absent(parameter: &'static str) -> Self {
        Self { parameter: Some(parameter), ..Self::new(Problem::ParameterAbsent, "a required parameter is missing") }
            .with_kh(kh::OAUTH1_PARAMETERS)
    }

    /// A parameter is not what it may be (400).
    pub fn rejected(parameter: &'static str, description: &'static str) -> Self {
        Self { parameter: Some(parameter), ..Self::new(Problem::ParameterRejected, description) }.with_kh(kh::OAUTH1_PARAMETERS)
    }

    /// The consumer or the token is unknown, or the signature is not theirs (401). The one constructor for all of these, so that a caller
    /// cannot tell them apart; tell the operator with [`Oauth1Error::with_kh`] and [`Oauth1Error::with_cause`].
    pub fn unverified() -> Self {
        Self::new(Problem::SignatureInvalid, "the consumer, the token or the signature is not valid").with_kh(kh::OAUTH1_SIGNATURE)
    }

    /// The nonce was recorded before (401).
    pub fn nonce_used() -> Self {
        Self::new(Problem::NonceUsed, "this nonce was used with this timestamp before").with_kh(kh::OAUTH1_NONCE)
    }

    /// Adds the operator's code.
    #[must_use]
    pub const fn with_kh(mut self, kh: &'static str) -> Self {
        self.kh = kh;
        self
    }

    /// Adds what the operator reads in the log. Never a secret.
    #[must_use]
    pub fn with_cause(mut self, cause: impl Into<String>) -> Self {
        self.cause = Some(cause.into());
        self
    }

    /// The HTTP status.
    pub const fn status(&self) -> u16 {
        self.problem.status()
    }

    /// The value of `WWW-Authenticate`, on every 401 (RFC 5849 §3.2, RFC 9110 §15.5.2).
    pub fn www_authenticate(&self, realm: &str) -> Option<String> {
        (self.status() == 401).then(|| challenge(realm))
    }

    /// The body, `application/x-www-form-urlencoded`: `oauth_problem`, what the extension has for it, `oauth_problem_advice`.
    pub fn form(&self) -> String {
        let mut body = format!("oauth_problem={}", self.problem.wire());
        if let Some(parameter) = self.parameter {
            let list = if self.problem == Problem::ParameterAbsent { "absent" } else { "rejected" };
            for piece in ["&oauth_parameters_", list, "=", parameter] {
                body.push_str(piece);
            }
        }
        if let Some((first, last)) = self.acceptable_timestamps {
            for piece in ["&oauth_acceptable_timestamps=", &first.to_string(), "-", &last.to_string()] {
                body.push_str(piece);
            }
        }
        if self.problem == Problem::VersionRejected {
            body.push_str("&oauth_acceptable_versions=1.0-1.0");
        }
        body.push_str("&oauth_problem_advice=");
        body.push_str(&encode(self.description));
        body
    }
}

/// The challenge of a protected area: `OAuth realm="…"` (RFC 5849 §3.5.1, RFC 9110 §11.6.1).
pub fn challenge(realm: &str) -> String {
    format!("OAuth realm={}", text::quoted(realm))
}

impl fmt::Display for Oauth1Error {
    /// For logs: the operator's code, problem, description and cause.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.kh.is_empty() {
            write!(f, "[{}] ", self.kh)?;
        }
        write!(f, "{}: {}", self.problem.wire(), self.description)?;
        if let Some(parameter) = self.parameter {
            write!(f, " ({parameter})")?;
        }
        self.cause.as_ref().map_or(Ok(()), |cause| write!(f, " ({cause})"))
    }
}

impl std::error::Error for Oauth1Error {}
