//! The authorization request (RFC 6749 §4.1.1): first whose it is, then whether it may be, in that order.
//!
//! [`AuthorizationRequest::bind`] proves client and redirect URI; what fails there is a page. [`Bound::check`] does the
//! rest; what fails there goes back to the client (RFC 6749 §4.1.2.1).

use serde::{Deserialize, Serialize};

use crate::claim::ValidatedRedirectUri;
use crate::client::Client;
use crate::error::{ErrorCode, OAuthError};
use crate::form::Form;
use crate::kh;
use crate::pkce::CodeChallenge;
use crate::prompt::Prompt;
use crate::scope::{Granted, Scope};

const LONGEST_STATE: usize = 2048;
const LONGEST_LOGIN_HINT: usize = 255;

/// A checked authorization request: everything in it may be acted upon once the user has signed in and consented.
#[derive(Clone, Debug)]
pub struct AuthorizationRequest {
    /// Always `code`.
    pub response_type: String,
    /// The client that asks.
    pub client_id: String,
    /// Where the user goes afterwards.
    pub redirect_uri: ValidatedRedirectUri,
    /// Whether the request carried `redirect_uri`; then the token request must too (RFC 6749 §4.1.3).
    pub redirect_uri_was_sent: bool,
    /// What may be granted, narrowed to what the client is allowed.
    pub scope: Granted,
    /// What the client wants back, byte for byte.
    pub state: Option<String>,
    /// The PKCE challenge.
    pub code_challenge: Option<CodeChallenge>,
    /// What the user must, or must not, be asked.
    pub prompt: Prompt,
    /// The oldest acceptable sign-in, in seconds; 0 demands a new one (OpenID Connect Core §3.1.2.1).
    pub max_age: Option<u32>,
    /// A suggestion for the login field: untrusted text of at most 255 bytes.
    pub login_hint: Option<String>,
}

/// Why an authorization request ends here.
#[derive(Clone, Debug)]
pub enum Refusal {
    /// Client or redirect URI are not proven: the user sees a page and goes nowhere (RFC 6749 §4.1.2.1).
    Page(OAuthError),
    /// The client is told.
    Redirect {
        /// Where to, as evidence.
        to: ValidatedRedirectUri,
        /// The client's `state`, byte for byte.
        state: Option<String>,
        /// What went wrong.
        error: OAuthError,
    },
}

impl Refusal {
    /// What went wrong, either way.
    pub const fn error(&self) -> &OAuthError {
        match self {
            Self::Page(error) | Self::Redirect { error, .. } => error,
        }
    }
}

impl From<OAuthError> for Refusal {
    /// A page: whoever has no proven target has nowhere to send the user to.
    fn from(error: OAuthError) -> Self {
        Self::Page(error)
    }
}

/// A request whose client and redirect URI are proven.
#[derive(Debug)]
pub struct Bound<'a> {
    form: &'a Form,
    client: &'a Client,
    redirect_uri: ValidatedRedirectUri,
    redirect_uri_was_sent: bool,
}

/// The client to look up.
///
/// # Errors
/// A page if `client_id` is missing or sent twice.
pub fn client_id(form: &Form) -> Result<&str, Refusal> {
    form.required("client_id").map_err(Refusal::Page)
}

impl AuthorizationRequest {
    /// Both steps at once: [`AuthorizationRequest::bind`], then [`Bound::check`].
    ///
    /// # Errors
    /// See there.
    pub fn parse(form: &Form, client: Option<&Client>) -> Result<Self, Refusal> {
        Self::bind(form, client)?.check()
    }

    /// Proves client and redirect URI. `client` is what was found under [`client_id`], if anything.
    ///
    /// # Errors
    /// Always a page: nobody is sent to an address that is not proven.
    pub fn bind<'a>(form: &'a Form, client: Option<&'a Client>) -> Result<Bound<'a>, Refusal> {
        let id = client_id(form)?;
        let client = live(client.filter(|client| client.id == id))?;
        let sent = form.once("redirect_uri").map_err(Refusal::Page)?;
        let redirect_uri = client.claim(sent).map_err(|error| Refusal::Page(error.into()))?;
        Ok(Bound { form, client, redirect_uri, redirect_uri_was_sent: sent.is_some() })
    }

    /// Where the user goes with a code: `code`, `state`, and `iss` (RFC 6749 §4.1.2, RFC 9207 §2).
    pub fn success_redirect(&self, issuer: &str, code: &str) -> String {
        let mut params = vec![("code", code)];
        params.extend(self.state.as_deref().map(|state| ("state", state)));
        params.push(("iss", issuer));
        self.redirect_uri.with_params(&params)
    }

    /// Where the user goes with an error; see [`error_redirect`].
    pub fn error_redirect(&self, issuer: &str, error: &OAuthError) -> String {
        error_redirect(&self.redirect_uri, self.state.as_deref(), issuer, error)
    }

    /// The refusal that tells the client of this request.
    pub fn refuse(&self, error: OAuthError) -> Refusal {
        Refusal::Redirect { to: self.redirect_uri.clone(), state: self.state.clone(), error }
    }

