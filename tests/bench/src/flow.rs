//! The authorization code flow (RFC 6749 §4.1) with PKCE (RFC 7636) and refresh (RFC 6749 §6), as a browser and a client walk it:
//! whatever page stands in the way is filled in, so the first flow signs in and allows, and the next ones find session and consent.

use std::io::Write as _;
use std::sync::Arc;

use crate::client::script::{Head, expect};
use crate::client::{Answer, Script, Step};

/// The pair of RFC 7636 appendix B. Fresh ones would cost the client time, and the server nothing.
const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";

/// Most pages and redirects of one flow.
const MOST_HOPS: usize = 10;

/// The server and who comes to it.
#[derive(Clone, Debug)]
pub(crate) struct Site {
    /// The `Host`.
    pub(crate) host: String,
    /// Path of the authorization endpoint.
    pub(crate) authorize: String,
    /// Path of the token endpoint.
    pub(crate) token: String,
    /// The client.
    pub(crate) client: Client,
    /// The user's name.
    pub(crate) user: String,
    /// The user's password.
    pub(crate) password: String,
}

/// A confidential client.
#[derive(Clone, Debug)]
pub(crate) struct Client {
    /// `client_id`.
    pub(crate) id: String,
    /// The value of `Authorization`.
    pub(crate) basic: String,
    /// Without anything that a query would have to encode but `:` and `/`.
    pub(crate) redirect_uri: String,
    /// One word.
    pub(crate) scope: String,
}

impl Site {
    fn authorization_path(&self) -> String {
        let Client { id, redirect_uri, scope, .. } = &self.client;
        let redirect_uri = encoded(redirect_uri);
        let path = &self.authorize;
        format!(
            "{path}?response_type=code&client_id={id}&redirect_uri={redirect_uri}&scope={scope}&state=s&code_challenge={CHALLENGE}&code_challenge_method=S256"
        )
    }

    fn post<'a>(&'a self, path: &'a str, authorization: Option<&'a str>) -> Head<'a> {
        Head { method: "POST", path, host: &self.host, authorization }
    }
}

fn encoded(uri: &str) -> String {
    uri.replace(':', "%3A").replace('/', "%2F")
}

enum Next {
    Get(String),
    Post(String, String),
    Redeem(String),
}

/// One browser with its cookies, and the client that it comes from.
pub(crate) struct CodeFlow {
    site: Arc<Site>,
    cookies: Vec<(String, String)>,
    next: Next,
    hops: usize,
    refresh_token: Option<String>,
}

impl CodeFlow {
    /// Nobody is signed in yet.
    pub(crate) fn new(site: Arc<Site>) -> CodeFlow {
        CodeFlow { next: Next::Get(site.authorization_path()), site, cookies: Vec::new(), hops: 0, refresh_token: None }
    }

    fn cookie_header(&self) -> String {
        if self.cookies.is_empty() {
            return String::new();
        }
        let pairs: Vec<_> = self.cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
        format!("cookie: {}\r\n", pairs.join("; "))
    }

    fn keep_cookies(&mut self, answer: &Answer<'_>) {
        for (name, value) in answer.cookies() {
            self.cookies.retain(|(known, _)| known != name);
            if !value.is_empty() {
                self.cookies.push((name.to_owned(), value.to_owned()));
            }
        }
    }

    /// Where the browser goes from an answer: to the client with a code, to another page, or to a form's action.
    fn visit(&mut self, answer: &Answer<'_>) -> Option<Next> {
        self.keep_cookies(answer);
        if let Some(location) = answer.header("location") {
            if location.starts_with(&self.site.client.redirect_uri) {
                return Some(Next::Redeem(answer.location_parameter("code")?.to_owned()));
            }
            return Some(Next::Get(path_of(location)?.to_owned()));
        }
        let page = std::str::from_utf8(answer.body).ok()?;
        let form = page.split("<form").find(|part| part.contains("name=\"password\"") || part.contains("name=\"decision\""))?;
        let mut fields: Vec<String> = ["interaction", "csrf_token"].iter().filter_map(|name| hidden(form, name)).collect();
        fields.push(if form.contains("name=\"password\"") {
            format!("username={}&password={}", self.site.user, self.site.password.replace(' ', "+"))
        } else {
            "decision=allow".to_owned()
        });
        Some(Next::Post(path_of(&attribute(form, "action")?)?.to_owned(), fields.join("&")))
    }
}

