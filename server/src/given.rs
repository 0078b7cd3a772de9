//! What flags and the builder set: the layer above environment and files.

use std::path::{Path, PathBuf};

use crate::cli::{Global, ServeFlags};
use crate::config::{Node, Origin, Table, Value, set};

/// A layer that is filled value by value.
#[derive(Clone, Default)]
pub(crate) struct Given(pub(crate) Table);

impl Given {
    /// Sets a text.
    pub(crate) fn text(&mut self, path: &[&str], from: Origin, value: impl Into<String>) {
        self.value(path, from, Value::String(value.into()));
    }

    /// Sets a list of texts; an empty one sets nothing.
    pub(crate) fn texts(&mut self, path: &[&str], from: &Origin, values: impl IntoIterator<Item = String>) {
        let items: Vec<_> = values.into_iter().map(|text| Node { origin: from.clone(), value: Value::String(text) }).collect();
        if !items.is_empty() {
            self.value(path, from.clone(), Value::Array(items));
        }
    }

    /// Sets any value.
    pub(crate) fn value(&mut self, path: &[&str], from: Origin, value: Value) {
        set(&mut self.0, path, Node { origin: from, value });
    }
}

/// The layer of `serve`'s flags.
pub(crate) fn from_flags(global: &Global, flags: &ServeFlags) -> Table {
    let mut given = Given::default();
    let one = [
        (["server", "issuer"], "--issuer", flags.issuer.clone()),
        (["server", "tls"], "--tls", flags.tls.clone()),
        (["server", "data"], "--data", global.data.as_deref().map(shown)),
        (["store", "url"], "--store", flags.store.clone()),
    ];
    for (path, flag, value) in one {
        if let Some(value) = value {
            given.text(&path, Origin::Given(flag), value);
        }
    }
    given.texts(&["server", "listen"], &Origin::Given("--listen"), flags.listen.clone());
    given.texts(&["keys", "master_file"], &Origin::Given("--master-key"), paths(&flags.master_key));
    given.texts(&["plugins", "directories"], &Origin::Given("--plugins-directory"), paths(&flags.plugins_directory));
    given.texts(&["handlers", "directories"], &Origin::Given("--handlers-directory"), paths(&flags.handlers_directory));
    given.0
}

/// Paths as the configuration holds them.
pub(crate) fn paths(paths: &[PathBuf]) -> Vec<String> {
    paths.iter().map(|path| shown(path)).collect()
}

/// A path as the configuration holds it.
pub(crate) fn shown(path: &Path) -> String {
    path.to_string_lossy().into_owned()
}
