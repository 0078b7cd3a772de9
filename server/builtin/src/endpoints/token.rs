//! The token endpoint: authenticate, redeem, mint, ask the hooks, commit, answer (RFC 6749 §3.2, §5).

use http::{Method, StatusCode};
use keyhook_component::audit::{Decision, Event};
use keyhook_component::context::Context;
use keyhook_component::endpoint::{Endpoint, RoutePattern};
use keyhook_component::grant::{Grant, Lost, Pending, Refresh};
use keyhook_component::hooks::{HookPoint, PluginData};
use keyhook_component::request::Request;
use keyhook_component::response::Response;
use keyhook_component::settings::Settings;
use keyhook_component::{BoxFuture, component};
use keyhook_core::authorize::Refusal;
use keyhook_core::client::AuthMethod;
use keyhook_core::client_auth::AuthenticatedClient;
use keyhook_core::error::OAuthError;
use keyhook_core::form::Form;
use keyhook_core::metadata::Metadata;
use serde::Serialize;
use serde_json::{Map, Value};

use super::{AUTH_METHODS, at, audited};
use crate::client_auth::{authenticate, parameters};
use crate::commit::{Committed, commit};
use crate::family;
use crate::mint::{Draft, mint};
use crate::plugin_grant::Asking;
use crate::token_hooks::TokenHooks;

/// The endpoint. With `compat = ["oauth2u"]` it answers at `/access-token` too.
#[derive(Clone, Copy, Debug, Default)]
pub struct TokenEndpoint;

component!(Endpoint: TokenEndpoint);

impl Endpoint for TokenEndpoint {
    fn name(&self) -> &'static str {
        "token"
    }

    fn routes(&self, settings: &Settings) -> Vec<RoutePattern> {
        let mut paths = vec![at(settings, &settings.paths.token)];
        if settings.imitates("oauth2u") && settings.paths.token != OAUTH2U_PATH {
            paths.push(at(settings, OAUTH2U_PATH));
        }
        paths.into_iter().map(|path| (Some(Method::POST), path)).collect()
    }

    fn describe(&self, settings: &Settings, metadata: &mut Metadata) {
        metadata.endpoint("token_endpoint", &settings.issuer, &settings.paths.token);
        metadata.list("token_endpoint_auth_methods_supported", AUTH_METHODS.map(AuthMethod::name));
    }

    fn answer<'a>(&'a self, request: &'a Request, context: &'a Context) -> BoxFuture<'a, Result<Response, Refusal>> {
        Box::pin(async move {
            let mut event = Event::new(Decision::Token, "ok").request(&request.id);
            let answer = exchange(request, context, &mut event).await;
            audited(event, answer, context)
        })
    }
}

/// Where oauth2u had its token endpoint.
const OAUTH2U_PATH: &str = "/access-token";

/// One round more than a lost race needs, and as many as ids that collide will ever need.
const MOST_ROUNDS: usize = 4;

async fn exchange(request: &Request, context: &Context, event: &mut Event) -> Result<Response, OAuthError> {
    let form = parameters(request)?;
    let client = authenticate(request, &form, context).await?;
    event.client_id = Some(client.id.clone());
    let grant_type = form.required("grant_type")?;
    let by_plugin;
    let grant: &dyn Grant = match context.grant(grant_type) {
        Ok(grant) => {
            client.allows_grant(grant_type)?;
            &**grant
        }
        Err(error) if !context.hooks.is_provided(HookPoint::TokenGrant, grant_type) => return Err(error),
        Err(_) => {
            client.allows_grant(grant_type)?;
            let asking = Asking { request, form: &form, client: &client, grant_type, context };
            by_plugin = Box::pin(asking.ask(event)).await?;
            &by_plugin
        }
    };
    let hooks = TokenHooks::new(request, &form, &client, grant_type, context);
    let exchange = Exchange { form: &form, client: &client, grant, hooks, context };
    let mut again = false;
    for _ in 0..MOST_ROUNDS {
        match exchange.round(event).await? {
            Round::Issued(response) => return Ok(response),
            Round::Redraw => {}
            Round::Lost(pending) => match grant.lost(&pending, context).await {
                Lost::Again if !again => again = true,
                Lost::Again => break,
                Lost::Refused(error) => return Err(error),
            },
        }
    }
    Err(OAuthError::temporarily_unavailable(1).with_cause("the records changed in every round"))
}

/// What stays the same from one round to the next.
struct Exchange<'a> {
    form: &'a Form,
    client: &'a AuthenticatedClient,
    grant: &'a dyn Grant,
    /// `None` when no plugin listens.
    hooks: Option<TokenHooks<'a>>,
    context: &'a Context,
}

