#![allow(clippy::unwrap_used, reason = "a test may fail by panicking")]

use std::path::Path;

use super::*;

/// A serve configuration that is right, to which a test adds its own lines.
const RIGHT: &str = r#"
[server]
issuer = "https://login.example"
tls = "behind_proxy"
[keys]
master_file = "/etc/keyhook/master.key"
"#;

fn load(text: &str, environment: &[(&str, &str)]) -> Result<Config, String> {
    let source = Arc::new(SourceText { name: "keyhook.toml".to_owned(), text: text.to_owned() });
    let mut root = tree::parse(&source).map_err(|wrong| Diagnostics(wrong).to_string())?;
    let variables: Vec<_> = environment.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    let read = |path: &str| match path {
        "/run/secrets/store" => Ok("sqlite:other.db\n".to_owned()),
        _ => Err(std::io::Error::from(std::io::ErrorKind::NotFound)),
    };
    environment::overlay(&mut root, &variables, &read).map_err(|wrong| Diagnostics(wrong).to_string())?;
    Config::from_tree(Mode::Serve, &root, Vec::new()).map_err(|wrong| wrong.to_string())
}

fn refused(text: &str) -> String {
    load(text, &[]).err().unwrap()
}

#[test]
fn an_unknown_key_is_shown_with_its_line_a_caret_and_the_key_that_was_meant() {
    let text = format!("{RIGHT}[tokens]\nacces_ttl = \"15m\"\n");
    let expected = "\
error[KH1004]: unknown key `acces_ttl` in [tokens]
 --> keyhook.toml:8:1
  |
8 | acces_ttl = \"15m\"
  | ^^^^^^^^^ did you mean `access_ttl`?
   = note: nothing was started or written";
    assert_eq!(refused(&text), expected);
}

#[test]
fn the_caret_stands_where_a_longer_file_needs_a_wider_gutter() {
    let text = format!("{RIGHT}\n\n\n[tokens]\ncode_ttl = \"11m\"\n");
    let shown = refused(&text);
    assert!(
        shown.contains("  --> keyhook.toml:11:12\n   |\n11 | code_ttl = \"11m\"\n   |            ^^^^^ must be from 1s to 10m\n"),
        "{shown}"
    );
}

/// What a refused start says goes into the journal.
#[test]
fn the_password_of_a_store_is_not_shown_with_its_line() {
    let shown = refused(&format!("{RIGHT}[store]\nurl = \"oracle://me:hush@db\"\n"));
    assert!(shown.contains("8 | url = \"oracle://me:****@db\"\n  |       ^^^^^^^^^^^^^^^^^^^^^ no store answers to `oracle:`"), "{shown}");
}

#[test]
fn the_caret_stands_at_the_end_of_a_line_however_lines_end() {
    for end in ["\n", "\r\n"] {
        let shown = refused(&format!("x = \"ab{end}y = 1{end}"));
        assert!(shown.contains(":1:8\n  |\n1 | x = \"ab\n  |        ^ "), "{shown:?}");
    }
}

/// A file from a stranger must not steer the terminal that shows what is wrong with it.
#[test]
fn control_characters_of_a_file_are_marked_and_the_caret_stays_below_its_place() {
    let shown = refused(&format!("{RIGHT}[tokens]\n\"\\u001b[2J\\nx\" = 1\n\u{202e} = 2\n"));
    assert!(shown.chars().all(|character| character == '\n' || !character.is_control()), "{shown:?}");
    let shown = refused(&format!("{RIGHT}[tokens]\n\"\\u001b[2J\\nx\" = 1\n"));
    assert!(shown.contains("unknown key `\u{fffd}[2J\u{fffd}x` in [tokens]"), "{shown}");
    let shown = refused("x = \"\u{1b}[2J\"\n");
    assert!(shown.contains("1 | x = \"\u{fffd}[2J\"\n  |      ^"), "{shown:?}");
}

#[test]
fn everything_that_is_wrong_is_reported_at_once_in_reading_order() {
    let shown = refused("compat = [\"oauth3u\"]\n[server]\ntls = \"maybe\"\n[tokens]\naccess_ttl = 900\n[plugins]\ntrust = \"me\"\n");
    let codes: Vec<_> = shown.lines().filter_map(|line| line.strip_prefix("error[")).map(|line| &line[..6]).collect();
    assert_eq!(codes, ["KH1005", "KH1003", "KH1003", "KH1003", "KH1009", "KH1010", "KH0601"], "{shown}");
}

