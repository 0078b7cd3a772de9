//! `keyhook user …`: the users of the built-in login.

use clap::{Args, Subcommand};

use super::{online, password};
use crate::cli::Global;
use crate::failure::Failure;
use crate::operations::{Operation, UserDraft};

/// `keyhook user …`
#[derive(Subcommand)]
pub(crate) enum UserCommand {
    /// Add a user; the password is asked for
    Add {
        /// The name to sign in with, which is the subject of tokens
        name: String,
        /// What pages call the user
        #[arg(long, value_name = "NAME")]
        display: Option<String>,
        #[command(flatten)]
        password: PasswordFlags,
    },
    /// List the users
    List,
    /// Set a password; ends every session and token of the user
    Passwd {
        /// The user name
        name: String,
        #[command(flatten)]
        password: PasswordFlags,
    },
    /// Let a user sign in no more; ends every session and token of the user
    Disable {
        /// The user name
        name: String,
    },
    /// Let a user sign in again
    Enable {
        /// The user name
        name: String,
    },
    /// Remove a user; ends every session and token of the user
    Remove {
        /// The user name
        name: String,
    },
}

/// Where the password comes from. Never from an argument: every user of the machine could read it.
#[derive(Args)]
pub(crate) struct PasswordFlags {
    /// Read the password from the first line of standard input instead of asking
    #[arg(long)]
    password_stdin: bool,
}

const COLUMNS: [&str; 3] = ["name", "display", "disabled"];

/// Runs one of the commands.
///
/// # Errors
/// Why it was not done.
pub(crate) fn run(global: &Global, command: UserCommand) -> Result<(), Failure> {
    let operation = match command {
        UserCommand::Add { name, display, password } => {
            let password = password::read(password.password_stdin, &name)?.into_inner();
            Operation::UserAdd(UserDraft { name, display, password })
        }
        UserCommand::List => Operation::UserList {},
        UserCommand::Passwd { name, password } => {
            let password = password::read(password.password_stdin, &name)?.into_inner();
            Operation::UserPasswd(UserDraft { name, display: None, password })
        }
        UserCommand::Disable { name } => Operation::UserDisable { name, disabled: true },
        UserCommand::Enable { name } => Operation::UserDisable { name, disabled: false },
        UserCommand::Remove { name } => Operation::UserRemove { name },
    };
    super::print(global, &COLUMNS, online::perform(global, operation))
}
