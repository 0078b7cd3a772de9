//! Credentials belong to a consumer and a user, and are of one kind (RFC 5849 §2.3, §3.2).

use keyhook_component::batch::{Applied, Batch};
use keyhook_component::record::Key;
use keyhook_component::records::{ClientBody, Stored};
use keyhook_component::store::Lookup;
use keyhook_core::client::Client;
use keyhook_core::scope::Scope;
use keyhook_tests::signing::{Consumer, register};
use keyhook_tests::stage::{ALICE, BOB};

use super::{CALLBACK, Provider, asking, consumer, problem, refused};

/// The rival signs with its own secret and somebody else's credentials, all of which it knows.
fn stolen(provider: &Provider, from: &Consumer) -> Consumer {
    Consumer { token: from.token.clone(), ..provider.rival.clone() }
}

/// RFC 5849 §2.3. repoze.who's plugin let any consumer exchange whose credentials it knew; wsgioauth and cycloauth knew no owner.
#[test]
fn temporary_credentials_are_exchanged_by_nobody_but_their_consumer() {
    let provider = Provider::new();
    let temporary = provider.temporary(CALLBACK);
    let verifier = provider.verifier(&temporary, ALICE);
    let answer = provider.exchange(&stolen(&provider, &temporary), &verifier);
    assert_eq!(problem(&answer), (401, "signature_invalid".to_owned()), "it looks like a token that never was");
    assert_eq!(provider.exchange(&temporary, &verifier).status, 200, "and nothing was used up by it");
}

/// cycloauth's access tokens had no owner at all.
#[test]
fn a_token_is_used_by_nobody_but_its_consumer() {
    let provider = Provider::new();
    let token = provider.token();
    assert_eq!(refused(&provider.seen(&provider.photo(&stolen(&provider, &token)))), "signature_invalid");
    assert_eq!(provider.seen(&provider.photo(&token))["client_id"], "printer");
}

/// A token of OAuth 1.0a is its user's: cycloauth left that to the application.
#[test]
fn a_token_says_whose_it_is() {
    let provider = Provider::new();
    for person in [ALICE, BOB] {
        let temporary = provider.temporary(CALLBACK);
        let verifier = provider.verifier(&temporary, person);
        let token = provider.printer.given(&provider.exchange(&temporary, &verifier));
        let told = provider.seen(&provider.photo(&token));
        assert_eq!((told["sub"].as_str(), told["client_id"].as_str()), (Some(person.username), Some("printer")));
    }
}

#[test]
fn temporary_credentials_open_no_resource_and_a_token_is_exchanged_for_nothing() {
    let provider = Provider::new();
    let temporary = provider.temporary(CALLBACK);
    let verifier = provider.verifier(&temporary, ALICE);
    assert_eq!(refused(&provider.seen(&provider.photo(&temporary))), "signature_invalid");
    let token = provider.printer.given(&provider.exchange(&temporary, &verifier));
    assert_eq!(problem(&provider.exchange(&token, &verifier)), (401, "signature_invalid".to_owned()));
}

/// A user may be called `consumer:printer`: repoze.who's plugin called a consumer that acts for itself so, and told by the name.
#[test]
fn a_consumer_that_acts_for_itself_is_no_user_whatever_users_are_called() {
    let provider = Provider::new();
    let told = provider.seen(&provider.photo(&provider.printer));
    assert_eq!((&told["active"], told["client_id"].as_str()), (&true.into(), Some("printer")));
    assert_eq!((told.get("sub"), told.get("username")), (None, None), "{told}");
}

/// cycloauth and wsgioauth sent people wherever a request said.
#[test]
fn a_callback_is_one_that_is_registered_or_out_of_band() {
    let provider = Provider::new();
    let wrong = ["https://evil.example/ready", "https://printer.example/ready", "javascript:alert(1)", "OOB", "none"];
    for callback in wrong {
        let answer = provider.sent(&provider.first(&provider.printer).with("oauth_callback", callback));
        assert_eq!(problem(&answer), (400, "parameter_rejected".to_owned()), "{callback}");
    }
    let answer = provider.sent(&provider.first(&provider.printer).without("oauth_callback"));
    assert_eq!(problem(&answer), (400, "parameter_absent".to_owned()));
}

/// cycloauth compared two constants, so that people were sent to the address `oob`.
#[test]
fn out_of_band_is_a_page_with_the_verifier_and_no_redirect() {
    let provider = Provider::new();
    let temporary = provider.temporary("oob");
    let page = provider.decided(&temporary, ALICE, "allow");
    assert_eq!((page.status, page.location()), (200, ""));
    assert!(page.text().contains("class=\"verifier\""), "{}", page.text());
}

/// repoze.who's plugin lost empty parameters of a callback, and wsgioauth wrote into it without encoding.
#[test]
fn a_callback_keeps_its_query_byte_for_byte() {
    let provider = Provider::new();
    let temporary = provider.temporary(CALLBACK);
    let answer = provider.decided(&temporary, ALICE, "allow");
    assert!(answer.location().starts_with(&format!("{CALLBACK}&oauth_token=")), "{}", answer.location());
    assert_eq!(answer.location_parameter("oauth_token").as_deref(), Some(&*temporary.token.0));
}

