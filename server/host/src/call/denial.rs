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
        let error = match self.code {
            Some(ErrorCode::TemporarilyUnavailable) => OAuthError::temporarily_unavailable(1),
            Some(ErrorCode::InvalidClient) => OAuthError::invalid_client(),
            Some(ErrorCode::InvalidGrant) => OAuthError::invalid_grant(),
            Some(ErrorCode::AccessDenied) => OAuthError::access_denied(),
            Some(ErrorCode::ServerError) | None => OAuthError::server_error(String::new()),
            Some(code) => OAuthError::new(code, "the request was refused"),
        };
        let error = error.with_cause(cause).with_kh(DENIED);
        if self.public { error.with_public(self.description) } else { error }
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
