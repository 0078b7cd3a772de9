//! `keyhook plugin new NAME`

use std::path::Path;

use super::New;
use crate::failure::Failure;
use crate::output;
use crate::scaffold::{self, CrateName, Starter};

/// # Errors
/// `KH0550` to `KH0552`.
pub(super) fn run(flags: &New) -> Result<(), Failure> {
    let name = CrateName::parse(&flags.name)?;
    let starter = if flags.login { Starter::Login } else { Starter::Response };
    let folder = scaffold::write(Path::new("."), &name, starter)?;
    let shown = folder.strip_prefix(".").unwrap_or(&folder).display();
    output::write(&format!("wrote {shown}/  (src/lib.rs is the plugin; keyhook-plugin/ is the SDK)\nnext:\n  cd {shown}\n  keyhook dev\n"));
    Ok(())
}
