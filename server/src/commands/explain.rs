//! `keyhook explain KH0503`

use serde_json::{Value, json};

use crate::cli::{Format, Global};
use crate::explain;
use crate::failure::{Exit, Failure};
use crate::output;

/// Explains a code, or lists all.
///
/// # Errors
/// `KH0163` with the nearest code when there is no such one.
pub(crate) fn run(global: &Global, code: Option<&str>) -> Result<(), Failure> {
    let Some(code) = code else {
        let all = explain::entries().iter().map(|entry| json!({ "code": entry.code, "title": entry.title })).collect();
        output::print(global, &["code", "title"], &Value::Array(all));
        return Ok(());
    };
    let entry = explain::find(code).map_err(|near| {
        let failure = Failure::new("KH0163", Exit::NotFound, format!("there is no code `{code}`"));
        match near {
            Some(near) => failure.help(format!("the nearest is {}: {}", near.code, near.title)),
            None => failure,
        }
    })?;
    match global.format {
        Format::Json => output::print(global, &["code"], &json!({ "code": entry.code, "title": entry.title, "text": entry.text })),
        Format::Table => output::write(&format!("{}  {}\n\n{}\n", entry.code, entry.title, entry.text)),
    }
    Ok(())
}
