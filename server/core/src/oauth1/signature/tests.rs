//! Every method over a known base string, and everything that is not its signature.
#![allow(clippy::unwrap_used, reason = "a test may fail by panicking")]

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::*;
use crate::crypto::Algorithm;
use crate::jwt::Jwk;
use crate::oauth1::{Parameters, SignedRequest};

const RSA: &str = "-----BEGIN PUBLIC KEY-----
MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEAqExPPX/dW01wPhdq6hO9
FTWQLpadoniBgkKZiF4gHsH/FwZfW9Ry+zauWczuZez9RnI5y8UpaW5QPVNqmY5U
ymqgDeMXG/GrT0SxLpLNCqMD1iBYe6sOnF2POmuliXmCZ1yXXwW5Itx+nXay86fl
X1BD39HlrQgOho5hlpgn7SNlMpTTEWE9q2SFXpMJ259aKhc8VfFbWcxQ2ubu0seH
mFHZ6vKB9Ojo9tIhb9FvrEGLughPMrgNC6maLUigF3h85pK8AKTdhAXfhJ8uCd3m
taGI14JcUu2orrfUrHyt+dt+ynlw2uaKtqJDpOSssXAXvpYTIyFbZ1GS+F0W8Lot
UQIDAQAB
-----END PUBLIC KEY-----
";

const RSA_OF_1024_BITS: &str = "-----BEGIN PUBLIC KEY-----
MIGfMA0GCSqGSIb3DQEBAQUAA4GNADCBiQKBgQCs5qHeJtFId4K8uj+FlrTZ1122
lhG41BIBhMbXE7OPx4RY1ECbm0BlSfTVq75jiFdHwjY9q+nJw+Th6/hIwG0TrhXq
XUKv8gjisYvcl9DbQrS/VVumKupflt4pEuA1kQswq/AB/MPgItEmbOrW6CdizZBN
ZnNN4OegYCfyd7XnpwIDAQAB
-----END PUBLIC KEY-----";

const ON_A_CURVE: &str = "-----BEGIN PUBLIC KEY-----
MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAESw3X3uIJDObB46Hpy26XVT0Wjlo7
Qd2ZWs7sGdPXdFVsoyfIfq2rSiVG+D6VC8b3LXoT2osljONo9NMPXKSfKQ==
-----END PUBLIC KEY-----";

/// Made with the private half of [`RSA`] by another implementation, over the request of RFC 5849 §3.1.
const RSA_SHA1_SIGNATURE: &str = concat!(
    "cbGo0i69/ZsX6npRhWu0fVOupT79Fo3TOgbajFo8KcPtLOpytd4+HvXfa/DG0hIQdBVjHwRRn5SvD8I4o8YJGZAE8lzlnBJhZVb7F+3484A4X666XPcjO/kSX1iFZjt6",
    "R9BNbtEv4MrAmb0HnI0G5/Sbw5XizTmhYYeVHVWNuLeoR0TctFVCj3uSyEHSXa8w+0GUPdu0HG51GA+tpeevUPi6OXOFHZNewTuMDdYx6DZ0bm3eKvl80ym6DPSc6JIh",
    "E19pBNGuoLGC7puPYNN65hdqASozWuzUGy8quOIBXYWlSIvDJjAa15+oMIhfm3Y5y1JvlZ8fOAGkK6FxucbvOA=="
);
const RSA_SHA256_SIGNATURE: &str = concat!(
    "YA5Har+jEVuAJhxoz8EfzqQtwnbTArNtyBIYFvvISRYx8zuBzKfSJrmcA+Eafj1yG8nnUcwvr9KVtlejRb8e/EUeZ4h1y4fP4r2jl82zyM75p7DzrNh0S4aqvXhbM7TF",
    "e7JCpq93nJ7BOXbsEM54TxUgTB7E4+pZInfPJctZbGEEVgiaPbqkD9k4NIpfsr+GXEsSfxDZbpVTEXHk3OLgqE9kT8B8VtRMtj0lUkmjjvh2y/XfzQpGEVRD103G+ww9",
    "dGBFqbdS3BVxjivM3ANRacuv/6L3iZ82p/5HFJ0teAqTX21YM6NAYoo4Af30kvYTMCXoNAMbqO028W1rCnFYVA=="
);

const HMACS: [&str; 3] = ["HMAC-SHA1", "HMAC-SHA256", "HMAC-SHA512"];
const SECRETS: SigningKey<'_> = SigningKey::shared("j49sk3j29djd", "dh893hdasih9");

