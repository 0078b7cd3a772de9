//! Signatures of OAuth 1.0a: near ones beside others, and consumers that exist beside others (RFC 5849 §3.2, §4.6).

use std::ops::Range;
use std::sync::LazyLock;

use keyhook_core::Timestamp;
use keyhook_core::oauth1::{BaseString, Expected, Parameters, SignedRequest, SigningKey, Unknown, Unverified, Window, signature};

use crate::chance::Chance;
use crate::measure::Plan;
use crate::welch::Times;

const CONSUMER: &str = "khx_abcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuvw";
const TOKEN: &str = "abcdefghijklmnopqrstuvwxyzabcdefghijklmnopq";
const KEY: SigningKey<'static> = SigningKey::shared(CONSUMER, TOKEN);

fn header(method: &str, signature: &str) -> String {
    format!(
        "OAuth oauth_consumer_key=\"shop\", oauth_token=\"t\", oauth_signature_method=\"{method}\", oauth_timestamp=\"1790000000\", \
         oauth_nonce=\"n\", oauth_signature=\"{signature}\""
    )
}

fn request(header: &str) -> SignedRequest<'_> {
    SignedRequest {
        method: "GET",
        scheme: "https",
        authority: "api.example",
        path: "/photos",
        query: Some("size=original"),
        authorization: Some(header),
        form_body: None,
        body_other: None,
    }
}

/// The base string of the request above, and what fits it.
static RIGHT: LazyLock<Option<(BaseString, String)>> = LazyLock::new(|| {
    let header = header("HMAC-SHA256", "x");
    let request = request(&header);
    let base = BaseString::of(&request, &Parameters::collect(&request).ok()??);
    let right = signature::named("HMAC-SHA256")?.sign(&base, &KEY)?.into_inner();
    Some((base, right))
});

/// A signature that differs from the right one in its last byte alone, or everywhere.
pub(crate) fn hmac(plan: &Plan) -> Times {
    let prepare = |chance: &mut Chance, near| {
        let right = RIGHT.as_ref().map(|(_, right)| right.as_str()).unwrap_or_default();
        // 32 bytes are 43 characters and a `=`; the last but one of the 43 holds six bits of the tag.
        let wrong = changed(right, if near { 41..42 } else { 0..42 }, chance);
        (signature::named("HMAC-SHA256"), wrong)
    };
    plan.times(prepare, |(method, wrong)| RIGHT.as_ref().zip(*method).is_none_or(|((base, _), method)| method.verify(base, &KEY, wrong)))
}

/// The same for PLAINTEXT, whose signature is the secrets.
pub(crate) fn plaintext(plan: &Plan) -> Times {
    let prepare = |chance: &mut Chance, near| {
        let right = format!("{CONSUMER}&{TOKEN}");
        let last = right.len() - 1;
        let wrong = changed(&right, if near { last..last + 1 } else { 0..last }, chance);
        (signature::named("PLAINTEXT"), wrong)
    };
    plan.times(prepare, |(method, wrong)| RIGHT.as_ref().zip(*method).is_none_or(|((base, _), method)| method.verify(base, &KEY, wrong)))
}

/// The whole check of a wrong signature, of a consumer that exists and of one that does not.
pub(crate) fn consumer(plan: &Plan) -> Times {
    let prepare = |chance: &mut Chance, known: bool| {
        let wrong = changed("AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA", 0..40, chance);
        (header("HMAC-SHA256", &format!("{wrong}%3D")), if known { Ok(KEY) } else { Err(Unknown::Consumer) })
    };
    let allowed = ["HMAC-SHA256".to_owned()];
    plan.times(prepare, |(header, key)| {
        let expected = Expected { method: signature::named("HMAC-SHA256"), allowed: &allowed, key: *key, window: Window::default() };
        let Ok(Some(unverified)) = Unverified::read(&request(header)) else { return true };
        unverified.check(&expected, Timestamp::from_seconds(1_790_000_000)).is_ok()
    })
}

/// The text with other letters at these places.
fn changed(text: &str, places: Range<usize>, chance: &mut Chance) -> String {
    let letters = chance.text();
    let mut drawn = letters.chars().cycle();
    // All of them letters of base64: what is malformed is refused earlier, and may be.
    let mut other = |own: char| drawn.next().filter(|new| *new != own).unwrap_or('Q');
    text.chars().enumerate().map(|(at, own)| if places.contains(&at) { other(own) } else { own }).collect()
}
