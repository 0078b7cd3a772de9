//! The catalogue of attacks: templates by group, each with what it sends, what has to come back, and where the idea is from.
//!
//! `expected` is written in shorthand. **EP**: an error page, 400, no redirect, nothing repeated unescaped. **ER(x)**: 303 to the
//! *registered* redirect URI with `error=x`, the `state` byte for byte and `iss`. **TE(x)**: JSON `{"error":"x"}`, 400, or 401 with a
//! challenge for `invalid_client`, `no-store`. **IA**: `200 {"active":false}` and nothing else. **RS401**: 401 with a challenge.
//! **DCR**: dynamic client registration. **REFUSE-START**: the process ends before it listens, with one line that says why.

use serde::Deserialize;

/// One kind of attack.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Template {
    /// `RU-01`.
    pub id: String,
    /// What is sent.
    pub request: String,
    /// What has to come back.
    pub expected: String,
    /// Where it is from: an RFC's section, a requirement, an accident.
    #[serde(default)]
    pub source: String,
    /// Why it cannot be tried yet: what it attacks does not exist here.
    pub absent: Option<String>,
    /// The test that tries it, because it takes more than requests.
    pub elsewhere: Option<String>,
    /// What of it is not tried.
    pub without: Option<String>,
    /// The group's name.
    #[serde(skip)]
    pub group: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Group {
    group: String,
    template: Vec<Template>,
}

const FILES: [&str; 19] = [
    include_str!("../catalog/redirect.toml"),
    include_str!("../catalog/authorize.toml"),
    include_str!("../catalog/code.toml"),
    include_str!("../catalog/client.toml"),
    include_str!("../catalog/jose.toml"),
    include_str!("../catalog/refresh.toml"),
    include_str!("../catalog/grants.toml"),
    include_str!("../catalog/device.toml"),
    include_str!("../catalog/pushed.toml"),
    include_str!("../catalog/exchange.toml"),
    include_str!("../catalog/sender.toml"),
    include_str!("../catalog/introspection.toml"),
    include_str!("../catalog/registration.toml"),
    include_str!("../catalog/pages.toml"),
    include_str!("../catalog/oauth1.toml"),
    include_str!("../catalog/http.toml"),
    include_str!("../catalog/plugins.toml"),
    include_str!("../catalog/crash.toml"),
    include_str!("../catalog/leakage.toml"),
];

/// Every template, in order.
///
/// # Panics
/// When a file of the catalogue is malformed.
pub fn all() -> Vec<Template> {
    let parsed = FILES.iter().map(|text| toml::from_str::<Group>(text).unwrap());
    parsed.flat_map(|Group { group, template }| template.into_iter().map(move |one| Template { group: group.clone(), ..one })).collect()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::expand::EXPANDERS;

    #[test]
    fn every_template_is_tried_here_or_elsewhere_or_says_what_is_absent() {
        let expanded: Vec<&str> = EXPANDERS.iter().flat_map(|group| group.iter()).map(|expander| expander.id).collect();
        let unique: BTreeSet<&str> = expanded.iter().copied().collect();
        assert_eq!(unique.len(), expanded.len(), "a template has one expander");
        let all = all();
        for template in &all {
            let ways = [template.absent.is_some(), template.elsewhere.is_some(), unique.contains(template.id.as_str())];
            assert_eq!(ways.iter().filter(|way| **way).count(), 1, "{} is tried in {ways:?} of: absent, elsewhere, here", template.id);
        }
        assert!(unique.iter().all(|id| all.iter().any(|template| template.id == *id)), "an expander without a template");
    }

    #[test]
    fn what_is_tried_elsewhere_is_there() {
        for file in all().into_iter().filter_map(|template| template.elsewhere) {
            assert!(keyhook_tests::libraries::workspace().join(&file).exists(), "{file}");
        }
    }

    #[test]
    fn ids_are_unique_and_belong_to_their_group() {
        let all = all();
        let ids: BTreeSet<&str> = all.iter().map(|template| template.id.as_str()).collect();
        assert_eq!(ids.len(), all.len());
        assert!(all.len() > 200 && all.iter().all(|template| !template.request.is_empty() && !template.expected.is_empty()));
    }
}
