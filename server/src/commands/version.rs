//! `keyhook version`

use serde_json::json;

use crate::cli::{Format, Global};
use crate::failure::Failure;
use crate::output;

#[allow(clippy::unnecessary_wraps, reason = "every command has one shape")]
pub(crate) fn run(global: &Global) -> Result<(), Failure> {
    let version = env!("CARGO_PKG_VERSION");
    if global.format == Format::Json {
        let stores = keyhook_component::registry::store_schemes();
        let linked = keyhook_component::registry::grants();
        let grants: Vec<_> = linked.iter().map(|grant| grant.grant_type()).collect();
        output::print(global, &["version"], &json!({ "version": version, "stores": stores, "grants": grants }));
    } else {
        output::write(&format!("keyhook {version}\n"));
    }
    Ok(())
}
