//! One file per command; each returns what [`crate::main`] exits with.

mod check;
mod client;
mod config_show;
mod dev;
mod explain;
mod import;
mod init;
mod key;
mod names;
mod new;
mod oauth1;
mod online;
mod password;
mod plugin;
mod probe;
mod serve;
mod store;
mod try_flow;
mod user;
mod version;

pub(crate) use client::ClientCommand;
pub(crate) use import::ImportCommand;
pub(crate) use key::KeyCommand;
pub(crate) use new::NewCommand;
pub(crate) use oauth1::Oauth1Command;
pub(crate) use plugin::PluginCommand;
pub(crate) use store::StoreCommand;
pub(crate) use try_flow::TryCommand;
pub(crate) use user::UserCommand;

use std::process::ExitCode;

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
pub(crate) fn run(cli: Cli) -> Result<ExitCode, Failure> {
    let global = &cli.global;
    let done = match cli.command {
        Command::Dev(flags) => return dev::run(global, &flags),
        Command::Serve(flags) => serve::run(global, &flags),
        Command::Init(flags) => init::run(&flags),
        Command::Check(flags) => check::run(global, &flags),
        Command::Config(ConfigCommand::Show { origin, flags }) => config_show::run(global, &flags, origin),
        Command::Client(command) => client::run(global, command),
        Command::User(command) => user::run(global, command),
        Command::Key(command) => key::run(global, command),
        Command::New(command) => new::run(&command),
        Command::Store(command) => store::run(global, command),
        Command::Import(command) => import::run(global, &command),
        Command::Plugin(command) => plugin::run(global, command),
        Command::Try(command) => try_flow::run(global, &command),
        Command::Oauth1(command) => oauth1::run(global, &command),
        Command::Explain { code } => explain::run(global, code.as_deref()),
        Command::Reload => print(global, &["outcome"], online::ask(global, &Operation::Reload {})),
        Command::Restart => print(global, &["outcome", "process"], online::ask(global, &Operation::Restart {})),
        Command::Status => print(global, &["issuer"], online::ask(global, &Operation::Status {})),
        Command::Version => version::run(global),
        Command::Probe { path } => probe::run(&path),
    };
    done.map(|()| ExitCode::SUCCESS)
}

/// Prints what an operation answered.
pub(crate) fn print(global: &crate::cli::Global, columns: &[&str], result: Result<Value, Failure>) -> Result<(), Failure> {
    result.map(|value| output::print(global, columns, &value))
}

/// The configuration that `serve` would run with.
pub(crate) fn configuration(global: &crate::cli::Global, flags: &ServeFlags) -> Result<Config, Failure> {
    Ok(Config::load(layers(global, flags))?)
}

/// What `serve` would read.
pub(crate) fn layers(global: &crate::cli::Global, flags: &ServeFlags) -> Layers {
    let environment = system::environment();
    Layers {
        mode: Mode::Serve,
        base: crate::config::Table::new(),
        files: locate(&global.config, &environment),
        usual: None,
        sets_aside: false,
        texts: Vec::new(),
        environment,
        given: given::from_flags(global, flags),
    }
}
