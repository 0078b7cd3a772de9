//! `deny`: how a plugin says no (RFC 6749 §4.1.2.1 and §5.2).

use keyhook_core::error::OAuthError;
use keyhook_core::error_code::ErrorCode;
use keyhook_plugin::abi;

use super::Call;
use crate::failure::DENIED;

/// Longest description that is kept.
const DESCRIPTION_CHARS: usize = 500;

/// What `deny` said.
pub(crate) struct Denial {
    code: Option<ErrorCode>,
    description: String,
    public: bool,
}

impl Denial {
    /// The text, for the log.
    pub(crate) fn text(&self) -> &str {
        &self.description
    }

    /// The error that the caller gets. A code that is not in the table is `server_error`; what the plugin said goes to the log, and
    /// to the caller only where it wanted that.
    pub(crate) fn into_error(self, plugin: &str) -> OAuthError {
        let cause = format!("plugin `{plugin}` denied: {}", self.description);
        let mut error = match self.code {
            Some(ErrorCode::TemporarilyUnavailable) => OAuthError::temporarily_unavailable(1),
            Some(ErrorCode::InvalidClient) => OAuthError::invalid_client(),
            Some(ErrorCode::InvalidGrant) => OAuthError::invalid_grant(),
            Some(ErrorCode::AccessDenied) => OAuthError::access_denied(),
            Some(ErrorCode::ServerError) | None => OAuthError::server_error(String::new()),
            Some(code) => OAuthError::new(code, "the request was refused"),
        };
        error.description = self.code.and_then(in_the_words_of_the_rfc).unwrap_or(error.description);
        let error = error.with_cause(cause).with_kh(DENIED);
        if self.public { error.with_public(self.description) } else { error }
    }
}

/// What a client hears of a denial whose description is not public: the sentences of RFC 6749 §4.1.2.1.
const fn in_the_words_of_the_rfc(code: ErrorCode) -> Option<&'static str> {
    match code {
        ErrorCode::UnauthorizedClient => Some("The client is not authorized to request an authorization code using this method"),
        ErrorCode::AccessDenied => Some("The resource owner or authorization server denied the request"),
        ErrorCode::InvalidScope => Some("The requested scope is invalid, unknown, or malformed"),
        ErrorCode::TemporarilyUnavailable => Some("The authorization server is currently unable to handle the request"),
        ErrorCode::ServerError => {
            Some("The authorization server encountered an unexpected condition which prevented it from fulfilling the request")
        }
        _ => None,
    }
}

impl Call {
    /// Notes how the call is denied.
    pub(crate) fn deny(&mut self, code: &str, description: &str, public: bool) -> Result<(), i32> {
        if self.only_watches() {
            return Err(abi::NOT_PERMITTED);
        }
        let description = description.chars().filter(|character| !character.is_control()).take(DESCRIPTION_CHARS).collect();
        self.denial = Some(Box::new(Denial { code: ErrorCode::from_wire(code), description, public }));
        self.changed();
        Ok(())
    }
}
