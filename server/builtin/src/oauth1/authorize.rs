//! Where a consumer sends the user, with the name of its temporary credentials (RFC 5849 §2.2). What follows is the same for every
//! protocol: plugins, login, consent.

use http::Method;
use keyhook_component::audit::{Decision, Event};
use keyhook_component::context::Context;
use keyhook_component::endpoint::{Endpoint, RoutePattern};
use keyhook_component::hooks::HookPoint;
use keyhook_component::record::Key;
use keyhook_component::records::{Stored, TemporaryCredential};
use keyhook_component::request::Request;
use keyhook_component::response::Response;
use keyhook_component::settings::Settings;
use keyhook_component::store::Lookup;
use keyhook_component::{BoxFuture, component};
use keyhook_core::authorize::{AuthorizationRequest, Refusal};
use keyhook_core::error::OAuthError;
use keyhook_core::token::{IssuedToken, TokenKind};

use crate::client_auth::registered;
use crate::endpoints::{at, closed};
use crate::flow::{Flow, Visit};
use crate::kh;

/// The endpoint.
#[derive(Clone, Copy, Debug, Default)]
pub struct Oauth1AuthorizeEndpoint;

component!(Endpoint: Oauth1AuthorizeEndpoint);

impl Endpoint for Oauth1AuthorizeEndpoint {
    fn name(&self) -> &'static str {
        "oauth1_authorize"
    }

    fn routes(&self, settings: &Settings) -> Vec<RoutePattern> {
        settings.oauth1.as_ref().map_or_else(Vec::new, |oauth1| vec![(Some(Method::GET), at(settings, &oauth1.authorize))])
    }

    fn is_page(&self) -> bool {
        true
    }

    fn answer<'a>(&'a self, request: &'a Request, context: &'a Context) -> BoxFuture<'a, Result<Response, Refusal>> {
        Box::pin(async move {
            let mut event = Event::new(Decision::Authorization, "ok").request(&request.id);
            let answer = ask(request, context, &mut event).await;
            closed(event, answer, request, context)
        })
    }
}

async fn ask(request: &Request, context: &Context, event: &mut Event) -> Result<Response, Refusal> {
    let query = request.query_form()?;
    let token = query.required("oauth_token")?;
    let found = waiting(token, context).await?.ok_or_else(not_waiting)?;
    let client = registered(context, found.client.as_deref().unwrap_or_default()).await?;
    event.client_id = client.as_ref().map(|client| client.id.clone());
    let asked = AuthorizationRequest::of_temporary_credentials(token, &found.body.callback, client.as_deref())?;
    let client = client.ok_or_else(|| OAuthError::server_error("a request was bound to no client"))?;
    if found.id().born() <= client.not_before {
        // Nothing could come of a yes: the client's credentials were revoked.
        return Err(not_waiting().into());
    }
    let flow = Flow::begin(Visit { request, context, event }, client, asked).await?;
    flow.ask_plugins(HookPoint::AuthorizationGet, None).await
}

/// The temporary credentials of this name, if a user may still decide about them.
///
/// # Errors
/// When the store does not answer.
pub(super) async fn waiting(name: &str, context: &Context) -> Result<Option<std::sync::Arc<Stored<TemporaryCredential>>>, OAuthError> {
    let Some(token) = IssuedToken::parse(TokenKind::TemporaryCredential, name) else { return Ok(None) };
    let Lookup::Live(found) = context.records.read::<TemporaryCredential>(&Key::Issued(token.id)).await? else { return Ok(None) };
    let open = found.body.authorized.is_none() && !found.body.denied && !found.expires_at.has_passed(context.now());
    Ok(Some(found).filter(|found| open && token.fits(found.grant, &found.body.hash)))
}

/// One answer to names that never were, that have expired, and that somebody decided about.
pub(super) fn not_waiting() -> OAuthError {
    OAuthError::invalid_request("the oauth_token is unknown, has expired, or was answered").with_kh(kh::TEMPORARY_CREDENTIALS)
}
