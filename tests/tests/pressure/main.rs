//! The server under pressure: crowds, floods, overload, plugins that misbehave, long work. Each test has the machine for itself, so
//! that none measures another; the numbers that they print are never a reason to fail.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]
#![allow(clippy::cast_precision_loss, reason = "figures of a few digits")]

use std::sync::{Mutex, MutexGuard, PoisonError};

mod http2_floods;
mod overload;
mod plugin_faults;
mod slow_clients;
mod soak;
mod strangers;

/// Waits until no other test of this binary runs.
fn alone() -> MutexGuard<'static, ()> {
    static ONE: Mutex<()> = Mutex::new(());
    ONE.lock().unwrap_or_else(PoisonError::into_inner)
}
