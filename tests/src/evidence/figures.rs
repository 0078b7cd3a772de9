//! The figures that are promised, with their targets.

/// A promised figure.
#[derive(Clone, Copy, Debug)]
pub struct Promise {
    /// The id.
    pub id: &'static str,
    /// What is counted.
    pub what: &'static str,
    /// What it has to be.
    pub target: &'static str,
    /// What of it cannot be measured yet, and why; empty if all can.
    pub not_yet: &'static str,
}

const fn promise(id: &'static str, what: &'static str, target: &'static str, not_yet: &'static str) -> Promise {
    Promise { id, what, target, not_yet }
}

/// All of them, in the order of the page. Numbers that are missing are not assigned.
pub const FIGURES: &[Promise] = &[
    promise("F1", "hostile inputs; wrong acceptances, 5xx, panics", "≥ 100,000; 0, 0, 0", "inputs for endpoints that do not exist yet"),
    promise(
        "F2",
        "races for one code, refresh token, device code, request token, nonce: winners per race",
        "10⁶ races in the small, each store in turn: exactly one",
        "device codes, request tokens and nonces do not exist yet; of the stores there are memory and SQLite",
    ),
    promise(
        "F3",
        "`kill -9` at random points under load: double redemptions, lost acknowledged revocations, orphan live tokens",
        "10,000 kills in all: 0, 0, 0",
        "",
    ),
    promise("F4", "storage faults injected: wrong 200s", "0", "a database server that stops and returns: there is no such store yet"),
    promise("F5", "revocation visible", "next request on one node, p99 ≤ 1 s on several", ""),
    promise("F7", "soak: requests, failures, slope of memory and descriptors", "flat, 0 failed", ""),
    promise("F8", "restart and reload under load: failed requests", "0", ""),
    promise("F13", "hostile slow connections held while good clients keep p99 < 200 ms", "≥ 10,000", ""),
    promise(
        "F14",
        "fuzz targets; executions; open crashes",
        "every parser; ≥ 10⁷ each in all; 0",
        "parsers that do not exist yet (JWT, OAuth 1.0a)",
    ),
    promise("F19", "foreign clients that complete a flow, languages", "≥ 40 in ≥ 9", ""),
    promise(
        "F20",
        "published vectors passed (RFC 5849, 7515-7520, 7636, Wycheproof)",
        "all",
        "RFC 5849, RFC 7515 to 7520 and Wycheproof: there is neither OAuth 1.0a nor JOSE yet",
    ),
    promise("F21", "secret canaries found in logs, metrics, database, error texts", "0", "traces: there is no exporter yet"),
    promise("F22", "timing of secret comparisons", "max |t| < 4.5", ""),
    promise("F23", "plugin faults: requests of other routes failed; decisions that failed open", "0; 0", ""),
    promise("F24", "outgoing requests that an attacker steered", "0", "the server sends no requests yet"),
    promise("coverage", "lines of `server/core` that the tests run", "≥ 95 %", ""),
    promise("unsafe", "blocks, functions and implementations that are `unsafe`", "at the plugin border alone, each with its reason", ""),
    promise(
        "supply",
        "packages in the lock file: licenses, bans, sources refused",
        "0",
        "advisories: their database is fetched only where the network allows",
    ),
];
