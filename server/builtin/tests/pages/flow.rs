//! From the client's request to a code that the token endpoint takes, and what `prompt` and `max_age` change.

use std::time::Duration;

use crate::browser::{Browser, assert_refused, change_client, people, request_of};
use crate::support::{SHOP, text};

#[tokio::test]
async fn a_code_comes_only_after_login_and_consent_and_can_be_redeemed() {
    let world = people().await;
    let mut browser = Browser::of(&world);
    let before = world.written();
    let login = browser.login_page(&request_of("shop", &[("scope", "read write")])).await;
    assert_eq!(world.written(), before, "no interaction, and no code");
    assert_eq!(browser.session(), None);
    let resume = browser.sign_in(&login, "alice", "correct-horse").await.location().to_owned();
    let consent = browser.get(&resume).await.location().to_owned();
    let page = browser.get(&consent).await;
    let answer = browser.decide(&page, "allow").await;
    assert!(answer.location().starts_with("https://shop.example/cb?code=khc_"), "{answer:#?}");
    assert_eq!(answer.sent("state").as_deref(), Some("s t/a+te"), "RFC 6749 §4.1.2");
    assert_eq!(answer.sent("iss").as_deref(), Some("https://id.example"), "RFC 9207 §2");
    let tokens = world.redeem(SHOP, &answer.sent("code").unwrap()).await.unwrap();
    assert_eq!(text(&tokens, "scope"), "read write");
    assert_eq!(world.audit.0.lock().unwrap().iter().filter(|event| event.outcome == "ok").count(), 3, "sign-in, consent, token");
}

/// RFC 6749 §4.1.2.1: nobody is sent to an address that is not proven.
#[tokio::test]
async fn an_unknown_client_or_redirect_uri_is_a_page_and_no_redirect() {
    let world = people().await;
    let mut browser = Browser::of(&world);
    for url in [
        request_of("nobody", &[]),
        request_of("shop", &[("redirect_uri", "https://evil.test/")]),
        "/authorize?response_type=code&client_id=shop&redirect_uri=https://evil.test/%22%3E%3Cscript%3E".to_owned(),
        "/authorize".to_owned(),
        "/authorize?client_id=%zz".to_owned(),
    ] {
        let page = browser.get(&url).await;
        assert_eq!(page.status, 400, "{url}: {page:#?}");
        assert!(!page.headers.contains_key("location") && !page.says("<script>") && !page.says("evil"), "{page:#?}");
    }
}

#[tokio::test]
async fn in_development_the_page_shows_what_was_sent_and_what_is_registered() {
    let world = people().await.with_settings(|settings| settings.dev = true);
    let page = Browser::of(&world).get("/authorize?response_type=code&client_id=shop&redirect_uri=https://shop.example/cb/").await;
    assert_eq!(page.status, 400);
    for text in ["KH0207", "https://shop.example/cb/", "differs: trailing slash", "keyhook client update shop --add-redirect-uri"] {
        assert!(page.says(text), "{text}: {}", page.body);
    }
}

#[tokio::test]
async fn later_errors_go_to_the_client_with_state_and_issuer() {
    let world = people().await;
    let mut browser = Browser::of(&world);
    for (more, error) in [
        (("scope", "admin"), "invalid_scope"),
        (("prompt", "none login"), "invalid_request"),
        (("max_age", "-1"), "invalid_request"),
        (("request", "x"), "request_not_supported"),
        (("scope", "read\"write"), "invalid_scope"),
    ] {
        assert_refused(&browser.get(&request_of("shop", &[more])).await, error);
    }
    assert_refused(&browser.get(&request_of("shop", &[("x", "1"), ("x", "2")])).await, "invalid_request");
}

/// OpenID Connect Core §3.1.2.6.
#[tokio::test]
async fn prompt_none_shows_no_page() {
    let world = people().await;
    let mut browser = Browser::of(&world);
    let silent = request_of("shop", &[("prompt", "none"), ("scope", "read")]);
    assert_refused(&browser.get(&silent).await, "login_required");
    browser.arrive(&request_of("shop", &[("scope", "read")]), "alice").await;
    assert_refused(&browser.get(&silent).await, "consent_required");
    let consent = browser.get(&request_of("shop", &[("scope", "read")])).await.location().to_owned();
    let page = browser.get(&consent).await;
    browser.decide(&page, "allow").await;
    assert!(browser.get(&silent).await.sent("code").is_some());
}

