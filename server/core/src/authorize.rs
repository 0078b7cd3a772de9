//! The authorization request (RFC 6749 §4.1.1): first whose it is, then whether it may be, in that order.
//!
//! [`AuthorizationRequest::bind`] proves client and redirect URI; what fails there is a page. [`Bound::check`] does the
//! rest; what fails there goes back to the client (RFC 6749 §4.1.2.1).

mod parameters;
mod stored;
mod temporary;

pub use stored::StoredRequest;

use serde::{Deserialize, Serialize};

use crate::claim::ValidatedRedirectUri;
use crate::client::Client;
use crate::error::OAuthError;
use crate::form::Form;
use crate::kh;
use crate::pkce::CodeChallenge;
use crate::prompt::Prompt;
use crate::scope::Granted;

/// What a client asks for (RFC 6749 §3.1.1).
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ResponseType {
    /// A code (RFC 6749 §4.1).
    Code,
    /// A token in the fragment (RFC 6749 §4.2), where the server still offers it.
    Token,
    /// A verifier for temporary credentials (RFC 5849 §2.2). Not a `response_type` of a request: nobody can ask for it by that name.
    Verifier,
}

impl ResponseType {
    /// The registered name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Code => "code",
            Self::Token => "token",
            Self::Verifier => "verifier",
        }
    }
}

/// A checked authorization request: everything in it may be acted upon once the user has signed in and consented.
#[derive(Clone, Debug)]
pub struct AuthorizationRequest {
    /// What the client gets.
    pub response_type: ResponseType,
    /// The client that asks.
    pub client_id: String,
    /// Where the user goes afterwards.
    pub redirect_uri: ValidatedRedirectUri,
    /// Whether the request carried `redirect_uri`; then the token request must too (RFC 6749 §4.1.3).
    pub redirect_uri_was_sent: bool,
    /// What may be granted, narrowed to what the client is allowed.
    pub scope: Granted,
    /// What the client wants back, byte for byte: its `state`, or the `oauth_token` that it asks permission for.
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
    offers_tokens: bool,
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
        Ok(Bound { form, client, redirect_uri, redirect_uri_was_sent: sent.is_some(), offers_tokens: false })
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

    /// The refusal that tells the client of this request; the user, where the client cannot be told.
    pub fn refuse(&self, error: OAuthError) -> Refusal {
        if self.redirect_uri.is_out_of_band() {
            return Refusal::Page(error);
        }
        Refusal::Redirect { to: self.redirect_uri.clone(), state: self.state.clone(), error }
    }
}

impl Bound<'_> {
    /// Where refusals go from here on.
    pub const fn redirect_uri(&self) -> &ValidatedRedirectUri {
        &self.redirect_uri
    }

    /// Whether the server offers `response_type=token`. Who asks for one is told everything in the fragment then, errors too (RFC 6749
    /// §4.2.2.1); elsewhere it is a type like any other that is not known.
    #[must_use]
    pub fn offering(self, tokens: bool) -> Self {
        let wants_token = tokens && self.form.first("response_type") == Some(ResponseType::Token.name());
        let redirect_uri = if wants_token { self.redirect_uri.in_fragment() } else { self.redirect_uri };
        Self { offers_tokens: tokens, redirect_uri, ..self }
    }

    /// Everything after client and redirect URI, in the order in which it is reported.
    ///
    /// # Errors
    /// Always a redirect, with `state` unless the state itself is what is wrong.
    pub fn check(self) -> Result<AuthorizationRequest, Refusal> {
        let state = match parameters::state(self.form) {
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
        parameters::refuse_request_objects(self.form)?;
        let response_type = parameters::response_type(self.form, self.client, self.offers_tokens)?;
        parameters::check_response_mode(self.form, response_type)?;
        Ok(Rest {
            response_type,
            scope: parameters::scope(self.form, self.client)?,
            code_challenge: parameters::code_challenge(self.form, self.client, response_type)?,
            prompt: parameters::prompt(self.form)?,
            max_age: parameters::max_age(self.form)?,
            login_hint: parameters::login_hint(self.form)?,
        })
    }
}

/// What [`Bound::check`] proves beside client, redirect URI and state.
struct Rest {
    response_type: ResponseType,
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

/// Where the user goes with an error: `error`, `error_description`, `state`, `iss` (RFC 6749 §4.1.2.1, RFC 9207 §2); to a callback of
/// OAuth 1.0 with `oauth_token` and `oauth_problem`.
pub fn error_redirect(to: &ValidatedRedirectUri, state: Option<&str>, issuer: &str, error: &OAuthError) -> String {
    to.with_params(&error_parameters(to, state, issuer, error))
}

/// What [`error_redirect`] adds to the target.
pub fn error_parameters<'a>(
    to: &ValidatedRedirectUri,
    state: Option<&'a str>,
    issuer: &'a str,
    error: &'a OAuthError,
) -> Vec<(&'static str, &'a str)> {
    if to.is_callback() {
        return temporary::problem(state, error);
    }
    let mut params = vec![("error", error.code.wire())];
    params.push(("error_description", error.wire_description()));
    params.retain(|(_, value)| !value.is_empty());
    params.extend(state.map(|state| ("state", state)));
    params.push(("iss", issuer));
    params
}

#[cfg(test)]
mod tests;
