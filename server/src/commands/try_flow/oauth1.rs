//! All three legs of OAuth 1.0a: temporary credentials, the user's permission, token credentials (RFC 5849 §2).

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use keyhook_component::system::{Clock as _, Random};
use keyhook_core::oauth1::{SignedRequest, Signer, SigningKey, signature};
use keyhook_core::secret::Secret;
use serde_json::{Map, Value};

use super::Walk;
use super::authorization_code::{Walker, by_hand, person};
use super::browser::{Answer, Browser, Credentials};
use super::party::Party;
use super::token::{document, said};
use super::transcript::pairs;
use crate::failure::{Exit, Failure};
use crate::system::{SystemClock, SystemRandom};

/// What it signs with: every server of OAuth 1.0a that is worth trying knows it, and RFC 5849 itself names no better one.
const METHOD: &str = "HMAC-SHA256";

/// The credentials that a client signs with at one step.
struct Step<'a> {
    target: &'a str,
    token: Option<(&'a str, &'a str)>,
    callback: Option<&'a str>,
    verifier: Option<&'a str>,
}

/// # Errors
/// `KH0321` when the server refuses, `KH0324` when the user does not find the way, `KH0325` when OAuth 1.0a is off.
pub(super) async fn walk(browser: &mut Browser, party: &Party, walk: &Walk) -> Result<Value, Failure> {
    let document = document(browser, &party.issuer).await?;
    let path = |browser: &Browser, name: &str| {
        let path = document[name].as_str().and_then(|url| browser.local(url)).map(str::to_owned);
        path.ok_or_else(|| {
            Failure::new("KH0325", Exit::Failed, "this server does not offer OAuth 1.0a")
                .help("add to keyhook.toml: [oauth1] enabled = true")
        })
    };
    let request_token = path(browser, "oauth1_request_token_endpoint")?;
    let authorize = path(browser, "oauth1_authorization_endpoint")?;
    let access_token = path(browser, "oauth1_access_token_endpoint")?;
    let redirect_uri = party.redirect_uri.clone().ok_or_else(|| {
        let failure = Failure::new("KH0323", Exit::Usage, format!("client `{}` has no redirect URI that is known here", party.client));
        failure.help("name one with --redirect-uri")
    })?;
    let first = Step { target: &request_token, token: None, callback: Some(&redirect_uri), verifier: None };
    let temporary = send(browser, party, &first).await?;
    let target = format!("{authorize}?oauth_token={}", encoded(&temporary.0));
    let back = match person(party, walk)? {
        Some(person) => Walker { party, person, target: &target }.walk(browser, &redirect_uri).await?,
        None => by_hand(party, &target)?,
    };
    let verifier = verifier(&back, &temporary.0)?;
    let token = Some((temporary.0.as_str(), temporary.1.as_str()));
    let last = Step { target: &access_token, token, callback: None, verifier: Some(&verifier) };
    let (token, secret) = send(browser, party, &last).await?;
    let members = [("oauth_token", token), ("oauth_token_secret", secret)];
    Ok(Value::Object(members.into_iter().map(|(name, value)| (name.to_owned(), value.into())).collect::<Map<_, _>>()))
}

/// Signs and sends a request without a body; gives the credentials of the answer.
async fn send(browser: &mut Browser, party: &Party, step: &Step<'_>) -> Result<(String, String), Failure> {
    let random: &dyn Random = &SystemRandom;
    let nonce = URL_SAFE_NO_PAD.encode(random.bytes::<16>());
    let secret = party.secret.as_ref().map_or("", |secret: &Secret<String>| secret.expose());
    let unsigned = |why: &dyn std::fmt::Display| Failure::new("KH0323", Exit::Usage, format!("the request cannot be signed: {why}"));
    let method = signature::named(METHOD).ok_or_else(|| unsigned(&"the method is not built in"))?;
    let (scheme, authority) = party.issuer.origin().split_once("://").unwrap_or(("https", party.issuer.origin()));
    let (path, query) = step.target.split_once('?').map_or((step.target, None), |(path, query)| (path, Some(query)));
    let request =
        SignedRequest { method: "POST", scheme, authority, path, query, authorization: None, form_body: Some(b""), body_other: None };
    let signer = Signer {
        consumer_key: &party.client,
        token: step.token.map(|(token, _)| token),
        key: SigningKey::shared(secret, step.token.map_or("", |(_, secret)| secret)),
        method,
        timestamp: u64::try_from(SystemClock.now().seconds()).unwrap_or(0),
        nonce: &nonce,
        callback: step.callback,
        verifier: step.verifier,
        body_hash: false,
    };
    let header = signer.sign(&request).map_err(|error| unsigned(&error))?.authorization(None);
    let answer = browser.post(step.target, Some(Credentials::Signed(header.expose())), &[]).await?;
    credentials(&answer)
}

fn credentials(answer: &Answer) -> Result<(String, String), Failure> {
    let members = pairs(&answer.text());
    let value = |name: &str| members.iter().find(|(key, _)| key == name).map(|(_, value)| value.clone());
    match (value("oauth_token"), value("oauth_token_secret")) {
        (Some(token), Some(secret)) if answer.status.is_success() => Ok((token, secret)),
        _ => {
            let problem = value("oauth_problem").unwrap_or_else(|| answer.status.to_string());
            let failure = said(&problem, value("oauth_problem_advice").as_deref());
            Err(failure.help("the server's log names the cause; `keyhook oauth1 debug` compares base strings"))
        }
    }
}

/// The verifier in the address that the user was sent to; the answer must be about these credentials (RFC 5849 §2.2).
fn verifier(address: &str, token: &str) -> Result<String, Failure> {
    let parameters = pairs(address.split_once('?').map_or("", |(_, query)| query.split('#').next().unwrap_or_default()));
    let value = |name: &str| parameters.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str());
    if let Some(problem) = value("oauth_problem") {
        return Err(said(problem, None));
    }
    match (value("oauth_token"), value("oauth_verifier")) {
        (Some(returned), Some(verifier)) if returned == token => Ok(verifier.to_owned()),
        (Some(_), Some(_)) => Err(Failure::new("KH0321", Exit::Failed, "the answer is about another oauth_token")),
        _ => Err(Failure::new("KH0321", Exit::Failed, "the answer has no oauth_verifier")),
    }
}

fn encoded(text: &str) -> String {
    form_urlencoded::byte_serialize(text.as_bytes()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_verifier_counts_only_with_the_token_of_this_request() {
        assert_eq!(verifier("http://localhost/cb?oauth_token=t&oauth_verifier=v%2B", "t").unwrap(), "v+");
        assert!(verifier("http://localhost/cb?oauth_token=other&oauth_verifier=v", "t").is_err());
        assert!(verifier("http://localhost/cb?oauth_token=t", "t").is_err());
        assert!(
            verifier("http://localhost/cb?oauth_token=t&oauth_problem=user_refused", "t").unwrap_err().to_string().contains("user_refused")
        );
    }
}
