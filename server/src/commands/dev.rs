//! `keyhook dev`: one command, no configuration.

use std::io::IsTerminal as _;
use std::path::Path;
use std::sync::Arc;

use keyhook_core::secret::Secret;

use crate::cli::{Dev, Global};
use crate::config::{Layers, Mode, Table};
use crate::dev::{self, DEMO_CLIENT, DEMO_PASSWORD, DEMO_USER, Screen, Status};
use crate::failure::Failure;
use crate::foundation;
use crate::given::shown;
use crate::running::Running;
use crate::server::Server;
use crate::{logging, output, system};

/// Serves until a signal, with everything in one folder.
///
/// # Errors
/// Everything that keeps it from starting.
pub(crate) fn run(global: &Global, flags: &Dev) -> Result<(), Failure> {
    let created = !dev::data_folder(&flags.folder).exists();
    let layers = Layers {
        mode: Mode::Dev,
        base: dev::base(flags),
        // `./keyhook.toml` is production's; only what is named is read here.
        files: global.config.clone(),
        texts: Vec::new(),
        environment: system::environment(),
        given: Table::new(),
    };
    let mut server = Server::from_layers(layers)?;
    logging::start(&server.config.log);
    for folder in [flags.folder.clone(), dev::plugins_folder(&flags.folder), dev::handlers_folder(&flags.folder)] {
        foundation::folder(&folder)?;
    }
    let issuer =
        server.config.issuer.as_ref().map_or_else(|| format!("http://localhost:{}", flags.port), |issuer| issuer.as_str().to_owned());
    server.clients.push(dev::demo_client(&issuer)?);
    server.users.push((DEMO_USER.to_owned(), Secret::new(DEMO_PASSWORD.to_owned())));
    let status = Arc::new(Status::default());
    status.set_demo_client(DEMO_CLIENT);
    status.set_facts(facts(&server, flags));
    server.dev = Some(status);
    server.run_then(|running| show(running, flags, created))
}

fn facts(server: &Server, flags: &Dev) -> Vec<(String, String)> {
    let fact = |name: &str, value: String| (name.to_owned(), value);
    vec![
        fact("Demo user", format!("{DEMO_USER} / {DEMO_PASSWORD}")),
        fact("Data", relative(&server.config.server.data)),
        fact("Plugins", relative(&dev::plugins_folder(&flags.folder))),
        fact("Handlers", relative(&dev::handlers_folder(&flags.folder))),
    ]
}

fn show(running: &Running, flags: &Dev, created: bool) {
    let plugins = running.inner.plugin_lines();
    let data = relative(&dev::data_folder(&flags.folder));
    let screen = Screen {
        issuer: running.issuer(),
        data: format!("{data} (SQLite, {})", if created { "created" } else { "kept" }),
        plugins_folder: relative(&dev::plugins_folder(&flags.folder)),
        watching: false,
        plugins: &plugins,
    };
    if std::io::stdout().is_terminal() {
        output::write(&screen.for_people(system::variable("NO_COLOR").is_none()));
    } else {
        output::write(&screen.for_programs());
    }
}

/// A relative path as people type it.
fn relative(path: &Path) -> String {
    if path.is_relative() && !path.starts_with(".") && !path.starts_with("..") { format!("./{}", shown(path)) } else { shown(path) }
}
