//! Where the table plays: a server, a browser, and a transcript in which what changes from run to run is masked.

use std::fmt::Write as _;

use crate::flow::{Ask, Pkce};
use crate::http::{Answer, Client, basic, encode_form};
use crate::local::{Local, REDIRECT_URI, SECRET};

/// Headers that are part of the contract with a browser or a client.
const SHOWN: [&str; 11] = [
    "allow",
    "cache-control",
    "content-security-policy",
    "content-type",
    "location",
    "refresh",
    "retry-after",
    "set-cookie",
    "transfer-encoding",
    "x-method",
    "x-witness",
];

/// What every page carries; the transcript says where one is missing or another.
const EVERY_PAGE: [(&str, &str); 5] = [
    ("x-content-type-options", "nosniff"),
    ("cache-control", "no-store"),
    ("x-frame-options", "DENY"),
    ("referrer-policy", "no-referrer"),
    (
        "content-security-policy",
        "default-src 'none'; style-src 'self'; img-src 'self' data:; script-src 'self'; base-uri 'none'; frame-ancestors 'none'",
    ),
];

/// A server with the table's plugins, and what happened on it.
pub struct Stage {
    /// The server.
    pub local: Local,
    /// The browser of the case.
    pub browser: Client,
    transcript: String,
}

impl Stage {
    /// Begins on a running server.
    pub fn new(local: Local) -> Stage {
        crate::captured::start();
        let browser = local.client();
        Stage { local, browser, transcript: String::new() }
    }

    /// Begins a case with a new browser.
    pub fn case(&mut self, sentence: &str) {
        self.browser = self.local.client();
        let _ = write!(self.transcript, "\n## {sentence}\n");
    }

    /// Adds a line of the case's own.
    pub fn note(&mut self, text: &str) {
        let masked = self.masked(text);
        let _ = writeln!(self.transcript, "{masked}");
    }

    /// What happened.
    pub fn transcript(self) -> String {
        self.transcript
    }

    /// An authorization request with further parameters.
    pub fn arrive(&mut self, more: &[(&str, &str)]) -> Answer {
        let path = self.asked(more);
        self.get(&path)
    }

    /// The path and query of an authorization request with further parameters.
    pub fn asked(&self, more: &[(&str, &str)]) -> String {
        let ask = Ask { client_id: "shop", redirect_uri: REDIRECT_URI, scope: "read write", state: "s t&a", pkce: Pkce::new("table") };
        format!("{}&{}", ask.path(), encode_form(more))
    }

    /// GET by the browser.
    pub fn get(&mut self, path: &str) -> Answer {
        self.request("GET", path, &[], b"")
    }

    /// POST of a form by the browser.
    pub fn post(&mut self, path: &str, form: &[(&str, &str)]) -> Answer {
        self.request("POST", path, &[("content-type", "application/x-www-form-urlencoded")], encode_form(form).as_bytes())
    }

    /// A token request of `shop`.
    pub fn token(&mut self, form: &[(&str, &str)]) -> Answer {
        let authorization = basic("shop", SECRET);
        let headers = [("content-type", "application/x-www-form-urlencoded"), ("authorization", authorization.as_str())];
        self.request("POST", "/token", &headers, encode_form(form).as_bytes())
    }

    /// A client credentials request of `shop` with further parameters.
    pub fn credentials(&mut self, more: &[(&str, &str)]) -> Answer {
        let mut form = vec![("grant_type", "client_credentials"), ("scope", "read")];
        form.extend_from_slice(more);
        self.token(&form)
    }

    /// Redeems a code.
    pub fn redeem(&mut self, code: &str, more: &[(&str, &str)]) -> Answer {
        let pkce = Pkce::new("table");
        let mut form =
            vec![("grant_type", "authorization_code"), ("code", code), ("redirect_uri", REDIRECT_URI), ("code_verifier", &pkce.verifier)];
        form.extend_from_slice(more);
        self.token(&form)
    }

