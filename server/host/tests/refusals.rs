//! Every refusal of a bad library, with its exact message, from files made here.
//! It is one file, although long: one table of what is refused.
#![allow(clippy::unwrap_used, reason = "a test may fail by panicking")]

mod support;

use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::Path;
use std::process::Command;

use keyhook_host::Refusal;
use keyhook_host::inspect::inspect;
use keyhook_host::snapshot::{Snapshot, Trust};
use keyhook_plugin::abi;
use support::{build, compile, folder, hook, host, lines, plan, scripts};

/// What `dev` says of the only file in a folder.
fn verdict(folder: &Path) -> String {
    let generation = host().build(&plan(folder)).map_err(|report| lines(&report)).unwrap();
    assert_eq!(generation.report.len(), 1, "{}", lines(&generation.report));
    generation.report[0].refusal.as_ref().map_or_else(|| "loaded".to_owned(), |refusal| format!("{} {refusal}", refusal.code()))
}

/// Writes bytes as a library into a folder of their own.
fn verdict_of(bytes: &[u8]) -> String {
    let folder = folder();
    std::fs::write(folder.join("x.so"), bytes).unwrap();
    verdict(&folder)
}

fn good() -> Vec<u8> {
    std::fs::read(build(&folder(), "good", &[])).unwrap()
}

/// The library with a field of its tag overwritten.
fn with_tag(field: usize, value: u32) -> Vec<u8> {
    let mut bytes = good();
    let at = bytes.windows(8).position(|window| window == abi::MAGIC).unwrap() + field;
    bytes[at..at + 4].copy_from_slice(&value.to_le_bytes());
    bytes
}

#[test]
fn text_and_nothing_are_no_libraries() {
    assert_eq!(verdict_of(b"hello"), "KH0505 not a shared library: no ELF magic");
    assert_eq!(verdict_of(b""), "KH0505 not a shared library: no ELF magic");
}

#[test]
fn a_library_for_another_machine_is_named_as_such() {
    let patched = |at: usize, value: u8| {
        let mut bytes = good();
        bytes[at] = value;
        verdict_of(&bytes)
    };
    assert_eq!(patched(4, 1), "KH0506 wrong architecture: 32-bit ELF");
    assert_eq!(patched(5, 2), "KH0506 wrong architecture: big-endian ELF");
    let own = if cfg!(target_arch = "x86_64") { 62 } else { 183 };
    assert_eq!(patched(18, 40), format!("KH0506 wrong architecture: e_machine 40 instead of {own}"));
}

#[test]
fn a_cut_library_is_never_mapped() {
    let bytes = good();
    for percent in [2, 30, 60, 75, 90] {
        let refused = verdict_of(&bytes[..bytes.len() * percent / 100]);
        assert!(refused.starts_with("KH0507 truncated or damaged ELF file: "), "{percent} %: {refused}");
    }
    let refused = verdict_of(&bytes[..bytes.len() - 1]);
    assert_eq!(
        refused,
        format!("KH0507 truncated or damaged ELF file: section table ends at {} of {} bytes", bytes.len(), bytes.len() - 1)
    );
}

#[test]
fn a_program_is_no_library() {
    let folder = folder();
    std::fs::write(folder.join("main.c"), "int main(void) { return 0; }").unwrap();
    let built = Command::new("gcc").args(["-pie", "-fPIE", "-o"]).arg(folder.join("x.so")).arg(folder.join("main.c")).status();
    assert!(built.unwrap().success());
    assert_eq!(verdict(&folder), "KH0505 not a shared library: an executable, not a library");
}

#[test]
fn a_library_of_somebody_else_is_no_plugin() {
    let folder = folder();
    std::fs::write(folder.join("other.c"), "int other(void) { return 0; }").unwrap();
    let built = Command::new("gcc").args(["-shared", "-fPIC", "-o"]).arg(folder.join("x.so")).arg(folder.join("other.c")).status();
    assert!(built.unwrap().success());
    assert_eq!(verdict(&folder), "KH0508 not a keyhook plugin: symbol KEYHOOK_PLUGIN_ABI_TAG is missing");
}

