//! Signed requests for two parties (RFC 5849 §3): each with a fresh nonce, so that each is a request of its own.
//!
//! The benchmark signs by itself: one request of one form, whose base string differs in nonce and timestamp only.

use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use aws_lc_rs::hmac;

use super::Answer;
use super::script::{Script, Step, expect};

/// What all connections sign with, and where to.
pub(crate) struct Signing {
    /// The head of the question to the server, up to `content-length`.
    pub(crate) head: String,
    /// `oauth_consumer_key`.
    pub(crate) consumer: String,
    key: hmac::Key,
}

impl Signing {
    /// A consumer and its secret, whose characters need no encoding.
    pub(crate) fn new(head: String, consumer: &str, secret: &str) -> Arc<Signing> {
        Arc::new(Signing { head, consumer: consumer.to_owned(), key: hmac::Key::new(hmac::HMAC_SHA256, format!("{secret}&").as_bytes()) })
    }
}

/// One connection of a resource server that hands signed requests over.
pub(crate) struct Signed {
    signing: Arc<Signing>,
    connection: usize,
    sent: u64,
}

impl Signed {
    pub(crate) fn new(signing: &Arc<Signing>, connection: usize) -> Signed {
        Signed { signing: Arc::clone(signing), connection, sent: 0 }
    }
}

impl Script for Signed {
    fn request(&mut self, to: &mut Vec<u8>) {
        self.sent += 1;
        let seconds = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs());
        let (consumer, nonce) = (&self.signing.consumer, format!("{}-{}", self.connection, self.sent));
        let base = format!(
            "GET&http%3A%2F%2Fapi.test%2Fphotos&oauth_consumer_key%3D{consumer}%26oauth_nonce%3D{nonce}\
             %26oauth_signature_method%3DHMAC-SHA256%26oauth_timestamp%3D{seconds}"
        );
        let signature = encoded(hmac::sign(&self.signing.key, base.as_bytes()).as_ref());
        // Quotes, commas, spaces and `=` of the header once more encoded, as a value of the form.
        let form = format!(
            "method=GET&uri=http%3A%2F%2Fapi.test%2Fphotos&authorization=OAuth+oauth_consumer_key%3D%22{consumer}%22%2C\
             oauth_nonce%3D%22{nonce}%22%2Coauth_signature_method%3D%22HMAC-SHA256%22%2Coauth_timestamp%3D%22{seconds}%22%2C\
             oauth_signature%3D%22{signature}%22"
        );
        to.extend_from_slice(self.signing.head.as_bytes());
        to.extend_from_slice(format!("content-length: {}\r\n\r\n{form}", form.len()).as_bytes());
    }

    fn answer(&mut self, answer: &Answer<'_>) -> Step {
        expect(answer, b"\"active\":true")
    }
}

/// Base64, percent-encoded for the header and once more for the form.
fn encoded(bytes: &[u8]) -> String {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut out = String::with_capacity(2 * bytes.len());
    for chunk in bytes.chunks(3) {
        let number = chunk.iter().fold(0_u32, |number, byte| number << 8 | u32::from(*byte)) << (8 * (3 - chunk.len()));
        for index in 0..4 {
            if index > chunk.len() {
                out.push_str("%253D");
                continue;
            }
            match ALPHABET[(number >> (18 - 6 * index) & 63) as usize] {
                b'+' => out.push_str("%252B"),
                b'/' => out.push_str("%252F"),
                letter => out.push(char::from(letter)),
            }
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_signature_is_base64_encoded_twice_for_its_place() {
        assert_eq!(encoded(b"abc"), "YWJj");
        assert_eq!(encoded(b"ab"), "YWI%253D");
        assert_eq!(encoded(&[0xfb, 0xff]), "%252B%252F8%253D");
    }
}
