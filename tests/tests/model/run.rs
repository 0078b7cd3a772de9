//! Runs a script against both, and compares.

use keyhook_tests::flow::{Form, Pkce};
use keyhook_tests::http::Answer as Http;

use crate::act::{BEGIN, Kind, Site};
use crate::expect::{Answer, Model, Next};
use crate::step::{Asked, Client, Place, Sent, Step, Token, User};

/// What was not as expected.
#[derive(Clone, Debug)]
pub(crate) struct Failed {
    pub(crate) at: usize,
    pub(crate) what: String,
}

/// What was issued, in the order of the model.
struct Run {
    site: Site,
    model: Model,
    pages: Vec<Form>,
    codes: Vec<(String, usize)>,
    access: Vec<String>,
    refresh: Vec<String>,
}

type Outcome = Result<(), String>;

/// Runs a script over a new server.
pub(crate) fn run(kind: Kind, script: &[Step]) -> Result<(), Failed> {
    let mut run = Run {
        site: Site::new(kind),
        model: Model::new(BEGIN),
        pages: Vec::new(),
        codes: Vec::new(),
        access: Vec::new(),
        refresh: Vec::new(),
    };
    for (at, step) in script.iter().enumerate() {
        run.step(*step).and_then(|()| run.look(step.reach())).map_err(|what| Failed { at, what: format!("{step:?}: {what}") })?;
    }
    run.look(usize::MAX).map_err(|what| Failed { at: script.len(), what: format!("at the end: {what}") })
}

fn same<T: PartialEq + std::fmt::Debug>(what: &str, found: &T, expected: &T) -> Outcome {
    if found == expected { Ok(()) } else { Err(format!("{what} is {found:?} instead of {expected:?}")) }
}

fn verifier(page: usize) -> Pkce {
    Pkce::new(&format!("model {page}"))
}

/// The so many-th from the last, counted round.
fn nth(count: usize, index: usize) -> Option<usize> {
    (count > 0).then(|| count - 1 - index % count)
}

impl Run {
    fn step(&mut self, step: Step) -> Outcome {
        match step {
            Step::Authorize { client, user, scope, uri_sent } => self.authorize(client, user, scope, uri_sent),
            Step::Decide { page, allow, by } => nth(self.pages.len(), page).map_or(Ok(()), |page| self.decide(page, allow, by)),
            Step::Redeem { code, by, uri, verifier, secret } => {
                nth(self.codes.len(), code).map_or(Ok(()), |code| self.redeem(code, by, (uri, verifier), secret))
            }
            Step::Refresh { token, by, scope, secret } => {
                nth(self.refresh.len(), token).map_or(Ok(()), |token| self.refresh(token, by, scope, secret))
            }
            Step::Machine { secret } => {
                let found = self.site.post("/token", Client::Machine, secret, &[("grant_type", "client_credentials")]);
                let expected = self.model.machine(secret);
                self.answered(&found, &expected)
            }
            Step::Revoke { token, by, secret } => self.known(token).map_or(Ok(()), |token| self.revoke(token, by, secret)),
            Step::Introspect { token, by, secret } => self.known(token).map_or(Ok(()), |token| self.introspect(token, by, secret)),
            Step::Forge { token, place, change, by } => self.known(token).map_or(Ok(()), |token| self.forge(token, place, change, by)),
            Step::Clock { seconds } => {
                self.site.step_clock(seconds * 1000);
                self.model.now += seconds * 1000;
                Ok(())
            }
            Step::Restart | Step::Crash => {
                self.restart(step == Step::Crash);
                Ok(())
            }
        }
    }

    fn known(&self, token: Token) -> Option<Token> {
        match token {
            Token::Access(index) => nth(self.access.len(), index).map(Token::Access),
            Token::Refresh(index) => nth(self.refresh.len(), index).map(Token::Refresh),
            Token::Code(index) => nth(self.codes.len(), index).map(Token::Code),
        }
    }

    fn text(&self, token: Token) -> &str {
        match token {
            Token::Access(at) => &self.access[at],
            Token::Refresh(at) => &self.refresh[at],
            Token::Code(at) => &self.codes[at].0,
        }
    }

