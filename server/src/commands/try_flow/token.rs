//! Requests to the token endpoint (RFC 6749 §3.2) and where it is (RFC 8414).

use keyhook_core::issuer::Issuer;
use serde_json::Value;

use super::browser::{Browser, Credentials};
use super::party::Party;
use crate::failure::{Exit, Failure};

/// Paths of the endpoints.
pub(super) struct Endpoints {
    pub(super) authorize: String,
    pub(super) token: String,
}

impl Endpoints {
    /// Reads the metadata.
    ///
    /// # Errors
    /// When nobody answers, or somebody else.
    pub(super) async fn discover(browser: &mut Browser, issuer: &Issuer) -> Result<Endpoints, Failure> {
        let document = document(browser, issuer).await?;
        let path = |name: &str| document[name].as_str().and_then(|url| browser.local(url)).map(str::to_owned);
        match (path("authorization_endpoint"), path("token_endpoint")) {
            (Some(authorize), Some(token)) => Ok(Endpoints { authorize, token }),
            _ => Err(Failure::new("KH0321", Exit::Failed, "the metadata name no authorization or token endpoint at this server")),
        }
    }
}

/// The metadata document of the server.
///
/// # Errors
/// When nobody answers, or somebody else.
pub(super) async fn document(browser: &mut Browser, issuer: &Issuer) -> Result<Value, Failure> {
    // The whole document would hide the flow.
    let printed = std::mem::replace(&mut browser.transcript.printed, false);
    let answer = browser.get(&issuer.well_known_path("oauth-authorization-server")).await;
    browser.transcript.printed = printed;
    let answer = answer?;
    let document: Value = serde_json::from_slice(&answer.body).unwrap_or_default();
    if document["issuer"] == issuer.as_str() {
        return Ok(document);
    }
    let text = format!("what answers at {} is not this server ({})", issuer.as_str(), answer.status);
    Err(Failure::new("KH0320", Exit::Unreachable, text).help("another program may hold the port; see `keyhook status`"))
}

/// Sends a token request as the client, and gives the response.
///
/// # Errors
/// `KH0321` with the server's `error` and `error_description`.
pub(super) async fn request(
    browser: &mut Browser,
    endpoints: &Endpoints,
    party: &Party,
    mut form: Vec<(String, String)>,
) -> Result<Value, Failure> {
    let mut credentials = None;
    match &party.secret {
        Some(secret) if !party.secret_in_body => credentials = Some(Credentials::Basic(&party.client, secret.expose())),
        Some(secret) => form.extend([pair("client_id", &party.client), pair("client_secret", secret.expose())]),
        None => form.push(pair("client_id", &party.client)),
    }
    let answer = browser.post(&endpoints.token, credentials, &form).await?;
    let response: Value = serde_json::from_slice(&answer.body).unwrap_or_default();
    if answer.status.is_success() {
        return Ok(response);
    }
    Err(refusal(&response))
}

/// What a JSON error says; in development it names its code.
pub(super) fn refusal(response: &Value) -> Failure {
    let (error, description) = (response["error"].as_str().unwrap_or("no error code"), response["error_description"].as_str());
    match response["kh_code"].as_str().filter(|code| code.chars().all(|character| character.is_ascii_alphanumeric())) {
        Some(code) => said(error, description).help(format!("keyhook explain {code}; the log of `keyhook dev` has the cause")),
        None => refused(error, description),
    }
}

/// The refresh token grant (RFC 6749 §6).
///
/// # Errors
/// As [`request`]; also when there is no refresh token.
pub(super) async fn refresh(browser: &mut Browser, endpoints: &Endpoints, party: &Party, response: &Value) -> Result<Value, Failure> {
    let Some(token) = response["refresh_token"].as_str() else {
        let failure = Failure::new("KH0321", Exit::Failed, format!("the response has no refresh_token for client `{}`", party.client));
        return Err(failure.help(format!("keyhook client update {} --add-grant refresh_token", party.client)));
    };
    request(browser, endpoints, party, vec![pair("grant_type", "refresh_token"), pair("refresh_token", token)]).await
}

/// What the server refused, where its answer does not say why.
pub(super) fn refused(error: &str, description: Option<&str>) -> Failure {
    said(error, description).help("the server's log names the cause with its KH code; `keyhook explain CODE` says more")
}

/// What the server refused.
pub(super) fn said(error: &str, description: Option<&str>) -> Failure {
    let description = description.map(|text| format!(": {text}")).unwrap_or_default();
    let clean: String =
        format!("the server refused with {error}{description}").chars().filter(|character| !character.is_control()).collect();
    Failure::new("KH0321", Exit::Failed, clean)
}

/// One parameter.
pub(super) fn pair(name: &str, value: &str) -> (String, String) {
    (name.to_owned(), value.to_owned())
}
