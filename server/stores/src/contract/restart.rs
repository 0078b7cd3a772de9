//! What was acknowledged survives the end of the process.

use std::task::{Context, Waker};

use keyhook_component::batch::{Applied, Batch, Operation};
use keyhook_component::record::{Key, Kind, Record, State};
use keyhook_component::store::Lookup;

use super::samples::{apply, code, get, id, insert, record, take};
use super::scratch::{Open, Scratch};

pub async fn a_restart_keeps_everything(scratch: &Scratch, open: impl Open) {
    let store = scratch.open(open.clone()).await;
    if !store.promises().durable {
        return;
    }
    let client = record(Kind::Client, Key::named("shop\0"));
    insert(&*store, client.clone()).await;
    insert(&*store, code(1)).await;
    insert(&*store, code(2)).await;
    assert_eq!(apply(&*store, [take(Kind::Code, &id(1), 0)]).await, Applied::Applied);
    store.close().await;
    drop(store);

    let store = scratch.open(open).await;
    assert_eq!(get(&*store, Kind::Client, &client.key).await, Lookup::Live(client));
    assert_eq!(get(&*store, Kind::Code, &id(1)).await, Lookup::Spent(Record { state: State::Spent, version: 1, ..code(1) }));
    assert_eq!(get(&*store, Kind::Code, &id(2)).await, Lookup::Live(code(2)));
}

pub async fn a_closed_store_has_written_what_was_queued(scratch: &Scratch, open: impl Open) {
    const MANY: u32 = 200;
    let store = scratch.open(open.clone()).await;
    if !store.promises().durable {
        return;
    }
    let mut queued: Vec<_> = (0..MANY).map(|number| store.apply(Batch::new().with(Operation::Insert(code(number))))).collect();
    for applying in &mut queued {
        drop(applying.as_mut().poll(&mut Context::from_waker(Waker::noop())));
    }
    store.close().await;
    drop(queued);
    drop(store);
    let store = scratch.open(open).await;
    for number in 0..MANY {
        assert_eq!(get(&*store, Kind::Code, &id(number)).await, Lookup::Live(code(number)));
    }
}
