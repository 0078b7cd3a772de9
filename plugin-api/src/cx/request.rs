//! The context of URL handlers.

use super::{Cx, context, utf8};
use crate::abi::part;
use crate::client::{NewClient, NewCredentials};
use crate::refused::Refused;

context! {
    /// A request to a handler's path, whole and in memory.
    RequestCx: Cx
}

impl RequestCx {
    /// Upper-case method.
    pub fn method(&self) -> &str {
        self.text(part::REQUEST, "method").unwrap_or_default()
    }

    /// The path as sent, without the query.
    pub fn path(&self) -> &str {
        self.text(part::REQUEST, "path").unwrap_or_default()
    }

    /// What `{name}` of the handler's path matched, decoded.
    pub fn path_parameter(&self, name: &str) -> Option<&str> {
        self.text(part::PATH, name)
    }

    /// The query as sent, without the `?`.
    pub fn query_string(&self) -> &str {
        self.text(part::REQUEST, "query").unwrap_or_default()
    }

    /// A query parameter, decoded.
    pub fn query(&self, name: &str) -> Option<&str> {
        self.text(part::QUERY, name)
    }

    /// All query parameters in order, decoded.
    pub fn query_pairs(&self) -> impl Iterator<Item = (&str, &str)> {
        self.pairs(part::QUERY)
    }

    /// A form field, decoded; none if the body is no `application/x-www-form-urlencoded`.
    pub fn form(&self, name: &str) -> Option<&str> {
        self.text(part::FORM, name)
    }

    /// All form fields in order, decoded.
    pub fn form_pairs(&self) -> impl Iterator<Item = (&str, &str)> {
        self.pairs(part::FORM)
    }

    /// All headers by lower-case name.
    pub fn headers(&self) -> impl Iterator<Item = (&str, &str)> {
        self.pairs(part::HEADER)
    }

    /// Registers a client of OAuth 1.0a, with the checks that operators get. Needs the capability `register_clients`, which nobody has
    /// who is not given it. Blocking: refused in `inline` handlers.
    ///
    /// # Errors
    /// [`Reason::BadArgument`](crate::Reason::BadArgument) for a client that is not consistent: no name, a callback that is none; the
    /// server's log has it.
    pub fn register_client(&mut self, client: &NewClient) -> Result<NewCredentials, Refused> {
        let wish = || "register a client".to_owned();
        let lent = self.call.register_client(&client.json()).map_err(|code| Refused::new(code, wish()))?;
        NewCredentials::read(utf8(lent.bytes, wish)?)
    }

    /// The body.
    pub fn body(&self) -> &[u8] {
        self.call.get(part::REQUEST, "body").map_or(&[], |lent| lent.bytes)
    }
}
