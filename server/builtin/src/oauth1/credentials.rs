//! Temporary and token credentials as records: how they are made, and how a request finds them (RFC 5849 §2).

use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use keyhook_component::batch::Operation;
use keyhook_component::context::Context;
use keyhook_component::record::Key;
use keyhook_component::records::{ForeignCredential, Grant, SharedSecret, Stored, TemporaryCredential, TokenCredential};
use keyhook_component::store::Lookup;
use keyhook_core::client::Client;
use keyhook_core::error::OAuthError;
use keyhook_core::id::RecordId;
use keyhook_core::oauth1::credentials::{TemporaryCredentials, TokenCredentials};
use keyhook_core::oauth1::{Callback, Problem};
use keyhook_core::scope::Scope;
use keyhook_core::secret::Secret;
use keyhook_core::time::Timestamp;
use keyhook_core::token::{IssuedToken, TokenKind};

use crate::mint;

/// Credentials that a request names, whatever has become of them: it may only be told to whoever signed with them.
pub(crate) struct Found<T> {
    /// The record.
    pub(crate) record: Arc<Stored<T>>,
    /// What is wrong with them.
    pub(crate) wrong: Option<Problem>,
    /// The shared secret.
    pub(crate) secret: Secret<String>,
}

/// New temporary credentials, and the insert that makes them so.
///
/// # Errors
/// `server_error` when the secret cannot be sealed.
pub(crate) fn temporary(
    client: &Client,
    callback: &Callback,
    expires_at: Timestamp,
    context: &Context,
) -> Result<(TemporaryCredentials, Operation), OAuthError> {
    let token = mint::token(TokenKind::TemporaryCredential, RecordId::NONE, context);
    let key = Key::Issued(token.id);
    let (secret, sealed) = new_secret(SharedSecret::Temporary(&key), context)?;
    let body = TemporaryCredential {
        hash: token.hash(),
        secret: sealed,
        callback: callback.as_str().to_owned(),
        authorized: None,
        denied: false,
        tried: 0,
    };
    let record = Stored::new(key, expires_at, body).of_client(client.id.as_str());
    Ok((TemporaryCredentials { token: token.encode().into_inner(), secret }, record.insert()?))
}

/// New token credentials of a grant, and the insert that makes them so.
///
/// # Errors
/// `server_error` when the secret cannot be sealed.
pub(crate) fn token(
    grant: &Stored<Grant>,
    client: &Client,
    scope: Scope,
    expires_at: Timestamp,
    context: &Context,
) -> Result<(TokenCredentials, Operation), OAuthError> {
    let token = mint::token(TokenKind::TokenCredential, grant.grant, context);
    let key = Key::Issued(token.id);
    let (secret, sealed) = new_secret(SharedSecret::Token(&key), context)?;
    let body = TokenCredential { hash: token.hash(), secret: sealed, scope };
    let record = Stored::new(key, expires_at, body).of_grant(grant.grant).of_client(client.id.as_str()).of_subject(grant.subject.clone());
    Ok((TokenCredentials { token: token.encode().into_inner(), secret }, record.insert()?))
}

/// The temporary credentials of this name, if they are the client's; of nobody's there are none.
///
/// # Errors
/// When the store does not answer, or the secret does not open.
pub(crate) async fn find_temporary(
    name: &str,
    client: Option<&Client>,
    context: &Context,
) -> Result<Option<Found<TemporaryCredential>>, OAuthError> {
    let Some(token) = IssuedToken::parse(TokenKind::TemporaryCredential, name) else { return Ok(None) };
    let key = Key::Issued(token.id);
    let (record, used) = match context.records.read::<TemporaryCredential>(&key).await? {
        Lookup::Live(record) => (record, false),
        Lookup::Spent(record) => (record, true),
        Lookup::Absent => return Ok(None),
    };
    let fits = token.fits(record.grant, &record.body.hash);
    let Some(client) = client.filter(|client| fits && record.client.as_deref() == Some(client.id.as_str())) else { return Ok(None) };
    let expired = record.expires_at.has_passed(context.now());
    let revoked = token.id.born() <= client.not_before;
    let wrong = [(used, Problem::TokenUsed), (expired, Problem::TokenExpired), (revoked, Problem::TokenRevoked)];
    let secret = open(SharedSecret::Temporary(&key), &record.body.secret, context)?;
    Ok(Some(Found { record, wrong: wrong.into_iter().find(|(is, _)| *is).map(|(_, problem)| problem), secret }))
}

