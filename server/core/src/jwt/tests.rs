//! Tokens that are believed, and all the ways in which others are not.
#![allow(clippy::unwrap_used, reason = "a test may fail by panicking")]

use serde_json::json;

use super::*;
use crate::jwt::looks_like;

const ISSUER: &str = "https://id.example";
const NOW: Timestamp = Timestamp::from_seconds(1_790_000_000);

fn writer(algorithm: Algorithm) -> AccessTokenWriter {
    AccessTokenWriter::new(algorithm, PrivateKey::generate(algorithm).unwrap().expose()).unwrap()
}

fn claims() -> AccessClaims {
    AccessClaims {
        iss: ISSUER.into(),
        sub: "ann".into(),
        aud: "https://api.example".into(),
        client_id: "app".into(),
        exp: NOW.seconds() + 60,
        iat: NOW.seconds(),
        jti: AccessClaims::jti_of(RecordId::from_raw(7), RecordId::from_raw(9)),
        scope: "read".into(),
        auth_time: Some(NOW.seconds() - 5),
        acr: None,
        amr: vec!["pwd".into()],
        client_attributes: Map::new(),
        token_attributes: Map::new(),
    }
}

fn part(value: &Value) -> String {
    URL_SAFE_NO_PAD.encode(value.to_string())
}

/// A token with any header and payload, signed by the writer's key.
fn signed(writer: &AccessTokenWriter, header: &Value, payload: &Value) -> String {
    let text = format!("{}.{}", part(header), part(payload));
    let signature = writer.key.sign(text.as_bytes()).unwrap();
    format!("{text}.{}", URL_SAFE_NO_PAD.encode(signature))
}

/// RFC 9068 §2.1, §2.2.
#[test]
fn what_is_written_with_any_algorithm_is_read_back() {
    for algorithm in Algorithm::ALL {
        let writer = writer(algorithm);
        let text = writer.write(&claims()).unwrap().into_inner();
        assert!(looks_like(&text));
        let keys = JwkSet::new(vec![writer.jwk().clone()]);
        let read = AccessClaims::verify(&text, &keys, ISSUER, NOW).unwrap();
        assert_eq!(read, claims());
        assert_eq!(read.ids(), Some((RecordId::from_raw(7), RecordId::from_raw(9))));
        assert!(!read.is_client_itself());
        let header: Value = serde_json::from_slice(&URL_SAFE_NO_PAD.decode(text.split('.').next().unwrap()).unwrap()).unwrap();
        assert_eq!(header, json!({ "alg": algorithm.name(), "typ": "at+jwt", "kid": writer.jwk().kid }));
    }
}

/// RFC 9068 §4: issuer, time and signature, each on its own.
#[test]
fn another_issuer_time_or_key_is_refused() {
    let own = writer(Algorithm::EdDsa);
    let keys = JwkSet::new(vec![own.jwk().clone()]);
    let text = own.write(&claims()).unwrap().into_inner();
    let verify = |text: &str, issuer: &str, now| AccessClaims::verify(text, &keys, issuer, now);
    assert_eq!(verify(&text, "https://other.example", NOW), Err(Rejected::Issuer));
    assert_eq!(
        verify(&text, ISSUER, Timestamp::from_seconds(claims().exp)),
        Err(Rejected::Time),
        "at `exp` it has ended (RFC 7519 §4.1.4)"
    );
    let stranger = writer(Algorithm::EdDsa).write(&claims()).unwrap().into_inner();
    assert_eq!(verify(&stranger, ISSUER, NOW), Err(Rejected::Signature));
    // The stranger's signature under our key's name.
    let header = json!({ "alg": "EdDSA", "typ": "at+jwt", "kid": own.jwk().kid });
    let forged = signed(&writer(Algorithm::EdDsa), &header, &serde_json::to_value(claims()).unwrap());
    assert_eq!(verify(&forged, ISSUER, NOW), Err(Rejected::Signature));
    for index in 0..text.len() {
        let mut bent = text.clone().into_bytes();
        bent[index] = if bent[index] == b'A' { b'B' } else { b'A' };
        assert!(verify(std::str::from_utf8(&bent).unwrap(), ISSUER, NOW).is_err(), "character {index}");
    }
}

