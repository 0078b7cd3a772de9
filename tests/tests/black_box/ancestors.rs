//! What oauth2u answered and what keyhook answers: every recorded exchange is sent again, and every difference has its reason.
//!
//! `tests/ancestors/oauth2u.toml` says what each field means; `tests/ancestors/README.md` holds the reasons.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use keyhook::{RedirectUri, Scope};
use keyhook_tests::back_channel::BackChannel;
use keyhook_tests::binary;
use keyhook_tests::flow::{self, Ask, Form, Person, Pkce};
use keyhook_tests::http::{Answer, Client, basic, encode_form};
use keyhook_tests::libraries;
use keyhook_tests::local::Local;
use keyhook_tests::scratch::Scratch;
use keyhook_tests::stage::{SECRET, confidential};
use serde::Deserialize;

mod facets;

use facets::{Facets, facets};

/// Where every client wants its users back.
const CALLBACK: &str = "https://cb.test/cb";
const CALLBACK_WITH_QUERY: &str = "https://cb.test/cb?a=1&a=2&b=";
const PERSON: Person<'static> = Person { username: "resource-owner", password: "the owner's own" };

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Recorded {
    exchange: Vec<Exchange>,
    behavior: Vec<Behavior>,
}

/// One exchange over HTTP.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Exchange {
    name: String,
    /// Whose code and credentials the placeholders stand for.
    client: Option<String>,
    /// Whose code it is, if not the client's.
    code_of: Option<String>,
    /// A request before this one, whose page and cookies it comes from.
    page: Option<String>,
    request: String,
    accept: Option<String>,
    authorization: Option<String>,
    content_type: Option<String>,
    form: Option<BTreeMap<String, String>>,
    /// Whether the scripted plugins run; they do unless this says otherwise.
    plugins: Option<bool>,
    then: Facets,
    today: Option<Facets>,
    why: Option<String>,
}

/// What cannot be seen in one exchange, with the test that proves what keyhook does.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Behavior {
    name: String,
    then: String,
    today: String,
    why: String,
    /// `path/of/a/file.rs::name_of_the_test`
    proved_by: String,
}

/// A keyhook that the recorded clients can talk to.
struct Ancestor {
    local: Local,
    _scratch: Scratch,
}

impl Ancestor {
    fn start(recorded: &Recorded, plugins: bool) -> Ancestor {
        let scratch = Scratch::new("ancestors");
        let folder = scratch.join("plugins");
        std::fs::create_dir_all(&folder).unwrap();
        if plugins {
            libraries::install_crate("scripted", &folder);
        }
        let clients: BTreeSet<_> = recorded.exchange.iter().flat_map(|exchange| [&exchange.client, &exchange.code_of]).flatten().collect();
        let local = Local::bare(|mut builder| {
            for id in clients {
                let mut client = confidential(id);
                let uri = if id == "client-with-query" { CALLBACK_WITH_QUERY } else { CALLBACK };
                client.redirect_uris = vec![RedirectUri::parse(uri).unwrap()];
                client.default_scope = Scope::parse("read").unwrap();
                client.require_pkce = false;
                builder = builder.client(client);
            }
            let table = if plugins { "[plugins.scripted]\nallow = [\"approve\"]" } else { "" };
            let text = format!("compat = [\"oauth2u\"]\n{table}");
            builder.user(PERSON.username, PERSON.password).plugins_directory(&folder).probe(binary::path()).config_text(text)
        });
        Ancestor { local, _scratch: scratch }
    }

    /// A code of a client; oauth2u knew no PKCE, so neither does this request.
    fn code(&self, client_id: &str) -> String {
        let pkce = Pkce { verifier: String::new(), challenge: String::new() };
        let path = Ask { client_id, redirect_uri: CALLBACK, scope: "read", state: "s", pkce }.path();
        let path = path.split("&code_challenge=").next().unwrap();
        let answer = flow::walk_path(&mut self.local.client(), path, PERSON);
        answer.location_parameter("code").unwrap_or_else(|| panic!("{client_id}: no code: {} {}", answer.status, answer.text()))
    }

    /// A code that was redeemed before.
    fn used(&self, client_id: &str) -> String {
        let code = self.code(client_id);
        let form = [("grant_type", "authorization_code"), ("code", code.as_str()), ("redirect_uri", CALLBACK)];
        let answer = BackChannel::new(self.local.client(), client_id, SECRET).post("/access-token", &form);
        assert_eq!(answer.status, 200, "{}", answer.text());
        code
    }

