//! Which library runs: what is approved in production, everything in development, and what stops a server from starting.
#![allow(clippy::unwrap_used, reason = "a test may fail by panicking")]

mod support;

use std::path::Path;

use keyhook_component::hooks::HookPoint;
use keyhook_host::lock::{Approved, Lock};
use keyhook_host::snapshot::Trust;
use keyhook_host::{Generation, Host, Plan, PluginReport, Policy, Probe};
use serde_json::json;
use support::{build, compile, folder, hook, host, lines, plan, scripts, world};

/// Approves a library as `keyhook plugin approve` does.
fn approve(host: &Host, lock: &mut Lock, file: &Path) -> Option<Approved> {
    let examined = host.examine(file, Trust::Lenient).unwrap();
    let file = file.file_name().unwrap().to_str().unwrap().to_owned();
    lock.approve(Approved { sha256: examined.digest.hex(), file, plugins: examined.plugins })
}

fn locked(folder: &Path, lock: &Lock) -> Plan {
    Plan { policy: Policy::Locked(lock.clone()), ..plan(folder) }
}

/// `code name` of every report that is no success.
fn refused(report: &[PluginReport]) -> Vec<String> {
    report.iter().filter_map(|report| Some(format!("{} {}", report.refusal.as_ref()?.code(), report.name))).collect()
}

fn start(host: &Host, plan: &Plan) -> Result<Generation, Vec<String>> {
    host.build(plan).map_err(|report| refused(&report))
}

/// Whether this folder passes the strict rules here: the build folder's parents may belong to anybody.
fn strict_holds(folder: &Path) -> bool {
    let file = build(folder, "strictness", &[]);
    let holds = keyhook_host::snapshot::Snapshot::take(&file, Trust::Strict).is_ok();
    std::fs::remove_file(file).unwrap();
    if !holds {
        eprintln!("not tested here: others can write {} or a folder above it", folder.display());
    }
    holds
}

#[test]
fn what_is_approved_runs_and_the_rest_is_left_alone() {
    let (folder, host) = (folder(), host());
    if !strict_holds(&folder) {
        return;
    }
    let mut lock = Lock::default();
    approve(&host, &mut lock, &build(&folder, "ann", &[]));
    build(&folder, "bob", &[]);
    // No probe: what is approved is known by its digest.
    let host = Host::new(world(), None, Probe::Unavailable);
    let generation = start(&host, &locked(&folder, &lock)).unwrap_or_else(|refused| panic!("{refused:?}"));
    assert!(generation.hooks.any(HookPoint::AccessTokenResponse));
    assert_eq!(refused(&generation.report), ["KH0516 bob"]);
}

#[test]
fn a_server_does_not_start_without_what_was_approved() {
    let (folder, host) = (folder(), host());
    if !strict_holds(&folder) {
        return;
    }
    let mut lock = Lock::default();
    let ann = build(&folder, "ann", &[]);
    approve(&host, &mut lock, &ann);
    approve(&host, &mut lock, &build(&folder, "bob", &[]));
    build(&folder, "ann", &["SUCCESSOR"]);
    assert_eq!(start(&host, &locked(&folder, &lock)).err().unwrap(), ["KH0518 ann"], "changed");
    std::fs::remove_file(&ann).unwrap();
    assert_eq!(start(&host, &locked(&folder, &lock)).err().unwrap(), ["KH0517 ann"], "missing");
    build(&folder, "ann", &[]);
    let mut plan = locked(&folder, &lock);
    plan.plugins.insert("bob".into(), scripts(&[("create", "deny|server_error|no|0\nreturn|2")]));
    assert_eq!(start(&host, &plan).err().unwrap(), ["KH0514 bob"], "refused");
}

#[test]
fn what_nobody_approved_keeps_no_server_from_starting_however_bad_it_is() {
    let (folder, host) = (folder(), host());
    if !strict_holds(&folder) {
        return;
    }
    let mut lock = Lock::default();
    let ann = build(&folder, "ann", &[]);
    approve(&host, &mut lock, &ann);
    let open = |file: &Path| std::fs::set_permissions(file, std::os::unix::fs::PermissionsExt::from_mode(0o777)).unwrap();
    open(&build(&folder, "bob", &[]));
    std::fs::write(folder.join("text.so"), "hello").unwrap();
    let mut plan = locked(&folder, &lock);
    plan.directories.push(folder.join("missing"));
    let generation = start(&host, &plan).unwrap_or_else(|refused| panic!("{refused:?}"));
    assert_eq!(refused(&generation.report), ["KH0516 bob", "KH0516 text"]);
    open(&ann);
    assert_eq!(start(&host, &plan).err().unwrap()[0], "KH0504 ann", "what is approved must be safe");
}

#[test]
fn approving_an_update_replaces_the_entry_and_says_what_it_was() {
    let (folder, host) = (folder(), host());
    let mut lock = Lock::default();
    assert_eq!(approve(&host, &mut lock, &build(&folder, "ann", &[])), None);
    let old = approve(&host, &mut lock, &build(&folder, "ann", &[&hook("authorization_GET", 1, "0")])).unwrap();
    assert_eq!(old.plugins[0].hooks[0].name, "access_token_response");
    assert_eq!(lock.entries().len(), 1);
    assert_eq!(lock.entries()[0].plugins[0].hooks[0].name, "authorization_GET");
    let path = folder.join("plugins.lock");
    lock.write(&path).unwrap();
    assert_eq!(Lock::read(&path).unwrap(), lock);
    assert!(lock.revoke("ann") && !lock.revoke("ann") && lock.entries().is_empty());
    assert_eq!(Lock::read(&folder.join("none")).unwrap(), Lock::default());
}

