//! Revocation (RFC 7009).

use keyhook_tests::back_channel::Tokens;
use keyhook_tests::stage::Stage;

/// RFC 7009 §2.1: revoking a refresh token SHOULD end the access tokens of its grant too.
#[test]
fn a_revoked_refresh_token_takes_its_family_along() {
    let stage = Stage::new();
    let shop = stage.back_channel("shop");
    let first = stage.tokens();
    let second = Tokens::of(&shop.refresh(&first.refresh)).unwrap();
    let answer = shop.revoke(&second.refresh);
    assert_eq!((answer.status, answer.header("cache-control")), (200, Some("no-store")));
    for dead in [&first.access, &second.access, &second.refresh] {
        assert!(!stage.back_channel("machine").is_active(dead));
    }
    assert_eq!(shop.refresh(&second.refresh).error(), "invalid_grant");
}

/// RFC 7009 §2.1: an access token goes alone.
#[test]
fn a_revoked_access_token_leaves_its_family() {
    let stage = Stage::new();
    let shop = stage.back_channel("shop");
    let tokens = stage.tokens();
    assert_eq!(shop.revoke(&tokens.access).status, 200);
    assert!(!stage.back_channel("machine").is_active(&tokens.access));
    assert!(Tokens::of(&shop.refresh(&tokens.refresh)).is_some());
}

/// A refresh token that was rotated away still names its family: its client wants it gone, and so it goes.
#[test]
fn a_spent_refresh_token_revokes_its_family_too() {
    let stage = Stage::new();
    let shop = stage.back_channel("shop");
    let first = stage.tokens();
    let second = Tokens::of(&shop.refresh(&first.refresh)).unwrap();
    assert_eq!(shop.revoke(&first.refresh).status, 200);
    assert!(!stage.back_channel("machine").is_active(&second.refresh));
}

/// RFC 7009 §2.2: "invalid tokens do not cause an error response".
#[test]
fn a_token_that_never_was_or_is_gone_is_no_error() {
    let stage = Stage::new();
    let shop = stage.back_channel("shop");
    let tokens = stage.tokens();
    for token in ["nonsense", "kha_nonsense", &tokens.access, &tokens.access, &tokens.refresh, &tokens.refresh] {
        let hinted = shop.post("/revoke", &[("token", token), ("token_type_hint", "something_else")]);
        assert_eq!(hinted.status, 200, "{token}: {}", hinted.text());
    }
}

/// RFC 7009 §2.1: "the authorization server … verifies whether the token was issued to the client making the revocation request".
#[test]
fn another_client_revokes_nothing() {
    let stage = Stage::new();
    let tokens = stage.tokens();
    for token in [&tokens.access, &tokens.refresh] {
        let answer = stage.back_channel("other").revoke(token);
        assert_eq!((answer.status, answer.error().as_str()), (400, "unauthorized_client"), "{}", answer.text());
        let as_app = stage.client().post("/revoke", &[("token", token), ("client_id", "app")]);
        assert_eq!(as_app.status, 400);
        assert!(stage.back_channel("machine").is_active(token));
    }
}

/// RFC 7009 §2.2.1 and §2.1.
#[test]
fn a_malformed_request_is_told_so() {
    let stage = Stage::new();
    let shop = stage.back_channel("shop");
    assert_eq!(shop.post("/revoke", &[]).error(), "invalid_request");
    assert_eq!(shop.post("/revoke", &[("token", &stage.code())]).error(), "unsupported_token_type");
    let get = stage.client().get("/revoke?token=x");
    assert_eq!((get.status, get.header("allow")), (405, Some("POST")));
    assert_eq!(stage.client().post("/revoke", &[("token", "x")]).json()["active"], serde_json::Value::Null);
}
