//! The minute of somebody who writes a first plugin: new, dev, edit, and what happens when it does not compile or kills the server.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use keyhook_tests::binary::{Server, pause, run, stdout};
use keyhook_tests::libraries;
use keyhook_tests::scratch::Scratch;
use serde_json::Value;

/// What an edit may take on a machine that is busy with other tests; alone it is half a second.
const PATIENCE: Duration = Duration::from_secs(20);

fn new_plugin(scratch: &Scratch, name: &str) -> PathBuf {
    let said = stdout(scratch.path(), &["plugin", "new", name]);
    assert!(said.contains(&format!("cd {name}")) && said.contains("keyhook dev"), "it tells the next two commands: {said}");
    scratch.join(name)
}

/// The token response as `keyhook try` gets it; null while there is none.
fn response(folder: &Path) -> Value {
    serde_json::from_slice(&run(folder, &["try", "client-credentials", "--format", "json"]).stdout).unwrap_or_default()
}

fn wait_for(folder: &Path, greeting: Option<&str>) -> Duration {
    let began = Instant::now();
    loop {
        let response = response(folder);
        if response["token_type"] == "Bearer" && response["greeting"].as_str() == greeting {
            return began.elapsed();
        }
        assert!(began.elapsed() < PATIENCE, "{greeting:?} never came: {response}");
        pause();
    }
}

fn source(folder: &Path) -> String {
    std::fs::read_to_string(folder.join("src/lib.rs")).unwrap()
}

fn save(folder: &Path, source: &str) {
    std::fs::write(folder.join("src/lib.rs"), source).unwrap();
}

