//! What a hook costs, in nanoseconds: `cargo run --release -p keyhook-host --example hook_cost`.
//!
//! Two linked plugins are called through the C ABI, as libraries are. Measured is a whole chain of one inline hook, with the call's state made
//! and taken apart, once for a hook that does nothing and once for one that edits the token response.
#![allow(clippy::disallowed_methods, missing_docs, reason = "a measurement reads the clock")]

use std::future::Future;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};
use std::time::Instant;

use keyhook_component::hooks::{HookCall, HookPoint, Hooks};
use keyhook_component::system::{Clock, Random};
use keyhook_core::time::Timestamp;
use keyhook_host::{Host, Plan, Policy, Probe, World};
use keyhook_plugin::prelude::*;

#[hook(access_token_validation, inline)]
fn nothing(_: &mut TokenCx) -> Outcome {
    Continue
}

#[hook(access_token_response, inline)]
fn edit(cx: &mut TokenResponseCx) -> Outcome {
    cx.response().set("user_name", "Bob")?;
    cx.response().set("level", 3)?;
    cx.response().remove("expires_in")?;
    Continue
}

plugin! { name: "cost" }

/// No time and no chance.
struct Still;

impl Clock for Still {
    fn now(&self) -> Timestamp {
        Timestamp::ZERO
    }
}

impl Random for Still {
    fn fill(&self, out: &mut [u8]) {
        out.fill(0);
    }
}

fn ready<T>(mut future: std::pin::Pin<Box<dyn Future<Output = T> + Send>>) -> Option<T> {
    match future.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(value) => Some(value),
        Poll::Pending => None,
    }
}

fn measure(what: &str, hooks: &dyn Hooks, point: HookPoint, draft: &HookCall) -> f64 {
    const ROUNDS: u32 = 20_000;
    let mut samples: Vec<f64> = (0..50)
        .map(|_| {
            let calls: Vec<HookCall> = (0..ROUNDS).map(|_| draft.clone()).collect();
            let mut finished = Vec::with_capacity(calls.len());
            let started = Instant::now();
            finished.extend(calls.into_iter().map(|call| ready(hooks.run(point, call))));
            let took = started.elapsed().as_secs_f64() * 1e9 / f64::from(ROUNDS);
            assert!(finished.iter().all(Option::is_some), "an inline chain is ready at once");
            took
        })
        .collect();
    samples.sort_by(f64::total_cmp);
    println!("{what:<44} {:>7.1} ns", samples[samples.len() / 2]);
    samples[samples.len() / 2]
}

fn main() {
    let world =
        World { clock: Arc::new(Still), random: Arc::new(Still), records: None, pages: None, issuer: "http://x".into(), dev: false };
    let Ok(generation) = Host::new(world, None, Probe::Unavailable).build(&Plan::new(Policy::Dev)) else {
        eprintln!("the linked plugin was refused");
        return;
    };
    let mut draft = HookCall::default();
    for (name, value) in [("access_token", "kha_secret"), ("token_type", "Bearer"), ("scope", "read write")] {
        draft.response.insert(name.into(), value.into());
    }
    draft.response.insert("expires_in".into(), 3600.into());
    let hooks = &*generation.hooks;
    let bare = measure("a point without hooks", hooks, HookPoint::AuthorizationGet, &draft);
    let empty = measure("one inline hook that does nothing", hooks, HookPoint::AccessTokenValidation, &draft);
    let edit = measure("one inline hook, two sets and a removal", hooks, HookPoint::AccessTokenResponse, &draft);
    println!("the hook itself: {:.1} ns empty, {:.1} ns editing", empty - bare, edit - bare);
}
