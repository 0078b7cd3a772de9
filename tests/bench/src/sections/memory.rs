//! Memory and disk: idle, and for each connection, token and client. Memory is the proportional set size of the process.

use std::sync::Arc;
use std::time::Duration;

use crate::client::script::Varied;
use crate::client::{Crew, Script};
use crate::plan::Plan;
use crate::server::keyhook::ACTIVE;
use crate::server::refill::Fill;
use crate::server::{Keyhook, Setup};
use crate::table::{Table, Verdict};

const CONNECTIONS: usize = 4000;
/// As many as the server keeps in memory (`[store] cache`).
const CACHED: usize = 100_000;
const STORED: usize = 500_000;
const CLIENTS: usize = 10_000;

/// Runs what the plan wants.
pub(crate) fn run(plan: &Plan, table: &mut Table) {
    if !plan.wants("memory", "memory") {
        return;
    }
    let keyhook = Keyhook::start(&plan.folder, &Setup::default());
    settle();
    let idle = keyhook.process.memory_kib() / 1024.0;
    table.add("memory, idle", &format!("{idle:.1} MiB"), "≤ 20 MiB", Verdict::at_most(idle, 20.0));
    connections(&keyhook, table);
    drop(keyhook);
    tokens(plan, table);
    clients(plan, table);
}

/// Connections that have had an answer each, and wait.
fn connections(keyhook: &Keyhook, table: &mut Table) {
    let scripts = |count: usize| (0..count).map(|_| Box::new(keyhook.metadata()) as Box<dyn Script>);
    // What the first ones need is there once.
    Crew::connect(&keyhook.address(), scripts(100)).complete(1000);
    settle();
    let before = keyhook.process.memory_kib();
    let mut crew = Crew::connect(&keyhook.address(), scripts(CONNECTIONS));
    crew.complete(CONNECTIONS);
    settle();
    let each = (keyhook.process.memory_kib() - before) / CONNECTIONS as f64;
    table.add("memory, an idle connection", &format!("{each:.1} KiB"), "≤ 32 KiB", Verdict::at_most(each, 32.0));
}

/// On the disk: a database of tokens, in which little else is. In memory: what the cache holds once every one has been introspected.
fn tokens(plan: &Plan, table: &mut Table) {
    let keyhook = filled(plan, Fill::tokens(STORED, CACHED));
    let on_disk = keyhook.filled.bytes as f64 / STORED as f64;
    table.add("disk, an access token", &format!("{on_disk:.0} bytes"), "", Verdict::Free);
    let requests = keyhook.introspections(&keyhook.filled.tokens);
    let cached = cached_bytes(&keyhook, &requests, ACTIVE);
    table.add("memory, an access token that is cached", &format!("{cached:.0} bytes"), "", Verdict::Free);
}

/// The same for clients, each of which has been authenticated.
fn clients(plan: &Plan, table: &mut Table) {
    let empty = filled(plan, Fill::tokens(0, 0)).filled.bytes as f64;
    let keyhook = filled(plan, Fill { clients: CLIENTS, ..Fill::tokens(0, 0) });
    let on_disk = (keyhook.filled.bytes as f64 - empty) / CLIENTS as f64;
    table.add("disk, a client", &format!("{on_disk:.0} bytes"), "", Verdict::Free);
    let requests = keyhook.requests_of_clients(CLIENTS, "/introspect", "token=none");
    let cached = cached_bytes(&keyhook, &requests, b"\"active\":false");
    table.add("memory, a client that is cached", &format!("{cached:.0} bytes"), "", Verdict::Free);
}

/// How the process grows with each of these requests, which are all different.
fn cached_bytes(keyhook: &Keyhook, requests: &Arc<[Vec<u8>]>, expected: &'static [u8]) -> f64 {
    let mut crew = Crew::connect(&keyhook.address(), [Box::new(Varied::new(requests, 0, expected)) as Box<dyn Script>]);
    crew.complete(10);
    settle();
    let before = keyhook.process.memory_kib();
    crew.complete(requests.len());
    settle();
    1024.0 * (keyhook.process.memory_kib() - before) / requests.len() as f64
}

fn filled(plan: &Plan, fill: Fill) -> Keyhook {
    Keyhook::start(&plan.folder, &Setup { fill: Some(fill), ..Setup::default() })
}

/// Buffers of the last requests are freed, and the log has been written.
fn settle() {
    std::thread::sleep(Duration::from_millis(500));
}
