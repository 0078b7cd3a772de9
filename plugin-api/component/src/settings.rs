//! The settings that endpoints read: checked, typed, fixed while a generation of the server lives.

use std::collections::BTreeMap;
use std::time::Duration;

use keyhook_core::client::GrantPolicy;
use keyhook_core::crypto::Algorithm;
use keyhook_core::metadata::Issuer;
use keyhook_core::signing_ring::Rotation;
use serde_json::{Map, Value};

use crate::hooks::PluginData;

/// Settings of one generation.
#[derive(Clone, Debug)]
#[allow(clippy::struct_excessive_bools, reason = "independent facts, each with a name")]
pub struct Settings {
    /// The issuer identifier (RFC 8414 §2).
    pub issuer: Issuer,
    /// Whether this is `keyhook dev`: error pages explain, the playground exists, plugins watch.
    pub dev: bool,
    /// Where the endpoints answer.
    pub paths: Paths,
    /// How long things live.
    pub lifetimes: Lifetimes,
    /// How access tokens are made.
    pub tokens: TokenSettings,
    /// OAuth 1.0a (RFC 5849); `None` where it is off, as it is unless somebody said otherwise.
    pub oauth1: Option<Oauth1Settings>,
    /// Whether the built-in login answers when no plugin does.
    pub builtin_login: bool,
    /// Whether the built-in consent asks when no plugin approved.
    pub builtin_consent: bool,
    /// Remember consent, so that a user is asked only for what is new.
    pub remember_consent: bool,
    /// Within this time a client that presents a just-rotated refresh token gets the same successor again.
    pub refresh_grace: Duration,
    /// Sentences for scopes on the consent page.
    pub scope_descriptions: BTreeMap<String, String>,
    /// Answers in the way of older systems; never changes a security decision. `oauth2u`, `cycloauth` and `repoze` are known.
    pub compat: Vec<String>,
    /// Failed sign-ins a user may have within [`Settings::attempts_window`].
    pub attempts_per_user: u32,
    /// Failed sign-ins an address may have within [`Settings::attempts_window`].
    pub attempts_per_address: u32,
    /// The window in which failed sign-ins count.
    pub attempts_window: Duration,
    /// At most so many argon2id computations at once.
    pub password_workers: usize,
    /// Name of the session cookie: `__Host-keyhook` on https, `keyhook-dev-<port>` on loopback http.
    pub cookie_name: String,
    /// Whether cookies are `Secure`.
    pub cookie_secure: bool,
    /// Realm of `WWW-Authenticate`.
    pub realm: String,
}

/// How access tokens are made.
#[derive(Clone, Debug)]
pub struct TokenSettings {
    /// Name of the form of new tokens; a client's policy may choose another.
    pub format: String,
    /// Which of plugins' data are attributes of the tokens: resource servers are told them.
    pub attributes: Vec<TokenAttribute>,
    /// What differs for one `grant_type`; a client's own policy goes before it.
    pub grants: BTreeMap<String, GrantPolicy>,
    /// How JWTs are signed, and when their keys are exchanged.
    pub rotation: Rotation,
    /// `aud` of JWTs (RFC 9068 §2.2); the issuer if absent.
    pub audience: Option<String>,
    /// Lifetime of JWTs: who verifies them offline hears of a revocation only at their end.
    pub jwt_ttl: Duration,
    /// Whether the password grant is offered (RFC 6749 §4.3).
    pub password: bool,
    /// Whether `response_type=token` is offered (RFC 6749 §4.2).
    pub implicit: bool,
    /// Characters of a token in the form `random`.
    pub random_length: usize,
}

impl Default for TokenSettings {
    fn default() -> TokenSettings {
        TokenSettings {
            format: "opaque".into(),
            attributes: Vec::new(),
            grants: BTreeMap::new(),
            rotation: Rotation { algorithm: Algorithm::Es256, every: Duration::from_hours(90 * 24), ahead: Duration::from_hours(24) },
            audience: None,
            jwt_ttl: Duration::from_mins(10),
            password: false,
            implicit: false,
            random_length: 40,
        }
    }
}

/// How OAuth 1.0a is offered.
#[derive(Clone, Debug)]
pub struct Oauth1Settings {
    /// Where temporary credentials are given out (RFC 5849 §2.1).
    pub request_token: String,
    /// Where users authorize them (RFC 5849 §2.2).
    pub authorize: String,
    /// Where they are exchanged (RFC 5849 §2.3); may be the path of `request_token`.
    pub access_token: String,
    /// Whether the first and the last of these answer GET too, as old clients ask.
    pub get: bool,
    /// The signature methods that are offered; a client may be allowed fewer.
    pub methods: Vec<String>,
    /// How far a client's clock may be off, either way.
    pub window: Duration,
    /// How long a user may take to authorize temporary credentials, and their client to exchange them.
    pub temporary_ttl: Duration,
    /// How long token credentials live.
    pub token_ttl: Duration,
    /// What a missing callback and `oob` mean.
    pub callback: CallbackRule,
    /// Whether a client may sign for itself, without a user's token.
    pub two_legged: bool,
}

