//! Which plugins may run: the linked ones, and what the policy lets load from the folders.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use keyhook_core::crypto::sha256;

use crate::host::{Plan, Policy};
use crate::loader::Loaded;
use crate::lock::{Approved, Lock};
use crate::modules::Modules;
use crate::refusal::Refusal;
use crate::report::PluginReport;
use crate::scan;
use crate::snapshot::{Digest, Snapshot, Trust, check_folder};

/// A plugin that is about to run.
pub(crate) struct Candidate {
    pub(crate) loaded: Arc<Loaded>,
    pub(crate) identity: [u8; 32],
    pub(crate) report: PluginReport,
}

impl Policy {
    const fn trust(&self) -> Trust {
        match self {
            Policy::Dev => Trust::Lenient,
            Policy::Locked(_) | Policy::Folder => Trust::Strict,
        }
    }
}

/// Every plugin that may run, linked and loaded, and reports on those that may not.
pub(crate) fn gather(modules: &Modules, plan: &Plan) -> (Vec<Candidate>, Vec<PluginReport>) {
    let mut gathering = Gathering { modules, plan, seen: Vec::new(), candidates: Vec::new(), refused: Vec::new() };
    match modules.linked() {
        Ok(linked) => gathering.candidates.extend(linked.into_iter().map(linked_in)),
        Err(refusal) => gathering.refused.push(PluginReport::default().refused(refusal)),
    }
    for folder in &plan.directories {
        gathering.folder(folder);
    }
    let Gathering { seen, candidates, mut refused, .. } = gathering;
    if let Policy::Locked(lock) = &plan.policy {
        refused.extend(missing(lock, &seen, &refused));
    }
    (candidates, refused)
}

/// A gathering under way.
struct Gathering<'a> {
    modules: &'a Modules,
    plan: &'a Plan,
    seen: Vec<(Digest, PathBuf)>,
    candidates: Vec<Candidate>,
    refused: Vec<PluginReport>,
}

impl Gathering<'_> {
    fn folder(&mut self, folder: &PathBuf) {
        // Nothing in a folder that cannot be trusted is even opened.
        let trusted = if matches!(self.plan.policy, Policy::Folder) { scan::check_trusted_folder(folder) } else { Ok(()) };
        if let Err(refusal) = trusted {
            self.refused.push(PluginReport::of_file(folder.clone()).refused(refusal));
            return;
        }
        if matches!(self.plan.policy, Policy::Locked(_)) && !folder.exists() {
            // What is approved and was in it is missed by the lock.
            tracing::warn!(folder = %folder.display(), "the plugin folder does not exist");
            return;
        }
        if let Err(refusal) = check_folder(folder) {
            self.refused.push(PluginReport::of_file(folder.clone()).refused(refusal));
            return;
        }
        for (path, finding) in scan::libraries(std::slice::from_ref(folder)) {
            match finding.map_or_else(|| self.open(&path), Err) {
                Ok(found) => self.candidates.extend(found),
                Err(refusal) => self.refused.push(PluginReport::of_file(path).refused(refusal)),
            }
        }
    }

    fn open(&mut self, path: &Path) -> Result<Vec<Candidate>, Refusal> {
        let snapshot = self.snapshot(path)?;
        let probed = self.judge(&snapshot)?;
        self.seen.push((snapshot.digest, path.to_owned()));
        let module = self.modules.load(&snapshot, probed)?;
        self.check_names(&module.plugins)?;
        let candidate = |loaded: &Arc<Loaded>| {
            let mut report = PluginReport::of_file(path.to_owned());
            report.describe(&loaded.description);
            report.digest = Some(snapshot.digest);
            report.build.clone_from(&module.tag.build);
            report.debug = module.tag.debug;
            report.warnings.clone_from(&snapshot.warnings);
            Candidate { loaded: Arc::clone(loaded), identity: snapshot.digest.0, report }
        };
        Ok(module.plugins.iter().map(candidate).collect())
    }

    /// The bytes. What is wrong with a file of a name that nobody approved is of no concern: it does not load anyway.
    fn snapshot(&self, path: &Path) -> Result<Snapshot, Refusal> {
        let taken = Snapshot::take(path, self.plan.policy.trust());
        match &self.plan.policy {
            Policy::Locked(lock) if !lock.names(path) => taken.map_err(|_| Refusal::NotApproved),
            _ => taken,
        }
    }

    /// Whether these bytes may load, and whether a child tries them first.
    fn judge(&self, snapshot: &Snapshot) -> Result<bool, Refusal> {
        if let Some((_, first)) = self.seen.iter().find(|(digest, _)| *digest == snapshot.digest) {
            return Err(Refusal::SameContent(first.clone()));
        }
        let digest = snapshot.digest.short();
        if let Some(name) = self.plan.left_out.iter().find_map(|label| label.strip_suffix(&digest)?.strip_suffix('@')) {
            return Err(Refusal::LeftOut(name.to_owned()));
        }
        match &self.plan.policy {
            Policy::Dev => Ok(true),
            Policy::Folder => Ok(false),
            Policy::Locked(lock) => lock.check(&snapshot.path, snapshot.digest).map(|()| false),
        }
    }

    fn check_names(&self, plugins: &[Arc<Loaded>]) -> Result<(), Refusal> {
        let names = || plugins.iter().map(|plugin| &plugin.description.name);
        for (index, name) in names().enumerate() {
            let is_elsewhere = self.candidates.iter().any(|other| other.loaded.description.name == *name);
            if is_elsewhere || names().take(index).any(|other| other == name) {
                return Err(Refusal::NameTaken(name.clone()));
            }
        }
        Ok(())
    }
}

fn linked_in(loaded: Arc<Loaded>) -> Candidate {
    let mut report = PluginReport { build: "linked in".into(), ..PluginReport::default() };
    report.describe(&loaded.description);
    let identity = sha256(format!("{} {}", loaded.description.name, loaded.description.version).as_bytes());
    Candidate { loaded, identity, report }
}

/// What is approved and not there; a file that changed is reported as such already.
fn missing(lock: &Lock, seen: &[(Digest, PathBuf)], refused: &[PluginReport]) -> Vec<PluginReport> {
    let is_there = |sha256: &str| seen.iter().any(|(digest, _)| digest.hex() == sha256);
    let is_reported =
        |file: &str| refused.iter().any(|report| report.file.as_ref().and_then(|path| path.file_name()).is_some_and(|name| name == file));
    let absent = lock.entries().iter().filter(|entry| !is_there(&entry.sha256) && !is_reported(&entry.file));
    let named = |entry: &Approved| {
        let report = PluginReport::of_file(PathBuf::from(&entry.file)).refused(Refusal::Missing);
        match entry.plugins.first() {
            Some(plugin) => PluginReport { name: plugin.name.clone(), ..report },
            None => report,
        }
    };
    absent.map(named).collect()
}
