//! The authorization server metadata document (RFC 8414 §2).

use serde::Serialize;
use serde_json::{Map, Value};

pub use crate::issuer::{Issuer, IssuerError};

/// The document as it grows: each part of the server adds what it offers.
#[derive(Clone, Debug, Serialize)]
#[serde(transparent)]
pub struct Metadata(Map<String, Value>);

impl Metadata {
    /// A document with `issuer` and what the core itself decides: PKCE with S256 (RFC 7636), `iss` in responses (RFC 9207).
    pub fn new(issuer: &Issuer) -> Self {
        let mut document = Self(Map::new());
        document.text("issuer", issuer.as_str());
        document.list("response_types_supported", ["code"]);
        document.list("response_modes_supported", ["query"]);
        document.list("code_challenge_methods_supported", ["S256"]);
        document.flag("authorization_response_iss_parameter_supported", true);
        document
    }

    /// Sets a member that is a URL of one of our endpoints.
    pub fn endpoint(&mut self, name: &str, issuer: &Issuer, path: &str) -> &mut Self {
        self.text(name, &issuer.endpoint(path))
    }

    /// Sets a string member.
    pub fn text(&mut self, name: &str, value: &str) -> &mut Self {
        self.0.insert(name.to_owned(), value.into());
        self
    }

    /// Sets a boolean member.
    pub fn flag(&mut self, name: &str, value: bool) -> &mut Self {
        self.0.insert(name.to_owned(), value.into());
        self
    }

    /// Adds values to a member that is a list, keeping what is there and dropping repetitions.
    ///
    /// Without values nothing happens: claims with zero elements MUST be omitted (RFC 8414 §3.2).
    pub fn list<'a>(&mut self, name: &str, values: impl IntoIterator<Item = &'a str>) -> &mut Self {
        let mut all = match self.0.remove(name) {
            Some(Value::Array(all)) => all,
            _ => Vec::new(),
        };
        for value in values {
            if !all.iter().any(|known| known == value) {
                all.push(value.into());
            }
        }
        if !all.is_empty() {
            self.0.insert(name.to_owned(), Value::Array(all));
        }
        self
    }

    /// Whether a member is set.
    pub fn contains(&self, name: &str) -> bool {
        self.0.contains_key(name)
    }

    /// The members.
    pub const fn members(&self) -> &Map<String, Value> {
        &self.0
    }

    /// The JSON body.
    pub fn json(&self) -> Vec<u8> {
        Value::Object(self.0.clone()).to_string().into_bytes()
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test may fail by panicking")]
    use super::*;

    /// RFC 8414 §2 and §3.2.
    #[test]
    fn the_document_names_the_issuer_and_omits_empty_lists() {
        let issuer = Issuer::parse("https://id.example/a").unwrap();
        let mut document = Metadata::new(&issuer);
        document
            .endpoint("token_endpoint", &issuer, "/token")
            .list("grant_types_supported", ["refresh_token", "refresh_token"])
            .list("grant_types_supported", ["authorization_code"])
            .list("scopes_supported", []);
        let json: Value = serde_json::from_slice(&document.json()).unwrap();
        assert_eq!(json["issuer"], "https://id.example/a");
        assert_eq!(json["token_endpoint"], "https://id.example/a/token");
        assert_eq!(json["grant_types_supported"], serde_json::json!(["refresh_token", "authorization_code"]));
        assert_eq!(json["code_challenge_methods_supported"], serde_json::json!(["S256"]));
        assert!(!document.contains("scopes_supported"));
    }

    #[test]
    fn the_members_are_those_of_the_body() {
        let document = Metadata::new(&Issuer::parse("https://id.example").unwrap());
        assert_eq!(serde_json::from_slice::<Value>(&document.json()).unwrap(), Value::Object(document.members().clone()));
    }
}
