//! Redeeming an authorization code (RFC 6749 §4.1.3): client, then time, then redirect URI, then PKCE.

use crate::client_auth::AuthenticatedClient;
use crate::error::OAuthError;
use crate::kh;
use crate::pkce::{self, CodeChallenge};
use crate::time::Timestamp;

/// What a code was issued for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct CodeFacts<'a> {
    /// The client it was issued to.
    pub client_id: &'a str,
    /// The `redirect_uri` of the authorization request, as it was sent; `None` if it was left out.
    pub redirect_uri: Option<&'a str>,
    /// The PKCE challenge of the authorization request.
    pub challenge: Option<CodeChallenge>,
    /// When it ends.
    pub expires_at: Timestamp,
}

/// A live code whose secret has matched. It can be redeemed once: redeeming consumes it.
///
/// ```compile_fail
/// # use keyhook_core::{AuthenticatedClient, Timestamp, code::IssuedCode};
/// fn twice(code: IssuedCode<'_>, client: &AuthenticatedClient, now: Timestamp) {
///     let _ = code.redeem(client, None, None, now);
///     let _ = code.redeem(client, None, None, now);
/// }
/// ```
/// ```
/// # use keyhook_core::{AuthenticatedClient, Timestamp, code::IssuedCode};
/// fn once(code: IssuedCode<'_>, client: &AuthenticatedClient, now: Timestamp) {
///     let _ = code.redeem(client, None, None, now);
/// }
/// ```
#[derive(Debug)]
pub struct IssuedCode<'a>(CodeFacts<'a>);

/// Evidence that a code passed every check. It still has to be taken in the store, where one of several racers wins.
#[derive(Debug)]
pub struct Redeemed<'a>(CodeFacts<'a>);

impl<'a> IssuedCode<'a> {
    /// A code that was found live and whose secret matched.
    pub const fn new(facts: CodeFacts<'a>) -> Self {
        Self(facts)
    }

    /// Checks a token request against this code; see [`redeem`].
    ///
    /// # Errors
    /// `invalid_grant`, the same for every cause.
    pub fn redeem(
        self,
        client: &AuthenticatedClient,
        redirect_uri: Option<&str>,
        verifier: Option<&str>,
        now: Timestamp,
    ) -> Result<Redeemed<'a>, OAuthError> {
        redeem(self.0, client, redirect_uri, verifier, now)
    }
}

impl<'a> Redeemed<'a> {
    /// What the code was issued for.
    pub const fn facts(&self) -> &CodeFacts<'a> {
        &self.0
    }
}

