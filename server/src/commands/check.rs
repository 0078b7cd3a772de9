//! `keyhook check`: looks at everything that `serve` would use; changes nothing, opens nothing for writing, runs no plugin code.

use std::path::Path;

use keyhook_host::inspect::inspect;
use keyhook_host::lock::Approved;
use keyhook_host::snapshot::{Snapshot, Trust};
use keyhook_host::{Policy, Refusal, scan};
use serde_json::json;

use super::names;
use crate::cli::{Global, ServeFlags};
use crate::config::{Config, TlsDecision};
use crate::failure::{Exit, Failure};
use crate::{keys, output, plugins};

/// Checks.
///
/// # Errors
/// Every finding, exit status 3.
pub(crate) fn run(global: &Global, flags: &ServeFlags) -> Result<(), Failure> {
    let config = super::configuration(global, flags)?;
    let findings = findings(&config);
    if let Some(first) = findings.first() {
        let text = findings.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n");
        let note = "   = note: nothing was started or written";
        return Err(Failure::whole("KH1016", Exit::Configuration, format!("{text}\n{note}")).of(first));
    }
    legacy(&config);
    for file in &config.files {
        eprintln!("checked {}", file.display());
    }
    output::print(global, &["outcome"], &json!({ "outcome": "ok", "issuer": config.server.issuer, "files": config.files }));
    Ok(())
}

/// What is allowed and ought not to be needed.
fn legacy(config: &Config) {
    if config.grants.password {
        eprintln!(
            "warning[KH1018]: [grants] password = true: clients see users' passwords, which RFC 9700 §2.4 forbids; use the code grant, or a token_grant plugin"
        );
    }
    if config.oauth1.is_some() {
        eprintln!(
            "warning[KH1018]: [oauth1] enabled = true: clients sign requests with secrets that this server keeps sealed and can read; SHA-1 and what a signature leaves out protect less than OAuth 2.0 over TLS; move its clients with `grant_type=urn:ietf:params:oauth:grant-type:token-exchange`"
        );
    }
    if config.grants.implicit {
        eprintln!(
            "warning[KH1018]: [grants] implicit = true: tokens stand in URLs, which RFC 9700 §2.1.2 advises against; use the code grant with PKCE"
        );
    }
}

fn findings(config: &Config) -> Vec<Failure> {
    let mut found = Vec::new();
    found.extend(keys::load(&config.keys.master_files).err());
    if let TlsDecision::Files(files) = &config.server.tls {
        found.extend(keyhook_edge::Tls::load(&files.cert, &files.key).err().map(|error| crate::server::start_failure(&error, config.mode)));
    }
    found.extend(libraries(config));
    for folder in config.plugins.directories.iter().chain(&config.plugins.handlers) {
        if !folder.is_dir() {
            let text = format!("the plugin folder {} does not exist", folder.display());
            found.push(Failure::new("KH1013", Exit::Configuration, text).help("make it, or take it out of `directories`"));
        }
    }
    found
}

/// Every library as `serve` would judge it, from its bytes alone.
fn libraries(config: &Config) -> Vec<Failure> {
    let plan = match plugins::plan(config) {
        Ok(plan) => plan,
        Err(failure) => return vec![failure],
    };
    let mut found = Vec::new();
    let mut seen = Vec::new();
    for (path, finding) in scan::libraries(&plan.directories) {
        let judged = finding.map_or_else(|| judge(&path, &plan.policy), Err);
        match judged {
            Ok(digest) => seen.push(digest),
            Err(Refusal::NotApproved) => {
                eprintln!("warning[KH0516]: {} is not approved and will not run: keyhook plugin approve {0}", path.display());
            }
            Err(refusal) => found.push(plugins::failure_of(&refusal, &path, "")),
        }
    }
    if matches!(plan.policy, Policy::Folder) {
        let untrusted = plan.directories.iter().filter_map(|folder| scan::check_trusted_folder(folder).err());
        found.extend(untrusted.map(|refusal| plugins::failure(&refusal)));
    }
    if let Policy::Locked(lock) = &plan.policy {
        let here = |approved: &&Approved| seen.contains(&approved.sha256);
        let reported = |approved: &&Approved| found.iter().any(|failure| failure.text().contains(&approved.file));
        let missing: Vec<_> = lock.entries().iter().filter(|approved| !here(approved) && !reported(approved)).collect();
        found.extend(missing.iter().map(|approved| {
            let name = approved.plugins.first().map_or("", |plugin| plugin.name.as_str());
            plugins::failure_of(&Refusal::Missing, Path::new(&approved.file), name)
        }));
        found.extend(names::findings(config, lock));
    }
    found
}