    /// What the interaction's record keeps.
    pub fn to_stored(&self) -> StoredRequest {
        StoredRequest {
            response_type: self.response_type.clone(),
            client_id: self.client_id.clone(),
            redirect_uri: self.redirect_uri.as_str().to_owned(),
            redirect_uri_was_sent: self.redirect_uri_was_sent,
            scope: self.scope.scope().clone(),
            state: self.state.clone(),
            code_challenge: self.code_challenge,
            prompt: self.prompt.clone(),
            max_age: self.max_age,
            login_hint: self.login_hint.clone(),
        }
    }

    /// A stored request proven again, against the client as it is now.
    ///
    /// # Errors
    /// A page if the client is gone, disabled, or no longer has the redirect URI; a redirect if it may no longer have
    /// the response type or the scope.
    pub fn revalidate(stored: &StoredRequest, client: &Client) -> Result<Self, Refusal> {
        let client = live(Some(client).filter(|client| client.id == stored.client_id))?;
        let to = client.claim(Some(&stored.redirect_uri)).map_err(|error| Refusal::Page(error.into()))?;
        let back = |error| Refusal::Redirect { to: to.clone(), state: stored.state.clone(), error };
        check_permission(client, &stored.response_type).map_err(back)?;
        if stored.code_challenge.is_none() && client.needs_pkce() {
            return Err(back(pkce_missing()));
        }
        let scope = Granted::narrow(Some(&stored.scope), &client.scope, &Scope::empty()).map_err(back)?;
        Ok(Self {
            response_type: stored.response_type.clone(),
            client_id: stored.client_id.clone(),
            redirect_uri: to,
            redirect_uri_was_sent: stored.redirect_uri_was_sent,
            scope,
            state: stored.state.clone(),
            code_challenge: stored.code_challenge,
            prompt: stored.prompt.clone(),
            max_age: stored.max_age,
            login_hint: stored.login_hint.clone(),
        })
    }
}

impl Bound<'_> {
    /// Where refusals go from here on.
    pub const fn redirect_uri(&self) -> &ValidatedRedirectUri {
        &self.redirect_uri
    }

    /// Everything after client and redirect URI, in the order in which it is reported.
    ///
    /// # Errors
    /// Always a redirect, with `state` unless the state itself is what is wrong.
    pub fn check(self) -> Result<AuthorizationRequest, Refusal> {
        let state = match state(self.form) {
            Ok(state) => state,
            Err(error) => return Err(Refusal::Redirect { to: self.redirect_uri, state: None, error }),
        };
        match self.check_rest() {
            Ok(rest) => Ok(AuthorizationRequest {
                response_type: rest.response_type,
                client_id: self.client.id.clone(),
                redirect_uri: self.redirect_uri,
                redirect_uri_was_sent: self.redirect_uri_was_sent,
                scope: rest.scope,
                state,
                code_challenge: rest.code_challenge,
                prompt: rest.prompt,
                max_age: rest.max_age,
                login_hint: rest.login_hint,
            }),
            Err(error) => Err(Refusal::Redirect { to: self.redirect_uri, state, error }),
        }
    }

    fn check_rest(&self) -> Result<Rest, OAuthError> {
        refuse_request_objects(self.form)?;
        let response_type = response_type(self.form, self.client)?;
        check_response_mode(self.form)?;
        Ok(Rest {
            response_type,
            scope: scope(self.form, self.client)?,
            code_challenge: code_challenge(self.form, self.client)?,
            prompt: self.form.once("prompt")?.map(Prompt::parse).transpose()?.unwrap_or_default(),
            max_age: max_age(self.form)?,
            login_hint: login_hint(self.form)?,
        })
    }
}

/// What [`Bound::check`] proves beside client, redirect URI and state.
struct Rest {
    response_type: String,
    scope: Granted,
    code_challenge: Option<CodeChallenge>,
    prompt: Prompt,
    max_age: Option<u32>,
    login_hint: Option<String>,
}

/// The client, if there is one and it is not disabled. Both refusals look the same to the user.
fn live(client: Option<&Client>) -> Result<&Client, Refusal> {
    let refuse = |kh| Refusal::Page(OAuthError::invalid_request("the client is not known here").with_kh(kh));
    let client = client.ok_or_else(|| refuse(kh::UNKNOWN_CLIENT))?;
    if client.disabled { Err(refuse(kh::DISABLED_CLIENT)) } else { Ok(client) }
}

/// `state`, byte for byte (RFC 6749 §4.1.1).
fn state(form: &Form) -> Result<Option<String>, OAuthError> {
    let state = form.once("state")?;
    let fits = |state: &str| state.len() <= LONGEST_STATE && !state.chars().any(char::is_control);
    if state.is_none_or(fits) {
        return Ok(state.map(str::to_owned));
    }
    Err(OAuthError::invalid_request("state is too long or holds control characters").with_kh(kh::STATE))
}

