//! Requests that wait for their user: they cost the server nothing until somebody answers, and are answered once.

use http::StatusCode;
use keyhook_component::hooks::HookPoint::{AuthorizationGet, AuthorizationPost};
use keyhook_component::hooks::Verdict;
use keyhook_component::response::Response;
use serde_json::{Value, json};

use crate::browser::{Browser, PASSWORD, change_client, people, plugged, request_of};
use crate::plugins::{form, sign_in, submit};
use crate::support::{SHOP, World, finished};

/// Whatever a stranger does without an answer that counts: nothing is written.
#[tokio::test]
async fn a_request_that_nobody_answers_leaves_nothing_in_any_store() {
    let world = people().await;
    let before = world.written();
    for _ in 0..20 {
        let mut browser = Browser::of(&world);
        let page = browser.login_page(&request_of("shop", &[])).await;
        let name = page.field("interaction");
        browser.get(&format!("/authorize/resume?interaction={name}")).await;
        browser.get(&format!("/consent?interaction={name}")).await;
        let foreign = browser.post("/login", &[("interaction", &name), ("username", "alice"), ("password", PASSWORD)]).await;
        assert_eq!(foreign.status, 403, "a form without its token");
        let canceled = [("interaction", &*name), ("csrf_token", &*page.field("csrf_token")), ("cancel", "1")];
        assert_eq!(Browser::of(&world).post("/login", &canceled).await.status, 403, "another browser");
    }
    assert_eq!(world.written(), before);
}

/// RFC 9700 §4.7: the request is completed once, although it was never stored before it was completed.
#[tokio::test]
async fn consent_to_a_request_that_was_never_stored_is_given_once() {
    let world = people().await;
    let mut browser = Browser::of(&world);
    browser.allow(&request_of("shop", &[]), "alice").await;
    let before = world.written();
    let consent = browser.get(&request_of("shop", &[("prompt", "consent")])).await.location().to_owned();
    let page = browser.get(&consent).await;
    assert_eq!(world.written(), before, "the page alone");
    let mut other = Browser { cookies: browser.cookies.clone(), ..Browser::of(&world) };
    let (one, two) = tokio::join!(browser.decide(&page, "allow"), other.decide(&page, "allow"));
    let codes = [&one, &two].map(|page| (page.status == 303).then(|| page.sent("code")).flatten());
    assert_eq!(codes.iter().flatten().count(), 1, "{one:#?} {two:#?}");
    assert_eq!(browser.decide(&page, "allow").await.status, 403);
    assert_eq!(world.last_event().code, "KH0275");
    assert_eq!(browser.decide(&page, "deny").await.status, 403, "nor can it be refused afterwards");
    assert_eq!(browser.get(&consent).await.status, 403);
}

#[tokio::test]
async fn a_request_that_was_refused_cannot_be_allowed_afterwards() {
    let world = people().await;
    let mut browser = Browser::of(&world);
    browser.allow(&request_of("shop", &[]), "alice").await;
    let consent = browser.get(&request_of("shop", &[("prompt", "consent")])).await.location().to_owned();
    let page = browser.get(&consent).await;
    assert_eq!(browser.decide(&page, "deny").await.sent("error").as_deref(), Some("access_denied"));
    assert_eq!(browser.decide(&page, "allow").await.status, 403);
    let canceled = browser.login_page(&request_of("shop", &[("prompt", "login")])).await;
    let form = [("interaction", &*canceled.field("interaction")), ("csrf_token", &*canceled.field("csrf_token")), ("cancel", "1")];
    assert_eq!(browser.post("/login", &form).await.sent("error").as_deref(), Some("access_denied"));
    assert_eq!(browser.sign_in(&canceled, "alice", PASSWORD).await.status, 403);
}

/// The page before the sign-in is good for no second answer, once the request has been completed.
#[tokio::test]
async fn the_login_page_of_a_completed_request_signs_nobody_in() {
    let world = people().await;
    let mut browser = Browser::of(&world);
    let login = browser.login_page(&request_of("shop", &[])).await;
    let resume = browser.sign_in(&login, "alice", PASSWORD).await.location().to_owned();
    let consent = browser.get(&resume).await.location().to_owned();
    let page = browser.get(&consent).await;
    assert!(browser.decide(&page, "allow").await.sent("code").is_some());
    assert_eq!(browser.sign_in(&login, "bob", PASSWORD).await.status, 403);
    assert_eq!(world.last_event().code, "KH0275");
}

/// A plugin that notes something on the way in, and expects it when its form comes back and in the token.
fn noting(world: World, noted: &Value) -> World {
    let map = noted.as_object().unwrap().clone();
    plugged(world, &[AuthorizationGet, AuthorizationPost], move |point, mut call| {
        if point == AuthorizationGet {
            if call.facts.iter().any(|(name, _)| *name == "subject") {
                return finished(call, Verdict::Continue);
            }
            call.data.insert("plain".into(), map.clone());
            let page = form(&call, "plugin page");
            return finished(call, Verdict::Respond(page));
        }
        let same = call.data.get("plain") == Some(&map);
        let user = call.form.as_ref().unwrap().first("user").unwrap().to_owned();
        let verdict = if same { sign_in(&user) } else { Verdict::Respond(Response::text(StatusCode::OK, "it was forgotten")) };
        finished(call, verdict)
    })
    .0
}

