//! One file per command; each returns what [`crate::main`] exits with.

mod check;
mod config_show;
mod dev;
mod explain;
mod init;
mod online;
mod serve;
mod version;

use serde_json::Value;

use crate::cli::{Cli, Command, ConfigCommand, ServeFlags};
use crate::config::{Config, Layers, Mode, locate};
use crate::failure::Failure;
use crate::operations::Operation;
use crate::{given, output, system};

/// Runs a command to its end.
///
/// # Errors
/// What the process exits with.
pub(crate) fn run(cli: Cli) -> Result<(), Failure> {
    let global = &cli.global;
    match cli.command {
        Command::Dev(flags) => dev::run(global, &flags),
        Command::Serve(flags) => serve::run(global, &flags.flags),
        Command::Init(flags) => init::run(&flags),
        Command::Check(flags) => check::run(global, &flags),
        Command::Config(ConfigCommand::Show { origin, flags }) => config_show::run(global, &flags, origin),
        Command::Explain { code } => explain::run(global, code.as_deref()),
        Command::Reload => print(global, &["outcome"], online::ask(global, &Operation::Reload {})),
        Command::Status => print(global, &["issuer"], online::ask(global, &Operation::Status {})),
        Command::Version => version::run(global),
    }
}

/// Prints what an operation answered.
pub(crate) fn print(global: &crate::cli::Global, columns: &[&str], result: Result<Value, Failure>) -> Result<(), Failure> {
    result.map(|value| output::print(global, columns, &value))
}

/// The configuration that `serve` would run with.
pub(crate) fn configuration(global: &crate::cli::Global, flags: &ServeFlags) -> Result<Config, Failure> {
    let environment = system::environment();
    let layers = Layers {
        mode: Mode::Serve,
        base: crate::config::Table::new(),
        files: locate(&global.config, &environment),
        texts: Vec::new(),
        environment,
        given: given::from_flags(flags),
    };
    Ok(Config::load(layers)?)
}
