//! What holds of every answer, whatever was asked: its status, its headers, what it may not say.

use crate::wire::{Answer, Pair, Reply};

/// Longest answer.
const LONGEST: usize = 8 << 20;

/// The media type of OAuth 1.0a (RFC 5849 §2.1).
const FORM: &str = "application/x-www-form-urlencoded";

/// What is known of the server that answers.
#[derive(Clone, Debug, Default)]
pub struct Facts {
    /// Its issuer.
    pub issuer: String,
    /// The name of its session cookie.
    pub cookie: String,
    /// The folder it runs in, which nobody needs to know.
    pub folder: String,
    /// Where clients want their users back.
    pub registered: Vec<String>,
    /// What no answer ever says: passwords, client secrets, keys.
    pub unspeakable: Vec<String>,
    /// Whether it shows the base string of a signature that does not fit, as in development alone (RFC 5849 §3.2).
    pub shows_base_strings: bool,
    /// Headers that plugins of this server may add below `/x/`.
    pub of_plugins: Vec<String>,
}

/// What was asked.
#[derive(Clone, Copy, Debug)]
pub struct Asked<'a> {
    /// The path.
    pub path: &'a str,
    /// The parameters.
    pub pairs: &'a [Pair],
}

/// Everything that is wrong with a reply.
pub fn problems(facts: &Facts, asked: Asked<'_>, reply: &Reply) -> Vec<String> {
    let answer = match reply {
        Reply::Answer(answer) => answer,
        Reply::Closed => return Vec::new(),
        Reply::Silence => return vec!["no answer in 10 s".to_owned()],
        Reply::Malformed(why, _) => return vec![format!("malformed answer: {why}")],
    };
    let mut found = Vec::new();
    if answer.status >= 500 {
        found.push(format!("status {}", answer.status));
    }
    if answer.status < 200 {
        found.push(format!("an answer is final, and this one is {}", answer.status));
    }
    if answer.body.len() > LONGEST {
        found.push(format!("a body of {} bytes", answer.body.len()));
    }
    headers(facts, asked, answer, &mut found);
    protection(asked, answer, &mut found);
    speech(facts, asked, answer, &mut found);
    found
}

fn headers(facts: &Facts, asked: Asked<'_>, answer: &Answer, found: &mut Vec<String>) {
    for (name, value) in &answer.headers {
        let text = String::from_utf8_lossy(value);
        let fine = match name.as_str() {
            "date" | "content-length" | "content-type" | "cache-control" | "pragma" | "x-request-id" => true,
            "x-content-type-options" => text == "nosniff",
            "connection" => text == "close" || text == "keep-alive",
            "www-authenticate" => answer.status == 401,
            "allow" => answer.status == 405,
            "retry-after" => matches!(answer.status, 429 | 503),
            "location" => (300..400).contains(&answer.status) && is_known(facts, &text),
            "content-security-policy" | "x-frame-options" | "referrer-policy" | "cross-origin-opener-policy" => !is_data(answer),
            "set-cookie" => !is_data(answer) && is_own_cookie(facts, &text),
            "access-control-allow-origin" => (asked.path.starts_with("/.well-known/") || asked.path == "/jwks") && text == "*",
            other => asked.path.starts_with("/x/") && facts.of_plugins.iter().any(|name| name == other),
        };
        if !fine {
            found.push(format!("unexpected header {name}: {text}"));
        }
    }
    let singles = ["content-type", "location", "content-length", "cache-control", "x-request-id"];
    for name in singles {
        if answer.headers.iter().filter(|(key, _)| key == name).count() > 1 {
            found.push(format!("two headers {name}"));
        }
    }
}

/// An answer for a program: JSON, or the forms of OAuth 1.0a (RFC 5849 §2.1).
fn is_data(answer: &Answer) -> bool {
    answer.is("application/json") || answer.is(FORM)
}

/// A path of the server's own, or somewhere a client registered.
fn is_known(facts: &Facts, location: &str) -> bool {
    let own = location.starts_with('/') && !location.starts_with("//") && !location.starts_with("/\\");
    own || location.starts_with(&format!("{}/", facts.issuer)) || facts.registered.iter().any(|uri| location.starts_with(uri.as_str()))
}

