//! One authorization request on its way from the client to a code: what plugins said, who is signed in, what comes next.
//!
//! Every path to a code leads through [`Flow::proceed`] or a plugin's approval, and both demand a session that is good enough.

use std::sync::Arc;
use std::time::Duration;

use http::HeaderValue;
use keyhook_component::audit::Event;
use keyhook_component::context::Context;
use keyhook_component::hooks::PluginData;
use keyhook_component::request::Request;
use keyhook_component::response::Response;
use keyhook_core::authorize::{AuthorizationRequest, Refusal, ResponseType, client_id};
use keyhook_core::client::Client;
use keyhook_core::error::{ErrorCode, OAuthError};
use keyhook_core::form::Form;
use keyhook_core::scope::Granted;

use crate::approve::{Approval, issue};
use crate::client_auth::registered;
use crate::cookies::Browser;
use crate::endpoints::at;
use crate::interaction::{self, Open};
use crate::session::{self, Identity, Live};
use crate::{consent, explain, implicit, kh, leave, oauth1};

/// A checked authorization request, the browser it came with, and what has been said so far.
pub(crate) struct Flow<'a> {
    pub(crate) request: &'a Request,
    pub(crate) context: &'a Context,
    pub(crate) client: Arc<Client>,
    pub(crate) asked: AuthorizationRequest,
    pub(crate) browser: Browser,
    pub(crate) session: Option<Live>,
    /// Begun as soon as somebody has to answer.
    pub(crate) open: Option<Open>,
    pub(crate) event: &'a mut Event,
    /// The plugin that signed the user in during this request.
    pub(crate) signed_in_by: Option<Arc<str>>,
    cookies: Vec<HeaderValue>,
}

/// What a request still lacks.
enum Step {
    SignIn,
    Consent,
    Code,
}

/// What every step of a request has at hand.
pub(crate) struct Visit<'a> {
    pub(crate) request: &'a Request,
    pub(crate) context: &'a Context,
    /// The audit event that the request ends in.
    pub(crate) event: &'a mut Event,
}

impl<'a> Flow<'a> {
    /// A request that arrives: client and redirect URI first, then the rest (RFC 6749 §4.1.2.1).
    ///
    /// # Errors
    /// A page, then a redirect, in that order.
    pub(crate) async fn arrive(visit: Visit<'a>, form: &Form) -> Result<Self, Refusal> {
        let Visit { request, context, event } = visit;
        let client = registered(context, client_id(form)?).await?;
        event.client_id = client.as_ref().map(|client| client.id.clone());
        let bound =
            AuthorizationRequest::bind(form, client.as_deref()).map_err(|refusal| explain::refusal(refusal, form, client.as_deref()))?;
        let asked = bound.offering(context.settings.tokens.implicit).check()?;
        form.no_duplicates().map_err(|error| asked.refuse(error))?;
        let client = client.ok_or_else(|| OAuthError::server_error("a request was bound to no client"))?;
        Flow::begin(Visit { request, context, event }, client, asked).await
    }

    /// A checked request of whatever protocol, and who is here.
    ///
    /// # Errors
    /// When the store cannot answer.
    pub(crate) async fn begin(visit: Visit<'a>, client: Arc<Client>, asked: AuthorizationRequest) -> Result<Self, Refusal> {
        let Visit { request, context, event } = visit;
        let session = session::read(request, context).await?;
        let browser = Browser::of(request, context);
        Ok(Flow { request, context, client, asked, browser, session, open: None, event, signed_in_by: None, cookies: Vec::new() })
    }

    /// A request that waited: found by the name that a page gave, for its own browser, and proven again.
    ///
    /// # Errors
    /// A page: 403 for what is not this browser's, or whatever has changed about the client meanwhile.
    pub(crate) async fn resume(visit: Visit<'a>, name: Option<&str>) -> Result<Self, Refusal> {
        let Visit { request, context, event } = visit;
        let browser = Browser::known(request, &context.settings);
        let open = interaction::find(context, request, browser.as_ref(), name).await?;
        let browser = browser.ok_or_else(|| OAuthError::server_error("an interaction was found for no browser"))?;
        let stored = &open.stored.body.request;
        event.client_id = Some(stored.client_id.clone());
        let client = context.records.client(&stored.client_id).await.map_err(OAuthError::from)?;
        let client =
            client.ok_or_else(|| OAuthError::invalid_request("the client is not known here").with_kh(keyhook_core::kh::UNKNOWN_CLIENT))?;
        let asked = AuthorizationRequest::revalidate(stored, &client)?;
        let offered = match asked.response_type {
            ResponseType::Code => true,
            ResponseType::Token => context.settings.tokens.implicit,
            ResponseType::Verifier => context.settings.oauth1.is_some(),
        };
        if !offered {
            let error = OAuthError::new(ErrorCode::UnsupportedResponseType, "response_type must be code");
            return Err(asked.refuse(error.with_kh(keyhook_core::kh::RESPONSE_TYPE)));
        }
        let session = session::read(request, context).await?;
        Ok(Flow { request, context, client, asked, browser, session, open: Some(open), event, signed_in_by: None, cookies: Vec::new() })
    }

