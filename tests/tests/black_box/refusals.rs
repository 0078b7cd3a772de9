//! Bad files in a plugin folder: `dev` names each with its code and goes on; `serve` runs what is approved, or does not start.

use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Command;

use keyhook_tests::binary::{self, Server};
use keyhook_tests::libraries;
use keyhook_tests::production::Production;
use keyhook_tests::scratch::Scratch;

use crate::bad_files::{self, Bad};

/// The line of the log that speaks of a library.
fn line<'a>(log: &'a str, file: &Path) -> &'a str {
    let name = format!("/{}\"", file.file_name().unwrap().to_str().unwrap());
    let said = log.lines().find(|line| line.contains("\"event\":\"plugin_refused\"") && line.contains(&name));
    said.unwrap_or_else(|| panic!("nothing was said of {name}: {log}"))
}

#[test]
fn dev_names_every_bad_file_with_its_code_and_runs_the_good_one() {
    let scratch = Scratch::new("refusals");
    let bad = bad_files::fill(&scratch.join("keyhook-dev/plugins"));
    let server = Server::dev(scratch.path(), &[]);
    server.wait_for("\"event\":\"started\"");
    let log = server.log();
    for Bad { file, code, why } in &bad {
        let said = line(&log, file);
        assert!(said.contains(&format!("\"code\":\"{code}")) && said.contains(why), "{}: {said}", file.display());
        assert!(!said.contains("\"fix\":\"\""), "{said} has no way out");
    }
    assert_eq!(log.matches("\"event\":\"plugin_refused\"").count(), bad.len(), "{log}");
    assert_eq!(server.client().get("/x/good/headers").text(), "all refused", "the good one runs");
    assert_eq!(server.client().get("/.well-known/oauth-authorization-server").status, 200);
}

#[test]
fn what_is_refused_is_on_the_first_screen_and_explained_by_its_code() {
    let scratch = Scratch::new("screen");
    let folder = scratch.join("keyhook-dev/plugins");
    std::fs::create_dir_all(&folder).unwrap();
    std::fs::write(folder.join("libbroken.so"), "no library").unwrap();
    let server = Server::dev(scratch.path(), &[]);
    server.wait_for("\"event\":\"ready\"");
    let log = server.log();
    let screen = log.lines().find(|line| line.contains("\"event\":\"plugin\"")).unwrap();
    assert!(screen.contains("\"name\":\"broken\"") && screen.contains("KH0505 not a shared library"), "{screen}");
    assert!(binary::stdout(scratch.path(), &["explain", "KH0505"]).contains("KH0505"));
}

#[test]
fn dev_warns_of_a_file_that_a_group_can_write_and_serve_refuses_it() {
    let production = Production::new("group", "");
    let library = production.plugins().join("good.so");
    libraries::misfit(&library, "good", &[]);
    production.approve(&library);
    // The group of another user; only root can give a file away.
    if !Command::new("chgrp").args(["1"]).arg(&library).status().unwrap().success() {
        return;
    }
    std::fs::set_permissions(&library, PermissionsExt::from_mode(0o775)).unwrap();
    let (status, text) = production.refusal();
    assert_eq!(status, Some(6), "{text}");
    assert!(text.contains("KH0504") && text.contains("file is writable by group or others (mode 775)"), "{text}");
    let scratch = Scratch::new("group-dev");
    let arguments = ["--plugins-directory", production.path().join("plugins").to_str().unwrap()].map(str::to_owned);
    let server = Server::dev(scratch.path(), &arguments.each_ref().map(String::as_str));
    server.wait_for("\"event\":\"started\"");
    let log = server.log();
    let warning = log.lines().find(|line| line.contains("\"event\":\"plugin_warning\"")).unwrap_or_else(|| panic!("no warning: {log}"));
    assert!(warning.contains("(mode 775)") && warning.contains("chmod g-w"), "{warning}");
    assert_eq!(server.client().get("/x/good/headers").status, 200);
}

