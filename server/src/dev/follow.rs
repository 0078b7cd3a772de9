//! Follows what changes: the plugin crate in the current folder is built and installed, libraries in the folders are loaded.

use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use keyhook_component::dev::BuildReport;
use keyhook_host::PluginReport;
use tokio::sync::mpsc;

use super::plugin_crate::{Build, PluginCrate, install, without_color};
use super::watch::{Looks, looks, watch};
use super::{Status, Voice};
use crate::live::Inner;

/// Generations after which a fresh process is due: libraries are never unloaded, and each keeps about a megabyte.
const GENERATIONS: u32 = 50;

/// What is followed, and who is told.
pub(crate) struct Follow {
    pub(crate) server: Arc<Inner>,
    pub(crate) status: Arc<Status>,
    pub(crate) voice: Voice,
    /// The folders with plugins and URL handlers.
    pub(crate) folders: Vec<PathBuf>,
    /// What they looked like before their libraries were loaded.
    known: Mutex<Looks>,
    /// Where the crate's library goes.
    pub(crate) install: PathBuf,
    /// The crate in the current folder.
    pub(crate) plugin: Option<PluginCrate>,
    /// When the change was seen whose library is on its way, so that the whole time is told.
    began: Mutex<Option<Instant>>,
}

impl Follow {
    pub(crate) fn new(
        server: Arc<Inner>,
        status: Arc<Status>,
        voice: Voice,
        (folders, known): (Vec<PathBuf>, Looks),
        install: PathBuf,
        plugin: Option<PluginCrate>,
    ) -> Arc<Follow> {
        Arc::new(Follow { server, status, voice, folders, known: Mutex::new(known), install, plugin, began: Mutex::default() })
    }

    /// Follows until the runtime ends.
    pub(crate) fn start(self: &Arc<Follow>) {
        tokio::spawn(Arc::clone(self).libraries());
        if let Some(plugin) = self.plugin.clone() {
            tokio::spawn(Arc::clone(self).sources(plugin));
        }
    }

    /// Loads what changed in the folders.
    async fn libraries(self: Arc<Follow>) {
        let (sender, mut changes) = mpsc::channel(1);
        let known = std::mem::take(&mut *self.known.lock().unwrap_or_else(PoisonError::into_inner));
        tokio::spawn(watch(self.folders.clone(), keyhook_host::scan::is_library, known, sender));
        let mut generations = 1;
        while changes.recv().await.is_some() {
            let began = self.began().take().unwrap_or_else(Instant::now);
            let before = self.server.plugin_reports();
            match self.server.reload().await {
                Ok(_) => {
                    for report in changed(&before, &self.server.plugin_reports()) {
                        self.voice.loaded(report, began.elapsed());
                    }
                    for gone in gone(&before, &self.server.plugin_reports()) {
                        self.voice.gone(&gone.name);
                    }
                }
                Err(failure) => self.voice.failed(&failure),
            }
            generations += 1;
            if generations >= GENERATIONS {
                self.status.start_anew();
                return;
            }
        }
    }

    /// Builds at the start and after every change.
    async fn sources(self: Arc<Follow>, plugin: PluginCrate) {
        let (sender, mut changes) = mpsc::channel(1);
        let known = looks(&plugin.watched(), PluginCrate::is_source);
        tokio::spawn(watch(plugin.watched(), PluginCrate::is_source, known, sender));
        loop {
            let began = Instant::now();
            self.voice.building(&plugin.name);
            self.build(&plugin, began).await;
            if changes.recv().await.is_none() {
                return;
            }
        }
    }

    async fn build(&self, plugin: &PluginCrate, began: Instant) {
        let built = plugin.build(self.voice.color).await;
        let failed = |output: String| {
            self.voice.unbuilt(&plugin.name, &output);
            BuildReport { name: plugin.name.clone(), succeeded: false, output: without_color(&output) }
        };
        let report = match built {
            Ok(Build::Library(library, warnings)) => {
                self.voice.warned(&plugin.name, &warnings);
                *self.began() = Some(began);
                match install(&library, &self.install) {
                    Ok(true) => {}
                    Ok(false) => {
                        *self.began() = None;
                        self.voice.unchanged(&plugin.name, began.elapsed());
                    }
                    Err(error) => self.voice.uninstalled(&library, &self.install, &error),
                }
                BuildReport { name: plugin.name.clone(), succeeded: true, output: String::new() }
            }
            Ok(Build::Failed(output)) => failed(output),
            Err(error) => {
                failed(format!("cargo cannot be started: {error}\nInstall Rust from https://rustup.rs, or put cargo into PATH.\n"))
            }
        };
        self.status.set_build(Some(report));
    }

    fn began(&self) -> std::sync::MutexGuard<'_, Option<Instant>> {
        self.began.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Plugins that are new, were built anew, or are judged otherwise than before.
fn changed<'a>(before: &[PluginReport], after: &'a [PluginReport]) -> Vec<&'a PluginReport> {
    let same = |old: &PluginReport, new: &PluginReport| {
        old.name == new.name && old.file == new.file && old.digest == new.digest && old.refusal == new.refusal && old.hooks == new.hooks
    };
    after.iter().filter(|new| !before.iter().any(|old| same(old, new))).collect()
}

/// Plugins that are there no more.
fn gone<'a>(before: &'a [PluginReport], after: &[PluginReport]) -> Vec<&'a PluginReport> {
    before.iter().filter(|old| old.is_loaded() && !after.iter().any(|new| new.name == old.name)).collect()
}

#[cfg(test)]
mod tests {
    use keyhook_host::snapshot::Digest;

    use super::*;

    fn report(name: &str, digest: u8) -> PluginReport {
        PluginReport { name: name.to_owned(), digest: Some(Digest([digest; 32])), ..PluginReport::default() }
    }

    #[test]
    fn only_what_changed_is_told() {
        let before = [report("same", 1), report("rebuilt", 1), report("removed", 1)];
        let after = [report("same", 1), report("rebuilt", 2), report("new", 1)];
        let names: Vec<&str> = changed(&before, &after).iter().map(|report| report.name.as_str()).collect();
        assert_eq!(names, ["rebuilt", "new"]);
        assert_eq!(gone(&before, &after)[0].name, "removed");
    }
}
