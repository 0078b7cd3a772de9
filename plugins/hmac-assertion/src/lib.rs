//! Clients that authenticate by a keyed hash instead of sending a secret: a `client_assertion_type` of its own (RFC 7521 §4.2).
//!
//! ```toml
//! [plugins.hmac-assertion.config.keys]
//! robot = { "$file" = "/run/secrets/robot" }
//! ```
//!
//! ```sh
//! keyhook client add robot --auth-method assertion --scope read
//! ```
//!
//! The assertion is `<client_id>:<expiry>:<nonce>:<hash>`: the expiry in seconds since the Unix epoch, at most five minutes ahead; a nonce
//! that never comes twice; and in lower-case hexadecimal HMAC-SHA-256 (RFC 2104), under the client's key, of issuer, client, expiry and
//! nonce, joined by line feeds. The issuer is in it, so that an assertion for one server is worth nothing at another.
//!
//! It is accepted once among all nodes of a server ([`Cx::once`]), and therefore the hook is not `inline`.

use std::fmt::Write as _;
use std::time::Duration;

use hmac::{Hmac, KeyInit as _, Mac as _};
use keyhook_plugin::json;
use keyhook_plugin::prelude::*;
use sha2::Sha256;

/// How far ahead an assertion may expire: so long its nonce has to be remembered.
const LONGEST: u64 = 300;

#[hook(client_assertion = "urn:example:params:oauth:client-assertion-type:hmac")]
fn verify(cx: &mut ClientAssertionCx) -> Result<Authenticated, Deny> {
    let wrong = |why: &'static str| Deny::invalid_client().because(why);
    let mut parts = cx.assertion().rsplitn(4, ':');
    let (Some(hash), Some(nonce), Some(expiry), Some(client)) = (parts.next(), parts.next(), parts.next(), parts.next()) else {
        return Err(wrong("the assertion has four parts"));
    };
    let key = cx.config().text(&json::pointer(["keys", client]))?.filter(|key| !key.is_empty());
    // An unknown client costs the same as a wrong hash.
    let expected = sign(key.as_deref().unwrap_or("nobody's"), &[cx.issuer(), client, expiry, nonce].join("\n"));
    if !same_secret(hash, expected) || key.is_none() {
        return Err(wrong("unknown client or wrong hash"));
    }
    let expiry: u64 = expiry.parse().map_err(|_| wrong("the expiry is no number"))?;
    let left = expiry.checked_sub(cx.unix_time()).filter(|left| (1..=LONGEST).contains(left)).ok_or(wrong("expired, or too far ahead"))?;
    // Last, so that nobody else can use a client's nonces up.
    if !cx.once(&sign("nonce", &format!("{client}\n{nonce}")), Duration::from_secs(left))? {
        return Err(wrong("the assertion was used before"));
    }
    Ok(Authenticated::client(client))
}

/// HMAC-SHA-256 in hexadecimal.
fn sign(key: &str, text: &str) -> String {
    // A key of any length will do (RFC 2104 §2); were it ever refused, the empty text fits no hash.
    let Ok(mac) = Hmac::<Sha256>::new_from_slice(key.as_bytes()) else { return String::new() };
    mac.chain_update(text).finalize().into_bytes().iter().fold(String::new(), |mut hex, byte| {
        let _ = write!(hex, "{byte:02x}");
        hex
    })
}

plugin! { name: "hmac-assertion" }

#[cfg(test)]
mod tests {
    use keyhook_plugin_test::{Answer, TestCall};

    use super::sign;

    const NOW: u64 = 1_700_000_000;
    const KEYS: &str = r#"{"keys": {"robot": "the key of the robot", "a:b": "c", "blank": ""}}"#;

    fn assertion(client: &str, key: &str, expiry: u64, nonce: &str) -> String {
        let text = format!("http://localhost:8080\n{client}\n{expiry}\n{nonce}");
        format!("{client}:{expiry}:{nonce}:{}", sign(key, &text))
    }

    fn call(assertion: &str) -> TestCall {
        TestCall::client_assertion("urn:example:params:oauth:client-assertion-type:hmac", assertion).config(KEYS).at(NOW)
    }

    fn shown(assertion: &str) -> Answer {
        call(assertion).run()
    }

    /// RFC 4231 §4.3.
    #[test]
    fn the_hash_is_hmac_sha_256() {
        assert_eq!(sign("Jefe", "what do ya want for nothing?"), "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
    }

    #[test]
    fn the_right_key_proves_the_client() {
        assert_eq!(shown(&assertion("robot", "the key of the robot", NOW + 60, "n1")).authenticated(), Some("robot"));
        assert_eq!(shown(&assertion("a:b", "c", NOW + 300, "n1")).authenticated(), Some("a:b"));
    }

    #[test]
    fn an_assertion_is_good_once() {
        let text = assertion("robot", "the key of the robot", NOW + 60, "n1");
        let first = shown(&text);
        let second = call(&text).after(&first).run();
        assert_eq!((first.authenticated(), second.denied()), (Some("robot"), Some("invalid_client")));
        let other = call(&assertion("robot", "the key of the robot", NOW + 60, "n2")).after(&second).run();
        assert_eq!(other.authenticated(), Some("robot"));
    }

    #[test]
    fn anything_else_proves_nobody() {
        let good = assertion("robot", "the key of the robot", NOW + 60, "n1");
        let elsewhere = good.replace("robot", "rob0t");
        for wrong in [
            String::new(),
            "a:b:c".to_owned(),
            good.replace(":n1:", ":n2:"),
            good.replace(&(NOW + 60).to_string(), &(NOW + 61).to_string()),
            elsewhere,
            good[..good.len() - 1].to_owned(),
            assertion("robot", "another key", NOW + 60, "n1"),
            assertion("robot", "the key of the robot", NOW, "n1"),
            assertion("robot", "the key of the robot", NOW - 1, "n1"),
            assertion("robot", "the key of the robot", NOW + 301, "n1"),
            assertion("blank", "", NOW + 60, "n1"),
            assertion("unknown", "nobody's", NOW + 60, "n1"),
        ] {
            assert_eq!(shown(&wrong).denied(), Some("invalid_client"), "{wrong}");
        }
    }

    #[test]
    fn where_nobody_can_remember_nothing_is_accepted() {
        let answer = call(&assertion("robot", "the key of the robot", NOW + 60, "n1")).cancelled().run();
        assert_eq!(answer.denied(), Some("server_error"));
    }
}