impl Script for CodeFlow {
    fn request(&mut self, to: &mut Vec<u8>) {
        let (site, cookies) = (&self.site, self.cookie_header());
        let _ = match &self.next {
            Next::Get(path) => write!(to, "GET {path} HTTP/1.1\r\nhost: {}\r\naccept: text/html\r\n{cookies}\r\n", site.host),
            Next::Post(path, form) => write!(
                to,
                "POST {path} HTTP/1.1\r\nhost: {}\r\n{cookies}content-type: application/x-www-form-urlencoded\r\ncontent-length: {}\r\n\r\n{form}",
                site.host,
                form.len()
            ),
            Next::Redeem(code) => {
                let redirect_uri = encoded(&site.client.redirect_uri);
                let form = format!("grant_type=authorization_code&code={code}&redirect_uri={redirect_uri}&code_verifier={VERIFIER}");
                to.write_all(&site.post(&site.token, Some(&site.client.basic)).with_form(&form))
            }
        };
    }

    fn answer(&mut self, answer: &Answer<'_>) -> Step {
        if matches!(self.next, Next::Redeem(_)) {
            self.refresh_token = answer.member("refresh_token").map(str::to_owned);
            self.next = Next::Get(self.site.authorization_path());
            self.hops = 0;
            return expect(answer, b"\"access_token\"");
        }
        self.hops += 1;
        match self.visit(answer) {
            Some(next) if self.hops <= MOST_HOPS => {
                self.next = next;
                Step::More
            }
            _ => Step::Wrong(answer.to_string()),
        }
    }
}

/// A family of refresh tokens: the first operation is a code flow, each of the next a rotation.
pub(crate) struct Rotation {
    flow: CodeFlow,
    token: Option<String>,
}

impl Rotation {
    /// Nobody is signed in yet.
    pub(crate) fn new(site: Arc<Site>) -> Rotation {
        Rotation { flow: CodeFlow::new(site), token: None }
    }
}

impl Script for Rotation {
    fn request(&mut self, to: &mut Vec<u8>) {
        match &self.token {
            None => self.flow.request(to),
            Some(token) => {
                let site = &self.flow.site;
                let form = format!("grant_type=refresh_token&refresh_token={token}");
                to.extend_from_slice(&site.post(&site.token, Some(&site.client.basic)).with_form(&form));
            }
        }
    }

    fn answer(&mut self, answer: &Answer<'_>) -> Step {
        if self.token.is_none() {
            let step = self.flow.answer(answer);
            self.token.clone_from(&self.flow.refresh_token);
            return step;
        }
        match answer.member("refresh_token") {
            Some(successor) if Some(successor) != self.token.as_deref() => self.token = Some(successor.to_owned()),
            _ => return Step::Wrong(answer.to_string()),
        }
        expect(answer, b"\"access_token\"")
    }
}

fn path_of(location: &str) -> Option<&str> {
    match location.split_once("://") {
        Some((_, rest)) => rest.find('/').map(|at| &rest[at..]),
        None => Some(location),
    }
}

fn hidden(form: &str, name: &str) -> Option<String> {
    let tag = form.split('<').find(|tag| tag.contains(&format!("name=\"{name}\"")))?;
    Some(format!("{name}={}", attribute(tag, "value")?))
}

fn attribute(tag: &str, name: &str) -> Option<String> {
    let value = tag.split_once(&format!(" {name}=\""))?.1.split('"').next()?;
    Some(value.replace("&#38;", "&").replace("&amp;", "&"))
}
