//! For tests of the stores behind a server: where the server is, and the clock of the machine.
#![allow(clippy::unwrap_used, reason = "a test may fail by panicking")]

use std::path::PathBuf;
use std::sync::Arc;

use keyhook_component::registry::StoreSource;
use keyhook_component::system::Clock;
use keyhook_core::time::Timestamp;

struct Machine;

impl Clock for Machine {
    #[allow(clippy::disallowed_methods, reason = "a cache of another process is as old as the real second")]
    fn now(&self) -> Timestamp {
        let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap();
        Timestamp::from_millis(i64::try_from(since.as_millis()).unwrap())
    }
}

/// What follows the scheme in the URL of this variable: `eval "$(tests/servers/up)"` sets it.
#[allow(clippy::disallowed_methods, reason = "where the server is, only the environment knows")]
pub(crate) fn address(variable: &str) -> String {
    let url = std::env::var(variable).unwrap_or_else(|_| panic!("{variable} is not set: eval \"$(tests/servers/up)\""));
    url.split_once(':').unwrap().1.to_owned()
}

/// A durable store at an address.
pub(crate) fn source(address: String) -> StoreSource {
    StoreSource { address, data: PathBuf::new(), create: true, migrate: true, durable: true, clock: Arc::new(Machine) }
}