/// How one attempt ended.
enum Round {
    /// The tokens exist.
    Issued(Response),
    /// Somebody else took the guard.
    Lost(Pending),
    /// An id was taken or a record changed; nothing was written.
    Redraw,
}

impl Exchange<'_> {
    async fn round(&self, event: &mut Event) -> Result<Round, OAuthError> {
        let context = self.context;
        let mut pending = self.grant.redeem(self.form, self.client, context).await?;
        pending.scope = pending.scope.still(&self.client.scope)?;
        event.subject.clone_from(&pending.subject);
        let before = pending.data.clone();
        if let Some(hooks) = &self.hooks {
            // Before the token is made: what a plugin attaches may be an attribute of it.
            Box::pin(hooks.validate(&mut pending, event)).await?;
        }
        let mut draft = mint(&pending, self.client, self.grant.grant_type(), context).await?;
        let body = match &self.hooks {
            None => Some(write(&TokenResponse::of(&draft, &pending, self.grant))?),
            // Boxed, so that requests which no plugin sees do not carry the room for it.
            Some(hooks) => Box::pin(self.edited(hooks, &before, &mut draft, &mut pending, event)).await?,
        };
        let Some(body) = body else { return Ok(Round::Redraw) };
        if let Some(mut opened) = pending.opens.take() {
            opened.body.data = std::mem::take(&mut pending.data);
            draft.batch.push(opened.insert()?);
        }
        match commit(draft.batch, pending.guard.is_some(), context).await? {
            Committed::Issued => Ok(Round::Issued(Response::json(StatusCode::OK, body))),
            Committed::Lost => Ok(Round::Lost(pending)),
            Committed::Redraw => Ok(Round::Redraw),
        }
    }

    /// The body of the response as plugins left it; what they attached joins the draft. `None` when the grant's record changed
    /// meanwhile.
    async fn edited(
        &self,
        hooks: &TokenHooks<'_>,
        before: &PluginData,
        draft: &mut Draft,
        pending: &mut Pending,
        event: &mut Event,
    ) -> Result<Option<Vec<u8>>, OAuthError> {
        let body = if hooks.edit_responses() {
            let drafted = members(&TokenResponse::of(draft, pending, self.grant));
            write(&hooks.respond(drafted, pending, event).await?)?
        } else {
            write(&TokenResponse::of(draft, pending, self.grant))?
        };
        if *before != pending.data && pending.opens.is_none() && keeps_data(pending) {
            match family::keep_data(pending.grant, before, std::mem::take(&mut pending.data), self.context).await? {
                Some(operation) => draft.batch.push(operation),
                None => return Ok(None),
            }
        }
        Ok(Some(body))
    }
}

/// Whether what plugins attached is stored: where there is a grant to travel with, and not when an answer is only given again.
fn keeps_data(pending: &Pending) -> bool {
    !pending.grant.is_none() && !matches!(pending.refresh, Refresh::Same(_))
}

/// The members of a token response (RFC 6749 §5.1).
#[derive(Serialize)]
struct TokenResponse<'a> {
    access_token: &'a str,
    token_type: &'static str,
    expires_in: u64,
    /// Always said where there is one, so that a client need not know whether it got all it asked for.
    #[serde(skip_serializing_if = "str::is_empty")]
    scope: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    refresh_token: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    issued_token_type: Option<&'static str>,
}

impl<'a> TokenResponse<'a> {
    fn of(draft: &'a Draft, pending: &'a Pending, grant: &dyn Grant) -> Self {
        TokenResponse {
            access_token: draft.access_token.expose(),
            token_type: "Bearer",
            expires_in: draft.expires_in,
            scope: pending.scope.scope().as_str(),
            refresh_token: draft.refresh_token.as_ref().map(|token| token.expose().as_str()),
            issued_token_type: grant.issued_token_type(),
        }
    }
}

/// The same members as plugins edit them.
fn members(response: &TokenResponse<'_>) -> Map<String, Value> {
    match serde_json::to_value(response) {
        Ok(Value::Object(members)) => members,
        // Strings and a number always make an object; if that changes, the check of the protected members refuses.
        _ => Map::new(),
    }
}

fn write(members: &impl Serialize) -> Result<Vec<u8>, OAuthError> {
    let mut body = Vec::with_capacity(USUAL_LENGTH);
    serde_json::to_writer(&mut body, members).map_err(|error| OAuthError::server_error(format!("writing the token response: {error}")))?;
    Ok(body)
}

/// Bytes of a response with both tokens and a few scopes.
const USUAL_LENGTH: usize = 320;