/// A header's parameter is its realm if that is its name: repoze.who's plugin dropped every one with the word in it, callbacks too.
#[test]
fn a_callback_may_have_realm_and_commas_in_it() {
    let provider = Provider::new();
    let uri = "https://realm.example/realm,of=realm";
    let odd = Client { redirect_uris: vec![keyhook::RedirectUri::parse(uri).unwrap()], ..consumer("odd") };
    let odd = register(&provider.local, odd, "a, \"secret\" & realm=");
    let temporary = odd.given(&provider.sent(&provider.first(&odd).with("oauth_callback", uri)));
    let answer = provider.decided(&temporary, ALICE, "allow");
    assert!(answer.location().starts_with(&format!("{uri}?oauth_token=")), "{}", answer.location());
}

/// None of them could take anything back. RFC 7009 §2.1: by the consumer that it was given to, and by nobody else.
#[test]
fn a_consumer_takes_its_token_back_and_all_that_was_permitted_with_it() {
    let provider = Provider::new();
    let token = provider.token();
    let form = format!("token={}", token.token.0);
    let foreign = provider.sent(&provider.draft(&provider.rival, "POST", "/revoke").form(&form));
    assert_eq!(foreign.error(), "unauthorized_client");
    assert_eq!(provider.seen(&provider.photo(&token))["active"], true);
    let answer = provider.sent(&provider.draft(&token, "POST", "/revoke").form(&form));
    assert_eq!(answer.status, 200, "{}", answer.text());
    assert_eq!(refused(&provider.seen(&provider.photo(&token))), "token_revoked");
}

/// Whoever may not introspect learns nothing of a request of somebody else's, and uses nothing of it up.
#[test]
fn a_client_that_may_not_introspect_cannot_use_up_a_request_that_it_saw() {
    let provider = Provider::new();
    let snoop = register(&provider.local, Client { grant_types: vec!["client_credentials".into()], ..consumer("snoop") }, "its own secret");
    let token = provider.token();
    let photo = provider.photo(&token);
    let authorization = photo.authorization("api.example");
    let ask = |uri: &str| {
        let encoded: Vec<_> = [("method", "GET"), ("uri", uri), ("authorization", &authorization)].into();
        provider.sent(&provider.draft(&snoop, "POST", "/introspect").form(&keyhook_tests::http::encode_form(&encoded)))
    };
    for uri in [photo.uri("api.example"), photo.uri("other.example")] {
        assert_eq!(ask(&uri).json(), serde_json::json!({ "active": false }));
    }
    assert_eq!(provider.seen(&photo)["username"], "alice", "the resource server is the first to believe it");
    let own = provider.photo(&snoop);
    let told = {
        let authorization = own.authorization("api.example");
        let fields = [("method", "GET"), ("uri", &*own.uri("api.example")), ("authorization", &authorization)];
        provider.sent(&provider.draft(&snoop, "POST", "/introspect").form(&keyhook_tests::http::encode_form(&fields))).json()
    };
    assert_eq!(told["client_id"], "snoop", "of its own it may know: {told}");
}

/// Changes a client as its operator would.
fn change(provider: &Provider, id: &str, with: impl FnOnce(&mut Client)) {
    let context = provider.local.context();
    let found = provider.local.wait(context.records.read::<ClientBody>(&Key::named(id))).unwrap();
    let Lookup::Live(found) = found else { panic!("no client {id}") };
    let mut changed = Stored::clone(&found);
    let mut client = Client::clone(&changed.body.0);
    with(&mut client);
    changed.body = ClientBody(std::sync::Arc::new(client));
    assert_eq!(provider.local.wait(context.records.apply(Batch::new().with(changed.replace().unwrap()))).unwrap(), Applied::Applied);
}

/// A token lives for a year: what a client may no more, its old tokens may no more.
#[test]
fn a_token_may_no_more_than_its_client_may() {
    let provider = Provider::new();
    let client =
        Client { scope: Scope::parse("read write").unwrap(), default_scope: Scope::parse("read write").unwrap(), ..consumer("wide") };
    let wide = register(&provider.local, client, "the secret of wide");
    let temporary = wide.given(&provider.sent(&provider.first(&wide)));
    let verifier = provider.verifier(&temporary, ALICE);
    let token = wide.given(&provider.exchange(&temporary, &verifier));
    assert_eq!(provider.seen(&provider.photo(&token))["scope"], "read write");
    change(&provider, "wide", |client| {
        client.scope = Scope::parse("read").unwrap();
        client.default_scope = client.scope.clone();
    });
    assert_eq!(provider.seen(&provider.photo(&token))["scope"], "read");
}

/// Between the steps: disabled, revoked, no consumer any more. Nobody is asked on behalf of such a client, and nothing is given to it.
#[test]
fn a_client_that_loses_its_right_between_the_steps_gets_nothing() {
    let losses: [fn(&mut Client, keyhook_core::Timestamp); 3] =
        [|client, _| client.disabled = true, |client, now| client.not_before = now, |client, _| client.oauth1 = None];
    for (at, lose) in losses.into_iter().enumerate() {
        let provider = Provider::new();
        let (asked, allowed) = (provider.temporary(CALLBACK), provider.temporary(CALLBACK));
        let token = provider.token();
        let verifier = provider.verifier(&allowed, ALICE);
        provider.advance(1);
        let now = provider.local.context().now();
        change(&provider, "printer", |client| lose(client, now));
        let page = provider.client().get(&asking(&asked));
        assert_eq!((page.status, page.location()), (400, ""), "loss {at}: {}", page.text());
        assert_eq!(problem(&provider.exchange(&allowed, &verifier)).0, 401, "loss {at}");
        assert_eq!(provider.seen(&provider.photo(&token))["active"], false, "loss {at}");
    }
}
