//! From OAuth 1.0a to OAuth 2.0 under the same consent (RFC 8693).

use keyhook::Scope;
use keyhook_tests::http::{Answer, basic, encode};
use keyhook_tests::signing::{Consumer, Place, register};
use keyhook_tests::stage::{ALICE, SECRET};

use super::{CALLBACK, Provider, consumer};

const EXCHANGE: &str = "urn:ietf:params:oauth:grant-type:token-exchange";
const OAUTH1_TOKEN: &str = "urn:keyhook:params:oauth:token-type:oauth1";

/// A provider, a consumer that may move, and its token for `alice`.
fn moving() -> (Provider, Consumer) {
    moving_with("")
}

/// The same with more lines in `[oauth1]`.
fn moving_with(more: &str) -> (Provider, Consumer) {
    let provider = Provider::configured(more);
    let mut client = consumer("mover");
    client.grant_types = vec![EXCHANGE.to_owned(), "refresh_token".to_owned()];
    client.scope = Scope::parse("read write").unwrap();
    client.default_scope = client.scope.clone();
    let mover = register(&provider.local, client, "the secret of mover");
    let temporary = mover.given(&provider.sent(&provider.first(&mover)));
    let verifier = provider.verifier(&temporary, ALICE);
    let token = mover.given(&provider.exchange(&temporary, &verifier));
    (provider, token)
}

/// The exchange of `subject`, signed with whatever `signer` has.
fn exchange(provider: &Provider, signer: &Consumer, subject: &str, more: &str) -> Answer {
    let form =
        format!("grant_type={}&subject_token={}&subject_token_type={}{more}", encode(EXCHANGE), encode(subject), encode(OAUTH1_TOKEN));
    provider.draft(signer, "POST", "/token").form(&form).send(&mut provider.client(), Place::Header)
}

fn active(provider: &Provider, token: &str) -> bool {
    let answer = provider.client().post_with("/introspect", &[("authorization", &basic("api", SECRET))], &[("token", token)]);
    answer.json()["active"] == true
}

/// RFC 8693 §2.2.1.
#[test]
fn a_token_of_oauth_1_becomes_tokens_of_oauth_2_for_the_same_user_and_scope() {
    let (provider, token) = moving();
    let answer = exchange(&provider, &token, &token.token.0, "");
    assert_eq!(answer.status, 200, "{}", answer.text());
    let tokens = answer.json();
    assert_eq!((tokens["token_type"].as_str(), tokens["scope"].as_str()), (Some("Bearer"), Some("read write")));
    assert_eq!(tokens["issued_token_type"], "urn:ietf:params:oauth:token-type:access_token");
    let asked = [("token", tokens["access_token"].as_str().unwrap())];
    let told = provider.client().post_with("/introspect", &[("authorization", &basic("api", SECRET))], &asked).json();
    assert_eq!((told["sub"].as_str(), told["client_id"].as_str()), (Some("alice"), Some("mover")));
    assert_eq!(provider.seen(&provider.photo(&token))["active"], true, "the old token lives on, so that a client moves at its own pace");

    // The client signs its refresh, too: it has nothing else to prove itself with.
    let refreshed = refresh(&provider, &token, &tokens);
    assert_eq!(refreshed.status, 200, "{}", refreshed.text());
}

/// The refresh token of an answer redeemed, signed with the consumer's secret alone.
fn refresh(provider: &Provider, signer: &Consumer, tokens: &serde_json::Value) -> Answer {
    let form = format!("grant_type=refresh_token&refresh_token={}", encode(tokens["refresh_token"].as_str().unwrap()));
    let alone = Consumer { token: <_>::default(), ..signer.clone() };
    provider.draft(&alone, "POST", "/token").form(&form).send(&mut provider.client(), Place::Header)
}

/// `two_legged` is about acting: whoever only proves which client it is may do so all the same.
#[test]
fn a_client_that_may_not_act_for_itself_refreshes_and_revokes_what_it_moved_to() {
    let (provider, token) = moving_with("two_legged = false\n");
    let tokens = exchange(&provider, &token, &token.token.0, "").json();
    let refreshed = refresh(&provider, &token, &tokens);
    assert_eq!(refreshed.status, 200, "{}", refreshed.text());
    let form = format!("token={}", encode(refreshed.json()["access_token"].as_str().unwrap()));
    let alone = Consumer { token: <_>::default(), ..token };
    let revoked = provider.draft(&alone, "POST", "/revoke").form(&form).send(&mut provider.client(), Place::Header);
    assert_eq!(revoked.status, 200, "{}", revoked.text());
    assert_eq!(provider.seen(&provider.photo(&alone))["active"], false, "at a resource it has to name a user's token");
}

