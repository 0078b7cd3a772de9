//! The figures that are promised, with their targets.

use Applies::{Except, NotYet, Wholly};

/// A promised figure.
#[derive(Clone, Copy, Debug)]
pub struct Promise {
    /// The id.
    pub id: &'static str,
    /// What is counted.
    pub what: &'static str,
    /// What it has to be.
    pub target: &'static str,
    /// How much of it can be measured.
    pub applies: Applies,
}

/// How much of a promise can be measured with what exists.
#[derive(Clone, Copy, Debug)]
pub enum Applies {
    /// All of it.
    Wholly,
    /// All but this, which does not exist yet.
    Except(&'static str),
    /// Nothing, for this reason.
    NotYet(&'static str),
}

const fn promise(id: &'static str, what: &'static str, target: &'static str, applies: Applies) -> Promise {
    Promise { id, what, target, applies }
}

/// All of them, in the order of the page. Numbers that are missing are not assigned.
pub const FIGURES: &[Promise] = &[
    promise("F1", "hostile inputs; wrong acceptances, 5xx, panics", "≥ 100,000; 0, 0, 0", Except("endpoints that do not exist yet")),
    promise(
        "F2",
        "races for one code, refresh token, device code, request token, nonce: winners per race",
        "10⁶ races in the small, each store in turn: exactly one",
        Except("device codes, request tokens and nonces, which do not exist yet; other stores than memory and SQLite"),
    ),
    promise(
        "F3",
        "`kill -9` at random points under load: double redemptions, lost acknowledged revocations, orphan live tokens",
        "10,000 kills in all: 0, 0, 0",
        Wholly,
    ),
    promise(
        "F4",
        "storage faults injected: wrong 200s",
        "0",
        Except("a database server that stops and returns: there is no such store yet"),
    ),
    promise("F5", "revocation visible", "next request on one node, p99 ≤ 1 s on several", Wholly),
    promise("F7", "soak: requests, failures, slope of memory and descriptors", "flat, 0 failed", Wholly),
    promise("F8", "restart and reload under load: failed requests", "0", Wholly),
    promise("F13", "hostile slow connections held while good clients keep p99 < 200 ms", "≥ 10,000", Wholly),
    promise(
        "F14",
        "fuzz targets; executions; open crashes",
        "every parser; ≥ 10⁷ each in all; 0",
        Except("the reader of JWTs, which has no target yet"),
    ),
    promise("F19", "foreign clients that complete a flow, languages", "≥ 40 in ≥ 9", Wholly),
    promise(
        "F20",
        "published vectors passed (RFC 5849, 7515-7520, 7636, Wycheproof)",
        "all",
        Except("RFC 7515 to 7520 and Wycheproof: they are not read yet"),
    ),
    promise("F21", "secret canaries found in logs, metrics, database, error texts", "0", Except("traces: there is no exporter yet")),
    promise("F22", "timing of secret comparisons", "max |t| < 4.5", Wholly),
    promise("F23", "plugin faults: requests of other routes failed; decisions that failed open", "0; 0", Wholly),
    promise("F24", "outgoing requests that an attacker steered", "0", NotYet("the server sends no requests yet")),
    promise(
        "speed",
        "answers of the release binary beside a bare hyper server and other servers, one core each: ratios of one run",
        "token ≥ 0.40 of bare hyper, introspection ≥ 0.70, nothing durable ≥ 0.55, code flow ≥ 0.40 of token",
        Wholly,
    ),
    promise("coverage", "lines of `server/core` that the tests run", "≥ 95 %", Wholly),
    promise(
        "unsafe",
        "blocks, functions and implementations that are `unsafe`",
        "at the plugin border alone, each with its reason",
        Wholly,
    ),
    promise(
        "supply",
        "packages in the lock file: licenses, bans, sources refused",
        "0",
        Except("advisories: their database is fetched only where the network allows"),
    ),
];
