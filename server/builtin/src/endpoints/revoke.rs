//! Token revocation (RFC 7009).

use http::{Method, StatusCode};
use keyhook_component::audit::{Decision, Event};
use keyhook_component::batch::{Applied, Batch};
use keyhook_component::context::Context;
use keyhook_component::endpoint::{Endpoint, RoutePattern};
use keyhook_component::request::Request;
use keyhook_component::response::Response;
use keyhook_component::settings::Settings;
use keyhook_component::{BoxFuture, component};
use keyhook_core::authorize::Refusal;
use keyhook_core::client::{AuthMethod, Client};
use keyhook_core::error::{ErrorCode, OAuthError};
use keyhook_core::metadata::Metadata;
use keyhook_core::token::{IssuedToken, TokenKind};

use super::{AUTH_METHODS, at, audited};
use crate::client_auth::{authenticate, parameters};
use crate::oauth1::credentials::{Known, token_named};
use crate::refresh_lookup::{self, Held};
use crate::{family, token_kh};

/// The endpoint. A refresh token takes its whole family along, and so do token credentials of OAuth 1.0a, which are the permission
/// itself; an access token goes alone. Each is one write.
#[derive(Clone, Copy, Debug, Default)]
pub struct RevokeEndpoint;

component!(Endpoint: RevokeEndpoint);

impl Endpoint for RevokeEndpoint {
    fn name(&self) -> &'static str {
        "revoke"
    }

    fn routes(&self, settings: &Settings) -> Vec<RoutePattern> {
        vec![(Some(Method::POST), at(settings, &settings.paths.revoke))]
    }

    fn describe(&self, settings: &Settings, metadata: &mut Metadata) {
        metadata.endpoint("revocation_endpoint", &settings.issuer, &settings.paths.revoke);
        metadata.list("revocation_endpoint_auth_methods_supported", AUTH_METHODS.map(AuthMethod::name));
    }

    fn answer<'a>(&'a self, request: &'a Request, context: &'a Context) -> BoxFuture<'a, Result<Response, Refusal>> {
        Box::pin(async move {
            let mut event = Event::new(Decision::Revocation, "ok").request(&request.id);
            let answer = revoke(request, context, &mut event).await;
            audited(event, answer, context)
        })
    }
}

async fn revoke(request: &Request, context: &Context, event: &mut Event) -> Result<Response, OAuthError> {
    let form = parameters(request)?;
    let client = authenticate(request, &form, context).await?;
    event.client_id = Some(client.id.clone());
    // `token_type_hint` is ignored, wrong or not (RFC 7009 §2.1): the prefix says more.
    let text = form.required("token")?;
    let known = match IssuedToken::sniff(text) {
        Some(TokenKind::Refresh) => refresh_token(text, &client, context).await?,
        Some(TokenKind::TokenCredential) => token_credentials(text, &client, context).await?,
        Some(TokenKind::Access) => access_token(text, &client, context).await?,
        // The texts of other systems do not say what they are.
        None => {
            access_token(text, &client, context).await?
                || refresh_token(text, &client, context).await?
                || token_credentials(text, &client, context).await?
        }
        Some(kind) if IssuedToken::parse(kind, text).is_some() => return Err(unsupported()),
        Some(_) => false,
    };
    if !known {
        event.outcome = "unknown";
    }
    // RFC 7009 §2.2: 200 for a token that never was, too; the client wanted it gone and it is.
    Ok(Response::json(StatusCode::OK, "{}"))
}

/// Revokes an access token. Whether there was one.
async fn access_token(text: &str, client: &Client, context: &Context) -> Result<bool, OAuthError> {
    for format in context.formats.iter().filter(|format| format.recognizes(text)) {
        let Some(found) = format.find(text, context).await? else { continue };
        owned(Some(&found.owner), client)?;
        let Some(end) = found.end else { return Ok(true) };
        // A `Put` is never refused; were it ever, the caller must not hear that the token is gone.
        return match context.records.apply(Batch::new().with(end)).await? {
            Applied::Applied => Ok(true),
            refused @ Applied::Refused { .. } => Err(OAuthError::server_error(format!("the store refused to revoke a token: {refused:?}"))),
        };
    }
    Ok(false)
}

/// Revokes the family of a refresh token, also of a spent or expired one: its client wants it gone (RFC 7009 §2.1). Whether
/// there was one.
async fn refresh_token(text: &str, client: &Client, context: &Context) -> Result<bool, OAuthError> {
    let Some(Held { record, .. }) = refresh_lookup::find(text, context).await? else { return Ok(false) };
    owned(record.client.as_deref(), client)?;
    family::revoke(record.grant, context).await?;
    Ok(true)
}

/// The same of token credentials (RFC 5849 §2.3).
async fn token_credentials(text: &str, client: &Client, context: &Context) -> Result<bool, OAuthError> {
    let Some(Known { record, .. }) = token_named(text, context).await? else { return Ok(false) };
    owned(record.client.as_deref(), client)?;
    family::revoke(record.grant, context).await?;
    Ok(true)
}

/// RFC 7009 §2.1: a token of another client is not revoked, and the sender is told. It holds the token, so it learns nothing.
fn owned(owner: Option<&str>, client: &Client) -> Result<(), OAuthError> {
    if owner == Some(client.id.as_str()) {
        return Ok(());
    }
    Err(OAuthError::unauthorized_client("the token was not issued to this client").with_kh(token_kh::REVOKE_CLIENT))
}

fn unsupported() -> OAuthError {
    OAuthError::new(ErrorCode::UnsupportedTokenType, "only access tokens, refresh tokens and token credentials can be revoked")
        .with_kh(token_kh::REVOKE_TYPE)
}
