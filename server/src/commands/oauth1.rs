//! `keyhook oauth1 debug`: our signature base string of a request that failed, the client's own beside it, and the first byte that
//! differs (RFC 5849 §3.4.1).
#![allow(clippy::doc_markdown, reason = "the doc comments of flags are their help texts, which would show the backticks")]

use std::fmt::Write as _;
use std::io::Read as _;
use std::path::PathBuf;

use clap::{Args, Subcommand};
use keyhook_core::oauth1::{Diagnosis, SignedRequest, SigningKey, Unverified, signature};
use serde_json::{Value, json};

use crate::cli::{Format, Global};
use crate::failure::{Exit, Failure};
use crate::output;

/// `keyhook oauth1 …`
#[derive(Subcommand)]
pub(crate) enum Oauth1Command {
    /// Show the signature base string of a request, and where the client's differs
    Debug(Debug),
}

/// `keyhook oauth1 debug`
#[derive(Args)]
pub(crate) struct Debug {
    /// File with the request as it was sent: request line, headers, an empty line, the body; "-" is standard input
    #[arg(default_value = "-")]
    request: PathBuf,
    /// Whether the client reached the server by https
    #[arg(long, value_name = "SCHEME", default_value = "https", value_parser = ["http", "https"])]
    scheme: String,
    /// The base string that the client signed, as its library logs it
    #[arg(long, value_name = "TEXT")]
    theirs: Option<String>,
    /// File with the client's shared secret, to see whether the signature fits
    #[arg(long, value_name = "FILE")]
    client_secret: Option<PathBuf>,
    /// File with the token's secret, where the request names a token
    #[arg(long, value_name = "FILE", requires = "client_secret")]
    token_secret: Option<PathBuf>,
}

/// Runs the command.
///
/// # Errors
/// `KH0326` when there is no request that could be looked at.
pub(crate) fn run(global: &Global, command: &Oauth1Command) -> Result<(), Failure> {
    let Oauth1Command::Debug(flags) = command;
    let text = read(&flags.request)?;
    let request = Raw::parse(&text).ok_or_else(not_a_request)?;
    let signed = request.signed(&flags.scheme);
    let unverified = Unverified::read(&signed).map_err(|error| {
        Failure::new("KH0326", Exit::Failed, format!("the request is refused before its signature is looked at: {error}"))
            .help(format!("keyhook explain {}", error.kh))
    })?;
    let unverified = unverified.ok_or_else(|| {
        Failure::new("KH0326", Exit::Failed, "the request is not signed: it has no oauth_consumer_key and no Authorization: OAuth")
            .help("give it as it was sent, with its headers and its body")
    })?;
    let base = unverified.base_string();
    let ours = base.as_str();
    let difference = flags.theirs.as_deref().map(|theirs| Diagnosis::of(ours, theirs));
    let fits = fits(flags, &unverified)?;
    match global.format {
        Format::Json => output::print(global, &["ours"], &report(ours, flags, difference.as_ref(), fits)),
        Format::Table => {
            let mut text = shown(ours, flags.theirs.as_deref(), difference.as_ref(), fits);
            if fits == Some(false) && fits_other(flags, &request)? {
                let _ = writeln!(text, "it is that of the same request by {0}: --scheme {0}", other_scheme(flags));
            }
            output::write(&text);
        }
    }
    Ok(())
}

fn other_scheme(flags: &Debug) -> &'static str {
    if flags.scheme == "http" { "https" } else { "http" }
}

/// Whether the signature fits a request that came by the other scheme: the commonest slip, since `keyhook dev` has no TLS.
fn fits_other(flags: &Debug, request: &Raw<'_>) -> Result<bool, Failure> {
    let signed = request.signed(other_scheme(flags));
    let Ok(Some(unverified)) = Unverified::read(&signed) else { return Ok(false) };
    Ok(fits(flags, &unverified)? == Some(true))
}

/// Whether the signature is that of the secrets in the files; `None` where none are named.
fn fits(flags: &Debug, unverified: &Unverified<'_>) -> Result<Option<bool>, Failure> {
    let Some(file) = &flags.client_secret else { return Ok(None) };
    let client_secret = read(file)?;
    let token_secret = flags.token_secret.as_ref().map(read).transpose()?.unwrap_or_default();
    let parameters = unverified.parameters();
    let method = signature::named(parameters.signature_method()).ok_or_else(|| {
        Failure::new("KH0326", Exit::Failed, format!("`{}` is no signature method that is built in", parameters.signature_method()))
            .help("leave --client-secret out")
    })?;
    let key = SigningKey::shared(client_secret.trim(), token_secret.trim());
    Ok(Some(method.verify(&unverified.base_string(), &key, parameters.signature().expose())))
}

fn report(ours: &str, flags: &Debug, difference: Option<&Option<Diagnosis>>, fits: Option<bool>) -> Value {
    let found = difference.and_then(Option::as_ref);
    json!({
        "ours": ours,
        "theirs": flags.theirs,
        "first_difference": found.map(|found| found.first_difference),
        "cause": found.map(|found| found.cause.as_str()),
        "signature_fits": fits,
    })
}

