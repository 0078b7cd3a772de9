//! Signed requests of OAuth 1.0a (RFC 5849 §3.4, §3.5): the base string is what a second reader computes, who is believed holds the secret,
//! and no refusal says anything of the request.

use keyhook_core::Timestamp;
use keyhook_core::oauth1::{
    BaseString, Diagnosis, Expected, Parameters, SignedRequest, Signer, SigningKey, Source, Unknown, Unverified, Window, signature,
};

use crate::decode;
use crate::parts::texts;

const KEY: SigningKey<'static> = SigningKey::shared("hush&hush", "s%20e");
const NOW: u64 = 1_790_000_000;

/// Lines: method, host, path, query, `Authorization`, and the form beside them.
pub fn check(data: &[u8]) {
    let Some([method, authority, path, query, authorization, form]) = texts(data) else { return };
    let request = SignedRequest {
        method,
        scheme: "http",
        authority,
        path,
        query: Some(query),
        authorization: (!authorization.is_empty()).then_some(authorization),
        form_body: (!form.is_empty()).then_some(form.as_bytes()),
        body_other: None,
    };
    signed(&request);
    match Parameters::collect(&request) {
        Ok(None) => {}
        Err(error) => {
            assert_eq!(error.status(), 400);
            assert!(error.form().is_ascii() && error.form().len() < 300);
        }
        Ok(Some(parameters)) => read(&request, &parameters),
    }
}

fn read(request: &SignedRequest<'_>, parameters: &Parameters) {
    let base = BaseString::of(request, parameters);
    let pairs = second(request).expect("what is collected is well-formed");
    assert_eq!(base.as_str(), second_base_string(request, pairs.clone()));
    let once = |name: &[u8]| {
        let mut values = pairs.iter().filter(|(own, _)| own == name).map(|(_, value)| String::from_utf8_lossy(value).into_owned());
        let value = values.next();
        assert!(values.next().is_none(), "a protocol parameter came twice");
        value.filter(|value| !value.is_empty())
    };
    assert_eq!(Some(parameters.consumer_key().to_owned()), once(b"oauth_consumer_key"));
    assert_eq!(Some(parameters.signature().expose().clone()), once(b"oauth_signature"));
    assert_eq!(parameters.token().map(str::to_owned), once(b"oauth_token"));
    assert_eq!(parameters.timestamp().map(|seconds| seconds.to_string()), once(b"oauth_timestamp"));
    assert!(parameters.timestamp() != Some(0) && parameters.nonce() != Some(""));
    let header = request.authorization.is_some_and(|value| value.to_ascii_lowercase().starts_with("oauth"));
    assert!(parameters.source() != Source::Header || header);
    believed(request);
    let _ = Diagnosis::of(base.as_str(), request.query.unwrap_or_default());
}

/// Nobody is believed who has not the secret, and nobody at all where it is unknown.
fn believed(request: &SignedRequest<'_>) {
    for key in [Ok(KEY), Err(Unknown::Consumer)] {
        let Ok(Some(unverified)) = Unverified::read(request) else { panic!("it was collected before") };
        let name = unverified.parameters().signature_method().to_owned();
        let sent = unverified.parameters().signature().expose().clone();
        let right = signature::named(&name).and_then(|method| method.sign(&unverified.base_string(), &KEY));
        let expected = Expected { method: signature::named(&name), allowed: &[name], key, window: Window::default() };
        let now = unverified.parameters().timestamp().and_then(|seconds| i64::try_from(seconds).ok()).unwrap_or(0);
        if unverified.check(&expected, Timestamp::from_seconds(now)).is_ok() {
            assert!(key.is_ok() && right.is_some_and(|right| *right.expose() == sent));
        }
    }
}

