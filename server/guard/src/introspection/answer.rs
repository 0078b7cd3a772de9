//! What an introspection answer says (RFC 7662 §2.2). A member of the wrong type is an error, not an absent one.

use keyhook_core::{Scope, Timestamp};
use serde_json::{Map, Value};

use crate::expected::{Expected, audience};
use crate::principal::{Identity, Principal, Protocol, Proved};
use crate::refused::Unavailable;

/// Members that have a place of their own in a principal, or none at all.
const OWN: [&str; 10] = ["active", "scope", "client_id", "token_type", "sub", "aud", "iss", "exp", "nbf", "iat"];

/// The principal, or why the token is not good.
///
/// # Errors
/// `KH0703` for an answer that is none.
pub(super) fn read(
    body: &[u8],
    expected: &Expected,
    untyped: bool,
    now: Timestamp,
) -> Result<Result<Principal, &'static str>, Unavailable> {
    let members: Map<String, Value> = serde_json::from_slice(body).map_err(|_| broken("it is no JSON object"))?;
    match members.get("active") {
        Some(Value::Bool(true)) => active(members, expected, untyped, now),
        Some(Value::Bool(false)) => Ok(Err("the server says that it is not active")),
        _ => Err(broken("`active` is no boolean")),
    }
}

fn active(
    members: Map<String, Value>,
    expected: &Expected,
    untyped: bool,
    now: Timestamp,
) -> Result<Result<Principal, &'static str>, Unavailable> {
    let client = text(&members, "client_id")?.ok_or_else(|| broken("it names no `client_id`"))?;
    let subject = text(&members, "sub")?;
    let issuer = text(&members, "iss")?;
    let scope = Scope::parse(&text(&members, "scope")?.unwrap_or_default()).map_err(|_| broken("`scope` is malformed"))?;
    let audience = audience(members.get("aud")).ok_or_else(|| broken("`aud` is no string and no list of strings"))?;
    let expires_at = moment(&members, "exp")?;
    let not_before = moment(&members, "nbf")?;
    let kind = text(&members, "token_type")?;
    // RFC 9449 §7.1, RFC 8705 §3: what is bound to a key is worth nothing without the proof of the key.
    if members.contains_key("cnf") {
        return Ok(Err("it is bound to a key whose possession this guard does not check"));
    }
    match kind.as_deref() {
        Some(kind) if kind.eq_ignore_ascii_case("bearer") => {}
        Some(_) => return Ok(Err("it is no Bearer token")),
        None if untyped => {}
        None => return Ok(Err("the server does not say that it is an access token: it may be a refresh token")),
    }
    if expires_at.is_some_and(|end| end.has_passed(now)) {
        return Ok(Err("it has expired"));
    }
    if not_before.is_some_and(|start| !start.has_passed(now)) {
        return Ok(Err("it is not valid yet"));
    }
    if let Some(why) = expected.mismatch(issuer.as_deref(), &audience) {
        return Ok(Err(why));
    }
    let attributes = members.into_iter().filter(|(name, _)| !OWN.contains(&name.as_str())).collect();
    let identity = Identity::of_token(client, subject);
    Ok(Ok(Principal::new(Proved { identity, protocol: Protocol::OAuth2, scope, audience, issuer, expires_at, attributes })))
}

/// A member that is a string and not empty, or absent.
pub(crate) fn text(members: &Map<String, Value>, name: &str) -> Result<Option<String>, Unavailable> {
    match members.get(name) {
        None => Ok(None),
        Some(Value::String(text)) if name == "scope" || !text.is_empty() => Ok(Some(text.clone())),
        Some(_) => Err(broken(&format!("`{name}` is no string, or an empty one"))),
    }
}

/// A member that is a moment in whole seconds, or absent.
pub(crate) fn moment(members: &Map<String, Value>, name: &str) -> Result<Option<Timestamp>, Unavailable> {
    match members.get(name) {
        None => Ok(None),
        Some(value) => match value.as_i64() {
            Some(seconds) => Ok(Some(Timestamp::from_seconds(seconds))),
            None => Err(broken(&format!("`{name}` is no whole number of seconds"))),
        },
    }
}

pub(crate) fn broken(why: &str) -> Unavailable {
    Unavailable::new("KH0703", format!("the answer of the introspection endpoint cannot be understood: {why}"))
}
