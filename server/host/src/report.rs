//! What is said of every library and every linked plugin: loaded or refused, why, and the way out.

use std::path::PathBuf;

use crate::refusal::Refusal;
use crate::snapshot::Digest;
use crate::table::Description;

/// One line of the screen of `dev` and of `keyhook plugin list`.
#[derive(Clone, Debug, Default)]
pub struct PluginReport {
    /// The library; `None` for a plugin that is linked in, or one that only the configuration names.
    pub file: Option<PathBuf>,
    /// Of the file.
    pub digest: Option<Digest>,
    /// The plugin's name, if it is known; else the file's.
    pub name: String,
    /// The plugin's version, if it is known.
    pub version: String,
    /// Who built it, for people.
    pub build: String,
    /// Built without optimization.
    pub debug: bool,
    /// Hooks it registers.
    pub hooks: Vec<String>,
    /// Routes it answers, `GET /x/hello`.
    pub routes: Vec<String>,
    /// Why it does not run; `None` if it runs.
    pub refusal: Option<Refusal>,
    /// What should be mended, though it runs.
    pub warnings: Vec<String>,
}

impl PluginReport {
    /// Whether it runs.
    pub fn is_loaded(&self) -> bool {
        self.refusal.is_none()
    }

    /// Whether a server that is not `dev` must not start over it.
    pub fn is_fatal(&self) -> bool {
        self.refusal.as_ref().is_some_and(|refusal| !matches!(refusal, Refusal::NotApproved))
    }

    /// What to do about its refusal, ready to be copied; empty if it runs.
    pub fn way_out(&self) -> String {
        self.refusal.as_ref().map(|refusal| refusal.way_out_of(self.file.as_deref(), &self.name)).unwrap_or_default()
    }

    pub(crate) fn of_file(file: PathBuf) -> PluginReport {
        let name = file.file_stem().unwrap_or_default().to_string_lossy();
        PluginReport { name: name.strip_prefix("lib").unwrap_or(&name).to_owned(), file: Some(file), ..PluginReport::default() }
    }

    pub(crate) fn refused(mut self, refusal: Refusal) -> PluginReport {
        self.refusal = Some(refusal);
        self
    }

    pub(crate) fn describe(&mut self, description: &Description) {
        self.name.clone_from(&description.name);
        self.version.clone_from(&description.version);
        self.hooks = description.hooks.iter().map(|hook| hook.name.clone()).collect();
        self.routes = description.routes.iter().map(ToString::to_string).collect();
    }
}

impl std::fmt::Display for PluginReport {
    /// `✓ name version  hooks` or `✗ name  code reason`.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Some(refusal) = &self.refusal else {
            let all: Vec<&str> = self.hooks.iter().chain(&self.routes).map(String::as_str).collect();
            return write!(f, "✓ {} {}  {}", self.name, self.version, all.join(", "));
        };
        write!(f, "✗ {}  {} {refusal}", self.name, refusal.code())
    }
}
