//! The answer to a refused request: status, `WWW-Authenticate` (RFC 6750 §3, RFC 9728 §5.1), a JSON body.

use std::fmt::Write as _;

use bytes::Bytes;
use http::{HeaderValue, Response, header};
use keyhook_core::oauth1::Problem;
use keyhook_core::oauth1::error::challenge;
use keyhook_core::text::quoted;
use serde_json::json;

use crate::refused::Refused;

/// What all challenges of one guard have in common.
#[derive(Clone, Debug, Default)]
pub struct Challenge {
    /// The protection space, such as the API's name.
    pub realm: Option<String>,
    /// Where the metadata of the protected resource are.
    pub resource_metadata: Option<String>,
    /// Whether signed requests are taken too (RFC 5849): a 401 says so.
    pub oauth1: bool,
}

/// Seconds after which whoever met a 503 may come again.
const RETRY_AFTER: HeaderValue = HeaderValue::from_static("1");

impl Challenge {
    /// The value of `WWW-Authenticate`; none where another token would change nothing.
    pub fn www_authenticate(&self, refused: &Refused) -> Option<HeaderValue> {
        let mut value = String::from("Bearer");
        let mut parameter = |name: &str, text: &str| {
            let comma = if value.len() == "Bearer".len() { "" } else { "," };
            // Writing to a string cannot fail.
            let _ = write!(value, "{comma} {name}={}", quoted(text));
        };
        if let Some(realm) = &self.realm {
            parameter("realm", realm);
        }
        match refused {
            Refused::Forbidden(_) | Refused::Problem(_) | Refused::Unavailable(_) => return None,
            Refused::Anonymous => {}
            Refused::Malformed(_) | Refused::InvalidToken(_) | Refused::InsufficientScope(_) => {
                parameter("error", refused.error().unwrap_or_default());
                parameter("error_description", refused.description());
            }
        }
        if let Refused::InsufficientScope(scope) = refused {
            parameter("scope", scope.as_str());
        }
        if let Some(url) = &self.resource_metadata {
            parameter("resource_metadata", url);
        }
        HeaderValue::from_str(&value).ok()
    }

    /// The whole answer. Its body is JSON; a 401 without a token has none.
    pub fn response<B: From<Bytes>>(&self, refused: &Refused) -> Response<B> {
        if let Refused::Problem(problem) = refused {
            return self.problem(*problem);
        }
        let body = refused.error().map_or_else(Bytes::new, |error| {
            let text = json!({ "error": error, "error_description": refused.description() }).to_string();
            Bytes::from(text)
        });
        let typed = !body.is_empty();
        let mut response = Response::new(B::from(body));
        *response.status_mut() = refused.status();
        let headers = response.headers_mut();
        if typed {
            headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
        }
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        if let Some(challenge) = self.www_authenticate(refused) {
            headers.insert(header::WWW_AUTHENTICATE, challenge);
        }
        if self.oauth1 && *refused == Refused::Anonymous {
            headers.extend(self.signed().map(|challenge| (header::WWW_AUTHENTICATE, challenge)));
        }
        if matches!(refused, Refused::Unavailable(_)) {
            headers.insert(header::RETRY_AFTER, RETRY_AFTER);
        }
        response
    }

    /// The answer to a signed request that is not good, in the form that its client reads (RFC 5849 §3.2).
    fn problem<B: From<Bytes>>(&self, problem: Problem) -> Response<B> {
        let mut response = Response::new(B::from(Bytes::from(format!("oauth_problem={}", problem.wire()))));
        *response.status_mut() = Refused::Problem(problem).status();
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/x-www-form-urlencoded"));
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        if problem.status() == 401 {
            headers.extend(self.signed().map(|challenge| (header::WWW_AUTHENTICATE, challenge)));
        }
        response
    }

    /// The challenge to sign.
    fn signed(&self) -> Option<HeaderValue> {
        HeaderValue::from_str(&challenge(self.realm.as_deref().unwrap_or_default())).ok()
    }
}

#[cfg(test)]
mod tests {
    use keyhook_core::Scope;

    use super::*;
    use crate::refused::Unavailable;

    fn said(challenge: &Challenge, refused: &Refused) -> String {
        challenge.www_authenticate(refused).map_or_else(String::new, |value| value.to_str().unwrap().to_owned())
    }

    /// RFC 6750 §3.1: without a token there SHOULD be no error code.
    #[test]
    fn who_brings_no_token_gets_a_bare_challenge() {
        assert_eq!(said(&Challenge::default(), &Refused::Anonymous), "Bearer");
        let challenge = Challenge { realm: Some("pho\"tos".to_owned()), ..Challenge::default() };
        assert_eq!(said(&challenge, &Refused::Anonymous), "Bearer realm=\"pho\\\"tos\"");
        let response = challenge.response::<Bytes>(&Refused::Anonymous);
        assert_eq!((response.status().as_u16(), response.body().len()), (401, 0));
    }

    /// RFC 6750 §3, RFC 9728 §5.1.
    #[test]
    fn an_error_is_named_with_realm_scope_and_metadata() {
        let url = "https://api.example/.well-known/oauth-protected-resource";
        let challenge = Challenge { realm: Some("photos".to_owned()), resource_metadata: Some(url.to_owned()), oauth1: false };
        let refused = Refused::InsufficientScope(Scope::parse("read write").unwrap());
        assert_eq!(
            said(&challenge, &refused),
            format!(
                "Bearer realm=\"photos\", error=\"insufficient_scope\", \
                 error_description=\"the access token lacks a scope that this needs\", scope=\"read write\", resource_metadata=\"{url}\""
            )
        );
        let response = challenge.response::<Bytes>(&Refused::InvalidToken("it has expired"));
        assert_eq!(response.status(), 401);
        assert!(said(&challenge, &Refused::InvalidToken("it has expired")).contains("error=\"invalid_token\""));
        let body = String::from_utf8(response.into_body().to_vec()).unwrap();
        assert!(body.contains("invalid_token") && !body.contains("has expired"), "the cause is for the log: {body}");
    }

    #[test]
    fn where_another_token_changes_nothing_none_is_asked_for() {
        let away = Refused::from(Unavailable::new("KH0701", "no route to 10.0.0.1"));
        let response = Challenge::default().response::<Bytes>(&away);
        assert_eq!((response.status().as_u16(), response.headers()["retry-after"].to_str().unwrap()), (503, "1"));
        assert!(!response.headers().contains_key("www-authenticate") && !format!("{:?}", response.body()).contains("10.0.0.1"));
        assert_eq!(said(&Challenge::default(), &Refused::Forbidden("no")), "");
    }
}
