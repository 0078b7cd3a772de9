//! Calls of the hooks of OAuth 1.0a (RFC 5849).

use crate::call::TestCall;
use crate::stand_in::Kind;

impl TestCall {
    /// A request is signed under a consumer key that no client has.
    pub fn oauth1_consumer(consumer_key: &str) -> Self {
        Self::hook("oauth1_consumer", Kind::Oauth1Consumer).fact("consumer_key", consumer_key)
    }

    /// A request is signed by a method of the plugin's own. `key` is the consumer's secret and the token's, each encoded, joined by `&`.
    pub fn oauth1_signature(method: &str, base_string: &str, key: &str) -> Self {
        let call = Self::hook(&format!("oauth1_signature={method}"), Kind::Oauth1Signature);
        call.fact("signature_method", method).secret("base_string", base_string).secret("signing_key", key)
    }

    /// A signed request whose signature holds; `fact` adds `token`, `subject` and `client_id`.
    pub fn oauth1_request(consumer_key: &str, timestamp: u64, nonce: &str) -> Self {
        let call = Self::hook("oauth1_request", Kind::Oauth1Request).fact("consumer_key", consumer_key);
        let call = call.fact("timestamp", &timestamp.to_string()).fact("nonce", nonce).fact("signature_method", "HMAC-SHA1");
        call.fact("method", "GET").fact("uri", "http://localhost:8080/photos")
    }

    /// Temporary credentials are about to go out.
    pub fn request_token_response() -> Self {
        Self::credentials("request_token_response").member("oauth_callback_confirmed", "\"true\"")
    }

    /// Token credentials are about to go out.
    pub fn oauth1_access_token_response() -> Self {
        Self::credentials("oauth1_access_token_response")
    }

    fn credentials(name: &str) -> Self {
        let call = Self::hook(name, Kind::Oauth1Response);
        call.member("oauth_token", "\"test-token\"").member("oauth_token_secret", "\"test-secret\"")
    }
}
