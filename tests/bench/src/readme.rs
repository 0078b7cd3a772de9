//! The table's place in the README, between two markers.

use std::path::Path;

const BEGIN: &str = "<!-- bench:begin -->";
const END: &str = "<!-- bench:end -->";

/// Replaces what stands between the markers.
pub(crate) fn write(path: &Path, table: &str) {
    let text = std::fs::read_to_string(path).unwrap();
    let replaced = replaced(&text, table).unwrap_or_else(|| panic!("{} has no {BEGIN} with {END} behind it", path.display()));
    std::fs::write(path, replaced).unwrap();
}

fn replaced(text: &str, table: &str) -> Option<String> {
    let (before, rest) = text.split_once(BEGIN)?;
    let (_, after) = rest.split_once(END)?;
    Some(format!("{before}{BEGIN}\n{table}{END}{after}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_stands_between_the_markers_is_replaced_and_nothing_else() {
        let text = format!("a\n{BEGIN}\nold\n{END}\nb\n");
        assert_eq!(replaced(&text, "new\n").unwrap(), format!("a\n{BEGIN}\nnew\n{END}\nb\n"));
        assert_eq!(replaced("a", "new"), None);
    }
}
