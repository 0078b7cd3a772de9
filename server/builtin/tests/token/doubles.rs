//! Stand-ins for what the server is given (clock, chance, store, audit log, hooks, pages), and tokens that are not what they say.

use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicUsize, Ordering};
use std::time::Duration;

use keyhook_component::BoxFuture;
use keyhook_component::audit::{Audit, Event};
use keyhook_component::batch::{Applied, Batch};
use keyhook_component::hooks::{Finished, HookCall, HookPoint, Hooks, Verdict};
use keyhook_component::pages::Pages;
use keyhook_component::record::{Key, Kind, Record};
use keyhook_component::request::Request;
use keyhook_component::response::Response;
use keyhook_component::settings::Settings;
use keyhook_component::store::{Index, Lookup, Page, Promises, Store, StoreError};
use keyhook_component::system::{Clock, Random};
use keyhook_core::error::OAuthError;
use keyhook_core::id::RecordId;
use keyhook_core::time::Timestamp;
use keyhook_core::token::IssuedToken;
use keyhook_stores::memory::MemoryStore;

/// A clock that stands still until the test moves it.
pub struct TestClock(pub AtomicI64);

impl TestClock {
    pub fn advance(&self, span: Duration) {
        self.0.fetch_add(i64::try_from(span.as_millis()).unwrap(), Ordering::SeqCst);
    }
}

impl Clock for TestClock {
    fn now(&self) -> Timestamp {
        Timestamp::from_millis(self.0.load(Ordering::SeqCst))
    }
}

/// splitmix64: the same secrets in every run.
pub struct Seeded(pub Mutex<u64>);

impl Random for Seeded {
    fn fill(&self, out: &mut [u8]) {
        let mut state = self.0.lock().unwrap();
        for chunk in out.chunks_mut(8) {
            *state = state.wrapping_add(0x9E37_79B9_7F4A_7C15);
            let mut word = *state;
            word = (word ^ (word >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
            word = (word ^ (word >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
            chunk.copy_from_slice(&(word ^ (word >> 31)).to_le_bytes()[..chunk.len()]);
        }
    }
}

/// The memory store with a switch: while it is broken, nothing is written.
#[derive(Default)]
pub struct SwitchedStore {
    inner: MemoryStore,
    pub broken: AtomicBool,
    pub batches: AtomicUsize,
    pub records: AtomicUsize,
    /// Of the keys that were looked up, in bytes.
    pub longest_key: AtomicUsize,
}

impl Store for SwitchedStore {
    fn get<'a>(&'a self, kind: Kind, key: &'a Key) -> BoxFuture<'a, Result<Lookup<Record>, StoreError>> {
        self.longest_key.fetch_max(key.to_bytes().len(), Ordering::SeqCst);
        self.inner.get(kind, key)
    }

    fn list<'a>(&'a self, kind: Kind, index: &'a Index, page: Page) -> BoxFuture<'a, Result<Vec<Record>, StoreError>> {
        self.inner.list(kind, index, page)
    }

    fn apply(&self, batch: Batch) -> BoxFuture<'_, Result<Applied, StoreError>> {
        Box::pin(async move {
            if self.broken.load(Ordering::SeqCst) {
                return Err(StoreError::Unavailable("the disk is full".into()));
            }
            let count = batch.operations().len();
            // Racers meet between their reads and their writes.
            tokio::task::yield_now().await;
            let applied = self.inner.apply(batch).await?;
            if applied == Applied::Applied {
                self.batches.fetch_add(1, Ordering::SeqCst);
                self.records.fetch_add(count, Ordering::SeqCst);
            }
            Ok(applied)
        })
    }

    fn purge<'a>(&'a self, now: Timestamp, horizons: &'a [(Kind, RecordId)]) -> BoxFuture<'a, Result<u64, StoreError>> {
        self.inner.purge(now, horizons)
    }

    fn promises(&self) -> Promises {
        self.inner.promises()
    }

    fn changed_elsewhere(&self) -> u64 {
        0
    }

    fn health(&self) -> BoxFuture<'_, Result<(), StoreError>> {
        self.inner.health()
    }

    fn close(&self) -> BoxFuture<'_, ()> {
        self.inner.close()
    }
}

/// An audit log that is read back.
#[derive(Default)]
pub struct Recorder(pub Mutex<Vec<Event>>);

impl Audit for Recorder {
    fn record(&self, event: Event) {
        self.0.lock().unwrap().push(event);
    }
}

type Script = dyn Fn(HookPoint, HookCall) -> BoxFuture<'static, Finished> + Send + Sync;

/// A chain whose one link is a closure.
pub struct ScriptedHooks {
    pub points: Vec<HookPoint>,
    pub script: Box<Script>,
}

impl Hooks for ScriptedHooks {
    fn any(&self, point: HookPoint) -> bool {
        self.points.contains(&point)
    }

    fn run(&self, point: HookPoint, call: HookCall) -> BoxFuture<'static, Finished> {
        assert!(self.any(point), "an empty chain was run");
        (self.script)(point, call)
    }

    fn generation(&self, _: HookPoint) -> u64 {
        0
    }
}

pub fn finished(call: HookCall, verdict: Verdict) -> Finished {
    Finished { call, verdict, plugin: Some("bob".into()) }
}

pub struct NoPages;

impl Pages for NoPages {
    fn error(&self, _: &Request, _: &Settings, _: &OAuthError) -> Response {
        Response::empty(http::StatusCode::IM_A_TEAPOT)
    }

    fn not_found(&self, _: &Request, _: &Settings) -> Response {
        Response::empty(http::StatusCode::IM_A_TEAPOT)
    }

    fn wrong_host(&self, _: &Request, _: &Settings) -> Response {
        Response::empty(http::StatusCode::IM_A_TEAPOT)
    }

    fn wrap(&self, _: &str, html: &str) -> String {
        html.to_owned()
    }
}

/// The same selector with another secret, well formed.
pub fn forged(token: &str) -> String {
    let kind = IssuedToken::sniff(token).unwrap();
    let parsed = IssuedToken::parse(kind, token).unwrap();
    IssuedToken::new(kind, parsed.id, parsed.grant, [9; 32]).encode().into_inner()
}

/// The same selector and secret, said to belong to another grant.
pub fn rerouted(token: &str) -> String {
    let kind = IssuedToken::sniff(token).unwrap();
    let mut parsed = IssuedToken::parse(kind, token).unwrap();
    parsed.grant = RecordId::from_raw(parsed.grant.raw() + 1);
    parsed.encode().into_inner()
}
