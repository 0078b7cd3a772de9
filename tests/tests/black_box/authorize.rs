//! The authorization endpoint as clients and browsers see it (RFC 6749 §3.1, §4.1).

use std::time::Duration;

use keyhook_tests::flow::{Ask, Form, Pkce, follow, walk};
use keyhook_tests::http::{Answer, encode_form};
use keyhook_tests::stage::{ALICE, SHOP_URI, Stage};

/// The query of `ask` with one parameter replaced, or left out where the value is `None`.
fn changed(ask: &Ask<'_>, name: &str, value: Option<&str>) -> String {
    let path = ask.path();
    let kept: Vec<_> = path.split_once('?').unwrap().1.split('&').filter(|pair| pair.split('=').next() != Some(name)).collect();
    let added = value.map(|value| encode_form(&[(name, value)]));
    let all: Vec<_> = kept.into_iter().chain(added.as_deref()).collect();
    format!("/authorize?{}", all.join("&"))
}

fn assert_client_hears(answer: &Answer, stage: &Stage, error: &str) {
    assert_eq!(
        (answer.status, answer.location_parameter("error").as_deref()),
        (303, Some(error)),
        "{} {}",
        answer.location(),
        answer.text()
    );
    assert!(answer.location().starts_with(&format!("{SHOP_URI}?")), "{}", answer.location());
    assert_eq!(answer.location_parameter("state").as_deref(), Some("a state"), "RFC 6749 §4.1.2.1");
    assert_eq!(answer.location_parameter("iss").as_deref(), Some(stage.issuer.as_str()), "RFC 9207 §2");
    assert_eq!(answer.location_parameter("code"), None);
}

fn assert_page(answer: &Answer) {
    assert_eq!(answer.status, 400, "{}", answer.text());
    assert_eq!(answer.header("location"), None, "nobody is sent anywhere");
    assert!(answer.header("content-type").unwrap().starts_with("text/html"));
    assert_eq!(answer.header("cache-control"), Some("no-store"));
}

/// RFC 6749 §4.1.2, RFC 9207 §2: `code`, `state` and `iss`, and 303 after a POST (RFC 9700 §4.12).
#[test]
fn a_code_comes_back_with_state_and_issuer() {
    let stage = Stage::new();
    let answer = walk(&mut stage.client(), &stage.ask(), ALICE);
    assert_eq!(answer.status, 303);
    assert!(answer.location().starts_with(&format!("{SHOP_URI}?code=khc_")), "{}", answer.location());
    assert_eq!(answer.location_parameter("state").as_deref(), Some("a state"));
    assert_eq!(answer.location_parameter("iss"), Some(stage.issuer.clone()));
    assert_eq!(answer.header("cache-control"), Some("no-store"));
    assert!(answer.header("referrer-policy").is_none_or(|policy| policy == "no-referrer"));
}

/// RFC 6749 §4.1.2: REQUIRED if the parameter was present, "the exact value received from the client".
#[test]
fn the_state_comes_back_byte_for_byte_on_success_and_on_errors() {
    let stage = Stage::new();
    let long = "x".repeat(2048);
    for state in ["a b", "a+b", "é\u{1F980}", "<script>\"'", "%25%00", "a&code=forged", "=;/?#[]@", "", " ", "\u{202e}", &long] {
        let ask = Ask { state, ..stage.ask() };
        let success = walk(&mut stage.client(), &ask, ALICE);
        let refused = stage.client().get(&changed(&ask, "response_type", Some("token")));
        for answer in [success, refused] {
            let sent = (!state.is_empty()).then(|| state.to_owned());
            assert_eq!(answer.location_parameter("state"), sent, "{state:?}: {}", answer.location());
            assert_eq!(answer.location().matches("code=khc_").count() + answer.location().matches("error=").count(), 1);
        }
    }
}

/// A state that cannot be a header's or a log's is refused without being repeated; so is one that is sent twice.
#[test]
fn a_state_with_control_characters_or_too_long_or_twice_is_refused() {
    let stage = Stage::new();
    let too_long = "x".repeat(2049);
    for state in ["a\r\nSet-Cookie: x=1", "\u{1}", "\u{7f}", &too_long] {
        let answer = stage.client().get(&Ask { state, ..stage.ask() }.path());
        assert_eq!(answer.location_parameter("error").as_deref(), Some("invalid_request"), "{state:?}");
        assert_eq!(answer.location_parameter("state"), None);
        assert!(answer.headers.iter().all(|(name, _)| name != "set-cookie"), "{state:?}");
    }
    assert_page(&stage.client().get(&Ask { state: "\0", ..stage.ask() }.path()));
    let answer = stage.client().get(&format!("{}&state=b", stage.ask().path()));
    assert_eq!(answer.location_parameter("error").as_deref(), Some("invalid_request"));
}

