//! A program that signs its users in and asks them itself: what waits, and what becomes of a yes (RFC 5849 §2.2).

use keyhook::oauth1::{Decided, Waiting};
use keyhook_tests::signing::Consumer;

use super::{CALLBACK, Provider, asking};

fn find(provider: &Provider, name: &str) -> Option<Waiting> {
    provider.local.wait(Waiting::find(name, &provider.local.context())).unwrap()
}

fn authorized(provider: &Provider, temporary: &Consumer, user: &str) -> Result<Decided, String> {
    let waiting = find(provider, &temporary.token.0).unwrap();
    provider.local.wait(waiting.authorize(user)).map_err(|error| error.to_string())
}

fn parameter(url: &str, name: &str) -> String {
    let pair = url.split(['?', '&']).find_map(|pair| pair.strip_prefix(name)?.strip_prefix('='));
    keyhook_tests::http::decode(pair.unwrap_or_else(|| panic!("{url}")))
}

/// repoze.what's `make_callback` gave the URL, or the verifier to show.
#[test]
fn a_program_asks_its_own_user_and_gets_the_redirect_or_the_verifier_to_show() {
    let provider = Provider::new();
    let temporary = provider.temporary(CALLBACK);
    let waiting = find(&provider, &temporary.token.0).unwrap();
    assert_eq!((waiting.client().id.as_str(), waiting.scope().as_str()), ("printer", "read"));
    assert_eq!(waiting.destination().as_deref(), Some("printer.example"));
    let Ok(Decided::Redirect(url)) = authorized(&provider, &temporary, "somebody") else { panic!("no redirect") };
    assert!(url.starts_with(CALLBACK) && parameter(&url, "oauth_token") == temporary.token.0, "{url}");
    let token = provider.printer.given(&provider.exchange(&temporary, &parameter(&url, "oauth_verifier")));
    assert_eq!(provider.seen(&provider.photo(&token))["sub"], "somebody");

    let typed = provider.temporary("oob");
    assert_eq!(find(&provider, &typed.token.0).unwrap().destination(), None);
    let Ok(Decided::ShowVerifier(verifier)) = authorized(&provider, &typed, "somebody") else { panic!("no verifier") };
    assert_eq!(provider.exchange(&typed, &verifier.expose().to_lowercase()).status, 200);
}

#[test]
fn what_was_decided_has_expired_or_never_was_waits_for_nobody() {
    let provider = Provider::new();
    let temporary = provider.temporary(CALLBACK);
    let twice = find(&provider, &temporary.token.0).unwrap();
    authorized(&provider, &temporary, "alice").unwrap();
    assert!(find(&provider, &temporary.token.0).is_none());
    assert!(provider.local.wait(twice.authorize("bob")).is_err(), "of two answers one counts");
    assert_eq!(provider.client().get(&asking(&temporary)).status, 400, "and the server's own page asks nobody again");
    for name in ["", "kht_made_up", &provider.token().token.0] {
        assert!(find(&provider, name).is_none(), "{name}");
    }
    let late = provider.temporary(CALLBACK);
    provider.advance(601);
    assert!(find(&provider, &late.token.0).is_none());
}

#[test]
fn nobody_without_a_name_allows_and_who_refuses_is_sent_back_without_a_verifier() {
    let provider = Provider::new();
    let temporary = provider.temporary(CALLBACK);
    for user in ["", "a\nb", &"x".repeat(256)] {
        assert!(authorized(&provider, &temporary, user).is_err(), "{user:?}");
    }
    let refuse = |name: &str| provider.local.wait(find(&provider, name).unwrap().refuse()).unwrap();
    let url = refuse(&temporary.token.0).unwrap();
    assert!(find(&provider, &temporary.token.0).is_none(), "a no is final");
    assert!(url.starts_with(CALLBACK) && url.contains("oauth_problem=user_refused") && !url.contains("oauth_verifier"), "{url}");
    let typed = provider.temporary("oob");
    assert_eq!(refuse(&typed.token.0), None);
}
