//! What plugins may decide on the authorization hooks, and what they may not.

use std::sync::atomic::Ordering;

use http::StatusCode;
use keyhook_component::hooks::HookPoint::{AuthorizationGet, AuthorizationPost};
use keyhook_component::hooks::{Approved, Finished, HookCall, SignIn, Verdict};
use keyhook_component::response::Response;
use keyhook_core::error::OAuthError;
use serde_json::json;

use crate::browser::{Browser, Page, assert_refused, people, plugged, request_of};
use crate::support::{World, finished};

pub fn fact(call: &HookCall, name: &str) -> Option<String> {
    call.facts.iter().find(|(found, _)| *found == name).map(|(_, value)| value.clone())
}

/// A page with the two fields that `cx.form_fields()` writes.
pub fn form(call: &HookCall, title: &str) -> Response {
    let fields: Vec<_> = ["interaction", "csrf_token"]
        .iter()
        .map(|name| format!("<input name=\"{name}\" value=\"{}\">", fact(call, name).unwrap()))
        .collect();
    Response::html(StatusCode::OK, format!("{title}{}", fields.concat()))
}

pub fn sign_in(subject: &str) -> Verdict {
    Verdict::SignIn(SignIn { subject: subject.into(), auth_time: None, acr: None, amr: vec!["otp".into()], approved: None })
}

/// A plugin that shows a page on GET and signs in whoever its form names.
fn login_plugin(world: World) -> (World, std::sync::Arc<std::sync::atomic::AtomicU64>) {
    plugged(world, &[AuthorizationGet, AuthorizationPost], |point, mut call| {
        if point == AuthorizationGet {
            call.data.insert("bob".into(), json!({ "seen": 1 }).as_object().unwrap().clone());
            let page = form(&call, "plugin page");
            return finished(call, Verdict::Respond(page));
        }
        assert_eq!(call.data["bob"]["seen"], 1, "the hook gets the record's data");
        let form = call.form.clone().unwrap();
        assert_eq!((form.first("interaction"), form.first("csrf_token")), (None, None), "and not the server's own fields");
        let user = form.first("user").unwrap().to_owned();
        finished(call, sign_in(&user))
    })
}

pub async fn submit(browser: &mut Browser<'_>, page: &Page, user: &str) -> Page {
    let form = [("interaction", &*page.field("interaction")), ("csrf_token", &*page.field("csrf_token")), ("user", user)];
    browser.post("/authorize", &form).await
}

#[tokio::test]
async fn a_plugin_signs_in_by_its_own_page_and_consent_follows() {
    let (world, _) = login_plugin(people().await);
    let mut browser = Browser::of(&world);
    let page = browser.get(&request_of("shop", &[])).await;
    assert!(page.says("plugin page"));
    let consent = submit(&mut browser, &page, "carol").await.location().to_owned();
    assert!(consent.starts_with("/consent?"), "{consent}");
    let page = browser.get(&consent).await;
    assert!(page.says("carol"));
    assert!(browser.decide(&page, "allow").await.sent("code").is_some());
}

#[tokio::test]
async fn a_plugins_form_is_checked_before_the_plugin_sees_it() {
    let (world, _) = login_plugin(people().await);
    let mut browser = Browser::of(&world);
    let page = browser.get(&request_of("shop", &[])).await;
    let name = page.field("interaction");
    for form in [vec![("user", "eve")], vec![("user", "eve"), ("interaction", &*name)], vec![("interaction", &*name), ("csrf_token", "x")]]
    {
        assert_eq!(browser.post("/authorize", &form).await.status, 403);
    }
    assert_eq!(submit(&mut Browser::of(&world), &page, "eve").await.status, 403, "another browser");
}

/// As in oauth2u: no plugin, no POST. RFC 9110 §15.5.6 asks for `Allow`.
#[tokio::test]
async fn without_a_plugin_a_post_is_405() {
    let world = people().await;
    let page = Browser::of(&world).post("/authorize", &[("client_id", "shop")]).await;
    assert_eq!((page.status, page.headers["allow"].to_str().unwrap()), (405, "GET"));
}

#[tokio::test]
async fn a_page_of_a_plugin_that_changed_is_shown_anew() {
    let (world, generation) = login_plugin(people().await);
    let mut browser = Browser::of(&world);
    let page = browser.get(&request_of("shop", &[])).await;
    generation.store(2, Ordering::SeqCst);
    let resume = submit(&mut browser, &page, "carol").await.location().to_owned();
    assert!(resume.starts_with("/authorize/resume?interaction="), "{resume}");
    let page = browser.get(&resume).await;
    assert!(page.says("plugin page") && browser.session().is_none());
    assert!(submit(&mut browser, &page, "carol").await.location().starts_with("/consent?"));
}

fn always(world: World, verdict: impl Fn() -> Verdict + Send + Sync + 'static) -> World {
    plugged(world, &[AuthorizationGet], move |_, call| finished(call, verdict())).0
}

/// RFC 6749 §4.1.2.1, and oauth2u's error redirects.
#[tokio::test]
async fn a_plugin_denies_and_the_client_hears_it() {
    let world = always(people().await, || Verdict::Deny(OAuthError::access_denied().with_public("tenant closed")));
    let page = Browser::of(&world).get(&request_of("shop", &[])).await;
    assert_refused(&page, "access_denied");
    assert_eq!(page.sent("error_description").as_deref(), Some("tenant closed"));
    assert_eq!(world.last_event().plugin.as_deref(), Some("bob"));
}

