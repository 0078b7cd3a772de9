//! Refresh tokens: rotation, the grace, replays, scope, and the end of a grant (RFC 6749 §6, RFC 9700 §4.14).

use std::time::Duration;

use keyhook_tests::back_channel::Tokens;
use keyhook_tests::http::Answer;
use keyhook_tests::stage::Stage;

fn refused(answer: &Answer) -> bool {
    answer.status == 400 && answer.error() == "invalid_grant" && answer.header("cache-control") == Some("no-store")
}

/// RFC 9700 §4.14.2: rotation; the new access token does not end the old one.
#[test]
fn a_refresh_token_is_exchanged_for_the_next_one() {
    let stage = Stage::new();
    let first = stage.tokens();
    let answer = stage.back_channel("shop").refresh(&first.refresh);
    let second = Tokens::of(&answer).unwrap();
    assert!(second.refresh != first.refresh && second.access != first.access);
    assert_eq!(answer.json()["scope"], "read write");
    let machine = stage.back_channel("machine");
    assert!(machine.is_active(&second.refresh) && !machine.is_active(&first.refresh));
}

/// A client whose answer got lost asks again within the grace and gets the same successor: the family has one head.
#[test]
fn within_the_grace_the_same_successor_comes_again() {
    let stage = Stage::new();
    let shop = stage.back_channel("shop");
    let first = stage.tokens();
    let second = Tokens::of(&shop.refresh(&first.refresh)).unwrap();
    stage.advance(Duration::from_secs(9));
    let again = Tokens::of(&shop.refresh(&first.refresh)).unwrap();
    assert_eq!(again.refresh, second.refresh);
    let third = Tokens::of(&shop.refresh(&second.refresh)).unwrap();
    assert!(refused(&shop.refresh(&first.refresh)), "the successor was used, so nobody's answer got lost");
    assert!(!stage.back_channel("machine").is_active(&third.refresh), "RFC 9700 §4.14.2: the family ends");
}

/// RFC 9700 §4.14.2.
#[test]
fn after_the_grace_a_used_refresh_token_ends_its_family() {
    let stage = Stage::new();
    let shop = stage.back_channel("shop");
    let first = stage.tokens();
    let second = Tokens::of(&shop.refresh(&first.refresh)).unwrap();
    stage.advance(Duration::from_secs(10));
    assert!(refused(&shop.refresh(&first.refresh)));
    let machine = stage.back_channel("machine");
    for dead in [&first.access, &second.access, &second.refresh] {
        assert!(!machine.is_active(dead));
    }
    assert!(refused(&shop.refresh(&second.refresh)));
}

#[test]
fn a_grace_of_zero_repeats_nothing() {
    let stage = Stage::configured("[tokens]\nrefresh_grace = \"0s\"");
    let shop = stage.back_channel("shop");
    let first = stage.tokens();
    let second = Tokens::of(&shop.refresh(&first.refresh)).unwrap();
    assert!(refused(&shop.refresh(&first.refresh)) && refused(&shop.refresh(&second.refresh)));
}

/// RFC 6749 §6: "MUST NOT include any scope not originally granted", and what is left out is what was granted.
#[test]
fn a_refresh_may_narrow_the_scope_of_its_access_token_and_never_widen_it() {
    let stage = Stage::new();
    let shop = stage.back_channel("shop");
    let tokens = stage.tokens();
    let with_scope =
        |token: &str, scope: &str| shop.post("/token", &[("grant_type", "refresh_token"), ("refresh_token", token), ("scope", scope)]);
    for wider in ["read write admin", "admin", "READ"] {
        let answer = with_scope(&tokens.refresh, wider);
        assert_eq!((answer.status, answer.error().as_str()), (400, "invalid_scope"), "{wider}");
    }
    let narrow = with_scope(&tokens.refresh, "read");
    assert_eq!(narrow.json()["scope"], "read", "{}", narrow.text());
    assert_eq!(stage.back_channel("machine").introspect(narrow.json()["access_token"].as_str().unwrap())["scope"], "read");
    let full = shop.refresh(narrow.json()["refresh_token"].as_str().unwrap());
    assert_eq!(full.json()["scope"], "read write", "the refresh token keeps what was granted");
}