    fn restart(&mut self, crash: bool) {
        if !self.site.restart(crash) {
            self.model = Model::new(self.model.now);
            for list in [&mut self.access, &mut self.refresh] {
                list.clear();
            }
            self.pages.clear();
            self.codes.clear();
        }
    }

    fn authorize(&mut self, client: Client, user: User, scope: Asked, uri_sent: bool) -> Outcome {
        let expected = self.model.authorize(client, user, scope, uri_sent);
        match (self.site.authorize(client, user, scope, uri_sent, verifier(self.pages.len())), expected) {
            (Ok((form, signed_in)), Ok(needs_sign_in)) => {
                self.pages.push(form);
                same("having to sign in", &signed_in, &needs_sign_in)
            }
            (Err(answer), Err("page")) => same("a page for the user", &(answer.status, answer.header("location")), &(400, None)),
            (Err(answer), Err(error)) => {
                same("the way back", &answer.location().starts_with(client.uri()), &true)?;
                same("the error", &answer.location_parameter("error").as_deref(), &Some(error))?;
                same("the state", &answer.location_parameter("state").as_deref(), &Some("a state"))
            }
            (Ok(_), Err(error)) => Err(format!("a consent page instead of {error}")),
            (Err(answer), Ok(_)) => Err(format!("{} {} {} instead of a consent page", answer.status, answer.location(), answer.text())),
        }
    }

    fn decide(&mut self, page: usize, allow: bool, by: User) -> Outcome {
        let client = self.model.pages[page].client;
        let expected = self.model.decide(page, allow, by);
        let answer = self.site.decide(by, &self.pages[page], allow);
        let code = answer.location_parameter("code");
        match expected {
            None => {
                same("a code", &code, &None)?;
                same("a refusal", &((400..500).contains(&answer.status), answer.location()), &(true, ""))
            }
            Some(allowed) => {
                same("the way back", &(answer.status, answer.location().starts_with(client.uri())), &(303, true))?;
                same("whether there is a code", &code.is_some(), &allowed)?;
                let error = if allowed { None } else { Some("access_denied") };
                same("the error", &answer.location_parameter("error").as_deref(), &error)?;
                self.codes.extend(code.map(|code| (code, page)));
                Ok(())
            }
        }
    }

    fn redeem(&mut self, code: usize, by: Client, sent: (Sent, Sent), secret: bool) -> Outcome {
        let (text, page) = self.codes[code].clone();
        let right = verifier(page).verifier;
        let wrong = verifier(page + 1000).verifier;
        let mut form = vec![("grant_type", "authorization_code"), ("code", text.as_str())];
        match sent.0 {
            Sent::Right => form.push(("redirect_uri", self.model.codes[code].client.uri())),
            Sent::Wrong => form.push(("redirect_uri", "https://shop.test/cb/")),
            Sent::Missing => {}
        }
        match sent.1 {
            Sent::Right => form.push(("code_verifier", &right)),
            Sent::Wrong => form.push(("code_verifier", &wrong)),
            Sent::Missing => {}
        }
        let found = self.site.post("/token", by, secret, &form);
        let expected = self.model.redeem(code, by, sent.0, sent.1, secret);
        self.answered(&found, &expected)
    }

    fn refresh(&mut self, token: usize, by: Client, scope: Asked, secret: bool) -> Outcome {
        let text = self.refresh[token].clone();
        let mut form = vec![("grant_type", "refresh_token"), ("refresh_token", text.as_str())];
        if scope != Asked::Nothing {
            form.push(("scope", scope.text()));
        }
        let found = self.site.post("/token", by, secret, &form);
        let expected = self.model.refresh(token, by, scope, secret);
        self.answered(&found, &expected)
    }

