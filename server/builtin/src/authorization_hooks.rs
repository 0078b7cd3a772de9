//! The hooks of the authorization endpoint: what plugins see of a request, and what becomes of what they decide.

use std::sync::Arc;

use http::StatusCode;
use keyhook_component::hooks::{Approved, Finished, HookCall, HookPoint, SessionValues, SignIn, Verdict};
use keyhook_component::record::Key;
use keyhook_component::records::User;
use keyhook_component::request::MAX_PARAMETERS;
use keyhook_component::response::Response;
use keyhook_core::authorize::Refusal;
use keyhook_core::client::ClientKind;
use keyhook_core::error::{ErrorCode, OAuthError};
use keyhook_core::form::Form;
use keyhook_core::scope::Scope;
use keyhook_core::time::Timestamp;

use crate::endpoints::resume;
use crate::flow::Flow;
use crate::session::{self, Identity};
use crate::{interaction, kh};

/// Longest subject that a plugin may sign in, in bytes.
const LONGEST_SUBJECT: usize = 255;
/// The form fields that are the server's own; hooks get the record instead.
pub(crate) const OWN_FIELDS: [&str; 2] = ["interaction", "csrf_token"];

impl Flow<'_> {
    /// Fires a chain and does what it decided. Where nobody listens the server's own pages come next.
    ///
    /// # Errors
    /// What the client or the user has to hear.
    pub(crate) async fn ask_plugins(mut self, point: HookPoint, form: Option<&Form>) -> Result<Response, Refusal> {
        if !self.context.hooks.any(point) {
            return self.proceed().await;
        }
        let call = self.call(form)?;
        let before = call.session.clone();
        let finished = self.context.hooks.run(point, call).await;
        self.settle(point, finished, before).await
    }

    async fn settle(mut self, point: HookPoint, finished: Finished, before: Option<SessionValues>) -> Result<Response, Refusal> {
        let Finished { call, verdict, plugin } = finished;
        self.event.plugin = plugin;
        if let Verdict::Deny(error) = verdict {
            return self.refuse(error).await;
        }
        self.keep(call, before).await?;
        match verdict {
            // A form that nobody took is no answer: the request goes on where it stood, past everybody who gates it.
            Verdict::Continue if point == HookPoint::AuthorizationPost => {
                let name = self.opened()?.name.clone();
                let response = Response::redirect_local(&resume::target(self.context, &name));
                self.with_cookies(response).await
            }
            Verdict::Continue => {
                // Whoever signed the user in, if anybody did, is who had a part in it.
                self.event.plugin.clone_from(&self.signed_in_by);
                self.proceed().await
            }
            Verdict::Respond(response) => self.respond(response).await,
            Verdict::SignIn(sign_in) => {
                let approved = sign_in.approved.clone();
                match self.identity(sign_in).await {
                    Ok(identity) => self.sign_in(identity).await?,
                    Err(error) => return self.refuse(error).await,
                }
                match approved {
                    Some(approved) => self.approve_part(approved).await,
                    None => self.ask_the_others().await,
                }
            }
            Verdict::Approve(approved) => self.approve_part(approved).await,
            Verdict::Deny(error) => self.refuse(error).await,
            Verdict::Grant(_) | Verdict::Client(_) | Verdict::Signature(_) => {
                self.refuse(OAuthError::server_error("an authorization hook answered as a hook of another endpoint does")).await
            }
        }
    }

    /// A plugin signed a user in: the others are asked about this user before anything follows, as they are after our own login.
    /// Else a plugin that gates would be passed by whoever signs in elsewhere. Once, so that two plugins cannot go on for ever.
    async fn ask_the_others(mut self) -> Result<Response, Refusal> {
        if self.signed_in_by.is_some() || self.event.plugin.is_none() {
            return self.proceed().await;
        }
        self.signed_in_by = self.event.plugin.clone();
        Box::pin(self.ask_plugins(HookPoint::AuthorizationGet, None)).await
    }

    /// A plugin's page goes to the browser, unless the client asked for none.
    async fn respond(self, response: Response) -> Result<Response, Refusal> {
        if self.asked.prompt.none() {
            let error = OAuthError::new(ErrorCode::InteractionRequired, "the user has to see a page").with_kh(kh::PAGE_NOT_ALLOWED);
            return self.refuse(error).await;
        }
        // A plugin's redirect after its form is 303 like ours, never 307: the form would travel on (RFC 9700 §4.12).
        let mut response = self.with_cookies(response).await?;
        if [StatusCode::TEMPORARY_REDIRECT, StatusCode::PERMANENT_REDIRECT].contains(&response.status) {
            response.status = StatusCode::SEE_OTHER;
        }
        Ok(response)
    }

    /// A plugin agreed in the user's name to all that was asked for, or to a part of it.
    async fn approve_part(self, approved: Approved) -> Result<Response, Refusal> {
        if self.signed_in().is_none() {
            let error = OAuthError::server_error("a plugin approved, and nobody is signed in well enough for this request");
            return self.refuse(error.with_kh(kh::APPROVED_FOR_NOBODY)).await;
        }
        let granted = match approved {
            Approved::Everything => Ok(self.asked.scope.clone()),
            Approved::Part(part) => Scope::parse(&part).and_then(|part| self.asked.scope.subset(&part)),
        };
        match granted {
            Ok(granted) => self.approve(granted).await,
            Err(error) => self.refuse(error).await,
        }
    }

    /// What plugins may read and write. The interaction begins first, so that their pages can name it.
    fn call(&mut self, form: Option<&Form>) -> Result<HookCall, OAuthError> {
        let subject = self.signed_in().map(|(_, subject)| subject.to_owned());
        let open = self.opened()?;
        let body = &mut open.stored.body;
        if body.data_of.is_some() && subject.is_some() && body.data_of != subject {
            // Another user came into this browser meanwhile. It is stored with what the plugins say now.
            body.data.clear();
        }
        body.data_of = subject.or_else(|| body.data_of.take());
        let (name, data) = (open.name.clone(), open.stored.body.data.clone());
        let form = form.map(without_own_fields).transpose()?.map(Arc::new);
        let skip = self.signed_in_by.clone();
        let mut call = HookCall { request: Some(Arc::new(self.request.clone())), form, data, skip, ..HookCall::default() };
        call.session = Some(self.session.as_ref().map(|session| session.body.values.clone()).unwrap_or_default());
        call.fact("request_id", &*self.request.id);
        call.fact("client_ip", self.request.client_ip.to_string());
        call.fact("issuer", self.context.settings.issuer.as_str());
        call.fact("client_id", self.client.id.as_str());
        call.fact("client_name", self.client.name.as_str());
        call.fact("client_type", if self.client.kind == ClientKind::Public { "public" } else { "confidential" });
        call.fact("redirect_uri", self.asked.redirect_uri.as_str());
        call.fact("scope", self.asked.scope.scope().as_str());
        call.fact_if("state", self.asked.state.as_deref());
        call.fact("csrf_token", self.browser.form_token(&name));
        call.fact("interaction", name);
        if let Some((session, subject)) = self.signed_in() {
            call.fact("subject", subject);
            call.fact("auth_time", session.body.auth_time.seconds().to_string());
            call.fact_if("acr", session.body.acr.as_deref());
            call.fact_if("amr", (!session.body.amr.is_empty()).then(|| session.body.amr.join(" ")));
        }
        Ok(call)
    }

    /// Keeps what plugins edited: their data in the interaction, their values in the session.
    async fn keep(&mut self, call: HookCall, before: Option<SessionValues>) -> Result<(), OAuthError> {
        let context = self.context;
        let open = self.opened()?;
        let generation = interaction::generation(context);
        if open.stored.body.data != call.data || open.stored.body.generation != generation {
            open.stored.body.data = call.data;
            open.stored.body.generation = generation;
            open.save(context).await?;
        }
        if call.session == before {
            return Ok(());
        }
        let kept = session::keep_values(context, self.session.as_ref(), call.session.unwrap_or_default()).await?;
        self.adopt(kept);
        Ok(())
    }

    /// The user whom a plugin signed in, checked as if a stranger had said so.
    async fn identity(&self, sign_in: SignIn) -> Result<Identity, OAuthError> {
        let refuse = |cause: &'static str| OAuthError::server_error(cause).with_kh(kh::PLUGIN_SIGN_IN);
        let SignIn { subject, auth_time, acr, amr, approved: _ } = sign_in;
        if !is_subject(&subject) {
            return Err(refuse("a plugin's subject must be 1 to 255 bytes without control characters"));
        }
        let now = self.context.now();
        let auth_time = auth_time.map_or(now, Timestamp::from_seconds);
        if auth_time > now || auth_time < Timestamp::ZERO {
            return Err(refuse("a plugin's auth_time lies in the future or before 1970"));
        }
        let user = self.context.records.read::<User>(&Key::named(&subject)).await?.live();
        if user.is_some_and(|user| user.body.disabled) {
            return Err(OAuthError::access_denied().with_cause("the user is disabled").with_kh(kh::SIGN_IN_FAILED));
        }
        Ok(Identity { subject, auth_time, acr, amr })
    }
}

/// Whether a text can name a user: 1 to 255 bytes without control characters.
pub(crate) fn is_subject(text: &str) -> bool {
    !text.is_empty() && text.len() <= LONGEST_SUBJECT && !text.chars().any(char::is_control)
}

fn without_own_fields(form: &Form) -> Result<Form, OAuthError> {
    let mut body = form_urlencoded::Serializer::new(String::new());
    body.extend_pairs(form.iter().filter(|(name, _)| !OWN_FIELDS.contains(name)));
    Ok(Form::parse(body.finish().as_bytes(), MAX_PARAMETERS)?)
}
