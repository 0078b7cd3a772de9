//! What a plugin did so far, for `keyhook plugin list` and metrics.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};

use crate::tally::Tally;

/// Counters of one plugin.
#[derive(Default)]
pub(crate) struct Stats {
    calls: Tally,
    denials: AtomicU64,
    errors: AtomicU64,
    panics: AtomicU64,
    timeouts: AtomicU64,
    last_error: Mutex<Option<String>>,
}

/// A reading of the counters.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PluginStats {
    /// Hooks and routes called.
    pub calls: u64,
    /// Calls that ended in a denial by the plugin's own will.
    pub denials: u64,
    /// Calls whose answer was refused by the host.
    pub errors: u64,
    /// Calls that panicked.
    pub panics: u64,
    /// Calls that overran their deadline or found no place.
    pub timeouts: u64,
    /// The last error, panic or timeout, as the log has it.
    pub last_error: Option<String>,
}

/// How a call failed.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Fault {
    Denial,
    Error,
    Panic,
    Timeout,
}

impl Stats {
    pub(crate) fn called(&self) {
        self.calls.count();
    }

    pub(crate) fn failed(&self, fault: Fault, text: &str) {
        let counter = match fault {
            Fault::Denial => &self.denials,
            Fault::Error => &self.errors,
            Fault::Panic => &self.panics,
            Fault::Timeout => &self.timeouts,
        };
        counter.fetch_add(1, Ordering::Relaxed);
        if fault != Fault::Denial {
            *self.last_error.lock().unwrap_or_else(PoisonError::into_inner) = Some(text.to_owned());
        }
    }

    pub(crate) fn read(&self) -> PluginStats {
        let read = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        PluginStats {
            calls: self.calls.read(),
            denials: read(&self.denials),
            errors: read(&self.errors),
            panics: read(&self.panics),
            timeouts: read(&self.timeouts),
            last_error: self.last_error.lock().unwrap_or_else(PoisonError::into_inner).clone(),
        }
    }
}