#[tokio::test]
async fn what_a_plugin_notes_is_there_when_its_form_comes_back_and_costs_the_server_nothing() {
    let world = noting(people().await, &json!({ "tenant": "acme", "list": [1, 2.5, null, "é\"" ] }));
    let before = world.written();
    let (mut one, mut two) = (Browser::of(&world), Browser::of(&world));
    let page = one.get(&request_of("shop", &[])).await;
    let tab = one.get(&request_of("shop", &[])).await;
    let other = two.get(&request_of("shop", &[])).await;
    assert!(page.says("plugin page"));
    assert_eq!(world.written(), before);
    assert!(submit(&mut one, &page, "carol").await.location().starts_with("/consent?"));
    assert!(submit(&mut one, &tab, "carol").await.location().starts_with("/consent?"), "tabs do not overwrite each other");
    // What was noted in another browser, or about another request, is worth nothing.
    let stolen = two.cookies.keys().find(|name| name.len() == "__Host-keyhook-".len() + 16).unwrap().clone();
    let foreign = one.cookies.iter().find(|(name, _)| name.len() == stolen.len()).unwrap().1.clone();
    two.cookies.insert(stolen, foreign);
    assert_eq!(submit(&mut two, &other, "carol").await.status, 403);
}

/// A note may be the reason to refuse: who takes the cookie out has no request any more.
#[tokio::test]
async fn without_what_was_noted_a_request_cannot_go_on() {
    let world = noting(people().await, &json!({ "risk": "high" }));
    let mut browser = Browser::of(&world);
    let page = browser.get(&request_of("shop", &[])).await;
    browser.cookies.retain(|name, _| name == "__Host-keyhook-browser");
    assert_eq!(submit(&mut browser, &page, "carol").await.status, 403);
    assert_eq!(world.last_event().code, "KH0273");
    let name = page.field("interaction");
    assert_eq!(browser.get(&format!("/authorize/resume?interaction={name}")).await.status, 403);
    assert_eq!(browser.get(&format!("/login?interaction={name}")).await.status, 403);
}

/// Once somebody answered, the record counts: an older cookie brings back nothing.
#[tokio::test]
async fn an_answer_cannot_be_undone_with_the_cookie_from_before() {
    let (world, _) = plugged(people().await, &[AuthorizationGet, AuthorizationPost], |point, mut call| {
        let seen = call.data.get("plain").map_or(0, |data| data["tries"].as_u64().unwrap());
        if point == AuthorizationPost {
            call.data.insert("plain".into(), json!({ "tries": seen + 1 }).as_object().unwrap().clone());
        }
        let page = form(&call, &format!("tries: {seen}"));
        finished(call, Verdict::Respond(page))
    });
    let mut browser = Browser::of(&world);
    let page = browser.get(&request_of("shop", &[])).await;
    let before = browser.cookies.clone();
    for tries in 0..3 {
        browser.cookies.clone_from(&before);
        assert!(submit(&mut browser, &page, "x").await.says(&format!("tries: {tries}")));
    }
}

/// What does not fit into a cookie is stored, and is there just the same.
#[tokio::test]
async fn a_note_of_the_greatest_length_survives() {
    let world = noting(people().await, &json!({ "long": "x".repeat(4000) }));
    let mut browser = Browser::of(&world);
    let before = world.written();
    let page = browser.get(&request_of("shop", &[])).await;
    assert_eq!(world.written(), before + 1);
    assert_eq!(browser.cookies.len(), 1, "{:?}", browser.cookies);
    assert!(submit(&mut browser, &page, "carol").await.location().starts_with("/consent?"));
}

/// Nobody can fill a browser's request head by opening many requests in it.
#[tokio::test]
async fn a_browser_keeps_the_notes_of_its_newest_requests_only() {
    for (noted, kept) in [("x".repeat(10), 16), ("x".repeat(1000), 4)] {
        let world = noting(people().await, &json!({ "note": noted }));
        let mut browser = Browser::of(&world);
        let mut pages = Vec::new();
        for _ in 0..30 {
            pages.push(browser.get(&request_of("shop", &[])).await);
            world.clock.advance(std::time::Duration::from_millis(1));
        }
        assert_eq!(browser.cookies.len(), 1 + kept, "and the browser's own");
        assert_eq!(submit(&mut browser, &pages[0], "carol").await.status, 403);
        assert!(submit(&mut browser, &pages[29], "carol").await.location().starts_with("/consent?"));
    }
}

/// A request that would not fit into the addresses of the pages is refused at once, and not when its page is asked for.
#[tokio::test]
async fn the_longest_state_waits_and_comes_back_and_what_is_longer_is_refused() {
    let world = people().await;
    let mut browser = Browser::of(&world);
    let state = "\"".repeat(2048);
    let url = request_of("shop", &[]).replace("state=s+t%2Fa%2Bte", &crate::browser::query(&[("state", &state)]));
    let answer = browser.allow(&url, "alice").await;
    assert_eq!(answer.sent("state").unwrap(), state);
    assert!(world.redeem(SHOP, &answer.sent("code").unwrap()).await.is_ok());
    let hint = "\\".repeat(255);
    let longest = format!("{url}&{}", crate::browser::query(&[("login_hint", &hint), ("prompt", "login")]));
    let login = browser.login_page(&longest).await;
    assert!(login.field("interaction").len() < 7168);
    let words: Vec<_> = (0..200).map(|number| format!("scope-number-{number:03}")).collect();
    let words = words.join(" ");
    change_client(&world, "shop", |client| client.scope = keyhook_core::Scope::parse(&words).unwrap()).await;
    let refused = browser.get(&format!("{url}&{}", crate::browser::query(&[("scope", &words), ("prompt", "login")]))).await;
    assert_eq!((refused.status, world.last_event().code), (400, "KH0285"), "{refused:#?}");
}
