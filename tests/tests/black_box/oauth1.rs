//! OAuth 1.0a: what earlier servers of it got wrong, each with a test that fails on what they did (RFC 5849).

use std::time::Duration;

use keyhook::{RedirectUri, Scope};
use keyhook_core::client::Client as Registration;
use keyhook_tests::flow::{self, Person};
use keyhook_tests::http::{Answer, Client, encode};
use keyhook_tests::local::Local;
use keyhook_tests::signing::{Consumer, Draft, Place, field, register};
use keyhook_tests::stage::{ALICE, BOB, SECRET, confidential};
use serde_json::Value;

mod bindings;
mod bridge;
mod compat;
mod coverage;
mod decisions;
mod embedded;
mod guarded;
mod leaks;
mod malformed;
mod times;

pub(crate) const CALLBACK: &str = "https://printer.example/ready?of=1&of=2&empty=";
const REQUEST_TOKEN: &str = "/oauth/request_token";
const ACCESS_TOKEN: &str = "/oauth/access_token";
/// A path of the resource server, which is somewhere else.
const PHOTO: &str = "/photos?file=vacation.jpg&size=original";

/// A user who is called like a consumer.
const POSER: Person<'static> = Person { username: "consumer:printer", password: "consumer" };

/// A server with the consumers `printer` and `rival`, and a resource server that may introspect.
pub(crate) struct Provider {
    pub(crate) local: Local,
    pub(crate) printer: Consumer,
    pub(crate) rival: Consumer,
}

impl Provider {
    fn new() -> Provider {
        Provider::configured("")
    }

    /// With more lines in `[oauth1]`.
    fn configured(more: &str) -> Provider {
        Provider::of(&format!("[oauth1]\nenabled = true\n{more}"))
    }

    /// With a configuration of its own.
    pub(crate) fn of(config: &str) -> Provider {
        let mut api = confidential("api");
        (api.introspect, api.grant_types, api.redirect_uris) = (true, vec!["client_credentials".to_owned()], Vec::new());
        let local = Local::bare(|mut builder| {
            for person in [ALICE, BOB, POSER] {
                builder = builder.user(person.username, person.password);
            }
            builder.client(api).config_text(config)
        });
        let [printer, rival] = ["printer", "rival"].map(|id| register(&local, consumer(id), &format!("the secret of {id}")));
        Provider { local, printer, rival }
    }

    pub(crate) fn client(&self) -> Client {
        self.local.client()
    }

    fn advance(&self, seconds: u64) {
        self.local.clock.advance(Duration::from_secs(seconds));
    }

    pub(crate) fn draft(&self, consumer: &Consumer, method: &str, path: &str) -> Draft {
        consumer.draft(method, path, self.local.clock.seconds())
    }

    /// A request for temporary credentials.
    fn first(&self, consumer: &Consumer) -> Draft {
        self.draft(consumer, "POST", REQUEST_TOKEN).with("oauth_callback", CALLBACK)
    }

    fn sent(&self, draft: &Draft) -> Answer {
        draft.send(&mut self.client(), Place::Header)
    }

    /// The consumer with temporary credentials.
    pub(crate) fn temporary(&self, callback: &str) -> Consumer {
        self.printer.given(&self.sent(&self.first(&self.printer).with("oauth_callback", callback)))
    }

    /// What a user gets who is asked about them and decides.
    pub(crate) fn decided(&self, temporary: &Consumer, person: Person<'_>, decision: &str) -> Answer {
        flow::walk_deciding(&mut self.client(), &asking(temporary), person, decision)
    }

    /// The verifier of a user who allows.
    pub(crate) fn verifier(&self, temporary: &Consumer, person: Person<'_>) -> String {
        let answer = self.decided(temporary, person, "allow");
        answer.location_parameter("oauth_verifier").unwrap_or_else(|| panic!("{} {}", answer.status, answer.text()))
    }

    fn exchange(&self, temporary: &Consumer, verifier: &str) -> Answer {
        self.sent(&self.draft(temporary, "POST", ACCESS_TOKEN).with("oauth_verifier", verifier))
    }

    /// The consumer with a token of `alice`.
    pub(crate) fn token(&self) -> Consumer {
        let temporary = self.temporary(CALLBACK);
        let verifier = self.verifier(&temporary, ALICE);
        self.printer.given(&self.exchange(&temporary, &verifier))
    }

    /// What the resource server learns of a request to it.
    fn seen(&self, draft: &Draft) -> Value {
        self.seen_as(draft, &draft.uri("api.example"), "")
    }

    /// The same of a request that came with another URI or form than was signed.
    fn seen_as(&self, draft: &Draft, uri: &str, form: &str) -> Value {
        self.told("GET", uri, &draft.authorization("api.example"), form)
    }

    /// What the server says of a request that is handed over.
    pub(crate) fn told(&self, method: &str, uri: &str, signed: &str, form: &str) -> Value {
        let authorization = keyhook_tests::http::basic("api", SECRET);
        let fields = [("method", method), ("uri", uri), ("authorization", signed), ("form", form)];
        let answer = self.client().post_with("/introspect", &[("authorization", &authorization)], &fields);
        assert_eq!(answer.status, 200, "{}", answer.text());
        answer.json()
    }

    /// A request for a photo.
    fn photo(&self, consumer: &Consumer) -> Draft {
        self.draft(consumer, "GET", PHOTO)
    }
}

/// Where the user is sent with temporary credentials (RFC 5849 §2.2).
fn asking(temporary: &Consumer) -> String {
    format!("/oauth/authorize?oauth_token={}", encode(&temporary.token.0))
}

fn consumer(id: &str) -> Registration {
    let mut client = Registration::public(id, id);
    client.kind = keyhook_core::client::ClientKind::Confidential;
    client.redirect_uris = vec![RedirectUri::parse(CALLBACK).unwrap()];
    client.grant_types = Vec::new();
    client.response_types = Vec::new();
    client.scope = Scope::parse("read").unwrap();
    client.default_scope = client.scope.clone();
    client
}

/// Status and problem of a refusal, which is never a crash and always in the form of its protocol.
fn problem(answer: &Answer) -> (u16, String) {
    assert_eq!(answer.header("content-type"), Some("application/x-www-form-urlencoded"), "{}", answer.text());
    assert_eq!(answer.header("cache-control"), Some("no-store"));
    assert!(answer.header("x-request-id").is_some() && answer.header("content-security-policy").is_none(), "a refusal, and no page");
    assert_eq!(answer.header("www-authenticate").is_some(), answer.status == 401, "RFC 5849 §3.2: a 401 has a challenge");
    (answer.status, field(answer, "oauth_problem").unwrap_or_default())
}

/// The problem of an inactive answer.
fn refused(told: &Value) -> &str {
    assert_eq!(told["active"], false, "{told}");
    told["oauth_problem"].as_str().unwrap_or("none")
}
