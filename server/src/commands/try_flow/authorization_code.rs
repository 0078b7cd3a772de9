//! The authorization code flow (RFC 6749 §4.1) with PKCE (RFC 7636): in development the demo user walks the real pages, elsewhere a
//! person does it in a browser.

use std::io::BufRead as _;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use keyhook_component::system::Random;
use keyhook_core::crypto::sha256;
use serde_json::Value;

use super::Try;
use super::browser::{Answer, Browser};
use super::page;
use super::party::Party;
use super::token::{Endpoints, pair, refused, request};
use super::transcript::pairs;
use crate::failure::{Exit, Failure};
use crate::output;
use crate::system::SystemRandom;

/// Pages and redirects after which the walk is a circle.
const STEPS: usize = 12;

/// # Errors
/// `KH0321` when the server refuses, `KH0324` when the demo user does not find the way.
pub(super) async fn walk(browser: &mut Browser, endpoints: &Endpoints, party: &Party, flags: &Try) -> Result<Value, Failure> {
    let redirect_uri = party.redirect_uri.clone().ok_or_else(|| {
        let failure = Failure::new("KH0323", Exit::Usage, format!("client `{}` has no redirect URI that is known here", party.client));
        failure.help("name one with --redirect-uri")
    })?;
    let random: &dyn Random = &SystemRandom;
    let verifier = URL_SAFE_NO_PAD.encode(random.bytes::<32>());
    let state = URL_SAFE_NO_PAD.encode(random.bytes::<16>());
    let mut query = form_urlencoded::Serializer::new(String::new());
    query.append_pair("response_type", "code").append_pair("client_id", &party.client).append_pair("redirect_uri", &redirect_uri);
    query.append_pair("state", &state).append_pair("code_challenge", &URL_SAFE_NO_PAD.encode(sha256(verifier.as_bytes())));
    query.append_pair("code_challenge_method", "S256").extend_pairs(flags.scope.as_deref().map(|scope| ("scope", scope)));
    let target = format!("{}?{}", endpoints.authorize, query.finish());
    let back = if party.dev { as_demo_user(browser, &target, &redirect_uri).await? } else { by_hand(party, &target)? };
    let code = code(&back, &state)?;
    let form = vec![
        pair("grant_type", "authorization_code"),
        pair("code", &code),
        pair("redirect_uri", &redirect_uri),
        pair("code_verifier", &verifier),
    ];
    request(browser, endpoints, party, form).await
}

/// Follows redirects and fills forms in until the server sends the browser back to the client; gives that address.
async fn as_demo_user(browser: &mut Browser, target: &str, redirect_uri: &str) -> Result<String, Failure> {
    let mut answer = browser.get(target).await?;
    for _ in 0..STEPS {
        if let Some(location) = answer.header("location").map(str::to_owned) {
            if location.strip_prefix(redirect_uri).is_some_and(|rest| rest.starts_with('?') || rest.starts_with('&')) {
                return Ok(location);
            }
            let Some(local) = browser.local(&location) else { return Err(lost(&format!("the server sends the browser to {location}"))) };
            answer = browser.get(local).await?;
            continue;
        }
        answer = next_page(browser, &answer).await?;
    }
    Err(lost("page follows page"))
}

async fn next_page(browser: &mut Browser, answer: &Answer) -> Result<Answer, Failure> {
    let text = answer.text();
    if !answer.status.is_success() {
        let title = page::title(&text).unwrap_or_else(|| "no page".to_owned());
        return Err(refused(&format!("{} ({title})", answer.status), None));
    }
    let form = page::form(&text).ok_or_else(|| lost("a page has no form"))?;
    let action = browser.local(&form.action).ok_or_else(|| lost("a form goes to another server"))?.to_owned();
    browser.post(&action, None, &form.filled()).await
}

fn lost(why: &str) -> Failure {
    let clean: String = why.chars().filter(|character| !character.is_control()).collect();
    Failure::new("KH0324", Exit::Failed, format!("the demo user does not find the way: {clean}"))
        .help("walk it in a browser: the start page links the playground")
}

/// A person signs in; the address that the browser was sent to is pasted here.
fn by_hand(party: &Party, target: &str) -> Result<String, Failure> {
    output::write(&format!(
        "open this address in a browser, sign in and allow:\n\n  {}{target}\n\nthen paste the address that you were sent to:\n",
        party.issuer.origin()
    ));
    let mut line = String::new();
    let read = std::io::stdin().lock().read_line(&mut line);
    if read.is_err() || line.trim().is_empty() {
        return Err(Failure::new("KH0324", Exit::Failed, "no address was pasted").help("copy the whole address, with its code and state"));
    }
    Ok(line.trim().to_owned())
}

/// The code in the address that the client was sent to; the answer must be to this request (RFC 6749 §10.12).
fn code(address: &str, state: &str) -> Result<String, Failure> {
    let query = address.split_once('?').map_or("", |(_, query)| query.split('#').next().unwrap_or_default());
    let parameters = pairs(query);
    let value = |name: &str| parameters.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str());
    if let Some(error) = value("error") {
        return Err(refused(error, value("error_description")));
    }
    match (value("code"), value("state")) {
        (Some(code), Some(returned)) if returned == state => Ok(code.to_owned()),
        (Some(_), _) => Err(Failure::new("KH0321", Exit::Failed, "the answer has another state: it is not to this request")),
        (None, _) => Err(Failure::new("KH0321", Exit::Failed, "the answer has no code")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_counts_only_with_the_state_of_this_request() {
        assert_eq!(code("http://localhost/cb?code=c%2B1&state=s", "s").unwrap(), "c+1");
        assert!(code("http://localhost/cb?code=c&state=other", "s").is_err());
        assert!(code("http://localhost/cb?state=s", "s").is_err());
        let refused = code("http://localhost/cb?error=access_denied&error_description=no&state=s", "s").unwrap_err();
        assert!(refused.to_string().contains("access_denied: no"));
    }
}
