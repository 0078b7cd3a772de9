//! Requests made of awkward pieces, from a fixed seed: what is signed verifies, the order of parameters never matters, nothing panics.

use super::*;
use crate::Timestamp;

const ROUNDS: usize = 5_000;

/// What breaks careless readers of headers, queries and forms.
const PIECES: &[&str] = &[
    "a",
    "A",
    "b",
    "=",
    "&",
    "%",
    "%2",
    "%20",
    "%2B",
    "%7e",
    "~",
    "+",
    " ",
    "\"",
    "\\",
    ",",
    ";",
    "oauth_",
    "oauth_token",
    "realm",
    "OAuth ",
    "oauth_consumer_key=\"k\"",
    "oauth_signature_method=\"HMAC-SHA1\"",
    "oauth_signature=\"s\"",
    "oauth_nonce=n",
    "é",
    "☃",
    "%C3%A9",
    "%FF",
    "%00",
    "\0",
    "\n",
    "!*'()",
    "/",
    "?",
    "#",
    ":",
    "\t",
];

/// Numbers that look random and are the same each time (xorshift).
struct Chance(u64);

impl Chance {
    fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 >> 33).unwrap() % limit
    }

    fn text(&mut self, most: usize) -> String {
        (0..self.below(most + 1)).map(|_| PIECES[self.below(PIECES.len())]).collect()
    }

    /// Well-formed pairs, each of which may come again.
    fn pairs(&mut self) -> Vec<String> {
        (0..self.below(6)).map(|_| format!("x{}={}", encoding::encode(&self.text(2)), encoding::encode(&self.text(4)))).collect()
    }

    fn shuffled(&mut self, mut pairs: Vec<String>) -> Vec<String> {
        for last in (1..pairs.len()).rev() {
            pairs.swap(last, self.below(last + 1));
        }
        pairs
    }
}

#[test]
fn what_is_signed_verifies_whatever_the_order_of_its_parameters() {
    let mut chance = Chance(0x9E37_79B9_7F4A_7C15);
    for _ in 0..ROUNDS {
        let (query, form, nonce) = (chance.pairs(), chance.pairs(), format!("n{}", encoding::encode(&chance.text(3))));
        let (consumer_secret, token_secret) = (format!("s{}", chance.text(3)), chance.text(3));
        let key = SigningKey::shared(&consumer_secret, &token_secret);
        let method = signature::named(["HMAC-SHA1", "HMAC-SHA256", "HMAC-SHA512"][chance.below(3)]).unwrap();
        let signer = Signer {
            consumer_key: "k",
            token: [None, Some("t")][chance.below(2)],
            key,
            method,
            timestamp: 1_790_000_000,
            nonce: &nonce,
            callback: None,
            verifier: Some("v+é "),
            body_hash: false,
        };
        let (joined, body) = (query.join("&"), form.join("&"));
        let request = SignedRequest { method: "POST", query: Some(&joined), form_body: Some(body.as_bytes()), ..GET };
        let protocol = signer.sign(&request).unwrap();
        let header = protocol.authorization(None).into_inner();
        let (other_query, other_body) = (chance.shuffled(query).join("&"), chance.shuffled(form).join("&"));
        let shuffled =
            SignedRequest { query: Some(&other_query), form_body: Some(other_body.as_bytes()), authorization: Some(&header), ..request };
        assert_eq!(base_of(&shuffled), protocol.base_string().as_str());
        let expected = Expected { method: Some(method), allowed: &[method.name().to_owned()], key: Ok(key), window: Window::default() };
        let verified = Unverified::read(&shuffled).unwrap().unwrap().check(&expected, Timestamp::from_seconds(1_790_000_000)).unwrap();
        assert_eq!(verified.verifier().unwrap().expose(), "v+é ");
        assert_eq!(Diagnosis::of(&base_of(&shuffled), protocol.base_string().as_str()), None);
    }
}

#[test]
fn nothing_that_is_sent_panics_and_what_is_collected_is_whole() {
    let mut chance = Chance(7);
    let mut whole = 0;
    for _ in 0..4 * ROUNDS {
        let start = ["", "OAuth ", HEADER][chance.below(3)];
        let header = format!("{start}{}", chance.text(8));
        let query = format!("{}{}", ["", FORM][chance.below(2)], chance.text(6));
        let body = chance.text(6);
        let request = SignedRequest {
            authorization: [None, Some(&*header)][chance.below(2)],
            query: Some(&query),
            form_body: [None, Some(body.as_bytes())][chance.below(2)],
            ..GET
        };
        let Ok(Some(parameters)) = Parameters::collect(&request) else { continue };
        whole += 1;
        let base = BaseString::of(&request, &parameters);
        assert!(base.as_str().is_ascii() && base.as_str().split('&').count() == 3);
        assert!(!parameters.consumer_key().is_empty() && !parameters.signature().expose().is_empty());
        let _ = Diagnosis::of(base.as_str(), &chance.text(8));
    }
    assert!(whole > ROUNDS / 10, "{whole}");
}