    /// What is to be done now: sign in, consent, or the code.
    ///
    /// # Errors
    /// What the client has to hear.
    pub(crate) async fn proceed(self) -> Result<Response, Refusal> {
        let settings = &self.context.settings;
        let no_page = self.asked.prompt.none();
        match self.next().await? {
            Step::Code => {
                let granted = self.asked.scope.clone();
                self.approve(granted).await
            }
            Step::SignIn if no_page => {
                let error = OAuthError::new(ErrorCode::LoginRequired, "the user has to sign in");
                self.refuse(error.with_kh(keyhook_core::kh::LOGIN_REQUIRED)).await
            }
            Step::Consent if no_page => {
                let error = OAuthError::new(ErrorCode::ConsentRequired, "the user has to consent");
                self.refuse(error.with_kh(keyhook_core::kh::CONSENT_REQUIRED)).await
            }
            Step::SignIn if !settings.builtin_login => {
                self.refuse(nobody("no plugin answered and the built-in login is switched off", kh::NO_LOGIN)).await
            }
            Step::Consent if !settings.builtin_consent => {
                self.refuse(nobody("no plugin approved and the built-in consent is switched off", kh::NO_CONSENT)).await
            }
            Step::SignIn => self.page_at(&settings.paths.login).await,
            Step::Consent => self.consent_page().await,
        }
    }

    async fn next(&self) -> Result<Step, OAuthError> {
        let Some((_, subject)) = self.signed_in() else { return Ok(Step::SignIn) };
        let needed = consent::is_needed(self.context, &self.client, &self.asked, subject).await?;
        Ok(if needed { Step::Consent } else { Step::Code })
    }

    /// The session and its user, if the sign-in is good enough for what the client asked (OpenID Connect Core §3.1.2.1).
    pub(crate) fn signed_in(&self) -> Option<(&Live, &str)> {
        let session = self.session.as_ref()?;
        let subject = session.subject.as_deref()?;
        let here = self.open.as_ref().and_then(Open::signed_in);
        let anew = here.is_some_and(|id| id == session::id(session));
        let must_be_anew = self.asked.prompt.login() || self.asked.prompt.select_account();
        let young_enough = self.asked.max_age.is_none_or(|seconds| {
            let limit = session.body.auth_time.plus(Duration::from_secs(u64::from(seconds)));
            !limit.has_passed(self.context.now())
        });
        (anew || (!must_be_anew && young_enough)).then_some((session, subject))
    }

    /// Opens a session for whoever just proved who they are. What plugins noted about another user ends, except by the plugin that
    /// signs this one in.
    ///
    /// # Errors
    /// When the store cannot answer, or another tab answered this request.
    pub(crate) async fn sign_in(&mut self, identity: Identity) -> Result<(), OAuthError> {
        let subject = identity.subject.clone();
        self.event.subject = Some(subject.clone());
        let by = self.event.plugin.clone();
        let is_own = |plugin: &String| by.as_deref() == Some(plugin.as_str());
        let mut values = self.session.as_ref().map(|session| session.body.values.clone()).unwrap_or_default();
        if self.session.as_ref().and_then(|session| session.subject.as_ref()).is_some_and(|before| *before != subject) {
            values.retain(|plugin, _| is_own(plugin));
        }
        let opened = session::rotate(self.context, self.session.as_ref(), identity, values).await?;
        let id = session::id(&opened.session);
        self.adopt(opened);
        let context = self.context;
        let open = self.opened()?;
        if open.stored.body.data_of.as_ref().is_some_and(|before| *before != subject) {
            open.stored.body.data.retain(|plugin, _| is_own(plugin));
        }
        open.stored.body.data_of = Some(subject);
        open.stored.body.signed_in = Some(id);
        open.save(context).await
    }

