//! The configuration: layers in, one checked value out; flag > environment > file > default.
//!
//! Raw first, meaning second: `tree` knows TOML and origins, `sections` know keys and rules, `rules` know what fits together.
//! Every finding of a run is reported at once, each with its place.

mod aside;
mod diagnostic;
mod environment;
mod hidden;
mod locate;
mod reader;
mod rules;
mod sections;
mod text;
mod tree;
mod units;

#[cfg(test)]
mod docs_tests;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

use keyhook_component::settings::{Oauth1Settings, Paths};
use keyhook_core::Issuer;

pub(crate) use diagnostic::{Diagnostic, Diagnostics, Spot};
pub(crate) use locate::{USUAL, files as locate, named};
pub(crate) use reader::Shown;
pub(crate) use sections::{
    Grants, GroupStore, HookOrder, Keys, Limits, Log, LogFormat, Login, Management, PluginTable, Plugins, Server, StoreMap, TlsDecision,
    Tokens, Trust, group_name, not_built_in,
};
pub(crate) use text::{Origin, SourceText};
pub(crate) use tree::{Node, Table, Value, merge, set};
pub(crate) use units::duration as parse_duration;

/// What runs, which decides the defaults and how strict the rules are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mode {
    /// `keyhook dev`: loopback, demo data, findings instead of refusals where that is safe.
    Dev,
    /// `keyhook serve`, and a program that embeds the server.
    Serve,
}

/// The layers, lowest first.
#[derive(Clone)]
pub(crate) struct Layers {
    /// What runs.
    pub(crate) mode: Mode,
    /// Defaults of the mode.
    pub(crate) base: Table,
    /// Files in the order given; later ones win.
    pub(crate) files: Vec<PathBuf>,
    /// A file that is read if it is there at the moment.
    pub(crate) usual: Option<PathBuf>,
    /// Whether the sections that `keyhook dev` decides itself are set aside in them.
    pub(crate) sets_aside: bool,
    /// Texts in a file's form that an embedding program gives.
    pub(crate) texts: Vec<String>,
    /// The environment.
    pub(crate) environment: Vec<(String, String)>,
    /// Flags, or the builder's methods.
    pub(crate) given: Table,
}

impl Layers {
    /// The files that a reading of this moment takes.
    pub(crate) fn present(&self) -> Vec<PathBuf> {
        self.files.iter().chain(self.usual.as_ref().filter(|file| file.exists())).cloned().collect()
    }
}

/// A configuration that has been checked as far as that is possible without opening a store or a library.
#[derive(Clone)]
pub(crate) struct Config {
    pub(crate) mode: Mode,
    /// `None` where it follows from the address that is bound.
    pub(crate) issuer: Option<Issuer>,
    pub(crate) server: Server,
    pub(crate) management: Management,
    pub(crate) tokens: Tokens,
    pub(crate) grants: Grants,
    /// `None` where OAuth 1.0a is off.
    pub(crate) oauth1: Option<Oauth1Settings>,
    pub(crate) login: Login,
    pub(crate) paths: Paths,
    pub(crate) scopes: BTreeMap<String, String>,
    pub(crate) store: StoreMap,
    pub(crate) keys: Keys,
    pub(crate) plugins: Plugins,
    pub(crate) hooks: HookOrder,
    pub(crate) log: Log,
    pub(crate) compat: Vec<String>,
    /// Every effective value with its origin.
    pub(crate) shown: Vec<Shown>,
    /// The files that were read.
    pub(crate) files: Vec<PathBuf>,
    /// What they say that has no effect here, and why.
    pub(crate) set_aside: Vec<String>,
}

/// Systems whose answers `compat` can imitate.
const COMPAT: [&str; 3] = ["oauth2u", "cycloauth", "repoze"];

impl Config {
    /// Reads and checks all layers.
    ///
    /// # Errors
    /// Everything that is wrong, at once.
    pub(crate) fn load(layers: Layers) -> Result<Config, Diagnostics> {
        let files = layers.present();
        let base = layers.base;
        let mut root = base.clone();
        let (mut wrong, mut set_aside) = (Vec::new(), Vec::new());
        let texts = layers.texts.into_iter().map(|text| Ok(Arc::new(SourceText { name: "config_text".to_owned(), text })));
        for source in files.iter().map(|path| read_file(path)).chain(texts) {
            let read = source.and_then(|source| tree::parse(&source)).and_then(|mut table| {
                if layers.sets_aside {
                    set_aside.extend(aside::set_aside(&mut table, &base)?);
                }
                Ok(table)
            });
            match read {
                Ok(table) => merge(&mut root, table),
                Err(found) => wrong.extend(found),
            }
        }
        let read = |path: &str| std::fs::read_to_string(path);
        if let Err(found) = environment::overlay(&mut root, &layers.environment, &read) {
            wrong.extend(found);
        }
        merge(&mut root, layers.given);
        if !wrong.is_empty() {
            // What follows would only repeat that a file is missing.
            return Err(Diagnostics(wrong));
        }
        let config = Config::from_tree(layers.mode, &root, files)?;
        Ok(Config { set_aside, ..config })
    }