#[test]
fn a_tag_of_another_abi_is_refused_before_any_code_runs() {
    use std::mem::offset_of;
    assert_eq!(
        verdict_of(&with_tag(offset_of!(abi::AbiTag, abi_major), 2)),
        "KH0503 built for plugin ABI 2, this server speaks 1; rebuild it against keyhook-plugin 1.x"
    );
    assert_eq!(
        verdict_of(&with_tag(offset_of!(abi::AbiTag, min_host_minor), 9)),
        "KH0503 needs plugin ABI minor 9 or newer, this server has 1"
    );
    assert_eq!(
        verdict_of(&with_tag(offset_of!(abi::AbiTag, flags), abi::FLAG_PANIC_ABORT)),
        "KH0509 built with panic=\"abort\": one bug would end the server; rebuild with panic=\"unwind\""
    );
    assert_eq!(verdict_of(&with_tag(offset_of!(abi::AbiTag, ptr_bytes), 4)), "KH0508 bad ABI tag: pointers of 4 bytes");
    assert_eq!(verdict_of(&with_tag(offset_of!(abi::AbiTag, tag_size), 8)), "KH0508 bad ABI tag: 8 bytes instead of 96");
    assert_eq!(verdict_of(&with_tag(0, 0)), "KH0508 bad ABI tag: wrong magic");
}

#[test]
fn a_tag_without_an_entry_is_refused_before_any_code_runs() {
    let folder = folder();
    compile(&folder, "x.so", &["NO_ENTRY"], &["-Wl,--unresolved-symbols=ignore-all"]);
    assert_eq!(verdict(&folder), "KH0508 no entry symbol: keyhook_plugin_entry_v1 is missing");
}

#[test]
fn what_the_linker_misses_is_named() {
    let undefined = folder();
    compile(&undefined, "x.so", &["MISSING_SYMBOL"], &[]);
    let refused = verdict(&undefined);
    assert!(refused.contains("undefined symbol: this_symbol_does_not_exist"), "{refused}");

    let needing = folder();
    std::fs::write(needing.join("dep.c"), "int dep(void) { return 0; }").unwrap();
    let dep = needing.join("libmissingdep.so.1");
    let built =
        Command::new("gcc").args(["-shared", "-fPIC", "-Wl,-soname,libmissingdep.so", "-o"]).arg(&dep).arg(needing.join("dep.c")).status();
    assert!(built.unwrap().success());
    compile(&needing, "x.so", &[], &["-Wl,--no-as-needed", dep.to_str().unwrap()]);
    std::fs::remove_file(dep).unwrap();
    let refused = verdict(&needing);
    assert!(refused.contains("libmissingdep.so: cannot open shared object file"), "{refused}");
}

#[test]
fn an_empty_module_is_refused() {
    let folder = folder();
    compile(&folder, "x.so", &["EMPTY"], &[]);
    assert_eq!(verdict(&folder), "KH0511 bad module table: registers no plugin (an empty inventory)");
}

