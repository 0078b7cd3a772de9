//! `keyhook config show --origin`

use std::fmt::Write as _;

use serde_json::{Value, json};

use crate::cli::{Format, Global, ServeFlags};
use crate::failure::Failure;
use crate::output;

/// Prints every effective value; secrets are masked.
///
/// # Errors
/// The findings of the configuration.
pub(crate) fn run(global: &Global, flags: &ServeFlags, origin: bool) -> Result<(), Failure> {
    let config = super::configuration(global, flags)?;
    if global.format == Format::Json {
        let one = |shown: &crate::config::Shown| json!({ "path": shown.path, "value": shown.value, "origin": shown.origin.to_string() });
        output::print(global, &["path", "value", "origin"], &Value::Array(config.shown.iter().map(one).collect()));
        return Ok(());
    }
    let assignment = |shown: &crate::config::Shown| format!("{} = {}", shown.path, shown.value);
    let width = config.shown.iter().map(|shown| assignment(shown).chars().count()).max().unwrap_or_default().min(60);
    let mut text = String::new();
    for shown in &config.shown {
        let _ = if origin {
            writeln!(text, "{:width$}  # {}", assignment(shown), shown.origin)
        } else {
            writeln!(text, "{}", assignment(shown))
        };
    }
    output::write(&text);
    Ok(())
}
