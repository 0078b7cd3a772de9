//! The start page of `keyhook dev`: what runs, which plugins, what did not build, what to try next. Not there in production.

use http::{Method, StatusCode};
use keyhook_component::context::Context;
use keyhook_component::dev::{DevStatus, PluginLine};
use keyhook_component::endpoint::{Endpoint, RoutePattern};
use keyhook_component::request::Request;
use keyhook_component::response::Response;
use keyhook_component::settings::Settings;
use keyhook_component::{BoxFuture, component};
use keyhook_core::authorize::Refusal;

use super::at;
use crate::{pages, session};

/// `GET /`, in development only.
#[derive(Clone, Copy, Debug, Default)]
pub struct StartEndpoint;

component!(Endpoint: StartEndpoint);

impl Endpoint for StartEndpoint {
    fn name(&self) -> &'static str {
        "start"
    }

    fn routes(&self, settings: &Settings) -> Vec<RoutePattern> {
        if settings.dev { vec![(Some(Method::GET), at(settings, "/"))] } else { Vec::new() }
    }

    fn is_page(&self) -> bool {
        true
    }

    fn answer<'a>(&'a self, request: &'a Request, context: &'a Context) -> BoxFuture<'a, Result<Response, Refusal>> {
        Box::pin(async move {
            let session = session::read(request, context).await?;
            Ok(page(context, session.as_ref().and_then(|session| session.subject.as_deref())))
        })
    }
}

/// Every plugin, with its last error if it serves.
fn with_errors(dev: &dyn DevStatus) -> Vec<(PluginLine, Option<String>)> {
    let error = |line: &PluginLine| line.refused.is_none().then(|| dev.last_error(&line.name)).flatten();
    let both = |line: PluginLine| {
        let error = error(&line);
        (line, error)
    };
    dev.plugins().into_iter().map(both).collect()
}

fn page(context: &Context, subject: Option<&str>) -> Response {
    let settings = &context.settings;
    let dev = context.dev.as_ref();
    pages::page(
        StatusCode::OK,
        &pages::Start {
            base: pages::base(settings),
            issuer: settings.issuer.as_str(),
            metadata: settings.issuer.well_known_path("oauth-authorization-server"),
            playground: at(settings, "/playground"),
            logout: at(settings, &settings.paths.logout),
            subject,
            facts: dev.map(|dev| dev.facts()).unwrap_or_default(),
            plugins: dev.map(|dev| with_errors(&**dev)).unwrap_or_default(),
            build: dev.and_then(|dev| dev.build()),
            refused_reload: dev.and_then(|dev| dev.refused_reload()),
            commands: dev.map(|dev| dev.commands()).unwrap_or_default(),
        },
    )
}
