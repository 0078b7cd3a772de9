//! `KEY=VALUE` of a client's token policy, as `keyhook client add|update --policy` takes it.

use keyhook_component::registry;
use keyhook_core::client::{GrantPolicy, ScopePolicy, TokenPolicy};

use crate::config::parse_duration;
use crate::failure::{Exit, Failure};
use crate::nearest::nearest;

const KEYS: [&str; 6] = ["format", "audience", "rotate", "refresh_grace", "reuse", "scope"];
const GRANT_KEYS: [&str; 3] = ["access_ttl", "refresh_ttl", "refresh"];

/// Changes a policy; an empty value brings the usual back.
///
/// # Errors
/// `KH0303` for what is no key, or no value of it.
pub(crate) fn apply(policy: &mut TokenPolicy, settings: &[String]) -> Result<(), Failure> {
    settings.iter().try_for_each(|setting| one(policy, setting))
}

fn one(policy: &mut TokenPolicy, setting: &str) -> Result<(), Failure> {
    let wrong = |why: &str| Failure::new("KH0303", Exit::Usage, format!("--policy {setting}: {why}"));
    let Some((key, value)) = setting.split_once('=') else {
        return Err(wrong("expected KEY=VALUE").help(format!(
            "keys: {}, and GRANT_TYPE.KEY with {}",
            KEYS.join(", "),
            GRANT_KEYS.join(", ")
        )));
    };
    let given = Some(value).filter(|value| !value.is_empty());
    let usual = TokenPolicy::default();
    match key {
        "format" => policy.format = given.map(|name| format(name).map_err(|why| wrong(&why))).transpose()?,
        "audience" => policy.audience = given.map(str::to_owned),
        "rotate" => policy.rotate = given.map_or(Ok(usual.rotate), yes_or_no).map_err(wrong)?,
        "reuse" => policy.reuse = given.map_or(Ok(usual.reuse), yes_or_no).map_err(wrong)?,
        "refresh_grace" => policy.refresh_grace = given.map(|text| seconds(text).map_err(|why| wrong(&why))).transpose()?,
        "scope" => {
            policy.scope = match given {
                None | Some("strict") => ScopePolicy::Strict,
                Some("narrow") => ScopePolicy::Narrow,
                Some(_) => return Err(wrong("expected strict or narrow")),
            }
        }
        _ => return of_grant(policy, key, given, &wrong),
    }
    Ok(())
}

fn of_grant(policy: &mut TokenPolicy, key: &str, given: Option<&str>, wrong: &dyn Fn(&str) -> Failure) -> Result<(), Failure> {
    // A grant type may hold dots of its own.
    let Some((grant_type, key)) = key.rsplit_once('.').filter(|(_, key)| GRANT_KEYS.contains(key)) else {
        let hint = nearest(key, KEYS).map_or_else(|| format!("keys: {}", KEYS.join(", ")), |near| format!("did you mean `{near}`?"));
        return Err(wrong(&format!("there is no such key; {hint}"))
            .help(format!("for one grant type: GRANT_TYPE.KEY with {}", GRANT_KEYS.join(", "))));
    };
    let own = policy.grants.entry(grant_type.to_owned()).or_default();
    match key {
        "access_ttl" => own.access_ttl = given.map(|text| seconds(text).map_err(|why| wrong(&why))).transpose()?,
        "refresh_ttl" => own.refresh_ttl = given.map(|text| seconds(text).map_err(|why| wrong(&why))).transpose()?,
        _ => own.refresh = given.map(|text| yes_or_no(text).map_err(wrong)).transpose()?,
    }
    policy.grants.retain(|_, own| *own != GrantPolicy::default());
    Ok(())
}

fn format(name: &str) -> Result<String, String> {
    let known: Vec<_> = registry::token_formats().iter().map(|format| format.name()).collect();
    if known.contains(&name) {
        Ok(name.to_owned())
    } else {
        Err(format!("no token has the form `{name}`; this server has: {}", known.join(", ")))
    }
}

fn seconds(text: &str) -> Result<u64, String> {
    parse_duration(text).map(|duration| duration.as_secs())
}

fn yes_or_no(text: &str) -> Result<bool, &'static str> {
    match text {
        "yes" => Ok(true),
        "no" => Ok(false),
        _ => Err("expected yes or no"),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test may fail by panicking")]
    use super::*;

    fn policy(settings: &[&str]) -> Result<TokenPolicy, Failure> {
        let mut policy = TokenPolicy::default();
        let settings: Vec<_> = settings.iter().map(|setting| (*setting).to_owned()).collect();
        apply(&mut policy, &settings).map(|()| policy)
    }

    #[test]
    fn every_key_is_set_and_an_empty_value_brings_the_usual_back() {
        let all = ["format=jwt", "audience=https://api.example", "rotate=no", "refresh_grace=30s", "reuse=yes", "scope=narrow"];
        let set = policy(&all).unwrap();
        assert_eq!(
            (set.format.as_deref(), set.rotate, set.refresh_grace, set.reuse, set.scope),
            (Some("jwt"), false, Some(30), true, ScopePolicy::Narrow)
        );
        let and_back: Vec<_> =
            all.iter().copied().chain(["format=", "audience=", "rotate=", "refresh_grace=", "reuse=", "scope="]).collect();
        assert_eq!(policy(&and_back).unwrap(), TokenPolicy::default());
    }

    #[test]
    fn a_grant_type_may_hold_dots() {
        let set = policy(&["urn:x:1.0.access_ttl=5m", "authorization_code.refresh=no"]).unwrap();
        assert_eq!(set.grants["urn:x:1.0"].access_ttl, Some(300));
        assert_eq!(set.grants["authorization_code"].refresh, Some(false));
        assert!(policy(&["x.refresh=no", "x.refresh="]).unwrap().grants.is_empty());
    }

    #[test]
    fn a_slip_of_the_hand_is_told_with_a_way_out() {
        for (setting, says) in [
            ("format", "KEY=VALUE"),
            ("fromat=jwt", "did you mean `format`?"),
            ("format=jwtt", "this server has: "),
            ("rotate=maybe", "yes or no"),
            ("refresh_grace=10", "10"),
            ("scope=loose", "strict or narrow"),
            ("password.ttl=5m", "GRANT_TYPE.KEY"),
        ] {
            let failure = policy(&[setting]).unwrap_err();
            assert_eq!(failure.code(), "KH0303");
            assert!(failure.to_string().contains(says), "{failure}");
        }
    }
}
