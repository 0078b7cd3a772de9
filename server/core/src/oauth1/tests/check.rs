//! Who is believed, and what everybody else hears (RFC 5849 §3.2).

use super::*;
use crate::Timestamp;
use crate::crypto::PublicKey;
use crate::kh;
use crate::oauth1::signature::NOBODYS_SECRET;

const NOW: Timestamp = Timestamp::from_seconds(1_790_000_000);
const KEY: SigningKey<'static> = SigningKey::shared("consumer secret", "token secret");

fn signer(method: &'static str) -> Signer<'static> {
    Signer {
        consumer_key: "shop",
        token: Some("tok"),
        key: KEY,
        method: signature::named(method).unwrap(),
        timestamp: 1_790_000_000,
        nonce: "nonce",
        callback: None,
        verifier: None,
        body_hash: true,
    }
}

const POST: SignedRequest<'static> =
    SignedRequest { method: "POST", scheme: "https", path: "/api", query: Some("a=1"), form_body: Some(b"b=2+2"), ..GET };

struct Ask<'a> {
    method: Option<&'static str>,
    allowed: Vec<String>,
    key: Result<SigningKey<'a>, Unknown>,
    now: Timestamp,
}

fn usual() -> Ask<'static> {
    Ask { method: Some("HMAC-SHA1"), allowed: vec!["HMAC-SHA1".to_owned()], key: Ok(KEY), now: NOW }
}

fn check(request: &SignedRequest<'_>, ask: &Ask<'_>) -> Result<VerifiedRequest, Oauth1Error> {
    let method = ask.method.and_then(signature::named);
    let expected = Expected { method, allowed: &ask.allowed, key: ask.key, window: Window::default() };
    Unverified::read(request).unwrap().unwrap().check(&expected, ask.now)
}

