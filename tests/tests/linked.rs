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
use keyhook_tests::scratch::Scratch;
use keyhook_tests::{binary, captured, libraries};

#[test]
fn plugins_that_are_linked_in_give_the_answers_of_the_table() {
    plugin_table::run(Stage::new(Local::start(plugin_table::configured)));
}

#[test]
fn every_plugin_that_is_linked_in_runs_and_no_other() {
    captured::start();
    let local = Local::start(|builder| builder.config_text(CONFIGURATION));
    let loaded = captured::lines_with("\"event\":\"plugin_loaded\"");
    let of = |name: &str| loaded.iter().any(|line| line.contains(&format!("\"plugin\":\"{name}\"")) && line.contains("linked in"));
    assert!(["alpha", "witness", "zulu"].into_iter().all(of), "{loaded:?}");
    assert!(loaded.iter().all(|line| !line.contains("scripted")));
    assert_eq!(local.client().get("/x/versioned/version").status, 404);
}

#[test]
fn the_builder_tells_a_plugin_its_configuration() {
    let local = Local::start(|builder| builder.plugin("witness", &serde_json::json!({ "tenant": "by the builder" })));
    let said = Stage::new(local).credentials(&[("respond", "config")]).json()["config"].as_str().unwrap_or_default().to_owned();
    assert!(said.starts_with("Some(\"by the builder\")"), "{said}");
}

#[test]
fn a_library_with_the_name_of_a_linked_plugin_is_refused() {
    captured::start();
    let scratch = Scratch::new("linked-twice");
    libraries::misfit(&scratch.join("alpha.so"), "alpha", &[]);
    let local = Local::start(|builder| builder.plugins_directory(scratch.path()).probe(binary::path()));
    let refused = captured::lines_with(&scratch.join("alpha.so").display().to_string());
    assert!(refused.iter().any(|line| line.contains("KH0513") && line.contains("is already registered")), "{refused:?}");
    assert_eq!(local.client().get("/x/alpha/headers").status, 404);
    assert_eq!(Stage::new(local).credentials(&[("respond", "order")]).json()["order"], "zulu alpha witness");
}

#[test]
fn without_a_probe_an_embedded_server_tries_no_unknown_library() {
    captured::start();
    let scratch = Scratch::new("no-probe");
    libraries::misfit(&scratch.join("untried.so"), "untried", &[]);
    let local = Local::start(|builder| builder.plugins_directory(scratch.path()));
    let refused = captured::lines_with(&scratch.join("untried.so").display().to_string());
    assert!(refused.iter().any(|line| line.contains("KH0515")), "{refused:?}");
    assert_eq!(local.client().get("/x/untried/headers").status, 404);
}

#[test]
fn the_server_fires_the_hook_points_that_plugins_are_written_against() {
    let fired = HookPoint::ALL.map(HookPoint::name);
    let known: Vec<&str> = HOOK_POINTS.iter().map(|point| point.name).collect();
    assert_eq!(known, fired);
}
