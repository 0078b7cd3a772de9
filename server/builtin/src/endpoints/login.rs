//! The built-in login page: a user name and a password, for one waiting authorization request.

use std::sync::OnceLock;

use http::{Method, StatusCode};
use keyhook_component::audit::{Decision, Event};
use keyhook_component::context::Context;
use keyhook_component::endpoint::{Endpoint, RoutePattern};
use keyhook_component::request::Request;
use keyhook_component::response::Response;
use keyhook_component::settings::Settings;
use keyhook_component::{BoxFuture, component};
use keyhook_core::authorize::Refusal;
use keyhook_core::error::{ErrorCode, OAuthError};
use keyhook_core::form::Form;
use keyhook_core::secret::Secret;

use super::{at, closed, resume};
use crate::flow::{Flow, Visit};
use crate::password::PasswordPool;
use crate::session::Identity;
use crate::{attempts, kh, pages, sign_in};

/// The endpoint, and the pool in which its passwords are compared.
#[derive(Debug, Default)]
pub struct LoginEndpoint {
    pool: OnceLock<PasswordPool>,
}

component!(Endpoint: LoginEndpoint);

impl Endpoint for LoginEndpoint {
    fn name(&self) -> &'static str {
        "login"
    }

    fn routes(&self, settings: &Settings) -> Vec<RoutePattern> {
        if !settings.builtin_login {
            return Vec::new();
        }
        let path = at(settings, &settings.paths.login);
        vec![(Some(Method::GET), path.clone()), (Some(Method::POST), path)]
    }

    fn is_page(&self) -> bool {
        true
    }

    fn answer<'a>(&'a self, request: &'a Request, context: &'a Context) -> BoxFuture<'a, Result<Response, Refusal>> {
        Box::pin(async move {
            let mut event = Event::new(Decision::SignIn, "ok").request(&request.id);
            let answer = match request.method {
                Method::POST => self.submit(request, context, &mut event).await,
                _ => show(request, context, &mut event).await,
            };
            closed(event, answer, request, context)
        })
    }
}

async fn show(request: &Request, context: &Context, event: &mut Event) -> Result<Response, Refusal> {
    let query = request.query_form()?;
    let flow = Flow::resume(Visit { request, context, event }, query.once("interaction")?).await?;
    let hint = flow.asked.login_hint.clone().unwrap_or_default();
    Ok(page(&flow, StatusCode::OK, &hint, ""))
}

impl LoginEndpoint {
    async fn submit(&self, request: &Request, context: &Context, event: &mut Event) -> Result<Response, Refusal> {
        let form = request.form()?;
        let name = form.once("interaction")?;
        let mut flow = Flow::resume(Visit { request, context, event }, name).await?;
        flow.browser.check_form(name.unwrap_or_default(), form.once("csrf_token")?)?;
        if form.once("cancel")?.is_some() {
            return flow.refuse(OAuthError::access_denied().with_cause("the user canceled the login")).await;
        }
        let user = form.once("username")?.unwrap_or_default().trim().to_owned();
        match self.authenticate(&flow, &user, &form).await {
            Ok(identity) => {
                flow.sign_in(identity).await?;
                let target = resume::target(context, name.unwrap_or_default());
                context.audit.record(flow.event.clone());
                flow.with_cookies(Response::redirect_local(&target)).await
            }
            Err(error) if [kh::SIGN_IN_FAILED, kh::TOO_MANY_ATTEMPTS, kh::SIGN_IN_BUSY].contains(&error.kh) => {
                Ok(again(&flow, &user, &error))
            }
            Err(error) => Err(error.into()),
        }
    }

    /// The user who knows the password.
    async fn authenticate(&self, flow: &Flow<'_>, name: &str, form: &Form) -> Result<Identity, OAuthError> {
        let context = flow.context;
        let password = Secret::new(form.once("password")?.unwrap_or_default().to_owned());
        sign_in::fits(name)?;
        let attempt = attempts::begin(context, name, &flow.browser.hash(), flow.request.client_ip).await?;
        let pool = self.pool.get_or_init(|| PasswordPool::new(context.settings.password_workers));
        sign_in::prove(name, password, attempt, pool, context).await?;
        Ok(Identity { subject: name.to_owned(), auth_time: context.now(), acr: None, amr: vec!["pwd".to_owned()] })
    }
}

/// The page again, with the name kept and a text that tells no user from another.
fn again(flow: &Flow<'_>, user: &str, error: &OAuthError) -> Response {
    let (status, text) = match error.code {
        ErrorCode::TooManyRequests => (StatusCode::TOO_MANY_REQUESTS, "Too many failed attempts. Wait a while, then try again."),
        ErrorCode::TemporarilyUnavailable => (StatusCode::SERVICE_UNAVAILABLE, "Too many people are signing in. Try again in a moment."),
        _ => (StatusCode::UNPROCESSABLE_ENTITY, "The user name or the password is not right."),
    };
    let response = page(flow, status, user, text);
    let mut event = flow.event.clone();
    super::refused(&mut event, error);
    flow.context.audit.record(event);
    response.with_retry(error)
}

fn page(flow: &Flow<'_>, status: StatusCode, user: &str, problem: &str) -> Response {
    let name = flow.open.as_ref().map(|open| open.name.as_str()).unwrap_or_default();
    pages::page(
        status,
        &pages::Login {
            base: pages::base(&flow.context.settings),
            action: at(&flow.context.settings, &flow.context.settings.paths.login),
            client: &flow.client.name,
            target: &flow.asked.redirect_uri.host_for_people(),
            interaction: name,
            csrf_token: &flow.browser.form_token(name),
            user,
            problem,
        },
    )
}
