//! Contexts of the token endpoint's hooks (RFC 6749 §3.2).

use super::{Cx, context};
use crate::abi::part;
use crate::members::Members;

context! {
    /// `access_token_validation`: the client is authenticated and the grant holds; a plugin may still deny.
    TokenCx: Cx
}

context! {
    /// `access_token_response`: the answer is composed; a plugin may change it before it goes out (RFC 6749 §5.1).
    TokenResponseCx: TokenCx
}

impl TokenCx {
    /// The client's identifier.
    pub fn client_id(&self) -> &str {
        self.fact("client_id").unwrap_or_default()
    }

    /// `authorization_code`, `refresh_token` and so on.
    pub fn grant_type(&self) -> &str {
        self.fact("grant_type").unwrap_or_default()
    }

    /// Whose grant it is; `None` where the client acts for itself.
    pub fn subject(&self) -> Option<&str> {
        self.fact("subject")
    }

    /// The scopes of the token.
    pub fn scopes(&self) -> impl Iterator<Item = &str> {
        self.fact("scope").unwrap_or_default().split_ascii_whitespace()
    }

    /// A parameter of the token request; secrets, codes and tokens are not among them.
    pub fn form(&self, name: &str) -> Option<&str> {
        self.text(part::FORM, name)
    }

    /// This plugin's data that came with the grant. At most 4 KiB.
    pub fn data(&mut self) -> Members<'_> {
        Members::new(&mut self.call, part::DATA, "data")
    }
}

impl TokenResponseCx {
    /// Members of the token response. `access_token`, `token_type`, `refresh_token`, `id_token`, `scope` and `error…` are
    /// read-only, `expires_in` may be removed, all else is free up to 16 KiB.
    pub fn response(&mut self) -> Members<'_> {
        Members::new(&mut self.call, part::RESPONSE, "response member")
    }
}
