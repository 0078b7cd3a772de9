//! Token introspection: what a resource server may know about a token (RFC 7662).

use bytes::Bytes;
use http::{Method, StatusCode};
use keyhook_component::audit::{Decision, Event};
use keyhook_component::context::Context;
use keyhook_component::endpoint::{Endpoint, RoutePattern};
use keyhook_component::record::Key;
use keyhook_component::records::LiveToken;
use keyhook_component::request::Request;
use keyhook_component::response::Response;
use keyhook_component::settings::Settings;
use keyhook_component::{BoxFuture, component};
use keyhook_core::authorize::Refusal;
use keyhook_core::client::{AuthMethod, Client, ClientKind};
use keyhook_core::error::OAuthError;
use keyhook_core::introspection::{ActiveToken, INACTIVE};
use keyhook_core::metadata::Metadata;
use keyhook_core::time::Timestamp;
use keyhook_core::token::TokenKind;
use serde_json::Map;

use super::{at, audited};
use crate::client_auth::{authenticate, parameters};
use crate::refresh_lookup::{self, Held};
use crate::{oauth1, token_kh};

/// The endpoint. A confidential client may ask about its own tokens, and about everybody's when it is registered to introspect.
#[derive(Clone, Copy, Debug, Default)]
pub struct IntrospectEndpoint;

component!(Endpoint: IntrospectEndpoint);

impl Endpoint for IntrospectEndpoint {
    fn name(&self) -> &'static str {
        "introspect"
    }

    fn routes(&self, settings: &Settings) -> Vec<RoutePattern> {
        vec![(Some(Method::POST), at(settings, &settings.paths.introspect))]
    }

    fn describe(&self, settings: &Settings, metadata: &mut Metadata) {
        metadata.endpoint("introspection_endpoint", &settings.issuer, &settings.paths.introspect);
        let methods = [AuthMethod::SecretBasic, AuthMethod::SecretPost].map(AuthMethod::name);
        metadata.list("introspection_endpoint_auth_methods_supported", methods);
    }

    fn answer<'a>(&'a self, request: &'a Request, context: &'a Context) -> BoxFuture<'a, Result<Response, Refusal>> {
        Box::pin(async move {
            let mut event = Event::new(Decision::Introspection, "ok").request(&request.id);
            let answer = introspect(request, context, &mut event).await;
            audited(event, answer, context)
        })
    }
}

async fn introspect(request: &Request, context: &Context, event: &mut Event) -> Result<Response, OAuthError> {
    let form = parameters(request)?;
    let asker = authenticate(request, &form, context).await?;
    event.client_id = Some(asker.id.clone());
    if asker.kind != ClientKind::Confidential {
        // RFC 7662 §2.1: the endpoint must not be open to token scanning, and a public client proves nothing.
        return Err(OAuthError::invalid_client().with_kh(token_kh::PUBLIC_INTROSPECTION).with_cause("a public client may not introspect"));
    }
    if oauth1::introspect::is_meant(&form, context) {
        let answer = Box::pin(oauth1::introspect::introspect(request, &form, &asker, context)).await?;
        if !answer.active {
            event.outcome = "inactive";
        }
        return Ok(Response::json(StatusCode::OK, answer.body));
    }
    // `token_type_hint` is an optimization (RFC 7662 §2.1), and the prefix says more.
    let answer = look_up(form.required("token")?, &asker, context).await?;
    if answer.is_none() {
        event.outcome = "inactive";
    }
    Ok(Response::json(StatusCode::OK, answer.map_or(Bytes::from_static(INACTIVE), Bytes::from)))
}

/// The body that describes a token; `None` for one that is not live.
async fn look_up(text: &str, asker: &Client, context: &Context) -> Result<Option<Vec<u8>>, OAuthError> {
    if text.starts_with(TokenKind::Refresh.prefix()) {
        return refresh_token(text, asker, context.now(), context).await;
    }
    for format in context.formats.iter().filter(|format| format.recognizes(text)) {
        if let Some(live) = format.live(text, context).await? {
            return Ok(may_know(asker, &live.client.id).then(|| access_token(&live, context)));
        }
    }
    // The texts of other systems do not say what they are.
    refresh_token(text, asker, context.now(), context).await
}

/// Whether the asker may know of a client's tokens. If not, they look like tokens that never were.
fn may_know(asker: &Client, owner: &str) -> bool {
    asker.introspect || asker.id == owner
}

fn access_token(live: &LiveToken, context: &Context) -> Vec<u8> {
    let told = ActiveToken {
        scope: live.scope().as_str(),
        client_id: &live.client.id,
        username: live.subject(),
        token_type: Some("Bearer"),
        exp: live.expires_at,
        iat: live.issued_at,
        sub: live.subject(),
        aud: live.audience(),
        iss: context.settings.issuer.as_str(),
        jti: live.jti(),
        client_attributes: &live.client.attributes,
        token_attributes: live.attributes(),
    };
    told.json()
}

async fn refresh_token(text: &str, asker: &Client, now: Timestamp, context: &Context) -> Result<Option<Vec<u8>>, OAuthError> {
    let records = &context.records;
    let Some(Held { record, live: true }) = refresh_lookup::find(text, context).await? else { return Ok(None) };
    let Key::Issued(id) = &record.key else { return Ok(None) };
    if record.expires_at.has_passed(now) {
        return Ok(None);
    }
    let Some(owner) = record.client.as_deref().filter(|owner| may_know(asker, owner)) else { return Ok(None) };
    let Some(client) = records.client(owner).await? else { return Ok(None) };
    if client.disabled || record.grant.born() <= client.not_before {
        return Ok(None);
    }
    let Some(grant) = records.live_grant(record.grant, owner, now).await? else { return Ok(None) };
    let told = ActiveToken {
        scope: record.body.scope.as_str(),
        client_id: &client.id,
        username: grant.subject.as_deref(),
        token_type: None,
        exp: record.expires_at,
        iat: id.born(),
        sub: grant.subject.as_deref(),
        aud: None,
        iss: context.settings.issuer.as_str(),
        jti: None,
        client_attributes: &client.attributes,
        token_attributes: &Map::new(),
    };
    Ok(Some(told.json()))
}