fn is_own_cookie(facts: &Facts, value: &str) -> bool {
    let mut parts = value.split("; ");
    let name = parts.next().and_then(|pair| pair.split_once('=')).map_or("", |(name, _)| name);
    let known = name.strip_prefix(facts.cookie.as_str()).is_some_and(|rest| ["", "-browser", "-playground"].contains(&rest));
    let attributes: Vec<&str> = parts.collect();
    known && ["Path=/", "HttpOnly", "SameSite=Lax"].iter().all(|wanted| attributes.contains(wanted))
}

/// The headers without which a browser protects nobody (RFC 9700 §4.16).
fn protection(asked: Asked<'_>, answer: &Answer, found: &mut Vec<String>) {
    let bare = answer.header("content-type").is_none() && answer.body.is_empty() && answer.header("location").is_none();
    if !bare && answer.header("x-content-type-options") != Some("nosniff") {
        found.push("no x-content-type-options".to_owned());
    }
    if answer.is("text/html") {
        let policies: Vec<String> = answer
            .headers
            .iter()
            .filter(|(name, _)| name == "content-security-policy")
            .map(|(_, value)| String::from_utf8_lossy(value).into_owned())
            .collect();
        if !policies.iter().any(|policy| policy.contains("frame-ancestors 'none'") && policy.contains("base-uri 'none'")) {
            found.push("a page that can be framed".to_owned());
        }
        if !asked.path.starts_with("/x/")
            && policies.iter().any(|policy| policy.contains("unsafe") || !policy.contains("default-src 'none'"))
        {
            found.push("a policy that lets foreign code run".to_owned());
        }
        for (name, value) in
            [("x-frame-options", "DENY"), ("referrer-policy", "no-referrer"), ("cross-origin-opener-policy", "same-origin")]
        {
            if answer.header(name) != Some(value) {
                found.push(format!("a page without {name}: {value}"));
            }
        }
    }
    let is_public = asked.path.starts_with("/.well-known/") || asked.path.starts_with("/static/") || asked.path.starts_with("/x/");
    let says_something = answer.is("text/html") || is_data(answer) || answer.header("location").is_some();
    // The one redirect that a cache may not keep either goes from a loopback name to the issuer's.
    if says_something && !is_public && answer.header("cache-control") != Some("no-store") {
        found.push("an answer that caches may keep".to_owned());
    }
}

fn speech(facts: &Facts, asked: Asked<'_>, answer: &Answer, found: &mut Vec<String>) {
    let body = answer.text();
    let headers: String = answer.headers.iter().map(|(_, value)| String::from_utf8_lossy(value).into_owned() + "\n").collect();
    for secret in &facts.unspeakable {
        if body.contains(secret.as_str()) || headers.contains(secret.as_str()) {
            found.push("a secret is in the answer".to_owned());
        }
    }
    if !facts.shows_base_strings && body.contains("signature_base_string") {
        found.push("an answer shows a signature base string".to_owned());
    }
    if answer.status >= 400 {
        for word in ["panicked", ".rs:", "rusqlite", "SELECT ", "INSERT ", "backtrace", ".cargo/", env!("CARGO_PKG_VERSION"), &facts.folder]
        {
            if !word.is_empty() && body.contains(word) {
                found.push(format!("an error says {word:?}"));
            }
        }
    }
    if answer.is("text/html") {
        let markup = |value: &&[u8]| value.len() > 3 && value.iter().any(|byte| b"<>\"'".contains(byte));
        let sent = asked.pairs.iter().flat_map(|pair| [pair.name.as_slice(), pair.value.as_slice()]).chain([asked.path.as_bytes()]);
        for value in sent.filter(markup) {
            if answer.body.windows(value.len()).any(|part| part == value) {
                found.push(format!("{:?} is repeated unescaped", String::from_utf8_lossy(value)));
            }
        }
    }
}
