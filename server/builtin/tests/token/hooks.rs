//! `access_token_validation` and `access_token_response`: on a draft, fail closed, and never over what is protected.

use std::sync::{Arc, Mutex};

use keyhook_component::batch::Batch;
use keyhook_component::hooks::{Approved, HookPoint, SignIn, Verdict};
use keyhook_component::record::Key;
use keyhook_component::records::{Grant, Stored};
use keyhook_component::response::Response;
use keyhook_component::store::Lookup;
use keyhook_core::error::OAuthError;
use keyhook_core::token::{IssuedToken, TokenKind};
use serde_json::{Value, json};

use crate::races::race;
use crate::support::*;

const VALIDATION: HookPoint = HookPoint::AccessTokenValidation;
const RESPONSE: HookPoint = HookPoint::AccessTokenResponse;

async fn stored_grant(world: &World, code: &str) -> Lookup<Arc<Stored<Grant>>> {
    let grant = IssuedToken::parse(TokenKind::Code, code).unwrap().grant;
    world.context.records.get::<Grant>(&Key::Issued(grant)).await.unwrap()
}

#[tokio::test]
async fn a_veto_answers_with_the_plugin_s_error_and_leaves_the_code_redeemable() {
    for point in [VALIDATION, RESPONSE] {
        let plain = world().await;
        let code = plain.code("shop").await;
        let before = plain.written();
        let world = plain.clone().with_hooks(&[point], |_, call| {
            let no = OAuthError::access_denied().with_public("tenant closed");
            Box::pin(std::future::ready(finished(call, Verdict::Deny(no))))
        });
        let error = world.redeem(SHOP, &code).await.unwrap_err();
        assert_eq!((error.code.wire(), error.wire_description()), ("access_denied", "tenant closed"));
        assert_eq!(world.last_event().plugin.as_deref(), Some("bob"));
        assert_eq!(plain.written(), before, "nothing was stored");
        assert!(plain.redeem(SHOP, &code).await.is_ok());
    }
}

#[tokio::test]
async fn a_response_is_edited_and_an_optional_member_removed() {
    let world = world().await.with_hooks(&[RESPONSE], |point, mut call| {
        assert_eq!(point, RESPONSE);
        call.response.remove("expires_in");
        call.response.insert("user_name".into(), "Bob".into());
        Box::pin(std::future::ready(finished(call, Verdict::Continue)))
    });
    let answer = world.token(SHOP, &[("grant_type", "client_credentials")]).await.unwrap();
    let token = text(&answer, "access_token");
    assert_eq!(answer, json!({ "access_token": token, "token_type": "Bearer", "scope": "read", "user_name": "Bob" }));
    assert!(world.is_active(token).await);
}

#[tokio::test]
async fn a_protected_member_that_comes_back_changed_means_that_nothing_is_issued() {
    let changes: [(&str, Option<Value>); 10] = [
        ("access_token", Some("kha_mine".into())),
        ("access_token", None),
        ("token_type", Some("mac".into())),
        ("token_type", None),
        ("refresh_token", Some("khr_mine".into())),
        ("refresh_token", None),
        ("id_token", Some("e30.e30.".into())),
        ("scope", Some("read write admin".into())),
        ("expires_in", Some(json!(999_999))),
        ("error", Some("access_denied".into())),
    ];
    for (member, value) in changes {
        let plain = world().await;
        let code = plain.code("shop").await;
        let before = plain.written();
        let world = plain.clone().with_hooks(&[RESPONSE], move |_, mut call| {
            match value.clone() {
                Some(value) => call.response.insert(member.into(), value),
                None => call.response.remove(member),
            };
            Box::pin(std::future::ready(finished(call, Verdict::Continue)))
        });
        assert_eq!(refused(world.redeem(SHOP, &code).await), ("server_error", "KH0264"), "{member}");
        assert_eq!(plain.written(), before);
        assert!(plain.redeem(SHOP, &code).await.is_ok());
    }
}

#[tokio::test]
async fn an_answer_that_has_no_meaning_in_a_token_request_is_refused() {
    let verdicts: [fn() -> Verdict; 3] = [
        || Verdict::Respond(Response::empty(http::StatusCode::OK)),
        || Verdict::SignIn(SignIn { subject: "mallory".into(), auth_time: None, acr: None, amr: Vec::new(), approved: None }),
        || Verdict::Approve(Approved::Everything),
    ];
    for verdict in verdicts {
        let world = world().await.with_hooks(&[VALIDATION], move |_, call| Box::pin(std::future::ready(finished(call, verdict()))));
        let code = world.code("shop").await;
        assert_eq!(refused(world.redeem(SHOP, &code).await), ("server_error", "KH0263"));
    }
}

/// What a plugin sees of a request: who and what, and no credential.
#[tokio::test]
async fn a_hook_sees_the_facts_and_no_secret() {
    let seen = Arc::new(Mutex::new(Vec::new()));
    let log = Arc::clone(&seen);
    let world = world().await.with_hooks(&[VALIDATION], move |_, call| {
        log.lock().unwrap().push(call.clone());
        Box::pin(std::future::ready(finished(call, Verdict::Continue)))
    });
    let code = world.code("shop").await;
    let form = [
        ("grant_type", "authorization_code"),
        ("code", code.as_str()),
        ("redirect_uri", REDIRECT),
        ("code_verifier", VERIFIER),
        ("tenant", "t&1"),
    ];
    world.token(SHOP, &form).await.unwrap();
    let call = seen.lock().unwrap().pop().unwrap();
    let facts: std::collections::BTreeMap<_, _> = call.facts.iter().cloned().collect();
    for (name, value) in [
        ("client_id", "shop"),
        ("client_type", "confidential"),
        ("grant_type", "authorization_code"),
        ("scope", "read write"),
        ("subject", "alice"),
        ("issuer", "https://id.example"),
        ("auth_time", "1790000000"),
        ("amr", "pwd"),
        ("request_id", "request-1"),
        ("client_ip", "127.0.0.1"),
    ] {
        assert_eq!(facts[name], value);
    }
    let (request, parameters) = (call.request.unwrap(), call.form.unwrap());
    assert_eq!(parameters.once("tenant").unwrap(), Some("t&1"));
    let dump = format!("{} {:?} {:?}", String::from_utf8_lossy(&request.body), request.headers, parameters.iter().collect::<Vec<_>>());
    assert!(!dump.contains(&code) && !dump.contains(VERIFIER) && !dump.to_lowercase().contains("authorization\":"), "{dump}");
}