/// Whatever the request, a client can sign it, and is believed.
fn signed(request: &SignedRequest<'_>) {
    let Some(method) = signature::named("HMAC-SHA1") else { return };
    // Near the most that a request may have, the signature itself is one too many.
    let has_own = |pairs: Vec<Pair>| pairs.len() > 900 || pairs.iter().any(|(name, _)| name.starts_with(b"oauth_"));
    let bare = SignedRequest { authorization: None, ..*request };
    if second(&bare).is_none_or(has_own) {
        return;
    }
    let signer =
        Signer { consumer_key: "k", token: None, key: KEY, method, timestamp: NOW, nonce: "n", callback: None, verifier: None, body_hash: false };
    let Ok(made) = signer.sign(&bare) else { return };
    let header = made.authorization(None).into_inner();
    let request = SignedRequest { authorization: Some(&header), ..bare };
    let Ok(Some(unverified)) = Unverified::read(&request) else { panic!("what was signed is read: {header}") };
    let expected = Expected { method: Some(method), allowed: &["HMAC-SHA1".to_owned()], key: Ok(KEY), window: Window::default() };
    assert!(unverified.check(&expected, Timestamp::from_seconds(1_790_000_000)).is_ok());
}

type Pair = (Vec<u8>, Vec<u8>);

/// All pairs but the realm of the header, decoded; `None` where anything is malformed.
fn second(request: &SignedRequest<'_>) -> Option<Vec<Pair>> {
    let mut pairs = Vec::new();
    if let Some(header) = request.authorization.filter(|value| value.to_ascii_lowercase().starts_with("oauth")) {
        let rest = &header[5..];
        if rest.is_empty() || rest.starts_with([' ', '\t']) {
            pairs = second_header(rest)?;
        }
    }
    for form in [request.query.unwrap_or_default().as_bytes(), request.form_body.unwrap_or_default()] {
        for segment in form.split(|byte| *byte == b'&').filter(|segment| !segment.is_empty()) {
            let mut halves = segment.splitn(2, |byte| *byte == b'=');
            pairs.push((decode::percent(halves.next()?, true)?, decode::percent(halves.next().unwrap_or_default(), true)?));
        }
    }
    Some(pairs)
}

/// One character after the other: inside quotes, a comma is a comma.
fn second_header(text: &str) -> Option<Vec<Pair>> {
    let (mut pairs, mut name, mut value, mut quoted, mut skip) = (Vec::new(), String::new(), String::new(), false, false);
    for character in text.chars() {
        match character {
            _ if skip => skip = false,
            '\\' if quoted && name == "realm" => skip = true,
            '"' if quoted => {
                quoted = false;
                if name != "realm" {
                    pairs.push((decode::percent(name.as_bytes(), false)?, decode::percent(value.as_bytes(), false)?));
                }
                name.clear();
                value.clear();
            }
            _ if quoted => value.push(character),
            '"' => {
                quoted = true;
                name.pop();
            }
            ' ' | '\t' | ',' => {}
            _ => name.push(character),
        }
    }
    Some(pairs)
}

/// RFC 5849 §3.4.1, step by step.
fn second_base_string(request: &SignedRequest<'_>, pairs: Vec<Pair>) -> String {
    let encoded = |bytes: &[u8]| decode::unreserved(bytes);
    let mut sorted: Vec<(String, String)> = pairs
        .into_iter()
        .filter(|(name, _)| name != b"oauth_signature")
        .map(|(name, value)| (encoded(&name), encoded(&value)))
        .collect();
    sorted.sort();
    let normalized = sorted.iter().map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>().join("&");
    let mut host = request.authority.to_ascii_lowercase();
    if let Some((name, port)) = host.clone().rsplit_once(':')
        && port.chars().all(|digit| digit.is_ascii_digit())
    {
        let port = port.trim_start_matches('0');
        host = if port.is_empty() || port == "80" { name.to_owned() } else { format!("{name}:{port}") };
    }
    let path = if request.path.is_empty() { "/" } else { request.path };
    let uri = format!("http://{host}{path}");
    [request.method.to_ascii_uppercase(), uri, normalized].map(|part| encoded(part.as_bytes())).join("&")
}
