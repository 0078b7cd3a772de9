//! What `keyhook dev` adds to a server: one folder with everything, a demo user and client, the first screen, a status for the
//! start page.

mod demo;
mod follow;
mod plugin_crate;
mod running;
mod screen;
mod status;
mod supervise;
mod voice;
mod watch;
mod watched;

use std::io::IsTerminal as _;
use std::path::{Path, PathBuf};

pub(crate) use demo::{DEMO_CLIENT, DEMO_PASSWORD, DEMO_USER, client as demo_client};
pub(crate) use follow::Follow;
pub(crate) use plugin_crate::PluginCrate;
pub(crate) use running::Running;
pub(crate) use screen::Screen;
pub(crate) use status::{Status, end};
pub(crate) use supervise::{AGAIN, supervise};
pub(crate) use voice::Voice;
pub(crate) use watched::Watched;

use crate::cli::Dev;
use crate::config::{Origin, Table};
use crate::given::{Given, paths, shown};

/// Where the data of `dev` lie.
pub(crate) fn data_folder(folder: &Path) -> PathBuf {
    folder.join("data")
}

/// Where the server notes whose code is running.
pub(crate) fn notes(folder: &Path) -> PathBuf {
    folder.join("running")
}

/// The folder for plugins.
pub(crate) fn plugins_folder(folder: &Path) -> PathBuf {
    folder.join("plugins")
}

/// The folder for URL handlers.
pub(crate) fn handlers_folder(folder: &Path) -> PathBuf {
    folder.join("handlers")
}

/// The defaults of `keyhook dev`: everything in one folder, both loopback addresses.
pub(crate) fn base(flags: &Dev) -> Table {
    let mut base = Given::default();
    let folder = &flags.folder;
    base.text(&["server", "issuer"], Origin::Default, format!("http://localhost:{}", flags.port));
    base.text(&["server", "tls"], Origin::Default, "off");
    base.text(&["server", "data"], Origin::Given("keyhook dev"), shown(&data_folder(folder)));
    base.text(&["keys", "master_file"], Origin::Default, shown(&folder.join("master.key")));
    if std::io::stderr().is_terminal() {
        // The screen tells what these lines would tell again.
        base.text(&["log", "level"], Origin::Default, "info,keyhook::plugins=error,keyhook::running=warn");
    }
    let addresses = [format!("127.0.0.1:{}", flags.port), format!("[::1]:{}", flags.port)];
    base.texts(&["server", "listen"], &Origin::Default, addresses);
    base.texts(&["plugins", "directories"], &Origin::Default, with(plugins_folder(folder), &flags.plugins_directory));
    base.texts(&["handlers", "directories"], &Origin::Default, with(handlers_folder(folder), &flags.handlers_directory));
    base.0
}

/// The defaults of an embedded server in development: as little on disk as its store needs.
pub(crate) fn embedded_base() -> Table {
    let mut base = Given::default();
    base.text(&["server", "tls"], Origin::Default, "off");
    base.text(&["server", "data"], Origin::Default, shown(&data_folder(Path::new("keyhook-dev"))));
    base.0
}

fn with(first: PathBuf, more: &[PathBuf]) -> Vec<String> {
    let mut all = vec![first];
    all.extend_from_slice(more);
    paths(&all)
}