#[tokio::test]
async fn what_a_plugin_attaches_travels_with_the_grant_and_comes_back_at_the_refresh() {
    let seen = Arc::new(Mutex::new(Vec::new()));
    let log = Arc::clone(&seen);
    let world = world().await.with_hooks(&[RESPONSE], move |_, mut call| {
        let data = call.data.entry("bob".into()).or_default();
        log.lock().unwrap().push(data.get("visits").cloned());
        let visits = data.get("visits").and_then(Value::as_u64).unwrap_or_default();
        data.insert("visits".into(), (visits + 1).into());
        Box::pin(std::future::ready(finished(call, Verdict::Continue)))
    });
    let code = world.code("shop").await;
    let answer = world.redeem(SHOP, &code).await.unwrap();
    let answer = world.refresh(SHOP, text(&answer, "refresh_token")).await.unwrap();
    world.refresh(SHOP, text(&answer, "refresh_token")).await.unwrap();
    assert_eq!(*seen.lock().unwrap(), [None, Some(json!(1)), Some(json!(2))]);
    let Lookup::Live(grant) = stored_grant(&world, &code).await else { panic!("the grant lives") };
    assert_eq!(grant.body.data["bob"]["visits"], 3);
}

/// An answer that is given again within the grace counts once; and racers do not fight over the grant's record.
#[tokio::test]
async fn an_answer_that_is_given_again_changes_no_data() {
    let world = world().await.with_hooks(&[RESPONSE], |_, mut call| {
        let data = call.data.entry("bob".into()).or_default();
        let visits = data.get("visits").and_then(Value::as_u64).unwrap_or_default();
        data.insert("visits".into(), (visits + 1).into());
        Box::pin(std::future::ready(finished(call, Verdict::Continue)))
    });
    let code = world.code("shop").await;
    let refresh = text(&world.redeem(SHOP, &code).await.unwrap(), "refresh_token").to_owned();
    for answer in race(&world, |world| {
        let refresh = refresh.clone();
        async move { world.refresh(SHOP, &refresh).await }
    })
    .await
    {
        answer.unwrap();
    }
    let Lookup::Live(grant) = stored_grant(&world, &code).await else { panic!("the grant lives") };
    assert_eq!(grant.body.data["bob"]["visits"], 2);
}

#[tokio::test]
async fn data_that_does_not_change_writes_nothing() {
    let world =
        world().await.with_hooks(&[VALIDATION, RESPONSE], |_, call| Box::pin(std::future::ready(finished(call, Verdict::Continue))));
    let code = world.code("shop").await;
    let before = world.written();
    world.redeem(SHOP, &code).await.unwrap();
    assert_eq!(world.written(), before + 3, "the code, the access token, the refresh token");
}

/// A plugin's data must not bring a grant back that was revoked while the plugin ran.
#[tokio::test]
async fn a_revocation_during_a_hook_wins() {
    let plain = world().await;
    let code = plain.code("shop").await;
    let (records, revoked) = (plain.context.records.clone(), code.clone());
    let world = plain.clone().with_hooks(&[RESPONSE], move |_, mut call| {
        let (records, code) = (records.clone(), revoked.clone());
        Box::pin(async move {
            let id = IssuedToken::parse(TokenKind::Code, &code).unwrap().grant;
            let grant = records.get::<Grant>(&Key::Issued(id)).await.unwrap().live().unwrap();
            let _ = records.apply(Batch::new().with(Stored::clone(&grant).revoke().unwrap())).await.unwrap();
            call.data.entry("bob".into()).or_default().insert("a".into(), 1.into());
            finished(call, Verdict::Continue)
        })
    });
    assert_eq!(refused(world.redeem(SHOP, &code).await), ("invalid_grant", "KH0238"));
    assert!(matches!(stored_grant(&plain, &code).await, Lookup::Spent(_)));
}

/// Without edits nothing stops the commit, and its tokens are dead at birth.
#[tokio::test]
async fn a_token_that_slips_in_beside_a_revocation_is_dead_at_birth() {
    let plain = world().await;
    let code = plain.code("shop").await;
    let (records, revoked) = (plain.context.records.clone(), code.clone());
    let world = plain.clone().with_hooks(&[VALIDATION], move |_, call| {
        let (records, code) = (records.clone(), revoked.clone());
        Box::pin(async move {
            let id = IssuedToken::parse(TokenKind::Code, &code).unwrap().grant;
            let grant = records.get::<Grant>(&Key::Issued(id)).await.unwrap().live().unwrap();
            let _ = records.apply(Batch::new().with(Stored::clone(&grant).revoke().unwrap())).await.unwrap();
            finished(call, Verdict::Continue)
        })
    });
    let answer = world.redeem(SHOP, &code).await.unwrap();
    assert!(!world.is_active(text(&answer, "access_token")).await);
    assert!(!world.is_active(text(&answer, "refresh_token")).await);
}
