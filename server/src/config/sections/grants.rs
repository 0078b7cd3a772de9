//! `[grants]` and `[grants.GRANT_TYPE]`: which grants of old standards are on, and what differs for one grant type.

use std::collections::BTreeMap;
use std::time::Duration;

use keyhook_core::client::GrantPolicy;

use crate::config::reader::{Section, bool_of, quoted};
use crate::config::tree::Node;
use crate::config::units;

/// `[grants]`.
#[derive(Clone, Debug)]
pub(crate) struct Grants {
    /// The resource owner password grant (RFC 6749 §4.3), which RFC 9700 §2.4 forbids.
    pub(crate) password: bool,
    /// The implicit grant (RFC 6749 §4.2), which RFC 9700 §2.1.2 advises against.
    pub(crate) implicit: bool,
    /// What differs for one `grant_type`.
    pub(crate) by_type: BTreeMap<String, GrantPolicy>,
}

impl Grants {
    pub(crate) fn read(section: Section<'_>) -> Grants {
        let grants = Grants {
            password: section.switch("password", false),
            implicit: section.switch("implicit", false),
            by_type: section.named_sections().into_iter().map(|(name, section)| (name, policy(section))).collect(),
        };
        section.finish(true);
        grants
    }
}

fn policy(section: Section<'_>) -> GrantPolicy {
    let ttl = |key| {
        let parse = |node: &Node| lifetime(node).map(Some);
        let show = |ttl: &Option<Duration>| ttl.map_or_else(|| "(as [tokens])".to_owned(), |ttl| quoted(&units::show_duration(ttl)));
        section.read(key, None, parse, show).map(|ttl| ttl.as_secs())
    };
    let show = |given: &Option<bool>| given.map_or_else(|| "(as the client)".to_owned(), |given| given.to_string());
    let policy = GrantPolicy {
        access_ttl: ttl("access_ttl"),
        refresh_ttl: ttl("refresh_ttl"),
        refresh: section.read("refresh", None, |node| bool_of(node).map(Some), show),
    };
    section.finish(false);
    policy
}

fn lifetime(node: &Node) -> Result<Duration, String> {
    const LONGEST: Duration = Duration::from_hours(24 * 3650);
    let found = units::duration(crate::config::reader::text_of(node)?)?;
    if (Duration::from_secs(1)..=LONGEST).contains(&found) { Ok(found) } else { Err("expected 1s to 3650d".to_owned()) }
}
