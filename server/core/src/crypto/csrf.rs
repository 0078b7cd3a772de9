//! Tokens for forms, bound to one interaction and one browser, so that nobody else's page can submit them.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use super::{constant_time_eq, hmac_sha256};

const LABEL: &[u8] = b"keyhook csrf 1";

/// The token to put into a form: HMAC-SHA-256 over the interaction and the browser's binding (its cookie), in base64url.
pub fn csrf_token(key: &[u8], interaction_id: &[u8], browser_binding: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(tag(key, interaction_id, browser_binding))
}

/// Whether `token` is what [`csrf_token`] gives for the same key, interaction and browser, in constant time.
pub fn verify_csrf_token(key: &[u8], interaction_id: &[u8], browser_binding: &[u8], token: &str) -> bool {
    let expected = csrf_token(key, interaction_id, browser_binding);
    constant_time_eq(expected.as_bytes(), token.as_bytes())
}

fn tag(key: &[u8], interaction_id: &[u8], browser_binding: &[u8]) -> [u8; 32] {
    let mut message = Vec::with_capacity(LABEL.len() + 16 + interaction_id.len() + browser_binding.len());
    message.extend_from_slice(LABEL);
    // Each part carries its length, so that bytes cannot move from one part to the other.
    for part in [interaction_id, browser_binding] {
        message.extend_from_slice(&(part.len() as u64).to_be_bytes());
        message.extend_from_slice(part);
    }
    hmac_sha256(key, &message)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_form_token_is_good_for_its_own_interaction_and_browser_only() {
        let token = csrf_token(b"key", b"interaction", b"browser");
        assert!(verify_csrf_token(b"key", b"interaction", b"browser", &token));
        assert!(!verify_csrf_token(b"key2", b"interaction", b"browser", &token));
        assert!(!verify_csrf_token(b"key", b"other", b"browser", &token));
        assert!(!verify_csrf_token(b"key", b"interaction", b"other", &token));
        assert!(!verify_csrf_token(b"key", b"interactionb", b"rowser", &token));
        assert!(!verify_csrf_token(b"key", b"interaction", b"browser", ""));
    }
}
