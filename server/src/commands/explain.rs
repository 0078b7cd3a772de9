//! `keyhook explain KH0503`

use serde_json::{Value, json};

use crate::cli::{Format, Global};
use crate::explain::{self, Entry};
use crate::failure::{Exit, Failure};
use crate::output;

/// Explains a code, names those that speak of a word, or lists all.
///
/// # Errors
/// `KH0163` with the nearest code when there is no such one.
pub(crate) fn run(global: &Global, code: Option<&str>) -> Result<(), Failure> {
    let Some(code) = code else {
        let all = explain::entries().iter().map(|entry| json!({ "code": entry.code, "title": entry.title })).collect();
        output::print(global, &["code", "title"], &Value::Array(all));
        return Ok(());
    };
    let entry = explain::find(code).map_err(|near| unknown(code, near))?;
    match global.format {
        Format::Json => output::print(global, &["code"], &json!({ "code": entry.code, "title": entry.title, "text": entry.text })),
        Format::Table => output::write(&format!("{}  {}\n\n{}\n", entry.code, entry.title, entry.text)),
    }
    Ok(())
}

fn unknown(code: &str, near: Option<Entry>) -> Failure {
    if code.contains(|character: char| character.is_ascii_digit()) {
        let failure = Failure::new("KH0163", Exit::NotFound, format!("there is no code `{code}`"));
        return match near {
            Some(near) => failure.help(format!("the nearest is {}: {}", near.code, near.title)),
            None => failure,
        };
    }
    let failure = Failure::new("KH0163", Exit::NotFound, format!("`{code}` is no code"));
    let about: Vec<_> = explain::about(code).iter().map(|entry| format!("\n     {}  {}", entry.code, entry.title)).collect();
    if about.is_empty() {
        return failure.help("a code looks like KH0503; `keyhook explain` lists all");
    }
    failure.help(format!("these speak of it:{}", about.concat()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_leads_to_the_codes_that_speak_of_it() {
        assert!(unknown("priority", None).to_string().contains("KH0520"));
        assert!(unknown("frobnicate", None).to_string().contains("lists all"));
        let near = explain::find("KH9999").unwrap_err();
        assert!(unknown("KH9999", near).to_string().contains("the nearest is"));
    }
}
