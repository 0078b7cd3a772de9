//! Libraries built by gcc, a host to load them, and calls to run.
#![allow(dead_code, unreachable_pub, clippy::unwrap_used, missing_docs, reason = "shared by several tests, each of which uses a part")]

pub mod calls;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicI64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, OnceLock};

use keyhook_component::BoxFuture;
use keyhook_component::hooks::HookCall;
use keyhook_component::registrar::{NewClient, NewCredentials, NotRegistered, Registrar};
use keyhook_component::system::{Clock, Random};
use keyhook_core::secret::Secret;
use keyhook_core::time::Timestamp;
use keyhook_host::{Generation, Host, Plan, PluginReport, PluginSettings, Policy, Probe, World};
use serde_json::json;

/// A clock that a test moves.
pub struct HandClock(pub AtomicI64);

impl Clock for HandClock {
    fn now(&self) -> Timestamp {
        Timestamp::from_millis(self.0.load(Ordering::SeqCst))
    }
}

pub struct Sevens;

impl Random for Sevens {
    fn fill(&self, out: &mut [u8]) {
        out.fill(7);
    }
}

/// An empty folder of this test's own, which nobody else writes.
pub fn folder() -> PathBuf {
    static COUNT: AtomicUsize = AtomicUsize::new(0);
    let name = format!("host-{}-{}", std::process::id(), COUNT.fetch_add(1, Ordering::SeqCst));
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    std::fs::create_dir_all(&folder).unwrap();
    folder
}

/// Builds the scripted plugin into `folder/lib<name>.so`.
pub fn build(folder: &Path, name: &str, defines: &[&str]) -> PathBuf {
    let name_define = format!("NAME=\"{name}\"");
    let mut all = vec![name_define.as_str()];
    all.extend(defines);
    compile(folder, &format!("lib{name}.so"), &all, &[])
}

/// A library that gcc builds when it is asked for.
type Built = Arc<OnceLock<Vec<u8>>>;

/// The fixture built with any defines and flags; gcc runs once for a set of them.
pub fn compile(folder: &Path, file: &str, defines: &[&str], flags: &[&str]) -> PathBuf {
    static BUILT: Mutex<BTreeMap<Vec<String>, Built>> = Mutex::new(BTreeMap::new());
    let key = defines.iter().chain(&["--"]).chain(flags).map(|argument| (*argument).to_owned()).collect();
    let library = Arc::clone(BUILT.lock().unwrap().entry(key).or_default());
    let (unfinished, out) = (folder.join(format!(".{file}.new")), folder.join(file));
    std::fs::write(&unfinished, library.get_or_init(|| gcc(file, defines, flags))).unwrap();
    std::fs::rename(unfinished, &out).unwrap();
    out
}

fn gcc(file: &str, defines: &[&str], flags: &[&str]) -> Vec<u8> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let out = folder().join(file);
    let built = Command::new("gcc")
        .args(["-std=gnu11", "-Wall", "-shared", "-fPIC", "-O1", "-I"])
        .arg(root.join("../../plugin-api/include"))
        .args(defines.iter().map(|define| format!("-D{define}")))
        .arg(root.join("tests/fixture/plugin.c"))
        .arg("-o")
        .arg(&out)
        .args(flags)
        .status()
        .unwrap();
    assert!(built.success(), "gcc failed for {file}");
    std::fs::read(out).unwrap()
}

/// A define of one hook.
pub fn hook(name: &str, priority: i32, flags: &str) -> String {
    format!("HOOKS={{KH_TEXT(\"{name}\"), {priority}, {flags}}}")
}

pub fn clock() -> Arc<HandClock> {
    Arc::new(HandClock(AtomicI64::new(1_700_000_000_000)))
}

pub fn world() -> World {
    World {
        clock: clock(),
        random: Arc::new(Sevens),
        records: None,
        registrar: None,
        pages: None,
        issuer: "http://localhost:8080".into(),
        dev: false,
    }
}

/// This test binary, running only [`the_probe_child`].
pub fn probe() -> Probe {
    let arguments = ["support::the_probe_child", "--exact", "--ignored", "--nocapture"];
    Probe::Child { program: std::env::current_exe().unwrap(), arguments: arguments.map(str::to_owned).into() }
}

#[test]
#[ignore = "not a test: what the probe runs in a child process, with a library as standard input"]
fn the_probe_child() {
    let code = keyhook_host::probe::child(Path::new("/proc/self/fd/0"), clock(), Arc::new(Sevens));
    assert_eq!(code, 0, "refused");
}

pub fn host() -> Host {
    Host::new(world(), None, probe())
}

pub fn plan(folder: &Path) -> Plan {
    Plan { directories: vec![folder.to_owned()], ..Plan::new(Policy::Dev) }
}

/// Settings whose configuration is these scripts.
pub fn scripts(scripts: &[(&str, &str)]) -> PluginSettings {
    let config = scripts.iter().map(|(at, script)| ((*at).to_owned(), json!(script))).collect();
    PluginSettings { config: serde_json::Value::Object(config), ..PluginSettings::default() }
}

/// The only generation of a plan, every plugin of which runs.
pub fn generation(host: &Host, plan: &Plan) -> Generation {
    let generation = host.build(plan).map_err(|report| lines(&report)).unwrap();
    assert!(generation.report.iter().all(PluginReport::is_loaded), "{}", lines(&generation.report));
    generation
}

pub fn lines(report: &[PluginReport]) -> String {
    report.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")
}

/// A token response as drafted.
pub fn token_call() -> HookCall {
    let mut call = HookCall::default();
    let response = json!({"access_token": "kha_x", "token_type": "Bearer", "expires_in": 3600, "scope": "read"});
    call.response.clone_from(response.as_object().unwrap());
    call.fact("client_id", "shop");
    call
}

/// A registrar that takes every client but the one without a name, and whose store fails for `broken`.
#[derive(Default)]
pub struct Desk(pub Mutex<Vec<(String, NewClient)>>);

impl Registrar for Desk {
    fn register(&self, plugin: &str, client: NewClient) -> BoxFuture<'_, Result<NewCredentials, NotRegistered>> {
        let answer = match client.name.as_str() {
            "" => Err(NotRegistered::Malformed("it has no name".into())),
            "broken" => Err(NotRegistered::Failed("the disk is full".into())),
            _ => Ok(NewCredentials { key: "k1".into(), secret: Secret::new("hush".into()) }),
        };
        self.0.lock().unwrap().push((plugin.to_owned(), client));
        Box::pin(std::future::ready(answer))
    }
}
