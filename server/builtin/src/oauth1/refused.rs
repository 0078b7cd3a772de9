//! Every no of OAuth 1.0a, in its own form: `oauth_problem`, 400 or 401 with a challenge (RFC 5849 §3.2).

use http::{HeaderName, HeaderValue, StatusCode, header};
use keyhook_component::audit::Event;
use keyhook_component::context::Context;
use keyhook_component::request::Request;
use keyhook_component::response::Response;
use keyhook_component::store::StoreError;
use keyhook_core::error::OAuthError;
use keyhook_core::oauth1::Oauth1Error;
use keyhook_core::oauth1::encoding::encode;

use super::answer::form;

const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// Why a request was refused.
#[derive(Clone, Debug)]
pub(crate) enum Refused {
    /// By the protocol.
    Problem {
        /// The problem.
        problem: Oauth1Error,
        /// The signature base string of a signature that does not fit; `keyhook dev` shows it, and nothing else.
        base: Option<String>,
    },
    /// By something else: a store that is away, a plugin that failed.
    Failed(OAuthError),
}

impl From<Oauth1Error> for Refused {
    fn from(problem: Oauth1Error) -> Refused {
        Refused::Problem { problem, base: None }
    }
}

impl From<OAuthError> for Refused {
    fn from(error: OAuthError) -> Refused {
        Refused::Failed(error)
    }
}

impl From<StoreError> for Refused {
    fn from(error: StoreError) -> Refused {
        Refused::Failed(error.into())
    }
}

impl Refused {
    /// The same as a client that authenticates at an endpoint of OAuth 2.0 is told (RFC 6749 §5.2).
    pub(crate) fn as_client_error(&self) -> OAuthError {
        match self {
            Refused::Failed(error) => error.clone(),
            Refused::Problem { problem, .. } => {
                let error =
                    if problem.status() == 400 { OAuthError::invalid_request(problem.description) } else { OAuthError::invalid_client() };
                error.with_kh(problem.kh).with_cause(problem.to_string())
            }
        }
    }

    /// Says in an event how the request was refused.
    pub(super) fn note(&self, event: &mut Event) {
        match self {
            Refused::Problem { problem, .. } => {
                event.outcome = problem.problem.wire();
                event.code = problem.kh;
                event.detail.clone_from(&problem.cause);
            }
            Refused::Failed(error) => {
                event.outcome = error.code.wire();
                event.code = error.kh;
                event.detail.clone_from(&error.cause);
            }
        }
    }

    /// The answer, with the request's id, as every refusal has it. The one log line for the operator is written here, as the edge does
    /// for every other refusal.
    pub(super) fn response(&self, request: &Request, context: &Context) -> Response {
        let response = self.told(request, context);
        match HeaderValue::try_from(&*request.id) {
            Ok(id) => response.with(REQUEST_ID, id),
            Err(_) => response,
        }
    }

    fn told(&self, request: &Request, context: &Context) -> Response {
        let realm = &context.settings.realm;
        match self {
            Refused::Problem { problem, base } => {
                tracing::info!(event = "refused", code = problem.kh, request_id = &*request.id, "{problem}");
                let mut body = problem.form();
                if let Some(base) = base.as_ref().filter(|_| context.settings.dev) {
                    body.push_str("&signature_base_string=");
                    body.push_str(&encode(base));
                }
                let response = form(status(problem.status()), body);
                match problem.www_authenticate(realm).and_then(|value| HeaderValue::try_from(value).ok()) {
                    Some(challenge) => response.with(header::WWW_AUTHENTICATE, challenge),
                    None => response,
                }
            }
            Refused::Failed(error) => {
                tracing::warn!(
                    event = "refused",
                    code = error.kh,
                    request_id = &*request.id,
                    cause = error.cause.as_deref(),
                    "{}",
                    error.code.wire()
                );
                form(status(error.status()), format!("oauth_problem={}", error.code.wire())).with_retry(error)
            }
        }
    }
}

fn status(number: u16) -> StatusCode {
    StatusCode::from_u16(number).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
}
