//! Follows what changes: the plugin crate in the current folder is built and installed, libraries in the folders are loaded.

use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use keyhook_component::dev::BuildReport;
use keyhook_host::PluginReport;
use tokio::sync::mpsc;

use super::plugin_crate::{Build, PluginCrate, install, without_color};
use super::watch::{looks, watch};
use super::{Status, Voice, Watched};
use crate::live::Inner;

/// Generations after which a fresh process is due: libraries are never unloaded, and each keeps about a megabyte.
const GENERATIONS: u32 = 50;

/// What is followed, and who is told.
pub(crate) struct Follow {
    pub(crate) server: Arc<Inner>,
    pub(crate) status: Arc<Status>,
    pub(crate) voice: Voice,
    /// The folders with plugins and URL handlers, and the configuration files.
    watched: Mutex<Watched>,
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
        watched: Watched,
        install: PathBuf,
        plugin: Option<PluginCrate>,
    ) -> Arc<Follow> {
        Arc::new(Follow { server, status, voice, watched: Mutex::new(watched), install, plugin, began: Mutex::default() })
    }

    /// Follows until the runtime ends.
    pub(crate) fn start(self: &Arc<Follow>) {
        tokio::spawn(Arc::clone(self).changes());
        if let Some(plugin) = self.plugin.clone() {
            tokio::spawn(Arc::clone(self).sources(plugin));
        }
    }

    /// Loads what changed in the folders and in the configuration.
    async fn changes(self: Arc<Follow>) {
        let (libraries, mut changed_libraries) = mpsc::channel(1);
        let (files, mut changed_files) = mpsc::channel(1);
        let watched = std::mem::take(&mut *self.watched.lock().unwrap_or_else(PoisonError::into_inner));
        tokio::spawn(watch(watched.folders, keyhook_host::scan::is_library, watched.libraries, libraries));
        tokio::spawn(watch(watched.files, any, watched.configuration, files));
        let mut generations = 1;
        loop {
            let is_configuration = tokio::select! {
                change = changed_libraries.recv() => if change.is_some() { false } else { return },
                change = changed_files.recv() => if change.is_some() { true } else { return },
            };
            let began = self.began().take().unwrap_or_else(Instant::now);
            let before = self.server.plugin_reports();
            match self.server.reload().await {
                Ok(restart) => {
                    if is_configuration {
                        self.voice.configured(&self.server.config().source(), &restart);
                    }
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

/// Every file that was named counts.
fn any(_: &std::path::Path) -> bool {
    true
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
