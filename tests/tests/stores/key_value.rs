//! One server over Redis, over a cluster, and with sessions in memcached.

use keyhook_tests::pair::Pair;
use keyhook_tests::production::Production;

use crate::site::{Redis, own, serves, url};

#[test]
#[ignore = "needs servers: ./runtests.sh stores"]
fn everything_lives_in_one_redis() {
    let redis = Redis::start("store-redis", true);
    serves(&Pair::single("all-in-redis", &format!("[store]\nurl = \"{}\"\n", redis.url())));
}

#[test]
#[ignore = "needs servers: ./runtests.sh stores"]
fn everything_lives_in_a_redis_cluster() {
    let store = own("KEYHOOK_TEST_REDIS_CLUSTER", "all");
    serves(&Pair::single("all-in-cluster", &format!("[store]\nurl = \"{store}\"\n")));
}

#[test]
#[ignore = "needs servers: ./runtests.sh stores"]
fn sessions_live_in_a_redis_cluster_beside_sqlite() {
    let store = own("KEYHOOK_TEST_REDIS_CLUSTER", "short");
    serves(&Pair::single("short-in-cluster", &format!("[store]\nshort = \"{store}\"\n")));
}

#[test]
#[ignore = "needs servers: ./runtests.sh stores"]
fn everything_lives_in_mongodb() {
    let database = format!("/it{}?", std::process::id());
    let store = url("KEYHOOK_TEST_MONGODB").replacen("/?", &database, 1);
    serves(&Pair::single("all-in-mongodb", &format!("[store]\nurl = \"{store}\"\n")));
}

#[test]
#[ignore = "needs servers: ./runtests.sh stores"]
fn sessions_and_grants_live_in_memcached_once_the_configuration_says_that_it_is_known() {
    let store = own("KEYHOOK_TEST_MEMCACHED", "evicts");
    let groups = format!("[store]\nshort = \"{store}\"\ngrants = \"{store}\"\n");
    let (status, text) = Production::new("memcached-unnamed", &groups).refusal();
    assert_eq!(status, Some(3), "{text}");
    assert!(text.contains("KH1008") && text.contains("evicting"), "{text}");
    serves(&Pair::single("in-memcached", &format!("{groups}evicting = [\"short\", \"grants\"]\n")));
}

/// Where a record's absence permits something the store keeps what it acknowledged.
#[test]
#[ignore = "needs servers: ./runtests.sh stores"]
fn what_must_be_kept_is_refused_a_store_that_may_lose_it() {
    let (memcached, forgetful) = (own("KEYHOOK_TEST_MEMCACHED", "once"), Redis::start("store-forgets", false));
    for (group, store) in [("once", memcached.as_str()), ("directory", &memcached), ("once", &forgetful.url()), ("url", &forgetful.url())] {
        let (status, text) = Production::new("must-keep", &format!("[store]\n{group} = \"{store}\"\n")).refusal();
        assert_eq!(status, Some(3), "{group} in {store}: {text}");
        assert!(text.contains("KH1008"), "{text}");
    }
}
