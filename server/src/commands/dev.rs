//! `keyhook dev`: one command, no configuration.

use std::io::IsTerminal as _;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;

use keyhook_core::secret::Secret;

use crate::cli::{Dev, Global};
use crate::config::{Layers, Mode, Table, USUAL, named};
use crate::dev::{self, DEMO_CLIENT, DEMO_PASSWORD, DEMO_USER, Follow, PluginCrate, Screen, Status, Voice, Watched};
use crate::failure::{Exit, Failure};
use crate::foundation;
use crate::given::shown;
use crate::running::Running;
use crate::server::Server;
use crate::{logging, output, system};

/// This very program, also after its file was replaced.
const OWN_PROGRAM: &str = "/proc/self/exe";

/// Serves until a signal, with everything in one folder: in a process of its own, which this one starts again when a plugin kills it.
///
/// # Errors
/// Everything that keeps it from starting.
pub(crate) fn run(global: &Global, flags: &Dev) -> Result<ExitCode, Failure> {
    if flags.supervised {
        return serve(global, flags);
    }
    let failed = |error: std::io::Error| Failure::new("KH0150", Exit::Failed, format!("the server's process cannot be started: {error}"));
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(failed)?;
    let arguments: Vec<_> = std::env::args_os().skip(1).collect();
    let code = runtime.block_on(dev::supervise(Path::new(OWN_PROGRAM), &arguments, &dev::notes(&flags.folder))).map_err(failed)?;
    Ok(ExitCode::from(code))
}

fn serve(global: &Global, flags: &Dev) -> Result<ExitCode, Failure> {
    let created = !dev::data_folder(&flags.folder).exists();
    let mut server = Server::from_layers(layers(global, flags))?;
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
    status.set_configuration(&server.config);
    status.set_left_out(flags.leave_out.clone());
    server.dev = Some(Arc::clone(&status));
    note_calls(flags)?;
    end_with_supervisor();
    let watched = Watched::of(&server);
    let plugin = PluginCrate::find(Path::new("."));
    let ended = server.run_then(|running| {
        show(running, flags, created);
        let install = dev::plugins_folder(&flags.folder);
        Follow::new(Arc::clone(&running.inner), Arc::clone(&status), Voice::of_stdout(), watched, install, plugin).start();
    });
    if let (Err(_), true) = (&ended, created) {
        leave_nothing(flags);
    }
    ended?;
    Ok(if status.is_to_start_anew() { ExitCode::from(dev::AGAIN) } else { ExitCode::SUCCESS })
}

/// Takes away what was made for a server that did not start; what has something in it stays.
fn leave_nothing(flags: &Dev) {
    let _ = std::fs::remove_file(dev::notes(&flags.folder));
    for folder in
        [dev::data_folder(&flags.folder), dev::plugins_folder(&flags.folder), dev::handlers_folder(&flags.folder), flags.folder.clone()]
    {
        let _ = std::fs::remove_dir(folder);
    }
}

/// What `keyhook dev` reads: the same files as `serve` without the machine's, under its own defaults.
pub(super) fn layers(global: &Global, flags: &Dev) -> Layers {
    let environment = system::environment();
    let files = named(&global.config, &environment);
    Layers {
        mode: Mode::Dev,
        base: dev::base(flags),
        // It may come, change and go while the server runs.
        usual: files.is_empty().then(|| PathBuf::from(USUAL)),
        files,
        sets_aside: true,
        texts: Vec::new(),
        environment,
        given: Table::new(),
    }
}

/// Notes whose code is running, so that the supervisor can name it if the process dies.
fn note_calls(flags: &Dev) -> Result<(), Failure> {
    let path = dev::notes(&flags.folder);
    let notes = dev::Running::create(&path)
        .map_err(|error| Failure::new("KH0151", Exit::NotPermitted, format!("{} cannot be written: {error}", path.display())))?;
    keyhook_host::watch_calls(Box::new(notes));
    Ok(())
}

/// Standard input is held open by the supervisor; when it ends, so does this process.
fn end_with_supervisor() {
    std::thread::spawn(|| {
        let _ = std::io::copy(&mut std::io::stdin().lock(), &mut std::io::sink());
        dev::end();
    });
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
        configuration: running.inner.config().source(),
        plugins_folder: relative(&dev::plugins_folder(&flags.folder)),
        watching: true,
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