/// RFC 6749 §6 and §10.4, RFC 9700 §4.14: a refresh token is its client's alone; in other hands it has leaked, and ends.
#[test]
fn another_client_cannot_use_a_refresh_token_and_ends_it() {
    let stage = Stage::new();
    let (first, second) = (stage.tokens(), stage.tokens());
    assert!(refused(&stage.back_channel("other").refresh(&first.refresh)));
    let as_app = [("grant_type", "refresh_token"), ("refresh_token", &second.refresh), ("client_id", "app")];
    assert!(refused(&stage.client().post("/token", &as_app)));
    for tokens in [first, second] {
        assert!(refused(&stage.back_channel("shop").refresh(&tokens.refresh)));
        assert!(!stage.back_channel("machine").is_active(&tokens.access));
    }
}

/// RFC 9700 §4.14.2: refresh tokens SHOULD expire if they are not used.
#[test]
fn a_refresh_token_that_is_not_used_ends_and_use_keeps_it_alive() {
    let day = Duration::from_hours(24);
    let stage = Stage::configured("[tokens]\nrefresh_ttl = \"10d\"");
    let shop = stage.back_channel("shop");
    let mut tokens = stage.tokens();
    for _ in 0..5 {
        stage.advance(9 * day);
        tokens = Tokens::of(&shop.refresh(&tokens.refresh)).unwrap();
    }
    stage.advance(11 * day);
    assert!(refused(&shop.refresh(&tokens.refresh)));
}

/// The grant itself has an end that no refreshing moves.
#[test]
fn a_grant_ends_however_often_it_is_refreshed() {
    let hour = Duration::from_hours(1);
    let stage = Stage::configured("[tokens]\ngrant_ttl = \"5h\"");
    let shop = stage.back_channel("shop");
    let mut tokens = stage.tokens();
    for _ in 0..4 {
        stage.advance(hour);
        tokens = Tokens::of(&shop.refresh(&tokens.refresh)).unwrap();
    }
    stage.advance(Duration::from_mins(59));
    let last = shop.refresh(&tokens.refresh);
    assert!(last.json()["expires_in"].as_u64().unwrap() <= 60, "no access token outlives its grant: {}", last.text());
    stage.advance(Duration::from_secs(61));
    let last = Tokens::of(&last).unwrap();
    assert!(refused(&shop.refresh(&last.refresh)));
    assert!(!stage.back_channel("machine").is_active(&last.access));
}

/// The kinds of tokens are never taken for each other.
#[test]
fn a_token_of_another_kind_is_no_refresh_token() {
    let stage = Stage::new();
    let shop = stage.back_channel("shop");
    let code = stage.code();
    let tokens = stage.tokens();
    for wrong in [&code, &tokens.access, &tokens.refresh.replace("khr_", "kha_"), &tokens.access.replace("kha_", "khr_")] {
        assert!(refused(&shop.refresh(wrong)), "{wrong}");
    }
    assert!(refused(&stage.redeem(&tokens.refresh)) && refused(&stage.redeem(&tokens.access)));
    assert!(Tokens::of(&shop.refresh(&tokens.refresh)).is_some());
}

/// A changed or cut token is unknown, and nothing that belongs to the original is touched.
#[test]
fn a_forged_refresh_token_is_unknown_and_harms_nothing() {
    let stage = Stage::new();
    let shop = stage.back_channel("shop");
    let tokens = stage.tokens();
    for position in (0..tokens.refresh.len()).step_by(7) {
        let mut forged = tokens.refresh.clone().into_bytes();
        forged[position] = if forged[position] == b'A' { b'B' } else { b'A' };
        assert!(refused(&shop.refresh(std::str::from_utf8(&forged).unwrap())), "{position}");
    }
    assert!(Tokens::of(&shop.refresh(&tokens.refresh)).is_some());
}
