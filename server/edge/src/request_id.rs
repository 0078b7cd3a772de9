//! Request ids: 80 random bits as 16 letters of base32, or what a trusted proxy already gave the request.

use std::sync::Arc;

use http::HeaderMap;
use keyhook_component::system::Random;

/// The header that carries it, inward from trusted proxies and outward on every refusal.
pub(crate) const HEADER: &str = "x-request-id";

const ALPHABET: &[u8; 32] = b"abcdefghijklmnopqrstuvwxyz234567";

/// A new id.
pub(crate) fn fresh(random: &(dyn Random + 'static)) -> Arc<str> {
    let bytes: [u8; 10] = random.bytes();
    let mut letters = [0; 16];
    for (letter, bit) in letters.iter_mut().zip((0..80).step_by(5)) {
        let pair = u16::from_be_bytes([bytes[bit / 8], bytes.get(bit / 8 + 1).copied().unwrap_or_default()]);
        *letter = ALPHABET[usize::from((pair >> (11 - bit % 8)) & 31)];
    }
    str::from_utf8(&letters).unwrap_or_default().into()
}

/// The id that a trusted proxy gave, if it is one that may stand in a log and a header.
pub(crate) fn given(headers: &HeaderMap) -> Option<Arc<str>> {
    let id = headers.get(HEADER)?.to_str().ok()?;
    let plain = id.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte));
    ((8..=64).contains(&id.len()) && plain).then(|| id.into())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test may fail by panicking")]
    use super::*;

    struct Fixed([u8; 10]);

    impl Random for Fixed {
        fn fill(&self, out: &mut [u8]) {
            out.copy_from_slice(&self.0);
        }
    }

    /// RFC 4648 §6, in lower case.
    #[test]
    fn an_id_is_base32_of_eighty_bits() {
        assert_eq!(&*fresh(&Fixed([0; 10])), "aaaaaaaaaaaaaaaa");
        assert_eq!(&*fresh(&Fixed([255; 10])), "7777777777777777");
        assert_eq!(&*fresh(&Fixed(*b"foobarfoob")), "mzxw6ytbojtg633c");
    }

    #[test]
    fn a_given_id_that_could_disturb_a_log_is_not_taken() {
        let id = |text: &str| {
            let mut headers = HeaderMap::new();
            headers.insert(HEADER, text.parse().unwrap());
            given(&headers)
        };
        assert_eq!(id("0af7651916cd43dd").as_deref(), Some("0af7651916cd43dd"));
        for wrong in ["short", "with space here", "${jndi:ldap://x}", &"a".repeat(65)] {
            assert_eq!(id(wrong), None, "{wrong}");
        }
    }
}