/// The request of RFC 5849 §3.1 with another method.
fn base(method: &str) -> BaseString {
    let authorization = format!(
        "OAuth realm=\"Example\", oauth_consumer_key=\"9djdj82h48djs9d2\", oauth_token=\"kkk9d7dh3k39sjv7\", \
         oauth_signature_method=\"{method}\", oauth_timestamp=\"137131201\", oauth_nonce=\"7d8f3e4a\", oauth_signature=\"x\""
    );
    let request = SignedRequest {
        method: "POST",
        scheme: "http",
        authority: "example.com",
        path: "/request",
        query: Some("b5=%3D%253D&a3=a&c%40=&a2=r%20b"),
        authorization: Some(&authorization),
        form_body: Some(b"c2&a3=2+q"),
        body_other: None,
    };
    BaseString::of(&request, &Parameters::collect(&request).unwrap().unwrap())
}

/// RFC 5849 §3.4.1 with erratum 2550, and the same request under the other hashes.
#[test]
fn hmac_signatures_are_the_published_ones() {
    assert!(named("HMAC-SHA1").unwrap().verify(&base("HMAC-SHA1"), &SECRETS, "r6/TJjbCOr97/+UU0NsvSne7s5g="));
    for method in HMACS {
        let base = base(method);
        let signed = named(method).unwrap().sign(&base, &SECRETS).unwrap().into_inner();
        assert!(named(method).unwrap().verify(&base, &SECRETS, &signed), "{method}");
    }
}

/// RFC 5849 §3.4.3.
#[test]
fn rsa_signatures_of_another_implementation_are_verified() {
    let key = PublicKey::rsa_from_pem(RSA).unwrap();
    for (method, signature) in [("RSA-SHA1", RSA_SHA1_SIGNATURE), ("RSA-SHA256", RSA_SHA256_SIGNATURE)] {
        let (found, base) = (named(method).unwrap(), base(method));
        assert!(found.verify(&base, &SigningKey::rsa(&key), signature), "{method}");
        assert!(found.verify(&base, &SECRETS.and_rsa(&key), signature), "{method}, and secrets beside it");
        let other = if method == "RSA-SHA1" { "RSA-SHA256" } else { "RSA-SHA1" };
        assert!(!named(other).unwrap().verify(&base, &SigningKey::rsa(&key), signature), "{method} under {other}");
        assert!(!found.verify(&self::base(other), &SigningKey::rsa(&key), signature), "over another base string");
    }
}

#[test]
fn rsa_sha256_signs_with_the_private_half() {
    let private = PrivateKey::from_pkcs8(Algorithm::Rs256, PrivateKey::generate(Algorithm::Rs256).unwrap().expose()).unwrap();
    let base = base("RSA-SHA256");
    let signed = RsaSha256.sign(&base, &SigningKey::private(&private)).unwrap();
    assert!(RsaSha256.verify(&base, &SigningKey::rsa(private.public()), signed.expose()));
    assert!(RsaSha1.sign(&base, &SigningKey::private(&private)).is_none(), "SHA-1 is verified and never made");
    assert!(RsaSha256.sign(&base, &SECRETS).is_none());
}

#[test]
fn an_rsa_key_is_read_from_pem_der_and_jwk_and_has_2048_bits() {
    let key = PublicKey::rsa_from_pem(RSA).unwrap();
    let der: String = RSA.lines().filter(|line| !line.starts_with('-')).collect();
    assert_eq!(PublicKey::rsa_from_der(&STANDARD.decode(der).unwrap()).unwrap(), key);
    assert_eq!(Jwk::from_value(&Jwk::new(key.clone()).to_value()).unwrap().key, key);
    let cut = RSA.replace("UQIDAQAB", "UQIDAQ==");
    let private = RSA.replace("PUBLIC", "PRIVATE");
    for wrong in [
        RSA_OF_1024_BITS,
        ON_A_CURVE,
        "",
        "-----BEGIN PUBLIC KEY-----",
        "-----BEGIN PUBLIC KEY----------END PUBLIC KEY-----",
        &cut,
        &private,
    ] {
        assert!(PublicKey::rsa_from_pem(wrong).is_err(), "{wrong}");
    }
}

#[test]
fn a_wrong_or_malformed_signature_is_no_signature() {
    let key = PublicKey::rsa_from_pem(RSA).unwrap();
    for method in BUILT_IN {
        let base = base(method.name());
        let own = SECRETS.and_rsa(&key);
        let right = match method.name() {
            "RSA-SHA1" => RSA_SHA1_SIGNATURE.to_owned(),
            "RSA-SHA256" => RSA_SHA256_SIGNATURE.to_owned(),
            _ => method.sign(&base, &own).unwrap().into_inner(),
        };
        assert!(method.verify(&base, &own, &right), "{}", method.name());
        let shorter = &right[..right.len() - 4];
        let other_first = format!("{}{}", if right.starts_with('A') { "B" } else { "A" }, &right[1..]);
        for wrong in
            ["", "=", "????", "AAAA", " ", shorter, &other_first, &format!("{right} "), &format!("{right}AAAA"), &right.to_lowercase()]
        {
            assert!(wrong == right || !method.verify(&base, &own, wrong), "{}: {wrong}", method.name());
        }
    }
}