    /// The data folder that layers name, whatever else is wrong with them.
    pub(crate) fn data_folder_of(layers: Layers) -> PathBuf {
        let mut root = layers.base.clone();
        for table in layers.present().iter().filter_map(|path| Some(tree::salvage(&read_file(path).ok()?))) {
            merge(&mut root, table);
        }
        // What is wrong here was told already.
        let _ = environment::overlay(&mut root, &layers.environment, &|path| std::fs::read_to_string(path));
        merge(&mut root, layers.given);
        let report = reader::Report::default();
        Server::read(reader::Section::root(&root, &report).section("server")).data
    }

    fn from_tree(mode: Mode, root: &Table, files: Vec<PathBuf>) -> Result<Config, Diagnostics> {
        let report = reader::Report::default();
        let top = reader::Section::root(root, &report);
        let compat = compat(&top);
        let mut config = Config {
            mode,
            issuer: None,
            server: Server::read(top.section("server")),
            management: Management::read(top.section("management"), default_management(mode)),
            tokens: Tokens::read(top.section("tokens")),
            grants: Grants::read(top.section("grants")),
            oauth1: sections::read_oauth1(top.section("oauth1"), &compat),
            login: Login::read(top.section("login")),
            paths: sections::read_paths(top.section("paths")),
            scopes: scopes(&top),
            store: StoreMap::read(top.section("store")),
            keys: Keys::read(top.section("keys")),
            plugins: Plugins::read(top.section("plugins"), top.section("handlers")),
            hooks: sections::read_hooks(&top.section("hooks")),
            log: Log::read(top.section("log")),
            compat,
            shown: Vec::new(),
            files,
            set_aside: Vec::new(),
        };
        rules::apply(&mut config, &top);
        top.finish(false);
        let wrong = report.wrong.into_inner();
        if !wrong.is_empty() {
            return Err(Diagnostics(in_reading_order(wrong)));
        }
        config.shown = report.shown.into_inner();
        Ok(config)
    }

    /// The folder for what lives on disk; `None` where nothing does: every store is memory, and no folder was named.
    pub(crate) fn data(&self) -> Option<&std::path::Path> {
        let memory = self.store.fallback.scheme == "memory" && self.store.groups.values().all(|store| store.scheme == "memory");
        let named = self.shown.iter().any(|shown| shown.path == "server.data" && !matches!(shown.origin, Origin::Default));
        (named || !memory).then_some(self.server.data.as_path())
    }

    /// The files that were read, and what they say without effect, in one line.
    pub(crate) fn source(&self) -> String {
        let shown = |path: &PathBuf| {
            if path.is_relative() && !path.starts_with(".") { format!("./{}", path.display()) } else { path.display().to_string() }
        };
        let files = self.files.iter().map(shown).collect::<Vec<_>>().join(", ");
        match (files.is_empty(), self.set_aside.is_empty()) {
            (true, _) => "defaults; ./keyhook.toml is read when it is there".to_owned(),
            (false, true) => files,
            (false, false) => format!("{files} ({})", self.set_aside.join("; ")),
        }
    }

    /// The path of `plugins.lock`.
    pub(crate) fn lock(&self) -> PathBuf {
        self.plugins.lock.clone().unwrap_or_else(|| self.server.data.join("plugins.lock"))
    }

    /// The value that `keyhook config show` shows under a path, with its origin.
    #[cfg(test)]
    fn shown(&self, path: &str) -> Option<(String, String)> {
        self.shown.iter().find(|shown| shown.path == path).map(|shown| (shown.value.clone(), shown.origin.to_string()))
    }
}

fn default_management(mode: Mode) -> Option<std::net::SocketAddr> {
    (mode == Mode::Serve).then(|| std::net::SocketAddr::from(([127, 0, 0, 1], 9080)))
}

fn read_file(path: &std::path::Path) -> Result<Arc<SourceText>, Vec<Diagnostic>> {
    let name = path.display().to_string();
    match std::fs::read_to_string(path) {
        Ok(text) => Ok(Arc::new(SourceText { name, text })),
        Err(error) => Err(vec![Diagnostic {
            code: "KH1001",
            message: format!("the configuration file cannot be read: {error}"),
            spot: Some(Spot::Elsewhere(name)),
            label: "check the path and its permissions; `keyhook init` writes a first keyhook.toml".to_owned(),
        }]),
    }
}

fn scopes(top: &reader::Section<'_>) -> BTreeMap<String, String> {
    let show = |text: &String| reader::quoted(text);
    top.section("scopes").free(|node| reader::text_of(node).map(str::to_owned), show)
}

fn compat(top: &reader::Section<'_>) -> Vec<String> {
    let list = top.list("compat", &[]);
    if let Some(unknown) = list.iter().find(|name| !COMPAT.contains(&name.as_str())) {
        top.refuse("KH1005", "compat", format!("`compat` does not know `{unknown}`"), format!("known: {}", COMPAT.join(", ")));
    }
    list
}

/// Findings of one file in the order of its lines; what is missing comes last.
fn in_reading_order(mut wrong: Vec<Diagnostic>) -> Vec<Diagnostic> {
    wrong.sort_by_key(|diagnostic| match &diagnostic.spot {
        Some(Spot::File(place)) => (0, place.source.name.clone(), place.span.start),
        Some(Spot::Elsewhere(name)) => (1, name.clone(), 0),
        None => (2, String::new(), 0),
    });
    wrong
}
