//! The endpoints that ship, one file each.

mod authorize;
pub(crate) mod consent;
mod introspect;
mod jwks;
mod login;
mod logout;
pub mod metadata;
pub(crate) mod playground;
pub(crate) mod resume;
mod revoke;
mod start;
mod stylesheet;
mod token;

pub use authorize::AuthorizeEndpoint;
pub use consent::ConsentEndpoint;
pub use introspect::IntrospectEndpoint;
pub use jwks::JwksEndpoint;
pub use login::LoginEndpoint;
pub use logout::LogoutEndpoint;
pub use metadata::{MetadataEndpoint, metadata_document};
pub use playground::PlaygroundEndpoint;
pub use resume::ResumeEndpoint;
pub use revoke::RevokeEndpoint;
pub use start::StartEndpoint;
pub use stylesheet::StylesheetEndpoint;
pub use token::TokenEndpoint;

use keyhook_component::audit::{Decision, Event};
use keyhook_component::context::Context;
use keyhook_component::request::Request;
use keyhook_component::response::Response;
use keyhook_component::settings::Settings;
use keyhook_core::authorize::{Refusal, error_redirect};
use keyhook_core::client::AuthMethod;
use keyhook_core::error::OAuthError;
use keyhook_core::kh;

use crate::leave;

/// How clients authenticate at the token and revocation endpoints.
const AUTH_METHODS: [AuthMethod; 3] = [AuthMethod::SecretBasic, AuthMethod::SecretPost, AuthMethod::None];

/// The route of a path below the issuer.
pub(crate) fn at(settings: &Settings, path: &str) -> String {
    format!("{}{path}", settings.issuer.path())
}

/// Closes the one audit event of a back-channel request, and hands its answer on.
fn audited(mut event: Event, answer: Result<Response, OAuthError>, context: &Context) -> Result<Response, Refusal> {
    if let Err(error) = &answer {
        refused(&mut event, error);
        if error.kh == kh::CODE_REPLAY || error.kh == kh::REFRESH_REPLAY {
            event.decision = Decision::Replay;
        }
    }
    context.audit.record(event);
    answer.map_err(Refusal::from)
}

/// Records the refusal of a request that people made; what succeeded was recorded where it was decided.
///
/// The way to an app is a page on a navigation, for a refusal as for a code; every other refusal is the edge's to write.
pub(crate) fn closed(
    mut event: Event,
    answer: Result<Response, Refusal>,
    request: &Request,
    context: &Context,
) -> Result<Response, Refusal> {
    let Err(refusal) = answer else { return answer };
    refused(&mut event, refusal.error());
    context.audit.record(event);
    match refusal {
        Refusal::Redirect { to, state, error } if leave::needs_page(request, &to) => {
            Ok(leave::page(context, &error_redirect(&to, state.as_deref(), context.settings.issuer.as_str(), &error)))
        }
        refusal => Err(refusal),
    }
}

/// Says in an event how a request was refused.
fn refused(event: &mut Event, error: &OAuthError) {
    event.outcome = error.code.wire();
    event.code = error.kh;
    event.detail.clone_from(&error.cause);
}