/// RFC 9101 is not supported; ignoring a request object would mean to act on other parameters than the client signed.
fn refuse_request_objects(form: &Form) -> Result<(), OAuthError> {
    let refuse = |code, description| Err(OAuthError::new(code, description).with_kh(kh::REQUEST_OBJECT));
    if form.once("request")?.is_some() {
        return refuse(ErrorCode::RequestNotSupported, "request objects are not supported");
    }
    if form.once("request_uri")?.is_some() {
        return refuse(ErrorCode::RequestUriNotSupported, "request_uri is not supported");
    }
    Ok(())
}

fn response_type(form: &Form, client: &Client) -> Result<String, OAuthError> {
    let response_type = form.required("response_type")?;
    if response_type != "code" {
        return Err(OAuthError::new(ErrorCode::UnsupportedResponseType, "response_type must be code")
            .with_kh(kh::RESPONSE_TYPE));
    }
    check_permission(client, response_type)?;
    Ok(response_type.to_owned())
}

fn check_permission(client: &Client, response_type: &str) -> Result<(), OAuthError> {
    client.allows_response(response_type)?;
    client.allows_grant("authorization_code")
}

/// Only `query`, which is the default for `code` (OAuth 2.0 Multiple Response Types §2.1).
fn check_response_mode(form: &Form) -> Result<(), OAuthError> {
    match form.once("response_mode")? {
        None | Some("query") => Ok(()),
        Some(_) => Err(OAuthError::invalid_request("response_mode must be query").with_kh(kh::RESPONSE_MODE)),
    }
}

fn scope(form: &Form, client: &Client) -> Result<Granted, OAuthError> {
    let requested = form.once("scope")?.map(Scope::parse).transpose()?;
    Granted::narrow(requested.as_ref(), &client.scope, &client.default_scope)
}

/// RFC 7636 §4.3 and §4.4.1; a method without a challenge is as malformed as a challenge without its method.
fn code_challenge(form: &Form, client: &Client) -> Result<Option<CodeChallenge>, OAuthError> {
    let method = form.once("code_challenge_method")?;
    match form.once("code_challenge")? {
        Some(challenge) => CodeChallenge::parse(method, challenge).map(Some),
        None if client.needs_pkce() || method.is_some() => Err(pkce_missing()),
        None => Ok(None),
    }
}

fn pkce_missing() -> OAuthError {
    OAuthError::invalid_request("code_challenge is missing, PKCE with S256 is required").with_kh(kh::PKCE_MISSING)
}

fn max_age(form: &Form) -> Result<Option<u32>, OAuthError> {
    let digits = |text: &&str| text.bytes().all(|byte| byte.is_ascii_digit());
    form.once("max_age")?
        .map(|text| {
            Some(text).filter(digits).and_then(|text| text.parse().ok()).ok_or_else(|| {
                OAuthError::invalid_request("max_age must be a number of seconds").with_kh(kh::PROMPT)
            })
        })
        .transpose()
}

/// A hint that is too long or holds control characters is left out: it is a convenience and no reason to refuse.
fn login_hint(form: &Form) -> Result<Option<String>, OAuthError> {
    let fits = |hint: &&str| hint.len() <= LONGEST_LOGIN_HINT && !hint.chars().any(char::is_control);
    Ok(form.once("login_hint")?.filter(fits).map(str::to_owned))
}

/// Where the user goes with an error: `error`, `error_description`, `state`, `iss` (RFC 6749 §4.1.2.1, RFC 9207 §2).
pub fn error_redirect(to: &ValidatedRedirectUri, state: Option<&str>, issuer: &str, error: &OAuthError) -> String {
    let mut params = vec![("error", error.code.wire())];
    params.push(("error_description", error.wire_description()));
    params.retain(|(_, value)| !value.is_empty());
    params.extend(state.map(|state| ("state", state)));
    params.push(("iss", issuer));
    to.with_params(&params)
}

/// An authorization request at rest. Nothing in it is evidence: [`AuthorizationRequest::revalidate`] proves it again.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StoredRequest {
    /// See [`AuthorizationRequest::response_type`].
    pub response_type: String,
    /// See [`AuthorizationRequest::client_id`].
    pub client_id: String,
    /// See [`AuthorizationRequest::redirect_uri`].
    pub redirect_uri: String,
    /// See [`AuthorizationRequest::redirect_uri_was_sent`].
    pub redirect_uri_was_sent: bool,
    /// See [`AuthorizationRequest::scope`].
    pub scope: Scope,
    /// See [`AuthorizationRequest::state`].
    pub state: Option<String>,
    /// See [`AuthorizationRequest::code_challenge`].
    pub code_challenge: Option<CodeChallenge>,
    /// See [`AuthorizationRequest::prompt`].
    pub prompt: Prompt,
    /// See [`AuthorizationRequest::max_age`].
    pub max_age: Option<u32>,
    /// See [`AuthorizationRequest::login_hint`].
    pub login_hint: Option<String>,
}

#[cfg(test)]
#[path = "authorize_tests.rs"]
mod tests;
