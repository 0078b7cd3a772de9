//! A consumer of OAuth 1.0a that signs whatever a test makes of a request (RFC 5849 §3).

use std::hash::BuildHasher as _;

use keyhook_component::batch::{Applied, Batch};
use keyhook_component::record::Key;
use keyhook_component::records::{ClientBody, SharedSecret, Stored};
use keyhook_core::client::{AuthMethod, Client as Registration, Consumer as Keys};
use keyhook_core::oauth1::{BaseString, Parameters, SignedRequest, SigningKey, signature};
use keyhook_core::secret::Secret;
use keyhook_core::time::Timestamp;

use crate::http::{Answer, Client, decode, encode};
use crate::local::Local;

/// Who signs, and with which token.
#[derive(Clone, Debug)]
pub struct Consumer {
    /// The consumer key.
    pub id: String,
    /// The consumer's secret.
    pub secret: String,
    /// The token and its secret, or nothing twice.
    pub token: (String, String),
}

/// Where the protocol parameters travel (RFC 5849 §3.5).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// In the `Authorization` header.
    Header,
    /// In the form.
    Body,
    /// In the query.
    Query,
}

/// A request to be signed.
#[derive(Clone, Debug)]
pub struct Draft {
    key: (String, String),
    method: String,
    path: String,
    form: Option<String>,
    parameters: Vec<(String, String)>,
}

/// Registers a client as a consumer whose secret is `secret`.
///
/// # Panics
/// When there is a client of this id.
pub fn register(local: &Local, mut client: Registration, secret: &str) -> Consumer {
    let context = local.context();
    let key = Key::named(&client.id);
    let shared = Secret::new(secret.to_owned());
    let sealed = SharedSecret::Client(&client.id).seal(&shared, &context.sealer, &*context.random).unwrap();
    client.oauth1 = Some(Keys { secrets: vec![sealed], ..client.oauth1.unwrap_or_default() });
    if client.secrets.is_empty() {
        client.auth_method = AuthMethod::Signature;
    }
    client.validate().unwrap();
    let id = client.id.clone();
    let insert = Stored::new(key, Timestamp::MAX, ClientBody(std::sync::Arc::new(client))).insert().unwrap();
    assert_eq!(local.wait(context.records.apply(Batch::new().with(insert))).unwrap(), Applied::Applied);
    Consumer { id, secret: secret.to_owned(), token: <_>::default() }
}

impl Consumer {
    /// The same consumer with credentials that an answer gave.
    ///
    /// # Panics
    /// When the answer gave none.
    #[must_use]
    pub fn given(&self, answer: &Answer) -> Consumer {
        let member = |name| field(answer, name).unwrap_or_else(|| panic!("{} {}", answer.status, answer.text()));
        Consumer { token: (member("oauth_token"), member("oauth_token_secret")), ..self.clone() }
    }

    /// A request at a path, by HMAC-SHA1, whose every parameter can still be changed.
    ///
    /// # Panics
    /// When there is no randomness.
    pub fn draft(&self, method: &str, path: &str, now: i64) -> Draft {
        let nonce = format!("{:x}", std::collections::hash_map::RandomState::new().hash_one(path));
        let all = [
            ("oauth_consumer_key", self.id.clone()),
            ("oauth_token", self.token.0.clone()),
            ("oauth_signature_method", "HMAC-SHA1".to_owned()),
            ("oauth_timestamp", now.to_string()),
            ("oauth_nonce", nonce),
            ("oauth_version", "1.0".to_owned()),
        ];
        let parameters = all.into_iter().filter(|(_, value)| !value.is_empty()).map(|(name, value)| (name.to_owned(), value)).collect();
        let key = (self.secret.clone(), self.token.1.clone());
        Draft { key, method: method.to_owned(), path: path.to_owned(), form: None, parameters }
    }
}

impl Draft {
    /// With a protocol parameter, or another value of it.
    #[must_use]
    pub fn with(self, name: &str, value: &str) -> Draft {
        let mut draft = self.without(name);
        draft.parameters.push((name.to_owned(), value.to_owned()));
        draft
    }

    /// Without one.
    #[must_use]
    pub fn without(mut self, name: &str) -> Draft {
        self.parameters.retain(|(known, _)| known != name);
        self
    }

    /// With a form, encoded.
    #[must_use]
    pub fn form(mut self, form: &str) -> Draft {
        self.form = Some(form.to_owned());
        self
    }

    /// The URI that is signed.
    pub fn uri(&self, host: &str) -> String {
        format!("http://{host}{}", self.path)
    }

    /// The `Authorization` header.
    pub fn authorization(&self, host: &str) -> String {
        header(&self.signed(host))
    }

    /// Sends it.
    pub fn send(&self, client: &mut Client, place: Place) -> Answer {
        let signed = self.signed(&client.host);
        let written = signed.iter().map(|(name, value)| format!("{}={}", encode(name), encode(value))).collect::<Vec<_>>().join("&");
        let (mut path, mut form, mut headers) = (self.path.clone(), self.form.clone(), Vec::new());
        let authorization = header(&signed);
        match place {
            Place::Header => headers.push(("authorization", authorization.as_str())),
            Place::Body => form = Some(form.map_or(written.clone(), |form| format!("{form}&{written}"))),
            Place::Query => path = format!("{path}{}{written}", if path.contains('?') { '&' } else { '?' }),
        }
        headers.extend(form.as_ref().map(|_| ("content-type", "application/x-www-form-urlencoded")));
        client.request(&self.method, &path, &headers, form.unwrap_or_default().as_bytes())
    }

    /// The parameters with their signature. Of a request that no signature can be computed for, the signature is wrong.
    fn signed(&self, host: &str) -> Vec<(String, String)> {
        let mut parameters = self.parameters.clone();
        parameters.retain(|(name, _)| name != "oauth_signature");
        let unsigned = parameters.len();
        parameters.push(("oauth_signature".to_owned(), "none".to_owned()));
        let authorization = header(&parameters);
        let (path, query) = self.path.split_once('?').map_or((self.path.as_str(), None), |(path, query)| (path, Some(query)));
        let request = SignedRequest {
            method: &self.method,
            scheme: "http",
            authority: host,
            path,
            query,
            authorization: Some(&authorization),
            form_body: self.form.as_deref().map(str::as_bytes),
            body_other: None,
        };
        let method = self.parameters.iter().find(|(name, _)| name == "oauth_signature_method").and_then(|(_, name)| signature::named(name));
        if let (Some(method), Ok(Some(read))) = (method, Parameters::collect(&request)) {
            let signature = method.sign(&BaseString::of(&request, &read), &SigningKey::shared(&self.key.0, &self.key.1));
            if let Some(signature) = signature {
                parameters[unsigned].1.clone_from(signature.expose());
            }
        }
        let forged = self.parameters.iter().find(|(name, _)| name == "oauth_signature");
        if let Some((_, forged)) = forged {
            parameters[unsigned].1.clone_from(forged);
        }
        parameters
    }
}

fn header(parameters: &[(String, String)]) -> String {
    let all: Vec<_> = parameters.iter().map(|(name, value)| format!("{}=\"{}\"", encode(name), encode(value))).collect();
    format!("OAuth realm=\"x\", {}", all.join(", "))
}

/// A member of a form-encoded answer.
pub fn field(answer: &Answer, name: &str) -> Option<String> {
    let text = answer.text();
    let found = text.split('&').filter_map(|pair| pair.split_once('=')).find(|(key, _)| decode(key) == name)?;
    Some(decode(found.1))
}
