//! What lies on the disk: where, whose, and what is refused.

use std::path::PathBuf;

use keyhook_component::batch::Batch;
use keyhook_component::record::{Key, Kind};
use keyhook_component::registry::StoreSource;
use keyhook_component::store::StoreError;

use super::{refusal, source};
use crate::contract::samples::{insert, record, take};
use crate::contract::scratch::{Scratch, block_on};
use crate::sqlite::open;

#[test]
fn file_and_folder_are_for_their_owner_only() {
    use std::os::unix::fs::PermissionsExt;
    let scratch = Scratch::new("stores::owner");
    let data = scratch.folder().join("data");
    block_on(async {
        let store = open(source(&data)).await.unwrap();
        let mode = |path: PathBuf| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!(mode(data.clone()), 0o700);
        for file in ["keyhook.db", "keyhook.db-wal", "keyhook.db-shm"] {
            assert_eq!(mode(data.join(file)), 0o600, "{file}");
        }
        store.close().await;
    });
}

#[test]
fn an_address_is_a_path_below_the_data_folder_or_an_absolute_one() {
    let scratch = Scratch::new("stores::address");
    let elsewhere = scratch.folder().join("elsewhere/x.db");
    for (address, expected) in [
        (String::new(), scratch.folder().join("keyhook.db")),
        ("a?mode=ro.db".to_owned(), scratch.folder().join("a?mode=ro.db")),
        (elsewhere.display().to_string(), elsewhere.clone()),
        (format!("//{}", elsewhere.display()), elsewhere.clone()),
    ] {
        block_on(async {
            open(StoreSource { address, ..source(scratch.folder()) }).await.unwrap().close().await;
        });
        assert!(expected.exists(), "{expected:?}");
        std::fs::remove_file(expected).unwrap();
    }
}

#[test]
fn a_missing_file_is_made_only_if_it_may_be() {
    let scratch = Scratch::new("stores::missing");
    let text = refusal(StoreSource { create: false, ..source(scratch.folder()) });
    assert!(text.contains("KH0401") && text.contains("keyhook.db"), "{text}");
    assert_eq!(std::fs::read_dir(scratch.folder()).unwrap().count(), 0, "something was made");
}

#[test]
fn what_is_not_a_database_is_refused_and_left_as_it_is() {
    let scratch = Scratch::new("stores::text");
    let file = scratch.folder().join("keyhook.db");
    let text = b"This is a letter, and it is longer than the hundred bytes of a header. ".repeat(40);
    std::fs::write(&file, &text).unwrap();
    let refusal = refusal(source(scratch.folder()));
    assert!(refusal.contains("KH0402") && refusal.contains("keyhook.db"), "{refusal}");
    assert_eq!(std::fs::read(&file).unwrap(), text);
    assert_eq!(std::fs::read_dir(scratch.folder()).unwrap().count(), 1, "something was made");
}

#[test]
fn the_database_of_another_program_is_refused_and_left_as_it_is() {
    let scratch = Scratch::new("stores::foreign");
    let file = scratch.folder().join("keyhook.db");
    rusqlite::Connection::open(&file).unwrap().execute_batch("CREATE TABLE theirs (x)").unwrap();
    let before = std::fs::read(&file).unwrap();
    let text = refusal(source(scratch.folder()));
    assert!(text.contains("KH0405"), "{text}");
    assert_eq!(std::fs::read(&file).unwrap(), before);
}

#[test]
fn a_damaged_page_is_an_error_and_never_an_absent_record() {
    let scratch = Scratch::new("stores::damaged");
    let key = Key::named("shop");
    let client = record(Kind::Client, key.clone());
    block_on(async {
        let store = open(source(scratch.folder())).await.unwrap();
        insert(&*store, client).await;
        store.close().await;
    });
    let file = scratch.folder().join("keyhook.db");
    let page: i64 = rusqlite::Connection::open(&file)
        .unwrap()
        .query_row("SELECT rootpage FROM sqlite_schema WHERE name = 'client'", [], |row| row.get(0))
        .unwrap();
    let mut bytes = std::fs::read(&file).unwrap();
    let page = usize::try_from(page).unwrap();
    bytes[(page - 1) * 4096..page * 4096].fill(0xa5);
    std::fs::write(&file, bytes).unwrap();
    block_on(async {
        let store = open(source(scratch.folder())).await.unwrap();
        for error in [
            store.get(Kind::Client, &key).await.unwrap_err(),
            store.apply(Batch::new().with(take(Kind::Client, &key, 0))).await.unwrap_err(),
        ] {
            assert!(matches!(&error, StoreError::Unusable(text) if text.contains("KH0402")), "{error}");
        }
        store.close().await;
    });
}

#[test]
fn a_folder_that_cannot_be_made_is_named() {
    let scratch = Scratch::new("stores::folder");
    let file = scratch.folder().join("file");
    std::fs::write(&file, "").unwrap();
    let text = refusal(source(&file.join("data")));
    assert!(text.contains("KH0404") && text.contains("file/data"), "{text}");
}
