//! A keyhook that the recorded consumers of OAuth 1.0a talk to, and a resource server that asks it (RFC 5849).

use std::time::Duration;

use keyhook_tests::http::{Answer, encode};
use keyhook_tests::signing::{Consumer, Draft, Place};
use keyhook_tests::stage::{ALICE, BOB};
use serde_json::Value;

use super::facets::{Facets, facets};
use super::recorded::{Exchange, Recorded, Signed};
use crate::oauth1::{CALLBACK, Provider};

/// Requests to it are handed over by a resource server.
const RESOURCE: &str = "/protected";

pub(super) struct Signing {
    provider: Provider,
}

impl Signing {
    pub(super) fn start(recorded: &Recorded) -> Signing {
        let provider = Provider::of(&recorded.server.config);
        // Timestamps from before the start are another matter.
        provider.local.clock.advance(Duration::from_secs(1000));
        Signing { provider }
    }

    /// Who signs: the consumer with the credentials that an exchange speaks of, and its verifier.
    fn holder(&self, signed: &Signed) -> (Consumer, Option<String>) {
        let provider = &self.provider;
        let (mut holder, mut verifier) = match signed.held.as_deref() {
            None => (provider.printer.clone(), None),
            Some("asked") => (provider.temporary(CALLBACK), None),
            Some("allowed") => {
                let temporary = provider.temporary(CALLBACK);
                let verifier = provider.verifier(&temporary, ALICE);
                (temporary, Some(verifier))
            }
            Some("token") => (provider.token(), None),
            Some(other) => panic!("nobody holds {other}"),
        };
        match signed.by.as_deref() {
            None => {}
            Some("rival") => (holder.id, holder.secret) = (provider.rival.id.clone(), provider.rival.secret.clone()),
            Some("nobody") => "nobody".clone_into(&mut holder.id),
            Some("guesser") => "guessed".clone_into(&mut holder.secret),
            Some("lost") => holder.token = ("an unknown token".to_owned(), "its secret".to_owned()),
            Some(other) => panic!("{other} is nobody"),
        }
        if signed.with.contains_key("oauth_verifier") || signed.without.iter().any(|name| name == "oauth_verifier") {
            verifier = None;
        }
        (holder, verifier)
    }

    fn draft(&self, method: &str, path: &str, signed: &Signed) -> Draft {
        let (holder, verifier) = self.holder(signed);
        let now = self.provider.local.clock.seconds() + signed.off_by;
        let mut draft = holder.draft(method, path, now);
        if path.starts_with("/oauth/request_token") && signed.held.is_none() {
            draft = draft.with("oauth_callback", CALLBACK);
        }
        if let Some(verifier) = verifier {
            draft = draft.with("oauth_verifier", &verifier);
        }
        draft = signed.with.iter().fold(draft, |draft, (name, value)| draft.with(name, value));
        draft = signed.without.iter().fold(draft, |draft, name| draft.without(name));
        if let Some(form) = &signed.form { draft.form(form) } else { draft }
    }

    /// An answer to a request that may be signed; with `twice` the second one.
    fn send(&self, exchange: &Exchange, method: &str, path: &str) -> Answer {
        let mut client = self.provider.client();
        let Some(signed) = &exchange.signed else {
            let headers: Vec<_> = exchange.authorization.iter().map(|value| ("authorization", value.as_str())).collect();
            return client.request(method, path, &headers, exchange.body.as_deref().unwrap_or_default().as_bytes());
        };
        let draft = self.draft(method, path, signed);
        self.provider.local.clock.advance(Duration::from_secs(exchange.wait));
        let place = match signed.place.as_deref() {
            Some("query") => Place::Query,
            Some("body") => Place::Body,
            _ => Place::Header,
        };
        if exchange.twice {
            draft.send(&mut client, place);
        }
        draft.send(&mut client, place)
    }

    /// What a resource server does with a request by what it is told.
    fn resource(&self, exchange: &Exchange, method: &str, path: &str) -> Facets {
        let told = match &exchange.signed {
            None => {
                let authorization = exchange.authorization.clone().unwrap_or_default();
                self.provider.told(
                    method,
                    &format!("http://api.example{path}"),
                    &authorization,
                    exchange.body.as_deref().unwrap_or_default(),
                )
            }
            Some(signed) => {
                let draft = self.draft(method, path, signed);
                self.provider.local.clock.advance(Duration::from_secs(exchange.wait));
                let form = signed.form.clone().unwrap_or_default() + &signed.unsigned_form;
                let uri = draft.uri("api.example") + &signed.unsigned_query;
                let ask = || self.provider.told(method, &uri, &draft.authorization("api.example"), &form);
                if exchange.twice {
                    ask();
                }
                ask()
            }
        };
        let text = |name: &str| told[name].as_str().map(str::to_owned);
        let active = told["active"] == Value::Bool(true);
        Facets {
            status: Some(if active { 200 } else { 401 }),
            error: text("oauth_problem"),
            who: text("username").or_else(|| text("client_id").filter(|_| active)),
            ..Facets::default()
        }
    }

    pub(super) fn seen(&self, exchange: &Exchange) -> Facets {
        let (method, path) = exchange.request.split_once(' ').unwrap();
        if path.starts_with(RESOURCE) {
            return self.resource(exchange, method, path);
        }
        if !path.contains("{token}") {
            return facets(&self.send(exchange, method, path), CALLBACK);
        }
        let temporary = self.provider.temporary(CALLBACK);
        let answer = match &exchange.user {
            // Of who allowed before it is remembered.
            Some(decision) => self.provider.decided(&temporary, if decision == "deny" { BOB } else { ALICE }, decision),
            None => self.provider.client().request(method, &path.replace("{token}", &encode(&temporary.token.0)), &[], b""),
        };
        facets(&answer, CALLBACK)
    }
}
