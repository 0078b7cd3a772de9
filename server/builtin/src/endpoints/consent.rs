//! The built-in consent page: who asks, where the answer goes, what is asked for, and two buttons of equal weight (RFC 6749 §10.2).

use http::{Method, StatusCode};
use keyhook_component::audit::{Decision, Event};
use keyhook_component::context::Context;
use keyhook_component::endpoint::{Endpoint, RoutePattern};
use keyhook_component::request::Request;
use keyhook_component::response::Response;
use keyhook_component::settings::Settings;
use keyhook_component::{BoxFuture, component};
use keyhook_core::authorize::Refusal;
use keyhook_core::error::OAuthError;
use keyhook_core::scope::Scope;

use super::{at, closed, resume};
use crate::cookies::foreign_form;
use crate::flow::{Flow, Visit};
use crate::{consent, pages, session};

/// The endpoint.
#[derive(Clone, Copy, Debug, Default)]
pub struct ConsentEndpoint;

component!(Endpoint: ConsentEndpoint);

impl Endpoint for ConsentEndpoint {
    fn name(&self) -> &'static str {
        "consent"
    }

    fn routes(&self, settings: &Settings) -> Vec<RoutePattern> {
        if !settings.builtin_consent {
            return Vec::new();
        }
        let path = at(settings, &settings.paths.consent);
        vec![(Some(Method::GET), path.clone()), (Some(Method::POST), path)]
    }

    fn is_page(&self) -> bool {
        true
    }

    fn answer<'a>(&'a self, request: &'a Request, context: &'a Context) -> BoxFuture<'a, Result<Response, Refusal>> {
        Box::pin(async move {
            let mut event = Event::new(Decision::Consent, "ok").request(&request.id);
            let answer = match request.method {
                Method::POST => decide(request, context, &mut event).await,
                _ => show(request, context, &mut event).await,
            };
            closed(event, answer, request, context)
        })
    }
}

async fn show(request: &Request, context: &Context, event: &mut Event) -> Result<Response, Refusal> {
    let query = request.query_form()?;
    let name = query.once("interaction")?.unwrap_or_default();
    let flow = Flow::resume(Visit { request, context, event }, Some(name)).await?;
    let Some((session, subject)) = flow.signed_in() else {
        return Ok(Response::redirect_local(&resume::target(context, name)));
    };
    if !flow.has_passed_plugins() {
        return Ok(Response::redirect_local(&resume::target(context, name)));
    }
    let settings = &context.settings;
    let before = consent::remembered(context, &flow.client, subject).await?;
    let (new, known) = sentences(settings, flow.asked.scope.scope(), before.as_ref().map(|consent| &consent.body.scope));
    let switch = if settings.builtin_login { &settings.paths.login } else { &settings.paths.logout };
    Ok(pages::page(
        StatusCode::OK,
        &pages::Consent {
            base: pages::base(settings),
            action: at(settings, &settings.paths.consent),
            switch: format!("{}?interaction={name}", at(settings, switch)),
            client: &flow.client.name,
            client_id: &flow.client.id,
            target: &flow.asked.redirect_uri.host_for_people(),
            subject,
            new,
            known,
            interaction: name,
            csrf_token: &flow.browser.form_token(&form_of(name, session)),
        },
    ))
}

async fn decide(request: &Request, context: &Context, event: &mut Event) -> Result<Response, Refusal> {
    let form = request.form()?;
    let name = form.once("interaction")?.unwrap_or_default();
    let flow = Flow::resume(Visit { request, context, event }, Some(name)).await?;
    // Whoever is signed in must be the one whom the page named.
    let Some((session, subject)) = flow.signed_in() else { return Err(foreign_form().into()) };
    flow.browser.check_form(&form_of(name, session), form.once("csrf_token")?)?;
    if !flow.has_passed_plugins() {
        return Ok(Response::redirect_local(&resume::target(context, name)));
    }
    if form.once("decision")? != Some("allow") {
        return flow.refuse(OAuthError::access_denied().with_cause("the user did not allow it")).await;
    }
    let granted = flow.asked.scope.clone();
    consent::remember(context, &flow.client, subject, granted.scope()).await?;
    flow.approve(granted).await
}

/// What the form's token is bound to: this request and this session, so that nobody consents in another user's name.
fn form_of(interaction: &str, session: &session::Live) -> String {
    format!("{interaction} consent {}", session::id(session))
}

/// A scope, and the sentence that says what it allows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Sentence {
    /// For people.
    pub(crate) text: String,
    /// As the client sent it.
    pub(crate) scope: String,
}

/// What is asked for anew, and what was allowed before.
fn sentences(settings: &Settings, asked: &Scope, before: Option<&Scope>) -> (Vec<Sentence>, Vec<Sentence>) {
    let describe = |scope: &str| Sentence {
        text: settings.scope_descriptions.get(scope).cloned().unwrap_or_else(|| format!("Use “{scope}”")),
        scope: scope.to_owned(),
    };
    let (known, new): (Vec<_>, Vec<_>) = asked.iter().partition(|scope| before.is_some_and(|before| before.contains(scope)));
    (new.into_iter().map(describe).collect(), known.into_iter().map(describe).collect())
}
