//! Settings for targets that need some.

use keyhook_component::settings::{Lifetimes, Paths, Settings};
use keyhook_core::Issuer;

/// The settings of a server in production, with their defaults.
pub fn settings() -> Settings {
    Settings {
        issuer: Issuer::parse("https://id.test").unwrap(),
        dev: false,
        paths: Paths::default(),
        lifetimes: Lifetimes::default(),
        tokens: keyhook_component::settings::TokenSettings::default(),
        builtin_login: true,
        builtin_consent: true,
        remember_consent: true,
        refresh_grace: std::time::Duration::from_secs(10),
        scope_descriptions: std::collections::BTreeMap::new(),
        compat: Vec::new(),
        attempts_per_user: 10,
        attempts_per_address: 100,
        attempts_window: std::time::Duration::from_mins(15),
        password_workers: 1,
        cookie_name: "__Host-keyhook".to_owned(),
        cookie_secure: true,
        realm: "keyhook".to_owned(),
        oauth1: None,
    }
}
