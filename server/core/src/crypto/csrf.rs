//! Tokens for forms, bound to one interaction and one browser, so that nobody else's page can submit them.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use super::{constant_time_eq, hmac_sha256};

const LABEL: &[u8] = b"keyhook csrf 1";

/// The token to put into a form: HMAC-SHA-256 over the interaction and the purpose under the browser's secret (its cookie), in
/// base64url.
pub fn csrf_token(browser: &[u8], interaction: &[u8], purpose: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(tag(browser, interaction, purpose))
}

/// Whether `token` is what [`csrf_token`] gives for the same browser, interaction and purpose, in constant time.
pub fn verify_csrf_token(browser: &[u8], interaction: &[u8], purpose: &[u8], token: &str) -> bool {
    let expected = csrf_token(browser, interaction, purpose);
    constant_time_eq(expected.as_bytes(), token.as_bytes())
}

fn tag(browser: &[u8], interaction: &[u8], purpose: &[u8]) -> [u8; 32] {
    let mut message = Vec::with_capacity(LABEL.len() + 16 + interaction.len() + purpose.len());
    message.extend_from_slice(LABEL);
    // Each part carries its length, so that bytes cannot move from one part to the other.
    for part in [interaction, purpose] {
        message.extend_from_slice(&(part.len() as u64).to_be_bytes());
        message.extend_from_slice(part);
    }
    hmac_sha256(browser, &message)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_form_token_is_good_for_its_own_browser_interaction_and_purpose_only() {
        let token = csrf_token(b"browser", b"interaction", b"form");
        assert!(verify_csrf_token(b"browser", b"interaction", b"form", &token));
        assert!(!verify_csrf_token(b"browser2", b"interaction", b"form", &token));
        assert!(!verify_csrf_token(b"browser", b"other", b"form", &token));
        assert!(!verify_csrf_token(b"browser", b"interaction", b"other", &token));
        assert!(!verify_csrf_token(b"browser", b"interactionf", b"orm", &token));
        assert!(!verify_csrf_token(b"browser", b"interaction", b"form", ""));
    }
}
