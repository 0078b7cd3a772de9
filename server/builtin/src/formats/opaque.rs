//! `opaque`: a prefix that scanners know, a selector, a secret, a checksum; the record says the rest.

use keyhook_component::context::Context;
use keyhook_component::record::Key;
use keyhook_component::records::{AccessToken, LiveToken, Stored};
use keyhook_component::store::Lookup;
use keyhook_component::token_format::{DraftedToken, FoundToken, NewToken, TokenFormat};
use keyhook_component::{BoxFuture, component};
use keyhook_core::error::OAuthError;
use keyhook_core::token::{IssuedToken, TokenKind};

use crate::mint;

/// The form of a server that nobody told otherwise.
#[derive(Clone, Copy, Debug, Default)]
pub struct OpaqueFormat;

component!(TokenFormat: OpaqueFormat);

impl TokenFormat for OpaqueFormat {
    fn name(&self) -> &'static str {
        "opaque"
    }

    fn draft<'a>(&'a self, token: NewToken<'a>, context: &'a Context) -> BoxFuture<'a, Result<DraftedToken, OAuthError>> {
        Box::pin(std::future::ready(draft(token, context)))
    }

    fn recognizes(&self, text: &str) -> bool {
        text.starts_with(TokenKind::Access.prefix())
    }

    fn live<'a>(&'a self, text: &'a str, context: &'a Context) -> BoxFuture<'a, Result<Option<LiveToken>, OAuthError>> {
        Box::pin(async move {
            let Some(token) = IssuedToken::parse(TokenKind::Access, text) else { return Ok(None) };
            Ok(context.records.live_access_token(&token, context.now()).await?)
        })
    }

    fn find<'a>(&'a self, text: &'a str, context: &'a Context) -> BoxFuture<'a, Result<Option<FoundToken>, OAuthError>> {
        Box::pin(find(text, context))
    }
}

fn draft(new: NewToken<'_>, context: &Context) -> Result<DraftedToken, OAuthError> {
    let pending = new.pending;
    let token = mint::token(TokenKind::Access, pending.grant, context);
    let body = AccessToken { hash: token.hash(), scope: pending.scope.scope().clone(), attributes: new.attributes.clone() };
    let record = Stored::new(Key::Issued(token.id), new.expires_at, body)
        .of_grant(pending.grant)
        .of_client(new.client.id.as_str())
        .of_subject(pending.subject.clone());
    Ok(DraftedToken { text: token.encode(), insert: Some(record.insert()?) })
}

async fn find(text: &str, context: &Context) -> Result<Option<FoundToken>, OAuthError> {
    let Some(token) = IssuedToken::parse(TokenKind::Access, text) else { return Ok(None) };
    let (record, live) = match context.records.get::<AccessToken>(&Key::Issued(token.id)).await? {
        Lookup::Live(record) => (record, true),
        Lookup::Spent(record) => (record, false),
        Lookup::Absent => return Ok(None),
    };
    if !token.fits(record.grant, &record.body.hash) {
        return Ok(None);
    }
    let owner = record.client.clone().unwrap_or_default();
    let end = if live { Some(Stored::clone(&record).revoke()?) } else { None };
    Ok(Some(FoundToken { owner, end }))
}
