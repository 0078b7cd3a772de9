//! The parameters of an authorization request, one function each, for errors that go back to the client.

use super::ResponseType;
use crate::client::Client;
use crate::error::{ErrorCode, OAuthError};
use crate::form::Form;
use crate::kh;
use crate::pkce::CodeChallenge;
use crate::prompt::Prompt;
use crate::scope::{Granted, Scope};

pub(super) const LONGEST_STATE: usize = 2048;
const LONGEST_LOGIN_HINT: usize = 255;

/// `state`, byte for byte (RFC 6749 §4.1.1).
pub(super) fn state(form: &Form) -> Result<Option<String>, OAuthError> {
    let state = form.once("state")?;
    let fits = |state: &str| state.len() <= LONGEST_STATE && !state.chars().any(char::is_control);
    if state.is_none_or(fits) {
        return Ok(state.map(str::to_owned));
    }
    Err(OAuthError::invalid_request("state is too long or holds control characters").with_kh(kh::STATE))
}

/// RFC 9101 is not supported; ignoring a request object would mean to act on other parameters than the client signed.
pub(super) fn refuse_request_objects(form: &Form) -> Result<(), OAuthError> {
    let refuse = |code, description| Err(OAuthError::new(code, description).with_kh(kh::REQUEST_OBJECT));
    if form.once("request")?.is_some() {
        return refuse(ErrorCode::RequestNotSupported, "request objects are not supported");
    }
    if form.once("request_uri")?.is_some() {
        return refuse(ErrorCode::RequestUriNotSupported, "request_uri is not supported");
    }
    Ok(())
}

pub(super) fn response_type(form: &Form, client: &Client, offers_tokens: bool) -> Result<ResponseType, OAuthError> {
    let response_type = match form.required("response_type")? {
        "code" => ResponseType::Code,
        "token" if offers_tokens => ResponseType::Token,
        _ => return Err(OAuthError::new(ErrorCode::UnsupportedResponseType, "response_type must be code").with_kh(kh::RESPONSE_TYPE)),
    };
    check_permission(client, response_type)?;
    Ok(response_type)
}

pub(super) fn check_permission(client: &Client, response_type: ResponseType) -> Result<(), OAuthError> {
    client.allows_response(response_type.name())?;
    client.allows_grant(match response_type {
        ResponseType::Code => "authorization_code",
        ResponseType::Token => "implicit",
        // Nobody asks for it by name: it comes of temporary credentials.
        ResponseType::Verifier => "oauth1",
    })
}

/// Only the usual one: `query` for a code, `fragment` for a token (OAuth 2.0 Multiple Response Types §2.1).
pub(super) fn check_response_mode(form: &Form, response_type: ResponseType) -> Result<(), OAuthError> {
    match (form.once("response_mode")?, response_type) {
        (None, _) | (Some("query"), ResponseType::Code) | (Some("fragment"), ResponseType::Token) => Ok(()),
        (Some(_), _) => Err(OAuthError::invalid_request("response_mode must be query, or fragment for a token").with_kh(kh::RESPONSE_MODE)),
    }
}

pub(super) fn scope(form: &Form, client: &Client) -> Result<Granted, OAuthError> {
    let requested = form.once("scope")?.map(Scope::parse).transpose()?;
    client.narrow(requested.as_ref())
}

/// RFC 7636 §4.3 and §4.4.1; a method without a challenge is as malformed as a challenge without its method.
pub(super) fn code_challenge(form: &Form, client: &Client, response_type: ResponseType) -> Result<Option<CodeChallenge>, OAuthError> {
    if response_type == ResponseType::Token {
        // There is no code whose redeemer could prove anything.
        return Ok(None);
    }
    let method = form.once("code_challenge_method")?;
    match form.once("code_challenge")? {
        Some(challenge) => CodeChallenge::parse(method, challenge).map(Some),
        None if client.needs_pkce() || method.is_some() => Err(pkce_missing()),
        None => Ok(None),
    }
}

pub(super) fn pkce_missing() -> OAuthError {
    OAuthError::invalid_request("code_challenge is missing, PKCE with S256 is required").with_kh(kh::PKCE_MISSING)
}

pub(super) fn max_age(form: &Form) -> Result<Option<u32>, OAuthError> {
    let digits = |text: &&str| text.bytes().all(|byte| byte.is_ascii_digit());
    form.once("max_age")?
        .map(|text| {
            Some(text)
                .filter(digits)
                .and_then(|text| text.parse().ok())
                .ok_or_else(|| OAuthError::invalid_request("max_age must be a number of seconds").with_kh(kh::PROMPT))
        })
        .transpose()
}

/// A hint that is too long or holds control characters is left out: it is a convenience and no reason to refuse.
pub(super) fn login_hint(form: &Form) -> Result<Option<String>, OAuthError> {
    let fits = |hint: &&str| hint.len() <= LONGEST_LOGIN_HINT && !hint.chars().any(char::is_control);
    Ok(form.once("login_hint")?.filter(fits).map(str::to_owned))
}

/// OpenID Connect Core §3.1.2.1; nothing is asked where the parameter is absent.
pub(super) fn prompt(form: &Form) -> Result<Prompt, OAuthError> {
    form.once("prompt")?.map_or_else(|| Ok(Prompt::default()), Prompt::parse)
}