    /// Whether plugins let this very session go on to consent. If not, they have to be asked first.
    pub(crate) fn has_passed_plugins(&self) -> bool {
        let watched = interaction::is_watched(self.context);
        let Some(open) = self.open.as_ref().filter(|_| watched) else { return !watched };
        let body = &open.stored.body;
        body.generation == interaction::generation(self.context)
            && body.passed.is_some_and(|passed| self.session.as_ref().is_some_and(|session| session::id(session) == passed))
    }

    /// Goes on with another session, or with a changed one.
    pub(crate) fn adopt(&mut self, opened: session::Opened) {
        self.session = Some(opened.session);
        self.cookies.extend(opened.cookie);
    }

    /// The interaction; it begins now if it did not.
    ///
    /// # Errors
    /// When the request is too long to wait.
    pub(crate) fn opened(&mut self) -> Result<&mut Open, OAuthError> {
        if self.open.is_none() {
            let open = interaction::begin(self.context, &self.browser, &self.client.id, self.asked.to_stored())?;
            self.cookies.extend(self.browser.cookie(&self.context.settings));
            self.open = Some(open);
        }
        self.open.as_mut().ok_or_else(|| OAuthError::server_error("an interaction was lost"))
    }

    async fn consent_page(mut self) -> Result<Response, Refusal> {
        if !self.has_passed_plugins() {
            let (context, passed) = (self.context, self.session.as_ref().map(session::id));
            let open = self.opened()?;
            open.stored.body.passed = passed;
            open.stored.body.generation = interaction::generation(context);
            open.save(context).await?;
        }
        let path = &self.context.settings.paths.consent;
        self.page_at(path).await
    }

    async fn page_at(mut self, path: &str) -> Result<Response, Refusal> {
        let name = self.opened()?.name.clone();
        let target = format!("{}?interaction={name}", at(&self.context.settings, path));
        self.with_cookies(Response::redirect_local(&target)).await
    }

    /// Gives the code to the client. Nobody comes here but a signed-in user who consented, or whom the client needs not ask.
    ///
    /// # Errors
    /// When nobody is signed in, or the request was answered before.
    pub(crate) async fn approve(mut self, granted: Granted) -> Result<Response, Refusal> {
        let Some((session, subject)) = self.signed_in().map(|(session, subject)| (Arc::clone(session), subject.to_owned())) else {
            return Err(OAuthError::server_error("a code was to be made for nobody").into());
        };
        match self.asked.response_type {
            ResponseType::Code => {}
            ResponseType::Token => return Box::pin(implicit::answer(self, granted, session, subject)).await,
            ResponseType::Verifier => return Box::pin(oauth1::authorized::answer(self, granted, session, subject)).await,
        }
        let data = self.data();
        let open = self.open.take();
        let approval = Approval { asked: &self.asked, client: &self.client, granted, session: &session, subject: &subject, data };
        let code = issue(self.context, open, approval).await?;
        self.event.subject = Some(subject);
        self.context.audit.record(self.event.clone());
        let issuer = self.context.settings.issuer.as_str();
        let mut parameters = vec![("code", code.expose().as_str())];
        parameters.extend(self.asked.state.as_deref().map(|state| ("state", state)));
        parameters.push(("iss", issuer));
        let response = leave::to_client(self.request, self.context, &self.asked.redirect_uri, &parameters);
        self.with_cookies(response).await
    }

    /// What plugins attached so far.
    pub(crate) fn data(&self) -> PluginData {
        self.open.as_ref().map(|open| open.stored.body.data.clone()).unwrap_or_default()
    }

    /// Tells the client no, and ends the interaction.
    ///
    /// # Errors
    /// Always.
    pub(crate) async fn refuse(self, error: OAuthError) -> Result<Response, Refusal> {
        let code = error.code;
        let refusal = self.asked.refuse(error);
        if let Some(open) = self.open {
            open.take(self.context).await?;
        }
        oauth1::authorized::refused(&self.asked, code, self.context).await?;
        Err(refusal)
    }

    /// Adds the cookies that this request made, and what an interaction that waits needs to go on.
    ///
    /// # Errors
    /// When the store cannot answer.
    pub(crate) async fn with_cookies(mut self, response: Response) -> Result<Response, Refusal> {
        if let Some(open) = &mut self.open {
            self.cookies.extend(open.leave(self.request, self.context).await?);
        }
        Ok(self.cookies.into_iter().fold(response, Response::with_cookie))
    }
}

fn nobody(cause: &'static str, code: &'static str) -> OAuthError {
    OAuthError::access_denied().with_cause(cause).with_kh(code)
}
