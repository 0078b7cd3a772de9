//! Templates become inputs: one file a group, one function a template.

mod authorize;
mod client;
mod code;
mod grants;
mod http;
mod http2;
mod introspection;
mod jose;
mod leakage;
mod oauth1;
mod oauth1_flow;
mod pages;
mod redirect;
mod refresh;

use keyhook_tests::flow::{Form, follow};
use keyhook_tests::http::{Client, encode_form};

use std::sync::Barrier;

use crate::attack::Attack;
use crate::random::Random;
use crate::tally::Tally;
use crate::target::{SHOP_URI, Target};
use crate::wire::{Line, Reply, Request, Style};

/// How a template becomes inputs.
pub struct Expander {
    /// The template.
    pub id: &'static str,
    /// What it does, in words.
    pub name: &'static str,
    /// Sends them.
    pub run: fn(&mut Attack<'_>),
    /// Whether it is done in the first round alone, because it takes long or changes the server.
    pub once: bool,
}

/// An expander that is used in every round.
const fn always(id: &'static str, name: &'static str, run: fn(&mut Attack<'_>)) -> Expander {
    Expander { id, name, run, once: false }
}

/// An expander that is used in the first round.
const fn once(id: &'static str, name: &'static str, run: fn(&mut Attack<'_>)) -> Expander {
    Expander { id, name, run, once: true }
}

/// All of them, by group.
pub const EXPANDERS: &[&[Expander]] = &[
    redirect::ALL,
    authorize::ALL,
    code::ALL,
    client::ALL,
    jose::ALL,
    refresh::ALL,
    grants::ALL,
    introspection::INTROSPECTION,
    introspection::EXCHANGE,
    oauth1_flow::BRIDGE,
    pages::ALL,
    oauth1::SIGNED,
    oauth1_flow::CREDENTIALS,
    http::ALL,
    leakage::ALL,
    leakage::PUSHED,
];

/// The state of every authorization request.
const STATE: &str = "a state / with \"marks\" & ünïcode";

/// What would run, or be calculated, if it reached a page or a template as it is.
const MARKUP: &[&str] = &[
    "<script>alert(1)</script>",
    "\"><svg onload=alert(1)>",
    "'><img src=x onerror=alert(1)>",
    "\" onmouseover=\"alert(1)",
    "javascript:alert(1)//<x>",
    "{{7*7}}<x>",
    "${7*7}<x>",
    "<%=7*7%>",
    "+ADw-script+AD4-<x>",
    "</title><script>1</script>",
    "<!--<x>",
    "&lt;script&gt;<x>",
];

/// Values whose encoding is broken: each is malformed wherever it stands.
fn bad_encodings() -> Vec<Vec<u8>> {
    let texts = [
        "%",
        "%z",
        "%zz",
        "%1",
        "a%",
        "%%41",
        "%u0041",
        "%C0%AF",
        "%E0%80%AF",
        "%F8%88%80%80%80",
        "%ED%A0%80",
        "%ED%BF%BF",
        "%F4%90%80%80",
        "%80",
        "%C3",
        "%00",
        "a%00b",
        "%FF%FE",
    ];
    texts.iter().map(|text| text.as_bytes().to_vec()).collect()
}

/// A code at the token endpoint, as it should be; who sends it is missing.
fn redeem(code: &str, uri: &str) -> Request {
    let verifier = Target::pkce().verifier;
    Request::post("/token", &[("grant_type", "authorization_code"), ("code", code), ("redirect_uri", uri), ("code_verifier", &verifier)])
}

/// An authorization request that is right, of a client at its URI.
fn ask(client: &str, uri: &str) -> Request {
    Request::get(
        "/authorize",
        &[
            ("response_type", "code"),
            ("client_id", client),
            ("redirect_uri", uri),
            ("scope", "read"),
            ("state", STATE),
            ("code_challenge", &Target::pkce().challenge),
            ("code_challenge_method", "S256"),
        ],
    )
}

/// The same for `shop`.
fn shop() -> Request {
    ask("shop", SHOP_URI)
}

/// The form of the login page for a request, in a browser that has never been here, and that browser's cookies. `with` may change
/// the browser before it comes.
fn back_forms(attack: &mut Attack<'_>, request: &Request, with: impl FnOnce(&mut Client)) -> (Request, String) {
    let path = path_of(request);
    attack.prepare(|target| {
        let mut browser = target.anybody();
        with(&mut browser);
        let first = browser.get(&path);
        let page = follow(&mut browser, first);
        let form = Form::all(&page.text()).into_iter().next().unwrap_or_default();
        (posted(&form), Target::cookies(&browser))
    })
}

/// The same with a user's name and password filled in.
fn sign_in(attack: &mut Attack<'_>, request: &Request, user: &str, password: &str) -> (Request, String) {
    let (form, cookies) = back_forms(attack, request, |_| {});
    (form.set("username", user).set("password", password), cookies)
}

/// The consent page's form for a request of a user who is signed in, and the cookies.
fn consent(attack: &mut Attack<'_>, request: &Request, user: &'static str) -> (Request, String) {
    let path = path_of(&request.clone().set("prompt", "consent"));
    attack.prepare(|target| {
        let mut browser = target.browser(user);
        let first = browser.get(&path);
        let page = follow(&mut browser, first).text();
        (posted(&Form::with_field(&page, "decision")), Target::cookies(&browser))
    })
}

fn path_of(request: &Request) -> String {
    let pairs: Vec<(String, String)> = request.pairs.iter().map(|pair| (lossy(&pair.name), lossy(&pair.value))).collect();
    let pairs: Vec<(&str, &str)> = pairs.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    format!("{}?{}", request.path, encode_form(&pairs))
}

/// What a browser would post, no button pressed.
fn posted(form: &Form) -> Request {
    Request::post(&form.action, &form.filled(&[]))
}

fn lossy(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// The same request from so many connections, as nearly at once as a barrier makes it.
fn at_once(target: &Target, request: &Request, contenders: usize) -> Vec<Reply> {
    let barrier = Barrier::new(contenders);
    let (address, host) = (target.address(), target.host());
    std::thread::scope(|scope| {
        let one = || {
            let written = request.write(&host, Style::Plain, &mut Random::of(0, "race", 0));
            barrier.wait();
            Line::to(address).exchange(&written, false).0
        };
        let all: Vec<_> = (0..contenders).map(|_| scope.spawn(one)).collect();
        all.into_iter().filter_map(|thread| thread.join().ok()).collect()
    })
}

/// Spellings of a token that are not the token.
fn mangled(token: &str, random: &mut Random) -> Vec<String> {
    let swap = |at: usize| {
        let mut bytes = token.as_bytes().to_vec();
        bytes[at] = if bytes[at] == b'A' { b'B' } else { b'A' };
        String::from_utf8(bytes).unwrap_or_default()
    };
    let last = token.len() - 1;
    let mut all = vec![
        token[..last].to_owned(),
        token[1..].to_owned(),
        token[..30].to_owned(),
        format!("{token}="),
        format!("{token}A"),
        format!("{token} "),
        format!(" {token}"),
        format!("{token}\n"),
        format!("{token}{token}"),
        token.to_uppercase(),
        token.to_lowercase(),
        token.replacen('_', "-", 1),
        token.replace(['-', '_'], "+"),
        token.replacen("kh", "KH", 1),
        format!("Bearer {token}"),
        keyhook_tests::http::base64(token.as_bytes()),
        swap(last),
        swap(5),
        swap(20),
        swap(40),
    ];
    all.extend((0..8).map(|_| swap(4 + random.below(token.len() - 4))));
    all.retain(|other| other != token);
    all
}

/// What is looked at when everything is over.
pub fn at_the_end(_target: &mut Target, _tally: &mut Tally) {}
