//! A keyhook that the recorded clients talk to.

use std::time::Duration;

use keyhook::Client as Registration;
use keyhook_core::client::AuthMethod;
use keyhook_tests::binary;
use keyhook_tests::flow::{self, Ask, Form, Person, Pkce};
use keyhook_tests::http::{Answer, Client, basic, encode_form};
use keyhook_tests::libraries;
use keyhook_tests::local::Local;
use keyhook_tests::scratch::Scratch;
use keyhook_tests::stage::SECRET;

use super::CALLBACK;
use super::facets::{AGAIN, Facets, facets};
use super::recorded::{Exchange, Recorded};

const PERSON: Person<'static> = Person { username: "resource-owner", password: "the owner's own" };
const FORM: &str = "application/x-www-form-urlencoded";

pub(super) struct Played {
    local: Local,
    clients: Vec<Registration>,
    _scratch: Scratch,
}

/// What the placeholders of one exchange stand for.
#[derive(Default)]
struct Filling {
    client: String,
    code: String,
    refresh: String,
}

impl Filling {
    fn fill(&self, text: &str) -> String {
        let as_password = basic(&self.client, &self.code);
        text.replace("{code-as-password}", &as_password)
            .replace("{used-as-password}", &as_password)
            .replace("{lower-basic}", &basic(&self.client, SECRET).replace("Basic", "basic"))
            .replace("{basic}", &basic(&self.client, SECRET))
            .replace("{secret}", SECRET)
            .replace("{password}", PERSON.password)
            .replace("{code}", &self.code)
            .replace("{used}", &self.code)
            .replace("{refresh}", &self.refresh)
            .replace("{spent}", &self.refresh)
    }
}

impl Played {
    pub(super) fn start(recorded: &Recorded, plugins: bool) -> Played {
        let scratch = Scratch::new("ancestors");
        let folder = scratch.join("plugins");
        std::fs::create_dir_all(&folder).unwrap();
        let plugins = plugins && recorded.server.scripted;
        if plugins {
            libraries::install_crate("scripted", &folder);
        }
        let clients = recorded.clients();
        let local = Local::bare(|mut builder| {
            for client in &clients {
                builder = builder.client(client.clone());
            }
            let table = if plugins { "[plugins.scripted]\nallow = [\"approve\"]" } else { "" };
            let text = format!("{}\n{table}", recorded.server.config);
            builder.user(PERSON.username, PERSON.password).plugins_directory(&folder).probe(binary::path()).config_text(text)
        });
        Played { local, clients, _scratch: scratch }
    }

    /// A code of a client; no ancestor knew PKCE, so neither does this request.
    fn code(&self, client_id: &str) -> String {
        let pkce = Pkce { verifier: String::new(), challenge: String::new() };
        let path = Ask { client_id, redirect_uri: CALLBACK, scope: "read", state: "s", pkce }.path();
        let path = path.split("&code_challenge=").next().unwrap();
        let answer = flow::walk_path(&mut self.local.client(), path, PERSON);
        answer.location_parameter("code").unwrap_or_else(|| panic!("{client_id}: no code: {} {}", answer.status, answer.text()))
    }

    /// A token request of a client, authenticated as it is registered.
    fn token(&self, client_id: &str, form: &[(&str, &str)]) -> Answer {
        let client = self.clients.iter().find(|client| client.id == client_id).unwrap();
        let authorization = basic(client_id, SECRET);
        let (headers, own) = match client.auth_method {
            AuthMethod::SecretPost => (vec![], vec![("client_id", client_id), ("client_secret", SECRET)]),
            _ => (vec![("authorization", authorization.as_str())], vec![]),
        };
        let answer = self.local.client().post_with("/token", &headers, &[form, &own].concat());
        assert_eq!(answer.status, 200, "{client_id}: {}", answer.text());
        answer
    }

    fn redeem(&self, client_id: &str, code: &str) -> Answer {
        self.token(client_id, &[("grant_type", "authorization_code"), ("code", code), ("redirect_uri", CALLBACK)])
    }

    /// Codes and tokens that an exchange speaks of.
    fn filling(&self, exchange: &Exchange) -> Filling {
        let client = exchange.client.clone().unwrap_or_default();
        let owner = exchange.code_of.as_ref().unwrap_or(&client);
        let mut filling = Filling::default();
        let used = exchange.uses("{used");
        if used || exchange.uses("{code") {
            filling.code = self.code(owner);
        }
        if used {
            self.redeem(owner, &filling.code);
        }
        if exchange.uses("{refresh}") || exchange.uses("{spent}") {
            let answer = self.redeem(owner, &self.code(owner));
            answer.json()["refresh_token"].as_str().unwrap().clone_into(&mut filling.refresh);
        }
        if exchange.uses("{spent}") {
            self.token(owner, &[("grant_type", "refresh_token"), ("refresh_token", &filling.refresh)]);
        }
        filling.client = client;
        filling
    }

    fn send(&self, exchange: &Exchange) -> (Client, Answer) {
        let mut browser = self.local.client();
        let filling = self.filling(exchange);
        self.local.clock.advance(Duration::from_secs(exchange.wait));
        let (method, path) = exchange.request.split_once(' ').unwrap();
        let path = filling.fill(path);
        if let Some(decision) = &exchange.user {
            let answer = flow::walk_deciding(&mut browser, &path, PERSON, decision);
            return (browser, answer);
        }
        let mut fields: Vec<_> = exchange.form.iter().flatten().map(|(name, value)| (name.clone(), filling.fill(value))).collect();
        if let Some(page) = &exchange.page {
            let text = browser.get(page.strip_prefix("GET ").unwrap()).text();
            let form = Form::all(&text).into_iter().next().unwrap_or_else(|| panic!("{}: no form: {text}", exchange.name));
            fields.extend(form.filled(&[]).into_iter().map(|(name, value)| (name.to_owned(), value.to_owned())));
        }
        let mut headers = Vec::new();
        let content_type = exchange.content_type.as_deref().or(exchange.form.is_some().then_some(FORM));
        headers.extend(content_type.filter(|value| !value.is_empty()).map(|value| ("content-type", value.to_owned())));
        headers.extend(exchange.accept.as_ref().map(|value| ("accept", value.clone())));
        headers.extend(exchange.authorization.as_ref().map(|value| ("authorization", filling.fill(value))));
        let headers: Vec<_> = headers.iter().map(|(name, value)| (*name, value.as_str())).collect();
        let fields: Vec<_> = fields.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        let body = exchange.body.clone().unwrap_or_else(|| encode_form(&fields));
        let answer = browser.request(method, &path, &headers, body.as_bytes());
        if !exchange.twice {
            return (browser, answer);
        }
        let mut second = browser.request(method, &path, &headers, body.as_bytes());
        let same = answer.json()["access_token"].is_string() && answer.json()["access_token"] == second.json()["access_token"];
        second.headers.push((AGAIN.to_owned(), same.to_string()));
        (browser, second)
    }

    pub(super) fn seen(&self, exchange: &Exchange) -> Facets {
        let (mut browser, answer) = self.send(exchange);
        let mut seen = facets(&answer, CALLBACK);
        // A page tells people in words; the same request tells programs the code.
        if seen.place.as_deref() == Some("page") && answer.status >= 400 && exchange.request.starts_with("GET ") {
            let path = exchange.request.strip_prefix("GET ").unwrap();
            seen.error = Some(browser.request("GET", path, &[("accept", "application/json")], b"").error());
        }
        seen
    }
}
