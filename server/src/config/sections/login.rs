//! `[login]`: the built-in login and consent, sessions, failed attempts.

use std::time::Duration;

use keyhook_component::settings::Lifetimes;

use crate::config::reader::Section;

/// `[login]`.
#[derive(Clone, Debug)]
pub(crate) struct Login {
    pub(crate) builtin: bool,
    pub(crate) consent: bool,
    pub(crate) remember: bool,
    pub(crate) remember_ttl: Duration,
    pub(crate) session_ttl: Duration,
    pub(crate) attempts_per_user: u32,
    pub(crate) attempts_per_address: u32,
    pub(crate) attempts_window: Duration,
    pub(crate) password_workers: u32,
}

impl Login {
    pub(crate) fn read(section: Section<'_>) -> Login {
        let default = Lifetimes::default();
        let (second, day) = (Duration::from_secs(1), Duration::from_hours(24));
        let attempts = section.section("attempts");
        let login = Login {
            builtin: section.switch("builtin", true),
            consent: section.switch("consent", true),
            remember: section.switch("remember", true),
            remember_ttl: section.duration("remember_ttl", default.consent, second..=3650 * day),
            session_ttl: section.duration("session_ttl", default.session, 60 * second..=365 * day),
            attempts_per_user: attempts.count("per_user", 10, 1..=1_000_000),
            attempts_per_address: attempts.count("per_address", 100, 1..=1_000_000),
            attempts_window: attempts.duration("window", 900 * second, second..=day),
            password_workers: section.count("password_workers", 2, 1..=256),
        };
        attempts.finish(false);
        section.finish(false);
        login
    }
}
