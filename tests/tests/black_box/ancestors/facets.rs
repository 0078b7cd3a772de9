//! What is compared of two answers.

use std::fmt::Write as _;

use keyhook_tests::http::{Answer, decode};
use serde::Deserialize;

use super::CALLBACK;

/// What is looked at in an answer; absent is not looked at.
#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields)]
pub(super) struct Facets {
    pub(super) status: Option<u16>,
    pub(super) place: Option<String>,
    pub(super) error: Option<String>,
    pub(super) description: Option<String>,
    pub(super) keys: Option<Vec<String>>,
    pub(super) redirect_keys: Option<Vec<String>>,
    pub(super) state: Option<String>,
    pub(super) no_store: Option<bool>,
    pub(super) challenge: Option<String>,
}

impl Facets {
    /// What differs, if anything does.
    pub(super) fn differs(&self, seen: &Facets) -> Option<String> {
        let mut wrong = String::new();
        let mut compare = |name: &str, wanted: Option<String>, found: Option<String>| {
            if wanted.is_some() && wanted != found {
                let _ = write!(wrong, " {name}: {} instead of {};", found.unwrap_or_default(), wanted.unwrap_or_default());
            }
        };
        let debug = |list: &Option<Vec<String>>| list.as_ref().map(|list| list.join(" "));
        compare("status", self.status.map(|status| status.to_string()), seen.status.map(|status| status.to_string()));
        compare("place", self.place.clone(), seen.place.clone());
        compare("error", self.error.clone(), seen.error.clone());
        compare("description", self.description.clone(), seen.description.clone());
        compare("keys", debug(&self.keys), debug(&seen.keys));
        compare("redirect_keys", debug(&self.redirect_keys), debug(&seen.redirect_keys));
        compare("state", self.state.clone(), seen.state.clone());
        compare("no_store", self.no_store.map(|is| is.to_string()), seen.no_store.map(|is| is.to_string()));
        let challenge = seen.challenge.clone().unwrap_or_default();
        if self
            .challenge
            .as_ref()
            .is_some_and(|wanted| !challenge.starts_with(wanted.as_str()) || (wanted.is_empty() && !challenge.is_empty()))
        {
            let _ = write!(wrong, " challenge: {challenge};");
        }
        (!wrong.is_empty()).then_some(wrong)
    }
}

/// What can be seen of an answer.
pub(super) fn facets(answer: &Answer) -> Facets {
    let json = answer.json();
    let text = |value: &serde_json::Value| value.as_str().map(str::to_owned);
    let goes_to_the_client = answer.location().starts_with(CALLBACK);
    let place = if goes_to_the_client {
        "redirect"
    } else if json.is_object() {
        "json"
    } else if (300..400).contains(&answer.status) || answer.header("content-type").is_some_and(|kind| kind.starts_with("text/html")) {
        // A redirect within the server leads to one of its pages.
        "page"
    } else {
        "none"
    };
    let mut redirect_keys: Vec<String> = answer
        .location()
        .split_once('?')
        .map_or_else(Vec::new, |(_, query)| query.split('&').map(|pair| decode(pair.split('=').next().unwrap_or_default())).collect());
    redirect_keys.sort();
    Facets {
        status: Some(if place == "page" && answer.status == 303 { 200 } else { answer.status }),
        place: Some(place.to_owned()),
        error: if goes_to_the_client { answer.location_parameter("error") } else { text(&json["error"]) },
        description: if goes_to_the_client { answer.location_parameter("error_description") } else { text(&json["error_description"]) },
        keys: json.as_object().map(|members| members.keys().cloned().collect()),
        redirect_keys: goes_to_the_client.then_some(redirect_keys),
        state: answer.location_parameter("state").filter(|_| goes_to_the_client),
        no_store: Some(answer.header("cache-control") == Some("no-store")),
        challenge: answer.header("www-authenticate").map(str::to_owned),
    }
}