#[test]
fn a_damaged_lock_names_its_line() {
    let wrong = |text: &str| Lock::parse(text).unwrap_err().to_string();
    assert!(wrong("# a comment\n{broken").starts_with("plugins.lock: line 2: "));
    assert_eq!(wrong(r#"{"sha256":"00","file":"a.so","plugins":[]}"#), "plugins.lock: line 1: sha256 is not 64 lower-case hex digits");
}

#[test]
fn a_table_without_its_plugin_and_names_that_nothing_has_are_errors() {
    let (folder, host) = (folder(), host());
    build(&folder, "ann", &[]);
    let with = |name: &str, change: &dyn Fn(&mut keyhook_host::PluginSettings)| {
        let mut plan = plan(&folder);
        let mut settings = keyhook_host::PluginSettings::default();
        change(&mut settings);
        plan.plugins.insert(name.into(), settings);
        refused(&host.build(&plan).map_err(|report| lines(&report)).unwrap().report)
    };
    assert_eq!(with("ann", &|_| ()), [""; 0]);
    assert_eq!(with("anne", &|_| ()), ["KH0520 anne"]);
    assert_eq!(with("ann", &|settings| settings.allow = Some(vec!["stroe".into()])), ["KH0520 ann"]);
    assert_eq!(with("ann", &|settings| settings.priority = [("acess_token".to_owned(), 1)].into()), ["KH0520 ann"]);
    assert_eq!(with("ann", &|settings| settings.config = json!({"pw": {"$env": "NOT_SET"}})), ["KH0524 ann"]);
}

#[test]
fn a_plugin_that_is_configured_and_refused_for_a_reason_of_its_own_is_told_that_reason_alone() {
    let (folder, host) = (folder(), host());
    if !strict_holds(&folder) {
        return;
    }
    let mut lock = Lock::default();
    let ann = build(&folder, "ann", &[]);
    approve(&host, &mut lock, &ann);
    build(&folder, "bob", &[]);
    let mut plan = locked(&folder, &lock);
    plan.plugins.insert("ann".into(), keyhook_host::PluginSettings::default());
    plan.order.insert("access_token_response".into(), vec!["ann".into(), "bob".into()]);
    let report = host.build(&plan).map(|_| ()).unwrap_err();
    assert_eq!(refused(&report), ["KH0516 bob"], "what an order names must not be left out silently");
    let bob = folder.join("libbob.so");
    assert_eq!(
        report.iter().find_map(|report| report.refusal.as_ref().map(|_| report.way_out())).unwrap(),
        format!("look at it, then: keyhook plugin approve {}", bob.display())
    );
    plan.order.clear();
    build(&folder, "ann", &["SUCCESSOR"]);
    assert_eq!(start(&host, &plan).err().unwrap(), ["KH0518 ann", "KH0516 bob"], "changed");
    std::fs::remove_file(&ann).unwrap();
    assert_eq!(start(&host, &plan).err().unwrap(), ["KH0516 bob", "KH0517 ann"], "missing");
}

#[test]
fn development_goes_on_without_the_bad_ones() {
    let (folder, host) = (folder(), host());
    build(&folder, "good", &[]);
    std::fs::write(folder.join("text.so"), "hello").unwrap();
    compile(&folder, "dies.so", &["DIES"], &[]);
    let generation = start(&host, &plan(&folder)).unwrap_or_else(|refused| panic!("{refused:?}"));
    assert_eq!(refused(&generation.report), ["KH0515 dies", "KH0505 text"]);
    assert!(generation.hooks.any(HookPoint::AccessTokenResponse));
}

#[test]
fn without_a_probe_only_approved_libraries_load() {
    let folder = folder();
    build(&folder, "ann", &[]);
    let host = Host::new(world(), None, Probe::Unavailable);
    assert_eq!(refused(&host.build(&plan(&folder)).map_err(|report| lines(&report)).unwrap().report), ["KH0515 ann"]);
}

#[test]
fn a_folder_is_trusted_only_if_the_server_cannot_write_it() {
    let folder = folder();
    build(&folder, "ann", &[]);
    let plan = Plan { policy: Policy::Folder, ..plan(&folder) };
    let refused = start(&host(), &plan).err().unwrap();
    assert!(refused.iter().any(|line| line.starts_with("KH0521 ")), "{refused:?}");
}

#[test]
fn loading_a_library_again_is_free_and_every_instance_ends() {
    let (folder, host) = (folder(), host());
    build(&folder, "ann", &[]);
    let ended = folder.join("ended");
    let mut plan = plan(&folder);
    plan.plugins.insert("ann".into(), scripts(&[("ended", ended.to_str().unwrap())]));
    for _ in 0..50 {
        start(&host, &plan).unwrap_or_else(|refused| panic!("{refused:?}"));
    }
    assert_eq!(std::fs::read_to_string(ended).unwrap().len(), 50);
}
