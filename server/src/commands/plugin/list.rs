//! `keyhook plugin list`
use crate::cli::Global;
use crate::failure::Failure;
pub(super) fn run(_: &Global) -> Result<(), Failure> {
    Ok(())
}
