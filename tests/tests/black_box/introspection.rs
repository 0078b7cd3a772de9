//! What a resource server learns about a token, and what nobody else learns (RFC 7662).

use keyhook_tests::http::basic;
use keyhook_tests::stage::{SECRET, Stage};
use serde_json::json;

/// RFC 7662 §2.2.
#[test]
fn an_active_token_is_described() {
    let stage = Stage::new();
    let tokens = stage.tokens();
    let machine = stage.back_channel("machine");
    let told = machine.introspect(&tokens.access);
    let born = told["iat"].as_i64().unwrap();
    assert_eq!(
        told,
        json!({
            "active": true, "scope": "read write", "client_id": "shop", "username": "alice", "sub": "alice", "token_type": "Bearer",
            "iss": stage.issuer, "iat": born, "exp": born + 3600,
        })
    );
    let refresh = machine.introspect(&tokens.refresh);
    assert_eq!((refresh["active"].as_bool(), refresh["sub"].as_str(), &refresh["token_type"]), (Some(true), Some("alice"), &json!(null)));
    let hinted = machine.post("/introspect", &[("token", &tokens.access), ("token_type_hint", "refresh_token")]);
    assert_eq!(hinted.json()["active"], true, "RFC 7662 §2.1: the hint is no filter");
    assert_eq!(hinted.header("cache-control"), Some("no-store"));
}

/// RFC 7662 §2.2: "the authorization server MUST return … `active` … `false`", without the reason.
#[test]
fn whatever_is_not_an_active_token_is_inactive_and_nothing_more() {
    let stage = Stage::new();
    let machine = stage.back_channel("machine");
    let code = stage.code();
    let tokens = stage.tokens();
    stage.back_channel("shop").revoke(&tokens.refresh);
    let long = "kha_".to_owned() + &"A".repeat(5000);
    for token in [&*tokens.access, &*tokens.refresh, &*code, "kha_nonsense", "eyJhbGciOiJub25lIn0.e30.", " ", "\u{1}", &*long] {
        assert_eq!(machine.introspect(token), json!({ "active": false }), "{token}");
    }
}

/// RFC 7662 §4: a client that is not registered to introspect sees its own tokens; a stranger's look like none.
#[test]
fn a_client_sees_its_own_tokens_only() {
    let stage = Stage::new();
    let tokens = stage.tokens();
    assert!(stage.back_channel("shop").is_active(&tokens.access));
    for token in [&tokens.access, &tokens.refresh] {
        assert_eq!(stage.back_channel("other").introspect(token), json!({ "active": false }));
    }
}

/// RFC 7662 §2.1: "MUST also require some form of authorization to access this endpoint".
#[test]
fn nobody_introspects_without_proving_who_they_are() {
    let stage = Stage::new();
    let tokens = stage.tokens();
    let form = [("token", tokens.access.as_str())];
    let wrong = basic("machine", "wrong");
    let bearer = format!("Bearer {}", tokens.access);
    for headers in [vec![("authorization", wrong.as_str())], vec![("authorization", bearer.as_str())]] {
        let answer = stage.client().post_with("/introspect", &headers, &form);
        assert_eq!((answer.status, answer.error().as_str()), (401, "invalid_client"));
        assert!(answer.header("www-authenticate").is_some());
    }
    let public = stage.client().post("/introspect", &[form[0], ("client_id", "app")]);
    assert_eq!((public.status, public.error().as_str()), (401, "invalid_client"));
    assert!(stage.client().post("/introspect", &form).json()["active"].is_null());
}

/// RFC 7662 §2.1: POST with `token`.
#[test]
fn a_malformed_request_is_told_so() {
    let stage = Stage::new();
    let machine = stage.back_channel("machine");
    for form in [vec![], vec![("token", "")], vec![("token", "\0")], vec![("token", "a"), ("token", "b")]] {
        let answer = machine.post("/introspect", &form);
        assert_eq!((answer.status, answer.error().as_str()), (400, "invalid_request"), "{form:?}");
    }
    let authorization = basic("machine", SECRET);
    let get = stage.client().request("GET", "/introspect?token=x", &[("authorization", &authorization)], b"");
    assert_eq!((get.status, get.header("allow")), (405, Some("POST")), "tokens do not belong into a URL");
    let json_body = [("authorization", authorization.as_str()), ("content-type", "application/json")];
    let answer = stage.client().request("POST", "/introspect", &json_body, br#"{"token":"x"}"#);
    assert_eq!((answer.status, answer.error().as_str()), (400, "invalid_request"));
}
