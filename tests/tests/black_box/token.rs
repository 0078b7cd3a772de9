//! The token endpoint with codes and with a client's own credentials (RFC 6749 §4.1.3, §4.4, §5; RFC 7636 §4.5, §4.6).

use std::time::Duration;

use keyhook_tests::back_channel::{BackChannel, Tokens};
use keyhook_tests::flow::{self, Ask, Pkce};
use keyhook_tests::http::{Answer, basic};
use keyhook_tests::stage::{ALICE, SECRET, SHOP_URI, Stage};

fn assert_refused(answer: &Answer, status: u16, error: &str) {
    assert_eq!((answer.status, answer.error().as_str()), (status, error), "{}", answer.text());
    assert_json_that_is_not_kept(answer);
    assert!(answer.json()["access_token"].is_null());
}

/// RFC 6749 §5.1.
fn assert_json_that_is_not_kept(answer: &Answer) {
    assert_eq!(answer.header("content-type"), Some("application/json"));
    assert_eq!((answer.header("cache-control"), answer.header("pragma")), (Some("no-store"), Some("no-cache")));
}

/// RFC 6749 §5.1.
#[test]
fn a_code_becomes_tokens() {
    let stage = Stage::new();
    let answer = stage.redeem(&stage.code());
    assert_eq!(answer.status, 200, "{}", answer.text());
    assert_json_that_is_not_kept(&answer);
    let body = answer.json();
    let names: Vec<_> = body.as_object().unwrap().keys().map(String::as_str).collect();
    assert_eq!(names, ["access_token", "expires_in", "refresh_token", "scope", "token_type"]);
    assert_eq!(
        (body["token_type"].as_str(), body["expires_in"].as_u64(), body["scope"].as_str()),
        (Some("Bearer"), Some(3600), Some("read write"))
    );
    let told = stage.back_channel("machine").introspect(body["access_token"].as_str().unwrap());
    assert_eq!((told["active"].as_bool(), told["sub"].as_str(), told["client_id"].as_str()), (Some(true), Some("alice"), Some("shop")));
}

/// RFC 6749 §4.1.2: "MUST deny the request and SHOULD revoke … all tokens previously issued based on that authorization code".
#[test]
fn a_code_that_comes_twice_ends_everything_that_came_from_it() {
    let stage = Stage::new();
    let code = stage.code();
    let tokens = Tokens::of(&stage.redeem(&code)).unwrap();
    let rotated = Tokens::of(&stage.back_channel("shop").refresh(&tokens.refresh)).unwrap();
    assert_refused(&stage.redeem(&code), 400, "invalid_grant");
    let machine = stage.back_channel("machine");
    for dead in [&tokens.access, &tokens.refresh, &rotated.access, &rotated.refresh] {
        assert_eq!(machine.introspect(dead), serde_json::json!({ "active": false }));
    }
    assert_refused(&stage.back_channel("shop").refresh(&rotated.refresh), 400, "invalid_grant");
}

/// RFC 6749 §10.5: a late replay is known as long as the grant lives, not only as long as the code.
#[test]
fn a_replay_is_known_long_after_the_code_expired() {
    let stage = Stage::new();
    let code = stage.code();
    let tokens = Tokens::of(&stage.redeem(&code)).unwrap();
    stage.advance(Duration::from_mins(30));
    assert!(stage.back_channel("machine").is_active(&tokens.access));
    assert_refused(&stage.redeem(&code), 400, "invalid_grant");
    assert!(!stage.back_channel("machine").is_active(&tokens.access));
}

/// RFC 6749 §4.1.3: "ensure that the authorization code was issued to the authenticated confidential client".
#[test]
fn another_client_gets_nothing_for_a_code_and_harms_nothing() {
    let stage = Stage::new();
    let code = stage.code();
    let verifier = stage.ask().pkce.verifier;
    assert_refused(&stage.back_channel("other").redeem(&code, SHOP_URI, &verifier), 400, "invalid_grant");
    let tokens = Tokens::of(&stage.redeem(&code)).unwrap();
    assert_refused(&stage.back_channel("other").redeem(&code, SHOP_URI, &verifier), 400, "invalid_grant");
    assert!(stage.back_channel("machine").is_active(&tokens.access), "a stranger's replay revokes nothing");
}

/// RFC 6749 §4.1.3 and §10.6: `redirect_uri` is required if it was sent, and identical.
#[test]
fn the_redirect_uri_must_come_again_as_it_was() {
    let stage = Stage::new();
    let verifier = stage.ask().pkce.verifier;
    let shop = stage.back_channel("shop");
    for wrong in ["https://shop.test/cb/", "https://shop.test/CB", "https://shop.test/cb?", "https://evil.test/cb", ""] {
        let code = stage.code();
        assert_refused(&shop.redeem(&code, wrong, &verifier), 400, "invalid_grant");
        assert_refused(&stage.redeem(&code), 400, "invalid_grant");
    }
    let code = stage.code();
    let without = [("grant_type", "authorization_code"), ("code", &code), ("code_verifier", &verifier)];
    assert_refused(&shop.post("/token", &without), 400, "invalid_grant");
    assert_refused(&stage.redeem(&code), 400, "invalid_grant");
}

