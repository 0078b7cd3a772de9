//! A store that goes away and comes back.

use std::time::{Duration, Instant};

use keyhook_tests::back_channel::Tokens;
use keyhook_tests::pair::Pair;
use keyhook_tests::production::Production;

use crate::site::Redis;

/// Three seconds for an answer of the store, and some for a machine that does much else.
const PATIENCE: Duration = Duration::from_secs(10);

#[test]
#[ignore = "needs servers: ./runtests.sh stores"]
fn without_its_store_a_server_asks_to_come_back_later_and_goes_on_when_it_is_there_again() {
    let mut redis = Redis::start("store-away", true);
    let pair = Pair::single("store-away-site", &format!("[store]\nurl = \"{}\"\n", redis.url()));
    let [node, _] = pair.nodes();
    let code = pair.code(&mut pair.browser());
    let tokens = Tokens::of(&node.redeem(&code, pair.redirect_uri(), &pair.pkce().verifier)).unwrap();

    redis.kill();
    let began = Instant::now();
    let answer = node.refresh(&tokens.refresh);
    assert_eq!((answer.status, answer.error().as_str()), (503, "temporarily_unavailable"), "{}", answer.text());
    assert!(answer.header("retry-after").is_some());
    assert!(began.elapsed() < PATIENCE, "{:?}", began.elapsed());

    redis.again();
    pair.server().wait_until("tokens are refreshed again", || node.refresh(&tokens.refresh).status == 200);
    // What was acknowledged before was on the disk.
    assert_eq!(node.redeem(&code, pair.redirect_uri(), &pair.pkce().verifier).error(), "invalid_grant");
}

#[test]
#[ignore = "needs servers: ./runtests.sh stores"]
fn a_store_that_hangs_is_not_waited_for_for_ever() {
    let redis = Redis::start("store-hangs", true);
    let pair = Pair::single("store-hangs-site", &format!("[store]\nurl = \"{}\"\n", redis.url()));
    let [node, _] = pair.nodes();
    let tokens = pair.tokens(&mut pair.browser());
    redis.signal("STOP");
    let began = Instant::now();
    // A cache may know the token for a second.
    while node.post("/introspect", &[("token", &tokens.access)]).status == 200 {
        assert!(began.elapsed() < PATIENCE);
    }
    let answer = node.post("/introspect", &[("token", &tokens.access)]);
    assert_eq!(answer.status, 503, "{}", answer.text());
    assert!(answer.header("retry-after").is_some());
    redis.signal("CONT");
    pair.server().wait_until("tokens are known again", || {
        let answer = node.post("/introspect", &[("token", &tokens.access)]);
        answer.status == 200 && answer.json()["active"] == true
    });
}

/// What a server says that does not start on this store.
fn refuses(url: &str, code: &str) {
    let (status, text) = Production::new("store-unreachable", &format!("[store]\nurl = \"{url}\"\n")).refusal();
    assert!(status.is_some_and(|status| status != 0), "{text}");
    assert!(text.contains(code) && !text.contains("hush"), "{url}: {text}");
}

#[test]
#[ignore = "needs servers: ./runtests.sh stores"]
fn a_server_that_cannot_reach_its_store_says_so_without_the_password() {
    let port = keyhook_tests::binary::free_port();
    refuses(&format!("redis://me:hush@127.0.0.1:{port}"), "KH0431");
    refuses(&format!("redis+cluster://me:hush@127.0.0.1:{port}"), "KH0431");
    refuses(&format!("memcached://127.0.0.1:{port}"), "KH0440");
    refuses(&format!("redis://me:hush@127.0.0.1:{port}/x"), "KH0430");
}

#[test]
#[ignore = "needs servers: ./runtests.sh stores"]
fn a_server_that_cannot_reach_its_mongodb_says_so_without_the_password() {
    let port = keyhook_tests::binary::free_port();
    refuses(&format!("mongodb://me:hush@127.0.0.1:{port}/"), "KH0445");
}
