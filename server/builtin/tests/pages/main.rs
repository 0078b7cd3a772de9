//! The browser's side of an authorization: login, consent, code; every way around them ends in a refusal.
#![allow(clippy::unwrap_used, reason = "a test may fail by panicking")]
#![allow(unreachable_pub, reason = "modules of a test binary")]

mod browser;
mod consent;
#[path = "../token/doubles.rs"]
#[allow(dead_code, reason = "shared with the token tests, which use the rest")]
mod doubles;
mod flow;
mod forms;
mod gates;
mod login;
mod playground;
mod plugins;
#[path = "../token/support.rs"]
#[allow(dead_code, reason = "shared with the token tests, which use the rest")]
mod support;
mod waiting;
