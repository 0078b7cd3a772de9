//! The hooks of the token endpoint: `access_token_validation` may veto, `access_token_response` may edit what is not protected.
//!
//! Where no plugin has registered, nothing is built and nothing runs. Both run on a draft: what they refuse leaves nothing behind.

use std::sync::Arc;

use bytes::Bytes;
use http::header;
use keyhook_component::audit::Event;
use keyhook_component::context::Context;
use keyhook_component::grant::Pending;
use keyhook_component::hooks::{HookCall, HookPoint, Verdict};
use keyhook_component::record::Key;
use keyhook_component::records::Grant;
use keyhook_component::request::Request;
use keyhook_component::store::Lookup;
use keyhook_core::client::{Client, ClientKind};
use keyhook_core::error::OAuthError;
use keyhook_core::form::Form;
use serde_json::{Map, Value};

use crate::token_kh;

/// What plugins see of one token request: the request without its secrets, and who sent it.
pub(crate) struct TokenHooks<'a> {
    context: &'a Context,
    client: &'a Client,
    grant_type: &'a str,
    request: Arc<Request>,
    form: Arc<Form>,
}

impl<'a> TokenHooks<'a> {
    /// Prepares the chains of a request; `None` when no plugin is registered on either hook.
    pub(crate) fn new(request: &Request, form: &Form, client: &'a Client, grant_type: &'a str, context: &'a Context) -> Option<Self> {
        let listened = [HookPoint::AccessTokenValidation, HookPoint::AccessTokenResponse].iter().any(|point| context.hooks.any(*point));
        if !listened {
            return None;
        }
        let (request, form) = without(request, form, is_secret);
        Some(TokenHooks { context, client, grant_type, request, form })
    }

    /// Fires `access_token_validation`.
    ///
    /// # Errors
    /// What the plugin that vetoes says; whatever fails, fails closed.
    pub(crate) async fn validate(&self, pending: &mut Pending, event: &mut Event) -> Result<(), OAuthError> {
        if self.context.hooks.any(HookPoint::AccessTokenValidation) {
            self.run(HookPoint::AccessTokenValidation, Map::new(), pending, event).await?;
        }
        Ok(())
    }

    /// Whether anybody listens on `access_token_response`.
    pub(crate) fn edit_responses(&self) -> bool {
        self.context.hooks.any(HookPoint::AccessTokenResponse)
    }

    /// Fires `access_token_response` on the drafted members, and gives the edited ones back.
    ///
    /// # Errors
    /// As [`TokenHooks::validate`]; `server_error` when a protected member came back changed.
    pub(crate) async fn respond(
        &self,
        drafted: Map<String, Value>,
        pending: &mut Pending,
        event: &mut Event,
    ) -> Result<Map<String, Value>, OAuthError> {
        let edited = self.run(HookPoint::AccessTokenResponse, drafted.clone(), pending, event).await?;
        check_protected(&drafted, &edited)?;
        Ok(edited)
    }

    async fn run(
        &self,
        point: HookPoint,
        response: Map<String, Value>,
        pending: &mut Pending,
        event: &mut Event,
    ) -> Result<Map<String, Value>, OAuthError> {
        let call = self.call(response, pending).await?;
        let finished = self.context.hooks.run(point, call).await;
        match finished.verdict {
            Verdict::Continue => {
                pending.data = finished.call.data;
                Ok(finished.call.response)
            }
            Verdict::Deny(error) => {
                event.plugin = finished.plugin;
                Err(error)
            }
            Verdict::Respond(_)
            | Verdict::SignIn(_)
            | Verdict::Approve(_)
            | Verdict::Grant(_)
            | Verdict::Client(_)
            | Verdict::Signature(_) => {
                event.plugin = finished.plugin;
                Err(OAuthError::server_error(format!("{} can only continue or deny", point.name())).with_kh(token_kh::WRONG_VERDICT))
            }
        }
    }

    async fn call(&self, response: Map<String, Value>, pending: &Pending) -> Result<HookCall, OAuthError> {
        let mut call = HookCall { response, data: pending.data.clone(), facts: Vec::with_capacity(FACTS), ..HookCall::default() };
        call.fact("client_id", self.client.id.as_str());
        call.fact("client_name", self.client.name.as_str());
        call.fact("client_type", if self.client.kind == ClientKind::Public { "public" } else { "confidential" });
        call.fact("grant_type", self.grant_type);
        call.fact("scope", pending.scope.scope().as_str());
        call.fact_if("subject", pending.subject.as_deref());
        call.fact("issuer", self.context.settings.issuer.as_str());
        call.fact("request_id", &*self.request.id);
        call.fact("client_ip", self.request.client_ip.to_string());
        call.request = Some(Arc::clone(&self.request));
        call.form = Some(Arc::clone(&self.form));
        if let Some(opened) = &pending.opens {
            sign_in_facts(&mut call, &opened.body);
        } else if !pending.grant.is_none()
            && let Lookup::Live(grant) | Lookup::Spent(grant) = self.context.records.get::<Grant>(&Key::Issued(pending.grant)).await?
        {
            sign_in_facts(&mut call, &grant.body);
        }
        Ok(call)
    }
}

/// How and when the user signed in.
fn sign_in_facts(call: &mut HookCall, grant: &Grant) {
    call.fact("auth_time", grant.auth_time.seconds().to_string());
    call.fact_if("acr", grant.acr.as_deref());
    call.fact_if("amr", (!grant.amr.is_empty()).then(|| grant.amr.join(" ")));
}

/// Room for all facts of a token request.
const FACTS: usize = 12;

/// The members that no plugin may touch; the host refuses every attempt, and this is the second lock.
const PROTECTED: [&str; 6] = ["access_token", "token_type", "refresh_token", "id_token", "scope", "issued_token_type"];

fn check_protected(drafted: &Map<String, Value>, edited: &Map<String, Value>) -> Result<(), OAuthError> {
    let kept = PROTECTED.iter().all(|name| drafted.get(*name) == edited.get(*name));
    let lifetime_kept = edited.get("expires_in").is_none_or(|value| drafted.get("expires_in") == Some(value));
    let no_error = edited.keys().all(|name| !name.starts_with("error"));
    if kept && lifetime_kept && no_error {
        return Ok(());
    }
    Err(OAuthError::server_error("a protected member of the token response came back changed").with_kh(token_kh::PROTECTED_CHANGED))
}

/// The request as hooks may see it: nothing of its form that is `hidden`, no body, no `Authorization`.
pub(crate) fn without(request: &Request, form: &Form, hidden: impl Fn(&str) -> bool) -> (Arc<Request>, Arc<Form>) {
    let mut headers = request.headers.clone();
    headers.remove(header::AUTHORIZATION);
    let seen = Request {
        id: Arc::clone(&request.id),
        method: request.method.clone(),
        path: request.path.clone(),
        query: String::new(),
        headers,
        body: Bytes::new(),
        client_ip: request.client_ip,
        scheme: request.scheme,
        host: request.host.clone(),
        path_parameters: Vec::new(),
    };
    (Arc::new(seen), Arc::new(form.without(hidden)))
}

/// Whether a parameter of this name carries a credential, by the names of RFC 6749, 7521, 7636, 8628 and 8693.
pub(crate) fn is_secret(name: &str) -> bool {
    ["code", "password", "assertion"].contains(&name)
        || ["_secret", "_assertion", "_token", "_code", "code_verifier"].iter().any(|ending| name.ends_with(ending))
}
