//! Forms and pages belong to one request in one browser; nothing that came with a request is markup.

use std::time::Duration;

use crate::browser::{Browser, PASSWORD, Page, people, request_of};

async fn consent_page(browser: &mut Browser<'_>, user: &str) -> Page {
    let consent = browser.arrive(&request_of("shop", &[]), user).await.location().to_owned();
    browser.get(&consent).await
}

/// RFC 9700 §4.7, attacks UI-01 and UI-02.
#[tokio::test]
async fn a_form_without_its_token_or_with_another_one_is_403() {
    let world = people().await;
    let mut browser = Browser::of(&world);
    let (one, two) = (browser.login_page(&request_of("shop", &[])).await, browser.login_page(&request_of("shop", &[])).await);
    let (interaction, foreign) = (one.field("interaction"), two.field("csrf_token"));
    for token in [None, Some(""), Some("x"), Some(&*foreign)] {
        let mut form = vec![("interaction", &*interaction), ("username", "alice"), ("password", PASSWORD)];
        form.extend(token.map(|token| ("csrf_token", token)));
        let page = browser.post("/login", &form).await;
        assert_eq!((page.status, world.last_event().code), (403, "KH0272"), "{token:?}");
    }
    assert_eq!(browser.session(), None);
    let consent = consent_page(&mut browser, "alice").await;
    let name = consent.field("interaction");
    for form in [
        vec![("interaction", &*name), ("decision", "allow")],
        vec![("interaction", &*name), ("decision", "allow"), ("csrf_token", &*foreign)],
    ] {
        assert_eq!(browser.post("/consent", &form).await.status, 403);
    }
    for form in [vec![], vec![("csrf_token", &*foreign)]] {
        assert_eq!(browser.post("/logout", &form).await.status, 403);
    }
    assert!(browser.session().is_some());
}

/// Attacks AZ-24 and UI-15.
#[tokio::test]
async fn another_browser_cannot_use_a_page() {
    let world = people().await;
    let mut victim = Browser::of(&world);
    let login = victim.login_page(&request_of("shop", &[])).await;
    let name = login.field("interaction");
    let mut other = Browser::of(&world);
    for round in 0..2 {
        for path in ["/login", "/consent", "/authorize/resume"] {
            let page = other.get(&format!("{path}?interaction={name}")).await;
            assert_eq!((page.status, world.last_event().code), (403, "KH0274"), "{path}");
        }
        assert_eq!(other.sign_in(&login, "alice", PASSWORD).await.status, 403);
        if round == 0 {
            other.arrive(&request_of("shop", &[]), "bob").await;
        }
    }
}

#[tokio::test]
async fn unknown_forged_and_expired_interactions_are_403() {
    let world = people().await;
    let mut browser = Browser::of(&world);
    let login = browser.login_page(&request_of("shop", &[])).await;
    let name = login.field("interaction");
    for wrong in [
        String::new(),
        "khi_x".into(),
        name.replace("khi_", "khs_"),
        name[..name.len() - 4].to_owned(),
        format!("{name}AAAA"),
        "khi_".repeat(9000),
    ] {
        assert_eq!(browser.get(&format!("/login?interaction={wrong}")).await.status, 403, "{wrong}");
    }
    assert_eq!(browser.get("/login").await.status, 403);
    world.clock.advance(Duration::from_mins(10));
    assert_eq!(browser.get(&format!("/login?interaction={name}")).await.status, 403);
    assert_eq!(world.last_event().code, "KH0273");
}

/// Attack UI-14.
#[tokio::test]
async fn two_tabs_are_two_requests_and_a_double_click_is_one_code() {
    let world = people().await;
    let mut browser = Browser::of(&world);
    let first = consent_page(&mut browser, "alice").await;
    let second = browser.get(&request_of("shop", &[("scope", "read")])).await.location().to_owned();
    let second = browser.get(&second).await;
    assert!(browser.decide(&first, "allow").await.sent("code").is_some());
    assert_eq!(browser.decide(&first, "allow").await.status, 403);
    assert_eq!(world.last_event().code, "KH0275");
    assert!(browser.decide(&second, "allow").await.sent("code").is_some());
}