/// The token credentials of this name, if they are the client's; of nobody's there are none.
///
/// # Errors
/// When the store does not answer, or the secret does not open.
pub(crate) async fn find_token(
    name: &str,
    client: Option<&Client>,
    context: &Context,
) -> Result<Option<Found<TokenCredential>>, OAuthError> {
    let Some(Known { record, revoked }) = token_named(name, context).await? else { return Ok(None) };
    let Some(client) = client.filter(|client| record.client.as_deref() == Some(client.id.as_str())) else { return Ok(None) };
    let now = context.now();
    let behind = context.records.live_behind(&client.id, record.grant, record.id().born(), now).await?;
    let wrong = match (revoked || behind.is_none(), record.expires_at.has_passed(now)) {
        (_, true) => Some(Problem::TokenExpired),
        (true, _) => Some(Problem::TokenRevoked),
        _ => None,
    };
    let secret = open(SharedSecret::Token(&record.key), &record.body.secret, context)?;
    Ok(Some(Found { record, wrong, secret }))
}

/// The record behind the name of token credentials, whoever they belong to.
pub(crate) struct Known {
    pub(crate) record: Arc<Stored<TokenCredential>>,
    pub(crate) revoked: bool,
}

/// Finds token credentials: ours by the selector that they carry, those of another system by the hash of the whole.
///
/// # Errors
/// When the store does not answer.
pub(crate) async fn token_named(name: &str, context: &Context) -> Result<Option<Known>, OAuthError> {
    let issued = IssuedToken::parse(TokenKind::TokenCredential, name);
    let id = match &issued {
        Some(token) => Some(token.id),
        None => foreign(name, context).await?,
    };
    let Some(id) = id else { return Ok(None) };
    let (record, revoked) = match context.records.get::<TokenCredential>(&Key::Issued(id)).await? {
        Lookup::Live(record) => (record, false),
        Lookup::Spent(record) => (record, true),
        Lookup::Absent => return Ok(None),
    };
    let fits = match &issued {
        Some(token) => token.fits(record.grant, &record.body.hash),
        None => record.body.hash.matches(name.as_bytes()),
    };
    Ok(fits.then_some(Known { record, revoked }))
}

/// The id behind a name that another system made.
async fn foreign(name: &str, context: &Context) -> Result<Option<RecordId>, OAuthError> {
    if !ForeignCredential::may_be(name) {
        return Ok(None);
    }
    Ok(context.records.read::<ForeignCredential>(&ForeignCredential::key(name)).await?.live().map(|named| named.body.token))
}

/// 256 bits in base64url, and the same sealed for its record.
fn new_secret(of: SharedSecret<'_>, context: &Context) -> Result<(Secret<String>, Vec<u8>), OAuthError> {
    let secret = Secret::new(URL_SAFE_NO_PAD.encode(Secret::new(context.random.bytes::<32>()).expose()));
    let sealed = of.seal(&secret, &context.sealer, &*context.random);
    Ok((secret, sealed.map_err(|error| OAuthError::server_error(format!("sealing a shared secret: {error}")))?))
}

fn open(of: SharedSecret<'_>, sealed: &[u8], context: &Context) -> Result<Secret<String>, OAuthError> {
    of.open(sealed, &context.sealer).map_err(|error| OAuthError::server_error(format!("opening a shared secret: {error}")))
}
