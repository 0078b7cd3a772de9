//! What people are shown.

use keyhook_component::batch::{Applied, Operation};
use keyhook_component::record::{Key, Kind, Record};
use keyhook_component::store::{Index, Page, Store};

use super::samples::{apply, id, insert, record, take};
use super::scratch::{Open, Scratch};

async fn keys(store: &dyn Store, kind: Kind, index: &Index, after: Option<Key>, limit: usize) -> Vec<Key> {
    let listed = store.list(kind, index, Page { after, limit }).await.unwrap();
    listed.into_iter().map(|record| record.key).collect()
}

pub async fn a_kind_is_listed_in_key_order_and_in_pages(scratch: &Scratch, open: impl Open) {
    let store = scratch.open(open).await;
    if store.promises().evicts {
        // A cache does not say what it holds.
        return;
    }
    let names: Vec<Key> = ["", "\0", "a", "aa", "b", "ä"].into_iter().map(Key::named).collect();
    for key in names.iter().rev() {
        insert(&*store, record(Kind::Client, key.clone())).await;
    }
    assert_eq!(keys(&*store, Kind::Client, &Index::All, None, 100).await, names);
    assert_eq!(keys(&*store, Kind::Client, &Index::All, None, 2).await, names[..2]);
    assert_eq!(keys(&*store, Kind::Client, &Index::All, Some(names[1].clone()), 3).await, names[2..5]);
    assert_eq!(keys(&*store, Kind::Client, &Index::All, Some(names[5].clone()), 3).await, []);

    for number in [3, 1, 2] {
        insert(&*store, record(Kind::Session, id(number))).await;
    }
    assert_eq!(keys(&*store, Kind::Session, &Index::All, None, 100).await, [id(1), id(2), id(3)]);
    assert_eq!(keys(&*store, Kind::Session, &Index::All, Some(id(1)), 1).await, [id(2)]);
    let whole = store.list(Kind::Session, &Index::All, Page { after: None, limit: 1 }).await.unwrap();
    assert_eq!(whole, [record(Kind::Session, id(1))]);
}

pub async fn records_are_listed_by_client_and_by_subject(scratch: &Scratch, open: impl Open) {
    let store = scratch.open(open).await;
    if store.promises().evicts {
        // A cache does not say what it holds.
        return;
    }
    let of = |number: u32, client: &str, subject: Option<&str>| Record {
        client: Some(client.to_owned()),
        subject: subject.map(str::to_owned),
        ..record(Kind::Grant, id(number))
    };
    for grant in [of(1, "shop", Some("alice")), of(2, "bank", Some("alice")), of(3, "shop", None), of(4, "shop", Some("bob"))] {
        insert(&*store, grant).await;
    }
    let (shop, alice) = (Index::Client("shop".to_owned()), Index::Subject("alice".to_owned()));
    assert_eq!(keys(&*store, Kind::Grant, &shop, None, 9).await, [id(1), id(3), id(4)]);
    assert_eq!(keys(&*store, Kind::Grant, &shop, Some(id(1)), 1).await, [id(3)]);
    assert_eq!(keys(&*store, Kind::Grant, &alice, None, 9).await, [id(1), id(2)]);
    assert_eq!(keys(&*store, Kind::Grant, &Index::Subject("eve".to_owned()), None, 9).await, []);

    // A spent record is listed with its state; a deleted one and an owner of the past are not.
    let changes =
        [take(Kind::Grant, &id(1), 0), Operation::Put(of(2, "bank", Some("bob"))), Operation::Delete { kind: Kind::Grant, key: id(3) }];
    for change in changes {
        assert_eq!(apply(&*store, [change]).await, Applied::Applied);
    }
    assert_eq!(keys(&*store, Kind::Grant, &shop, None, 9).await, [id(1), id(4)]);
    assert_eq!(keys(&*store, Kind::Grant, &alice, None, 9).await, [id(1)]);
    assert_eq!(keys(&*store, Kind::Grant, &Index::Subject("bob".to_owned()), None, 9).await, [id(2), id(4)]);
}
