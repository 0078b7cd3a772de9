//! What is compared of two answers.

use std::fmt::Write as _;

use keyhook_tests::http::{Answer, decode};
use serde::Deserialize;

/// Under this name the runner notes at a second answer whether it brought the same token.
pub(super) const AGAIN: &str = "x-the-same-token";

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
    /// Whether the parameters of a redirect stand in the fragment.
    pub(super) fragment: Option<bool>,
    pub(super) state: Option<String>,
    pub(super) scope: Option<String>,
    pub(super) expires_in: Option<u64>,
    /// Whether a request that was sent twice brought the same access token.
    pub(super) again: Option<bool>,
    pub(super) no_store: Option<bool>,
    pub(super) challenge: Option<String>,
    pub(super) content_type: Option<String>,
    /// Who a resource server takes the request for.
    pub(super) who: Option<String>,
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
        let number = |value: Option<u64>| value.map(|value| value.to_string());
        let yes = |value: Option<bool>| value.map(|value| value.to_string());
        compare("fragment", yes(self.fragment), yes(seen.fragment));
        compare("scope", self.scope.clone(), seen.scope.clone());
        compare("expires_in", number(self.expires_in), number(seen.expires_in));
        compare("again", yes(self.again), yes(seen.again));
        compare("state", self.state.clone(), seen.state.clone());
        compare("content_type", self.content_type.clone(), seen.content_type.clone());
        compare("who", self.who.clone(), seen.who.clone());
        compare("no_store", yes(self.no_store), yes(seen.no_store));
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

/// The parameters of a redirect, in its query and its fragment.
fn parameters(location: &str) -> Vec<(String, String)> {
    let (rest, fragment) = location.split_once('#').unwrap_or((location, ""));
    let query = rest.split_once('?').map_or("", |(_, query)| query);
    let pairs = [query, fragment].into_iter().flat_map(|part| part.split('&')).filter(|pair| !pair.is_empty());
    pairs.map(|pair| pair.split_once('=').unwrap_or((pair, ""))).map(|(name, value)| (decode(name), decode(value))).collect()
}

/// What can be seen of an answer; a redirect to `callback` leads to the client.
pub(super) fn facets(answer: &Answer, callback: &str) -> Facets {
    let json = answer.json();
    // Of OAuth 1.0a, whatever it is called.
    let form = if answer.text().starts_with("oauth_") { parameters(&format!("?{}", answer.text())) } else { Vec::new() };
    let member = |name: &str| form.iter().find(|(key, _)| key == name).map(|(_, value)| value.clone());
    let text = |value: &serde_json::Value| value.as_str().map(str::to_owned);
    let goes_to_the_client = answer.location().starts_with(callback);
    let place = if goes_to_the_client {
        "redirect"
    } else if json.is_object() {
        "json"
    } else if !form.is_empty() {
        "form"
    } else if (300..400).contains(&answer.status) || answer.header("content-type").is_some_and(|kind| kind.starts_with("text/html")) {
        // A redirect within the server leads to one of its pages.
        "page"
    } else {
        "none"
    };
    let pairs = if goes_to_the_client { parameters(answer.location()) } else { Vec::new() };
    let parameter = |name: &str| pairs.iter().find(|(key, _)| key == name).map(|(_, value)| value.clone());
    let mut redirect_keys: Vec<String> = pairs.iter().map(|(name, _)| name.clone()).collect();
    redirect_keys.sort();
    Facets {
        status: Some(if place == "page" && answer.status == 303 { 200 } else { answer.status }),
        place: Some(place.to_owned()),
        error: if goes_to_the_client {
            parameter("error").or_else(|| parameter("oauth_problem"))
        } else {
            text(&json["error"]).or_else(|| member("oauth_problem"))
        },
        description: if goes_to_the_client { parameter("error_description") } else { text(&json["error_description"]) },
        keys: json.as_object().map(|members| members.keys().cloned().collect()).or_else(|| sorted(&form)),
        redirect_keys: goes_to_the_client.then_some(redirect_keys),
        fragment: goes_to_the_client.then(|| answer.location().contains('#')),
        state: parameter("state"),
        scope: parameter("scope").or_else(|| text(&json["scope"])),
        expires_in: parameter("expires_in").and_then(|value| value.parse().ok()).or_else(|| json["expires_in"].as_u64()),
        again: answer.header(AGAIN).map(|same| same == "true"),
        no_store: Some(answer.header("cache-control") == Some("no-store")),
        challenge: answer.header("www-authenticate").map(str::to_owned),
        content_type: answer.header("content-type").map(str::to_owned),
        who: None,
    }
}

/// The names of a form-encoded answer that is no refusal.
fn sorted(form: &[(String, String)]) -> Option<Vec<String>> {
    let mut names: Vec<_> = form.iter().map(|(name, _)| name.clone()).collect();
    names.sort();
    (!names.is_empty()).then_some(names)
}
