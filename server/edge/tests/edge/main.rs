//! The edge over real sockets, with small endpoints behind it: framing, limits, deadlines, routing, TLS, stopping.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test may fail by panicking")]

mod client;
mod framing;
mod generations;
mod http2;
mod limits;
mod logging;
mod management;
mod people;
mod proxies;
mod routing;
mod stage;
mod stopping;
mod support;
mod tls;
