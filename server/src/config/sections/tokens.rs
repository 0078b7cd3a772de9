//! `[tokens]`: how long things live, and the form of access tokens.

use std::time::Duration;

use keyhook_component::registry;
use keyhook_component::settings::{Lifetimes, TokenAttribute, TokenSettings};
use keyhook_core::crypto::Algorithm;
use keyhook_core::signing_ring::{LONGEST_TOKEN, Rotation};

use crate::config::reader::{Section, quoted, text_of};
use crate::config::tree::Node;
use crate::nearest::nearest;

/// `[tokens]`.
#[derive(Clone, Debug)]
pub(crate) struct Tokens {
    pub(crate) access: Duration,
    pub(crate) refresh: Duration,
    pub(crate) refresh_grace: Duration,
    pub(crate) code: Duration,
    pub(crate) grant: Duration,
    /// The form of new access tokens, and how JWTs are made.
    pub(crate) format: String,
    /// Which of plugins' data resource servers are told.
    pub(crate) attributes: Vec<TokenAttribute>,
    pub(crate) jwt_ttl: Duration,
    pub(crate) audience: Option<String>,
    pub(crate) random_length: u32,
    pub(crate) rotation: Rotation,
}

impl Tokens {
    pub(crate) fn read(section: Section<'_>) -> Tokens {
        let (default, usual) = (Lifetimes::default(), TokenSettings::default());
        let second = Duration::from_secs(1);
        let day = Duration::from_hours(24);
        let tokens = Tokens {
            access: section.duration("access_ttl", default.access, second..=30 * day),
            refresh: section.duration("refresh_ttl", default.refresh, second..=3650 * day),
            // Long enough for a retry after a lost answer; a thief may use the window too.
            refresh_grace: section.duration("refresh_grace", 10 * second, Duration::ZERO..=60 * second),
            // RFC 6749 §4.1.2: at most ten minutes.
            code: section.duration("code_ttl", default.code, second..=600 * second),
            grant: section.duration("grant_ttl", default.grant, second..=3650 * day),
            format: section.read("format", usual.format, format, |name| quoted(name)),
            attributes: attributes(&section),
            // Whoever verifies them offline hears of a revocation at their end only.
            jwt_ttl: section.duration("jwt_ttl", usual.jwt_ttl, second..=LONGEST_TOKEN),
            audience: section.text("audience", None),
            random_length: section.count("random_length", 40, 22..=255),
            rotation: Rotation {
                algorithm: section.read("signing", usual.rotation.algorithm, algorithm, |algorithm| quoted(algorithm.name())),
                every: section.duration("signing_rotate", usual.rotation.every, day..=3650 * day),
                // Longer than the five minutes for which everybody may keep the key set.
                ahead: section.duration("signing_ahead", usual.rotation.ahead, 10 * 60 * second..=30 * day),
            },
        };
        if tokens.grant < tokens.access {
            section.refuse(
                "KH1005",
                "grant_ttl",
                "`grant_ttl` is shorter than `access_ttl`",
                "a token cannot outlive its grant: raise it, or shorten `access_ttl`",
            );
        }
        section.finish(false);
        tokens
    }
}

/// A form that is linked in.
fn format(node: &Node) -> Result<String, String> {
    let name = text_of(node)?;
    let known: Vec<_> = registry::token_formats().iter().map(|format| format.name()).collect();
    if known.contains(&name) {
        return Ok(name.to_owned());
    }
    let near = nearest(name, known.iter().copied()).map_or_else(String::new, |near| format!("did you mean `{near}`? "));
    Err(format!("no token has the form `{name}`; {near}this server has: {}", known.join(", ")))
}

/// `PLUGIN/MEMBER` each; a name is told once.
fn attributes(section: &Section<'_>) -> Vec<TokenAttribute> {
    let mut attributes: Vec<TokenAttribute> = Vec::new();
    for text in section.list("attributes", &[]) {
        let Some((plugin, member)) = text.split_once('/').filter(|(plugin, member)| !plugin.is_empty() && !member.is_empty()) else {
            section.refuse(
                "KH1005",
                "attributes",
                format!("`{text}` names no attribute"),
                "expected \"PLUGIN/MEMBER\" of the plugin's data",
            );
            continue;
        };
        if attributes.iter().any(|known| known.member == member) {
            let label = "resource servers are told the member's name alone: choose one";
            section.refuse("KH1005", "attributes", format!("two attributes are called `{member}`"), label);
        }
        attributes.push(TokenAttribute { plugin: plugin.to_owned(), member: member.to_owned() });
    }
    attributes
}

fn algorithm(node: &Node) -> Result<Algorithm, String> {
    Algorithm::named(text_of(node)?).ok_or_else(|| "expected \"ES256\", \"EdDSA\" or \"RS256\"".to_owned())
}
