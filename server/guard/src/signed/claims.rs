//! What the claims of an access token say (RFC 9068 §2.2, §4). A claim of the wrong type is an error, not an absent one.

use std::time::Duration;

use keyhook_core::{Scope, Timestamp};
use serde_json::{Map, Value};

use crate::expected::{Expected, audience};
use crate::principal::{Identity, Principal, Protocol, Proved};

/// Claims that have a place of their own in a principal, or none at all.
const OWN: [&str; 8] = ["iss", "sub", "aud", "client_id", "exp", "iat", "nbf", "scope"];

/// The principal, or why the token is not good.
pub(super) fn principal(
    claims: Map<String, Value>,
    expected: &Expected,
    skew: Duration,
    now: Timestamp,
) -> Result<Principal, &'static str> {
    let issuer = text(&claims, "iss")?.ok_or("it has no `iss`")?;
    let audience = audience(claims.get("aud")).ok_or("`aud` is no string and no list of strings")?;
    if let Some(why) = expected.mismatch(Some(&issuer), &audience) {
        return Err(why);
    }
    let end = moment(&claims, "exp")?.ok_or("it has no `exp`")?;
    let born = moment(&claims, "iat")?.ok_or("it has no `iat`")?;
    let start = moment(&claims, "nbf")?.unwrap_or(born);
    if end.plus(skew).has_passed(now) {
        return Err("it has expired");
    }
    if born.max(start) > now.plus(skew) {
        return Err("it is not valid yet");
    }
    // RFC 9449 §7.1, RFC 8705 §3: what is bound to a key is worth nothing without the proof of the key.
    if claims.contains_key("cnf") {
        return Err("it is bound to a key whose possession this guard does not check");
    }
    let client = text(&claims, "client_id")?.ok_or("it has no `client_id`")?;
    let subject = text(&claims, "sub")?.ok_or("it has no `sub`")?;
    text(&claims, "jti")?.ok_or("it has no `jti`")?;
    let scope = Scope::parse(&text(&claims, "scope")?.unwrap_or_default()).map_err(|_| "`scope` is malformed")?;
    let attributes = claims.into_iter().filter(|(name, _)| !OWN.contains(&name.as_str())).collect();
    let identity = Identity::of_token(client, Some(subject));
    let (protocol, issuer, expires_at) = (Protocol::OAuth2, Some(issuer), Some(end));
    Ok(Principal::new(Proved { identity, protocol, scope, audience, issuer, expires_at, attributes }))
}

/// A claim that is a string and not empty, or absent.
fn text(claims: &Map<String, Value>, name: &str) -> Result<Option<String>, &'static str> {
    match claims.get(name) {
        None => Ok(None),
        Some(Value::String(text)) if name == "scope" || !text.is_empty() => Ok(Some(text.clone())),
        Some(_) => Err("a claim that must be a string is none, or empty"),
    }
}

/// A claim that is a moment in whole seconds, or absent.
fn moment(claims: &Map<String, Value>, name: &str) -> Result<Option<Timestamp>, &'static str> {
    match claims.get(name) {
        None => Ok(None),
        Some(value) => value.as_i64().map(|seconds| Some(Timestamp::from_seconds(seconds))).ok_or("a time is no whole number of seconds"),
    }
}
