//! Sign-out: a page that asks, a form that does it. A link or an image alone signs nobody out (OWASP ASVS 10.6.2).

use http::{Method, StatusCode};
use keyhook_component::audit::{Decision, Event};
use keyhook_component::context::Context;
use keyhook_component::endpoint::{Endpoint, RoutePattern};
use keyhook_component::request::Request;
use keyhook_component::response::Response;
use keyhook_component::settings::Settings;
use keyhook_component::{BoxFuture, component};
use keyhook_core::authorize::Refusal;

use super::{at, closed};
use crate::cookies::{Browser, foreign_form};
use crate::{pages, session};

/// What its form is bound to in place of an interaction.
const FORM: &str = "logout";

/// The endpoint.
#[derive(Clone, Copy, Debug, Default)]
pub struct LogoutEndpoint;

component!(Endpoint: LogoutEndpoint);

impl Endpoint for LogoutEndpoint {
    fn name(&self) -> &'static str {
        "logout"
    }

    fn routes(&self, settings: &Settings) -> Vec<RoutePattern> {
        let path = at(settings, &settings.paths.logout);
        vec![(Some(Method::GET), path.clone()), (Some(Method::POST), path)]
    }

    fn is_page(&self) -> bool {
        true
    }

    fn answer<'a>(&'a self, request: &'a Request, context: &'a Context) -> BoxFuture<'a, Result<Response, Refusal>> {
        Box::pin(async move {
            let mut event = Event::new(Decision::SignOut, "ok").request(&request.id);
            let answer = match request.method {
                Method::POST => sign_out(request, context, &mut event).await,
                _ => show(request, context).await,
            };
            closed(event, answer, request, context)
        })
    }
}

async fn show(request: &Request, context: &Context) -> Result<Response, Refusal> {
    let settings = &context.settings;
    let session = session::read(request, context).await?;
    let browser = Browser::of(request, context);
    let response = pages::page(
        StatusCode::OK,
        &pages::Logout {
            base: pages::base(settings),
            action: at(settings, &settings.paths.logout),
            subject: session.as_ref().and_then(|session| session.subject.as_deref()),
            csrf_token: &browser.form_token(FORM),
        },
    );
    Ok(browser.cookie(settings).into_iter().fold(response, Response::with_cookie))
}

async fn sign_out(request: &Request, context: &Context, event: &mut Event) -> Result<Response, Refusal> {
    let form = request.form()?;
    let browser = Browser::known(request, &context.settings).ok_or_else(foreign_form)?;
    browser.check_form(FORM, form.once("csrf_token")?)?;
    let session = session::read(request, context).await?;
    event.subject = session.as_ref().and_then(|session| session.subject.clone());
    let cookie = session::end(context, session.as_ref()).await?;
    context.audit.record(event.clone());
    let response = pages::page(StatusCode::OK, &pages::SignedOut { base: pages::base(&context.settings) });
    Ok(cookie.into_iter().fold(response, Response::with_cookie))
}
