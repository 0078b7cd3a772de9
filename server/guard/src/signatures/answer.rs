//! What the server answers about a signed request. A member of the wrong type is an error, not an absent one.

use keyhook_core::oauth1::Problem;
use keyhook_core::{Scope, Timestamp};
use serde_json::{Map, Value};

use crate::introspection::answer::{broken, moment, text};
use crate::principal::{Identity, Principal, Protocol, Proved};
use crate::refused::{Refused, Unavailable};

/// Members that have a place of their own in a principal, or none at all.
const OWN: [&str; 9] = ["active", "scope", "client_id", "token_type", "sub", "iss", "exp", "iat", "oauth_problem"];

/// The principal, or the problem.
///
/// # Errors
/// `KH0703` for an answer that is none.
pub(super) fn read(body: &[u8], issuer: Option<&str>, now: Timestamp) -> Result<Result<Principal, Refused>, Unavailable> {
    let members: Map<String, Value> = serde_json::from_slice(body).map_err(|_| broken("it is no JSON object"))?;
    match members.get("active") {
        Some(Value::Bool(true)) => active(members, issuer, now),
        Some(Value::Bool(false)) => {
            let named = text(&members, "oauth_problem")?;
            let problem = Problem::ALL.into_iter().find(|problem| named.as_deref() == Some(problem.wire()));
            Ok(Err(Refused::Problem(problem.unwrap_or(Problem::SignatureInvalid))))
        }
        _ => Err(broken("`active` is no boolean")),
    }
}

fn active(members: Map<String, Value>, issuer: Option<&str>, now: Timestamp) -> Result<Result<Principal, Refused>, Unavailable> {
    let client = text(&members, "client_id")?.ok_or_else(|| broken("it names no `client_id`"))?;
    let user = text(&members, "sub")?;
    let issued_by = text(&members, "iss")?;
    let scope = Scope::parse(&text(&members, "scope")?.unwrap_or_default()).map_err(|_| broken("`scope` is malformed"))?;
    let expires_at = moment(&members, "exp")?;
    // A server that takes this for a question about a token must not let a request in that nobody verified.
    if text(&members, "token_type")?.as_deref() != Some("OAuth") {
        return Err(broken("it is not about a signed request"));
    }
    if issuer.is_some() && issuer != issued_by.as_deref() {
        return Err(broken("its issuer is another one, or none"));
    }
    if expires_at.is_some_and(|end| end.has_passed(now)) {
        return Ok(Err(Refused::Problem(Problem::TokenExpired)));
    }
    // The server says who acts for itself by naming no user: a user may have the name of a client (RFC 9700 §4.15).
    let identity = match user {
        Some(user) => Identity::ClientForUser { client, user },
        None => Identity::Client { client },
    };
    let attributes = members.into_iter().filter(|(name, _)| !OWN.contains(&name.as_str())).collect();
    let (protocol, audience) = (Protocol::OAuth1, Vec::new());
    Ok(Ok(Principal::new(Proved { identity, protocol, scope, audience, issuer: issued_by, expires_at, attributes })))
}
