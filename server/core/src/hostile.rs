//! Tests with inputs that nobody would send by accident: random pieces of what the parsers look for, from a fixed seed.
#![allow(clippy::unwrap_used, reason = "a test may fail by panicking")]

use url::Url;

use crate::authorization_header::basic;
use crate::{
    AuthMethod, AuthorizationRequest, Client, CodeChallenge, Form, Granted, IssuedToken, Issuer, Prompt, RedirectUri, Refusal, Scope,
    TokenKind, client_auth,
};

const ROUNDS: usize = 20_000;

/// What URLs, forms and headers are made of, and what breaks careless readers of them.
const PIECES: &[&str] = &[
    "https://",
    "http://",
    "https:",
    "//",
    "/",
    "\\",
    "@",
    ":",
    "#",
    "?",
    "&",
    "&",
    "=",
    "=",
    "%",
    "%2e",
    "%2F",
    "%00",
    "%zz",
    "%C3",
    "%A9",
    "%0d%0a",
    "\r\n",
    "\0",
    "\t",
    " ",
    "+",
    ".",
    "..",
    ";",
    "*",
    "\"",
    "'",
    "<script>",
    "é",
    "а",
    "．",
    "\u{202e}",
    "\u{ad}",
    "app.test",
    "evil.test",
    "127.0.0.1",
    "localhost",
    "[::1]",
    "0x7f000001",
    ":443",
    ":8080",
    ":99999",
    "cb",
    "/cb",
    "javascript:",
    "data:",
    "com.example.app:",
    "client_id",
    "client_secret",
    "redirect_uri",
    "state",
    "scope",
    "response_type",
    "code",
    "code_challenge",
    "code_challenge_method",
    "S256",
    "prompt",
    "none",
    "login",
    "max_age",
    "app",
    "read",
    "kha_",
    "khr_",
    "Basic ",
    "Bearer ",
    "YXBwOnM=",
    "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM",
    "A",
    "-",
    "_",
    "~",
    "0",
    "9",
    "99999999999999999999",
    "",
];

/// A xorshift generator: the same inputs in every run.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 >> 33).unwrap() % sides
    }

    fn text(&mut self, most: usize) -> String {
        (0..self.roll(most)).map(|_| PIECES[self.roll(PIECES.len())]).collect()
    }
}

fn client() -> Client {
    let mut client = Client::public("app", "App");
    client.redirect_uris = ["https://app.test/cb", "http://127.0.0.1:8080/cb"].iter().map(|uri| RedirectUri::parse(uri).unwrap()).collect();
    client.scope = Scope::parse("read").unwrap();
    client
}

#[test]
fn nothing_that_comes_in_makes_a_parser_panic() {
    let mut dice = Dice(1);
    for _ in 0..ROUNDS {
        let text = dice.text(24);
        let form = Form::parse(text.as_bytes(), 10);
        let _ = (basic(text.as_bytes()), Scope::parse(&text), Prompt::parse(&text), Issuer::parse(&text));
        let _ = (IssuedToken::parse(TokenKind::Access, &text), CodeChallenge::parse(Some("S256"), &text));
        if let Ok(form) = form {
            let _ = client_auth::present(Some(text.as_bytes()), &form);
            let _ = AuthorizationRequest::parse(&form, Some(&client()));
        }
    }
}

/// RFC 9700 §2.1: whatever is claimed, the browser ends at the registered host, path and query.
#[test]
fn every_accepted_redirect_uri_leads_where_it_was_registered() {
    let (mut dice, client, mut accepted) = (Dice(2), client(), 0);
    for round in 0..ROUNDS {
        // Every third one starts as a good one, so that the interesting neighborhood is searched too.
        let start = ["", "https://app.test", "http://127.0.0.1"][round % 3];
        let sent = start.to_owned() + &dice.text(6);
        if let Ok(target) = client.claim(Some(&sent)) {
            accepted += 1;
            let url = Url::parse(&target.with_params(&[("code", &sent)])).unwrap();
            let host = url.host_str().unwrap();
            assert!(matches!((url.scheme(), host), ("https", "app.test") | ("http", "127.0.0.1")), "{sent:?}");
            assert_eq!((url.path(), url.fragment(), url.username()), ("/cb", None, ""), "{sent:?}");
            assert_eq!(url.query_pairs().count(), 1, "{sent:?}");
        }
    }
    assert!(accepted > 10, "the search found the good ones too: {accepted}");
}

