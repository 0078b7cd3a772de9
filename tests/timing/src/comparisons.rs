//! Every place where something that came in is compared with a secret, prepared so that the two classes differ in nothing but how
//! near the candidate is to the secret: the candidates are drawn alike, what is kept is made to fit them all but in the last byte, or
//! at random.

use std::hint::black_box;
use std::sync::Arc;

use keyhook_core::client::Client;
use keyhook_core::crypto::{MasterKey, Sealer, constant_time_eq, csrf_token, sha256, verify_csrf_token};
use keyhook_core::id::RecordId;
use keyhook_core::pkce::{self, CodeChallenge};
use keyhook_core::secret::{Secret, SecretHash};
use keyhook_core::token::{IssuedToken, TokenKind};
use keyhook_core::{Credentials, client_auth};
use keyhook_plugin::same_secret;

use crate::chance::Chance;
use crate::measure::Plan;
use crate::oauth1;
use crate::passwords::known_or_not;
use crate::welch::Times;

/// A comparison and how to measure it.
#[derive(Clone, Copy)]
pub(crate) struct Comparison {
    /// What is compared.
    pub(crate) name: &'static str,
    /// Measures it.
    pub(crate) measure: fn(&Plan) -> Times,
}

/// All of them. What answers the management socket is told by its file's owner, not by a secret.
pub(crate) const ALL: &[Comparison] = &[
    Comparison { name: "two byte strings", measure: byte_strings },
    Comparison { name: "client secret", measure: |plan| client_secret(plan, 0) },
    Comparison { name: "client secret, the second of two", measure: |plan| client_secret(plan, 1) },
    Comparison { name: "authorization code", measure: |plan| token(plan, TokenKind::Code) },
    Comparison { name: "access token", measure: |plan| token(plan, TokenKind::Access) },
    Comparison { name: "refresh token", measure: |plan| token(plan, TokenKind::Refresh) },
    Comparison { name: "session cookie", measure: |plan| token(plan, TokenKind::Session) },
    Comparison { name: "tag of a sealed request", measure: sealed },
    Comparison { name: "browser cookie", measure: browser_cookie },
    Comparison { name: "CSRF token", measure: csrf },
    Comparison { name: "PKCE verifier", measure: verifier },
    Comparison { name: "same_secret of the plugin SDK", measure: plugins_own },
    Comparison { name: "signature of OAuth 1.0a, HMAC-SHA256", measure: oauth1::hmac },
    Comparison { name: "signature of OAuth 1.0a, PLAINTEXT", measure: oauth1::plaintext },
    Comparison { name: "whether a consumer of OAuth 1.0a exists", measure: oauth1::consumer },
];

/// Takes milliseconds and is measured for itself.
pub(crate) const PASSWORD: Comparison = Comparison { name: "whether a user exists", measure: known_or_not };

/// What must be caught: a comparison that stops at the first difference, behind the same hashing as a token's.
pub(crate) const LEAKY: Comparison = Comparison { name: "control: stops at the first difference", measure: leaky };

/// What is kept of a secret whose hash is `hash`, all but equal to it or nothing like it.
fn kept(chance: &mut Chance, near: bool, hash: [u8; 32]) -> [u8; 32] {
    let other = chance.bytes();
    let mut almost = hash;
    almost[31] ^= other[31] | 1;
    if near { almost } else { other }
}

fn byte_strings(plan: &Plan) -> Times {
    let prepare = |chance: &mut Chance, near| {
        let came = chance.bytes();
        (came, kept(chance, near, came))
    };
    plan.times(prepare, |(came, kept)| (0..8).fold(false, |found, _| found | constant_time_eq(black_box(came), black_box(kept))))
}

fn plugins_own(plan: &Plan) -> Times {
    let prepare = |chance: &mut Chance, near| {
        let came = chance.bytes();
        (came, kept(chance, near, came))
    };
    plan.times(prepare, |(came, kept)| (0..8).fold(false, |found, _| found | same_secret(black_box(came), black_box(kept))))
}

fn client_secret(plan: &Plan, which: usize) -> Times {
    let prepare = |chance: &mut Chance, near| {
        let secret = chance.text();
        let mut secrets = [chance.bytes(), chance.bytes()];
        secrets[which] = kept(chance, near, sha256(secret.as_bytes()));
        let mut client = Client::confidential("shop", "The shop", SecretHash::from_bytes(secrets[0]));
        client.secrets.push(SecretHash::from_bytes(secrets[1]));
        (Arc::new(client), Credentials::Basic { id: "shop".into(), secret: Secret::new(secret) })
    };
    plan.times(prepare, |(client, credentials)| client_auth::authenticate(Some(Arc::clone(client)), credentials).is_ok())
}

fn token(plan: &Plan, kind: TokenKind) -> Times {
    let prepare = |chance: &mut Chance, near| {
        let token = IssuedToken::new(kind, RecordId::from_raw(77), RecordId::from_raw(55), chance.bytes());
        let hash = kept(chance, near, *token.hash().as_bytes());
        (token.encode().into_inner(), SecretHash::from_bytes(hash), kind)
    };
    plan.times(prepare, |(text, hash, kind)| IssuedToken::parse(*kind, text).is_some_and(|token| token.fits(RecordId::from_raw(55), hash)))
}

