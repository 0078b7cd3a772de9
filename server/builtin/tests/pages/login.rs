//! The login page: it tells no user from another, slows guessing down, and opens a new session.

use std::net::{IpAddr, Ipv4Addr};
use std::time::Duration;

use keyhook_builtin::hash_password;

use crate::browser::{Browser, PASSWORD, add_user, assert_refused, people, query, request_of};

#[tokio::test]
async fn a_wrong_password_an_unknown_and_a_disabled_user_look_the_same() {
    let world = people().await;
    add_user(&world, "mallory", |user| user.disabled = true).await;
    add_user(&world, "ghost", |user| user.password = None).await;
    let mut browser = Browser::of(&world);
    let login = browser.login_page(&request_of("shop", &[])).await;
    let wrong = browser.sign_in(&login, "alice", "wrong").await;
    assert_eq!(wrong.status, 422);
    assert!(wrong.says("value=\"alice\""), "the name is kept");
    assert!(!wrong.says("wrong"), "the password is not");
    for (user, password) in [("nobody", PASSWORD), ("mallory", PASSWORD), ("ghost", PASSWORD), ("ghost", ""), ("alice", "")] {
        let page = browser.sign_in(&login, user, password).await;
        assert_eq!((page.status, page.body), (422, wrong.body.replace("value=\"alice\"", &format!("value=\"{user}\""))), "{user}");
        assert_eq!(world.last_event().code, "KH0278");
    }
    assert_eq!(browser.session(), None);
}

#[tokio::test]
async fn endless_and_broken_passwords_cost_nothing_and_are_wrong() {
    let world = people().await;
    let mut browser = Browser::of(&world);
    let login = browser.login_page(&request_of("shop", &[])).await;
    assert_eq!(browser.sign_in(&login, "alice", &"x".repeat(1 << 20)).await.status, 422);
    assert_eq!(browser.sign_in(&login, "alice", "nul\0").await.status, 400);
    assert_eq!(browser.sign_in(&login, &"x".repeat(300), PASSWORD).await.status, 422);
}

/// OWASP ASVS 5 §7.2.4: a new session token at each sign-in, and the old one ends.
#[tokio::test]
async fn the_session_is_rotated_at_login() {
    let world = people().await;
    let mut browser = Browser::of(&world);
    browser.arrive(&request_of("shop", &[]), "alice").await;
    let first = browser.session().unwrap().clone();
    browser.arrive(&request_of("shop", &[("prompt", "login")]), "alice").await;
    assert_ne!(browser.session(), Some(&first));
    let mut thief = Browser::of(&world);
    thief.cookies.insert("__Host-keyhook".into(), first);
    assert!(thief.get(&request_of("shop", &[])).await.location().starts_with("/login?"), "the old one is dead");
}

#[tokio::test]
async fn a_forged_expired_or_strange_session_cookie_is_no_cookie() {
    let world = people().await;
    let mut browser = Browser::of(&world);
    browser.arrive(&request_of("shop", &[]), "alice").await;
    let good = browser.session().unwrap().clone();
    for wrong in [crate::support::forged(&good), good[..70].to_owned(), "x".repeat(10_000), String::new()] {
        browser.cookies.insert("__Host-keyhook".into(), wrong);
        assert!(browser.get(&request_of("shop", &[])).await.location().starts_with("/login?"));
    }
    browser.cookies.insert("__Host-keyhook".into(), good);
    assert!(browser.get(&request_of("shop", &[])).await.location().starts_with("/consent?"));
    world.clock.advance(Duration::from_hours(24));
    assert!(browser.get(&request_of("shop", &[])).await.location().starts_with("/login?"));
}

#[tokio::test]
async fn a_user_who_is_disabled_is_signed_in_no_more() {
    let world = people().await;
    let mut browser = Browser::of(&world);
    browser.arrive(&request_of("shop", &[]), "alice").await;
    add_user(&world, "alice", |user| user.disabled = true).await;
    assert!(browser.get(&request_of("shop", &[])).await.location().starts_with("/login?"));
}

#[tokio::test]
async fn guessing_is_stopped_and_the_owner_still_gets_in() {
    let world = people().await;
    let mut owner = Browser::of(&world);
    owner.arrive(&request_of("shop", &[]), "alice").await;
    let mut guesser = Browser::of(&world);
    guesser.address = IpAddr::V4(Ipv4Addr::new(198, 51, 100, 1));
    let login = guesser.login_page(&request_of("shop", &[])).await;
    for _ in 0..5 {
        assert_eq!(guesser.sign_in(&login, "alice", "guess").await.status, 422);
    }
    let stopped = guesser.sign_in(&login, "alice", PASSWORD).await;
    assert_eq!((stopped.status, world.last_event().code), (429, "KH0276"), "even with the right password");
    assert!(stopped.headers["retry-after"].to_str().unwrap().parse::<u32>().unwrap() <= 600);
    assert_eq!(guesser.sign_in(&login, "bob", "guess").await.status, 422, "other users are not touched");

    owner.arrive(&request_of("shop", &[("prompt", "login")]), "alice").await;
    world.clock.advance(Duration::from_mins(10));
    let login = guesser.login_page(&request_of("shop", &[])).await;
    assert_eq!(guesser.sign_in(&login, "alice", PASSWORD).await.status, 303, "the window has passed");
}

