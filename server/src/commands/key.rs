//! `keyhook key …`: master keys, which seal what the store must not show, and the keys that sign JWTs.

use std::path::PathBuf;

use clap::Subcommand;
use serde_json::json;

use super::online;
use crate::cli::{Format, Global};
use crate::failure::Failure;
use crate::operations::Operation;
use crate::system::SystemRandom;
use crate::{keys, output};

/// `keyhook key …`
#[derive(Subcommand)]
pub(crate) enum KeyCommand {
    /// Write a new master key into a file, for its owner alone; an existing file is never overwritten
    Generate {
        /// The file
        file: PathBuf,
    },
    /// Write a new master key and say how it takes the place of the one before
    Rotate {
        /// The new file
        file: PathBuf,
    },
    /// The keys that sign JWTs, which the server makes and exchanges by itself
    #[command(subcommand)]
    Signing(SigningCommand),
}

/// `keyhook key signing …`
#[derive(Subcommand)]
pub(crate) enum SigningCommand {
    /// List them
    List,
    /// Let another key follow the present one: it is published first, and nobody notices
    Rotate,
    /// Give all up at once, as after a theft: JWTs that they signed are refused from now on
    Reset,
}

/// # Errors
/// `KH0605` when the file exists or cannot be written.
pub(crate) fn run(global: &Global, command: KeyCommand) -> Result<(), Failure> {
    let (file, next) = match command {
        KeyCommand::Signing(command) => return signing(global, &command),
        KeyCommand::Generate { file } => {
            let next = format!("name it in the configuration: [keys] master_file = \"{}\"", file.display());
            (file, next)
        }
        KeyCommand::Rotate { file } => {
            let next = format!(
                "put it first and keep the one before, which still opens what it sealed:\n  [keys] master_file = [\"{}\", …]\nthen restart; the old one can go when the longest grant has ended, and every client of OAuth 1.0a has had a new secret (client update ID --oauth1)",
                file.display()
            );
            (file, next)
        }
    };
    keys::generate(&file, &SystemRandom)?;
    match global.format {
        Format::Json => output::print(global, &["file"], &json!({ "file": file })),
        Format::Table => output::write(&format!("wrote {}\nnext: {next}\n", file.display())),
    }
    Ok(())
}

fn signing(global: &Global, command: &SigningCommand) -> Result<(), Failure> {
    let (operation, columns) = match command {
        SigningCommand::List => (Operation::SigningList {}, &["kid", "algorithm", "state", "since"][..]),
        SigningCommand::Rotate => (Operation::SigningRotate {}, &["kid", "algorithm", "state", "since"][..]),
        SigningCommand::Reset => (Operation::SigningReset {}, &["given_up"][..]),
    };
    super::print(global, columns, online::perform(global, operation))
}