/// AES-GCM's own comparison of the tag, the last 16 bytes.
fn sealed(plan: &Plan) -> Times {
    let Ok(sealer) = Sealer::new(vec![MasterKey::new([7; 32])]) else { return Times::default() };
    let prepare = |chance: &mut Chance, near| {
        let random: [u8; 28] = std::array::from_fn(|_| chance.word().to_le_bytes()[0]);
        let mut blob = sealer.seal_often("interaction", b"", "name", chance.text().as_bytes(), &random).unwrap_or_default();
        let tag: Vec<u8> = chance.bytes()[16..].to_vec();
        let (from, changed) =
            if near { (blob.len() - 1, vec![blob[blob.len() - 1] ^ (tag[0] | 1)]) } else { (blob.len() - tag.len(), tag) };
        blob.truncate(from);
        blob.extend(changed);
        blob
    };
    plan.times(prepare, |blob| sealer.open("interaction", b"", "name", blob).is_ok())
}

fn browser_cookie(plan: &Plan) -> Times {
    let prepare = |chance: &mut Chance, near| {
        let cookie = chance.text();
        let hash = kept(chance, near, sha256(cookie.as_bytes()));
        (cookie, SecretHash::from_bytes(hash))
    };
    plan.times(prepare, |(cookie, hash)| SecretHash::of(cookie.as_bytes()).same(hash))
}

fn csrf(plan: &Plan) -> Times {
    let prepare = |chance: &mut Chance, near| {
        let browser = chance.text();
        // The browser's secret is what is kept: the token is drawn from it, or from another one.
        let other = chance.text();
        let mut token = csrf_token(if near { browser.as_bytes() } else { other.as_bytes() }, b"khi_1", b"form");
        let last = token.pop().filter(|last| *last != 'A').map_or('B', |_| 'A');
        token.push(last);
        (browser, token)
    };
    plan.times(prepare, |(browser, token)| verify_csrf_token(browser.as_bytes(), b"khi_1", b"form", token))
}

fn verifier(plan: &Plan) -> Times {
    let prepare = |chance: &mut Chance, near| {
        let verifier = chance.text();
        let kept = kept(chance, near, sha256(verifier.as_bytes()));
        let challenge = CodeChallenge::parse(Some("S256"), &base64url(kept));
        (verifier, challenge.ok())
    };
    plan.times(prepare, |(verifier, challenge)| pkce::verify(challenge.as_ref(), Some(verifier)).is_ok())
}

fn leaky(plan: &Plan) -> Times {
    let prepare = |chance: &mut Chance, near| {
        let token = IssuedToken::new(TokenKind::Access, RecordId::from_raw(77), RecordId::from_raw(55), chance.bytes());
        let kept = kept(chance, near, *token.hash().as_bytes());
        (token.encode().into_inner(), kept)
    };
    plan.times(prepare, |(text, kept)| {
        let hash = IssuedToken::parse(TokenKind::Access, text).map(|token| token.hash());
        hash.is_some_and(|hash| hash.as_bytes().iter().zip(kept).all(|(came, kept)| black_box(came) == black_box(kept)))
    })
}

/// base64url without padding, as a challenge is written (RFC 7636 Appendix A).
fn base64url(bytes: [u8; 32]) -> String {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    let bit = |index: usize| bytes.get(index / 8).map_or(0, |byte| (byte >> (7 - index % 8)) & 1);
    let digit = |place: usize| (0..6).fold(0, |digit, offset| digit << 1 | bit(place * 6 + offset));
    (0..43).map(|place| char::from(ALPHABET[usize::from(digit(place))])).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base64url_is_the_one_that_challenges_are_written_in() {
        let bytes = [
            19, 211, 30, 150, 26, 26, 216, 236, 47, 22, 177, 12, 76, 152, 46, 8, 118, 168, 120, 173, 109, 241, 68, 86, 110, 225, 137, 74,
            203, 112, 249, 195,
        ];
        // RFC 7636 Appendix B.
        assert_eq!(base64url(bytes), "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM");
    }

    #[test]
    fn every_near_and_every_far_candidate_is_refused() {
        let plan = Plan::quick(std::time::Duration::from_millis(50));
        for comparison in ALL {
            // `times` fails if one is accepted: both classes take the same way out.
            let times = (comparison.measure)(&plan);
            assert!(!times.near.is_empty() && !times.far.is_empty(), "{}", comparison.name);
        }
    }

    #[test]
    fn what_is_kept_differs_from_what_came_in_the_last_byte_alone_or_everywhere() {
        let mut chance = Chance::new();
        for _ in 0..1000 {
            let came = chance.bytes();
            let near = kept(&mut chance, true, came);
            assert!(near[..31] == came[..31] && near[31] != came[31]);
            assert!(kept(&mut chance, false, came)[..31] != came[..31]);
        }
    }
}
