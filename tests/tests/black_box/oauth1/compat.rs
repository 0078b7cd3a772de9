//! `compat`: answers as old clients know them, and not one decision that differs.

use keyhook_tests::signing::field;
use keyhook_tests::stage::ALICE;

use super::{ACCESS_TOKEN, CALLBACK, Provider, REQUEST_TOKEN, problem, refused};

const CYCLOAUTH: &str = "compat = [\"cycloauth\"]\n[oauth1]\nenabled = true\n";
const REPOZE: &str = "compat = [\"repoze\"]\n[oauth1]\nenabled = true\naccess_token_path = \"/oauth/request_token\"\n";

#[test]
fn clients_of_cycloauth_get_three_legs_by_get_as_plain_text_without_a_callback() {
    let provider = Provider::of(CYCLOAUTH);
    let answer = provider.sent(&provider.draft(&provider.printer, "GET", REQUEST_TOKEN));
    assert_eq!((answer.status, answer.header("content-type")), (200, Some("text/plain")), "{}", answer.text());
    assert_eq!((answer.header("cache-control"), field(&answer, "oauth_callback_confirmed").as_deref()), (Some("no-store"), Some("true")));
    let temporary = provider.printer.given(&answer);
    let back = provider.decided(&temporary, ALICE, "allow");
    assert!(back.location().starts_with(CALLBACK), "the one that is registered: {}", back.location());
    let verifier = back.location_parameter("oauth_verifier").unwrap();
    let answer = provider.sent(&provider.draft(&temporary, "GET", ACCESS_TOKEN).with("oauth_verifier", &verifier));
    assert_eq!((answer.status, answer.header("content-type")), (200, Some("text/plain")), "{}", answer.text());
    let token = provider.printer.given(&answer);
    assert_eq!(provider.seen(&provider.photo(&token))["username"], "alice");
}

#[test]
fn the_operator_has_the_last_word_on_what_compat_makes_usual() {
    let provider = Provider::of(&format!("{CYCLOAUTH}get = false\ncallback = \"sent\"\n"));
    assert_eq!(provider.sent(&provider.draft(&provider.printer, "GET", REQUEST_TOKEN)).status, 405);
    let answer = provider.sent(&provider.draft(&provider.printer, "POST", REQUEST_TOKEN));
    assert_eq!(problem(&answer), (400, "parameter_absent".to_owned()));
}

#[test]
fn clients_of_repoze_get_three_legs_at_one_path_and_its_consumers_are_called_as_they_were() {
    let provider = Provider::of(REPOZE);
    let temporary = provider.temporary(CALLBACK);
    let verifier = provider.verifier(&temporary, ALICE);
    let token =
        provider.printer.given(&provider.sent(&provider.draft(&temporary, "POST", REQUEST_TOKEN).with("oauth_verifier", &verifier)));
    let told = provider.seen(&provider.photo(&token));
    assert_eq!((told["sub"].as_str(), told["username"].as_str()), (Some("alice"), Some("alice")));
    let told = provider.seen(&provider.photo(&provider.printer));
    assert_eq!((told.get("sub"), told["username"].as_str()), (None, Some("consumer:printer")));
}

/// A user could be called like a consumer; then only `sub` says who it is.
#[test]
fn a_user_who_is_called_like_a_consumer_is_not_taken_for_one() {
    let provider = Provider::of(REPOZE);
    let temporary = provider.temporary(CALLBACK);
    let verifier = provider.verifier(&temporary, super::POSER);
    let token =
        provider.printer.given(&provider.sent(&provider.draft(&temporary, "POST", REQUEST_TOKEN).with("oauth_verifier", &verifier)));
    let told = provider.seen(&provider.photo(&token));
    assert_eq!((told["sub"].as_str(), told.get("username")), (Some("consumer:printer"), None), "{told}");
}

/// Replays, clocks, bindings and coverage are the same with every `compat`.
#[test]
fn no_compat_changes_a_security_decision() {
    for config in [CYCLOAUTH, REPOZE] {
        let provider = Provider::of(config);
        let first = provider.first(&provider.printer);
        assert_eq!(provider.sent(&first).status, 200);
        assert_eq!(problem(&provider.sent(&first)), (401, "nonce_used".to_owned()), "{config}");
        let far = (provider.local.clock.seconds() + 1000).to_string();
        let answer = provider.sent(&provider.first(&provider.printer).with("oauth_timestamp", &far));
        assert_eq!(problem(&answer), (401, "timestamp_refused".to_owned()));
        let answer = provider.sent(&provider.first(&provider.printer).with("oauth_callback", "https://evil.example/"));
        assert_eq!(problem(&answer), (400, "parameter_rejected".to_owned()));
        let answer = provider.sent(&provider.first(&provider.printer).with("oauth_signature_method", "PLAINTEXT"));
        assert_eq!(problem(&answer), (400, "signature_method_rejected".to_owned()));
        let photo = provider.photo(&provider.printer);
        let told = provider.seen_as(&photo, &format!("{}&more=1", photo.uri("api.example")), "");
        assert_eq!(refused(&told), "signature_invalid");
        let page = provider.client().get(&super::asking(&provider.temporary(CALLBACK)));
        assert_eq!(page.location_parameter("oauth_verifier"), None, "nobody signed in");
    }
}
