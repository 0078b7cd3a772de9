//! A start that cannot succeed: one clear error that says what, where and the way out, the right exit code, and nothing half-written.

use std::collections::BTreeMap;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use keyhook_tests::back_channel::Tokens;
use keyhook_tests::binary::{self, Server, free_port};
use keyhook_tests::pair::Pair;
use keyhook_tests::production::Production;
use keyhook_tests::scratch::Scratch;

/// Every file of a folder with its bytes.
fn content(folder: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut all = BTreeMap::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            all.insert(path.clone(), Vec::new());
            all.extend(content(&path));
        } else {
            all.insert(path.clone(), std::fs::read(&path).unwrap());
        }
    }
    all
}

/// Runs `arguments`, which must fail with `exit`, say every one of `says`, and leave the folder as it was.
fn fails(folder: &Path, arguments: &[&str], exit: i32, says: &[&str]) -> String {
    let before = content(folder);
    let output = binary::run(folder, arguments);
    let said = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(exit), "{arguments:?}: {said}");
    for text in says {
        assert!(said.contains(text), "{text}: {said}");
    }
    assert!(!said.contains("panicked") && !said.contains("RUST_BACKTRACE") && !said.contains("\u{1b}["), "{said}");
    let after = content(folder);
    let changed: Vec<_> = after.keys().chain(before.keys()).filter(|path| after.get(*path) != before.get(*path)).collect();
    assert!(changed.is_empty(), "{arguments:?} left something behind: {changed:?}");
    said
}

/// A production folder that has been started once and stopped.
fn used(name: &str) -> Production {
    let production = Production::new(name, "");
    assert_eq!(production.serve().stop(), Some(0));
    production
}

#[test]
fn a_mistake_in_the_file_is_shown_where_it_is() {
    for (more, exit, says) in [
        (
            "[tokens]\nacces_ttl = \"15m\"\n",
            3,
            &["KH1004", "keyhook.toml:", "^^^^^^^^^", "did you mean `access_ttl`?", "nothing was started or written"][..],
        ),
        ("[tokens]\naccess_ttl = 900\n", 3, &["KH1003", "keyhook.toml:", "^^^"]),
        ("[tokens]\ncode_ttl = \"1h\"\n", 3, &["code_ttl", "10m"]),
        ("[tokens]\naccess_ttl = \"15 parsecs\"\n", 3, &["access_ttl", "keyhook.toml:"]),
        ("[token]\naccess_ttl = \"15m\"\n", 3, &["KH1004", "`token`", "tokens"]),
        ("[tokens\n", 3, &["KH1002", "keyhook.toml:"]),
        ("[server]\nissuer = \"http://x\"\n", 3, &["keyhook.toml:"]),
        ("[store]\nurl = \"oracle:db\"\n", 3, &["no store answers to `oracle:`", "sqlite"]),
        ("[store]\nurl = \"memory:\"\n", 3, &["KH1008", "forgets"]),
        ("[log]\nlevel = \"shout\"\n", 3, &["level"]),
    ] {
        let production = Production::new("mistakes", more);
        fails(production.path(), &["serve"], exit, says);
        if !more.contains("memory") {
            fails(production.path(), &["check"], exit, says);
        }
    }
}

#[test]
fn a_store_that_was_not_built_in_is_named_with_the_way_to_build_it() {
    let scratch = Scratch::new("built");
    let version = binary::stdout(scratch.path(), &["version", "--format", "json"]);
    for (scheme, feature) in [("postgres", "postgres"), ("mariadb", "mysql"), ("redis+cluster", "redis"), ("memcached", "memcached")] {
        if version.contains(&format!("\"{scheme}\"")) {
            continue;
        }
        let production = Production::new("built", &format!("[store]\nurl = \"{scheme}://me:hush@db/x\"\n"));
        let help = format!("this server was built without `{feature}`: build it with `cargo build --release --features {feature}`");
        fails(production.path(), &["serve"], 3, &["KH0470", "keyhook.toml:", &help]);
        fails(production.path(), &["check"], 3, &["KH0470", "***"]);
    }
}

#[test]
fn production_wants_decisions() {
    let scratch = Scratch::new("decisions");
    scratch.write("keyhook.toml", "");
    fails(scratch.path(), &["serve"], 3, &["KH1009", "issuer", "KH1010", "TLS", "KH0601", "keyhook key generate"]);
    scratch.write("keyhook.toml", "[server]\nissuer = \"http://login.example\"\ntls = \"behind_proxy\"\n[keys]\nmaster_file = \"k\"\n");
    fails(scratch.path(), &["serve"], 3, &["KH1011", "https"]);
    scratch.write(
        "keyhook.toml",
        "[server]\nissuer = \"https://login.example\"\ntls = \"off\"\nlisten = [\"0.0.0.0:8080\"]\n[keys]\nmaster_file = \"k\"\n",
    );
    fails(scratch.path(), &["serve"], 3, &["KH1011", "behind_proxy"]);
    fails(scratch.path(), &["serve", "--config", "nowhere.toml"], 3, &["KH1001", "nowhere.toml", "keyhook init"]);
}

