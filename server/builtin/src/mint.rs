//! The only place where tokens are made: entropy becomes a token, a token becomes a drafted record (RFC 6749 §10.10, §1.4, §1.5).

use std::time::Duration;

use keyhook_component::batch::{Batch, Operation};
use keyhook_component::context::Context;
use keyhook_component::grant::{Pending, Refresh};
use keyhook_component::record::{Key, Kind};
use keyhook_component::records::{AccessToken, RefreshToken, Stored};
use keyhook_core::client::Client;
use keyhook_core::error::OAuthError;
use keyhook_core::id::RecordId;
use keyhook_core::kh;
use keyhook_core::scope::Granted;
use keyhook_core::secret::Secret;
use keyhook_core::time::Timestamp;
use keyhook_core::token::{IssuedToken, TokenKind};

/// Tokens that are nobody's yet: what issues them is the commit of `batch`.
#[derive(Debug)]
pub(crate) struct Draft {
    /// The access token.
    pub(crate) access_token: Secret<String>,
    /// The refresh token, if the response carries one.
    pub(crate) refresh_token: Option<Secret<String>>,
    /// Seconds that the access token lives.
    pub(crate) expires_in: u64,
    /// The guard first, then what is inserted.
    pub(crate) batch: Batch,
}

/// How often an id that is taken is drawn again; two collide once in four million within a millisecond.
pub(crate) const DRAWS: usize = 3;

/// A new record id: this millisecond and 22 bits of chance. The insert is refused if it is taken, and another one is drawn.
pub(crate) fn record_id(context: &Context) -> RecordId {
    RecordId::new(context.now(), u32::from_be_bytes(context.random.bytes()))
}

/// A new token over 32 random bytes, of which the record keeps a hash. One draw gives id and secret.
pub(crate) fn token(kind: TokenKind, grant: RecordId, context: &Context) -> IssuedToken {
    let drawn = Secret::new(context.random.bytes::<36>());
    let (mut id, mut secret) = ([0; 4], [0; 32]);
    id.copy_from_slice(&drawn.expose()[..4]);
    secret.copy_from_slice(&drawn.expose()[4..]);
    IssuedToken::new(kind, RecordId::beside(grant, context.now(), u32::from_be_bytes(id)), grant, secret)
}

/// Makes the tokens of a grant that has been checked. Writes nothing.
///
/// # Errors
/// `invalid_grant` when the grant ends at this moment; `server_error` when a record cannot be drafted.
pub(crate) fn mint(pending: &Pending, client: &Client, context: &Context) -> Result<Draft, OAuthError> {
    let now = context.now();
    let lifetimes = &context.settings.lifetimes;
    let expires_at = now.plus(lifetime(client.access_ttl, lifetimes.access)).min(pending.ends_at);
    if expires_at.has_passed(now) {
        return Err(OAuthError::invalid_grant().with_kh(kh::GRANT_ENDED).with_cause("the grant ends at this moment"));
    }
    let access = token(TokenKind::Access, pending.grant, context);
    let body = AccessToken { hash: access.hash(), scope: pending.scope.scope().clone() };
    let record = Stored::new(Key::Issued(access.id), expires_at, body)
        .of_grant(pending.grant)
        .of_client(client.id.as_str())
        .of_subject(pending.subject.clone());
    let mut draft =
        Draft { access_token: access.encode(), refresh_token: None, expires_in: now.until(expires_at).as_secs(), batch: Batch::new() };
    let (refresh, successor) = match &pending.refresh {
        Refresh::No => (None, None),
        Refresh::Same(token) => (Some(token.clone()), None),
        Refresh::Issue { scope, .. } => {
            let ends = now.plus(lifetime(client.refresh_ttl, lifetimes.refresh)).min(pending.ends_at);
            let (token, insert) = refresh_token(pending, client, scope, ends, context)?;
            (Some(token), Some(insert))
        }
    };
    // The guard leads: where a store cannot write several records at once, it stands alone.
    if let Some(guard) = &pending.guard {
        draft.batch.push(match (&pending.refresh, &refresh) {
            (Refresh::Issue { rotates: true, .. }, Some(successor)) => leaving(guard, successor, context)?,
            _ => guard.clone(),
        });
    }
    draft.batch.push(record.insert()?);
    if let Some(insert) = successor {
        draft.batch.push(insert);
    }
    draft.refresh_token = refresh;
    Ok(draft)
}

/// The client's own lifetime in seconds, or the server's.
fn lifetime(own: Option<u64>, default: Duration) -> Duration {
    own.map_or(default, Duration::from_secs)
}

fn refresh_token(
    pending: &Pending,
    client: &Client,
    scope: &Granted,
    expires_at: Timestamp,
    context: &Context,
) -> Result<(Secret<String>, Operation), OAuthError> {
    let token = token(TokenKind::Refresh, pending.grant, context);
    let body = RefreshToken { hash: token.hash(), scope: scope.scope().clone(), spent_at: None, successor: None };
    let record = Stored::new(Key::Issued(token.id), expires_at, body)
        .of_grant(pending.grant)
        .of_client(client.id.as_str())
        .of_subject(pending.subject.clone());
    Ok((token.encode(), record.insert()?))
}

/// The guard of a rotation, with the successor sealed into the spent record: for as long as the grace lasts, it can be given again.
fn leaving(guard: &Operation, successor: &Secret<String>, context: &Context) -> Result<Operation, OAuthError> {
    let Operation::Take { kind: Kind::RefreshToken, key, version, body: Some(body) } = guard else {
        return Err(OAuthError::server_error("a rotation is guarded by something that is not a refresh token"));
    };
    if context.settings.refresh_grace.is_zero() {
        return Ok(guard.clone());
    }
    let mut spent: RefreshToken = serde_json::from_slice(body).map_err(|error| OAuthError::server_error(error.to_string()))?;
    let nonce = context.random.bytes();
    let sealed = context
        .sealer
        .seal(Kind::RefreshToken.name(), &key.to_bytes(), SUCCESSOR, successor.expose().as_bytes(), &nonce)
        .map_err(|error| OAuthError::server_error(format!("sealing a refresh token's successor: {error}")))?;
    spent.successor = Some(sealed);
    let body = serde_json::to_vec(&spent).map_err(|error| OAuthError::server_error(error.to_string()))?;
    Ok(Operation::Take { kind: Kind::RefreshToken, key: key.clone(), version: *version, body: Some(body) })
}

/// The field that a sealed successor is bound to, besides its record's kind and key.
const SUCCESSOR: &str = "successor";

/// The successor that [`mint`] left in a spent refresh token.
///
/// # Errors
/// `server_error` when the blob was changed, moved, or sealed under a master key that is gone.
pub(crate) fn open_successor(key: &Key, sealed: &[u8], context: &Context) -> Result<Secret<String>, OAuthError> {
    let opened = context
        .sealer
        .open(Kind::RefreshToken.name(), &key.to_bytes(), SUCCESSOR, sealed)
        .map_err(|error| OAuthError::server_error(format!("opening a refresh token's successor: {error}")))?;
    let text = std::str::from_utf8(opened.expose()).map_err(|_| OAuthError::server_error("a sealed successor is not text"))?;
    Ok(Secret::new(text.to_owned()))
}