/// Checks a token request against what the code was issued for: client first, before anything else is said.
///
/// # Errors
/// `invalid_grant`, the same for every cause; `kh` tells the operator which.
pub fn redeem<'a>(
    facts: CodeFacts<'a>,
    client: &AuthenticatedClient,
    redirect_uri: Option<&str>,
    verifier: Option<&str>,
    now: Timestamp,
) -> Result<Redeemed<'a>, OAuthError> {
    let refuse = |kh, cause| Err(OAuthError::invalid_grant().with_cause(cause).with_kh(kh));
    if facts.client_id != client.id {
        return refuse(kh::CODE_CLIENT, "the code was issued to another client");
    }
    if facts.expires_at.has_passed(now) {
        return refuse(kh::CODE_EXPIRED, "the code has expired");
    }
    if facts.redirect_uri != redirect_uri {
        return refuse(kh::CODE_REDIRECT, "redirect_uri differs from the authorization request");
    }
    pkce::verify(facts.challenge.as_ref(), verifier)?;
    // The client may have become public, or PKCE required, since the code was issued.
    if facts.challenge.is_none() && client.needs_pkce() {
        return refuse(kh::VERIFIER_MISMATCH, "the client needs PKCE and the code was issued without");
    }
    Ok(Redeemed(facts))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test may fail by panicking")]
    use std::sync::Arc;
    use std::time::Duration;

    use super::*;
    use crate::{Client, Form, SecretHash, client_auth};

    const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
    const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";
    const URI: &str = "https://app.test/cb";
    const NOW: Timestamp = Timestamp::from_seconds(1_000);

    fn client(id: &str) -> AuthenticatedClient {
        let form = Form::parse(format!("client_id={id}").as_bytes(), 9).unwrap();
        let found = Some(Arc::new(Client::public(id, id)));
        client_auth::authenticate(found, &client_auth::present(None, &form).unwrap()).unwrap()
    }

    fn code() -> CodeFacts<'static> {
        CodeFacts {
            client_id: "app",
            redirect_uri: Some(URI),
            challenge: Some(CodeChallenge::parse(Some("S256"), CHALLENGE).unwrap()),
            expires_at: NOW.plus(Duration::from_secs(1)),
        }
    }

    fn kh_of(result: Result<Redeemed<'_>, OAuthError>) -> &'static str {
        let error = result.unwrap_err();
        assert_eq!(error.json(), OAuthError::invalid_grant().json(), "every cause looks the same outside");
        error.kh
    }

    #[test]
    fn a_code_is_redeemed_by_its_client_in_time_with_its_uri_and_verifier() {
        let redeemed = IssuedCode::new(code()).redeem(&client("app"), Some(URI), Some(VERIFIER), NOW).unwrap();
        assert_eq!(redeemed.facts().client_id, "app");
    }

    /// RFC 6749 §4.1.3: ensure that the authorization code was issued to the authenticated client.
    #[test]
    fn a_code_is_refused_to_another_client_before_anything_else_is_said() {
        let late = NOW.plus(Duration::from_secs(9));
        for (uri, verifier, now) in [(Some(URI), Some(VERIFIER), NOW), (None, None, late)] {
            assert_eq!(kh_of(redeem(code(), &client("App"), uri, verifier, now)), kh::CODE_CLIENT);
        }
    }

    /// RFC 6749 §4.1.2: attack CP-04.
    #[test]
    fn a_code_is_refused_from_the_moment_it_expires() {
        let end = code().expires_at;
        let before = end.minus(Duration::from_millis(1));
        assert!(redeem(code(), &client("app"), Some(URI), Some(VERIFIER), before).is_ok());
        assert_eq!(kh_of(redeem(code(), &client("app"), Some(URI), Some(VERIFIER), end)), kh::CODE_EXPIRED);
    }

    /// RFC 6749 §4.1.3: attack RU-22.
    #[test]
    fn the_redirect_uri_is_the_one_of_the_authorization_request_or_absent_in_both() {
        for uri in [None, Some("https://app.test/cb/"), Some("https://app.test/CB"), Some("")] {
            assert_eq!(kh_of(redeem(code(), &client("app"), uri, Some(VERIFIER), NOW)), kh::CODE_REDIRECT);
        }
        let silent = CodeFacts { redirect_uri: None, ..code() };
        assert!(redeem(silent, &client("app"), None, Some(VERIFIER), NOW).is_ok());
        assert_eq!(kh_of(redeem(silent, &client("app"), Some(URI), Some(VERIFIER), NOW)), kh::CODE_REDIRECT);
    }

    /// RFC 7636 §4.6.
    #[test]
    fn a_code_is_refused_without_its_verifier() {
        let wrong = VERIFIER.replace('d', "e");
        assert_eq!(kh_of(redeem(code(), &client("app"), Some(URI), None, NOW)), kh::VERIFIER_MISMATCH);
        assert_eq!(kh_of(redeem(code(), &client("app"), Some(URI), Some(&wrong), NOW)), kh::VERIFIER_WRONG);
    }

    /// RFC 9700 §2.1.1: a public client always needs PKCE; a confidential one may be let off.
    #[test]
    fn a_code_without_challenge_is_refused_to_a_client_that_needs_one() {
        let bare = CodeFacts { challenge: None, ..code() };
        assert_eq!(kh_of(redeem(bare, &client("app"), Some(URI), None, NOW)), kh::VERIFIER_MISMATCH);
        let mut relaxed = Client::confidential("app", "App", SecretHash::of(b"s"));
        relaxed.require_pkce = false;
        let form = Form::parse(b"", 9).unwrap();
        let credentials = client_auth::present(Some(b"Basic YXBwOnM="), &form).unwrap();
        let relaxed = client_auth::authenticate(Some(Arc::new(relaxed)), &credentials).unwrap();
        assert!(redeem(bare, &relaxed, Some(URI), None, NOW).is_ok());
    }
}
