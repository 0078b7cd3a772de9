//! Consumers of OAuth 1.0a: registered with a secret that is known, and what they sign (RFC 5849 §3).

use keyhook_core::client::{Client, Consumer};
use keyhook_core::oauth1::signature::{SignatureMethod, SigningKey, named};
use keyhook_core::oauth1::{SignedRequest, Signer};

use crate::http::{Answer, encode_form};
use crate::local::{Local, REDIRECT_URI, shop};
use crate::signing;

/// What every consumer signs with.
pub const SHARED: &str = "what the consumers of the tests sign with";

/// Registers a consumer, with its secret sealed as the server seals it. `methods` is its own list; empty is the server's.
pub fn register(local: &Local, id: &str, methods: &[&str]) {
    let methods = methods.iter().map(|method| (*method).to_owned()).collect();
    let signs = Some(Consumer { methods, ..Consumer::default() });
    signing::register(local, Client { oauth1: signs, secrets: Vec::new(), ..shop(id) }, SHARED);
}

/// A POST, and how it is signed.
#[derive(Clone, Copy)]
pub struct By<'a> {
    /// Where to.
    pub path: &'a str,
    /// `oauth_consumer_key`.
    pub consumer: &'a str,
    /// The consumer's secret.
    pub secret: &'a str,
    /// `oauth_signature_method`.
    pub method: &'a dyn SignatureMethod,
    /// `oauth_token` and its secret.
    pub token: Option<(&'a str, &'a str)>,
    /// `oauth_verifier`.
    pub verifier: Option<&'a str>,
    /// `oauth_nonce`.
    pub nonce: &'a str,
    /// The body.
    pub form: &'a [(&'a str, &'a str)],
}

/// A request for temporary credentials, signed by HMAC-SHA1.
pub fn by<'a>(consumer: &'a str, nonce: &'a str) -> By<'a> {
    let method = named("HMAC-SHA1").unwrap();
    By { path: "/oauth/request_token", consumer, secret: SHARED, method, token: None, verifier: None, nonce, form: &[] }
}

impl By<'_> {
    /// The value of its `Authorization` header on a server.
    pub fn authorization(&self, local: &Local) -> String {
        let (host, body) = (format!("localhost:{}", local.port), encode_form(self.form));
        let signer = Signer {
            consumer_key: self.consumer,
            token: self.token.map(|(token, _)| token),
            key: SigningKey::shared(self.secret, self.token.map_or("", |(_, secret)| secret)),
            method: self.method,
            timestamp: u64::try_from(local.clock.seconds()).unwrap(),
            nonce: self.nonce,
            callback: self.token.is_none().then_some(REDIRECT_URI),
            verifier: self.verifier,
            body_hash: false,
        };
        let over = SignedRequest {
            method: "POST",
            scheme: "http",
            authority: &host,
            path: self.path,
            query: None,
            authorization: None,
            form_body: Some(body.as_bytes()),
            body_other: None,
        };
        signer.sign(&over).unwrap().authorization(None).into_inner()
    }

    /// Sends it.
    pub fn send(&self, local: &Local) -> Answer {
        local.client().post_with(self.path, &[("authorization", &self.authorization(local))], self.form)
    }
}
