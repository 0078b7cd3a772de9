//! The only place that reads the operating system's clock, its randomness and the environment.
#![allow(clippy::disallowed_methods, reason = "what is forbidden elsewhere has its one place here")]

use std::cell::RefCell;
use std::time::{SystemTime, UNIX_EPOCH};

use keyhook_component::system::{Clock, Random};
use keyhook_core::Timestamp;
use rustix::rand::{GetRandomFlags, getrandom};
use zeroize::Zeroize as _;

/// The machine's clock.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> Timestamp {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Timestamp::from_millis(i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
    }
}

/// The kernel's random generator. Each thread draws ahead, so that most tokens cost no system call; a byte is given once and then
/// wiped.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemRandom;

impl Random for SystemRandom {
    fn fill(&self, out: &mut [u8]) {
        AHEAD.with_borrow_mut(|ahead| ahead.give(out));
    }
}

thread_local!(static AHEAD: RefCell<Ahead> = const { RefCell::new(Ahead { bytes: [0; AHEAD_LEN], given: AHEAD_LEN }) });

/// What one system call draws: the kernel makes this much nearly as fast as a single key.
const AHEAD_LEN: usize = 512;

/// Random bytes of a thread; those before `given` are gone.
struct Ahead {
    bytes: [u8; AHEAD_LEN],
    given: usize,
}

impl Ahead {
    fn give(&mut self, out: &mut [u8]) {
        if out.len() > AHEAD_LEN {
            return draw(out);
        }
        if out.len() > AHEAD_LEN - self.given {
            draw(&mut self.bytes);
            self.given = 0;
        }
        let next = &mut self.bytes[self.given..self.given + out.len()];
        out.copy_from_slice(next);
        next.zeroize();
        self.given += out.len();
    }
}

/// Fills `out` from the kernel, or ends the process: a server that guesses its secrets must not go on.
fn draw(out: &mut [u8]) {
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

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn no_random_byte_is_given_twice_and_none_is_kept() {
        let mut ahead = Ahead { bytes: [0; AHEAD_LEN], given: AHEAD_LEN };
        let mut seen = HashSet::new();
        for _ in 0..100 {
            let mut key = [0; 36];
            ahead.give(&mut key);
            assert!(seen.insert(key));
            assert!(ahead.bytes[..ahead.given].iter().all(|byte| *byte == 0));
        }
        let mut long = [0; 2 * AHEAD_LEN];
        ahead.give(&mut long);
        assert!(long.chunks(16).all(|chunk| chunk != [0; 16]));
    }
}
