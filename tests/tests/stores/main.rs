//! The server over databases that several nodes share. Ignored unless asked for: `./runtests.sh stores` starts the databases, builds the
//! server with every store and runs these.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod away;
mod clusters;
mod copy;
mod database;
mod full_disk;
mod key_value;
mod nodes;
mod oauth1_imports;
mod outage;
mod own;
mod python_oauth2;
mod refusals;
mod site;
