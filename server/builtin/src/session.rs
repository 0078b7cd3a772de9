//! Browser sessions: opened at sign-in with a new identifier, read from their cookie, ended at sign-out (OWASP ASVS 7).

use std::sync::Arc;

use http::HeaderValue;
use keyhook_component::batch::{Applied, Batch};
use keyhook_component::context::Context;
use keyhook_component::hooks::SessionValues;
use keyhook_component::record::Key;
use keyhook_component::records::{Session, Stored, User};
use keyhook_component::request::Request;
use keyhook_component::store::Lookup;
use keyhook_core::error::OAuthError;
use keyhook_core::id::RecordId;
use keyhook_core::time::Timestamp;
use keyhook_core::token::{IssuedToken, TokenKind};

use crate::cookies::set_cookie;
use crate::mint;

/// A live session. Without a subject it holds plugins' values for somebody who has not signed in yet.
pub(crate) type Live = Arc<Stored<Session>>;

/// Who signed in, how, and when.
#[derive(Clone, Debug)]
pub(crate) struct Identity {
    /// The user.
    pub(crate) subject: String,
    /// When the user proved it.
    pub(crate) auth_time: Timestamp,
    /// Authentication context class.
    pub(crate) acr: Option<String>,
    /// Authentication methods (RFC 8176).
    pub(crate) amr: Vec<String>,
}

/// A session that was opened, and the cookie that has to reach the browser.
pub(crate) struct Opened {
    /// The session.
    pub(crate) session: Live,
    /// Its `Set-Cookie`.
    pub(crate) cookie: Option<HeaderValue>,
}

/// The session of the request. A cookie that is cut, forged, expired, of another server or of a disabled user is no cookie.
///
/// # Errors
/// When the store cannot answer.
pub(crate) async fn read(request: &Request, context: &Context) -> Result<Option<Live>, OAuthError> {
    let Some(token) = request.cookie(&context.settings.cookie_name).and_then(|value| IssuedToken::parse(TokenKind::Session, value)) else {
        return Ok(None);
    };
    let Lookup::Live(session) = context.records.read::<Session>(&Key::Issued(token.id)).await? else { return Ok(None) };
    if session.expires_at.has_passed(context.now()) || !token.fits(session.grant, &session.body.hash) {
        return Ok(None);
    }
    if let Some(subject) = session.subject.as_deref() {
        let ended = context.records.subject_not_before(subject).await?.is_some_and(|instant| token.id.born() <= instant);
        if ended || is_disabled(subject, context).await? {
            return Ok(None);
        }
    }
    Ok(Some(session))
}

/// Subjects whom a plugin signed in may have no record here; one that has it must not be disabled.
pub(crate) async fn is_disabled(subject: &str, context: &Context) -> Result<bool, OAuthError> {
    Ok(context.records.read::<User>(&Key::named(subject)).await?.live().is_some_and(|user| user.body.disabled))
}

/// Opens a session for `identity` under a new identifier and ends `old`, whose plugins' values go along.
///
/// # Errors
/// When the store cannot answer.
pub(crate) async fn rotate(context: &Context, old: Option<&Live>, identity: Identity, values: SessionValues) -> Result<Opened, OAuthError> {
    let Identity { subject, auth_time, acr, amr } = identity;
    open(context, old, Some(subject), |hash| Session { hash, auth_time, acr: acr.clone(), amr: amr.clone(), values: values.clone() }).await
}

/// Keeps plugins' values: in the session there is, or in a new one of nobody.
///
/// # Errors
/// When the store cannot answer.
pub(crate) async fn keep_values(context: &Context, session: Option<&Live>, values: SessionValues) -> Result<Opened, OAuthError> {
    let Some(session) = session else {
        return open(context, None, None, |hash| Session {
            hash,
            auth_time: Timestamp::ZERO,
            acr: None,
            amr: Vec::new(),
            values: values.clone(),
        })
        .await;
    };
    let mut changed = (**session).clone();
    changed.body.values = values;
    // Another tab that wrote meanwhile wins; plugins keep what must not be lost in their own store.
    let applied = context.records.apply(Batch::new().with(changed.clone().replace()?)).await?;
    if applied == Applied::Applied {
        changed.version += 1;
    }
    Ok(Opened { session: Arc::new(changed), cookie: None })
}

async fn open(
    context: &Context,
    old: Option<&Live>,
    subject: Option<String>,
    body: impl Fn(keyhook_core::secret::SecretHash) -> Session + Send,
) -> Result<Opened, OAuthError> {
    let settings = &context.settings;
    let beside = old.map_or(RecordId::NONE, id);
    for _ in 0..mint::DRAWS {
        let token = mint::token_beside(beside, TokenKind::Session, RecordId::NONE, context);
        let expires_at = context.now().plus(settings.lifetimes.session);
        let session = Stored::new(Key::Issued(token.id), expires_at, body(token.hash())).of_subject(subject.clone());
        let mut batch = Batch::new().with(session.clone().insert()?);
        if let Some(old) = old {
            batch.push(old.delete());
        }
        if context.records.apply(batch).await? == Applied::Applied {
            let cookie = set_cookie(settings, &settings.cookie_name, token.encode().expose(), None);
            return Ok(Opened { session: Arc::new(session), cookie });
        }
    }
    Err(OAuthError::server_error("no free id for a session was found"))
}

/// Ends a session; the cookie takes it from the browser too.
///
/// # Errors
/// When the store cannot answer: then the session still lives, and the user must hear so.
pub(crate) async fn end(context: &Context, session: Option<&Live>) -> Result<Option<HeaderValue>, OAuthError> {
    if let Some(session) = session {
        let _ = context.records.apply(Batch::new().with(session.delete())).await?;
    }
    Ok(set_cookie(&context.settings, &context.settings.cookie_name, "", Some(std::time::Duration::ZERO)))
}

/// The id of a session.
pub(crate) fn id(session: &Live) -> RecordId {
    match session.key {
        Key::Issued(id) => id,
        Key::Named(_) => RecordId::NONE,
    }
}
