//! A context with nothing behind it: still time, countable chance, plain pages, no store.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use http::StatusCode;
use keyhook_component::BoxFuture;
use keyhook_component::audit::{Audit, Event};
use keyhook_component::batch::{Applied, Batch};
use keyhook_component::context::Context;
use keyhook_component::hooks::NoHooks;
use keyhook_component::pages::Pages;
use keyhook_component::record::{Key, Kind, Record};
use keyhook_component::records::Records;
use keyhook_component::request::Request;
use keyhook_component::response::Response;
use keyhook_component::settings::{Lifetimes, Paths, Settings};
use keyhook_component::store::{Index, Lookup, Page, Promises, Store, StoreError};
use keyhook_component::system::{Clock, Random};
use keyhook_core::crypto::{MasterKey, Sealer};
use keyhook_core::error::OAuthError;
use keyhook_core::id::RecordId;
use keyhook_core::issuer::Issuer;
use keyhook_core::time::Timestamp;

pub(crate) fn context(issuer: &str, dev: bool) -> Context {
    let settings = Settings {
        issuer: Issuer::parse(issuer).unwrap(),
        dev,
        paths: Paths::default(),
        lifetimes: Lifetimes::default(),
        tokens: keyhook_component::settings::TokenSettings::default(),
        oauth1: None,
        builtin_login: true,
        builtin_consent: true,
        remember_consent: true,
        refresh_grace: Duration::from_secs(10),
        scope_descriptions: BTreeMap::new(),
        compat: Vec::new(),
        attempts_per_user: 5,
        attempts_per_address: 50,
        attempts_window: Duration::from_mins(1),
        password_workers: 1,
        cookie_name: "c".to_owned(),
        cookie_secure: false,
        realm: "keyhook".to_owned(),
    };
    Context {
        settings: Arc::new(settings),
        records: Records::new(Arc::new(NoStore), 1),
        started_at: Timestamp::ZERO,
        clock: Arc::new(Still),
        random: Arc::new(Counting(AtomicU64::new(1))),
        hooks: Arc::new(NoHooks),
        audit: Arc::new(Still),
        pages: Arc::new(Plain),
        sealer: Arc::new(Sealer::new(vec![MasterKey::new([7; 32])]).unwrap()),
        grants: Arc::new([]),
        formats: std::sync::Arc::new([]),
        metadata: bytes::Bytes::new(),
        dev: None,
    }
}

struct Plain;

impl Pages for Plain {
    fn error(&self, _: &Request, _: &Settings, error: &OAuthError) -> Response {
        Response::html(StatusCode::from_u16(error.status()).unwrap(), format!("error page: {}", error.wire_description()))
    }

    fn not_found(&self, _: &Request, _: &Settings) -> Response {
        Response::html(StatusCode::NOT_FOUND, "not found page")
    }

    fn wrong_host(&self, request: &Request, settings: &Settings) -> Response {
        Response::html(StatusCode::MISDIRECTED_REQUEST, format!("wrong host {} not {}", request.host, settings.issuer.as_str()))
    }

    fn wrap(&self, title: &str, html: &str) -> String {
        format!("{title}{html}")
    }
}

struct Still;

impl Clock for Still {
    fn now(&self) -> Timestamp {
        Timestamp::from_seconds(1)
    }
}

impl Audit for Still {
    fn record(&self, _: Event) {}
}

/// Numbers that differ: enough for ids in a test.
struct Counting(AtomicU64);

impl Random for Counting {
    fn fill(&self, out: &mut [u8]) {
        let number = self.0.fetch_add(1, Ordering::Relaxed).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        for (byte, source) in out.iter_mut().zip(number.to_be_bytes().iter().cycle()) {
            *byte = *source;
        }
    }
}

struct NoStore;

impl Store for NoStore {
    fn get<'a>(&'a self, _: Kind, _: &'a Key) -> BoxFuture<'a, Result<Lookup<Record>, StoreError>> {
        Box::pin(async { Ok(Lookup::Absent) })
    }

    fn list<'a>(&'a self, _: Kind, _: &'a Index, _: Page) -> BoxFuture<'a, Result<Vec<Record>, StoreError>> {
        Box::pin(async { Ok(Vec::new()) })
    }

    fn apply(&self, _: Batch) -> BoxFuture<'_, Result<Applied, StoreError>> {
        Box::pin(async { Err(StoreError::Unavailable("there is none".to_owned())) })
    }

    fn purge<'a>(&'a self, _: Timestamp, _: &'a [(Kind, RecordId)]) -> BoxFuture<'a, Result<u64, StoreError>> {
        Box::pin(async { Ok(0) })
    }

    fn promises(&self) -> Promises {
        Promises { durable: false, evicts: true, shared: false, atomic: true }
    }

    fn changed_elsewhere(&self) -> u64 {
        0
    }

    fn health(&self) -> BoxFuture<'_, Result<(), StoreError>> {
        Box::pin(async { Ok(()) })
    }

    fn close(&self) -> BoxFuture<'_, ()> {
        Box::pin(async {})
    }
}