/// The digest of a library that would run.
fn judge(path: &Path, policy: &Policy) -> Result<String, Refusal> {
    let snapshot = Snapshot::take(path, Trust::Strict)?;
    inspect(&snapshot.bytes)?;
    if let Policy::Locked(lock) = policy {
        lock.check(path, snapshot.digest)?;
    }
    Ok(snapshot.digest.hex())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test may fail by panicking")]
    use std::path::Path;

    use keyhook_host::lock::Lock;

    use super::*;
    use crate::testing::Folder;

    fn check(folder: &Path) -> Result<(), Failure> {
        let text = format!(
            "[server]\nissuer = \"https://login.example\"\ntls = \"behind_proxy\"\ndata = \"{0}/data\"\n[keys]\nmaster_file = \"{0}/master.key\"\n[plugins]\ndirectories = [\"{0}/plugins\"]\n",
            folder.display()
        );
        let path = folder.join("keyhook.toml");
        if !path.exists() {
            std::fs::write(&path, text).unwrap();
        }
        run(&Global { config: vec![path], quiet: true, ..Global::default() }, &ServeFlags::default())
    }

    /// Names, sizes and times of everything in a folder.
    fn state(folder: &Path) -> Vec<(std::path::PathBuf, u64, std::time::SystemTime)> {
        let mut found = Vec::new();
        for entry in std::fs::read_dir(folder).unwrap() {
            let (path, metadata) = entry.map(|entry| (entry.path(), entry.metadata().unwrap())).unwrap();
            if metadata.is_dir() {
                found.extend(state(&path));
            }
            found.push((path, metadata.len(), metadata.modified().unwrap()));
        }
        found.sort();
        found
    }

    #[test]
    fn a_check_lists_all_findings_and_changes_nothing() {
        let folder = Folder::new();
        let failure = check(folder.path()).unwrap_err();
        assert_eq!(failure.exit(), Exit::Configuration);
        let text = failure.to_string();
        assert!(text.contains("error[KH0602]") && text.contains("error[KH1013]"), "{text}");
        crate::keys::ensure(&folder.path().join("master.key"), &crate::system::SystemRandom).unwrap();
        std::fs::create_dir(folder.path().join("plugins")).unwrap();
        let before = state(folder.path());
        check(folder.path()).unwrap_or_else(|failure| panic!("{failure}"));
        assert_eq!(state(folder.path()), before);
    }

    #[test]
    fn a_table_for_a_plugin_that_is_not_there_is_a_finding() {
        let folder = Folder::new();
        let _ = check(folder.path());
        crate::keys::ensure(&folder.path().join("master.key"), &crate::system::SystemRandom).unwrap();
        std::fs::create_dir(folder.path().join("plugins")).unwrap();
        let path = folder.path().join("keyhook.toml");
        let text = std::fs::read_to_string(&path).unwrap() + "[plugins.clams]\n[hooks]\naccess_token_response = [\"clams\"]\n";
        std::fs::write(&path, text).unwrap();
        let text = check(folder.path()).unwrap_err().to_string();
        assert!(text.contains("[plugins.clams]") && text.contains("[hooks] access_token_response"), "{text}");
    }

    /// A folder in which the plugin `claims` is approved, as the lock says.
    fn with_lock(more: &str) -> String {
        let folder = Folder::new();
        let _ = check(folder.path());
        crate::keys::ensure(&folder.path().join("master.key"), &crate::system::SystemRandom).unwrap();
        std::fs::create_dir(folder.path().join("plugins")).unwrap();
        std::fs::create_dir(folder.path().join("data")).unwrap();
        let hook = keyhook_host::HookDescription { name: "access_token_response".into(), priority: 100, flags: 0 };
        let plugin = |name: &str| keyhook_host::Description {
            name: name.into(),
            version: "1.0.0".into(),
            hooks: vec![hook.clone()],
            routes: Vec::new(),
        };
        let mut lock = Lock::default();
        lock.approve(Approved { sha256: "0".repeat(64), file: "libclaims.so".into(), plugins: vec![plugin("claims"), plugin("more")] });
        lock.write(&folder.path().join("data/plugins.lock")).unwrap();
        std::fs::write(folder.path().join("plugins/libnot_yet.so"), "x").unwrap();
        let path = folder.path().join("keyhook.toml");
        std::fs::write(&path, std::fs::read_to_string(&path).unwrap() + more).unwrap();
        check(folder.path()).unwrap_err().to_string()
    }

    #[test]
    fn hooks_orders_and_priorities_that_a_reload_would_refuse_are_findings() {
        for (more, says) in [
            ("[hooks]\naccess_token_respons = [\"claims\"]\n", "no plugin has this hook"),
            ("[hooks]\nauthorization_GET = [\"claims\"]\n", "`claims` does not have this hook"),
            ("[hooks]\naccess_token_response = [\"claims\"]\n", "the list leaves out `more`"),
            ("[hooks]\naccess_token_response = [\"claims\", \"claims\", \"more\"]\n", "`claims` stands there twice"),
            ("[plugins.claims]\npriority = { x = 5 }\n", "names the hook `x`"),
            ("[plugins.claims]\ntimeouts = { x = \"5s\" }\n", "names the hook `x`"),
        ] {
            let said = with_lock(more);
            assert!(said.contains(says) && said.contains("KH0520"), "{more}: {said}");
        }
        let right = with_lock("[hooks]\naccess_token_response = [\"more\", \"claims\"]\n[plugins.claims]\npriority = 5\n");
        assert!(!right.contains("KH0520") && right.contains("KH0517") && right.contains("keyhook plugin revoke claims"), "{right}");
    }

    #[test]
    fn a_table_for_a_library_that_is_not_approved_yet_says_that_it_must_be() {
        let said = with_lock("[plugins.not-yet]\ntimeout = \"1s\"\n");
        assert!(said.contains("KH0516") && said.contains("plugins/libnot_yet.so") && !said.contains("KH0520"), "{said}");
    }
}