/// RFC 6749 §4.1.2.1: an unproven client or redirect URI is told to the person, and nobody is redirected.
#[test]
fn an_unknown_client_or_redirect_uri_gets_a_page_that_repeats_nothing() {
    let stage = Stage::new();
    let ask = stage.ask();
    for path in [
        "/authorize".to_owned(),
        changed(&ask, "client_id", None),
        changed(&ask, "client_id", Some("nobody<script>alert(1)</script>")),
        changed(&ask, "redirect_uri", Some("https://evil.test/\"><script>alert(1)</script>")),
        format!("{}&client_id=shop", ask.path()),
        format!("{}&redirect_uri=https%3A%2F%2Fevil.test", ask.path()),
        "/authorize?client_id=%zz".to_owned(),
        "/authorize?client_id=%ff".to_owned(),
    ] {
        let answer = stage.client().get(&path);
        assert_page(&answer);
        assert!(!answer.text().contains("<script>alert"), "{path}: {}", answer.text());
    }
}

/// RFC 6749 §4.1.2.1.
#[test]
fn whatever_else_is_wrong_the_client_hears_by_redirect() {
    let stage = Stage::new();
    let ask = stage.ask();
    for (name, value, error) in [
        ("response_type", None, "invalid_request"),
        ("response_type", Some("token"), "unsupported_response_type"),
        ("response_type", Some("code token"), "unsupported_response_type"),
        ("response_type", Some("CODE"), "unsupported_response_type"),
        ("response_mode", Some("fragment"), "invalid_request"),
        ("scope", Some("read admin"), "invalid_scope"),
        ("scope", Some("read\\write"), "invalid_scope"),
        ("prompt", Some("none login"), "invalid_request"),
        ("max_age", Some("soon"), "invalid_request"),
        ("request", Some("eyJ"), "request_not_supported"),
        ("request_uri", Some("https://shop.test/request"), "request_uri_not_supported"),
        ("unknown", Some("is ignored"), ""),
    ] {
        let answer = stage.client().get(&changed(&ask, name, value));
        if error.is_empty() {
            assert_eq!((answer.status, answer.location_parameter("error")), (303, None), "RFC 6749 §3.1");
        } else {
            assert_client_hears(&answer, &stage, error);
        }
    }
    let twice = format!("{}&scope=write", ask.path());
    assert_client_hears(&stage.client().get(&twice), &stage, "invalid_request");
}

/// RFC 7636 §4.4.1, RFC 9700 §2.1.1.
#[test]
fn a_request_without_an_s256_challenge_is_refused() {
    let stage = Stage::new();
    let ask = stage.ask();
    let short = &ask.pkce.challenge[..42];
    for path in [
        changed(&ask, "code_challenge", None),
        changed(&ask, "code_challenge", Some("")),
        changed(&ask, "code_challenge", Some(short)),
        changed(&ask, "code_challenge", Some(&format!("{}=", ask.pkce.challenge))),
        changed(&ask, "code_challenge_method", None),
        changed(&ask, "code_challenge_method", Some("plain")),
        changed(&ask, "code_challenge_method", Some("s256")),
    ] {
        assert_client_hears(&stage.client().get(&path), &stage, "invalid_request");
    }
}

/// RFC 6749 §3.1: GET; nothing but the form of a page is sent by POST, and there is no such page here (RFC 9110 §15.5.6).
#[test]
fn other_methods_are_told_which_are_allowed() {
    let stage = Stage::new();
    for method in ["POST", "PUT", "DELETE", "PATCH", "OPTIONS", "BREW"] {
        let answer = stage.client().request(method, "/authorize", &[("content-type", "application/x-www-form-urlencoded")], b"");
        assert_eq!(answer.status, 405, "{method}");
        assert!(answer.header("allow").is_some_and(|allow| allow.contains("GET")), "{method}: {:?}", answer.headers);
    }
}

/// The code exists after login and consent only; every page on the way is one that no cache keeps.
#[test]
fn there_is_no_code_before_the_user_signed_in_and_allowed() {
    let stage = Stage::new();
    let mut browser = stage.client();
    let arrived = browser.get(&stage.ask().path());
    assert!(!arrived.location().contains("khc_") && arrived.location().starts_with("/login?"), "{}", arrived.location());
    let login = follow(&mut browser, arrived);
    assert_eq!(login.header("cache-control"), Some("no-store"));
    let form = Form::with_field(&login.text(), "password");
    let signed_in = browser.post(&form.action, &form.filled(&[("username", ALICE.username), ("password", ALICE.password)]));
    assert_eq!(signed_in.status, 303, "{}", signed_in.text());
    let consent = follow(&mut browser, signed_in);
    assert_eq!((consent.status, consent.header("cache-control")), (200, Some("no-store")));
    for page in [&login, &consent] {
        assert!(!page.text().contains("khc_") && !page.headers.iter().any(|(_, value)| value.contains("khc_")));
    }
    let form = Form::with_field(&consent.text(), "decision");
    let allowed = browser.post(&form.action, &form.filled(&[("decision", "allow")]));
    assert!(allowed.location_parameter("code").is_some_and(|code| code.starts_with("khc_")), "{}", allowed.text());
}

