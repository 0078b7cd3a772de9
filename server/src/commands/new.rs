//! `keyhook new server NAME`

use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};

use crate::failure::Failure;
use crate::output;
use crate::scaffold::CrateName;
use crate::scaffold::server::{self, Source};

/// `keyhook new …`
#[derive(Subcommand)]
pub(crate) enum NewCommand {
    /// Begin a server of your own: ten lines, and a grant that is linked in
    Server(New),
}

/// `keyhook new server`
#[derive(Args)]
pub(crate) struct New {
    /// Name of the crate and the folder
    name: String,
    /// Folder of keyhook's repository [default: found above this folder or above the program]
    #[arg(long, value_name = "FOLDER")]
    source: Option<PathBuf>,
}

/// # Errors
/// `KH0550` to `KH0553`.
pub(super) fn run(NewCommand::Server(flags): &NewCommand) -> Result<(), Failure> {
    let name = CrateName::of_server(&flags.name)?;
    let places: Vec<PathBuf> = std::path::absolute(".").into_iter().chain(std::env::current_exe()).collect();
    let source = Source::find(flags.source.as_deref(), &places)?;
    let folder = server::write(Path::new("."), &name, &source)?;
    let shown = folder.strip_prefix(".").unwrap_or(&folder).display();
    output::write(&format!(
        "wrote {shown}/  (src/main.rs is the server; grant/ is a grant of its own; README.md shows how to use it)\nnext:\n  cd {shown}\n  cargo run -- dev\n"
    ));
    Ok(())
}
