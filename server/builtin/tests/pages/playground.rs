//! The start page and the playground of `keyhook dev`, which production does not have.

use std::sync::Arc;

use keyhook_component::dev::{BuildReport, DevStatus, HookChange, PluginLine};
use keyhook_component::hooks::{HookPoint, Verdict};
use keyhook_core::{Application, RedirectUri};

use crate::browser::{Browser, people, plugged};
use crate::support::{World, finished, public};

struct Dev;

impl DevStatus for Dev {
    fn plugins(&self) -> Vec<PluginLine> {
        let line = |name: &str, refused: Option<&str>| PluginLine {
            name: name.into(),
            version: "1.2.0".into(),
            provides: "authorization_GET".into(),
            refused: refused.map(str::to_owned),
            fix: "cargo update -p keyhook-plugin".into(),
        };
        vec![line("acme-login", None), line("shaky", None), line("old-claims", Some("KH0503 built for plugin API 1 <b>"))]
    }

    fn build(&self) -> Option<BuildReport> {
        Some(BuildReport { name: "hello".into(), succeeded: false, output: "error[E0425]: cannot find `x` <in> this scope".into() })
    }

    fn last_error(&self, plugin: &str) -> Option<String> {
        (plugin == "shaky").then(|| "[KH0530] plugin `shaky` panicked in access_token_response: index <5>".to_owned())
    }

    fn facts(&self) -> Vec<(String, String)> {
        vec![("Demo user".into(), "demo / correct-horse".into())]
    }

    fn commands(&self) -> Vec<String> {
        vec!["keyhook plugin new hello".into()]
    }

    fn demo_client(&self) -> Option<String> {
        Some("demo-client".into())
    }
}

async fn dev() -> World {
    let mut world = people().await.with_settings(|settings| settings.dev = true);
    world.context.dev = Some(Arc::new(Dev));
    let mut client = public("demo-client");
    client.application = Application::Native;
    client.redirect_uris = vec![RedirectUri::parse("https://id.example/playground/callback").unwrap()];
    world.register(client).await;
    world
}

#[tokio::test]
async fn the_start_page_shows_plugins_refused_ones_and_the_last_build_error() {
    let world = dev().await;
    let page = Browser::of(&world).get("/").await;
    assert_eq!(page.status, 200);
    for text in [
        "demo / correct-horse",
        "acme-login",
        "✓ authorization_GET",
        "last error: [KH0530] plugin `shaky` panicked in access_token_response: index &#60;5&#62;",
        "✗ refused: KH0503",
        "cargo update -p keyhook-plugin",
        "cannot find `x` &#60;in&#62; this scope",
        "keyhook plugin new hello",
        "/.well-known/oauth-authorization-server",
    ] {
        assert!(page.says(text), "{text}: {}", page.body);
    }
    assert!(!page.says("1 <b>"));
}

#[tokio::test]
async fn one_click_walks_to_a_token_and_shows_what_hooks_changed() {
    let (world, _) = plugged(dev().await, &[HookPoint::AccessTokenResponse], |_, mut call| {
        call.response.insert("tenant".into(), "acme".into());
        call.changes.get_or_insert_default().push(HookChange {
            plugin: "hello".into(),
            hook: "access_token_response",
            change: "tenant = \"acme\"".into(),
        });
        finished(call, Verdict::Continue)
    });
    let mut browser = Browser::of(&world);
    let page = browser.get("/playground").await;
    assert!(page.says("demo-client") && page.says("href=\"/playground/start\""));
    let authorize = browser.get("/playground/start").await.location().to_owned();
    let callback = browser.allow(&authorize, "alice").await.location().to_owned();
    let callback = callback.strip_prefix("https://id.example").unwrap().to_owned();
    let page = browser.get(&callback).await;
    for text in
        ["POST /token", "code_verifier=", "200 OK", "&#34;access_token&#34;: &#34;kha_", "&#34;tenant&#34;: &#34;acme&#34;", "hello"]
    {
        assert!(page.says(text), "{text}: {}", page.body);
    }
    assert_eq!(browser.get(&callback).await.location(), "/playground", "a second visit redeems nothing");
}

#[tokio::test]
async fn the_playground_shows_a_refusal_and_believes_no_foreign_state() {
    let world = dev().await;
    let mut browser = Browser::of(&world);
    let authorize = browser.get("/playground/start").await.location().to_owned();
    let forged = browser.get("/playground/callback?code=khc_x&state=other").await;
    assert_eq!(forged.status, 400);
    let consent = browser.arrive(&authorize, "alice").await.location().to_owned();
    let page = browser.get(&consent).await;
    let callback = browser.decide(&page, "deny").await.location().to_owned();
    let page = browser.get(callback.strip_prefix("https://id.example").unwrap()).await;
    assert!(page.says("The client was refused: access_denied"), "{}", page.body);
}

#[tokio::test]
async fn production_has_no_start_page_and_no_playground() {
    let world = people().await;
    let mut browser = Browser::of(&world);
    for path in ["/", "/playground", "/playground/start", "/playground/callback"] {
        assert_eq!(browser.get(path).await.status, 404, "{path}");
    }
}