#[test]
fn tables_that_break_the_rules_are_refused() {
    let refused = |defines: &[&str]| {
        let folder = folder();
        compile(&folder, "x.so", defines, &[]);
        verdict(&folder)
    };
    let known = "authorization_GET, authorization_POST, client_assertion, token_grant, access_token_validation, access_token_response, \
                 oauth1_consumer, oauth1_signature, oauth1_request, request_token_response, oauth1_access_token_response";
    let misspelt = hook("acess_token_response", 100, "0");
    assert_eq!(refused(&[&misspelt]), format!("KH0512 hook \"acess_token_response\" does not exist; known: {known}"));
    assert_eq!(refused(&[&hook("acess_token_response", 100, "KH_HOOK_OPTIONAL")]), "loaded");
    assert_eq!(refused(&[&hook("acme.signed_in", 100, "KH_HOOK_CUSTOM")]), "loaded");
    let name = refused(&["NAME=\"a b\""]);
    assert!(name.starts_with("KH0511 bad module table: plugin name \"a b\""), "{name}");
    let stolen = refused(&[&hook("authorization_GET", 100, "KH_HOOK_CUSTOM")]);
    assert!(stolen.contains("has the name of one of the server's"), "{stolen}");
    let route = |path: &str| refused(&[&format!("ROUTES={{KH_TEXT(\"GET\"), KH_TEXT(\"{path}\"), 0, 0}}")]);
    assert!(route("no-slash").starts_with("KH0519 route GET no-slash: "), "{}", route("no-slash"));
    assert!(route("/a/../b").contains("empty, . or .. segments"));
    assert!(route("/a/{b").starts_with("KH0519 route "));
    assert_eq!(route("/files/{*rest}"), "loaded");
}

#[test]
fn a_name_and_a_content_are_taken_once() {
    let (folder, host) = (folder(), host());
    let first = build(&folder, "claims", &[]);
    compile(&folder, "zz-other.so", &["NAME=\"claims\"", "HOOKS={KH_TEXT(\"access_token_validation\"), 1, 0}"], &[]);
    std::fs::copy(&first, folder.join("same.so")).unwrap();
    symlink(&first, folder.join("link.so")).unwrap();
    std::fs::write(folder.join("README.md"), "not looked at").unwrap();
    std::fs::write(folder.join(".hidden.so"), "not looked at").unwrap();
    let generation = host.build(&plan(&folder)).map_err(|report| lines(&report)).unwrap();
    let refused: Vec<String> = generation.report.iter().filter_map(|report| report.refusal.as_ref().map(ToString::to_string)).collect();
    let same = format!("same content as {}", first.display());
    assert_eq!(refused, [same.clone(), same, "plugin name \"claims\" is already registered".to_owned()]);
    assert_eq!(generation.report.iter().filter(|report| report.is_loaded()).count(), 1);
}

#[test]
fn what_is_no_file_is_not_opened_for_long() {
    let folders = folder();
    std::fs::create_dir(folders.join("x.so")).unwrap();
    assert_eq!(verdict(&folders), "KH0502 not a regular file");
    let fifos = folder();
    assert!(Command::new("mkfifo").arg(fifos.join("x.so")).status().unwrap().success());
    assert_eq!(verdict(&fifos), "KH0502 not a regular file");
    let dangling = folder();
    symlink(dangling.join("gone"), dangling.join("x.so")).unwrap();
    assert_eq!(verdict(&dangling), "KH0501 cannot read: No such file");
    let missing = folder().join("missing");
    let generation = host().build(&plan(&missing)).map_err(|report| lines(&report)).unwrap();
    assert_eq!(generation.report[0].refusal.as_ref().unwrap().code(), "KH0501");
}

#[test]
fn what_everybody_can_write_is_refused_and_a_group_only_where_it_is_strict() {
    let folder = folder();
    let file = build(&folder, "open", &[]);
    let mode = |path: &Path, mode: u32| std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).unwrap();
    mode(&file, 0o777);
    let refused = |trust| Snapshot::take(&file, trust).err().map(|refusal| refusal.to_string());
    let writable = "refused: file is writable by group or others (mode 777)";
    assert_eq!(refused(Trust::Strict).as_deref(), Some(writable));
    assert_eq!(refused(Trust::Lenient).as_deref(), Some(writable));
    mode(&file, 0o775);
    std::os::unix::fs::chown(&file, None, Some(12345)).unwrap_or(());
    if std::fs::metadata(&file).map(|metadata| std::os::unix::fs::MetadataExt::gid(&metadata)).unwrap() == 12345 {
        assert_eq!(refused(Trust::Strict).as_deref(), Some("refused: file is writable by group or others (mode 775)"));
        let warned = Snapshot::take(&file, Trust::Lenient).unwrap().warnings;
        assert!(warned.iter().any(|warning| warning.contains("chmod g-w")), "{warned:?}");
    }
    mode(&file, 0o755);
    mode(&folder, 0o777);
    for trust in [Trust::Strict, Trust::Lenient] {
        let text = refused(trust).unwrap();
        assert_eq!(text, format!("refused: directory {} is writable by group or others (mode 777)", folder.display()));
    }
    mode(&folder, 0o755);
}