#[tokio::test]
async fn guesses_at_once_are_counted_one_by_one() {
    let world = people().await.with_settings(|settings| settings.attempts_per_user = 3);
    let login = {
        let mut browser = Browser::of(&world);
        let page = browser.login_page(&request_of("shop", &[])).await;
        (page, browser.cookies)
    };
    let guess = || async {
        let mut browser = Browser::of(&world);
        browser.cookies.clone_from(&login.1);
        browser.sign_in(&login.0, "alice", "guess").await.status
    };
    let statuses = [tokio::join!(guess(), guess(), guess(), guess()), tokio::join!(guess(), guess(), guess(), guess())];
    let compared = statuses.iter().flat_map(|(a, b, c, d)| [a, b, c, d]).filter(|status| **status == 422).count();
    assert!(compared <= 3, "{statuses:?}");
}

#[tokio::test]
async fn an_address_has_a_limit_of_its_own_and_success_gives_it_back() {
    let world = people().await.with_settings(|settings| settings.attempts_per_address = 3);
    let mut browser = Browser::of(&world);
    for _ in 0..5 {
        browser.arrive(&request_of("shop", &[("prompt", "login")]), "alice").await;
    }
    let login = browser.login_page(&request_of("shop", &[("prompt", "login")])).await;
    for user in ["u1", "u2", "u3"] {
        assert_eq!(browser.sign_in(&login, user, "guess").await.status, 422);
    }
    assert_eq!(browser.sign_in(&login, "u4", "guess").await.status, 429);
}

#[tokio::test]
async fn whoever_cancels_goes_back_to_the_client() {
    let world = people().await;
    let mut browser = Browser::of(&world);
    let login = browser.login_page(&request_of("shop", &[])).await;
    let form = [("interaction", &*login.field("interaction")), ("csrf_token", &*login.field("csrf_token")), ("cancel", "1")];
    assert_refused(&browser.post("/login", &form).await, "access_denied");
    assert_eq!(browser.sign_in(&login, "alice", PASSWORD).await.status, 403, "and cannot come back to the page");
}

/// Attack UI-10.
#[tokio::test]
async fn a_flood_of_sign_ins_is_put_off_and_then_the_next_one_succeeds() {
    let world = people().await.with_settings(|settings| (settings.attempts_per_user, settings.attempts_per_address) = (1000, 1000));
    let world: &'static crate::support::World = Box::leak(Box::new(world));
    let mut first = Browser::of(world);
    let login = first.login_page(&request_of("shop", &[])).await;
    let mut flood = tokio::task::JoinSet::new();
    for _ in 0..48 {
        let (mut browser, endpoints) = (Browser::of(world), first.endpoints.clone());
        browser.cookies.clone_from(&first.cookies);
        browser.endpoints = endpoints;
        let form = query(&[
            ("interaction", &login.field("interaction")),
            ("csrf_token", &login.field("csrf_token")),
            ("username", "alice"),
            ("password", "x"),
        ]);
        flood.spawn(async move { browser.send(http::Method::POST, "/login", &form).await });
    }
    let pages = flood.join_all().await;
    let (put_off, compared): (Vec<_>, Vec<_>) = pages.iter().partition(|page| page.status == 503);
    assert!(!put_off.is_empty() && put_off.iter().all(|page| page.headers.contains_key("retry-after")));
    assert!(!compared.is_empty() && compared.iter().all(|page| page.status == 422), "{compared:#?}");
    assert_eq!(first.sign_in(&login, "alice", PASSWORD).await.status, 303);
}

/// argon2id takes its time, more when many wait: whoever knows the old password must not slip through meanwhile.
#[tokio::test]
async fn a_password_that_was_changed_during_the_comparison_is_the_old_one() {
    for disabled in [false, true] {
        let world = people().await;
        let mut browser = Browser::of(&world);
        let login = browser.login_page(&request_of("shop", &[])).await;
        let before = world.store.batches.load(std::sync::atomic::Ordering::SeqCst);
        let change = async {
            // The address and the user have been counted, so the user has been read.
            while world.store.batches.load(std::sync::atomic::Ordering::SeqCst) < before + 2 {
                tokio::task::yield_now().await;
            }
            let other = hash_password("another", &[6; 16]).unwrap();
            add_user(&world, "alice", |user| if disabled { user.disabled = true } else { user.password = Some(other) }).await;
        };
        let (page, ()) = tokio::join!(browser.sign_in(&login, "alice", PASSWORD), change);
        assert_eq!((page.status, world.last_event().code), (422, "KH0278"), "disabled: {disabled}");
        assert_eq!(browser.session(), None);
    }
}
