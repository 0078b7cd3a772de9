//! A database server without room: one clear error, nothing lost, nobody waits, and all goes on when there is room again.

use std::process::Output;
use std::time::{Duration, Instant};

use keyhook_tests::back_channel::Tokens;
use keyhook_tests::pair::Pair;

use crate::own::{Own, SmallDisk};

/// Longer than a node waits for a database.
const PATIENCE: Duration = Duration::from_secs(15);

/// A node over a database, and the tokens of somebody.
struct Filling {
    pair: Pair,
    tokens: Tokens,
}

impl Filling {
    fn start(name: &str, url: &str) -> Filling {
        let pair = Pair::single(name, &format!("[store]\nurl = \"{url}\"\n[tokens]\nrefresh_grace = \"0s\"\n"));
        let tokens = pair.tokens(&mut pair.browser());
        Filling { pair, tokens }
    }

    /// Fills what is left with `insert`, which takes a size, and refreshes until there is no room.
    fn is_refused(&mut self, insert: impl Fn(usize) -> Output) {
        let node = &self.pair.nodes()[0];
        for size in [262_144, 16_384, 4096] {
            while insert(size).status.success() {}
        }
        let refused = loop {
            #[allow(clippy::disallowed_methods, reason = "what is measured is how long another process takes")]
            let begun = Instant::now();
            let answer = node.refresh(&self.tokens.refresh);
            assert!(begun.elapsed() < PATIENCE, "{:?}", begun.elapsed());
            match Tokens::of(&answer) {
                // There was room in a page yet.
                Some(next) => self.tokens = next,
                None => break answer,
            }
        };
        assert_eq!(refused.status, 503, "{}", refused.text());
        assert!(refused.header("retry-after").is_some(), "{}", refused.text());
        self.pair.server().wait_for("KH0482");
        let log = self.pair.server().log();
        assert!(!log.contains("hush") && !log.contains("panicked"), "{log}");
        assert!(node.is_active(&self.tokens.access), "what is there can be read");
    }

    /// There is room again: the refresh that was refused is made, and nothing was lost.
    fn goes_on(&self) {
        let node = &self.pair.nodes()[0];
        self.pair.server().wait_until("there is room again", || match Tokens::of(&node.refresh(&self.tokens.refresh)) {
            Some(next) => node.is_active(&next.access) && node.is_active(&self.tokens.access),
            None => false,
        });
    }
}

/// All tables in one file that may not grow: what a full disk is to a server, without one.
#[test]
#[ignore = "needs servers: ./runtests.sh stores"]
fn a_mariadb_without_room_is_one_clear_error_and_loses_nothing() {
    const ROOM: [&str; 2] = ["--innodb-file-per-table=OFF", "--innodb-data-file-path=ibdata1:12M:autoextend:max:20M"];
    let mut mariadb = Own::mariadb("full", &ROOM);
    assert!(mariadb.sql("CREATE DATABASE keyhook").status.success());
    let mut filling = Filling::start("full-mariadb", &format!("mysql://keyhook:hush@127.0.0.1:{}/keyhook", mariadb.port));
    assert!(mariadb.sql("CREATE TABLE keyhook.filler (bytes LONGBLOB)").status.success());
    filling.is_refused(|size| mariadb.sql(&format!("INSERT INTO keyhook.filler VALUES (REPEAT('x', {size}))")));
    // A full server cannot even drop a table.
    mariadb.again(&[ROOM[0], "--innodb-data-file-path=ibdata1:12M:autoextend:max:40M"]);
    filling.goes_on();
}

/// Tables on a file system that is full, and the journal on one that is not.
#[test]
#[ignore = "needs servers: ./runtests.sh stores"]
fn a_postgresql_without_room_is_one_clear_error_and_loses_nothing() {
    let Some(disk) = SmallDisk::mount("full-disk", 24) else {
        println!("skipped: a file system of its own size cannot be mounted here");
        return;
    };
    let postgres = Own::postgres("full", &[]);
    let said = |output: Output| assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    said(postgres.psql("postgres", &format!("CREATE TABLESPACE small LOCATION '{}'", disk.path().display())));
    said(postgres.psql("postgres", "CREATE DATABASE keyhook TABLESPACE small"));
    let mut filling =
        Filling::start("full-postgres", &format!("postgres://keyhook:hush@127.0.0.1:{}/keyhook?sslmode=disable", postgres.port));
    said(postgres.psql("keyhook", "CREATE TABLE filler (bytes bytea)"));
    said(postgres.psql("keyhook", "ALTER TABLE filler ALTER bytes SET STORAGE EXTERNAL"));
    filling.is_refused(|size| postgres.psql("keyhook", &format!("INSERT INTO filler VALUES (convert_to(repeat('x', {size}), 'UTF8'))")));
    said(postgres.psql("keyhook", "DROP TABLE filler"));
    filling.goes_on();
}