/// RFC 6749 §4.1.2.
#[test]
fn a_code_lives_a_minute() {
    let stage = Stage::new();
    let (young, old) = (stage.code(), stage.code());
    stage.advance(Duration::from_secs(59));
    assert_eq!(stage.redeem(&young).status, 200);
    stage.advance(Duration::from_secs(2));
    assert_refused(&stage.redeem(&old), 400, "invalid_grant");
}

/// RFC 7636 §4.6, RFC 9700 §4.8.2: no verifier without its challenge, no challenge without its verifier.
#[test]
fn every_pairing_of_challenge_and_verifier_but_the_right_one_is_refused() {
    let stage = Stage::new();
    let pkce = Pkce::new("right");
    let other = Pkce::new("wrong");
    let lax = stage.back_channel("lax");
    let ask = Ask { client_id: "lax", pkce: pkce.clone(), ..stage.ask() };
    let with = || flow::code(&mut stage.client(), &ask, ALICE);
    let without = || {
        let path = ask.path().split("&code_challenge=").next().unwrap().to_owned();
        let mut browser = stage.client();
        let arrived = browser.get(&path);
        let login = flow::follow(&mut browser, arrived);
        let form = flow::Form::with_field(&login.text(), "password");
        let next = browser.post(&form.action, &form.filled(&[("username", ALICE.username), ("password", ALICE.password)]));
        let consent = flow::follow(&mut browser, next);
        if consent.status == 303 {
            return consent.location_parameter("code").unwrap();
        }
        let form = flow::Form::with_field(&consent.text(), "decision");
        browser.post(&form.action, &form.filled(&[("decision", "allow")])).location_parameter("code").unwrap()
    };
    let redeem = |code: &str, verifier: Option<&str>| {
        let mut form = vec![("grant_type", "authorization_code"), ("code", code), ("redirect_uri", SHOP_URI)];
        form.extend(verifier.map(|verifier| ("code_verifier", verifier)));
        lax.post("/token", &form)
    };
    let bound = with();
    let cut = &pkce.verifier[..42];
    for wrong in [None, Some(""), Some(other.verifier.as_str()), Some(pkce.challenge.as_str()), Some(cut)] {
        let answer = redeem(&bound, wrong);
        assert!(
            answer.status == 400 && ["invalid_grant", "invalid_request"].contains(&answer.error().as_str()),
            "{wrong:?} {}",
            answer.text()
        );
    }
    assert_eq!(redeem(&bound, Some(&pkce.verifier)).status, 200);
    let free = without();
    assert_refused(&redeem(&free, Some(&pkce.verifier)), 400, "invalid_grant");
    assert_eq!(redeem(&free, None).status, 200, "a confidential client that may go without did so on both ends");
}

/// RFC 7636 §4.1: a public client proves itself with the verifier alone.
#[test]
fn a_public_client_redeems_with_its_verifier_and_no_secret() {
    let stage = Stage::new();
    let ask = Ask { client_id: "app", redirect_uri: "http://127.0.0.1:49152/cb", scope: "read", ..stage.ask() };
    let code = flow::code(&mut stage.client(), &ask, ALICE);
    let redeem = |verifier: &str| {
        let mut form = BackChannel::code_form(&code, ask.redirect_uri, verifier).to_vec();
        form.push(("client_id", "app"));
        stage.client().post("/token", &form)
    };
    assert_refused(&redeem(&Pkce::new("thief").verifier), 400, "invalid_grant");
    let answer = redeem(&ask.pkce.verifier);
    assert!(Tokens::of(&answer).is_some(), "{}", answer.text());
    let refreshed =
        [("grant_type", "refresh_token"), ("refresh_token", answer.json()["refresh_token"].as_str().unwrap()), ("client_id", "app")]
            .map(|(name, value)| (name.to_owned(), value.to_owned()));
    let refreshed: Vec<_> = refreshed.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    assert!(Tokens::of(&stage.client().post("/token", &refreshed)).is_some());
}