#[tokio::test]
async fn a_plugin_that_fails_is_no_consent() {
    let world = always(people().await, || Verdict::Deny(OAuthError::server_error("panicked")));
    assert_refused(&Browser::of(&world).get(&request_of("shop", &[])).await, "server_error");
}

#[tokio::test]
async fn approving_for_nobody_gives_no_code() {
    let world = always(people().await, || Verdict::Approve(Approved::Everything));
    assert_refused(&Browser::of(&world).get(&request_of("shop", &[])).await, "server_error");
    assert_eq!(world.last_event().code, "KH0279");
}

#[tokio::test]
async fn approving_needs_a_sign_in_that_is_new_enough_and_gives_a_part_at_most() {
    for (scope, expected) in [(None, Ok("read write")), (Some("read"), Ok("read")), (Some("read admin"), Err("invalid_scope"))] {
        let (world, _) = plugged(people().await, &[AuthorizationGet], move |_, call| match fact(&call, "subject") {
            Some(_) => finished(call, Verdict::Approve(scope.map_or(Approved::Everything, |scope| Approved::Part(scope.into())))),
            None => finished(call, Verdict::Continue),
        });
        let mut browser = Browser::of(&world);
        let back = browser.arrive(&request_of("shop", &[("scope", "read write")]), "alice").await;
        match expected {
            Ok(scope) => {
                let tokens = world.redeem(crate::support::SHOP, &back.sent("code").unwrap()).await.unwrap();
                assert_eq!(tokens["scope"], scope);
                let again = browser.get(&request_of("shop", &[("prompt", "login")])).await;
                assert!(again.location().starts_with("/login?"), "prompt=login is asked of a plugin too");
            }
            Err(error) => assert_refused(&back, error),
        }
    }
}

#[tokio::test]
async fn a_plugins_sign_in_is_checked_like_a_strangers() {
    for (subject, auth_time) in [("", None), ("a\nb", None), ("x", Some(i64::MAX)), ("x", Some(1_790_000_001)), ("x", Some(-1))] {
        let world = always(people().await, move || {
            Verdict::SignIn(SignIn { subject: subject.into(), auth_time, acr: None, amr: Vec::new(), approved: None })
        });
        let mut browser = Browser::of(&world);
        assert_refused(&browser.get(&request_of("shop", &[])).await, "server_error");
        assert_eq!((world.last_event().code, browser.session()), ("KH0280", None));
    }
    let world = always(people().await, || sign_in(&"x".repeat(256)));
    assert_refused(&Browser::of(&world).get(&request_of("shop", &[])).await, "server_error");
}

#[tokio::test]
async fn a_plugins_page_is_not_shown_where_the_client_wants_none() {
    let (world, _) = login_plugin(people().await);
    assert_refused(&Browser::of(&world).get(&request_of("shop", &[("prompt", "none")])).await, "interaction_required");
}

#[tokio::test]
async fn values_of_a_session_outlive_the_request_and_the_sign_in() {
    let (world, _) = plugged(people().await, &[AuthorizationGet], |_, mut call| -> Finished {
        let values = call.session.get_or_insert_default().entry("bob".into()).or_default();
        let visits = values.get("visits").map_or(0, |text| text.parse::<u32>().unwrap()) + 1;
        values.insert("visits".into(), visits.to_string());
        let verdict = if visits == 3 { Verdict::Deny(OAuthError::access_denied()) } else { Verdict::Continue };
        finished(call, verdict)
    });
    let mut browser = Browser::of(&world);
    let consent = browser.arrive(&request_of("shop", &[]), "alice").await;
    assert!(consent.location().starts_with("/consent?"), "first visit, then the one after the login");
    assert_refused(&browser.get(&request_of("shop", &[])).await, "access_denied");
}

#[tokio::test]
async fn the_same_page_can_be_returned_to_from_elsewhere() {
    let (world, _) = plugged(people().await, &[AuthorizationGet], |_, call| {
        let query = call.request.as_ref().unwrap().query.clone();
        if query.contains("ticket=7") {
            return finished(call, sign_in("carol"));
        }
        let name = fact(&call, "interaction").unwrap();
        let mut away = Response::empty(StatusCode::TEMPORARY_REDIRECT);
        away.headers.insert("location", format!("https://login.example/?back={name}").parse().unwrap());
        finished(call, Verdict::Respond(away))
    });
    let mut browser = Browser::of(&world);
    let away = browser.get(&request_of("shop", &[])).await;
    assert_eq!(away.status, 303, "RFC 9700 §4.12: never 307");
    let name = away.sent("back").unwrap();
    let back = browser.get(&format!("/authorize/resume?interaction={name}&ticket=7")).await;
    assert!(back.location().starts_with("/consent?"), "{back:#?}");
    assert!(!browser.session().unwrap().is_empty());
}

#[tokio::test]
async fn a_plugin_that_may_takes_sign_in_and_consent_on_one_page() {
    let world = always(people().await, || {
        let approved = Some(Approved::Part("read".into()));
        Verdict::SignIn(SignIn { subject: "carol".into(), auth_time: None, acr: None, amr: Vec::new(), approved })
    });
    let back = Browser::of(&world).get(&request_of("shop", &[("scope", "read write")])).await;
    let tokens = world.redeem(crate::support::SHOP, &back.sent("code").unwrap()).await.unwrap();
    assert_eq!(tokens["scope"], "read");
}
