//! What a hook costs, in nanoseconds: `cargo run --release -p keyhook-host --example hook_cost`.
//!
//! Two linked plugins are called through the C ABI, as libraries are. Measured is a whole chain of one inline hook, with the call's state made
//! and taken apart, once for a hook that does nothing and once for one that edits the token response.
#![allow(clippy::disallowed_methods, missing_docs, reason = "a measurement reads the clock")]

use std::sync::Arc;
use std::task::{Context, Poll, Waker};
use std::time::Instant;

use keyhook_component::BoxFuture;
use keyhook_component::hooks::{Finished, HookCall, HookPoint, Hooks};
use keyhook_component::system::{Clock, Random};
use keyhook_core::time::Timestamp;
use keyhook_host::{Host, Plan, Policy, Probe, World};
use keyhook_plugin::prelude::*;

#[hook(access_token_validation, inline)]
fn nothing(_: &mut TokenCx) -> Outcome {
    Continue
}

/// Eleven more that do nothing: what one of them costs does not depend on how a call is begun.
macro_rules! eleven {
    ($($name:ident)*) => { $(
        #[hook(authorization_GET, inline)]
        fn $name(_: &mut AuthorizationGetCx) -> Outcome {
            Continue
        }
    )* };
}
eleven!(a b c d e f g h i j k);

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

fn ready(mut future: BoxFuture<'static, Finished>) -> Option<HookCall> {
    match future.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(finished) => Some(finished.call),
        Poll::Pending => None,
    }
}

fn measure(what: &str, hooks: &dyn Hooks, point: HookPoint, draft: &HookCall) -> f64 {
    const ROUNDS: u32 = 20_000;
    let mut call = draft.clone();
    let mut samples: Vec<f64> = (0..50)
        .map(|_| {
            let started = Instant::now();
            for _ in 0..ROUNDS {
                call = ready(hooks.run(point, std::mem::take(&mut call))).unwrap_or_default();
            }
            started.elapsed().as_secs_f64() * 1e9 / f64::from(ROUNDS)
        })
        .collect();
    samples.sort_by(f64::total_cmp);
    println!("{what:<44} {:>7.1} ns", samples[samples.len() / 2]);
    samples[samples.len() / 2]
}

fn main() {
    let world = World {
        clock: Arc::new(Still),
        random: Arc::new(Still),
        records: None,
        registrar: None,
        pages: None,
        issuer: "http://x".into(),
        dev: false,
    };
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
    let bare = measure("a point without hooks", hooks, HookPoint::AuthorizationPost, &draft);
    let one = measure("one inline hook that does nothing", hooks, HookPoint::AccessTokenValidation, &draft);
    let eleven = measure("eleven inline hooks that do nothing", hooks, HookPoint::AuthorizationGet, &draft);
    let edit = measure("one inline hook, two sets and a removal", hooks, HookPoint::AccessTokenResponse, &draft);
    println!("to begin and end a chain: {:.1} ns; a hook: {:.1} ns", one - bare, (eleven - one) / 10.0);
    println!("two sets and a removal: {:.1} ns", edit - one);
}
