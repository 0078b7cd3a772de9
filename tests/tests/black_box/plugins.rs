//! The table of what plugins see and do, with the plugins dropped into a folder; `linked.rs` runs the same table with them linked in.

use std::path::PathBuf;

use keyhook_tests::binary::{self, Server};
use keyhook_tests::libraries;
use keyhook_tests::local::Local;
use keyhook_tests::plugin_table::{self, PLUGINS, Stage};
use keyhook_tests::scratch::Scratch;

/// The table's plugins in a folder.
fn folder(scratch: &Scratch) -> PathBuf {
    let folder = scratch.join("plugins");
    for name in PLUGINS {
        libraries::install_crate(name, &folder);
    }
    folder
}

/// A server in this process, with the libraries of a folder.
fn loaded(folder: &std::path::Path, configuration: &str) -> Local {
    Local::start(|builder| builder.config_text(configuration).plugins_directory(folder).probe(binary::path()))
}

#[test]
fn plugins_that_are_dropped_into_a_folder_give_the_answers_of_the_table() {
    let scratch = Scratch::new("table");
    let folder = folder(&scratch);
    let local = Local::start(|builder| plugin_table::configured(builder).plugins_directory(folder).probe(binary::path()));
    plugin_table::run(Stage::new(local));
}

#[test]
fn a_folder_of_handlers_takes_the_same_libraries() {
    let scratch = Scratch::new("handlers-folder");
    let folder = folder(&scratch);
    let local = Local::start(|builder| builder.handlers_directory(folder).probe(binary::path()));
    assert_eq!(local.client().request("PUT", "/x/witness/any", &[], b"").status, 201);
}

/// The member `order` that the table's plugins write, one after the other.
fn order(configuration: &str) -> String {
    let scratch = Scratch::new("order");
    let mut stage = Stage::new(loaded(&folder(&scratch), configuration));
    stage.credentials(&[("respond", "order")]).json()["order"].as_str().unwrap_or_default().to_owned()
}

#[test]
fn the_operator_overrides_priorities_and_orders() {
    assert_eq!(order(""), "zulu alpha witness");
    // zulu, now last, begins the list anew.
    assert_eq!(order("[plugins.zulu.priority]\naccess_token_response = 101\n"), "zulu ");
    assert_eq!(order("[plugins.witness]\npriority = { access_token_response = 50 }\n"), "zulu witnessalpha ");
    assert_eq!(order("[hooks]\naccess_token_response = [\"zulu\", \"witness\", \"alpha\"]\n"), "zulu witnessalpha ");
}

#[test]
fn the_order_in_force_is_written_at_the_start() {
    keyhook_tests::captured::start();
    let scratch = Scratch::new("order-shown");
    let configuration = "[plugins.alpha.priority]\naccess_token_response = -7\n";
    let local = loaded(&folder(&scratch), configuration);
    let order = keyhook_tests::captured::lines_with("\"hook\":\"access_token_response\"");
    // The observer stands behind those that decide.
    assert!(order.iter().any(|line| line.contains("\"plugins\":\"alpha, zulu, witness, zulu\"")), "{order:?}");
    drop(local);
}

#[test]
fn what_a_plugin_is_not_allowed_it_cannot_do() {
    let scratch = Scratch::new("allow");
    let folder = folder(&scratch);
    let approves = |configuration: &str| {
        let mut stage = Stage::new(loaded(&folder, configuration));
        let answer = stage.arrive(&[("ask", "approve")]);
        (answer.location_parameter("code").is_some(), answer.location_parameter("error").unwrap_or_default())
    };
    assert_eq!(approves("[plugins.witness]\nallow = [\"approve\"]\n"), (true, String::new()));
    assert_eq!(approves(""), (false, "server_error".to_owned()), "approve has to be allowed");
    let mut stage = Stage::new(loaded(&folder, "[plugins.witness]\nallow = [\"log\"]\n"));
    assert_eq!(stage.arrive(&[("ask", "session")]).location_parameter("error").as_deref(), Some("server_error"));
    assert_eq!(stage.request("POST", "/x/witness/store", &[], b"").status, 500);
}

#[test]
fn a_secret_in_a_plugins_configuration_comes_from_a_file() {
    let scratch = Scratch::new("secret");
    let secret = scratch.write("tenant", "from a file\n");
    let configuration = format!("[plugins.witness.config]\ntenant = {{ \"$file\" = \"{}\" }}\n", secret.display());
    let mut stage = Stage::new(loaded(&folder(&scratch), &configuration));
    let said = stage.credentials(&[("respond", "config")]).json()["config"].as_str().unwrap_or_default().to_owned();
    assert!(said.starts_with("Some(\"from a file\")"), "{said}");
}

#[test]
fn dev_takes_up_what_is_dropped_changed_and_taken_away() {
    let scratch = Scratch::new("dropped");
    let server = Server::dev(scratch.path(), &[]);
    let folder = scratch.join("keyhook-dev/plugins");
    let version = || server.client().get("/x/versioned/version");
    assert_eq!(version().status, 404);
    let library = libraries::install(libraries::versioned(b'A'), &folder, "versioned.so");
    server.wait_until("version A", || version().text() == "A");
    libraries::install(libraries::versioned(b'B'), &folder, "versioned.so");
    server.wait_until("version B", || version().text() == "B");
    std::fs::write(&library, libraries::versioned(b'C')).unwrap();
    server.wait_until("version C, written in place", || version().text() == "C");
    std::fs::remove_file(library).unwrap();
    server.wait_until("nothing", || version().status == 404);
}
