//! What `keyhook dev` says while it runs: a line for people, or a JSON object for programs.

use std::io::IsTerminal as _;
use std::path::Path;
use std::time::Duration;

use keyhook_host::PluginReport;
use serde_json::{Value, json};

use crate::failure::Failure;
use crate::{output, system};

/// How it speaks.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Voice {
    /// To people, not to programs.
    pub(crate) to_people: bool,
    /// With colors.
    pub(crate) color: bool,
}

impl Voice {
    /// As standard output wants it: colors on a terminal unless `NO_COLOR` is set.
    pub(crate) fn of_stdout() -> Voice {
        let to_people = std::io::stdout().is_terminal();
        Voice { to_people, color: to_people && system::variable("NO_COLOR").is_none() }
    }

    /// A plugin serves, or was refused.
    pub(crate) fn loaded(self, report: &PluginReport, took: Duration) {
        let provides = report.hooks.iter().chain(&report.routes).map(String::as_str).collect::<Vec<_>>().join(", ");
        let seconds = (took.as_secs_f64() * 10.0).round() / 10.0;
        match &report.refusal {
            None => self.say(
                &format!("  ↻ {} {}  {provides}  ({seconds:.1} s)", report.name, report.version),
                &json!({ "event": "loaded", "plugin": report.name, "version": report.version, "provides": provides, "seconds": took.as_secs_f64() }),
            ),
            Some(refusal) => self.say(
                &format!("  {} {}  {} {refusal}\n      {}", self.red("✗"), report.name, refusal.code(), report.way_out()),
                &json!({ "event": "refused", "plugin": report.name, "code": refusal.code(), "reason": refusal.to_string(), "fix": report.way_out() }),
            ),
        }
    }

    /// A plugin's library was taken away.
    pub(crate) fn gone(self, plugin: &str) {
        self.say(&format!("  - {plugin}  is not there any more"), &json!({ "event": "gone", "plugin": plugin }));
    }

    /// The configuration was read again.
    pub(crate) fn configured(self, source: &str, restart: &[String]) {
        let note = if restart.is_empty() { String::new() } else { format!("\n      these keys need a restart: {}", restart.join(", ")) };
        let fact = json!({ "event": "configured", "configuration": source, "needs_restart": restart });
        self.say(&format!("  ↻ configuration  {source}{note}"), &fact);
    }

    /// Nothing was loaded.
    pub(crate) fn failed(self, failure: &Failure) {
        let text = format!("  {} not reloaded; what runs goes on\n{failure}", self.red("✗"));
        self.say(&text, &json!({ "event": "not_reloaded", "code": failure.code(), "reason": failure.to_string() }));
    }

    /// cargo begins.
    pub(crate) fn building(self, name: &str) {
        self.say(&format!("  … building {name}"), &json!({ "event": "building", "crate": name }));
    }

    /// rustc's warnings about the crate.
    pub(crate) fn warned(self, name: &str, warnings: &str) {
        if !warnings.is_empty() {
            let plain = super::plugin_crate::without_color(warnings);
            self.say(warnings.trim_end(), &json!({ "event": "warnings", "crate": name, "output": plain }));
        }
    }

    /// The crate does not compile.
    pub(crate) fn unbuilt(self, name: &str, output: &str) {
        let text = format!("{output}\n  {} {name}  KH0542 does not compile; the last good version serves on", self.red("✗"));
        let plain = super::plugin_crate::without_color(output);
        self.say(&text, &json!({ "event": "not_built", "crate": name, "code": "KH0542", "output": plain }));
    }

    /// The build gave the same bytes.
    pub(crate) fn unchanged(self, name: &str, took: Duration) {
        let text = format!("  = {name}  is up to date  ({:.1} s)", took.as_secs_f64());
        self.say(&text, &json!({ "event": "unchanged", "crate": name, "seconds": took.as_secs_f64() }));
    }

    /// The library cannot be put into the folder.
    pub(crate) fn uninstalled(self, library: &Path, folder: &Path, error: &std::io::Error) {
        let text = format!("  {} KH0543 {} cannot be copied into {}: {error}", self.red("✗"), library.display(), folder.display());
        self.say(&text, &json!({ "event": "not_installed", "code": "KH0543", "reason": error.to_string() }));
    }

    fn say(self, text: &str, fact: &Value) {
        output::write(&if self.to_people { format!("{text}\n") } else { format!("{fact}\n") });
    }

    fn red(self, mark: &str) -> String {
        if self.color { format!("\u{1b}[31m{mark}\u{1b}[0m") } else { mark.to_owned() }
    }
}