/// RFC 8725 §2.1, §3.1, §3.10, §3.11; RFC 7515 §4.1.11.
#[test]
fn a_header_cannot_change_what_is_checked() {
    let own = writer(Algorithm::Es256);
    let keys = JwkSet::new(vec![own.jwk().clone()]);
    let payload = serde_json::to_value(claims()).unwrap();
    let kid = &own.jwk().kid;
    let verify = |text: &str| AccessClaims::verify(text, &keys, ISSUER, NOW);
    let unsigned = format!("{}.{}.", part(&json!({ "alg": "none", "typ": "at+jwt" })), part(&payload));
    assert_eq!(verify(&unsigned), Err(Rejected::Algorithm));
    for (header, why) in [
        (json!({ "alg": "HS256", "typ": "at+jwt", "kid": kid }), Rejected::Algorithm),
        (json!({ "alg": "EdDSA", "typ": "at+jwt", "kid": kid }), Rejected::Signature),
        (json!({ "alg": ["ES256"], "typ": "at+jwt", "kid": kid }), Rejected::Malformed),
        (json!({ "typ": "at+jwt", "kid": kid }), Rejected::Algorithm),
        (json!({ "alg": "ES256", "typ": "JWT", "kid": kid }), Rejected::Type),
        (json!({ "alg": "ES256", "kid": kid }), Rejected::Type),
        (json!({ "alg": "ES256", "typ": "at+jwt", "kid": "other" }), Rejected::Signature),
        (json!({ "alg": "ES256", "typ": "at+jwt", "kid": kid, "crit": ["exp"] }), Rejected::Critical),
    ] {
        assert_eq!(verify(&signed(&own, &header, &payload)), Err(why), "{header}");
    }
    // A key of the attacker's own in the header.
    let attacker = writer(Algorithm::Es256);
    let brought = json!({ "alg": "ES256", "typ": "at+jwt", "jwk": attacker.jwk().to_value(), "kid": attacker.jwk().kid });
    assert_eq!(verify(&signed(&attacker, &brought, &payload)), Err(Rejected::Signature));
    // RFC 7515 §4.1.9: `application/` may be left out, and case does not count.
    for typ in ["AT+JWT", "application/at+jwt", "Application/At+Jwt"] {
        assert!(verify(&signed(&own, &json!({ "alg": "ES256", "typ": typ }), &payload)).is_ok(), "{typ}");
    }
}

/// RFC 9068 §2.2: each of these claims is REQUIRED.
#[test]
fn a_token_without_a_required_claim_is_refused() {
    let own = writer(Algorithm::EdDsa);
    let keys = JwkSet::new(vec![own.jwk().clone()]);
    let header = json!({ "alg": "EdDSA", "typ": "at+jwt" });
    for name in ["iss", "sub", "aud", "client_id", "exp", "iat", "jti"] {
        let mut payload = serde_json::to_value(claims()).unwrap();
        payload.as_object_mut().unwrap().remove(name);
        let outcome = AccessClaims::verify(&signed(&own, &header, &payload), &keys, ISSUER, NOW);
        assert!(matches!(outcome, Err(Rejected::Claim(_))), "{name}: {outcome:?}");
    }
    let mut payload = serde_json::to_value(claims()).unwrap();
    payload["aud"] = json!(["https://api.example"]);
    assert!(AccessClaims::verify(&signed(&own, &header, &payload), &keys, ISSUER, NOW).is_ok());
    payload["aud"] = json!(["https://api.example", "https://other.example"]);
    assert!(AccessClaims::verify(&signed(&own, &header, &payload), &keys, ISSUER, NOW).is_err());
}

/// RFC 7519 §4: a name that stands twice could be read in two ways; here it is refused.
#[test]
fn a_member_that_stands_twice_is_refused() {
    let own = writer(Algorithm::EdDsa);
    let keys = JwkSet::new(vec![own.jwk().clone()]);
    let payload = serde_json::to_string(&claims()).unwrap();
    let header = r#"{"alg":"EdDSA","typ":"at+jwt"}"#;
    let verify = |header: &str, payload: &str| {
        let text = format!("{}.{}", URL_SAFE_NO_PAD.encode(header), URL_SAFE_NO_PAD.encode(payload));
        let signature = URL_SAFE_NO_PAD.encode(own.key.sign(text.as_bytes()).unwrap());
        AccessClaims::verify(&format!("{text}.{signature}"), &keys, ISSUER, NOW)
    };
    assert!(verify(header, &payload).is_ok());
    let twice = payload.replacen('{', r#"{"sub":"mallory","#, 1);
    assert_eq!(verify(header, &twice), Err(Rejected::Malformed));
    assert_eq!(verify(r#"{"alg":"EdDSA","typ":"at+jwt","alg":"EdDSA"}"#, &payload), Err(Rejected::Malformed));
}

#[test]
fn what_is_no_token_is_refused_before_it_is_decoded() {
    for text in ["", ".", "..", "a.b", "a.b.c.d", "ey.ey.", "eyJ9.e30.AA"] {
        assert!(Unverified::parse(text).is_err(), "{text}");
    }
    assert_eq!(Unverified::parse(&"e".repeat(20_000)).unwrap_err(), Rejected::Malformed);
    assert!(!looks_like("kha_abc") && !looks_like("ey.only"));
    for jti in ["", "AA", "////////////////////////", &"A".repeat(22)] {
        assert_eq!(AccessClaims { jti: jti.to_owned(), ..claims() }.ids(), None, "{jti}");
    }
    let own = AccessClaims { jti: AccessClaims::jti_of(RecordId::from_raw(7), RecordId::NONE), ..claims() };
    assert!(own.is_client_itself());
}