    /// Any request by the browser, with its answer in the transcript.
    pub fn request(&mut self, method: &str, path: &str, headers: &[(&str, &str)], body: &[u8]) -> Answer {
        let answer = self.browser.request(method, path, headers, body);
        let asked = path.split("state=").next().unwrap_or_default();
        let more = path.split("code_challenge_method=S256").nth(1).unwrap_or_default();
        let shown = if path.contains("code_challenge=") {
            format!("{}…{more}", asked.split('?').next().unwrap_or_default())
        } else {
            path.to_owned()
        };
        let mut text = format!("> {method} {shown}\n< {}\n", answer.status);
        text += &shown_headers(&answer);
        let body = answer.text();
        text += &shown_body(&body);
        let masked = self.masked(&text);
        let _ = writeln!(self.transcript, "{}", masked.trim_end());
        answer
    }

    /// Tokens, identifiers and ports are other ones in every run.
    fn masked(&self, text: &str) -> String {
        let port = self.local.port.to_string();
        let mut out = text.to_owned();
        for before in ["localhost:", "localhost%3A", "keyhook-dev-"] {
            out = out.replace(&format!("{before}{port}"), &format!("{before}port"));
        }
        mask_words(&mask_request_id(&out))
    }
}

/// A plugin's page without the theme around it; of an error page of the server its code; of an error what production tells too.
fn shown_body(body: &str) -> String {
    if let Some(error) =
        serde_json::from_str::<serde_json::Value>(body).ok().filter(|json| json["error"].is_string() && json["request_id"].is_string())
    {
        return serde_json::json!({ "error": error["error"], "error_description": error["error_description"] }).to_string();
    }
    // What a developer is shown of a signature that does not fit holds nonces and ports.
    let body = body.split("&signature_base_string=").next().unwrap_or_default();
    let body: String = body.chars().map(|c| if c.is_control() && c != '\n' { '\u{fffd}' } else { c }).collect();
    let Some((main, _)) = body.split_once("<main").and_then(|(_, rest)| rest.split_once("</main>")) else { return body };
    let code = main.split_once("<dd><code>").and_then(|(_, rest)| rest.split_once("</code>"));
    code.map_or_else(|| main.trim_start_matches('>').trim().to_owned(), |(code, _)| format!("(the server's page for {code})"))
}

fn shown_headers(answer: &Answer) -> String {
    let usual = |name: &str, value: &str| EVERY_PAGE.contains(&(name, value));
    let mut text = String::new();
    for (name, value) in answer.headers.iter().filter(|(name, value)| SHOWN.contains(&name.as_str()) && !usual(name, value)) {
        let _ = writeln!(text, "< {name}: {value}");
    }
    let is_json = answer.header("content-type") == Some("application/json");
    // A client that reads JSON is no browser: only these two protect it.
    let wanted = if is_json { &EVERY_PAGE[..2] } else { &EVERY_PAGE[..] };
    for (name, value) in wanted {
        if !answer.headers.iter().any(|(found, what)| found == name && what == value) {
            let _ = writeln!(text, "< without the usual {name}");
        }
    }
    text
}

/// A request's id is masked by its name: one in thirty is letters alone, and looks like a word.
fn mask_request_id(text: &str) -> String {
    let mut parts = text.split("\"request_id\":\"");
    let first = parts.next().unwrap_or_default().to_owned();
    parts.fold(first, |out, part| out + "\"request_id\":\"***" + part.find('"').map_or("", |end| &part[end..]))
}

/// Replaces every run of base64url that no word looks like: 16 or more characters with a digit, 20 or more in both cases.
fn mask_words(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut word = String::new();
    for character in text.chars().chain(['\n']) {
        if character.is_ascii_alphanumeric() || "-_".contains(character) {
            word.push(character);
            continue;
        }
        let has = |test: fn(&char) -> bool| word.chars().any(|character| test(&character));
        let (digit, upper) = (word.len() >= 16 && has(char::is_ascii_digit), word.len() >= 20 && has(char::is_ascii_uppercase));
        let is_random = has(char::is_ascii_lowercase) && (digit || upper);
        out += if is_random { "***" } else { &word };
        word.clear();
        out.push(character);
    }
    out.pop();
    out
}
