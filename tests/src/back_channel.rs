//! What a confidential client says to the server without a browser: token, introspection and revocation requests.

use serde_json::Value;

use crate::http::{Answer, Client, basic};

/// A confidential client that authenticates with `client_secret_basic`.
#[derive(Clone, Debug)]
pub struct BackChannel {
    http: Client,
    authorization: String,
}

/// The tokens of one response.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tokens {
    /// The access token.
    pub access: String,
    /// The refresh token.
    pub refresh: String,
}

impl Tokens {
    /// The tokens of a 200 with both of them.
    pub fn of(answer: &Answer) -> Option<Tokens> {
        let member = |name: &str| answer.json()[name].as_str().map(str::to_owned);
        (answer.status == 200).then(|| Some(Tokens { access: member("access_token")?, refresh: member("refresh_token")? })).flatten()
    }
}

impl BackChannel {
    /// A client of a server.
    pub fn new(http: Client, id: &str, secret: &str) -> BackChannel {
        BackChannel { http, authorization: basic(id, secret) }
    }

    /// POST of a form with the client's credentials.
    pub fn post(&self, path: &str, form: &[(&str, &str)]) -> Answer {
        self.http.clone().post_with(path, &[("authorization", &self.authorization)], form)
    }

    /// The same, to a server that may be gone.
    ///
    /// # Errors
    /// When there is no answer.
    pub fn try_post(&self, path: &str, form: &[(&str, &str)]) -> std::io::Result<Answer> {
        let body = crate::http::encode_form(form);
        let (host, authorization, length) = (&self.http.host, &self.authorization, body.len());
        self.http.send(
            format!(
                "POST {path} HTTP/1.1\r\nhost: {host}\r\nconnection: close\r\nauthorization: {authorization}\r\n\
                 content-type: application/x-www-form-urlencoded\r\ncontent-length: {length}\r\n\r\n{body}"
            )
            .as_bytes(),
        )
    }

    /// The form that redeems a code.
    pub fn code_form<'a>(code: &'a str, redirect_uri: &'a str, verifier: &'a str) -> [(&'a str, &'a str); 4] {
        [("grant_type", "authorization_code"), ("code", code), ("redirect_uri", redirect_uri), ("code_verifier", verifier)]
    }

    /// Redeems a code (RFC 6749 §4.1.3).
    pub fn redeem(&self, code: &str, redirect_uri: &str, verifier: &str) -> Answer {
        self.post("/token", &BackChannel::code_form(code, redirect_uri, verifier))
    }

    /// Uses a refresh token (RFC 6749 §6).
    pub fn refresh(&self, token: &str) -> Answer {
        self.post("/token", &[("grant_type", "refresh_token"), ("refresh_token", token)])
    }

    /// What introspection says about a token (RFC 7662 §2).
    pub fn introspect(&self, token: &str) -> Value {
        let answer = self.post("/introspect", &[("token", token)]);
        assert_eq!(answer.status, 200, "{}", answer.text());
        answer.json()
    }

    /// Whether a token is active.
    pub fn is_active(&self, token: &str) -> bool {
        self.introspect(token)["active"].as_bool().unwrap()
    }

    /// Revokes a token (RFC 7009 §2).
    pub fn revoke(&self, token: &str) -> Answer {
        self.post("/revoke", &[("token", token)])
    }
}
