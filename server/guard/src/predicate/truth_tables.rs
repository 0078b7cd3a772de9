#![allow(clippy::unwrap_used, reason = "a test may fail by panicking")]
//! The truth tables of repoze.what's OAuth predicates, for both protocols, and of what puts them together.

use serde_json::{Map, json};

use super::*;
use crate::principal::Proved;

fn principal(identity: Identity, protocol: Protocol, scope: &str) -> Principal {
    let mut attributes = Map::new();
    attributes.insert("tier".to_owned(), json!("gold"));
    let scope = Scope::parse(scope).unwrap();
    Principal::new(Proved { identity, protocol, scope, audience: Vec::new(), issuer: None, expires_at: None, attributes })
}

fn client(id: &str, protocol: Protocol) -> Principal {
    principal(Identity::Client { client: id.to_owned() }, protocol, "read")
}

fn on_behalf(client: &str, user: &str, protocol: Protocol) -> Principal {
    principal(Identity::ClientForUser { client: client.to_owned(), user: user.to_owned() }, protocol, "read write")
}

/// Who comes: nobody, a user of the application, a client, another client, a client for a user, for another user, and another
/// client for the user. Each with an OAuth 2 token and with an OAuth 1.0a signature where there is a client.
fn comers(protocol: Protocol) -> [Option<Principal>; 7] {
    [
        None,
        Some(Principal::user_of_application("alice")),
        Some(client("app1", protocol)),
        Some(client("app2", protocol)),
        Some(on_behalf("app1", "alice", protocol)),
        Some(on_behalf("app1", "bob", protocol)),
        Some(on_behalf("app2", "alice", protocol)),
    ]
}

/// One letter for each comer: `y` passes, `a` is told to sign in (401), `s` lacks scope, `n` is forbidden (403).
fn row(predicate: &Predicate, protocol: Protocol) -> String {
    let letter = |comer: &Option<Principal>| match predicate.check(comer.as_ref()) {
        Ok(()) => 'y',
        Err(Refused::Anonymous) => 'a',
        Err(Refused::InsufficientScope(_)) => 's',
        Err(Refused::Forbidden(_)) => 'n',
        Err(other) => panic!("{other:?}"),
    };
    comers(protocol).iter().map(letter).collect()
}

#[test]
fn the_predicates_of_repoze_have_their_truth_tables_for_both_protocols() {
    let table = [
        // anonymous, user, app1, app2, app1 for alice, app1 for bob, app2 for alice
        (is_consumer(None), "anyynnn"),
        (is_consumer("app1"), "anynnnn"),
        (is_consumer("nobody"), "annnnnn"),
        (is_consumer(""), "annnnnn"),
        (is_oauth_user(None, None), "annnyyy"),
        (is_oauth_user("alice", None), "annnyny"),
        (is_oauth_user(None, "app1"), "annnyyn"),
        (is_oauth_user("alice", "app1"), "annnynn"),
        (is_oauth_user("", None), "annnnnn"),
        (not_oauth(), "yynnnnn"),
    ];
    for (predicate, expected) in table {
        for protocol in [Protocol::OAuth2, Protocol::OAuth1] {
            assert_eq!(row(&predicate, protocol), expected, "{predicate:?} {protocol:?}");
        }
    }
}

#[test]
fn predicates_are_put_together_and_nobody_meets_nothing() {
    let gold = || met_by("this is for gold", |principal| principal.attribute("tier").is_some_and(|tier| tier == "gold"));
    let table = [
        (authenticated(), "ayyyyyy"),
        (has_scope("read"), "anyyyyy"),
        (has_scope("write read"), "anssyyy"),
        (has_scope("admin"), "ansssss"),
        (has_scope(""), "ayyyyyy"),
        (has_scope("a  b"), "annnnnn"),
        (gold(), "anyyyyy"),
        (all([is_oauth_user(None, None), has_scope("write")]), "annnyyy"),
        (all([has_scope("write"), is_consumer(None)]), "anssnnn"),
        (any([is_consumer("app1"), is_oauth_user("bob", None)]), "anynnyn"),
        (any([is_consumer("app9"), has_scope("admin")]), "ansssss"),
        (any([not_oauth(), is_consumer("app1")]), "yyynnnn"),
        (all([not_oauth(), authenticated()]), "aynnnnn"),
        (not("no clients of their own", is_consumer(None)), "aynnyyy"),
        (not("not that one", not("", is_consumer("app1"))), "anynnnn"),
        (not("through OAuth only", not_oauth()), "anyyyyy"),
        (all([]), "nnnnnnn"),
        (any([]), "nnnnnnn"),
    ];
    for (predicate, expected) in table {
        assert_eq!(row(&predicate, Protocol::OAuth2), expected, "{predicate:?}");
    }
}

/// RFC 9700 §4.15; in repoze a user called `consumer:app1` was taken for the client.
#[test]
fn a_user_who_is_called_like_a_client_is_none() {
    let odd = [
        Principal::user_of_application("app1"),
        on_behalf("app2", "consumer:app1", Protocol::OAuth1),
        on_behalf("app2", "app1", Protocol::OAuth2),
    ];
    for principal in odd {
        assert!(is_consumer(None).check(Some(&principal)).is_err(), "{principal:?}");
    }
}

#[test]
fn what_is_missing_is_named() {
    let refused = all([authenticated(), has_scope("write admin")]).check(Some(&client("app1", Protocol::OAuth2)));
    assert_eq!(refused, Err(Refused::InsufficientScope(Scope::parse("write admin").unwrap())));
    assert_eq!(format!("{:?}", any([is_consumer("a"), has_scope("b")])), "any([is_consumer(Some(\"a\")), has_scope(Some(\"b\"))])");
}