#[test]
fn a_create_that_fails_or_panics_says_so() {
    let refused = |script: &str| {
        let folder = folder();
        build(&folder, "starts", &[]);
        let mut plan = plan(&folder);
        plan.plugins.insert("starts".into(), scripts(&[("create", script)]));
        let generation = host().build(&plan).map_err(|report| lines(&report)).unwrap();
        generation.report[0].refusal.as_ref().map(ToString::to_string).unwrap_or_default()
    };
    assert_eq!(refused("deny|server_error|config says fail|0\nreturn|2"), "config says fail");
    assert_eq!(refused("deny|server_error|create blew up|0\nreturn|3"), "create panicked: create blew up");
    assert_eq!(refused("return|77"), "create answered 77");
    assert_eq!(
        refused("store_get|x\nset|6|a|b\nstatus|200\nget|0|client_id\nreturn|0"),
        "",
        "parts that are not there answer, and that is all"
    );
}

#[test]
fn a_library_that_dies_while_it_loads_dies_in_the_child() {
    let folder = folder();
    compile(&folder, "x.so", &["DIES"], &[]);
    let refused = verdict(&folder);
    assert!(refused.starts_with("KH0515 probe: the child died"), "{refused}");
}

/// splitmix64: the same damage every time.
fn random(state: &mut u64) -> u64 {
    *state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let mut mixed = *state;
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    mixed ^ (mixed >> 31)
}

#[test]
fn three_thousand_damaged_libraries_are_inspected_without_a_panic() {
    let (good, mut state) = (good(), 7_u64);
    assert!(inspect(&good).is_ok());
    let mut refused = 0;
    for round in 0..3000_u64 {
        let mut bytes = good.clone();
        // Half of the damage in the headers, where it hurts most.
        let reach = if round % 2 == 0 { 1024.min(bytes.len()) } else { bytes.len() };
        for _ in 0..=random(&mut state) % 8 {
            let at = usize::try_from(random(&mut state)).unwrap() % reach;
            bytes[at] = random(&mut state).to_le_bytes()[0];
        }
        if round % 5 == 0 {
            bytes.truncate(usize::try_from(random(&mut state)).unwrap() % good.len());
        }
        refused += u32::from(inspect(&bytes).is_err());
    }
    assert!(refused > 600, "{refused}");
}

/// Damage that the structure does not show ends the child, or is loaded there; this process lives either way.
#[test]
fn damaged_code_is_met_by_the_child_alone() {
    let (folder, host, good, mut state) = (folder(), host(), good(), 11_u64);
    for round in 0..60 {
        let mut bytes = good.clone();
        for _ in 0..4 {
            let at = usize::try_from(random(&mut state)).unwrap() % bytes.len();
            bytes[at] = random(&mut state).to_le_bytes()[0];
        }
        let file = folder.join(format!("damaged-{round}.so"));
        std::fs::write(&file, bytes).unwrap();
        if let Err(refusal) = host.examine(&file, Trust::Lenient) {
            assert!(refusal.code().starts_with("KH05"));
        }
    }
}

#[test]
fn every_refusal_has_a_way_out() {
    for refusal in [Refusal::NotRegular, Refusal::Missing, Refusal::NotApproved, Refusal::PanicAbort] {
        assert!(refusal.code().starts_with("KH05") && !refusal.way_out().is_empty());
    }
}
