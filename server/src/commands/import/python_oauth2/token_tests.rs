#![allow(clippy::unwrap_used, reason = "a test may fail by panicking")]
use keyhook_core::secret::{Secret, SecretHash};
use serde_json::json;

use super::super::report::Outcome;
use super::*;

const NOW: Timestamp = Timestamp::from_seconds(1_800_000_000);
const LATER: Option<i64> = Some(1_800_000_060);
const EARLIER: Option<i64> = Some(1_799_999_999);
const ACCESS: &str = "3c3a3b0e-3c4f-4c55-8a5e-f8a0a5a9b7de";
const REFRESH: &str = "7d6f1f56-7d2a-4f44-9d8b-0d8c6d1b9f10";

fn old() -> OldToken {
    OldToken {
        client_id: "abc".into(),
        grant_type: "authorization_code".into(),
        token: Secret::new(ACCESS.into()),
        data: json!({ "login": "ann" }).as_object().unwrap().clone(),
        expires_at: LATER,
        refresh_token: Some(Secret::new(REFRESH.into())),
        refresh_expires_at: None,
        scopes: vec!["read".into()],
        user_id: Some("7".into()),
    }
}

fn client() -> Arc<Client> {
    Arc::new(Client { scope: Scope::parse("read").unwrap(), ..Client::confidential("abc", "abc", SecretHash::of(b"xyz")) })
}

fn rules() -> Rules {
    Rules { user_from: None, keep_userless: false, lifetimes: Lifetimes::default(), tokens: TokenSettings::default() }
}

fn judged(old: OldToken, rules: &Rules) -> (Option<Kept>, Report) {
    let mut report = Report::default();
    (judge(old, Some(client()), rules, NOW, &mut report), report)
}

#[test]
fn a_token_keeps_its_user_its_scope_and_its_end() {
    let (kept, _) = judged(old(), &rules());
    let kept = kept.unwrap();
    assert_eq!((kept.subject.as_deref(), kept.scope.as_str()), (Some("7"), "read"));
    assert_eq!(kept.access, LATER.map(Timestamp::from_seconds));
    assert_eq!(kept.refresh, Some(NOW.plus(Lifetimes::default().refresh)), "it had no end");
}

#[test]
fn what_has_ended_is_left_out_and_the_rest_lives_on() {
    let (kept, _) = judged(OldToken { expires_at: EARLIER, ..old() }, &rules());
    let kept = kept.unwrap();
    assert!(kept.access.is_none() && kept.refresh.is_some());
    let (kept, _) = judged(OldToken { expires_at: EARLIER, refresh_expires_at: EARLIER, ..old() }, &rules());
    assert!(kept.is_none());
}

#[test]
fn nothing_outlives_the_longest_grant() {
    let (kept, _) = judged(OldToken { refresh_expires_at: Some(9_999_999_999), ..old() }, &rules());
    assert_eq!(kept.unwrap().refresh, Some(NOW.plus(Lifetimes::default().grant)));
}

/// RFC 9700 §4.15: a token without a user looks like the client's own.
#[test]
fn a_token_that_names_no_user_is_left_out_unless_somebody_says_whose_it_is() {
    let userless = || OldToken { user_id: None, ..old() };
    assert!(judged(userless(), &rules()).0.is_none());
    let named = Rules { user_from: Some("login".into()), ..rules() };
    assert_eq!(judged(userless(), &named).0.unwrap().subject.as_deref(), Some("ann"));
    let kept = Rules { keep_userless: true, ..rules() };
    assert_eq!(judged(userless(), &kept).0.unwrap().subject, None);
    let own = OldToken { grant_type: "client_credentials".into(), refresh_token: None, ..userless() };
    assert!(judged(own, &rules()).0.unwrap().access.is_some());
}

#[test]
fn what_could_be_guessed_or_taken_for_ours_is_left_out() {
    for text in ["short", "kha_000000000000000000000000000000", "with space in it, and long enough"] {
        let old = OldToken { token: Secret::new(text.into()), refresh_token: Some(Secret::new(text.into())), ..old() };
        assert!(judged(old, &rules()).0.is_none(), "{text}");
    }
}

#[test]
fn tokens_of_a_client_that_is_not_here_are_counted() {
    let mut report = Report::default();
    assert!(judge(old(), None, &rules(), NOW, &mut report).is_none());
    report.count(Sort::Client, Outcome::Imported);
    assert_eq!(report.imported(), "1 clients");
}