#[test]
fn a_bare_number_is_no_duration() {
    let shown = refused(&format!("{RIGHT}[tokens]\naccess_ttl = 900\n"));
    assert!(shown.contains("a bare number has no unit; write a string such as \"15m\" instead of 900"), "{shown}");
}

#[test]
fn a_file_that_is_not_toml_is_shown_with_its_place() {
    let shown = refused("[server\nissuer = 1\n");
    assert!(shown.starts_with("error[KH1002]: this is not TOML\n --> keyhook.toml:1:"), "{shown}");
}

#[test]
fn the_environment_wins_over_the_file_and_both_are_remembered() {
    let text = format!("{RIGHT}[tokens]\naccess_ttl = \"15m\"\nrefresh_ttl = \"7d\"\n");
    let config = load(&text, &[("KEYHOOK_TOKENS__ACCESS_TTL", "5m"), ("KEYHOOK_LOGIN__BUILTIN", "false")]).ok().unwrap();
    assert_eq!(config.tokens.access, std::time::Duration::from_mins(5));
    assert!(!config.login.builtin);
    assert_eq!(config.shown("tokens.access_ttl").unwrap(), ("\"5m\"".into(), "environment KEYHOOK_TOKENS__ACCESS_TTL".into()));
    assert_eq!(config.shown("tokens.refresh_ttl").unwrap(), ("\"7d\"".into(), "keyhook.toml:9:1".into()));
    assert_eq!(config.shown("tokens.code_ttl").unwrap(), ("\"1m\"".into(), "default".into()));
}

#[test]
fn a_misspelled_variable_is_an_error_and_a_service_link_is_not() {
    assert!(load(RIGHT, &[("KEYHOOK_PORT", "tcp://10.0.0.1:80"), ("KEYHOOK_SERVICE_HOST", "10.0.0.1")]).is_ok());
    let shown = load(RIGHT, &[("KEYHOOK_TOKENS__ACCES_TTL", "5m")]).err().unwrap();
    assert!(shown.contains("--> environment variable KEYHOOK_TOKENS__ACCES_TTL\n   = help: did you mean `access_ttl`?"), "{shown}");
}

#[test]
fn a_secret_may_come_from_a_file_that_a_variable_names() {
    let config = load(RIGHT, &[("KEYHOOK_STORE__URL_FILE", "/run/secrets/store")]).ok().unwrap();
    assert_eq!(config.store.fallback.scheme, "sqlite");
    let shown = load(RIGHT, &[("KEYHOOK_STORE__URL_FILE", "/absent")]).err().unwrap();
    assert!(shown.starts_with("error[KH1006]"), "{shown}");
}

#[test]
fn a_later_file_replaces_values_and_keeps_the_rest() {
    let parse = |name: &str, text: &str| tree::parse(&Arc::new(SourceText { name: name.into(), text: text.into() })).ok().unwrap();
    let mut root = parse("a.toml", RIGHT);
    merge(&mut root, parse("b.toml", "[server]\nworkers = 3\nissuer = \"https://other.example\"\n"));
    let config = Config::from_tree(Mode::Serve, &root, Vec::new()).ok().unwrap();
    assert_eq!(config.server.workers, 3);
    assert_eq!(config.server.tls, TlsDecision::BehindProxy);
    assert_eq!(config.shown("server.issuer").unwrap().1, "b.toml:3:1");
}

#[test]
fn an_issuer_over_http_must_be_loopback() {
    for wrong in ["http://login.example", "http://127.0.0.1.example", "http://10.0.0.1:8080"] {
        let text = RIGHT.replace("https://login.example", wrong);
        assert!(refused(&text).contains("error[KH1011]"), "{wrong}");
    }
    for right in ["http://localhost:8080", "http://127.0.0.1:9", "http://[::1]:8080"] {
        assert!(load(&RIGHT.replace("https://login.example", right), &[]).is_ok(), "{right}");
    }
}

#[test]
fn tls_off_is_for_loopback_only() {
    let text = RIGHT.replace("\"behind_proxy\"", "\"off\"").replace("https://login.example", "http://localhost:8080");
    assert!(load(&text, &[]).is_ok());
    let open = text.replace("[keys]", "listen = \":8080\"\n[keys]");
    assert!(refused(&open).contains("TLS is off, and [::]:8080 is open to the network"), "{}", refused(&open));
}

