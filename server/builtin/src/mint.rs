//! The only place where tokens are made: entropy becomes a token, a token becomes a drafted record (RFC 6749 §10.10, §1.4, §1.5).

use std::sync::Arc;
use std::time::Duration;

use keyhook_component::batch::{Batch, Operation};
use keyhook_component::context::Context;
use keyhook_component::grant::{Pending, Refresh};
use keyhook_component::hooks::PluginData;
use keyhook_component::record::{Key, Kind};
use keyhook_component::records::{Grant, RefreshToken, Stored};
use keyhook_component::store::Lookup;
use keyhook_component::token_format::{NewToken, TokenFormat};
use keyhook_core::client::Client;
use keyhook_core::error::OAuthError;
use keyhook_core::id::RecordId;
use keyhook_core::kh;
use keyhook_core::scope::Granted;
use keyhook_core::secret::Secret;
use keyhook_core::time::Timestamp;
use keyhook_core::token::{IssuedToken, TokenKind};

use crate::reuse::Same;

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

/// A grant that a request opens.
#[derive(Clone)]
pub(crate) struct NewGrant<'a> {
    /// Whose it is; `None` for the client's own.
    pub(crate) subject: Option<&'a str>,
    /// What is granted.
    pub(crate) scope: &'a Granted,
    /// When the user signed in.
    pub(crate) auth_time: Timestamp,
    /// Authentication context class.
    pub(crate) acr: Option<String>,
    /// Authentication methods.
    pub(crate) amr: Vec<String>,
}

impl NewGrant<'_> {
    /// Its record, with a new id, which ends when the longest grant does.
    pub(crate) fn record(self, client: &Client, context: &Context) -> Stored<Grant> {
        self.record_beside(RecordId::NONE, client, context)
    }

    /// The same, where another record lies: one batch may write both.
    pub(crate) fn record_beside(self, neighbor: RecordId, client: &Client, context: &Context) -> Stored<Grant> {
        let id = RecordId::beside(neighbor, context.now(), u32::from_be_bytes(context.random.bytes()));
        let body =
            Grant { scope: self.scope.scope().clone(), auth_time: self.auth_time, acr: self.acr, amr: self.amr, data: PluginData::new() };
        Stored::new(Key::Issued(id), context.now().plus(context.settings.lifetimes.grant), body)
            .of_grant(id)
            .of_client(client.id.as_str())
            .of_subject(self.subject.map(str::to_owned))
    }
}

/// A new token over 32 random bytes, of which the record keeps a hash. One draw gives id and secret.
pub(crate) fn token(kind: TokenKind, grant: RecordId, context: &Context) -> IssuedToken {
    token_beside(grant, kind, grant, context)
}

/// The same, with a record that lies where that of `neighbor` does: one batch may write both.
pub(crate) fn token_beside(neighbor: RecordId, kind: TokenKind, grant: RecordId, context: &Context) -> IssuedToken {
    let drawn = Secret::new(context.random.bytes::<36>());
    let (mut id, mut secret) = ([0; 4], [0; 32]);
    id.copy_from_slice(&drawn.expose()[..4]);
    secret.copy_from_slice(&drawn.expose()[4..]);
    IssuedToken::new(kind, RecordId::beside(neighbor, context.now(), u32::from_be_bytes(id)), grant, secret)
}

/// Makes the tokens of a grant that has been checked. Writes nothing.
///
/// # Errors
/// `invalid_grant` when the grant ends at this moment; `server_error` when a token cannot be made or a record not be drafted;
/// `temporarily_unavailable` when a store that the form asks does not answer.
pub(crate) async fn mint(pending: &Pending, client: &Client, grant_type: &str, context: &Context) -> Result<Draft, OAuthError> {
    let now = context.now();
    let format = context.format(client)?;
    let lives = access_lifetime(client, grant_type, format.lifetime(&context.settings), context).min(format.longest());
    let expires_at = now.plus(lives).min(pending.ends_at);
    if expires_at.has_passed(now) {
        return Err(OAuthError::invalid_grant().with_kh(kh::GRANT_ENDED).with_cause("the grant ends at this moment"));
    }
    let (refresh, successor) = match &pending.refresh {
        Refresh::No => (None, None),
        Refresh::Same(token) => (Some(token.clone()), None),
        Refresh::Issue { scope, .. } => {
            let ends = now.plus(refresh_lifetime(client, grant_type, context)).min(pending.ends_at);
            let (token, insert) = refresh_token(pending, client, scope, ends, context)?;
            (Some(token), Some(insert))
        }
    };
    let mut batch = Batch::new();
    // The guard leads: where a store cannot write several records at once, it stands alone.
    if let Some(guard) = &pending.guard {
        batch.push(match (&pending.refresh, &refresh) {
            (Refresh::Issue { rotates: true, .. }, Some(successor)) => leaving(guard, successor, client, context)?,
            _ => guard.clone(),
        });
    }
    let attributes = context.settings.tokens.attributes_of(&pending.data);
    let new = NewToken { client, pending, attributes: &attributes, issued_at: now, expires_at };
    let (access_token, expires_at) = access_token(new, grant_type, &**format, &mut batch, context).await?;
    if let Some(insert) = successor {
        batch.push(insert);
    }
    Ok(Draft { access_token, refresh_token: refresh, expires_in: now.until(expires_at).as_secs(), batch })
}