/// The header for a request, and the request with it.
fn signed<T>(request: SignedRequest<'_>, signer: &Signer<'_>, then: impl FnOnce(&SignedRequest<'_>) -> T) -> T {
    let header = signer.sign(&request).unwrap().authorization(Some("Shop")).into_inner();
    then(&SignedRequest { authorization: Some(&header), ..request })
}

#[test]
fn what_is_signed_with_each_method_is_verified() {
    for method in ["HMAC-SHA1", "HMAC-SHA256", "HMAC-SHA512", "PLAINTEXT"] {
        signed(POST, &signer(method), |request| {
            let verified = check(request, &Ask { method: Some(method), allowed: vec![method.to_owned()], ..usual() }).unwrap();
            assert_eq!((verified.consumer_key(), verified.token()), ("shop", Some("tok")));
            assert!(verified.nonce().is_some_and(|nonce| nonce.forget_at() > NOW));
            assert_eq!(verified.covers_body(), method != "PLAINTEXT");
        });
    }
}

/// What stands in for a key that is missing is no secret: whoever reads it here must not be able to sign with it.
#[test]
fn with_what_is_nobodys_nobody_signs() {
    let nobody = SigningKey::shared(NOBODYS_SECRET, "token secret");
    let rsa = PublicKey::Rsa { n: vec![0xC7; 256], e: vec![1, 0, 1] };
    for method in ["HMAC-SHA1", "HMAC-SHA256", "HMAC-SHA512", "PLAINTEXT"] {
        let ask = |key| Ask { method: Some(method), allowed: vec![method.to_owned()], key, ..usual() };
        signed(POST, &Signer { key: nobody, ..signer(method) }, |request| {
            assert!(check(request, &ask(Ok(nobody))).is_ok(), "{method}: it would fit");
            for key in [Ok(SigningKey::rsa(&rsa)), Ok(SigningKey::shared("", "token secret").and_rsa(&rsa)), Err(Unknown::Consumer)] {
                assert_eq!(check(request, &ask(key)).unwrap_err().problem, Problem::SignatureInvalid, "{method}");
            }
        });
    }
}

/// The earlier system signed its own parameters alone: whatever else stood in the request could be changed.
#[test]
fn every_parameter_of_query_and_form_is_under_the_signature() {
    signed(POST, &signer("HMAC-SHA1"), |request| {
        assert!(check(request, &usual()).is_ok());
        for changed in [
            SignedRequest { method: "PUT", ..*request },
            SignedRequest { scheme: "http", ..*request },
            SignedRequest { authority: "other.com", ..*request },
            SignedRequest { authority: "example.com:8443", ..*request },
            SignedRequest { path: "/API", ..*request },
            SignedRequest { path: "/api/", ..*request },
            SignedRequest { query: Some("a=2"), ..*request },
            SignedRequest { query: Some("a=1&c=3"), ..*request },
            SignedRequest { query: None, ..*request },
            SignedRequest { form_body: Some(b"b=2"), ..*request },
            SignedRequest { form_body: None, ..*request },
        ] {
            let error = check(&changed, &usual()).unwrap_err();
            assert_eq!((error.problem, error.kh), (Problem::SignatureInvalid, kh::OAUTH1_SIGNATURE), "{changed:?}");
        }
    });
}

/// An unknown consumer, an unknown token and a wrong signature are one answer: otherwise keys could be searched for.
#[test]
fn who_is_unknown_hears_what_hears_whoever_signed_wrongly() {
    signed(POST, &signer("HMAC-SHA1"), |request| {
        let wrong = check(request, &Ask { key: Ok(SigningKey::shared("consumer secret", "other")), ..usual() }).unwrap_err();
        for (why, code) in [(Unknown::Consumer, kh::OAUTH1_CONSUMER), (Unknown::Token, kh::OAUTH1_TOKEN)] {
            let unknown = check(request, &Ask { key: Err(why), ..usual() }).unwrap_err();
            assert_eq!((unknown.form(), unknown.status()), (wrong.form(), wrong.status()));
            assert_eq!(unknown.www_authenticate("x"), wrong.www_authenticate("x"));
            assert_eq!(unknown.kh, code, "the operator is told");
        }
    });
}

/// The key that strangers are checked with is in the source for all to read.
#[test]
fn signing_with_the_key_for_strangers_makes_nobody_known() {
    for method in ["HMAC-SHA1", "PLAINTEXT"] {
        let signer = Signer { key: SigningKey::dummy(true), ..signer(method) };
        signed(POST, &signer, |request| {
            let ask = Ask { key: Err(Unknown::Consumer), method: Some(method), allowed: vec![method.to_owned()], ..usual() };
            assert!(check(request, &ask).is_err());
        });
    }
}

#[test]
fn that_a_consumer_may_not_use_a_method_is_told_to_that_consumer_alone() {
    signed(POST, &signer("HMAC-SHA1"), |request| {
        for allowed in [vec![], vec!["RSA-SHA1".to_owned()], vec!["hmac-sha1".to_owned()]] {
            let own = check(request, &Ask { allowed: allowed.clone(), ..usual() }).unwrap_err();
            assert_eq!((own.problem, own.status()), (Problem::SignatureMethodRejected, 400));
            let stranger = check(request, &Ask { allowed, key: Ok(SigningKey::shared("guess", "")), ..usual() }).unwrap_err();
            assert_eq!(stranger.problem, Problem::SignatureInvalid);
        }
    });
}

#[test]
fn a_method_that_is_not_offered_is_refused_to_everybody() {
    signed(POST, &signer("HMAC-SHA1"), |request| {
        for method in [None, Some("HMAC-SHA256")] {
            let error = check(request, &Ask { method, ..usual() }).unwrap_err();
            assert_eq!((error.problem, error.status()), (Problem::SignatureMethodRejected, 400));
            assert!(!error.form().contains("HMAC"), "nothing of the request is sent back");
        }
    });
}

/// RFC 5849 §3.1: they may be absent with PLAINTEXT alone. The earlier system ended with a 500.
#[test]
fn a_signature_without_timestamp_or_nonce_is_refused() {
    for (method, name) in [("HMAC-SHA1", "oauth_timestamp"), ("HMAC-SHA256", "oauth_nonce")] {
        let query: Vec<_> = FORM.split('&').filter(|pair| !pair.starts_with(name)).collect();
        let query = query.join("&").replace("HMAC-SHA1", method).replace("timestamp=1", "timestamp=1790000000");
        let request = SignedRequest { query: Some(&query), ..GET };
        let error = check(&request, &Ask { method: Some(method), ..usual() }).unwrap_err();
        assert_eq!((error.problem, error.parameter), (Problem::ParameterAbsent, Some(name)));
    }
}

/// The earlier systems believed every timestamp of the future.
#[test]
fn a_signature_from_the_past_or_the_future_is_refused() {
    signed(POST, &signer("HMAC-SHA1"), |request| {
        for (seconds, believed) in [(-301, false), (-300, true), (300, true), (301, false), (100_000, false)] {
            let now = Timestamp::from_seconds(NOW.seconds() + seconds);
            let found = check(request, &Ask { now, ..usual() });
            assert_eq!(found.is_ok(), believed, "{seconds}");
            assert!(found.is_ok() || found.is_err_and(|error| error.problem == Problem::TimestampRefused));
        }
    });
}

/// Recorded before the signature was checked, anybody could use up the nonces of others, as with the earlier systems.
#[test]
fn only_a_request_that_verifies_has_a_nonce_to_record() {
    signed(POST, &signer("HMAC-SHA1"), |request| {
        let one = *check(request, &usual()).unwrap().nonce().unwrap();
        assert_eq!(*check(request, &usual()).unwrap().nonce().unwrap(), one, "a replay has the same");
        signed(POST, &Signer { nonce: "other", ..signer("HMAC-SHA1") }, |other| {
            assert_ne!(check(other, &usual()).unwrap().nonce().unwrap().as_bytes(), one.as_bytes());
        });
    });
}

/// OAuth Request Body Hash, draft 4, §4.
#[test]
fn a_body_that_is_no_form_is_covered_by_its_hash() {
    let json = SignedRequest { form_body: None, body_other: Some(b"{\"a\":1}"), ..POST };
    signed(json, &signer("HMAC-SHA1"), |request| {
        assert!(check(request, &usual()).unwrap().covers_body());
        for body in [None, Some(&b""[..]), Some(b"{\"a\":2}")] {
            let error = check(&SignedRequest { body_other: body, ..*request }, &usual()).unwrap_err();
            assert_eq!((error.problem, error.status()), (Problem::SignatureInvalid, 401));
        }
        let as_form = SignedRequest { form_body: Some(b""), ..*request };
        assert_eq!(check(&as_form, &usual()).unwrap_err().parameter, Some("oauth_body_hash"));
    });
    signed(json, &Signer { body_hash: false, ..signer("HMAC-SHA1") }, |request| {
        assert!(!check(request, &usual()).unwrap().covers_body());
    });
}

/// RFC 5849 §3.5: header, form, query.
#[test]
fn a_signature_verifies_in_each_of_the_three_places() {
    let parameters = signer("HMAC-SHA1").sign(&POST).unwrap();
    let protocol = parameters.form().into_inner();
    let query = format!("a=1&{protocol}");
    let body = format!("b=2+2&{protocol}");
    for (request, source) in [
        (SignedRequest { query: Some(&query), ..POST }, Source::Query),
        (SignedRequest { form_body: Some(body.as_bytes()), ..POST }, Source::Body),
    ] {
        assert_eq!(check(&request, &usual()).unwrap().parameters().source(), source);
        assert_eq!(base_of(&request), parameters.base_string().as_str());
    }
    assert!(!format!("{parameters:?}").contains("shop"));
}

#[test]
fn nothing_is_signed_with_a_key_of_another_sort_or_of_a_malformed_request() {
    let public = signer("RSA-SHA256");
    assert_eq!(public.sign(&POST).unwrap_err(), sign::SignError::Key);
    let malformed = SignedRequest { query: Some("%"), ..POST };
    assert_eq!(signer("HMAC-SHA1").sign(&malformed).unwrap_err(), sign::SignError::Request);
    assert!(sign::SignError::Key.to_string().contains("key") && sign::SignError::Request.to_string().contains("form"));
}

/// A linked method or a plugin's, which is no built-in one.
#[test]
fn a_method_of_somebody_else_is_checked_as_ours_are() {
    let method = signature::Supplied::new("ACME-1".into(), crate::Secret::new("right".into()));
    let signer = Signer { method: &method, ..signer("HMAC-SHA1") };
    signed(POST, &signer, |request| {
        let expected = Expected { method: Some(&method), allowed: &["ACME-1".to_owned()], key: Ok(KEY), window: Window::default() };
        assert!(Unverified::read(request).unwrap().unwrap().check(&expected, NOW).is_ok());
        let other = signature::Supplied::new("ACME-1".into(), crate::Secret::new("wrong".into()));
        let expected = Expected { method: Some(&other), ..expected };
        assert_eq!(Unverified::read(request).unwrap().unwrap().check(&expected, NOW).unwrap_err().problem, Problem::SignatureInvalid);
    });
}
