//! JWT access tokens (RFC 9068) in the hands of foreign resource servers, with the keys that the metadata lead to (RFC 7517, RFC 8414).

use super::peers::{Registered, completed, drive};

const ALGORITHMS: [&str; 3] = ["ES256", "EdDSA", "RS256"];
const AUDIENCE: &str = "https://api.example";

fn issuing(algorithm: &str) -> Registered {
    let config = format!("[grants]\npassword = true\n\n[tokens]\nformat = \"jwt\"\nsigning = \"{algorithm}\"\naudience = \"{AUDIENCE}\"\n");
    Registered::with(&config, &["password", "client_credentials"])
}

/// RFC 9068 §4: signature, `typ`, `iss`, `aud`; RFC 8725 §3.1: no algorithm but the expected one.
#[test]
fn pyjwt_and_authlib_believe_jwt_access_tokens_and_no_forgery() {
    for algorithm in ALGORITHMS {
        drive(&issuing(algorithm), "jwt_access_tokens.py", "foreign", &[algorithm, AUDIENCE]);
        completed(&format!("PyJWT and Authlib, {algorithm} access tokens"));
    }
}

/// The same.
#[test]
fn jose_believes_jwt_access_tokens_and_no_forgery() {
    for algorithm in ALGORITHMS {
        drive(&issuing(algorithm), "jose_access_tokens.mjs", "foreign", &[algorithm, AUDIENCE]);
        completed(&format!("jose, {algorithm} access tokens"));
    }
}
