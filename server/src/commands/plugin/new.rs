//! `keyhook plugin new NAME`

use std::path::Path;

use super::New;
use crate::failure::Failure;
use crate::output;
use crate::scaffold::{self, CrateName, Starter};

/// The hooks that there is a beginning for; the first if none is asked for.
pub(super) const HOOKS: [&str; 3] = ["access_token_response", "authorization_GET", "token_grant"];

/// # Errors
/// `KH0550` to `KH0552`.
pub(super) fn run(flags: &New) -> Result<(), Failure> {
    let name = CrateName::parse(&flags.name)?;
    let starter = match flags.hook.as_str() {
        "token_grant" => Starter::Grant,
        "authorization_GET" => Starter::Login,
        _ if flags.login => Starter::Login,
        _ => Starter::Response,
    };
    let folder = scaffold::write(Path::new("."), &name, starter)?;
    let shown = folder.strip_prefix(".").unwrap_or(&folder).display();
    output::write(&format!("wrote {shown}/  (src/lib.rs is the plugin; keyhook-plugin/ is the SDK)\nnext:\n  cd {shown}\n  keyhook dev\n"));
    Ok(())
}
