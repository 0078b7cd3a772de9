//! A person with a browser and a client that sends them: the authorization code flow (RFC 6749 §4.1) with PKCE (RFC 7636).

use keyhook_core::crypto::sha256;

use crate::http::{Answer, Client, encode_form};

/// A PKCE verifier and its S256 challenge.
#[derive(Clone, Debug)]
pub struct Pkce {
    /// The verifier.
    pub verifier: String,
    /// The challenge.
    pub challenge: String,
}

impl Pkce {
    /// A verifier that is unique to `seed`.
    pub fn new(seed: &str) -> Pkce {
        let verifier = base64url(&sha256(seed.as_bytes()));
        let challenge = base64url(&sha256(verifier.as_bytes()));
        Pkce { verifier, challenge }
    }
}

/// base64url without padding.
pub fn base64url(bytes: &[u8]) -> String {
    crate::http::base64(bytes).trim_end_matches('=').replace('+', "-").replace('/', "_")
}

/// A form of a page.
#[derive(Clone, Debug, Default)]
pub struct Form {
    /// Where it goes.
    pub action: String,
    /// Its fields, hidden ones and buttons included.
    pub fields: Vec<(String, String)>,
}

impl Form {
    /// The forms of a page, in order.
    pub fn all(page: &str) -> Vec<Form> {
        page.split("<form").skip(1).map(|part| Form::parse(part.split("</form>").next().unwrap_or_default())).collect()
    }

    /// The first form of a page that has a field of this name.
    pub fn with_field(page: &str, name: &str) -> Form {
        Form::all(page)
            .into_iter()
            .find(|form| form.fields.iter().any(|(field, _)| field == name))
            .unwrap_or_else(|| panic!("no form with a field `{name}` in: {page}"))
    }

    fn parse(part: &str) -> Form {
        let head = part.split('>').next().unwrap_or_default();
        let tags = part.split('<').filter(|tag| tag.starts_with("input") || tag.starts_with("button"));
        let fields = tags.filter_map(|tag| Some((attribute(tag, "name")?, attribute(tag, "value").unwrap_or_default()))).collect();
        Form { action: attribute(head, "action").unwrap_or_default(), fields }
    }

    /// The fields with some values set, buttons that were not pressed left out.
    pub fn filled<'a>(&'a self, values: &[(&'a str, &'a str)]) -> Vec<(&'a str, &'a str)> {
        let hidden = ["interaction", "csrf_token"];
        let mut fields: Vec<(&str, &str)> = self
            .fields
            .iter()
            .filter(|(name, _)| hidden.contains(&name.as_str()))
            .map(|(name, value)| (name.as_str(), value.as_str()))
            .collect();
        fields.extend_from_slice(values);
        fields
    }
}

fn attribute(tag: &str, name: &str) -> Option<String> {
    let start = tag.find(&format!(" {name}=\""))? + name.len() + 3;
    let value = tag[start..].split('"').next()?;
    Some(value.replace("&quot;", "\"").replace("&#34;", "\"").replace("&#39;", "'").replace("&#38;", "&").replace("&amp;", "&"))
}

/// What a client asks for.
#[derive(Clone, Debug)]
pub struct Ask<'a> {
    /// The client.
    pub client_id: &'a str,
    /// Where the answer goes.
    pub redirect_uri: &'a str,
    /// The scope.
    pub scope: &'a str,
    /// The state.
    pub state: &'a str,
    /// PKCE.
    pub pkce: Pkce,
}

impl Ask<'_> {
    /// The path and query of the authorization request.
    pub fn path(&self) -> String {
        let query = encode_form(&[
            ("response_type", "code"),
            ("client_id", self.client_id),
            ("redirect_uri", self.redirect_uri),
            ("scope", self.scope),
            ("state", self.state),
            ("code_challenge", &self.pkce.challenge),
            ("code_challenge_method", "S256"),
        ]);
        format!("/authorize?{query}")
    }
}

/// A person: signs in and decides.
#[derive(Clone, Copy, Debug)]
pub struct Person<'a> {
    /// User name.
    pub username: &'a str,
    /// Password.
    pub password: &'a str,
}

/// The demo user that `keyhook dev` makes.
pub const DEMO: Person<'static> = Person { username: "demo", password: "correct-horse" };

/// Follows local redirects to the next page, or to the redirect that leaves the server.
pub fn follow(browser: &mut Client, mut answer: Answer) -> Answer {
    for _ in 0..8 {
        let Some(path) = local(browser, answer.location()) else { return answer };
        if !(300..400).contains(&answer.status) {
            return answer;
        }
        answer = browser.get(&path);
    }
    panic!("a redirect loop at {}", answer.location())
}

fn local(browser: &Client, location: &str) -> Option<String> {
    if location.starts_with('/') {
        return Some(location.to_owned());
    }
    let rest = location.strip_prefix(&format!("http://{}", browser.host))?;
    rest.starts_with('/').then(|| rest.to_owned())
}

/// Signs in on the built-in login page and allows on the built-in consent page, whichever of the two appear; the answer is the
/// redirect to the client, or the page with a verifier.
pub fn walk(browser: &mut Client, ask: &Ask<'_>, person: Person<'_>) -> Answer {
    walk_path(browser, &ask.path(), person)
}

/// The same for an authorization request of any form.
pub fn walk_path(browser: &mut Client, path: &str, person: Person<'_>) -> Answer {
    walk_deciding(browser, path, person, "allow")
}

/// The same with `allow` or `deny` on the consent page.
pub fn walk_deciding(browser: &mut Client, path: &str, person: Person<'_>, decision: &str) -> Answer {
    let first = browser.get(path);
    let mut answer = follow(browser, first);
    for _ in 0..2 {
        if answer.status != 200 {
            break;
        }
        let page = answer.text();
        // Of OAuth 1.0a: it stays, the person reads it.
        if page.contains("class=\"verifier\"") {
            break;
        }
        let (form, values) = if page.contains("current-password") {
            (Form::with_field(&page, "password"), vec![("username", person.username), ("password", person.password)])
        } else {
            (Form::with_field(&page, "decision"), vec![("decision", decision)])
        };
        let next = browser.post(&form.action, &form.filled(&values));
        answer = follow(browser, next);
    }
    answer
}

/// The code that [`walk`] leads to.
pub fn code(browser: &mut Client, ask: &Ask<'_>, person: Person<'_>) -> String {
    let answer = walk(browser, ask, person);
    answer.location_parameter("code").unwrap_or_else(|| panic!("no code: {} {} {}", answer.status, answer.location(), answer.text()))
}
