//! The only place that reads the operating system's clock, its randomness and the environment.
#![allow(clippy::disallowed_methods, reason = "what is forbidden elsewhere has its one place here")]

use std::time::{SystemTime, UNIX_EPOCH};

use keyhook_component::system::{Clock, Random};
use keyhook_core::Timestamp;
use rustix::rand::{GetRandomFlags, getrandom};

/// The machine's clock.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> Timestamp {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Timestamp::from_millis(i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
    }
}

/// The kernel's random generator.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemRandom;

impl Random for SystemRandom {
    /// # Panics
    /// When the kernel gives no randomness: a server that guesses its secrets must not go on.
    fn fill(&self, out: &mut [u8]) {
        let mut filled = 0;
        while filled < out.len() {
            match getrandom(&mut out[filled..], GetRandomFlags::empty()) {
                Ok(count) => filled += count,
                Err(rustix::io::Errno::INTR) => {}
                Err(error) => {
                    eprintln!("keyhook: the kernel gives no random bytes: {error}");
                    std::process::abort();
                }
            }
        }
    }
}

/// The variables that are keyhook's, in the order of their names; what is not UTF-8 is left out.
pub(crate) fn environment() -> Vec<(String, String)> {
    let text = |(name, value): (std::ffi::OsString, std::ffi::OsString)| Some((name.into_string().ok()?, value.into_string().ok()?));
    let mut found: Vec<_> = std::env::vars_os().filter_map(text).filter(|(name, _)| name.starts_with("KEYHOOK_")).collect();
    found.sort();
    found
}

/// The words this process was started with, the program first.
pub(crate) fn command_line() -> impl Iterator<Item = std::ffi::OsString> {
    std::env::args_os()
}

/// A variable that is not keyhook's own.
pub(crate) fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}
