//! The grants of plugins: the hook `token_grant` says whose grant it is, the server narrows, keeps and mints it (RFC 6749 §4.5).

use keyhook_component::BoxFuture;
use keyhook_component::audit::Event;
use keyhook_component::context::Context;
use keyhook_component::grant::{Grant, Lost, Pending, Refresh};
use keyhook_component::hooks::{Granting, HookCall, HookPoint, PluginData, Verdict};
use keyhook_component::record::Key;
use keyhook_component::records::User;
use keyhook_component::request::Request;
use keyhook_core::client::ClientKind;
use keyhook_core::client_auth::AuthenticatedClient;
use keyhook_core::error::OAuthError;
use keyhook_core::form::Form;
use keyhook_core::id::RecordId;
use keyhook_core::scope::{Granted, Scope};
use keyhook_core::time::Timestamp;

use crate::token_hooks::without;
use crate::{kh, mint, token_kh};

/// A token request for a grant of a plugin's. The client is authenticated and registered for it.
pub(crate) struct Asking<'a> {
    pub(crate) request: &'a Request,
    pub(crate) form: &'a Form,
    pub(crate) client: &'a AuthenticatedClient,
    pub(crate) grant_type: &'a str,
    pub(crate) context: &'a Context,
}

/// What a plugin granted. It is asked once a request, whatever happens when it is committed: what it takes, it takes once.
pub(crate) struct PluginGrant {
    grant_type: String,
    subject: Option<String>,
    scope: Granted,
    refresh: bool,
    auth_time: Timestamp,
    acr: Option<String>,
    amr: Vec<String>,
    data: PluginData,
}

impl Asking<'_> {
    /// Asks the plugin.
    ///
    /// # Errors
    /// What the plugin says, `invalid_scope`, and `invalid_grant` for a user who is disabled; whatever fails, fails closed.
    pub(crate) async fn ask(&self, event: &mut Event) -> Result<PluginGrant, OAuthError> {
        let requested = self.form.once("scope")?.map(Scope::parse).transpose()?.filter(|scope| !scope.is_empty());
        let usual = self.client.narrow(requested.as_ref())?;
        let Some(answer) = self.context.hooks.provide(HookPoint::TokenGrant, self.grant_type, self.call(&usual)) else {
            return Err(OAuthError::unsupported_grant_type());
        };
        let finished = answer.await;
        event.plugin = finished.plugin;
        match finished.verdict {
            Verdict::Grant(granting) => {
                let scope = match &granting.scope {
                    None => usual,
                    Some(most) => capped(most, if requested.is_some() { usual.scope() } else { &self.client.scope })?,
                };
                self.granted(*granting, scope, finished.call.data).await
            }
            Verdict::Deny(error) => Err(error),
            _ => Err(OAuthError::server_error("token_grant can only grant or deny").with_kh(token_kh::WRONG_VERDICT)),
        }
    }

    /// The request as its own plugin sees it: all of its form but what authenticates the client.
    fn call(&self, scope: &Granted) -> HookCall {
        let (request, form) = without(self.request, self.form, |name| ["client_secret", "client_assertion"].contains(&name));
        let mut call = HookCall { request: Some(request), form: Some(form), ..HookCall::default() };
        call.fact("client_id", self.client.id.as_str());
        call.fact("client_name", self.client.name.as_str());
        call.fact("client_type", if self.client.kind == ClientKind::Public { "public" } else { "confidential" });
        call.fact("grant_type", self.grant_type);
        call.fact("scope", scope.scope().as_str());
        call
    }

    async fn granted(&self, granting: Granting, scope: Granted, data: PluginData) -> Result<PluginGrant, OAuthError> {
        let context = self.context;
        if let Some(subject) = granting.subject.as_deref()
            && context.records.read::<User>(&Key::named(subject)).await?.live().is_some_and(|user| user.body.disabled)
        {
            return Err(OAuthError::invalid_grant().with_cause("the user is disabled").with_kh(kh::SIGN_IN_FAILED));
        }
        Ok(PluginGrant {
            grant_type: self.grant_type.to_owned(),
            scope,
            refresh: granting.refresh && mint::gives_refresh(self.client, self.grant_type, context),
            auth_time: granting.auth_time.map_or_else(|| context.now(), Timestamp::from_seconds),
            subject: granting.subject,
            acr: granting.acr,
            amr: granting.amr,
            data,
        })
    }
}

/// What the plugin allows of what there may be; never more.
fn capped(most: &str, base: &Scope) -> Result<Granted, OAuthError> {
    let most =
        Scope::parse(most).map_err(|_| OAuthError::server_error("a plugin granted a malformed scope").with_kh(token_kh::WRONG_VERDICT))?;
    let left: Scope = most.iter().filter(|token| base.contains(token)).collect();
    if left.is_empty() && !most.is_empty() {
        let error = OAuthError::invalid_scope("nothing of the scope can be granted").with_kh(keyhook_core::kh::SCOPE_NOT_ALLOWED);
        return Err(error.with_cause(format!("the plugin allows `{most}`, the client may have `{base}`")));
    }
    Granted::narrow(Some(&left), base, &Scope::empty())
}

impl PluginGrant {
    /// A user can be signed out everywhere, a refresh token and data have to be found again: all this hangs on the grant's record.
    fn needs_record(&self) -> bool {
        self.subject.is_some() || self.refresh || !self.data.is_empty()
    }

    fn pending(&self, client: &AuthenticatedClient, context: &Context) -> Pending {
        let issue = || Refresh::Issue { scope: self.scope.clone(), rotates: false };
        let mut pending = Pending {
            subject: self.subject.clone(),
            scope: self.scope.clone(),
            grant: RecordId::NONE,
            opens: None,
            guard: None,
            refresh: if self.refresh { issue() } else { Refresh::No },
            ends_at: Timestamp::MAX,
            data: self.data.clone(),
        };
        if self.needs_record() {
            let grant = mint::NewGrant {
                subject: self.subject.as_deref(),
                scope: &self.scope,
                auth_time: self.auth_time,
                acr: self.acr.clone(),
                amr: self.amr.clone(),
            };
            let record = grant.record(client, context);
            (pending.grant, pending.ends_at) = (record.grant, record.expires_at);
            pending.opens = Some(Box::new(record));
        }
        pending
    }
}

impl Grant for PluginGrant {
    fn grant_type(&self) -> &str {
        &self.grant_type
    }

    fn redeem<'a>(
        &'a self,
        _: &'a Form,
        client: &'a AuthenticatedClient,
        context: &'a Context,
    ) -> BoxFuture<'a, Result<Pending, OAuthError>> {
        Box::pin(std::future::ready(Ok(self.pending(client, context))))
    }

    fn lost<'a>(&'a self, _: &'a Pending, _: &'a Context) -> BoxFuture<'a, Lost> {
        // What is used once the plugin has taken already.
        Box::pin(std::future::ready(Lost::Refused(OAuthError::server_error("a plugin's grant has no guard to lose"))))
    }
}