/// RFC 6749 §5.2 for each of its codes, RFC 6749 §3.2 for parameters sent twice.
#[test]
fn every_error_has_its_code() {
    let stage = Stage::new();
    let shop = stage.back_channel("shop");
    for (form, error) in [
        (vec![], "invalid_request"),
        (vec![("grant_type", "")], "invalid_request"),
        (vec![("grant_type", "password"), ("username", "alice"), ("password", "open sesame")], "unsupported_grant_type"),
        (vec![("grant_type", "urn:ietf:params:oauth:grant-type:device_code")], "unsupported_grant_type"),
        (vec![("grant_type", "client_credentials")], "unauthorized_client"),
        (vec![("grant_type", "authorization_code")], "invalid_request"),
        (vec![("grant_type", "authorization_code"), ("code", "x"), ("code", "y")], "invalid_request"),
        (vec![("grant_type", "authorization_code"), ("code", "x"), ("x", "1"), ("x", "2")], "invalid_request"),
        (vec![("grant_type", "authorization_code"), ("code", "khc_nonsense")], "invalid_grant"),
        (vec![("grant_type", "refresh_token")], "invalid_request"),
        (vec![("grant_type", "refresh_token"), ("refresh_token", "khr_nonsense")], "invalid_grant"),
    ] {
        assert_refused(&shop.post("/token", &form), 400, error);
    }
    let machine = stage.back_channel("machine");
    assert_refused(&machine.post("/token", &[("grant_type", "client_credentials"), ("scope", "read admin")]), 400, "invalid_scope");
    assert_refused(&machine.post("/token", &[("grant_type", "authorization_code"), ("code", "x")]), 400, "unauthorized_client");
}

/// RFC 6749 §4.4: a token of the client's own, no refresh token (§4.4.3), and no user in it (RFC 9700 §4.15).
#[test]
fn a_machine_gets_a_token_of_its_own() {
    let stage = Stage::new();
    let machine = stage.back_channel("machine");
    let answer = machine.post("/token", &[("grant_type", "client_credentials"), ("scope", "write")]);
    assert_eq!(answer.status, 200, "{}", answer.text());
    assert_json_that_is_not_kept(&answer);
    assert!(answer.json()["refresh_token"].is_null());
    let told = machine.introspect(answer.json()["access_token"].as_str().unwrap());
    assert_eq!(
        (told["active"].as_bool(), told["scope"].as_str(), told["client_id"].as_str()),
        (Some(true), Some("write"), Some("machine"))
    );
    assert!(told["sub"].is_null() && told["username"].is_null());
    let plain = machine.post("/token", &[("grant_type", "client_credentials")]);
    assert_eq!(plain.json()["scope"], "read", "the default scope, said out loud (RFC 6749 §3.3)");
}

/// RFC 6749 §3.2: POST; and the body is a form, in whatever way its type is written.
#[test]
fn only_a_posted_form_is_a_token_request() {
    let stage = Stage::new();
    for method in ["GET", "HEAD", "PUT", "DELETE", "OPTIONS"] {
        let answer = stage.client().request(method, "/token", &[], b"");
        assert_eq!((answer.status, answer.header("allow")), (405, Some("POST")), "{method}");
        assert_eq!(answer.header("content-type"), Some("application/json"), "{method}: never HTML");
        assert_eq!(answer.header("cache-control"), Some("no-store"));
    }
    let authorization = basic("machine", SECRET);
    let post = |content_type: Option<&str>, body: &str| {
        let mut headers = vec![("authorization", authorization.as_str())];
        headers.extend(content_type.map(|value| ("content-type", value)));
        stage.client().request("POST", "/token", &headers, body.as_bytes())
    };
    let form = "grant_type=client_credentials";
    for right in [
        "application/x-www-form-urlencoded",
        "application/x-www-form-urlencoded;charset=UTF-8",
        "Application/X-WWW-Form-Urlencoded ; charset=utf-8",
    ] {
        assert_eq!(post(Some(right), form).status, 200, "{right}");
    }
    for wrong in [Some("application/json"), Some("text/plain"), Some("multipart/form-data; boundary=x"), Some(""), None] {
        let answer = post(wrong, form);
        assert!(answer.status == 400 && answer.error() == "invalid_request", "{wrong:?}: {} {}", answer.status, answer.text());
    }
    assert_refused(&post(Some("application/x-www-form-urlencoded"), "grant_type=client_credentials&scope=%ff"), 400, "invalid_request");
    let in_query = stage.client().request("POST", "/token?grant_type=client_credentials", &[("authorization", &authorization)], b"");
    assert_eq!((in_query.status, in_query.error().as_str()), (400, "invalid_request"), "codes and secrets do not belong into a URL");
}

/// RFC 6749 §5.1, §4.2.2: an access token ends when the response said it would.
#[test]
fn an_access_token_ends_after_expires_in() {
    let stage = Stage::new();
    let tokens = stage.tokens();
    stage.advance(Duration::from_secs(3599));
    assert!(stage.back_channel("machine").is_active(&tokens.access));
    stage.advance(Duration::from_secs(2));
    assert!(!stage.back_channel("machine").is_active(&tokens.access));
    assert!(stage.back_channel("machine").is_active(&tokens.refresh));
}
