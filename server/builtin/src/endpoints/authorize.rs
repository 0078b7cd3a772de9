//! The authorization endpoint: whose request, may it be, who is here, what do plugins say, then the pages (RFC 6749 §3.1, §4.1.1).

use http::{HeaderValue, Method, StatusCode, header};
use keyhook_component::audit::{Decision, Event};
use keyhook_component::context::Context;
use keyhook_component::endpoint::{Endpoint, RoutePattern};
use keyhook_component::hooks::HookPoint;
use keyhook_component::request::Request;
use keyhook_component::response::Response;
use keyhook_component::settings::Settings;
use keyhook_component::{BoxFuture, component};
use keyhook_core::authorize::Refusal;
use keyhook_core::metadata::Metadata;

use super::{at, closed};
use crate::flow::{Flow, Visit};
use crate::interaction;

/// The endpoint. GET is the client's request; POST is the form that comes back from a plugin's page.
#[derive(Clone, Copy, Debug, Default)]
pub struct AuthorizeEndpoint;

component!(Endpoint: AuthorizeEndpoint);

impl Endpoint for AuthorizeEndpoint {
    fn name(&self) -> &'static str {
        "authorize"
    }

    fn routes(&self, settings: &Settings) -> Vec<RoutePattern> {
        let path = at(settings, &settings.paths.authorize);
        vec![(Some(Method::GET), path.clone()), (Some(Method::POST), path)]
    }

    fn describe(&self, settings: &Settings, metadata: &mut Metadata) {
        metadata.endpoint("authorization_endpoint", &settings.issuer, &settings.paths.authorize);
    }

    fn is_page(&self) -> bool {
        true
    }

    fn answer<'a>(&'a self, request: &'a Request, context: &'a Context) -> BoxFuture<'a, Result<Response, Refusal>> {
        Box::pin(async move {
            let mut event = Event::new(Decision::Authorization, "ok").request(&request.id);
            let answer = match request.method {
                Method::POST => form(request, context, &mut event).await,
                _ => ask(request, context, &mut event).await,
            };
            closed(event, answer, request, context)
        })
    }
}

/// GET: the walk of an authorization request. No step is skipped, and the code is the last one.
async fn ask(request: &Request, context: &Context, event: &mut Event) -> Result<Response, Refusal> {
    let query = request.query_form()?; //                                          malformed: a page
    let flow = Flow::arrive(Visit { request, context, event }, &query).await?; //  client, redirect URI, then the rest
    flow.ask_plugins(HookPoint::AuthorizationGet, None).await //                   plugins, login, consent, code
}

/// POST: a plugin's form. The request is the stored one, whatever the form says.
async fn form(request: &Request, context: &Context, event: &mut Event) -> Result<Response, Refusal> {
    if !context.hooks.any(HookPoint::AuthorizationPost) {
        let allow = HeaderValue::from_static("GET");
        return Ok(Response::empty(StatusCode::METHOD_NOT_ALLOWED).no_store().with(header::ALLOW, allow));
    }
    let form = request.form()?;
    let name = form.once("interaction")?;
    let flow = Flow::resume(Visit { request, context, event }, name).await?;
    flow.browser.check_form(name.unwrap_or_default(), form.once("csrf_token")?)?;
    let stored = flow.open.as_ref().map(|open| open.stored.body.generation);
    if stored != Some(interaction::generation(context)) {
        // Another plugin, or another version, made this form: its page is shown anew.
        return Ok(Response::redirect_local(&super::resume::target(context, name.unwrap_or_default())));
    }
    flow.ask_plugins(HookPoint::AuthorizationPost, Some(&form)).await
}
