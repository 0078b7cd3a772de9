//! The consent page: what it says, what is remembered, and for whom it is never left out.

use crate::browser::{Browser, assert_refused, change_client, people, request_of, sign_out_everywhere};

#[tokio::test]
async fn the_page_names_client_host_account_and_scopes_and_prefers_no_answer() {
    let world = people().await.with_settings(|settings| {
        settings.scope_descriptions.insert("read".into(), "Read your <orders>".into());
    });
    let mut browser = Browser::of(&world);
    let consent = browser.arrive(&request_of("shop", &[("scope", "read write")]), "alice").await.location().to_owned();
    let page = browser.get(&consent).await;
    for text in ["Shop &#60;b&#62;&#38; Sons&#60;/b&#62;", "shop.example", "alice", "Read your &#60;orders&#62;", "Use “write”"] {
        assert!(page.says(text), "{text}: {}", page.body);
    }
    assert!(!page.says("autofocus"));
    let button = |decision: &str| format!("<button type=\"submit\" name=\"decision\" value=\"{decision}\">");
    assert!(page.says(&button("allow")) && page.says(&button("deny")), "two buttons that differ in their text only");
    assert_eq!(page.body.matches("<form").count(), 1, "in one form");
}

/// RFC 6749 §4.1.2.1.
#[tokio::test]
async fn denying_tells_the_client_and_ends_the_request() {
    let world = people().await;
    let mut browser = Browser::of(&world);
    let consent = browser.arrive(&request_of("shop", &[]), "alice").await.location().to_owned();
    let page = browser.get(&consent).await;
    assert_refused(&browser.decide(&page, "deny").await, "access_denied");
    assert_eq!(browser.decide(&page, "allow").await.status, 403, "the back button brings no code");
    assert!(browser.get(&request_of("shop", &[])).await.location().starts_with("/consent?"), "nothing is remembered");
}

#[tokio::test]
async fn an_answer_that_is_not_allow_is_no() {
    let world = people().await;
    let mut browser = Browser::of(&world);
    for decision in ["", "ALLOW", "yes"] {
        let consent = match browser.session() {
            None => browser.arrive(&request_of("shop", &[]), "alice").await,
            Some(_) => browser.get(&request_of("shop", &[])).await,
        };
        let page = browser.get(consent.location()).await;
        assert_refused(&browser.decide(&page, decision).await, "access_denied");
    }
}

#[tokio::test]
async fn consent_is_remembered_and_only_what_is_new_is_asked() {
    let world = people().await;
    let mut browser = Browser::of(&world);
    browser.allow(&request_of("shop", &[("scope", "read")]), "alice").await;
    assert!(browser.get(&request_of("shop", &[("scope", "read")])).await.sent("code").is_some());
    let consent = browser.get(&request_of("shop", &[("scope", "read write")])).await.location().to_owned();
    let page = browser.get(&consent).await;
    let (new, known) = page.body.split_once("You allowed before").unwrap();
    assert!(new.contains("New: it also wants to") && new.contains("“write”") && !new.contains("“read”"), "{new}");
    assert!(known.contains("“read”"));
    browser.decide(&page, "allow").await;
    assert!(browser.get(&request_of("shop", &[("scope", "write read")])).await.sent("code").is_some());
    let again = browser.get(&request_of("shop", &[("prompt", "consent"), ("scope", "read")])).await;
    assert!(again.location().starts_with("/consent?"), "OpenID Connect Core §3.1.2.1");
}

#[tokio::test]
async fn consent_is_one_users_and_one_clients() {
    let world = people().await;
    Browser::of(&world).allow(&request_of("shop", &[]), "alice").await;
    let bob = Browser::of(&world).arrive(&request_of("shop", &[]), "bob").await;
    assert!(bob.location().starts_with("/consent?"));
    change_client(&world, "shop", |client| client.not_before = world.context.now()).await;
    let alice = Browser::of(&world).arrive(&request_of("shop", &[]), "alice").await;
    assert!(alice.location().starts_with("/consent?"), "revoking the client forgets it");
}

/// Whoever comes back under a name that was removed, or after a password was stolen and changed, is asked anew.
#[tokio::test]
async fn signing_out_everywhere_forgets_consent() {
    let world = people().await;
    Browser::of(&world).allow(&request_of("shop", &[]), "alice").await;
    sign_out_everywhere(&world, "alice").await;
    world.clock.advance(std::time::Duration::from_secs(1));
    let mut browser = Browser::of(&world);
    let asked = browser.arrive(&request_of("shop", &[]), "alice").await;
    assert!(asked.location().starts_with("/consent?"), "{asked:#?}");
    let page = browser.get(asked.location()).await;
    assert!(!page.says("You allowed before"), "{}", page.body);
    browser.decide(&page, "allow").await;
    assert!(browser.get(&request_of("shop", &[])).await.sent("code").is_some(), "what is allowed afterwards counts");
}

/// RFC 8252 §8.6: another app can imitate a public client with its own scheme.
#[tokio::test]
async fn an_app_is_asked_for_every_time() {
    let world = people().await;
    let mut browser = Browser::of(&world);
    browser.allow(&request_of("phone", &[]), "alice").await;
    assert!(browser.get(&request_of("phone", &[])).await.location().starts_with("/consent?"));
    assert_refused_app(&browser.get(&request_of("phone", &[("prompt", "none")])).await);
}

fn assert_refused_app(page: &crate::browser::Page) {
    assert_eq!(page.sent("error").as_deref(), Some("consent_required"));
}

#[tokio::test]
async fn the_operators_own_client_needs_no_consent() {
    let world = people().await;
    change_client(&world, "shop", |client| client.first_party = true).await;
    let mut browser = Browser::of(&world);
    assert!(browser.arrive(&request_of("shop", &[]), "alice").await.sent("code").is_some());
}
