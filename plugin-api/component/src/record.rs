//! The one record shape that serves everything keyhook keeps.

use keyhook_core::id::RecordId;
use keyhook_core::time::Timestamp;

/// What a record is. One table per kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Kind {
    /// A registered client, named by `client_id`.
    Client,
    /// A person, named by user name.
    User,
    /// What a user allowed a client, named by [`Key::pair`] of client and subject.
    Consent,
    /// A signing or sealing key, named by key id.
    SigningKey,
    /// Everything of a subject born before an instant is dead, named by subject.
    NotBefore,
    /// A plugin's own value, named by [`Key::pair`] of plugin and key.
    PluginData,
    /// Facts about the deployment (made by `dev` or not), named.
    Deployment,
    /// What a user granted a client: the root of a family of tokens.
    Grant,
    /// An authorization code (RFC 6749 §4.1).
    Code,
    /// An opaque access token.
    AccessToken,
    /// A refresh token.
    RefreshToken,
    /// A token in a form that says nothing of its record, named by the SHA-256 of its text: an access token, or where the record of a
    /// refresh token lies. It has no route: a store that is spread over machines writes it after the rest of its batch.
    HashedToken,
    /// Temporary credentials of OAuth 1.0a (RFC 5849 §2.1): what a client asks a user's permission with.
    TemporaryCredential,
    /// Token credentials of OAuth 1.0a (RFC 5849 §2.3): what a client signs requests with.
    TokenCredential,
    /// A counter of attempts, named by what is limited.
    Attempts,
    /// Something that may be used once (a `jti`), named.
    Once,
    /// A nonce of OAuth 1.0a (RFC 5849 §3.3), named by its second and a hash: names grow with time, so that a store can purge from the
    /// first name on and needs no index of ends, which would cost each signed request half as much again as the record.
    Nonce,
    /// An authorization request that waits for its user.
    Interaction,
    /// A browser session.
    Session,
}

/// Which database a kind lives in: `[store]` maps groups, never kinds, and a batch stays in one group.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Group {
    /// Clients, users, consents, keys, `not_before`, plugins' values. Must be durable and must not evict.
    Directory,
    /// Grants, codes, tokens and spent marks.
    Grants,
    /// Nonces, `jti`s, attempt counters. Must be durable and must not evict.
    Once,
    /// Interactions and sessions.
    Short,
}

impl Group {
    /// Every group, in the order of their numbers.
    pub const ALL: [Group; 4] = [Group::Directory, Group::Grants, Group::Once, Group::Short];
}

impl Kind {
    /// Every kind, in table order.
    pub const ALL: [Kind; 19] = [
        Kind::Client,
        Kind::User,
        Kind::Consent,
        Kind::SigningKey,
        Kind::NotBefore,
        Kind::PluginData,
        Kind::Deployment,
        Kind::Grant,
        Kind::Code,
        Kind::AccessToken,
        Kind::RefreshToken,
        Kind::HashedToken,
        Kind::TemporaryCredential,
        Kind::TokenCredential,
        Kind::Attempts,
        Kind::Once,
        Kind::Nonce,
        Kind::Interaction,
        Kind::Session,
    ];

    /// The table's name.
    pub const fn name(self) -> &'static str {
        match self {
            Kind::Client => "client",
            Kind::User => "user",
            Kind::Consent => "consent",
            Kind::SigningKey => "signing_key",
            Kind::NotBefore => "not_before",
            Kind::PluginData => "plugin_data",
            Kind::Deployment => "deployment",
            Kind::Grant => "grant",
            Kind::Code => "code",
            Kind::AccessToken => "access_token",
            Kind::RefreshToken => "refresh_token",
            Kind::HashedToken => "hashed_token",
            Kind::TemporaryCredential => "temporary_credential",
            Kind::TokenCredential => "token_credential",
            Kind::Attempts => "attempts",
            Kind::Once => "once",
            Kind::Nonce => "nonce",
            Kind::Interaction => "interaction",
            Kind::Session => "session",
        }
    }

    /// The group it belongs to.
    pub const fn group(self) -> Group {
        match self {
            Kind::Client | Kind::User | Kind::Consent | Kind::SigningKey | Kind::NotBefore | Kind::PluginData | Kind::Deployment => {
                Group::Directory
            }
            Kind::Grant
            | Kind::Code
            | Kind::AccessToken
            | Kind::RefreshToken
            | Kind::HashedToken
            | Kind::TemporaryCredential
            | Kind::TokenCredential => Group::Grants,
            Kind::Attempts | Kind::Once | Kind::Nonce => Group::Once,
            Kind::Interaction | Kind::Session => Group::Short,
        }
    }

    /// Whether its key is the record's own time-ordered id (`true`) or a name (`false`).
    pub const fn is_issued(self) -> bool {
        matches!(
            self,
            Kind::Grant
                | Kind::Code
                | Kind::AccessToken
                | Kind::RefreshToken
                | Kind::TemporaryCredential
                | Kind::TokenCredential
                | Kind::Interaction
                | Kind::Session
        )
    }
}

/// What finds a record. Never a secret.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Key {
    /// What keyhook issues: the record's own time-ordered id, so that inserts append and purging is a range.
    Issued(RecordId),
    /// What has a name.
    Named(Box<[u8]>),
}

impl Key {
    /// A key from a name.
    pub fn named(name: impl AsRef<[u8]>) -> Key {
        Key::Named(name.as_ref().into())
    }

    /// A key from two names. The first is length-prefixed, so that no two pairs meet.
    pub fn pair(first: &str, second: &str) -> Key {
        let mut bytes = Vec::with_capacity(4 + first.len() + second.len());
        bytes.extend_from_slice(&u32::try_from(first.len()).unwrap_or(u32::MAX).to_be_bytes());
        bytes.extend_from_slice(first.as_bytes());
        bytes.extend_from_slice(second.as_bytes());
        Key::Named(bytes.into())
    }

    /// The key's bytes, for sealing and for stores.
    pub fn to_bytes(&self) -> Vec<u8> {
        match self {
            Key::Issued(id) => id.raw().to_be_bytes().to_vec(),
            Key::Named(name) => name.to_vec(),
        }
    }
}

/// Whether a single-use record may still be used. Spent is final.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// May be used.
    Live,
    /// Was used or revoked; kept so that a replay is known.
    Spent,
}

/// A record as a store sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    /// Its kind.
    pub kind: Kind,
    /// Its key.
    pub key: Key,
    /// The grant it belongs to, [`RecordId::NONE`] for none.
    pub grant: RecordId,
    /// The client it belongs to.
    pub client: Option<String>,
    /// The user it belongs to.
    pub subject: Option<String>,
    /// After this it counts as absent.
    pub expires_at: Timestamp,
    /// Grows with every write; `Take` and `Replace` name the version they saw.
    pub version: u32,
    /// Live or spent.
    pub state: State,
    /// The typed body, as JSON.
    pub body: Vec<u8>,
}