#[test]
fn what_may_be_registered_is_read_by_a_browser_as_it_is_written() {
    let (mut dice, mut accepted) = (Dice(3), 0);
    for _ in 0..ROUNDS {
        let written = "https://".to_owned() + &dice.text(8);
        let Ok(uri) = RedirectUri::parse(&written) else { continue };
        accepted += 1;
        let url = Url::parse(uri.as_str()).unwrap();
        let after = written.strip_prefix("https://").and_then(|rest| rest.strip_prefix(url.host_str().unwrap())).unwrap();
        assert!(after.is_empty() || after.starts_with(['/', '?', ':']), "{written:?}");
        assert!(url.username().is_empty() && url.password().is_none() && url.fragment().is_none(), "{written:?}");
        assert!(written.is_ascii() && !written.contains(['\\', '*', ' ']), "{written:?}");
    }
    assert!(accepted > 100, "{accepted}");
}

#[test]
fn whatever_a_form_encodes_is_decoded_to_the_same() {
    let mut dice = Dice(4);
    for _ in 0..ROUNDS / 4 {
        let pairs: Vec<_> = (0..dice.roll(5)).map(|_| (dice.text(4).replace('\0', ""), dice.text(8).replace('\0', ""))).collect();
        let encoded = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(&pairs).finish();
        let form = Form::parse(encoded.as_bytes(), 10).unwrap();
        let expected: Vec<_> = pairs.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        assert_eq!(form.iter().collect::<Vec<_>>(), expected);
    }
}

/// RFC 6749 §4.1.1 and §4.1.2.1: random requests of good and bad parts are refused, or hold what they must.
#[test]
fn every_accepted_authorization_request_is_bound_and_has_its_challenge() {
    let (mut dice, client, mut accepted, mut sent_back) = (Dice(5), client(), 0, 0);
    for _ in 0..ROUNDS {
        let mut query = String::new();
        for (name, good) in [
            ("client_id", "app"),
            ("redirect_uri", "https://app.test/cb"),
            ("response_type", "code"),
            ("code_challenge", "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"),
            ("code_challenge_method", "S256"),
            ("scope", "read"),
            ("state", "s"),
        ] {
            let value = if dice.roll(12) == 0 { dice.text(4) } else { good.to_owned() };
            query = query + name + "=" + &value + "&";
            if dice.roll(60) == 0 {
                query = query + name + "=" + good + "&";
            }
        }
        let Ok(form) = Form::parse(query.as_bytes(), 20) else { continue };
        match AuthorizationRequest::parse(&form, Some(&client)) {
            Ok(request) => {
                accepted += 1;
                assert!(form.no_duplicates().is_ok() && request.code_challenge.is_some(), "{query:?}");
                assert!(request.scope.scope().is_subset_of(&client.scope), "{query:?}");
                assert!(client.claim(Some(request.redirect_uri.as_str())).is_ok(), "{query:?}");
                assert_eq!(request.state.as_deref(), form.once("state").unwrap(), "{query:?}");
                let location = request.success_redirect("https://id.test", "c");
                assert!(location.bytes().all(|byte| byte.is_ascii_graphic()), "{location:?}");
            }
            Err(Refusal::Redirect { to, .. }) => {
                sent_back += 1;
                assert!(client.claim(Some(to.as_str())).is_ok(), "{query:?}");
            }
            Err(Refusal::Page(error)) => assert!(!error.wire_description().contains("evil"), "{query:?}"),
        }
    }
    assert!(accepted > 1000 && sent_back > 1000, "{accepted} {sent_back}");
}

/// RFC 6749 §3.3.
#[test]
fn no_requested_scope_is_granted_beyond_the_allowed_one() {
    let (mut dice, allowed) = (Dice(6), Scope::parse("read login code").unwrap());
    for _ in 0..ROUNDS {
        let words: Vec<_> = (0..dice.roll(4)).map(|_| PIECES[dice.roll(PIECES.len())]).collect();
        let Ok(requested) = Scope::parse(&words.join(" ")) else { continue };
        if let Ok(granted) = Granted::narrow(Some(&requested), &allowed, &Scope::empty()) {
            assert!(granted.scope().is_subset_of(&allowed));
            assert_eq!(granted.scope(), &requested, "nothing is dropped silently");
        }
    }
}

#[test]
fn no_made_up_secret_is_believed() {
    let mut dice = Dice(7);
    let secret = crate::token::client_secret([7; 32]);
    let known = crate::SecretHash::of(secret.expose().as_bytes());
    let client = std::sync::Arc::new(Client { auth_method: AuthMethod::SecretPost, ..Client::confidential("app", "App", known) });
    for _ in 0..ROUNDS / 10 {
        let guess = dice.text(6) + &secret.expose()[..dice.roll(secret.expose().len())];
        let body = url::form_urlencoded::Serializer::new(String::new())
            .append_pair("client_id", "app")
            .append_pair("client_secret", &guess)
            .finish();
        let Ok(form) = Form::parse(body.as_bytes(), 5) else { continue };
        let Ok(credentials) = client_auth::present(None, &form) else { continue };
        assert!(client_auth::authenticate(Some(client.clone()), &credentials).is_err(), "{guess:?}");
    }
}
