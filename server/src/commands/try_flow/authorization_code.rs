//! The authorization code flow (RFC 6749 §4.1) with PKCE (RFC 7636): the demo user, or one that is named, walks the real pages; else a
//! person does it in a browser.

use std::io::BufRead as _;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use keyhook_component::system::Random;
use keyhook_core::crypto::sha256;
use keyhook_core::secret::Secret;
use serde_json::Value;

use super::Walk;
use super::browser::{Answer, Browser};
use super::page::{self, Form, Person};
use super::party::Party;
use super::token::{Endpoints, pair, refusal, refused, request, said};
use super::transcript::pairs;
use crate::commands::password;
use crate::dev::{DEMO_PASSWORD, DEMO_USER};
use crate::failure::{Exit, Failure};
use crate::output;
use crate::system::SystemRandom;

/// Pages and redirects after which the walk is a circle.
const STEPS: usize = 12;

/// # Errors
/// `KH0321` when the server refuses, `KH0324` when the user does not find the way.
pub(super) async fn walk(browser: &mut Browser, endpoints: &Endpoints, party: &Party, walk: &Walk) -> Result<Value, Failure> {
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
    query.append_pair("code_challenge_method", "S256").extend_pairs(walk.flags.scope.as_deref().map(|scope| ("scope", scope)));
    let target = format!("{}?{}", endpoints.authorize, query.finish());
    let back = match person(party, walk)? {
        Some(person) => Walker { party, person, target: &target }.walk(browser, &redirect_uri).await?,
        None => by_hand(party, &target)?,
    };
    let code = code(&back, &state)?;
    let form = vec![
        pair("grant_type", "authorization_code"),
        pair("code", &code),
        pair("redirect_uri", &redirect_uri),
        pair("code_verifier", &verifier),
    ];
    request(browser, endpoints, party, form).await
}

/// Who signs in: whom the flags name, else in development the demo user.
pub(super) fn person(party: &Party, walk: &Walk) -> Result<Option<Person>, Failure> {
    let demo = || Some(Secret::new(DEMO_PASSWORD.to_owned()));
    match &walk.user {
        Some(name) if walk.password_stdin => Ok(Some(Person { name: name.clone(), password: Some(password::read(true, name)?) })),
        Some(name) => Ok(Some(Person { name: name.clone(), password: demo().filter(|_| party.dev && name == DEMO_USER) })),
        None => Ok(party.dev.then(|| Person { name: DEMO_USER.to_owned(), password: demo() })),
    }
}

/// A user on the way through the pages.
pub(super) struct Walker<'a> {
    pub(super) party: &'a Party,
    pub(super) person: Person,
    /// Where the way begins.
    pub(super) target: &'a str,
}

impl Walker<'_> {
    /// Follows redirects and fills forms in until the server sends the browser back to the client; gives that address.
    pub(super) async fn walk(&self, browser: &mut Browser, redirect_uri: &str) -> Result<String, Failure> {
        let mut answer = browser.get(self.target).await?;
        for _ in 0..STEPS {
            if let Some(location) = answer.header("location").map(str::to_owned) {
                if location.strip_prefix(redirect_uri).is_some_and(|rest| rest.starts_with('?') || rest.starts_with('&')) {
                    return Ok(location);
                }
                let Some(local) = browser.local(&location) else {
                    return Err(self.lost(&format!("the server sends the browser to {location}")));
                };
                answer = browser.get(local).await?;
                continue;
            }
            answer = self.next_page(browser, &answer).await?;
        }
        Err(self.lost("page follows page"))
    }

    async fn next_page(&self, browser: &mut Browser, answer: &Answer) -> Result<Answer, Failure> {
        let text = answer.text();
        let form = page::form(&text);
        if !answer.status.is_success() {
            return Err(self.turned_away(answer, &text, form.as_ref()));
        }
        let form = form.ok_or_else(|| self.lost("a page has no form that is sent to the server"))?;
        let action = browser.local(&form.action).ok_or_else(|| self.lost("a form goes to another server"))?.to_owned();
        if form.asks_for_password() && self.person.password.is_none() {
            let failure = Failure::new("KH0324", Exit::Usage, format!("the page asks for a password of `{}`", clean(&self.person.name)));
            return Err(failure.help("give it on standard input with --password-stdin"));
        }
        browser.post(&action, None, &form.filled(&self.person)).await
    }

    /// A page that is no success: the server's error page, the built-in login again, or what a plugin answered.
    fn turned_away(&self, answer: &Answer, text: &str, form: Option<&Form>) -> Failure {
        if let Some(json) = serde_json::from_slice::<Value>(&answer.body).ok().filter(|json| json["error"].is_string()) {
            return refusal(&json);
        }
        let title = page::title(text).unwrap_or_else(|| "no page".to_owned());
        let answered = format!("{} ({title})", answer.status);
        if let Some(code) = page::code(text) {
            return said(&answered, None).help(format!("keyhook explain {code}; the server's log has the cause"));
        }
        let login = format!("{}/login", self.party.issuer.path());
        if form.is_some_and(|form| form.action == login) {
            let name = clean(&self.person.name);
            let failure = Failure::new("KH0324", Exit::Failed, format!("the built-in login turns `{name}` away with {answered}"));
            return failure.help("name a user with --user NAME, the password on standard input with --password-stdin");
        }
        self.lost(&format!("a page that is not the server's own answers {answered}"))
    }

    /// The way ends at a page that this user cannot use, most likely a plugin's.
    fn lost(&self, why: &str) -> Failure {
        let (user, issuer) = (clean(&self.person.name), &self.party.issuer);
        let failure = Failure::new("KH0324", Exit::Failed, format!("`{user}` does not find the way: {}", clean(why)));
        let address =
            if self.party.dev { format!("{}/playground", issuer.as_str()) } else { format!("{}{}", issuer.origin(), self.target) };
        let logins = &self.party.logins;
        let owner = if logins.is_empty() { "the page".to_owned() } else { format!("the page of a plugin ({})", logins.join(", ")) };
        failure.help(format!(
            "{owner} decides whom it lets in: open {address} in a browser, or fill its form in with --user NAME, and --password-stdin"
        ))
    }
}

fn clean(text: &str) -> String {
    text.chars().filter(|character| !character.is_control()).collect()
}

/// A person signs in; the address that the browser was sent to is pasted here.
pub(super) fn by_hand(party: &Party, target: &str) -> Result<String, Failure> {
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