impl Settings {
    /// Whether answers are to look as those of an older system did.
    pub fn imitates(&self, system: &str) -> bool {
        self.compat.iter().any(|name| name == system)
    }
}

/// What a missing `oauth_callback` and `oob` mean (RFC 5849 §2.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CallbackRule {
    /// As RFC 5849 has it: one is sent always, and with `oob` the user types the verifier.
    Sent,
    /// As wsgioauth had it: both mean the callback that is registered, if there is one.
    Registered,
}

impl CallbackRule {
    /// Its name in the configuration.
    pub const fn name(self) -> &'static str {
        match self {
            CallbackRule::Sent => "sent",
            CallbackRule::Registered => "registered",
        }
    }
}

impl Default for Oauth1Settings {
    fn default() -> Oauth1Settings {
        Oauth1Settings {
            request_token: "/oauth/request_token".into(),
            authorize: "/oauth/authorize".into(),
            access_token: "/oauth/access_token".into(),
            get: false,
            // PLAINTEXT shows the secrets to whatever ends TLS: who wants it, says so.
            methods: ["HMAC-SHA256", "HMAC-SHA512", "HMAC-SHA1", "RSA-SHA256", "RSA-SHA1"].map(str::to_owned).into(),
            window: Duration::from_mins(5),
            temporary_ttl: Duration::from_mins(10),
            token_ttl: Duration::from_hours(365 * 24),
            callback: CallbackRule::Sent,
            two_legged: true,
        }
    }
}

/// A member of a plugin's data that resource servers are told, under the member's name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TokenAttribute {
    /// The plugin whose data it is.
    pub plugin: String,
    /// The member.
    pub member: String,
}

impl TokenSettings {
    /// The attributes of a token that is made with these data.
    pub fn attributes_of(&self, data: &PluginData) -> Map<String, Value> {
        let found = |attribute: &TokenAttribute| {
            let value = data.get(&attribute.plugin)?.get(&attribute.member)?;
            Some((attribute.member.clone(), value.clone()))
        };
        self.attributes.iter().filter_map(found).collect()
    }
}

/// Paths of the endpoints, each starting with `/`.
#[derive(Clone, Debug)]
pub struct Paths {
    /// Authorization endpoint.
    pub authorize: String,
    /// Token endpoint.
    pub token: String,
    /// Introspection endpoint (RFC 7662).
    pub introspect: String,
    /// Revocation endpoint (RFC 7009).
    pub revoke: String,
    /// The key set of JWTs (RFC 7517 §5).
    pub jwks: String,
    /// The login page.
    pub login: String,
    /// The consent page.
    pub consent: String,
    /// The logout page.
    pub logout: String,
}

impl Default for Paths {
    fn default() -> Paths {
        Paths {
            authorize: "/authorize".into(),
            token: "/token".into(),
            introspect: "/introspect".into(),
            revoke: "/revoke".into(),
            jwks: "/jwks".into(),
            login: "/login".into(),
            consent: "/consent".into(),
            logout: "/logout".into(),
        }
    }
}

/// How long things live.
#[derive(Clone, Debug)]
pub struct Lifetimes {
    /// Authorization codes; at most 10 minutes (RFC 6749 §4.1.2).
    pub code: Duration,
    /// Access tokens.
    pub access: Duration,
    /// A refresh token that is not used.
    pub refresh: Duration,
    /// A grant and all that comes from it, however often it is refreshed.
    pub grant: Duration,
    /// An authorization request that waits for its user.
    pub interaction: Duration,
    /// A session that is not used.
    pub session: Duration,
    /// A remembered consent.
    pub consent: Duration,
}

impl Default for Lifetimes {
    fn default() -> Lifetimes {
        const DAY: u64 = 24 * 60 * 60;
        Lifetimes {
            code: Duration::from_mins(1),
            access: Duration::from_hours(1),
            refresh: Duration::from_secs(30 * DAY),
            grant: Duration::from_secs(365 * DAY),
            interaction: Duration::from_mins(10),
            session: Duration::from_secs(DAY),
            consent: Duration::from_secs(365 * DAY),
        }
    }
}
