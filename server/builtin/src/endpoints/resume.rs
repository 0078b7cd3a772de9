//! Where a visitor returns to a waiting authorization request, from a login of ours or from a plugin's own login elsewhere.

use http::Method;
use keyhook_component::audit::{Decision, Event};
use keyhook_component::context::Context;
use keyhook_component::endpoint::{Endpoint, RoutePattern};
use keyhook_component::hooks::HookPoint;
use keyhook_component::request::Request;
use keyhook_component::response::Response;
use keyhook_component::settings::Settings;
use keyhook_component::{BoxFuture, component};
use keyhook_core::authorize::Refusal;

use super::{at, closed};
use crate::flow::{Flow, Visit};

/// `GET <authorize>/resume?interaction=…`: fires `authorization_GET` again.
#[derive(Clone, Copy, Debug, Default)]
pub struct ResumeEndpoint;

component!(Endpoint: ResumeEndpoint);

impl Endpoint for ResumeEndpoint {
    fn name(&self) -> &'static str {
        "authorize-resume"
    }

    fn routes(&self, settings: &Settings) -> Vec<RoutePattern> {
        vec![(Some(Method::GET), path(settings))]
    }

    fn is_page(&self) -> bool {
        true
    }

    fn answer<'a>(&'a self, request: &'a Request, context: &'a Context) -> BoxFuture<'a, Result<Response, Refusal>> {
        Box::pin(async move {
            let mut event = Event::new(Decision::Authorization, "ok").request(&request.id);
            let answer = resume(request, context, &mut event).await;
            closed(event, answer, request, context)
        })
    }
}

fn path(settings: &Settings) -> String {
    format!("{}/resume", at(settings, &settings.paths.authorize))
}

/// Where an interaction goes on.
pub(crate) fn target(context: &Context, interaction: &str) -> String {
    format!("{}?interaction={interaction}", path(&context.settings))
}

async fn resume(request: &Request, context: &Context, event: &mut Event) -> Result<Response, Refusal> {
    let query = request.query_form()?;
    let flow = Flow::resume(Visit { request, context, event }, query.once("interaction")?).await?;
    flow.ask_plugins(HookPoint::AuthorizationGet, None).await
}