/// OpenID Connect Core §3.1.2.6: no page is shown.
#[test]
fn prompt_none_answers_without_a_page() {
    let stage = Stage::new();
    let mut browser = stage.client();
    let silent = changed(&stage.ask(), "prompt", Some("none"));
    assert_client_hears(&browser.get(&silent), &stage, "login_required");
    let arrived = browser.get(&stage.ask().path());
    let login = follow(&mut browser, arrived);
    let form = Form::with_field(&login.text(), "password");
    browser.post(&form.action, &form.filled(&[("username", ALICE.username), ("password", ALICE.password)]));
    assert_client_hears(&browser.get(&silent), &stage, "consent_required");
    walk(&mut browser, &stage.ask(), ALICE);
    assert!(browser.get(&silent).location_parameter("code").is_some());
}

/// OpenID Connect Core §3.1.2.1.
#[test]
fn prompt_login_and_max_age_ask_a_signed_in_user_again() {
    let stage = Stage::new();
    let mut browser = stage.client();
    walk(&mut browser, &stage.ask(), ALICE);
    assert!(browser.get(&stage.ask().path()).location_parameter("code").is_some(), "signed in and consented: no page");
    let again = browser.get(&changed(&stage.ask(), "prompt", Some("login")));
    assert!(again.location().starts_with("/login?"), "{}", again.location());
    stage.advance(Duration::from_secs(100));
    let old = browser.get(&changed(&stage.ask(), "max_age", Some("99")));
    assert!(old.location().starts_with("/login?"), "{}", old.location());
    assert!(browser.get(&changed(&stage.ask(), "max_age", Some("101"))).location_parameter("code").is_some());
}

/// A request that waits ends: nobody signs in into yesterday's tab.
#[test]
fn a_waiting_request_expires() {
    let stage = Stage::new();
    let mut browser = stage.client();
    let arrived = browser.get(&stage.ask().path());
    let login = follow(&mut browser, arrived);
    stage.advance(Duration::from_secs(601));
    let form = Form::with_field(&login.text(), "password");
    let late = browser.post(&form.action, &form.filled(&[("username", ALICE.username), ("password", ALICE.password)]));
    assert_eq!((late.status, late.header("location")), (403, None), "{}", late.text());
    assert!(!late.headers.iter().any(|(name, value)| name == "set-cookie" && value.contains("khs_")));
}

/// The user's own decision to stop goes to the client, like a denial (RFC 6749 §4.1.2.1).
#[test]
fn cancelling_the_login_is_access_denied() {
    let stage = Stage::new();
    let mut browser = stage.client();
    let arrived = browser.get(&stage.ask().path());
    let login = follow(&mut browser, arrived);
    let form = Form::with_field(&login.text(), "password");
    assert_client_hears(&browser.post(&form.action, &form.filled(&[("cancel", "1")])), &stage, "access_denied");
}

/// Without the built-in login and without a plugin there is nobody to say yes: the answer is no.
#[test]
fn without_a_login_the_server_refuses() {
    let stage = Stage::configured("[login]\nbuiltin = false");
    assert_client_hears(&stage.client().get(&stage.ask().path()), &stage, "access_denied");
    assert_eq!(stage.client().get("/login").status, 404);
    let stage = Stage::configured("[login]\nconsent = false");
    assert_client_hears(&walk(&mut stage.client(), &stage.ask(), ALICE), &stage, "access_denied");
}

/// RFC 9110 §9.3.2: HEAD is GET without the body.
#[test]
fn head_is_answered_like_get_without_a_body() {
    let stage = Stage::new();
    let refused = changed(&stage.ask(), "scope", Some("admin"));
    let answer = stage.client().request("HEAD", &refused, &[], b"");
    assert_client_hears(&answer, &stage, "invalid_scope");
    assert!(answer.body.is_empty());
    let page = stage.client().request("HEAD", "/authorize", &[], b"");
    assert!(page.status == 400 && page.body.is_empty());
}

/// A program that loses its way gets JSON where it asks for it, a person a page.
#[test]
fn errors_without_a_redirect_are_pages_or_json_by_accept() {
    let stage = Stage::new();
    let json = stage.client().request("GET", "/authorize", &[("accept", "application/json")], b"");
    assert_eq!((json.status, json.error().as_str(), json.header("content-type")), (400, "invalid_request", Some("application/json")));
    assert_page(&stage.client().request("GET", "/authorize", &[("accept", "text/html,*/*;q=0.8")], b""));
    assert_page(&stage.client().get("/authorize"));
}

/// A stolen link is of no use: two people with one authorization URL each answer for themselves.
#[test]
fn each_request_has_a_code_of_its_own() {
    let stage = Stage::new();
    let ask = Ask { pkce: Pkce::new("shared"), ..stage.ask() };
    let mut browser = stage.client();
    let codes: Vec<_> = (0..3).map(|_| walk(&mut browser, &ask, ALICE).location_parameter("code").unwrap()).collect();
    assert!(codes[0] != codes[1] && codes[1] != codes[2] && codes[0] != codes[2]);
}
