//! Signed requests for two parties (RFC 5849 §3): each with a fresh nonce, so that each is a request of its own. Sent to an API, or
//! handed over to the server by one.
//!
//! The benchmark signs by itself: `GET /photos`, whose base string differs in nonce and timestamp only.

use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use aws_lc_rs::hmac;

use super::Answer;
use super::script::{Script, Step, expect};

/// What all connections sign with, and where to.
pub(crate) struct Signing {
    /// `oauth_consumer_key`.
    consumer: String,
    key: hmac::Key,
    to: To,
}

/// Who gets the request.
pub(crate) enum To {
    /// The API on this host.
    Api(String),
    /// The server, from the API `api.test`: the head of its question, up to `content-length`.
    Server(String),
}

impl Signing {
    /// A consumer and its secret, whose characters need no encoding.
    pub(crate) fn new(to: To, consumer: &str, secret: &str) -> Arc<Signing> {
        let key = hmac::Key::new(hmac::HMAC_SHA256, format!("{secret}&").as_bytes());
        Arc::new(Signing { consumer: consumer.to_owned(), key, to })
    }

    /// The signature, percent-encoded.
    fn signature(&self, host: &str, nonce: &str, seconds: u64) -> String {
        let (host, consumer) = (host.replace(':', "%3A"), &self.consumer);
        let base = format!(
            "GET&http%3A%2F%2F{host}%2Fphotos&oauth_consumer_key%3D{consumer}%26oauth_nonce%3D{nonce}\
             %26oauth_signature_method%3DHMAC-SHA256%26oauth_timestamp%3D{seconds}"
        );
        encoded(hmac::sign(&self.key, base.as_bytes()).as_ref())
    }
}

/// One connection, of a client or of an API that hands over.
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
        let text = match &self.signing.to {
            To::Api(host) => {
                let signature = self.signing.signature(host, &nonce, seconds);
                format!(
                    "GET /photos HTTP/1.1\r\nhost: {host}\r\nauthorization: OAuth oauth_consumer_key=\"{consumer}\",\
                     oauth_nonce=\"{nonce}\",oauth_signature_method=\"HMAC-SHA256\",oauth_timestamp=\"{seconds}\",\
                     oauth_signature=\"{signature}\"\r\n\r\n"
                )
            }
            To::Server(head) => {
                // Quotes, commas, spaces and `=` of the header once more encoded, as a value of the form.
                let signature = self.signing.signature("api.test", &nonce, seconds).replace('%', "%25");
                let form = format!(
                    "method=GET&uri=http%3A%2F%2Fapi.test%2Fphotos&authorization=OAuth+oauth_consumer_key%3D%22{consumer}%22%2C\
                     oauth_nonce%3D%22{nonce}%22%2Coauth_signature_method%3D%22HMAC-SHA256%22%2C\
                     oauth_timestamp%3D%22{seconds}%22%2Coauth_signature%3D%22{signature}%22"
                );
                format!("{head}content-length: {}\r\n\r\n{form}", form.len())
            }
        };
        to.extend_from_slice(text.as_bytes());
    }

    fn answer(&mut self, answer: &Answer<'_>) -> Step {
        match self.signing.to {
            To::Api(_) => expect(answer, b"xxxxxxxx"),
            To::Server(_) => expect(answer, b"\"active\":true"),
        }
    }
}

/// Base64, percent-encoded.
fn encoded(bytes: &[u8]) -> String {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut out = String::with_capacity(2 * bytes.len());
    for chunk in bytes.chunks(3) {
        let number = chunk.iter().fold(0_u32, |number, byte| number << 8 | u32::from(*byte)) << (8 * (3 - chunk.len()));
        for index in 0..4 {
            if index > chunk.len() {
                out.push_str("%3D");
                continue;
            }
            match ALPHABET[(number >> (18 - 6 * index) & 63) as usize] {
                b'+' => out.push_str("%2B"),
                b'/' => out.push_str("%2F"),
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
    fn a_signature_is_base64_percent_encoded() {
        assert_eq!(encoded(b"abc"), "YWJj");
        assert_eq!(encoded(b"ab"), "YWI%3D");
        assert_eq!(encoded(&[0xfb, 0xff]), "%2B%2F8%3D");
    }
}