#[test]
fn a_wrong_command_line_is_a_usage_error() {
    let scratch = Scratch::new("usage");
    for arguments in [
        &["serve", "--isuer", "https://x"][..],
        &["frobnicate"],
        &["dev", "--port", "0"],
        &["dev", "--port", "http"],
        &["client"],
        &["explain", "KH0503", "x"],
    ] {
        fails(scratch.path(), arguments, 2, &["error", "--help"].map(|text| if arguments == ["client"] { "Usage" } else { text }));
    }
}

/// Environment and flags are named when they are what is wrong.
#[test]
fn the_error_names_the_origin_of_a_value() {
    let production = Production::new("origin", "");
    let output = std::process::Command::new(binary::path())
        .arg("serve")
        .current_dir(production.path())
        .env("KEYHOOK_TOKENS__ACCESS_TTL", "tomorrow")
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(3), "{said}");
    assert!(said.contains("KEYHOOK_TOKENS__ACCESS_TTL"), "{said}");
    fails(production.path(), &["serve", "--issuer", "not a url"], 3, &["KH1007", "--issuer"]);
}

#[test]
fn a_key_that_is_missing_open_to_others_or_none_is_refused_and_never_repeated() {
    let production = used("keys");
    let key = production.path().join("master.key");
    std::fs::set_permissions(&key, std::fs::Permissions::from_mode(0o644)).unwrap();
    fails(production.path(), &["serve"], 5, &["KH0603", "master.key", "chmod 600"]);
    std::fs::set_permissions(&key, std::fs::Permissions::from_mode(0o600)).unwrap();
    std::fs::write(&key, "canary-not-a-key").unwrap();
    let said = fails(production.path(), &["serve"], 3, &["KH0604", "master.key", "keyhook key generate"]);
    assert!(!said.contains("canary"), "{said}");
    std::fs::remove_file(&key).unwrap();
    fails(production.path(), &["serve"], 3, &["KH0602", "master.key", "keyhook key generate"]);
}

/// The first start of all writes nothing before it knows that it can go on.
#[test]
fn a_first_start_without_its_key_leaves_no_folder_behind() {
    let production = Production::new("first", "");
    std::fs::remove_file(production.path().join("master.key")).unwrap();
    fails(production.path(), &["serve"], 3, &["KH0602"]);
}

#[test]
fn a_damaged_foreign_or_newer_database_is_left_alone() {
    let production = used("database");
    let database = production.path().join("data/keyhook.db");
    let good = std::fs::read(&database).unwrap();
    let without_log = |bytes: &[u8]| {
        for name in ["keyhook.db-wal", "keyhook.db-shm"] {
            let _ = std::fs::remove_file(production.path().join("data").join(name));
        }
        std::fs::write(&database, bytes).unwrap();
    };
    // Offsets of SQLite's header: 60 user version, 68 application id.
    let patched = |at: usize, bytes: &[u8]| {
        let mut copy = good.clone();
        copy[at..at + bytes.len()].copy_from_slice(bytes);
        copy
    };
    for (bytes, says) in [
        (b"this is no database at all, and long enough to see it".repeat(100), "KH0402"),
        (patched(60, &[0, 0, 0, 99]), "KH0403"),
        (patched(68, b"evil"), "KH0405"),
        (patched(100, &[0xff; 900]), "KH0402"),
    ] {
        without_log(&bytes);
        let output = binary::run(production.path(), &["serve"]);
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(1), "{said}");
        assert!(said.contains(says) && said.contains("keyhook.db"), "{says}: {said}");
        assert_eq!(std::fs::read(&database).unwrap(), bytes, "{says}: the file is as it was");
    }
    without_log(&good);
    assert_eq!(production.serve().stop(), Some(0), "the restored file serves");
}

#[test]
fn the_data_of_dev_and_of_serve_do_not_mix() {
    let scratch = Scratch::new("mix");
    let dev = Server::dev(scratch.path(), &[]);
    dev.stop();
    let port = free_port();
    scratch.write(
        "keyhook.toml",
        format!(
            "[server]\nissuer = \"http://localhost:{port}\"\nlisten = [\"127.0.0.1:{port}\"]\ntls = \"off\"\ndata = \"keyhook-dev/data\"\n\
             [management]\nlisten = \"off\"\n[keys]\nmaster_file = \"keyhook-dev/master.key\"\n"
        ),
    );
    let said = binary::run(scratch.path(), &["serve"]);
    assert_eq!(said.status.code(), Some(3), "{}", String::from_utf8_lossy(&said.stderr));
    assert!(String::from_utf8_lossy(&said.stderr).contains("KH0153"));
}

