//! The two cookies: the browser's own, which binds forms and interactions to it, and the session's (RFC 6265).

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use http::HeaderValue;
use keyhook_component::context::Context;
use keyhook_component::request::Request;
use keyhook_component::settings::Settings;
use keyhook_core::crypto::{csrf_token, verify_csrf_token};
use keyhook_core::error::{ErrorCode, OAuthError};
use keyhook_core::secret::{Secret, SecretHash};

use crate::kh;

/// A browser is known this long after its last new cookie; see [`crate::attempts`].
pub(crate) const BROWSER_LIFETIME: Duration = Duration::from_hours(180 * 24);
const SECRET_LEN: usize = 43;

/// A browser, known by 32 random bytes in a cookie that outlives sign-in and sign-out.
///
/// Form tokens are an HMAC under this secret: no page contains it, so only this browser, on a page of ours, has a token that fits.
pub(crate) struct Browser {
    secret: Secret<String>,
    is_new: bool,
}

impl Browser {
    /// The browser that sent the request, if it has its cookie. What is no such cookie is ignored.
    pub(crate) fn known(request: &Request, settings: &Settings) -> Option<Browser> {
        let value = request.cookie(&browser_cookie(settings))?;
        let fits = value.len() == SECRET_LEN && value.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'));
        fits.then(|| Browser { secret: Secret::new(value.to_owned()), is_new: false })
    }

    /// The browser that sent the request, or a new one that has to be told its cookie.
    pub(crate) fn of(request: &Request, context: &Context) -> Browser {
        Browser::known(request, &context.settings).unwrap_or_else(|| {
            let bytes: [u8; 32] = context.random.bytes();
            Browser { secret: Secret::new(URL_SAFE_NO_PAD.encode(bytes)), is_new: true }
        })
    }

    /// What records keep of it.
    pub(crate) fn hash(&self) -> SecretHash {
        SecretHash::of(self.secret.expose().as_bytes())
    }

    /// The token of the form that belongs to `interaction`, or to a purpose without one.
    pub(crate) fn form_token(&self, interaction: &str) -> String {
        csrf_token(self.secret.expose().as_bytes(), interaction.as_bytes(), b"form")
    }

    /// Whether a form that came back is ours, this browser's and of this interaction (RFC 6749 §10.12).
    ///
    /// # Errors
    /// 403.
    pub(crate) fn check_form(&self, interaction: &str, token: Option<&str>) -> Result<(), OAuthError> {
        let fits = verify_csrf_token(self.secret.expose().as_bytes(), interaction.as_bytes(), b"form", token.unwrap_or_default());
        if fits { Ok(()) } else { Err(foreign_form()) }
    }

    /// The cookie to set, if the browser has none yet.
    pub(crate) fn cookie(&self, settings: &Settings) -> Option<HeaderValue> {
        self.is_new.then(|| set_cookie(settings, &browser_cookie(settings), self.secret.expose(), Some(BROWSER_LIFETIME))).flatten()
    }
}

/// The refusal of a form without its token, or with another one's.
pub(crate) fn foreign_form() -> OAuthError {
    OAuthError::new(ErrorCode::Forbidden, "this form did not come from this server in this browser").with_kh(kh::FORM_TOKEN)
}

fn browser_cookie(settings: &Settings) -> String {
    format!("{}-browser", settings.cookie_name)
}

/// A `Set-Cookie` in the server's way: whole host, `HttpOnly`, `SameSite=Lax`, `Secure` on https. `None` if it is no header value.
pub(crate) fn set_cookie(settings: &Settings, name: &str, value: &str, lifetime: Option<Duration>) -> Option<HeaderValue> {
    let secure = if settings.cookie_secure { "; Secure" } else { "" };
    let age = lifetime.map(|lifetime| format!("; Max-Age={}", lifetime.as_secs())).unwrap_or_default();
    HeaderValue::from_str(&format!("{name}={value}; Path=/; HttpOnly; SameSite=Lax{secure}{age}")).ok()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test may fail by panicking")]
    use super::*;

    fn browser(secret: &str) -> Browser {
        Browser { secret: Secret::new(secret.to_owned()), is_new: false }
    }

    #[test]
    fn a_form_token_fits_its_own_browser_and_interaction_only() {
        let (mine, yours) = (browser("mine"), browser("yours"));
        let token = mine.form_token("khi_1");
        assert!(mine.check_form("khi_1", Some(&token)).is_ok());
        for refused in [
            mine.check_form("khi_2", Some(&token)),
            yours.check_form("khi_1", Some(&token)),
            mine.check_form("khi_1", Some("")),
            mine.check_form("khi_1", None),
        ] {
            let error = refused.unwrap_err();
            assert_eq!((error.status(), error.kh), (403, kh::FORM_TOKEN));
        }
    }
}