#[tokio::test]
async fn nobody_consents_in_the_name_of_another_user() {
    let world = people().await;
    let mut browser = Browser::of(&world);
    let page = consent_page(&mut browser, "alice").await;
    browser.arrive(&request_of("shop", &[("prompt", "login")]), "bob").await;
    assert_eq!(browser.decide(&page, "allow").await.status, 403, "the page said alice, and bob is signed in");
}

/// Attack UI-17.
#[tokio::test]
async fn signing_out_takes_a_form_and_ends_the_session() {
    let world = people().await;
    let mut browser = Browser::of(&world);
    browser.arrive(&request_of("shop", &[]), "alice").await;
    let session = browser.session().unwrap().clone();
    let page = browser.get("/logout").await;
    assert!(page.says("alice") && browser.session().is_some(), "a link alone does nothing");
    let page = browser.post("/logout", &[("csrf_token", &page.field("csrf_token"))]).await;
    assert!(page.says("signed out"));
    assert_eq!(browser.session(), None);
    browser.cookies.insert("__Host-keyhook".into(), session);
    assert!(browser.get(&request_of("shop", &[])).await.location().starts_with("/login?"), "the cookie is dead too");
}

/// Attacks UI-05 and AZ-22.
#[tokio::test]
async fn nothing_from_a_request_becomes_markup() {
    let world = people().await.with_settings(|settings| settings.dev = true);
    let mut browser = Browser::of(&world);
    for evil in ["<script>alert(1)</script>", "\" onmouseover=\"x", "'><svg onload=x>", "{{7*7}}", "${7*7}"] {
        let login = browser.login_page(&request_of("shop", &[("login_hint", evil), ("nonce", evil), ("ui_locales", evil)])).await;
        let again = browser.sign_in(&login, evil, "x").await;
        let refused = browser.get(&crate::browser::query(&[("client_id", evil)]).replace("client_id", "/authorize?client_id")).await;
        let registered = browser.get(&request_of("shop", &[]).replace("shop.example%2Fcb", &crate::browser::query(&[(evil, "")]))).await;
        let missing = browser.get(&format!("/{evil}")).await;
        for page in [login, again, refused, registered, missing] {
            for markup in ["<script>", "onmouseover=\"x", "<svg", ">49<"] {
                assert!(!page.says(markup), "{evil}: {}", page.body);
            }
        }
    }
    assert_eq!(browser.get("/%3Cx").await.status, 404);
}

#[tokio::test]
async fn pages_need_no_script_and_no_inline_style() {
    let world = people().await;
    let mut browser = Browser::of(&world);
    let login = browser.login_page(&request_of("shop", &[])).await;
    let consent = consent_page(&mut browser, "alice").await;
    let logout = browser.get("/logout").await;
    let error = browser.get("/authorize").await;
    for page in [login, consent, logout, error] {
        assert!(page.says("<html lang=\"en\">") && page.says("<h1>") && page.says("name=\"viewport\""), "{}", page.body);
        assert!(!page.says("<script") && !page.says("style=") && !page.says("<style"), "{}", page.body);
        let at = page.body.find("/static/keyhook.css?v=").unwrap();
        let sheet = page.body[at..].split('"').next().unwrap().to_owned();
        assert_eq!(browser.get(&sheet).await.status, 200);
        for input in page.body.split("<input ").skip(1).filter(|input| !input.starts_with("type=\"hidden\"")) {
            let id = input.split("id=\"").nth(1).unwrap().split('"').next().unwrap();
            assert!(page.says(&format!("<label for=\"{id}\">")), "{id} has no label");
        }
    }
}

#[tokio::test]
async fn of_two_answers_at_once_one_makes_a_code() {
    let world = people().await;
    let mut browser = Browser::of(&world);
    let page = consent_page(&mut browser, "alice").await;
    let answer = || async {
        let mut same = Browser::of(&world);
        same.cookies.clone_from(&browser.cookies);
        same.decide(&page, "allow").await.status
    };
    let (a, b, c) = tokio::join!(answer(), answer(), answer());
    let mut statuses = [a, b, c];
    statuses.sort_unstable();
    assert_eq!(statuses, [303, 403, 403]);
}