/// RFC 5849 §3.4.2: the key is both secrets, encoded, joined by `&` even if one is empty.
#[test]
fn the_key_is_both_secrets_encoded() {
    assert_eq!(*SigningKey::shared("a&b", "c %").joined().unwrap(), "a%26b&c%20%25");
    assert_eq!(*SigningKey::shared("ja893SD9", "").joined().unwrap(), "ja893SD9&");
    assert_ne!(*SigningKey::shared("a&b", "").joined().unwrap(), *SigningKey::shared("a", "b&").joined().unwrap());
}

/// RFC 5849 §2.1 and §2.3, the examples.
#[test]
fn plaintext_is_the_key_itself() {
    let base = base("PLAINTEXT");
    assert!(Plaintext.verify(&base, &SigningKey::shared("ja893SD9", ""), "ja893SD9&"));
    assert!(Plaintext.verify(&base, &SigningKey::shared("ja893SD9", "xyz4992k83j47x0b"), "ja893SD9&xyz4992k83j47x0b"));
    for wrong in ["ja893SD9", "ja893SD9&x", "ja893SD9%26", "&", ""] {
        assert!(!Plaintext.verify(&base, &SigningKey::shared("ja893SD9", ""), wrong), "{wrong}");
    }
    assert!(Plaintext.needs_tls() && !Plaintext.needs_nonce());
    assert!(BUILT_IN.iter().filter(|method| method.needs_tls() || !method.needs_nonce()).count() == 1);
}

/// Otherwise a consumer that registered an RSA key alone could be impersonated by anybody with an HMAC under an empty secret.
#[test]
fn a_key_of_another_sort_and_an_empty_secret_verify_nothing() {
    let rsa = PublicKey::rsa_from_pem(RSA).unwrap();
    let empty = SigningKey::shared("", "");
    for method in ["HMAC-SHA1", "HMAC-SHA256", "HMAC-SHA512", "PLAINTEXT"] {
        let (found, base) = (named(method).unwrap(), base(method));
        assert!(found.sign(&base, &empty).is_none() && found.sign(&base, &SigningKey::rsa(&rsa)).is_none());
        for signature in ["", "&", &STANDARD.encode(crypto::hmac_sha1(b"&", base.as_bytes()))] {
            assert!(!found.verify(&base, &empty, signature) && !found.verify(&base, &SigningKey::rsa(&rsa), signature), "{method}");
        }
    }
    for method in ["RSA-SHA1", "RSA-SHA256"] {
        assert!(!named(method).unwrap().verify(&base(method), &SECRETS, RSA_SHA1_SIGNATURE), "{method}");
        let curve = PublicKey::P256 { x: [1; 32], y: [2; 32] };
        assert!(!named(method).unwrap().verify(&base(method), &SigningKey::rsa(&curve), RSA_SHA256_SIGNATURE), "{method}");
    }
}

#[test]
fn methods_are_found_by_their_exact_names() {
    for method in BUILT_IN {
        assert_eq!(named(method.name()).unwrap().name(), method.name());
    }
    for name in ["", "hmac-sha1", "HMAC-SHA1 ", "HMAC-MD5", "RSA-SHA512", "none"] {
        assert!(named(name).is_none(), "{name}");
    }
}

#[test]
fn a_method_of_somebody_else_is_compared_here() {
    let base = base("ACME-1");
    let method = Supplied::new("ACME-1".into(), Secret::new("expected".into()));
    assert!(method.verify(&base, &SECRETS, "expected") && method.name() == "ACME-1" && !method.needs_tls());
    assert!(!method.verify(&base, &SECRETS, "Expected") && !method.verify(&base, &SECRETS, ""));
    let nothing = Supplied::new("ACME-1".into(), Secret::new(String::new())).over_tls();
    assert!(!nothing.verify(&base, &SECRETS, "") && nothing.needs_tls());
    assert_eq!(format!("{method:?} {SECRETS:?}"), "Supplied(ACME-1) SigningKey(shared: true, public: false, private: false)");
}

/// Whether a consumer exists is not to be read off the clock.
#[test]
fn the_key_for_strangers_is_as_long_as_those_that_the_server_makes() {
    let consumer = crate::token::client_secret([7; 32]).into_inner();
    let token = "x".repeat(43);
    for (with_token, token) in [(true, &*token), (false, "")] {
        let own = SigningKey::shared(&consumer, token).joined().unwrap().len();
        assert_eq!(SigningKey::dummy(with_token).joined().unwrap().len(), own);
    }
}
