//! Builds generations of plugins: checks and loads libraries, makes instances, runs hook chains and URL handlers.
//!
//! The only crate that opens foreign code. `unsafe` stands in `loader` (calls into libraries) and `ffi` (calls from them).

mod absent;
mod breaker;
mod bulkhead;
mod call;
mod call_watch;
mod chain;
mod failure;
mod ffi;
mod forward;
mod gather;
mod host;
pub mod inspect;
mod instance;
mod job;
mod link;
mod loader;
pub mod lock;
mod memory_copy;
mod modules;
mod observe;
mod order;
mod plugin;
pub mod probe;
mod provisions;
mod refusal;
mod report;
mod routes;
mod routing;
pub mod scan;
mod secrets;
pub mod snapshot;
mod stats;
mod table;
mod tally;
#[cfg(test)]
mod testing;
mod world;

pub use call_watch::{CallWatch, watch_calls};
pub use host::{Generation, Host, Plan, Policy};
pub use loader::describe_module;
pub use modules::Examined;
pub use plugin::{CAPABILITIES, PluginSettings};
pub use probe::Probe;
pub use refusal::{Clash, Refusal};
pub use report::PluginReport;
pub use secrets::{NoSecrets, Secrets};
pub use stats::PluginStats;
pub use table::{Description, HookDescription, RouteDescription};
pub use world::World;
