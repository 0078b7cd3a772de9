//! Plugins that gate authorization requests: no page, other user or other plugin is a way around them.

use std::sync::atomic::Ordering;

use keyhook_component::BoxFuture;
use keyhook_component::hooks::HookPoint::{AuthorizationGet, AuthorizationPost};
use keyhook_component::hooks::{Finished, HookCall, HookPoint, Hooks, Verdict};
use keyhook_core::error::OAuthError;
use serde_json::json;

use crate::browser::{Browser, PASSWORD, assert_refused, people, plugged, request_of};
use crate::plugins::{fact, form, sign_in, submit};
use crate::support::finished;

/// Attack AZ-26: the pages of ours are no way around a plugin that has a say once the user is known.
#[tokio::test]
async fn the_consent_page_is_no_way_around_a_second_factor() {
    let (world, generation) = plugged(people().await, &[AuthorizationGet], |_, call| match fact(&call, "subject").as_deref() {
        Some("alice") => {
            let page = form(&call, "second factor");
            finished(call, Verdict::Respond(page))
        }
        _ => finished(call, Verdict::Continue),
    });
    let mut browser = Browser::of(&world);
    let login = browser.login_page(&request_of("shop", &[])).await;
    let consent = format!("/consent?interaction={}", login.field("interaction"));
    assert_eq!(browser.sign_in(&login, "alice", PASSWORD).await.status, 303);
    let skipped = browser.get(&consent).await;
    assert!(skipped.location().starts_with("/authorize/resume?interaction="), "{skipped:#?}");
    assert!(browser.get(skipped.location()).await.says("second factor"));

    // Who has passed the plugin sees the page; who comes after in the same browser has not passed.
    let bob = browser.login_page(&request_of("shop", &[("prompt", "login")])).await;
    let resume = browser.sign_in(&bob, "bob", PASSWORD).await.location().to_owned();
    let consent = browser.get(&resume).await.location().to_owned();
    let page = browser.get(&consent).await;
    assert!(page.says("bob") && page.says("Allow"), "{page:#?}");
    let alice = browser.login_page(&request_of("shop", &[("prompt", "login")])).await;
    assert_eq!(browser.sign_in(&alice, "alice", PASSWORD).await.status, 303);
    assert!(browser.get(&consent).await.location().starts_with("/authorize/resume?"), "alice on bob's page");

    let again = browser.login_page(&request_of("shop", &[("prompt", "login")])).await;
    let resume = browser.sign_in(&again, "bob", PASSWORD).await.location().to_owned();
    let consent = browser.get(&resume).await.location().to_owned();
    let page = browser.get(&consent).await;
    generation.store(2, Ordering::SeqCst);
    assert!(browser.decide(&page, "allow").await.location().starts_with("/authorize/resume?"), "the plugins that agreed are gone");
}

/// A form that no plugin took is no way around the plugins that gate at `authorization_GET`.
#[tokio::test]
async fn a_form_that_nobody_takes_passes_no_gate() {
    let (world, _) =
        plugged(people().await, &[AuthorizationGet, AuthorizationPost], |point, call| match (point, fact(&call, "subject").as_deref()) {
            (AuthorizationGet, Some("alice")) => {
                let page = form(&call, "second factor");
                finished(call, Verdict::Respond(page))
            }
            _ => finished(call, Verdict::Continue),
        });
    let mut browser = Browser::of(&world);
    let login = browser.login_page(&request_of("shop", &[])).await;
    let resume = browser.sign_in(&login, "alice", PASSWORD).await.location().to_owned();
    let gate = browser.get(&resume).await;
    assert!(gate.says("second factor"), "{gate:#?}");
    let answer = submit(&mut browser, &gate, "nobody").await;
    assert!(answer.location().starts_with("/authorize/resume?interaction="), "{answer:#?}");
    assert!(browser.get(answer.location()).await.says("second factor"));
}