#[test]
fn a_taken_port_and_a_taken_folder_are_named() {
    let production = Production::new("taken", "");
    let server = production.serve();
    let again = binary::run(production.path(), &["serve"]);
    let said = String::from_utf8_lossy(&again.stderr).into_owned();
    assert_eq!(again.status.code(), Some(1), "{said}");
    assert!(said.contains(&production.port.to_string()), "{said}");
    let other_port = format!("127.0.0.1:{}", free_port());
    let same_folder = binary::run(production.path(), &["serve", "--listen", &other_port]);
    let said = String::from_utf8_lossy(&same_folder.stderr).into_owned();
    assert_eq!(same_folder.status.code(), Some(1), "{said}");
    assert!(said.contains("KH0155") && said.contains("data"), "{said}");
    assert_eq!(server.client().get("/.well-known/oauth-authorization-server").status, 200, "the first one serves on");
}

/// `check` opens nothing for writing; `init` overwrites nothing.
#[test]
fn check_changes_nothing_and_init_overwrites_nothing() {
    let production = used("check");
    let before = content(production.path());
    let output = binary::run(production.path(), &["check"]);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    assert_eq!(content(production.path()), before);
    let refused = binary::run(production.path(), &["init"]);
    assert!(!refused.status.success());
    assert_eq!(content(production.path()), before);
    let scratch = Scratch::new("init");
    binary::stdout(scratch.path(), &["init"]);
    let text = std::fs::read_to_string(scratch.join("keyhook.toml")).unwrap();
    assert!(text.contains("[server]") && text.contains("issuer"));
}

/// Every code that an error shows can be looked up offline.
#[test]
fn every_code_is_explained() {
    let scratch = Scratch::new("explain");
    let all = binary::stdout(scratch.path(), &["explain"]);
    let codes: Vec<_> = all.split_whitespace().filter(|word| word.len() == 6 && word.starts_with("KH")).collect();
    assert!(codes.len() > 60, "{all}");
    for code in ["KH1004", "KH0602", "KH0402", "KH0155", "KH0207"] {
        assert!(codes.contains(&code), "{code}");
        assert!(binary::stdout(scratch.path(), &["explain", code]).lines().count() >= 2);
    }
    fails(scratch.path(), &["explain", "KH9999"], 4, &["KH9999"]);
}

/// A reload that finds something wrong changes nothing, says what, and the next one may succeed.
#[test]
fn a_reload_of_a_broken_file_keeps_what_runs() {
    let production = Production::new("hangup", "[tokens]\naccess_ttl = \"15m\"\n");
    let server = production.serve();
    let well = || server.client().get("/.well-known/oauth-authorization-server");
    let before = well().json();
    production.configure("[tokens]\naccess_ttl = \"never\"\n");
    server.signal("HUP");
    server.wait_for("KH1003");
    assert_eq!(well().json(), before);
    let refused = binary::run(production.path(), &["reload"]);
    assert!(!refused.status.success() && String::from_utf8_lossy(&refused.stderr).contains("access_ttl"));
    production.configure("[scopes]\nread = \"Read your files\"\n");
    assert!(binary::run(production.path(), &["reload"]).status.success());
    assert_eq!(well().json()["scopes_supported"], serde_json::json!(["read"]));
    assert_eq!(server.stop(), Some(0));
}

/// The first key seals, the others open: a key is replaced without a day on which nothing works.
#[test]
fn a_master_key_is_replaced_without_losing_what_the_old_one_sealed() {
    let mut pair = Pair::single("rotation", "");
    let mut browser = pair.browser();
    let first = pair.tokens(&mut browser);
    let second = Tokens::of(&pair.nodes()[0].refresh(&first.refresh)).unwrap();
    let folder = pair.production.path().to_owned();
    binary::stdout(&folder, &["key", "generate", "new.key"]);
    let text = std::fs::read_to_string(folder.join("keyhook.toml")).unwrap();
    let old = format!("master_file = \"{}\"", folder.join("master.key").display());
    assert!(text.contains(&old), "{text}");
    let both = format!("master_file = [\"{}\", \"{}\"]", folder.join("new.key").display(), folder.join("master.key").display());
    std::fs::write(folder.join("keyhook.toml"), text.replace(&old, &both)).unwrap();
    pair.server().signal("TERM");
    pair.ended();
    pair.restart();
    let node = &pair.nodes()[0];
    assert!(node.is_active(&second.access));
    let again = Tokens::of(&node.refresh(&first.refresh)).unwrap();
    assert_eq!(again.refresh, second.refresh, "the successor that the old key sealed is opened within the grace");
    assert!(Tokens::of(&node.refresh(&second.refresh)).is_some());
}