#[test]
fn nothing_bad_can_be_approved_and_approve_leaves_the_lock_alone() {
    let production = Production::new("approve", "");
    let bad = bad_files::fill(&production.plugins());
    let loads = ["KH0513", "KH0514"];
    for Bad { file, code, why } in bad.iter().filter(|bad| !loads.contains(&bad.code)) {
        let output = production.run(&["plugin", "approve", file.to_str().unwrap()]);
        let text = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(!output.status.success(), "{} was approved", file.display());
        let why = why.replace("\\\"", "\"");
        assert!(text.contains(code) && text.contains(&why), "{}: {text}", file.display());
    }
    let locks = walk(production.path()).into_iter().filter(|path| path.ends_with("plugins.lock"));
    for lock in locks {
        assert!(!std::fs::read_to_string(lock).unwrap().contains("sha256"));
    }
}

fn walk(folder: &Path) -> Vec<std::path::PathBuf> {
    let entries = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    entries.flat_map(|path| if path.is_dir() { walk(&path) } else { vec![path] }).collect()
}

#[test]
fn serve_warns_once_of_each_file_that_nobody_approved_and_runs_none_of_them() {
    let production = Production::new("unapproved", "");
    let bad = bad_files::fill(&production.plugins());
    for Bad { file, .. } in &bad {
        // What cannot even be read is an error; nobody approved it either way.
        if file.is_dir() {
            std::fs::remove_dir(file).unwrap();
        } else if !file.is_file() || std::fs::metadata(file).unwrap().permissions().mode() & 0o002 != 0 {
            std::fs::remove_file(file).unwrap();
        }
    }
    let good = production.plugins().join("a-good.so");
    let left: Vec<_> = bad.iter().filter(|bad| bad.file.exists() && !bad.why.starts_with("same content")).collect();
    let server = production.serve();
    server.wait_for("\"event\":\"started\"");
    let log = server.log();
    for file in left.iter().map(|bad| &bad.file).chain([&good]) {
        let said = format!("\"file\":\"{}\"", file.display());
        let lines: Vec<&str> = log.lines().filter(|line| line.contains(&said)).collect();
        assert_eq!(lines.len(), 1, "{}: {log}", file.display());
        assert!(lines[0].contains("KH0516") && lines[0].contains("keyhook plugin approve"), "{}", lines[0]);
    }
    assert_eq!(server.client().get("/x/good/headers").status, 404);
    assert_eq!(server.stop(), Some(0));
}

#[test]
fn serve_does_not_start_over_an_approved_library_that_is_missing_changed_or_refused() {
    type Spoil = fn(&Path);
    let spoils: [(&str, &str, Spoil); 6] = [
        ("KH0517", "approved, but missing in the plugin folders", |file| std::fs::remove_file(file).unwrap()),
        ("KH0518", "changed since it was approved", |file| {
            let bytes = std::fs::read(file).unwrap();
            std::fs::write(file, &bytes[..bytes.len() / 2]).unwrap();
        }),
        ("KH0518", "changed since it was approved", |file| libraries::misfit(file, "good", &["HOOK=\"access_token_validation\""])),
        ("KH0504", "writable by group or others (mode 777)", |file| {
            std::fs::set_permissions(file, PermissionsExt::from_mode(0o777)).unwrap();
        }),
        ("KH0502", "not a regular file", |file| {
            std::fs::remove_file(file).unwrap();
            std::fs::create_dir(file).unwrap();
        }),
        ("KH0502", "not a regular file", |file| {
            std::fs::remove_file(file).unwrap();
            assert!(Command::new("mkfifo").arg(file).status().unwrap().success());
        }),
    ];
    for (code, why, spoil) in spoils {
        let production = Production::new("spoiled", "");
        let library = production.plugins().join("good.so");
        libraries::misfit(&library, "good", &[]);
        production.approve(&library);
        spoil(&library);
        let (status, text) = production.refusal();
        assert_eq!(status, Some(6), "{why}: {text}");
        assert!(text.contains(code) && text.contains(why) && text.contains("help: "), "{text}");
    }
}