/// A new token whose record joins the batch, or for a client that reuses tokens the one that it has.
async fn access_token(
    new: NewToken<'_>,
    grant_type: &str,
    format: &dyn TokenFormat,
    batch: &mut Batch,
    context: &Context,
) -> Result<(Secret<String>, Timestamp), OAuthError> {
    let same = Same::of(&new, grant_type);
    if let Some(same) = &same
        && let Some(found) = Box::pin(same.find(new.issued_at, context)).await?
    {
        return Ok(found);
    }
    let drafted = format.draft(new, context).await?;
    if let Some(insert) = drafted.insert {
        batch.push(insert);
    }
    if let Some(same) = same {
        batch.push(same.keep(&drafted.text, &new, context)?);
    }
    Ok((drafted.text, new.expires_at))
}

/// The client's own lifetime, else the server's for the grant type, else `usual`.
fn access_lifetime(client: &Client, grant_type: &str, usual: Duration, context: &Context) -> Duration {
    let of_grant = || context.settings.tokens.grants.get(grant_type).and_then(|policy| policy.access_ttl);
    client.access_ttl_for(grant_type).or_else(of_grant).map_or(usual, Duration::from_secs)
}

fn refresh_lifetime(client: &Client, grant_type: &str, context: &Context) -> Duration {
    let of_grant = || context.settings.tokens.grants.get(grant_type).and_then(|policy| policy.refresh_ttl);
    client.refresh_ttl_for(grant_type).or_else(of_grant).map_or(context.settings.lifetimes.refresh, Duration::from_secs)
}

/// Whether a refresh token comes with the access token of a grant type: the client may have one, and neither its policy nor the
/// server's says no.
pub(crate) fn gives_refresh(client: &Client, grant_type: &str, context: &Context) -> bool {
    client.is_given_refresh(grant_type, context.settings.tokens.grants.get(grant_type).and_then(|policy| policy.refresh))
}

/// Within which time a spent refresh token of this client brings its successor again.
pub(crate) fn refresh_grace(client: &Client, context: &Context) -> Duration {
    client.tokens.refresh_grace.map_or(context.settings.refresh_grace, Duration::from_secs)
}

/// The record of a checked grant; `None` where the client acts for itself.
///
/// # Errors
/// `invalid_grant` when it was revoked meanwhile; when the store does not answer.
pub(crate) async fn grant_of(pending: &Pending, context: &Context) -> Result<Option<Arc<Stored<Grant>>>, OAuthError> {
    if let Some(opened) = &pending.opens {
        return Ok(Some(Arc::new(Stored::clone(opened))));
    }
    if pending.grant.is_none() {
        return Ok(None);
    }
    match context.records.get::<Grant>(&Key::Issued(pending.grant)).await? {
        Lookup::Live(grant) => Ok(Some(grant)),
        Lookup::Spent(_) | Lookup::Absent => {
            Err(OAuthError::invalid_grant().with_kh(kh::GRANT_ENDED).with_cause("the grant was revoked during the request"))
        }
    }
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
fn leaving(guard: &Operation, successor: &Secret<String>, client: &Client, context: &Context) -> Result<Operation, OAuthError> {
    let Operation::Take { kind: Kind::RefreshToken, key, version, body: Some(body) } = guard else {
        return Err(OAuthError::server_error("a rotation is guarded by something that is not a refresh token"));
    };
    if refresh_grace(client, context).is_zero() {
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
