//! The command line: noun then verb, one file in `commands` per verb.
#![allow(clippy::doc_markdown, reason = "clap shows these texts on a terminal, as they are")]

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};

pub(crate) use crate::commands::{
    ClientCommand, ImportCommand, KeyCommand, NewCommand, Oauth1Command, PluginCommand, StoreCommand, TryCommand, UserCommand,
};

/// keyhook: an OAuth authorization server that people extend by dropping a library into a folder.
#[derive(Parser)]
#[command(name = "keyhook", version, max_term_width = 100, subcommand_required = true, arg_required_else_help = true)]
pub(crate) struct Cli {
    #[command(flatten)]
    pub(crate) global: Global,
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// Flags of every command.
#[derive(Args, Clone, Default)]
pub(crate) struct Global {
    /// Configuration file; repeatable, later ones win [default: $KEYHOOK_CONFIG, ./keyhook.toml, /etc/keyhook/keyhook.toml]
    #[arg(long, value_name = "FILE", global = true, help_heading = "Everywhere")]
    pub(crate) config: Vec<PathBuf>,
    /// Data folder of the server
    #[arg(long, value_name = "FOLDER", global = true, help_heading = "Everywhere")]
    pub(crate) data: Option<PathBuf>,
    /// How results are printed
    #[arg(long, value_enum, default_value_t = Format::Table, global = true, help_heading = "Everywhere")]
    pub(crate) format: Format,
    /// Print ids only
    #[arg(short, long, global = true, help_heading = "Everywhere")]
    pub(crate) quiet: bool,
}

/// How results are printed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// Columns for people
    #[default]
    Table,
    /// JSON for programs
    Json,
}

/// What to do.
#[derive(Subcommand)]
pub(crate) enum Command {
    /// Develop: no configuration, loopback only, demo user and client, plugins reloaded
    Dev(Dev),
    /// Serve in production: strict about issuer, TLS, keys and plugins
    Serve(Serve),
    /// Write a commented keyhook.toml
    Init(Init),
    /// Check configuration, keys, plugins; changes nothing, runs no plugin code
    Check(ServeFlags),
    /// Look at the configuration
    #[command(subcommand)]
    Config(ConfigCommand),
    /// Register, list, change and remove clients
    #[command(subcommand)]
    Client(ClientCommand),
    /// Add, list and remove users of the built-in login
    #[command(subcommand)]
    User(UserCommand),
    /// Make master keys, see and exchange signing keys
    #[command(subcommand)]
    Key(KeyCommand),
    /// Migrate, check and copy databases
    #[command(subcommand)]
    Store(StoreCommand),
    /// Bring in what another system knows of clients and tokens
    #[command(subcommand)]
    Import(ImportCommand),
    /// Begin, check, approve and list plugins
    #[command(subcommand)]
    Plugin(PluginCommand),
    /// Begin a server of your own, with what is linked into it
    #[command(subcommand)]
    New(NewCommand),
    /// Walk a real flow against the running server and see each exchange
    #[command(subcommand)]
    Try(TryCommand),
    /// Find out why a signed request of OAuth 1.0a is refused
    #[command(subcommand)]
    Oauth1(Oauth1Command),
    /// Explain a code such as KH0503, offline
    Explain {
        /// The code; without one, all are listed
        code: Option<String>,
    },
    /// Tell the running server to read its configuration and plugins again
    Reload,
    /// Start the running server anew: a new process takes over, and no connection is refused
    Restart,
    /// What the running server is and does
    Status,
    /// Print the version
    Version,
    /// Try a library in this process, for a server that waits
    #[command(name = "__probe", hide = true)]
    Probe {
        /// The library
        path: PathBuf,
    },
}

/// `keyhook config …`
#[derive(Subcommand)]
pub(crate) enum ConfigCommand {
    /// Show every effective value
    Show {
        /// Say where each value comes from
        #[arg(long)]
        origin: bool,
        #[command(flatten)]
        flags: ServeFlags,
    },
}

/// `keyhook dev`
#[derive(Args)]
pub(crate) struct Dev {
    /// Port on 127.0.0.1 and [::1]; part of the issuer
    #[arg(long, default_value_t = 8080, value_parser = clap::value_parser!(u16).range(1..))]
    pub(crate) port: u16,
    /// Folder for everything that dev makes
    #[arg(long, default_value = "keyhook-dev", value_name = "FOLDER")]
    pub(crate) folder: PathBuf,
    /// Folder with plugins; repeatable, beside the one in FOLDER
    #[arg(long, value_name = "FOLDER")]
    pub(crate) plugins_directory: Vec<PathBuf>,
    /// Folder with URL handlers; repeatable, beside the one in FOLDER
    #[arg(long, value_name = "FOLDER")]
    pub(crate) handlers_directory: Vec<PathBuf>,
    /// Library that is named and not loaded, NAME@DIGEST; repeatable
    #[arg(long, value_name = "LABEL", hide = true)]
    pub(crate) leave_out: Vec<String>,
    /// A supervisor watches this process
    #[arg(long, hide = true)]
    pub(crate) supervised: bool,
}

impl Default for Dev {
    fn default() -> Dev {
        Dev {
            port: 8080,
            folder: PathBuf::from("keyhook-dev"),
            plugins_directory: Vec::new(),
            handlers_directory: Vec::new(),
            leave_out: Vec::new(),
            supervised: false,
        }
    }
}

/// `keyhook serve`
#[derive(Args)]
pub(crate) struct Serve {
    #[command(flatten)]
    pub(crate) flags: ServeFlags,
    /// Take over from the server that runs on this data folder, if one does
    #[arg(long)]
    pub(crate) take_over: bool,
}

/// Flags that stand above environment and files.
#[derive(Args, Clone, Default)]
pub(crate) struct ServeFlags {
    /// Issuer, the address that clients know: https://login.example
    #[arg(long, value_name = "URL")]
    pub(crate) issuer: Option<String>,
    /// Address to listen on; repeatable: 127.0.0.1:8080, [::1]:8080, :443
    #[arg(long, value_name = "ADDRESS")]
    pub(crate) listen: Vec<String>,
    /// Who ends TLS: off (loopback only) or behind_proxy
    #[arg(long, value_name = "WHO", value_parser = ["off", "behind_proxy"])]
    pub(crate) tls: Option<String>,
    /// Store, such as sqlite:keyhook.db
    #[arg(long, value_name = "URL")]
    pub(crate) store: Option<String>,
    /// Master key file; repeatable, the first seals
    #[arg(long, value_name = "FILE")]
    pub(crate) master_key: Vec<PathBuf>,
    /// Folder with plugins; repeatable
    #[arg(long, value_name = "FOLDER")]
    pub(crate) plugins_directory: Vec<PathBuf>,
    /// Folder with URL handlers; repeatable
    #[arg(long, value_name = "FOLDER")]
    pub(crate) handlers_directory: Vec<PathBuf>,
}

/// `keyhook init`
#[derive(Args)]
pub(crate) struct Init {
    /// Issuer to write into it
    #[arg(long, value_name = "URL", default_value = "https://login.example")]
    pub(crate) issuer: String,
    /// The file
    #[arg(default_value = "keyhook.toml")]
    pub(crate) path: PathBuf,
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    use super::*;

    #[test]
    fn the_flags_of_all_commands_fit_together() {
        Cli::command().debug_assert();
    }
}
