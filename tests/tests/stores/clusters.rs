//! Two nodes that share nothing but a Redis Cluster, or PostgreSQL and a Redis Cluster.

use keyhook_tests::pair::Pair;

use crate::database::{Database, Sort};
use crate::site::{own, races, serves};

fn share(name: &str, store: &str) {
    let mut pair = Pair::single(name, store);
    pair.join(store);
    serves(&pair);
    races(&pair);
}

#[test]
#[ignore = "needs servers: ./runtests.sh stores"]
fn two_nodes_share_a_redis_cluster() {
    share("nodes-cluster", &format!("[store]\nurl = \"{}\"\n", own("KEYHOOK_TEST_REDIS_CLUSTER", "nodes")));
}

#[test]
#[ignore = "needs servers: ./runtests.sh stores"]
fn two_nodes_share_postgresql_and_a_redis_cluster() {
    let (database, cluster) = (Database::new(Sort::Postgres), own("KEYHOOK_TEST_REDIS_CLUSTER", "both"));
    share("nodes-both", &format!("[store]\nurl = \"{}\"\ngrants = \"{cluster}\"\nshort = \"{cluster}\"\n", database.url()));
}