/// What a plugin noted about one user, that the second factor was right for example, says nothing about the next.
#[tokio::test]
async fn what_plugins_noted_about_one_user_is_not_handed_to_another() {
    let (world, _) = plugged(people().await, &[AuthorizationGet], |_, mut call| {
        let noted = call.data.contains_key("mfa") || call.session.as_ref().is_some_and(|session| session.contains_key("mfa"));
        match fact(&call, "subject").as_deref() {
            None => finished(call, Verdict::Continue),
            Some("alice") => {
                call.data.insert("mfa".into(), json!({ "passed": true }).as_object().unwrap().clone());
                call.session.get_or_insert_default().entry("mfa".into()).or_default().insert("passed".into(), "yes".into());
                finished(call, Verdict::Continue)
            }
            Some(_) if noted => finished(call, Verdict::Continue),
            Some(_) => finished(call, Verdict::Deny(OAuthError::access_denied())),
        }
    });
    let mut browser = Browser::of(&world);
    let login = browser.login_page(&request_of("shop", &[])).await;
    let resume = browser.sign_in(&login, "alice", PASSWORD).await.location().to_owned();
    assert!(browser.get(&resume).await.location().starts_with("/consent?"));
    // "Not you? Use another account", in the same request.
    let page = browser.get(&format!("/login?interaction={}", login.field("interaction"))).await;
    let resume = browser.sign_in(&page, "bob", PASSWORD).await.location().to_owned();
    assert_refused(&browser.get(&resume).await, "access_denied");

    // Signed out between the two.
    let login = browser.login_page(&request_of("shop", &[("prompt", "login")])).await;
    let resume = browser.sign_in(&login, "alice", PASSWORD).await.location().to_owned();
    assert!(browser.get(&resume).await.location().starts_with("/consent?"));
    browser.cookies.remove("__Host-keyhook");
    let page = browser.get(&format!("/login?interaction={}", login.field("interaction"))).await;
    let resume = browser.sign_in(&page, "bob", PASSWORD).await.location().to_owned();
    assert_refused(&browser.get(&resume).await, "access_denied");
}

/// A plugin that gates is asked about a user whom another plugin signs in, as it is about one who signed in on our page.
#[tokio::test]
async fn a_user_whom_a_plugin_signed_in_is_shown_to_the_other_plugins() {
    let mut world = people().await;
    world.context.hooks = std::sync::Arc::new(Two);
    let mut browser = Browser::of(&world);
    let page = browser.get(&request_of("shop", &[])).await;
    assert!(submit(&mut browser, &page, "carol").await.location().starts_with("/consent?"));
    let page = browser.get(&request_of("shop", &[("prompt", "login")])).await;
    assert_refused(&submit(&mut browser, &page, "mallory").await, "access_denied");
    assert_eq!(world.last_event().plugin.as_deref(), Some("gate"));
}

/// `login` signs in on a form of its own, whoever is there; `gate` refuses mallory.
struct Two;

impl Hooks for Two {
    fn any(&self, point: HookPoint) -> bool {
        [AuthorizationGet, AuthorizationPost].contains(&point)
    }

    fn run(&self, point: HookPoint, call: HookCall) -> BoxFuture<'static, Finished> {
        let subject = fact(&call, "subject");
        let (verdict, plugin) = match (point, call.skip.as_deref()) {
            (AuthorizationPost, _) => (sign_in(call.form.as_ref().unwrap().first("user").unwrap()), "login"),
            (_, Some("login")) if subject.as_deref() == Some("mallory") => (Verdict::Deny(OAuthError::access_denied()), "gate"),
            (_, Some("login")) => (Verdict::Continue, ""),
            _ => (Verdict::Respond(form(&call, "login")), "login"),
        };
        let plugin = (!plugin.is_empty()).then(|| plugin.into());
        Box::pin(std::future::ready(Finished { call, verdict, plugin }))
    }

    fn generation(&self, _: HookPoint) -> u64 {
        0
    }
}