    /// Compares an answer of the token endpoint, and keeps what it issued.
    fn answered(&mut self, found: &Http, expected: &Answer) -> Outcome {
        same("the cache's leave", &found.header("cache-control"), &Some("no-store"))?;
        let body = found.json();
        match expected {
            Answer::Error(status, error) => {
                same("the answer", &(found.status, found.error().as_str()), &(*status, *error))?;
                same("a challenge", &found.header("www-authenticate").is_some(), &(*status == 401))?;
                same("a token beside an error", &body["access_token"], &serde_json::Value::Null)
            }
            Answer::Tokens { scope, expires_in, refresh } => {
                let text = |name: &str| body[name].as_str().unwrap_or_default().to_owned();
                if found.status != 200 {
                    return Err(format!("{} {} instead of {expected:?}", found.status, found.text()));
                }
                same("the scope", &text("scope").as_str(), scope)?;
                same("the lifetime", &body["expires_in"].as_i64(), &Some(*expires_in))?;
                same(
                    "the token",
                    &(text("access_token").starts_with("kha_"), self.access.contains(&text("access_token"))),
                    &(true, false),
                )?;
                self.access.push(text("access_token"));
                match refresh {
                    Next::None => same("the refresh token", &body["refresh_token"], &serde_json::Value::Null),
                    Next::Same(at) => same("the refresh token", &text("refresh_token"), &self.refresh[*at]),
                    Next::New => {
                        let new = text("refresh_token");
                        same("the refresh token", &(new.starts_with("khr_"), self.refresh.contains(&new)), &(true, false))?;
                        self.refresh.push(new);
                        Ok(())
                    }
                }
            }
        }
    }

    fn revoke(&mut self, token: Token, by: Client, secret: bool) -> Outcome {
        let found = self.site.post("/revoke", by, secret, &[("token", self.text(token))]);
        let expected = self.model.revoke(token, by, secret);
        same("the answer", &(found.status, found.error().as_str()), &expected)
    }

    fn introspect(&self, token: Token, by: Client, secret: bool) -> Outcome {
        let found = self.site.post("/introspect", by, secret, &[("token", self.text(token))]);
        let body = found.json();
        match self.model.introspect(token, by, secret) {
            Err(status) => same("the answer", &(found.status, found.error().as_str()), &(status, "invalid_client")),
            Ok(None) => same("what is told", &body, &serde_json::json!({ "active": false })),
            Ok(Some((scope, user))) => {
                let told = (body["active"].as_bool(), body["scope"].as_str().unwrap_or_default(), body["sub"].as_str());
                same("what is told", &told, &(Some(true), scope, user.map(|user| user.person().username)))
            }
        }
    }

    /// A token with one character changed, or one of another kind as it is.
    fn forge(&self, token: Token, place: Place, change: usize, by: Client) -> Outcome {
        let is_other_kind = matches!((place, token), (Place::AsCode, Token::Access(_) | Token::Refresh(_)))
            || matches!((place, token), (Place::AsRefresh, Token::Access(_) | Token::Code(_)));
        let mut text = self.text(token).to_owned().into_bytes();
        if !is_other_kind {
            let at = change % text.len();
            text[at] = if text[at] == b'A' { b'B' } else { b'A' };
        }
        let text = String::from_utf8(text).unwrap();
        let page = verifier(0).verifier;
        let (path, form) = match place {
            Place::AsCode => (
                "/token",
                vec![("grant_type", "authorization_code"), ("code", &*text), ("redirect_uri", by.uri()), ("code_verifier", &page)],
            ),
            Place::AsRefresh => ("/token", vec![("grant_type", "refresh_token"), ("refresh_token", &*text)]),
            Place::Introspected => ("/introspect", vec![("token", &*text)]),
            Place::Revoked => ("/revoke", vec![("token", &*text)]),
        };
        let found = self.site.post(path, by, true, &form);
        let expected = match (place, by) {
            (Place::AsCode | Place::AsRefresh, Client::Machine) => (400, "unauthorized_client"),
            (Place::AsCode | Place::AsRefresh, _) => (400, "invalid_grant"),
            (Place::Introspected, Client::App) => (401, "invalid_client"),
            (Place::Introspected | Place::Revoked, _) => (200, ""),
        };
        same("the answer", &(found.status, found.error().as_str()), &expected)?;
        same("what is told", &(found.json()["active"] == true), &false)
    }

    /// Whether the server takes the latest tokens for what the model takes them.
    fn look(&self, most: usize) -> Outcome {
        let latest = |count: usize| (count.saturating_sub(most)..count).rev();
        let tokens = latest(self.access.len()).map(Token::Access).chain(latest(self.refresh.len()).map(Token::Refresh));
        for token in tokens {
            self.introspect(token, Client::Machine, true).map_err(|what| format!("afterwards of {token:?}: {what}"))?;
        }
        Ok(())
    }
}
