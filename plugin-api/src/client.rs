//! Clients that a URL handler registers, where the operator lets it.

use crate::json;
use crate::refused::Refused;

/// A client of OAuth 1.0a to be registered (RFC 5849 §1.1). The server makes its key and its secret.
///
/// ```
/// use keyhook_plugin::prelude::*;
///
/// #[handler(POST, "/register")]
/// fn register(cx: &mut RequestCx) -> Outcome {
///     let name = cx.form("name").unwrap_or_default().to_owned();
///     let made = cx.register_client(&NewClient::signing(name).callback("https://printer.example/ready"))?;
///     Respond::text(format!("{}\n{}\n", made.key(), made.secret()))
/// }
/// # fn main() {}
/// ```
#[derive(Debug, Clone)]
#[must_use = "register it"]
pub struct NewClient {
    name: String,
    callbacks: Vec<String>,
    scope: String,
    methods: Vec<String>,
}

impl NewClient {
    /// A client that signs its requests. `name` is what people see when they are asked for their permission.
    pub fn signing(name: impl Into<String>) -> Self {
        Self { name: name.into(), callbacks: Vec::new(), scope: String::new(), methods: Vec::new() }
    }

    /// A URL that users may be sent back to. Without any, users carry a verifier (`oob`).
    pub fn callback(mut self, url: impl Into<String>) -> Self {
        self.callbacks.push(url.into());
        self
    }

    /// What it may do, with a user's permission and for itself; nothing if this is left out.
    pub fn scopes<S: AsRef<str>>(mut self, scopes: impl IntoIterator<Item = S>) -> Self {
        self.scope = scopes.into_iter().map(|scope| scope.as_ref().to_owned()).collect::<Vec<_>>().join(" ");
        self
    }

    /// A signature method that it may use; all that the server offers if there is none.
    pub fn signature_method(mut self, name: impl Into<String>) -> Self {
        self.methods.push(name.into());
        self
    }

    /// What crosses the border.
    pub(crate) fn json(&self) -> String {
        let list = |items: &[String]| items.iter().map(|item| json::quote(item)).collect::<Vec<_>>().join(",");
        format!(
            r#"{{"name":{},"callbacks":[{}],"scope":{},"signature_methods":[{}]}}"#,
            json::quote(&self.name),
            list(&self.callbacks),
            json::quote(&self.scope),
            list(&self.methods)
        )
    }
}

/// A client that was registered. Its secret is shown here and nowhere after.
#[derive(Clone)]
pub struct NewCredentials {
    key: String,
    secret: String,
}

impl NewCredentials {
    /// Reads what the server gave.
    pub(crate) fn read(answer: &str) -> Result<Self, Refused> {
        let member = |pointer| json::at(answer, pointer).and_then(json::text).map(std::borrow::Cow::into_owned);
        match (member("/key"), member("/secret")) {
            (Some(key), Some(secret)) => Ok(Self { key, secret }),
            _ => Err(Refused::new(crate::abi::HOST_FAULT, "read what was registered".to_owned())),
        }
    }

    /// The `client_id`, which is the `oauth_consumer_key`.
    pub fn key(&self) -> &str {
        &self.key
    }

    /// The shared secret.
    pub fn secret(&self) -> &str {
        &self.secret
    }
}

impl std::fmt::Debug for NewCredentials {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "NewCredentials({}, ***)", self.key)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_client_crosses_the_border_as_json_and_its_secret_does_not_show_itself() {
        let client = NewClient::signing("The \"Printer\"").callback("https://a/").scopes(["read", "write"]).signature_method("HMAC-SHA1");
        let json = r#"{"name":"The \"Printer\"","callbacks":["https://a/"],"scope":"read write","signature_methods":["HMAC-SHA1"]}"#;
        assert_eq!(client.json(), json);
        let made = NewCredentials::read(r#"{"key":"k1","secret":"hush"}"#);
        assert_eq!(made.as_ref().map(|made| format!("{made:?} {}", made.secret())).ok().as_deref(), Some("NewCredentials(k1, ***) hush"));
        assert!(NewCredentials::read(r#"{"key":"k1"}"#).is_err());
    }
}
