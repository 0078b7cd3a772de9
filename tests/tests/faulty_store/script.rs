//! What goes wrong, when: decided by a seed, so that a run can be repeated.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::watch;

/// How the store behaves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Weather {
    /// As it should.
    Fair,
    /// Writes and reads fail or are late; a write that fails may have happened, but whole.
    Foul,
    /// As [`Weather::Foul`], and a write may happen in part.
    Torn,
    /// Nothing is answered until the weather changes.
    Stalled,
}

/// What happens to one call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    /// Nothing.
    None,
    /// It is refused before anything happens.
    Refused,
    /// It happens, and is said to have failed.
    Lost,
    /// Half of it happens, and it is said to have failed.
    Torn,
    /// It happens, but late.
    Late,
    /// It is refused late.
    LateRefused,
}

/// The weather over one store, and what it has done.
pub(crate) struct Script {
    weather: watch::Sender<Weather>,
    chance: AtomicU64,
    injected: AtomicUsize,
}

static SCRIPTS: Mutex<BTreeMap<String, Arc<Script>>> = Mutex::new(BTreeMap::new());

impl Script {
    /// The script of the store `name`, in fair weather; made at the first question.
    pub(crate) fn of(name: &str) -> Arc<Script> {
        let mut scripts = SCRIPTS.lock().unwrap_or_else(PoisonError::into_inner);
        let script = || Script { weather: watch::Sender::new(Weather::Fair), chance: AtomicU64::new(1), injected: AtomicUsize::new(0) };
        Arc::clone(scripts.entry(name.to_owned()).or_insert_with(|| Arc::new(script())))
    }

    /// Changes the weather; `seed` begins a new sequence.
    pub(crate) fn set(&self, weather: Weather, seed: u64) {
        self.chance.store(seed, Ordering::SeqCst);
        self.weather.send_replace(weather);
    }

    /// How many calls went wrong.
    pub(crate) fn injected(&self) -> usize {
        self.injected.load(Ordering::SeqCst)
    }

    /// Waits for the end of a stall, then says what happens to a call; a quarter of them go wrong.
    pub(crate) async fn next(&self, writes: bool) -> Fault {
        let mut weather = self.weather.subscribe();
        if *weather.borrow() == Weather::Stalled {
            self.injected.fetch_add(1, Ordering::SeqCst);
        }
        // The sender lives as long as the script.
        let weather = *weather.wait_for(|weather| *weather != Weather::Stalled).await.unwrap();
        if weather == Weather::Fair {
            return Fault::None;
        }
        let fault = match (self.draw() % 24, writes) {
            (0 | 1, _) => Fault::Refused,
            (2, _) => Fault::Late,
            (3, _) => Fault::LateRefused,
            (4, true) => Fault::Lost,
            (5, true) if weather == Weather::Torn => Fault::Torn,
            _ => Fault::None,
        };
        if fault != Fault::None {
            self.injected.fetch_add(1, Ordering::SeqCst);
        }
        fault
    }

    /// A number of the seed's sequence (splitmix64).
    pub(crate) fn draw(&self) -> u64 {
        let mut word = self.chance.fetch_add(0x9e37_79b9_7f4a_7c15, Ordering::SeqCst);
        word = (word ^ (word >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        word = (word ^ (word >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        word ^ (word >> 31)
    }
}
