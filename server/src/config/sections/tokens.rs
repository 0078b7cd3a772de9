//! `[tokens]`: how long things live.

use std::time::Duration;

use keyhook_component::settings::Lifetimes;

use crate::config::reader::Section;

/// `[tokens]`.
#[derive(Clone, Debug)]
pub(crate) struct Tokens {
    pub(crate) access: Duration,
    pub(crate) refresh: Duration,
    pub(crate) refresh_grace: Duration,
    pub(crate) code: Duration,
    pub(crate) grant: Duration,
}

impl Tokens {
    pub(crate) fn read(section: Section<'_>) -> Tokens {
        let default = Lifetimes::default();
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
