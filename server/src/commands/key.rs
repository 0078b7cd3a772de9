//! `keyhook key …`: master keys, which seal what the store must not show.

use std::path::PathBuf;

use clap::Subcommand;
use serde_json::json;

use crate::cli::{Format, Global};
use crate::failure::Failure;
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
}

/// # Errors
/// `KH0605` when the file exists or cannot be written.
pub(crate) fn run(global: &Global, command: KeyCommand) -> Result<(), Failure> {
    let (file, next) = match command {
        KeyCommand::Generate { file } => {
            let next = format!("name it in the configuration: [keys] master_file = \"{}\"", file.display());
            (file, next)
        }
        KeyCommand::Rotate { file } => {
            let next = format!(
                "put it first and keep the one before, which still opens what it sealed:\n  [keys] master_file = [\"{}\", …]\nthen restart; the old one can go when the longest grant has ended",
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
