//! Replays, clocks and ends (RFC 5849 §3.3).

use keyhook_tests::signing::field;
use keyhook_tests::stage::ALICE;

use super::{CALLBACK, Provider, problem, refused};

/// RFC 5849 §3.3. repoze.who's plugin never looked at a nonce (CVE-2013-4346).
#[test]
fn a_signed_request_is_good_once() {
    let provider = Provider::new();
    let first = provider.first(&provider.printer);
    assert_eq!(provider.sent(&first).status, 200);
    assert_eq!(problem(&provider.sent(&first)), (401, "nonce_used".to_owned()));
    let token = provider.token();
    for consumer in [&provider.printer, &token] {
        let photo = provider.photo(consumer);
        assert_eq!(provider.seen(&photo)["active"], true);
        assert_eq!(refused(&provider.seen(&photo)), "nonce_used");
    }
}

/// As long as a timestamp is believed its nonce is remembered; cycloauth's twenty thousand newest were.
#[test]
fn a_nonce_is_remembered_as_long_as_its_timestamp_is_believed() {
    let provider = Provider::new();
    let ahead = provider.local.clock.seconds() + 299;
    let photo = provider.photo(&provider.printer).with("oauth_timestamp", &ahead.to_string());
    assert_eq!(provider.seen(&photo)["active"], true);
    provider.advance(598);
    assert_eq!(refused(&provider.seen(&photo)), "nonce_used", "it is still in the window");
    provider.advance(3);
    assert_eq!(refused(&provider.seen(&photo)), "timestamp_refused");
}

/// RFC 5849 §3.2: the signature first. cycloauth wrote down the nonce of whoever sent it, so that anybody could use up anybody's.
#[test]
fn who_cannot_sign_uses_up_no_nonce() {
    let provider = Provider::new();
    let first = provider.first(&provider.printer);
    let forged = first.clone().with("oauth_signature", "Zm9yZ2Vk");
    assert_eq!(problem(&provider.sent(&forged)), (401, "signature_invalid".to_owned()));
    assert_eq!(provider.sent(&first).status, 200);
}

/// RFC 5849 §3.3: unique among requests with the same timestamp, consumer and token. cycloauth had one list for everybody.
#[test]
fn the_same_nonce_of_another_consumer_token_or_second_is_another() {
    let provider = Provider::new();
    let token = provider.token();
    provider.advance(10);
    let now = provider.local.clock.seconds();
    for (consumer, timestamp) in [(&provider.printer, now), (&provider.rival, now), (&token, now), (&token, now - 1)] {
        let photo = provider.photo(consumer).with("oauth_nonce", "the same").with("oauth_timestamp", &timestamp.to_string());
        assert_eq!(provider.seen(&photo)["active"], true, "{photo:?}");
        assert_eq!(refused(&provider.seen(&photo)), "nonce_used");
    }
}

/// RFC 5849 §3.3. All of them took any timestamp of the future, so that a request could be kept for years.
#[test]
fn a_timestamp_is_believed_within_five_minutes_of_either_side() {
    let provider = Provider::new();
    provider.advance(400);
    let now = provider.local.clock.seconds();
    for (offset, good) in [(-301, false), (-300, true), (0, true), (300, true), (301, false), (94_608_000, false)] {
        let answer = provider.sent(&provider.first(&provider.printer).with("oauth_timestamp", &(now + offset).to_string()));
        if good {
            assert_eq!(answer.status, 200, "{offset}");
        } else {
            assert_eq!(problem(&answer), (401, "timestamp_refused".to_owned()), "{offset}");
            assert_eq!(field(&answer, "oauth_acceptable_timestamps"), Some(format!("{}-{}", now - 300, now + 300)));
        }
    }
}

/// What a process forgot it does not take for new: of a store in memory no timestamp from before its start is believed.
#[test]
fn nonces_that_were_lost_with_the_process_are_not_believed() {
    let provider = Provider::new();
    let before = provider.local.clock.seconds() - 1;
    let answer = provider.sent(&provider.first(&provider.printer).with("oauth_timestamp", &before.to_string()));
    assert_eq!(problem(&answer), (401, "timestamp_refused".to_owned()));
}

/// repoze.who's plugin compared the wrong way round: what had ended was good, what had not was refused.
#[test]
fn a_token_is_good_until_it_ends_and_not_after() {
    let provider = Provider::configured("token_ttl = \"1h\"");
    let token = provider.token();
    assert_eq!(provider.seen(&provider.photo(&token))["username"], "alice");
    provider.advance(3595);
    let told = provider.seen(&provider.photo(&token));
    assert_eq!(told["active"], true);
    assert!(told["exp"].as_i64().unwrap() > provider.local.clock.seconds(), "{told}");
    provider.advance(10);
    assert_eq!(refused(&provider.seen(&provider.photo(&token))), "token_expired");
}

/// cycloauth's never ended.
#[test]
fn temporary_credentials_end_after_ten_minutes() {
    let provider = Provider::new();
    let [asked, allowed] = [(); 2].map(|()| provider.temporary(CALLBACK));
    let verifier = provider.verifier(&allowed, ALICE);
    provider.advance(601);
    assert_eq!(problem(&provider.exchange(&allowed, &verifier)), (401, "token_expired".to_owned()));
    let page = provider.decided(&asked, ALICE, "allow");
    assert_eq!((page.status, page.location()), (400, ""), "{}", page.text());
}

/// cycloauth's request tokens could be exchanged again and again.
#[test]
fn temporary_credentials_are_exchanged_once_however_many_try() {
    let provider = Provider::new();
    let temporary = provider.temporary(CALLBACK);
    let verifier = provider.verifier(&temporary, ALICE);
    let answers: Vec<_> = std::thread::scope(|scope| {
        let tries: Vec<_> = (0..8).map(|_| scope.spawn(|| provider.exchange(&temporary, &verifier))).collect();
        tries.into_iter().map(|tried| tried.join().unwrap()).collect()
    });
    assert_eq!(answers.iter().filter(|answer| answer.status == 200).count(), 1);
    for answer in answers.iter().filter(|answer| answer.status != 200) {
        assert_eq!(problem(answer), (401, "token_used".to_owned()));
    }
    assert_eq!(problem(&provider.exchange(&temporary, &verifier)), (401, "token_used".to_owned()));
}