#[test]
fn serve_does_not_start_over_a_plugin_that_fails_to_start_or_a_table_for_none() {
    for (define, why) in
        [("CREATE_FAILS", "config says fail"), ("CREATE_NONSENSE", "create answered 77"), ("CREATE_NOTHING", "create gave no instance")]
    {
        let production = Production::new("fails", "");
        let library = production.plugins().join("fails.so");
        libraries::misfit(&library, "fails", &[define]);
        production.approve(&library);
        let (status, text) = production.refusal();
        assert!(status == Some(6) && text.contains("KH0514") && text.contains(why), "{status:?} {text}");
    }
    let production = Production::new("panics", "[plugins.misbehaving.config]\nstart = \"panics-twice\"\n");
    let library = libraries::install_crate("misbehaving", &production.plugins());
    production.approve(&library);
    let (status, text) = production.refusal();
    assert!(status == Some(6) && text.contains("KH0514") && text.contains("create panicked"), "{status:?} {text}");
    production.configure("[plugins.misbehaving.config]\nstart = \"fails\"\n");
    assert!(production.refusal().1.contains("the configuration says so"));
    production.configure("[plugins.misbehavin]\nallow = []\n");
    let (status, text) = production.refusal();
    assert!(status == Some(6) && text.contains("KH0520") && text.contains("no plugin `misbehavin` is loaded"), "{status:?} {text}");
}

#[test]
fn an_approved_library_runs_and_only_that_one() {
    let production = Production::new("approved", "");
    let library = libraries::install(libraries::versioned(b'A'), &production.plugins(), "versioned.so");
    production.approve(&library);
    libraries::misfit(&production.plugins().join("stranger.so"), "stranger", &[]);
    let server = production.serve();
    assert_eq!(server.client().get("/x/versioned/version").text(), "A");
    assert_eq!(server.client().get("/x/stranger/headers").status, 404);
    server.wait_for("\"event\":\"started\"");
    assert_eq!(server.log().matches("KH0516").count(), 1, "{}", server.log());
    assert_eq!(server.stop(), Some(0));
}

/// Four bytes of the first 4 KiB changed, from a fixed seed: what structure checks let through may kill who loads it.
fn damaged(bytes: &[u8], seed: u64) -> Vec<u8> {
    let mut bytes = bytes.to_vec();
    let mut state = seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1;
    for _ in 0..4 {
        // xorshift64*: chance that is the same in every run.
        state ^= state >> 12;
        state ^= state << 25;
        state ^= state >> 27;
        let draw = state.wrapping_mul(0x2545_F491_4F6C_DD1D);
        let at = usize::try_from(draw >> 32).unwrap() % bytes.len().min(4096);
        bytes[at] = draw.to_le_bytes()[0];
    }
    bytes
}

#[test]
fn sixty_damaged_libraries_kill_at_most_the_child_that_tries_them() {
    let scratch = Scratch::new("damaged");
    libraries::misfit(&scratch.join("whole.so"), "whole", &[]);
    let bytes = std::fs::read(scratch.join("whole.so")).unwrap();
    std::fs::remove_file(scratch.join("whole.so")).unwrap();
    let files: Vec<_> = (0..60).map(|seed| scratch.write(format!("damaged{seed:02}.so"), damaged(&bytes, seed))).collect();
    let tried = |file: &std::path::PathBuf| {
        let output = binary::run(scratch.path(), &["plugin", "check", file.to_str().unwrap()]);
        (file.clone(), output.status.code(), String::from_utf8_lossy(&output.stderr).into_owned())
    };
    let results: Vec<_> = std::thread::scope(|scope| {
        let threads: Vec<_> = files.chunks(30).map(|chunk| scope.spawn(move || chunk.iter().map(tried).collect::<Vec<_>>())).collect();
        threads.into_iter().flat_map(|thread| thread.join().unwrap()).collect()
    });
    let refused = results.iter().filter(|(_, code, _)| *code != Some(0)).count();
    assert!(refused > 20, "only {refused} of 60 were refused");
    for (file, code, text) in results {
        assert!(code == Some(0) || (code.is_some() && text.contains("KH05")), "{}: {code:?} {text}", file.display());
    }
}

#[test]
fn trust_in_a_folder_needs_one_that_the_server_cannot_write() {
    let production = Production::new("trust", "trust = \"folder\"\n");
    libraries::misfit(&production.plugins().join("good.so"), "good", &[]);
    let (status, text) = production.refusal();
    assert!(status == Some(6) && text.contains("KH0521"), "{status:?} {text}");
}
