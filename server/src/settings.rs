//! From the configuration to the settings that endpoints read.

use keyhook_component::settings::{Lifetimes, Settings, TokenSettings};
use keyhook_core::issuer::Issuer;

use crate::config::{Config, Mode};

/// The settings of a generation.
pub(crate) fn of(config: &Config, issuer: &Issuer) -> Settings {
    let (lifetimes, tokens) = tokens_of(config);
    Settings {
        issuer: issuer.clone(),
        dev: config.mode == Mode::Dev,
        paths: config.paths.clone(),
        lifetimes,
        tokens,
        oauth1: config.oauth1.clone(),
        builtin_login: config.login.builtin,
        builtin_consent: config.login.consent,
        remember_consent: config.login.remember,
        refresh_grace: config.tokens.refresh_grace,
        scope_descriptions: config.scopes.clone(),
        compat: config.compat.clone(),
        attempts_per_user: config.login.attempts_per_user,
        attempts_per_address: config.login.attempts_per_address,
        attempts_window: config.login.attempts_window,
        password_workers: usize::try_from(config.login.password_workers).unwrap_or(1),
        cookie_name: cookie_name(issuer),
        cookie_secure: issuer.is_https(),
        realm: "keyhook".to_owned(),
    }
}

/// How long things live, and how tokens are made.
pub(crate) fn tokens_of(config: &Config) -> (Lifetimes, TokenSettings) {
    let default = Lifetimes::default();
    let lifetimes = Lifetimes {
        code: config.tokens.code,
        access: config.tokens.access,
        refresh: config.tokens.refresh,
        grant: config.tokens.grant,
        interaction: default.interaction,
        session: config.login.session_ttl,
        consent: config.login.remember_ttl,
    };
    let tokens = TokenSettings {
        format: config.tokens.format.clone(),
        attributes: config.tokens.attributes.clone(),
        grants: config.grants.by_type.clone(),
        rotation: config.tokens.rotation,
        audience: config.tokens.audience.clone(),
        jwt_ttl: config.tokens.jwt_ttl,
        password: config.grants.password,
        implicit: config.grants.implicit,
        random_length: usize::try_from(config.tokens.random_length).unwrap_or(usize::MAX),
    };
    (lifetimes, tokens)
}

/// `__Host-` binds a cookie to https and one host; over loopback http the port tells two development servers apart.
fn cookie_name(issuer: &Issuer) -> String {
    if issuer.is_https() {
        return "__Host-keyhook".to_owned();
    }
    let port = issuer.origin().rsplit(':').next().filter(|port| port.bytes().all(|byte| byte.is_ascii_digit())).unwrap_or("80");
    format!("keyhook-dev-{port}")
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test may fail by panicking")]
    use super::*;

    #[test]
    fn a_cookie_is_bound_to_its_host_on_https_and_to_its_port_on_loopback() {
        let name = |issuer: &str| cookie_name(&Issuer::parse(issuer).unwrap());
        assert_eq!(name("https://login.example"), "__Host-keyhook");
        assert_eq!(name("http://localhost:8080"), "keyhook-dev-8080");
        assert_eq!(name("http://[::1]:9/path"), "keyhook-dev-9");
        assert_eq!(name("http://localhost"), "keyhook-dev-80");
    }
}