#[test]
fn a_group_whose_absence_permits_something_must_not_evict() {
    let shown = refused(&format!("{RIGHT}[store]\nevicting = [\"once\"]\n"));
    assert!(shown.contains("error[KH1008]: the group `once` must not evict"), "{shown}");
}

#[test]
fn what_must_be_kept_cannot_live_in_memory() {
    let shown = refused(&format!("{RIGHT}[store]\nonce = \"memory:\"\n"));
    assert!(shown.contains("error[KH1008]: the group `once` cannot live in memory"), "{shown}");
    assert!(load(&format!("{RIGHT}[store]\nshort = \"memory:\"\n"), &[]).is_ok());
}

#[test]
fn a_proxy_on_this_machine_is_trusted_and_another_must_be_named() {
    assert_eq!(load(RIGHT, &[]).ok().unwrap().server.trusted_proxies, ["127.0.0.1", "::1"]);
    let open = RIGHT.replace("[keys]", "listen = \":8080\"\n[keys]");
    assert!(refused(&open).contains("error[KH1012]"), "{}", refused(&open));
    assert!(load(&open, &[("KEYHOOK_SERVER__TRUSTED_PROXIES", "10.0.0.0/8")]).is_ok());
}

#[test]
fn a_store_url_never_shows_its_password() {
    let store = |address: &str| GroupStore { scheme: "x".into(), address: address.into() }.shown();
    assert_eq!(store("//user:pass@host/db"), "x://user:***@host/db");
    assert_eq!(store("//user:p@ss:word@host"), "x://user:***@host");
    assert_eq!(store("keyhook.db"), "x:keyhook.db");
}

#[test]
fn a_plugin_table_keeps_its_configuration_untouched() {
    let text = format!(
        "{RIGHT}[plugins.acme-login]\ntimeout = \"500ms\"\nallow = [\"approve\"]\n[plugins.acme-login.config]\ntenant = \"acme\"\ndeep = {{ n = [1, 2] }}\n"
    );
    let config = load(&text, &[("KEYHOOK_PLUGINS__ACME_LOGIN__CONFIG__TENANT", "other")]).ok().unwrap();
    let table = &config.plugins.tables["acme-login"];
    assert_eq!(table.config, serde_json::json!({ "tenant": "other", "deep": { "n": [1, 2] } }));
    assert_eq!(table.timeout, Some(std::time::Duration::from_millis(500)));
}

#[test]
fn a_priority_is_one_number_for_all_hooks_or_a_table() {
    let table = |line: &str| load(&format!("{RIGHT}[plugins.acme]\n{line}\n"), &[]).ok().unwrap().plugins.tables["acme"].clone();
    assert_eq!((table("priority = 5").priority_of_all, table("priority = 5").priority.len()), (Some(5), 0));
    let single = table("priority = { access_token_response = 7 }");
    assert_eq!((single.priority_of_all, single.priority["access_token_response"]), (None, 7));
    let shown = refused(&format!("{RIGHT}[plugins.acme]\npriority = \"first\"\n"));
    assert!(shown.contains("priority = 5"), "{shown}");
}

#[test]
fn a_deadline_that_refuses_every_request_is_refused() {
    for line in ["timeout = \"0s\"", "timeout = \"1h\"", "timeouts = { access_token_response = \"0s\" }"] {
        let shown = refused(&format!("{RIGHT}[plugins.acme]\n{line}\n"));
        assert!(shown.contains("must be from 1ms to 10m"), "{shown}");
    }
}

#[test]
fn an_unknown_capability_is_told_what_the_known_ones_give() {
    let shown = refused(&format!("{RIGHT}[plugins.acme]\nallow = [\"aprove\"]\n"));
    assert!(shown.contains("skip the consent page") && shown.contains("always allowed"), "{shown}");
}

#[test]
fn the_known_names_stand_there_once() {
    let shown = refused(&format!("{RIGHT}[xxxxxxxx]\n"));
    assert_eq!(shown.matches("server, ").count(), 1, "{shown}");
}

#[test]
fn named_files_are_used_even_if_absent_and_the_usual_ones_only_if_present() {
    let flag = [Path::new("/absent.toml").to_path_buf()];
    assert_eq!(locate(&flag, &[]), flag);
    assert_eq!(locate(&[], &[("KEYHOOK_CONFIG".into(), "/a.toml:/b.toml".into())]), [Path::new("/a.toml"), Path::new("/b.toml")]);
}