/// One consent, one revocation.
#[test]
fn what_is_revoked_on_one_side_is_dead_on_the_other() {
    let (provider, token) = moving();
    let tokens = exchange(&provider, &token, &token.token.0, "").json();
    let (access, refresh) = (tokens["access_token"].as_str().unwrap(), tokens["refresh_token"].as_str().unwrap());
    assert!(active(&provider, access));
    let form = format!("token={}", encode(refresh));
    let alone = Consumer { token: <_>::default(), ..token.clone() };
    let revoked = provider.draft(&alone, "POST", "/revoke").form(&form).send(&mut provider.client(), Place::Header);
    assert_eq!(revoked.status, 200, "{}", revoked.text());
    assert!(!active(&provider, access));
    assert_eq!(provider.seen(&provider.photo(&token))["active"], false, "the permission is gone, and the old token with it");
    assert_eq!(exchange(&provider, &token, &token.token.0, "").status, 401);
}

/// The name of a token travels in clear: whoever reads it must not get a bearer token for it (RFC 8693 §5).
#[test]
fn naming_a_token_is_not_enough_to_exchange_it() {
    let (provider, token) = moving();
    let alone = Consumer { token: <_>::default(), ..token.clone() };
    let named = exchange(&provider, &alone, &token.token.0, "");
    assert_eq!((named.status, named.json()["error"].as_str().map(str::to_owned)), (400, Some("invalid_grant".to_owned())));
    let rival = Consumer { token: token.token.clone(), ..provider.rival.clone() };
    assert_eq!(exchange(&provider, &rival, &token.token.0, "").status, 401);
    let unsigned =
        [("grant_type", EXCHANGE), ("client_id", "mover"), ("subject_token", &token.token.0), ("subject_token_type", OAUTH1_TOKEN)];
    assert_eq!(provider.client().post_with("/token", &[], &unsigned).status, 401);
    assert!(!active(&provider, &token.token.0), "and it is no bearer token itself");
    let other = exchange(&provider, &token, "kho_something", "");
    assert_eq!(other.json()["error"], "invalid_grant", "the token that signed is the one that is exchanged");
}

#[test]
fn an_exchange_narrows_a_scope_and_never_widens_it_and_what_it_does_not_do_it_says() {
    let (provider, token) = moving();
    assert_eq!(exchange(&provider, &token, &token.token.0, "&scope=read").json()["scope"], "read");
    assert_eq!(exchange(&provider, &token, &token.token.0, "&scope=read%20admin").json()["error"], "invalid_scope");
    for more in ["&requested_token_type=urn:x", "&actor_token=x", "&audience=x", "&resource=https://api.example"] {
        assert_eq!(exchange(&provider, &token, &token.token.0, more).json()["error"], "invalid_request", "{more}");
    }
    let printer = provider.token();
    let answer = exchange(&provider, &printer, &printer.token.0, "");
    assert_eq!(answer.json()["error"], "unauthorized_client", "a client moves when its operator lets it");
    let temporary = provider.temporary(CALLBACK);
    assert_eq!(exchange(&provider, &temporary, &temporary.token.0, "").status, 401, "what nobody allowed is exchanged for nothing");
}

/// RFC 8693 §5: a token that ends cannot be made into one that does not, or into one that renews itself.
#[test]
fn nothing_outlives_the_token_that_it_was_exchanged_for() {
    let (provider, token) = moving_with("token_ttl = \"2m\"");
    let tokens = exchange(&provider, &token, &token.token.0, "").json();
    assert!(tokens["expires_in"].as_u64().unwrap() <= 120, "{tokens}");
    provider.advance(125);
    assert!(!active(&provider, tokens["access_token"].as_str().unwrap()));
    let form = format!("grant_type=refresh_token&refresh_token={}", encode(tokens["refresh_token"].as_str().unwrap()));
    let alone = Consumer { token: <_>::default(), ..token };
    let refreshed = provider.draft(&alone, "POST", "/token").form(&form).send(&mut provider.client(), Place::Header);
    assert_eq!(refreshed.error(), "invalid_grant", "{}", refreshed.text());
}
