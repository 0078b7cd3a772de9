//! Token credentials: a consumer exchanges its temporary ones, with the verifier that the user brought (RFC 5849 §2.3).

use keyhook_component::audit::{Decision, Event};
use keyhook_component::batch::{Applied, Batch};
use keyhook_component::context::Context;
use keyhook_component::endpoint::{Endpoint, RoutePattern};
use keyhook_component::grant::{Pending, Refresh};
use keyhook_component::hooks::HookPoint;
use keyhook_component::records::{Authorized, Grant, Stored, TemporaryCredential};
use keyhook_component::request::Request;
use keyhook_component::response::Response;
use keyhook_component::settings::Settings;
use keyhook_component::{BoxFuture, component};
use keyhook_core::authorize::Refusal;
use keyhook_core::client::Client;
use keyhook_core::error::OAuthError;
use keyhook_core::form::Form;
use keyhook_core::oauth1::{Oauth1Error, Parameters, Problem};
use keyhook_core::scope::Granted;
use keyhook_core::{Secret, kh};

use super::answer::{self, audited};
use super::arrived::Arrived;
use super::authorized::{is_typed, verifier_kind};
use super::hooks::{Answering, denied};
use super::refused::Refused;
use super::request_token::routes;
use super::signed::signed;
use super::verify::{Held, With, unsigned, verify};
use super::{GRANT_TYPE, credentials};
use crate::commit::{Committed, commit};
use crate::mint;
use crate::token_hooks::TokenHooks;

/// Wrong verifiers that temporary credentials outlive.
const TRIES: u8 = 5;

/// The endpoint.
#[derive(Clone, Copy, Debug, Default)]
pub struct AccessTokenEndpoint;

component!(Endpoint: AccessTokenEndpoint);

impl Endpoint for AccessTokenEndpoint {
    fn name(&self) -> &'static str {
        "oauth1_access_token"
    }

    fn routes(&self, settings: &Settings) -> Vec<RoutePattern> {
        match &settings.oauth1 {
            Some(oauth1) if oauth1.access_token != oauth1.request_token => routes(&oauth1.access_token, oauth1, settings),
            // The other endpoint answers for both.
            _ => Vec::new(),
        }
    }

    fn answer<'a>(&'a self, request: &'a Request, context: &'a Context) -> BoxFuture<'a, Result<Response, Refusal>> {
        Box::pin(async move {
            let mut event = Event::new(Decision::Token, "ok").request(&request.id);
            let answer = exchange(request, context, &mut event).await;
            Ok(audited(event, answer, request, context))
        })
    }
}

/// Whether a request at a shared path is one for this endpoint: it names a token.
pub(super) fn is_meant(request: &Request, context: &Context) -> bool {
    let parameters = signed(request, context).ok().and_then(|signed| Parameters::collect(&signed).ok().flatten());
    parameters.is_some_and(|parameters| parameters.token().is_some())
}

/// Exchanges temporary credentials, once.
///
/// # Errors
/// The problem by its name; when a store does not answer, or a plugin says no.
pub(super) async fn exchange(request: &Request, context: &Context, event: &mut Event) -> Result<Response, Refused> {
    let proven = verify(&signed(request, context)?, With::Temporary, Arrived::Here(request), context).await?.ok_or_else(unsigned)?;
    let client = &*proven.client;
    event.client_id = Some(client.id.clone());
    let Held::Temporary(temporary) = &proven.held else { return Err(unsigned()) };
    let authorized = permitted(temporary, proven.request.verifier(), context).await?;
    let grant = context.records.live_grant(authorized.grant, &client.id, context.now()).await?;
    let Some(grant) = grant.filter(|grant| grant.grant.born() > client.not_before) else {
        return Err(Oauth1Error::new(Problem::TokenRevoked, "the permission was withdrawn").with_kh(kh::OAUTH1_TOKEN).into());
    };
    event.subject.clone_from(&grant.subject);
    let scope = Granted::restore(grant.body.scope.clone()).still(&client.scope)?;
    may(request, client, &grant, &scope, context, event).await?;
    let oauth1 = context.settings.oauth1.as_ref().ok_or_else(|| OAuthError::server_error("OAuth 1.0a is off"))?;
    let expires_at = context.now().plus(oauth1.token_ttl).min(grant.expires_at);
    for _ in 0..mint::DRAWS {
        let (given, insert) = credentials::token(&grant, client, scope.scope().clone(), expires_at, context)?;
        let answering = Answering {
            point: HookPoint::Oauth1AccessTokenResponse,
            drafted: &[("oauth_token", given.token.as_str()), ("oauth_token_secret", given.secret.expose().as_str())],
            client,
            subject: grant.subject.as_deref(),
            data: &grant.body.data,
        };
        let more = answering.added(request, context, event).await?;
        match commit(Batch::new().with(temporary.take()).with(insert), true, context).await? {
            Committed::Issued => return Ok(answer::given(given.form(&more).into_inner(), context)),
            Committed::Lost => return Err(used()),
            Committed::Redraw => {}
        }
    }
    Err(OAuthError::server_error("no free id for token credentials was found").into())
}

/// What the user permitted, if this is the verifier. A wrong one is counted, and the fifth ends the credentials: a typed verifier is
/// short.
async fn permitted(
    temporary: &Stored<TemporaryCredential>,
    sent: Option<&Secret<String>>,
    context: &Context,
) -> Result<Authorized, Refused> {
    let sent = sent.ok_or_else(|| Oauth1Error::absent("oauth_verifier"))?;
    if temporary.body.denied {
        return Err(Oauth1Error::new(Problem::PermissionDenied, "the user did not allow it").with_kh(kh::OAUTH1_TOKEN).into());
    }
    let Some(authorized) = temporary.body.authorized.clone() else {
        return Err(Oauth1Error::new(Problem::PermissionUnknown, "the user has not decided yet").with_kh(kh::OAUTH1_TOKEN).into());
    };
    let kind = verifier_kind(is_typed(&temporary.body));
    if kind.matches(&authorized.verifier, sent.expose()) {
        return Ok(authorized);
    }
    let mut counted = temporary.clone();
    counted.body.tried = counted.body.tried.saturating_add(1);
    let operation = if counted.body.tried >= TRIES { temporary.take() } else { counted.replace()? };
    let wrong =
        Oauth1Error::new(Problem::VerifierInvalid, "the verifier is not the one that the user was given").with_kh(kh::OAUTH1_VERIFIER);
    match context.records.apply(Batch::new().with(operation)).await? {
        Applied::Applied => Err(wrong.into()),
        // Of guesses at once one counts, and all others are told what a right one among them is told.
        Applied::Refused { .. } => Err(used()),
    }
}

/// Asks the plugins that may veto a token.
async fn may(
    request: &Request,
    client: &Client,
    grant: &Stored<Grant>,
    scope: &Granted,
    context: &Context,
    event: &mut Event,
) -> Result<(), Refused> {
    let Some(hooks) = TokenHooks::new(request, &Form::default(), client, GRANT_TYPE, context) else { return Ok(()) };
    let mut pending = Pending {
        subject: grant.subject.clone(),
        scope: scope.clone(),
        grant: grant.grant,
        ends_at: grant.expires_at,
        data: grant.body.data.clone(),
        opens: None,
        guard: None,
        refresh: Refresh::No,
    };
    hooks.validate(&mut pending, event).await.map_err(denied)
}

fn used() -> Refused {
    Oauth1Error::new(Problem::TokenUsed, "the token was exchanged before").with_kh(kh::OAUTH1_TOKEN).into()
}
