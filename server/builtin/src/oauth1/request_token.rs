//! Temporary credentials: a consumer asks for them, signed, with the callback that the user will be sent to (RFC 5849 §2.1).

use http::Method;
use keyhook_component::audit::{Decision, Event};
use keyhook_component::batch::{Applied, Batch};
use keyhook_component::context::Context;
use keyhook_component::endpoint::{Endpoint, RoutePattern};
use keyhook_component::hooks::{HookPoint, PluginData};
use keyhook_component::request::Request;
use keyhook_component::response::Response;
use keyhook_component::settings::{CallbackRule, Oauth1Settings, Settings};
use keyhook_component::{BoxFuture, component};
use keyhook_core::authorize::Refusal;
use keyhook_core::error::OAuthError;
use keyhook_core::metadata::Metadata;
use keyhook_core::oauth1::Callback;

use super::answer::{self, audited};
use super::arrived::Arrived;
use super::hooks::Answering;
use super::refused::Refused;
use super::signed::signed;
use super::verify::{With, verify};
use super::{access_token, credentials};
use crate::endpoints::at;
use crate::mint;

/// The endpoint. Where the path of token credentials is the same one, `oauth_token` tells which is meant.
#[derive(Clone, Copy, Debug, Default)]
pub struct RequestTokenEndpoint;

component!(Endpoint: RequestTokenEndpoint);

impl Endpoint for RequestTokenEndpoint {
    fn name(&self) -> &'static str {
        "oauth1_request_token"
    }

    fn routes(&self, settings: &Settings) -> Vec<RoutePattern> {
        settings.oauth1.as_ref().map_or_else(Vec::new, |oauth1| routes(&oauth1.request_token, oauth1, settings))
    }

    fn describe(&self, settings: &Settings, metadata: &mut Metadata) {
        // RFC 5849 has no metadata; the names are ours, for whoever looks for them here.
        let Some(oauth1) = &settings.oauth1 else { return };
        metadata.endpoint("oauth1_request_token_endpoint", &settings.issuer, &oauth1.request_token);
        metadata.endpoint("oauth1_authorization_endpoint", &settings.issuer, &oauth1.authorize);
        metadata.endpoint("oauth1_access_token_endpoint", &settings.issuer, &oauth1.access_token);
        metadata.list("oauth1_signature_methods_supported", oauth1.methods.iter().map(String::as_str));
    }

    fn answer<'a>(&'a self, request: &'a Request, context: &'a Context) -> BoxFuture<'a, Result<Response, Refusal>> {
        Box::pin(async move {
            let mut event = Event::new(Decision::Token, "ok").request(&request.id);
            let shared = context.settings.oauth1.as_ref().is_some_and(|oauth1| oauth1.request_token == oauth1.access_token);
            let answer = if shared && access_token::is_meant(request, context) {
                Box::pin(access_token::exchange(request, context, &mut event)).await
            } else {
                give(request, context, &mut event).await
            };
            Ok(audited(event, answer, request, context))
        })
    }
}

/// POST, and GET where old clients are to be served.
pub(super) fn routes(path: &str, oauth1: &Oauth1Settings, settings: &Settings) -> Vec<RoutePattern> {
    let mut routes = vec![(Some(Method::POST), at(settings, path))];
    if oauth1.get {
        routes.push((Some(Method::GET), at(settings, path)));
    }
    routes
}

async fn give(request: &Request, context: &Context, event: &mut Event) -> Result<Response, Refused> {
    let proven =
        verify(&signed(request, context)?, With::Nothing, Arrived::Here(request), context).await?.ok_or_else(super::verify::unsigned)?;
    let client = &*proven.client;
    event.client_id = Some(client.id.clone());
    let oauth1 = context.settings.oauth1.as_ref().ok_or_else(|| OAuthError::server_error("OAuth 1.0a is off"))?;
    let callback = match oauth1.callback {
        CallbackRule::Sent => Callback::claim(client, proven.request.callback()),
        CallbackRule::Registered => Callback::claim_or_registered(client, proven.request.callback()),
    }?;
    let expires_at = context.now().plus(oauth1.temporary_ttl);
    for _ in 0..mint::DRAWS {
        let (given, insert) = credentials::temporary(client, &callback, expires_at, context)?;
        let answering = Answering {
            point: HookPoint::RequestTokenResponse,
            drafted: &[
                ("oauth_token", given.token.as_str()),
                ("oauth_token_secret", given.secret.expose().as_str()),
                ("oauth_callback_confirmed", "true"),
            ],
            client,
            subject: None,
            data: &PluginData::new(),
        };
        let more = answering.added(request, context, event).await?;
        if context.records.apply(Batch::new().with(insert)).await? == Applied::Applied {
            return Ok(answer::given(given.form(&more).into_inner(), context));
        }
    }
    Err(OAuthError::server_error("no free id for temporary credentials was found").into())
}
