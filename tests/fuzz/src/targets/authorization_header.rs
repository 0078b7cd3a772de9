//! The `Authorization` header and the credentials of a token request (RFC 7617, RFC 6749 §2.3): no spelling but the one is read, and
//! nothing but the secret is believed.

use std::sync::Arc;

use keyhook_core::authorization_header::{basic, is_scheme, split};
use keyhook_core::{AuthMethod, Client, Credentials, Form, SecretHash, client_auth};

use crate::decode;
use crate::parts::lines;

const SECRET: &str = "hush hush:%é";

/// Lines: the header, the form beside it.
pub fn check(data: &[u8]) {
    let [header, body] = lines(data);
    read(header);
    let Ok(form) = Form::parse(body, 8) else { return };
    for authorization in [Some(header), None] {
        let Ok(credentials) = client_auth::present(authorization, &form) else { continue };
        assert_eq!(credentials.method() == AuthMethod::SecretBasic, authorization.is_some_and(|value| is_scheme(value, "Basic")));
        believed(&credentials, authorization, &form);
    }
}

/// The pair in a Basic header, as a second reader reads it.
fn expected(header: &[u8]) -> Option<(String, String)> {
    let mut words = header.splitn(2, |byte| *byte == b' ');
    let (scheme, rest) = (words.next()?, words.next()?);
    if !scheme.eq_ignore_ascii_case(b"BASIC") {
        return None;
    }
    let pair = decode::base64(rest.trim_ascii_start(), false, true)?;
    let colon = pair.iter().position(|byte| *byte == b':')?;
    Some((decode::form_piece(&pair[..colon])?, decode::form_piece(&pair[colon + 1..])?))
}

fn read(header: &[u8]) {
    let expected = expected(header).filter(|_| header.iter().all(|byte| (b' '..=b'~').contains(byte)));
    let found = basic(header).map(|(id, secret)| (id, secret.expose().clone()));
    assert_eq!(found, expected);
    if let Some((scheme, rest)) = split(header) {
        assert!(is_scheme(header, scheme) && !scheme.contains(' ') && !rest.starts_with(' '));
        assert!(rest.is_ascii() && rest.bytes().all(|byte| !byte.is_ascii_control()));
    }
    assert!(found.is_none() || is_scheme(header, "bAsIc"));
}

/// Whoever is believed has shown the secret, in the way that the client is registered for.
fn believed(credentials: &Credentials<'_>, authorization: Option<&[u8]>, form: &Form) {
    assert!(credentials.id().contains(SECRET) || !format!("{credentials:?}").contains(SECRET));
    for method in [AuthMethod::SecretBasic, AuthMethod::SecretPost, AuthMethod::Assertion, AuthMethod::Signature, AuthMethod::None] {
        let mut client = Client::confidential("app", "App", SecretHash::of(SECRET.as_bytes()));
        client.auth_method = method;
        let Ok(client) = client_auth::authenticate(Some(Arc::new(client)), credentials) else { continue };
        assert_eq!((client.id.as_str(), credentials.id(), credentials.method()), ("app", "app", method));
        let shown = match method {
            AuthMethod::SecretBasic => authorization.and_then(expected).map(|(_, secret)| secret),
            AuthMethod::SecretPost => form.first("client_secret").map(str::to_owned),
            AuthMethod::Assertion | AuthMethod::Signature => panic!("a client that asserts or signs has no other way in"),
            AuthMethod::None => Some(SECRET.to_owned()),
        };
        assert_eq!(shown.as_deref(), Some(SECRET));
    }
    assert!(client_auth::authenticate(None, credentials).is_err());
}
