//! A database server without room: one clear error, nothing lost, nobody waits, and all goes on when there is room again.

use std::time::{Duration, Instant};

use keyhook_tests::back_channel::Tokens;
use keyhook_tests::pair::Pair;

use crate::own::Own;

/// Longer than a node waits for a database.
const PATIENCE: Duration = Duration::from_secs(15);

/// All tables in one file that may not grow: what a full disk is to a server, without one.
#[test]
#[ignore = "needs servers: ./runtests.sh stores"]
fn a_database_without_room_is_one_clear_error_and_loses_nothing() {
    const ROOM: [&str; 2] = ["--innodb-file-per-table=OFF", "--innodb-data-file-path=ibdata1:12M:autoextend:max:20M"];
    let mut mariadb = Own::mariadb("full", &ROOM);
    assert!(mariadb.sql("CREATE DATABASE keyhook").status.success());
    let store = format!("[store]\nurl = \"mysql://keyhook:hush@127.0.0.1:{}/keyhook\"\n[tokens]\nrefresh_grace = \"0s\"\n", mariadb.port);
    let pair = Pair::single("full-disk", &store);
    let node = &pair.nodes()[0];
    let mut tokens = pair.tokens(&mut pair.browser());

    assert!(mariadb.sql("CREATE TABLE keyhook.filler (bytes LONGBLOB)").status.success());
    for size in [262_144, 16_384, 4096] {
        while mariadb.sql(&format!("INSERT INTO keyhook.filler VALUES (REPEAT('x', {size}))")).status.success() {}
    }
    let refused = loop {
        #[allow(clippy::disallowed_methods, reason = "what is measured is how long another process takes")]
        let begun = Instant::now();
        let answer = node.refresh(&tokens.refresh);
        assert!(begun.elapsed() < PATIENCE, "{:?}", begun.elapsed());
        match Tokens::of(&answer) {
            // There was room in a page yet.
            Some(next) => tokens = next,
            None => break answer,
        }
    };
    assert_eq!(refused.status, 503, "{}", refused.text());
    assert!(refused.header("retry-after").is_some(), "{}", refused.text());
    pair.server().wait_for("KH0482");
    assert!(!pair.server().log().contains("hush") && !pair.server().log().contains("panicked"), "{}", pair.server().log());
    assert!(node.is_active(&tokens.access), "what is there can be read");

    // A full server cannot even drop a table.
    mariadb.again(&[ROOM[0], "--innodb-data-file-path=ibdata1:12M:autoextend:max:40M"]);
    pair.server().wait_until("there is room again", || match Tokens::of(&node.refresh(&tokens.refresh)) {
        Some(next) => node.is_active(&next.access) && node.is_active(&tokens.access),
        None => false,
    });
}