/// OpenID Connect Core §3.1.2.1.
#[tokio::test]
async fn prompt_login_and_max_age_demand_a_new_sign_in_and_take_it_once() {
    let world = people().await;
    let mut browser = Browser::of(&world);
    browser.allow(&request_of("shop", &[]), "alice").await;
    assert!(browser.get(&request_of("shop", &[])).await.sent("code").is_some(), "signed in and consented");
    for more in [("prompt", "login"), ("prompt", "select_account"), ("max_age", "0")] {
        let back = browser.arrive(&request_of("shop", &[more]), "alice").await;
        assert!(back.sent("code").is_some(), "{more:?}: {back:#?}");
    }
    world.clock.advance(Duration::from_secs(61));
    assert!(browser.get(&request_of("shop", &[("max_age", "62")])).await.sent("code").is_some());
    let old = browser.get(&request_of("shop", &[("max_age", "60")])).await;
    assert!(old.location().starts_with("/login?"), "{old:#?}");
    assert_refused(&browser.get(&request_of("shop", &[("max_age", "0"), ("prompt", "none")])).await, "login_required");
}

#[tokio::test]
async fn without_login_or_consent_of_ours_and_without_a_plugin_the_answer_is_no() {
    let world = people().await.with_settings(|settings| settings.builtin_login = false);
    let mut browser = Browser::of(&world);
    assert_refused(&browser.get(&request_of("shop", &[])).await, "access_denied");
    assert_eq!(world.last_event().code, "KH0270");
    assert_eq!(browser.get("/login").await.status, 404, "the page is gone too");

    let world = people().await.with_settings(|settings| settings.builtin_consent = false);
    let mut browser = Browser::of(&world);
    assert_refused(&browser.arrive(&request_of("shop", &[]), "alice").await, "access_denied");
    assert_eq!(world.last_event().code, "KH0271");
    assert_eq!(world.audit.0.lock().unwrap().len(), 2);
}

#[tokio::test]
async fn a_client_that_was_disabled_meanwhile_gets_no_code() {
    let world = people().await;
    let mut browser = Browser::of(&world);
    let consent = browser.arrive(&request_of("shop", &[]), "alice").await.location().to_owned();
    let page = browser.get(&consent).await;
    change_client(&world, "shop", |client| client.disabled = true).await;
    assert_eq!(browser.decide(&page, "allow").await.status, 400);
}

/// RFC 8252 §7.1: a navigation to an app's scheme is a page with a link, everything else a 303.
#[tokio::test]
async fn an_app_is_reached_by_a_page_on_a_navigation_and_by_303_otherwise() {
    let world = people().await;
    let mut browser = Browser::of(&world);
    let answer = browser.allow(&request_of("phone", &[("scope", "read")]), "alice").await;
    assert!(answer.location().starts_with("com.example.phone:/cb?code=khc_"));
    browser.headers.push(("sec-fetch-dest", "document"));
    let consent = browser.get(&request_of("phone", &[("scope", "read")])).await.location().to_owned();
    let page = browser.get(&consent).await;
    let page = browser.decide(&page, "allow").await;
    assert_eq!(page.status, 200);
    assert!(page.says("http-equiv=\"refresh\" content=\"0;url=com.example.phone:/cb?code=khc_"), "{}", page.body);
}

/// RFC 8414 §2: an issuer may have a path, and every page stays below it.
#[tokio::test]
async fn below_an_issuer_with_a_path_everything_stays_below_it() {
    let issuer = keyhook_core::Issuer::parse("https://id.example/tenant").unwrap();
    let world = people().await.with_settings(|settings| settings.issuer = issuer);
    let mut browser = Browser::of(&world);
    let login = browser.get(&format!("/tenant{}", request_of("shop", &[]))).await.location().to_owned();
    assert!(login.starts_with("/tenant/login?"), "{login}");
    let page = browser.get(&login).await;
    assert!(page.says("action=\"/tenant/login\"") && page.says("href=\"/tenant/static/keyhook.css"), "{}", page.body);
    let form = [
        ("interaction", &*page.field("interaction")),
        ("csrf_token", &*page.field("csrf_token")),
        ("username", "alice"),
        ("password", "correct-horse"),
    ];
    let resume = browser.post("/tenant/login", &form).await.location().to_owned();
    assert!(resume.starts_with("/tenant/authorize/resume?"), "{resume}");
    let consent = browser.get(&resume).await.location().to_owned();
    assert!(consent.starts_with("/tenant/consent?"), "{consent}");
}

/// What is looked up is remembered, also that it is not there: an endless name would fill the memory.
#[tokio::test]
async fn an_endless_client_id_is_not_looked_up() {
    let world = people().await;
    let page = Browser::of(&world).get(&request_of(&"x".repeat(10_000), &[])).await;
    assert_eq!((page.status, world.last_event().code), (400, "KH0204"));
    assert!(world.store.longest_key.load(std::sync::atomic::Ordering::SeqCst) <= 255);
}