#[test]
fn a_new_plugin_is_served_follows_edits_and_survives_a_compile_error() {
    let scratch = Scratch::new("minute");
    let folder = new_plugin(&scratch, "hello");
    let began = Instant::now();
    let server = Server::dev(&folder, &[]);
    wait_for(&folder, Some("hello"));
    println!("from `keyhook dev` to the first response with the member, cold: {:?}", began.elapsed());
    assert_eq!(server.client().get("/x/hello/hello").text(), "hello world");
    let crates = std::fs::read_to_string(folder.join("Cargo.lock")).unwrap().matches("[[package]]").count();
    assert!(crates <= 12, "{crates} crates");

    let good = source(&folder);
    save(&folder, &good.replace(r#""hello".to_owned()"#, r#""ciao".to_owned()"#));
    println!("from saving to the changed response: {:?}", wait_for(&folder, Some("ciao")));

    save(&folder, &good.replace("Continue\n", "Contnue\n"));
    server.wait_for("KH0542");
    assert_eq!(response(&folder)["greeting"], "ciao", "the last good version serves on");
    let page = server.client().get("/").text();
    assert!(page.contains("cannot find value `Contnue`") && !page.contains('\u{1b}'), "{page}");

    save(&folder, &good);
    wait_for(&folder, Some("hello"));
    assert!(!server.client().get("/").text().contains("Contnue"));
}

#[test]
fn a_plugin_that_kills_the_server_is_named_and_left_out_until_it_is_rebuilt() {
    let scratch = Scratch::new("killer");
    let folder = new_plugin(&scratch, "rude");
    let good = source(&folder);
    save(&folder, &good.replace("    Continue\n", "    if cx.client_id() == \"keyhook-try\" { std::process::abort() }\n    Continue\n"));
    let server = Server::dev(&folder, &[]);
    server.wait_for(r#""event":"loaded""#);
    run(&folder, &["try", "client-credentials"]);
    server.wait_for("error[KH0540]: plugin `rude` ended the server by SIGABRT");
    wait_for(&folder, None);
    let list = stdout(&folder, &["plugin", "list"]);
    assert!(list.contains("✗ rude") && list.contains("KH0525"), "{list}");

    save(&folder, &good);
    wait_for(&folder, Some("hello"));
    assert_eq!(server.stop(), Some(0));
}

#[test]
fn a_login_page_starts_from_a_scaffold_too() {
    let scratch = Scratch::new("login");
    stdout(scratch.path(), &["plugin", "new", "front-door", "--login"]);
    let folder = scratch.join("front-door");
    let server = Server::dev(&folder, &[]);
    server.wait_for(r#""event":"loaded""#);
    let walked = stdout(&folder, &["try", "code"]);
    assert!(walked.contains("page: Sign in") && walked.contains("user=demo") && walked.contains("access_token"), "{walked}");
    let eve = run(&folder, &["try", "code", "--user", "eve"]);
    let (code, said) = (eve.status.code(), String::from_utf8_lossy(&eve.stderr).into_owned());
    assert!(code == Some(1) && said.contains("access_denied"), "the page asks for a name only: {said}");
}

#[test]
fn the_scaffolds_own_tests_pass() {
    let scratch = Scratch::new("scaffold-tests");
    for (name, flags) in [("one", &[][..]), ("two", &["--login"]), ("three", &["--hook", "token_grant"])] {
        let arguments = [&["plugin", "new", name], flags].concat();
        stdout(scratch.path(), &arguments);
        let tested = std::process::Command::new(env!("CARGO")).arg("test").current_dir(scratch.join(name)).output().unwrap();
        assert!(tested.status.success(), "{}{}", String::from_utf8_lossy(&tested.stdout), String::from_utf8_lossy(&tested.stderr));
        assert!(!String::from_utf8_lossy(&tested.stderr).contains("warning"), "{}", String::from_utf8_lossy(&tested.stderr));
    }
}

#[test]
fn the_server_ends_with_its_supervisor() {
    let scratch = Scratch::new("orphan");
    let server = Server::dev(scratch.path(), &[]);
    let status = || run(scratch.path(), &["status", "--format", "json"]);
    let process = serde_json::from_slice::<Value>(&status().stdout).unwrap()["process"].as_u64().unwrap();
    assert_ne!(process, u64::from(server.pid()), "the server has a process of its own");
    server.kill();
    let began = Instant::now();
    while status().status.code() != Some(7) {
        assert!(began.elapsed() < PATIENCE, "it lives on");
        pause();
    }
}

#[test]
fn after_fifty_generations_a_fresh_process_takes_over() {
    let scratch = Scratch::new("generations");
    let server = Server::dev(scratch.path(), &[]);
    let library = std::fs::read(libraries::rust("customize-response")).unwrap();
    let status = || serde_json::from_slice::<Value>(&run(scratch.path(), &["status", "--format", "json"]).stdout).unwrap_or_default();
    let first = status()["process"].clone();
    let began = Instant::now();
    for change in 0..50u8 {
        let before = status();
        if before["process"] != first {
            break;
        }
        // Bytes behind the end of the library make it another one that does the same.
        scratch.write("keyhook-dev/plugins/.new", [library.as_slice(), &[change]].concat());
        std::fs::rename(scratch.join("keyhook-dev/plugins/.new"), scratch.join("keyhook-dev/plugins/libx.so")).unwrap();
        while status() == before {
            assert!(began.elapsed() < 6 * PATIENCE, "{before}");
            pause();
        }
    }
    while status()["process"] == first || status().is_null() {
        assert!(began.elapsed() < 6 * PATIENCE, "{}", status());
        pause();
    }
    assert_eq!(status()["plugins"], 1, "{}", server.log());
}

#[test]
fn a_dropped_library_is_loaded_a_bad_one_is_named_and_one_taken_away_is_gone() {
    let scratch = Scratch::new("drop");
    let server = Server::dev(scratch.path(), &[]);
    let place = scratch.join("keyhook-dev/plugins/libcustomize_response.so");
    std::fs::copy(libraries::rust("customize-response"), &place).unwrap();
    server.wait_for(r#""event":"loaded""#);
    assert_eq!(response(scratch.path())["user_name"], "Bob");
    scratch.write("keyhook-dev/plugins/notes.so", "no library");
    server.wait_for(r#""code":"KH0505""#);
    assert_eq!(response(scratch.path())["user_name"], "Bob", "everything goes on");
    std::fs::remove_file(place).unwrap();
    server.wait_for(r#""event":"gone""#);
    assert_eq!(response(scratch.path())["user_name"], Value::Null);
}
