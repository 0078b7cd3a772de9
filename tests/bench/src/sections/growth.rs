//! Whether requests cost more when more is stored.

use super::{crew, tokens};
use crate::client::script::Varied;
use crate::plan::Plan;
use crate::race::{Race, Runner};
use crate::server::keyhook::{ACTIVE, TOKEN_EXPECTED, TOKEN_FORM};
use crate::server::refill::Fill;
use crate::server::{Keyhook, Setup};
use crate::table::{Table, Verdict, thousands};

/// Tokens that come again and again, from all over the database; the server keeps them in memory.
const HOT: usize = 10_000;
/// Tokens that come again after more others than the server keeps in memory.
const COLD: usize = 400_000;

/// Runs what the plan wants.
pub(crate) fn run(plan: &Plan, table: &mut Table) {
    if !plan.wants("growth", "growth") {
        return;
    }
    if plan.tokens.len() > 1 {
        let fill = |&tokens: &usize| Fill::tokens(tokens, COLD);
        let servers: Vec<Keyhook> = plan.tokens.iter().map(|tokens| filled(plan, fill(tokens))).collect();
        let introspection = |server: &Keyhook, sample: usize| {
            let requests = server.introspections(&server.filled.tokens[..sample.min(server.filled.tokens.len())]);
            crew(plan, server, |index| Varied::new(&requests, index * requests.len() / plan.connections, ACTIVE))
        };
        let hot = race(plan, &servers, |server| Runner::new(&server.process, introspection(server, HOT)));
        rows(table, "introspection of 10,000 tokens again and again", "tokens", &plan.tokens, &hot, 1.15);
        let cold = race(plan, &servers, |server| Runner::new(&server.process, introspection(server, COLD)));
        rows(table, "introspection of any token", "tokens", &plan.tokens, &cold, 1.15);
        let inserts = race(plan, &servers, |server| tokens(plan, server));
        rows(table, "token request", "tokens", &plan.tokens, &inserts, 1.2);
    }
    if plan.clients.len() > 1 {
        let fill = |&clients: &usize| Fill { clients, ..Fill::tokens(0, 0) };
        let servers: Vec<Keyhook> = plan.clients.iter().map(|clients| filled(plan, fill(clients))).collect();
        let of_any = race(plan, &servers, |server| {
            let requests = server.requests_of_clients(server.filled.clients, "/token", TOKEN_FORM);
            let script = |index| Varied::new(&requests, index * requests.len() / plan.connections, TOKEN_EXPECTED);
            Runner::new(&server.process, crew(plan, server, script))
        });
        rows(table, "token request of any client", "clients", &plan.clients, &of_any, 1.1);
    }
}

fn filled(plan: &Plan, fill: Fill) -> Keyhook {
    Keyhook::start(&plan.folder, &Setup { fill: Some(fill), ..Setup::default() })
}

fn race<'a>(plan: &Plan, servers: &'a [Keyhook], runner: impl Fn(&'a Keyhook) -> Runner<'a>) -> Race {
    Race::run(plan, &mut servers.iter().map(runner).collect::<Vec<_>>())
}

fn rows(table: &mut Table, what: &str, of: &str, counts: &[usize], race: &Race, goal: f64) {
    for (index, count) in counts.iter().enumerate().skip(1) {
        let times = 1.0 / race.cpu_ratio(index, 0);
        let what = format!("{what}, {} {of} beside {}", thousands(*count as f64), thousands(counts[0] as f64));
        let measured = format!("{times:.2} × processor time ({:.1} µs)", race.cpu_micros(index));
        table.add(&what, &measured, &format!("≤ {goal:.2} ×"), Verdict::at_most(times, goal));
    }
}