fn shown(ours: &str, theirs: Option<&str>, difference: Option<&Option<Diagnosis>>, fits: Option<bool>) -> String {
    let mut text = format!("ours    {ours}\n");
    if let Some(theirs) = theirs {
        let theirs: String = theirs.chars().filter(|letter| !letter.is_control()).collect();
        let _ = writeln!(text, "theirs  {theirs}");
    }
    match difference {
        None => {}
        Some(None) => {
            text.push_str("        they are the same: what differs is the key, that is a secret or its encoding, or the method\n");
        }
        Some(Some(found)) => {
            let column = ours.char_indices().take_while(|(at, _)| *at < found.first_difference).count();
            let _ = writeln!(text, "        {}^ byte {}\n\n{}", " ".repeat(column), found.first_difference, found.cause);
        }
    }
    match fits {
        None => {}
        Some(true) => text.push_str("\nthe signature is that of these secrets over our base string\n"),
        Some(false) => text.push_str("\nthe signature is not that of these secrets over our base string\n"),
    }
    text
}

/// The parts of a request as it was sent.
struct Raw<'a> {
    method: &'a str,
    path: &'a str,
    query: Option<&'a str>,
    host: &'a str,
    authorization: Option<&'a str>,
    is_form: bool,
    body: &'a str,
}

impl<'a> Raw<'a> {
    fn parse(text: &'a str) -> Option<Raw<'a>> {
        let (head, body) = text.split_once("\r\n\r\n").or_else(|| text.split_once("\n\n")).unwrap_or((text, ""));
        let mut lines = head.lines();
        let mut words = lines.next()?.split_ascii_whitespace();
        let (method, target) = (words.next()?, words.next()?);
        let headers: Vec<(&str, &str)> = lines.filter_map(|line| line.split_once(':')).map(|(name, value)| (name, value.trim())).collect();
        let header = |name: &str| headers.iter().find(|(found, _)| found.eq_ignore_ascii_case(name)).map(|(_, value)| *value);
        // Some tools print the whole address in the request line.
        let absolute = target.split_once("://").map(|(_, rest)| rest.split_at(rest.find(['/', '?']).unwrap_or(rest.len())));
        let (host, target) = absolute.map_or((header("host"), target), |(host, target)| (Some(host), target));
        let (path, query) = target.split_once('?').map_or((target, None), |(path, query)| (path, Some(query)));
        let is_form =
            header("content-type").is_some_and(|value| value.to_ascii_lowercase().starts_with("application/x-www-form-urlencoded"));
        let authorization = header("authorization");
        Some(Raw { method, path, query, host: host?, authorization, is_form, body: if is_form { body.trim_end() } else { body } })
    }

    fn signed(&self, scheme: &'a str) -> SignedRequest<'a> {
        SignedRequest {
            method: self.method,
            scheme,
            authority: self.host,
            path: self.path,
            query: self.query,
            authorization: self.authorization,
            form_body: self.is_form.then_some(self.body.as_bytes()),
            body_other: (!self.is_form).then_some(self.body.as_bytes()),
        }
    }
}

fn not_a_request() -> Failure {
    Failure::new("KH0326", Exit::Failed, "this is no HTTP request")
        .help("its first line is like `GET /photos?size=original HTTP/1.1`, then headers, one of them Host, an empty line, and the body")
}

fn read(path: &PathBuf) -> Result<String, Failure> {
    let mut text = String::new();
    let read = if path.as_os_str() == "-" {
        std::io::stdin().lock().read_to_string(&mut text).map(drop)
    } else {
        std::fs::read_to_string(path).map(|found| text = found)
    };
    match read {
        Ok(()) => Ok(text),
        Err(error) => {
            Err(Failure::new("KH0326", Exit::NotFound, format!("{} cannot be read: {error}", path.display()))
                .help("name a file of text, or -"))
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test may fail by panicking")]
    use super::*;

    /// RFC 5849 §3.4.1.1.
    const REQUEST: &str = "POST /request?b5=%3D%253D&a3=a&c%40=&a2=r%20b HTTP/1.1\r\nHost: example.com\r\nContent-Type: application/x-www-form-urlencoded\r\nAuthorization: OAuth realm=\"Example\",\r\n oauth_x=\"\"\r\n\r\nc2&a3=2+q";

    #[test]
    fn a_request_is_taken_apart_as_it_was_sent() {
        let raw = Raw::parse(REQUEST).unwrap();
        assert_eq!((raw.method, raw.path, raw.query), ("POST", "/request", Some("b5=%3D%253D&a3=a&c%40=&a2=r%20b")));
        assert_eq!((raw.host, raw.is_form, raw.body), ("example.com", true, "c2&a3=2+q"));
        let absolute = Raw::parse("GET http://photos.example:81/p?a=1 HTTP/1.1\nX: y\n").unwrap();
        assert_eq!((absolute.host, absolute.path, absolute.query, absolute.body), ("photos.example:81", "/p", Some("a=1"), ""));
        assert!(Raw::parse("GET / HTTP/1.1\n\n").is_none(), "without a host nothing can be signed");
        assert!(Raw::parse("").is_none());
    }

    #[test]
    fn the_first_difference_is_under_a_mark() {
        let found = Diagnosis::of("GET&a&b", "GET&A&b");
        let text = shown("GET&a&b", Some("GET&A&b"), Some(&found), Some(false));
        assert!(text.contains("\n            ^ byte 4\n") && text.contains("is not that of these secrets"), "{text}");
        assert!(shown("x", Some("x"), Some(&None), None).contains("the key"));
    }
}
