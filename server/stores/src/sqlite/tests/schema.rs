//! Tables, indexes and the steps between schemas.

use keyhook_component::record::Kind;

use super::{refusal, source};
use crate::contract::scratch::{Scratch, block_on};
use crate::sqlite::failure::Failure;
use crate::sqlite::{open, schema, statements};

#[test]
fn a_newer_schema_is_refused_and_left_as_it_is() {
    let scratch = Scratch::new("stores::newer");
    block_on(async { open(source(scratch.folder())).await.unwrap().close().await });
    let file = scratch.folder().join("keyhook.db");
    rusqlite::Connection::open(&file).unwrap().pragma_update(None, "user_version", 99).unwrap();
    let before = std::fs::read(&file).unwrap();
    let text = refusal(source(scratch.folder()));
    assert!(text.contains("KH0403") && text.contains("99"), "{text}");
    assert_eq!(std::fs::read(&file).unwrap(), before);
}

#[test]
fn an_older_schema_is_left_to_the_process_that_works_with_it() {
    let scratch = Scratch::new("stores::older");
    let file = scratch.folder().join("older.db");
    let mut connection = rusqlite::Connection::open(&file).unwrap();
    schema::refuse_older(&connection, &file, &["a", "b"]).unwrap();
    schema::migrate(&mut connection, &file, &["CREATE TABLE a (x)"]).unwrap();
    schema::refuse_older(&connection, &file, &["a"]).unwrap();
    let Err(Failure::Unusable(text)) = schema::refuse_older(&connection, &file, &["a", "b"]) else { panic!("it must not be changed") };
    assert!(text.contains("KH0412"), "{text}");
}

#[test]
fn every_kind_has_a_table_of_its_sort() {
    let scratch = Scratch::new("stores::tables");
    block_on(async { open(source(scratch.folder())).await.unwrap().close().await });
    let connection = rusqlite::Connection::open(scratch.folder().join("keyhook.db")).unwrap();
    for kind in Kind::ALL {
        let sql: String = connection
            .query_row("SELECT sql FROM sqlite_schema WHERE type = 'table' AND name = ?1", [kind.name()], |row| row.get(0))
            .unwrap();
        assert_eq!(sql.contains("INTEGER PRIMARY KEY"), kind.is_issued(), "{kind:?}");
    }
}

#[test]
fn a_purge_of_named_records_walks_an_index() {
    let scratch = Scratch::new("stores::purge");
    block_on(async { open(source(scratch.folder())).await.unwrap().close().await });
    let connection = rusqlite::Connection::open(scratch.folder().join("keyhook.db")).unwrap();
    for kind in Kind::ALL {
        let explain = format!("EXPLAIN QUERY PLAN {}", statements::of(kind).purge);
        let mut statement = connection.prepare(&explain).unwrap();
        let plan: Vec<String> = statement.query_map([1, 1], |row| row.get(3)).unwrap().map(Result::unwrap).collect();
        assert!(
            !plan.iter().any(|step| step.starts_with("SCAN") && !step.contains("INDEX") && !step.contains("subquery")),
            "{kind:?}: {plan:?}"
        );
    }
}

#[test]
fn steps_run_once_each_and_in_order() {
    let scratch = Scratch::new("stores::steps");
    let file = scratch.folder().join("steps.db");
    let mut connection = rusqlite::Connection::open(&file).unwrap();
    let mut steps = vec!["CREATE TABLE a (x); INSERT INTO a VALUES (1)"];
    schema::migrate(&mut connection, &file, &steps).unwrap();
    steps.push("UPDATE a SET x = x + 1");
    steps.push("UPDATE a SET x = x * 10");
    for _ in 0..2 {
        schema::migrate(&mut connection, &file, &steps).unwrap();
        let x: i64 = connection.query_row("SELECT x FROM a", [], |row| row.get(0)).unwrap();
        assert_eq!(x, 20);
    }
    assert!(matches!(schema::migrate(&mut connection, &file, &steps[..2]), Err(Failure::Unusable(text)) if text.contains("KH0403")));
}

#[test]
fn a_step_that_fails_leaves_nothing_of_those_before_it() {
    let scratch = Scratch::new("stores::failing");
    let file = scratch.folder().join("steps.db");
    let mut connection = rusqlite::Connection::open(&file).unwrap();
    schema::migrate(&mut connection, &file, &["CREATE TABLE a (x)"]).unwrap();
    schema::migrate(&mut connection, &file, &["", "ALTER TABLE a ADD y", "SELECT nonsense FROM nowhere"]).unwrap_err();
    let version: i64 = connection.query_row("PRAGMA user_version", [], |row| row.get(0)).unwrap();
    assert_eq!(version, 1);
    connection.query_row("SELECT y FROM a", [], |_| Ok(())).unwrap_err();
}