    fn send(&self, exchange: &Exchange) -> (Client, Answer) {
        let mut browser = self.local.client();
        let client = exchange.client.as_deref().unwrap_or_default();
        let owner = exchange.code_of.as_deref().unwrap_or(client);
        let uses = |placeholder: &str| {
            let form = exchange.form.iter().flatten().map(|(_, value)| value.as_str());
            form.chain([exchange.request.as_str(), exchange.authorization.as_deref().unwrap_or_default()])
                .any(|text| text.contains(placeholder))
        };
        let code = if uses("{used}") || uses("{used-as-password}") {
            self.used(owner)
        } else if uses("{code}") {
            self.code(owner)
        } else {
            String::new()
        };
        let fill = |text: &str| {
            let fresh = if text.contains("{used-as-password}") { basic(client, &code) } else { String::new() };
            text.replace("{code-as-password}", &basic(client, &code))
                .replace("{used-as-password}", &fresh)
                .replace("{lower-basic}", &basic(client, SECRET).replace("Basic", "basic"))
                .replace("{basic}", &basic(client, SECRET))
                .replace("{code}", &code)
                .replace("{used}", &code)
        };
        let mut fields: Vec<(String, String)> = exchange.form.iter().flatten().map(|(name, value)| (name.clone(), fill(value))).collect();
        if let Some(page) = &exchange.page {
            let text = browser.get(page.strip_prefix("GET ").unwrap()).text();
            let form = Form::all(&text).into_iter().next().unwrap_or_else(|| panic!("{}: no form: {text}", exchange.name));
            fields.extend(form.filled(&[]).into_iter().map(|(name, value)| (name.to_owned(), value.to_owned())));
        }
        let (method, path) = exchange.request.split_once(' ').unwrap();
        let mut headers = Vec::new();
        let content_type = exchange.content_type.as_deref().or(exchange.form.is_some().then_some("application/x-www-form-urlencoded"));
        headers.extend(content_type.filter(|value| !value.is_empty()).map(|value| ("content-type", value.to_owned())));
        headers.extend(exchange.accept.as_ref().map(|value| ("accept", value.clone())));
        headers.extend(exchange.authorization.as_ref().map(|value| ("authorization", fill(value))));
        let headers: Vec<_> = headers.iter().map(|(name, value)| (*name, value.as_str())).collect();
        let fields: Vec<_> = fields.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        let answer = browser.request(method, &fill(path), &headers, encode_form(&fields).as_bytes());
        (browser, answer)
    }

    fn seen(&self, exchange: &Exchange) -> Facets {
        let (mut browser, answer) = self.send(exchange);
        let mut seen = facets(&answer);
        // A page tells people in words; the same request tells programs the code.
        if seen.place.as_deref() == Some("page") && answer.status >= 400 && exchange.request.starts_with("GET ") {
            let path = exchange.request.strip_prefix("GET ").unwrap();
            seen.error = Some(browser.request("GET", path, &[("accept", "application/json")], b"").error());
        }
        seen
    }
}

fn recorded() -> Recorded {
    let path = libraries::workspace().join("tests/ancestors/oauth2u.toml");
    toml::from_str(&std::fs::read_to_string(path).unwrap()).unwrap_or_else(|error| panic!("{error}"))
}

/// The rows of the verdict table, as `why` names them.
fn reasons() -> BTreeSet<String> {
    let text = std::fs::read_to_string(libraries::workspace().join("tests/ancestors/README.md")).unwrap();
    let rows = text.lines().filter_map(|line| line.strip_prefix("| ")?.split(' ').next()?.parse::<u32>().ok());
    rows.map(|row| format!("row {row}")).chain(["language detail".to_owned()]).collect()
}

/// `same`, `explained`, or what is wrong.
fn verdict(exchange: &Exchange, seen: &Facets, reasons: &BTreeSet<String>) -> Result<&'static str, String> {
    match (exchange.then.differs(seen), &exchange.today, &exchange.why) {
        (None, None, None) => Ok("same"),
        (None, ..) => Err(" it answers as then, so `today` and `why` are needless".to_owned()),
        (Some(_), Some(today), Some(why)) => match today.differs(seen) {
            None if reasons.contains(why) => Ok("explained"),
            None => Err(format!(" no row explains `{why}`")),
            Some(difference) => Err(difference),
        },
        (Some(difference), ..) => Err(format!("{difference} and nothing explains it")),
    }
}

#[test]
fn every_recorded_exchange_is_answered_as_it_was_or_differs_for_a_reason() {
    let recorded = recorded();
    let reasons = reasons();
    let (with, without) = (Ancestor::start(&recorded, true), Ancestor::start(&recorded, false));
    let mut counts = BTreeMap::new();
    let mut failed = String::new();
    for exchange in &recorded.exchange {
        let seen = if exchange.plugins == Some(false) { without.seen(exchange) } else { with.seen(exchange) };
        let outcome = verdict(exchange, &seen, &reasons).unwrap_or_else(|why| {
            let _ = writeln!(failed, "{}:{why}", exchange.name);
            "failed"
        });
        println!("{outcome:<9}  {}", exchange.name);
        *counts.entry(outcome).or_insert(0) += 1;
    }
    println!("{} exchanges: {counts:?}", recorded.exchange.len());
    assert!(failed.is_empty(), "{failed}");
}

/// What no single exchange shows is proved by a test that exists.
#[test]
fn every_other_behavior_has_its_reason_and_its_test() {
    let recorded = recorded();
    let reasons = reasons();
    let mut names = BTreeSet::new();
    for behavior in &recorded.behavior {
        assert!(reasons.contains(&behavior.why), "{}: no row explains `{}`", behavior.name, behavior.why);
        let told = !behavior.then.trim().is_empty() && !behavior.today.trim().is_empty();
        assert!(told, "{}: it says not what was then or what is today", behavior.name);
        let (file, test) = behavior.proved_by.split_once("::").unwrap();
        let source = std::fs::read_to_string(libraries::workspace().join(file)).unwrap_or_else(|error| panic!("{file}: {error}"));
        assert!(source.contains(&format!("fn {test}(")), "{}: there is no {test} in {file}", behavior.name);
    }
    for name in recorded.exchange.iter().map(|exchange| &exchange.name).chain(recorded.behavior.iter().map(|behavior| &behavior.name)) {
        assert!(names.insert(name), "`{name}` stands there twice");
    }
}
