//! The table of what plugins see and do, with the plugins linked into the program: a line `use … as _;` each.
//!
//! A test binary of its own, because a plugin that is linked in runs on every server of its process.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use alpha as _;
use witness as _;
use zulu as _;

use keyhook_component::hooks::HookPoint;
use keyhook_plugin::hook_names::HOOK_POINTS;
use keyhook_tests::local::Local;
use keyhook_tests::plugin_table::{self, CONFIGURATION, Stage};

#[test]
fn plugins_that_are_linked_in_give_the_answers_of_the_table() {
    plugin_table::run(Stage::new(Local::start(|builder| builder.config_text(CONFIGURATION))));
}

#[test]
fn the_server_fires_the_hook_points_that_plugins_are_written_against() {
    let fired = HookPoint::ALL.map(HookPoint::name);
    let known: Vec<&str> = HOOK_POINTS.iter().map(|point| point.name).collect();
    assert_eq!(known, fired);
}
