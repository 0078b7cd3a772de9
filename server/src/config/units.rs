//! Durations such as `15m` and sizes such as `10MiB`: always with a unit.

use std::time::Duration;

/// Reads `500ms`, `15m`, `1h30m`.
pub(crate) fn duration(text: &str) -> Result<Duration, String> {
    let millis = sum(text, &[("ms", 1), ("s", 1_000), ("m", 60_000), ("h", 3_600_000), ("d", 86_400_000), ("w", 604_800_000)])
        .ok_or_else(|| unit_is_missing(text, "a duration needs a unit: ms, s, m, h, d or w, such as `15m`", "s"))?;
    Ok(Duration::from_millis(millis))
}

/// Reads `512KiB`, `10MiB`: bytes.
pub(crate) fn size(text: &str) -> Result<u64, String> {
    sum(text, &[("B", 1), ("KiB", 1 << 10), ("MiB", 1 << 20), ("GiB", 1 << 30), ("kB", 1_000), ("MB", 1_000_000), ("GB", 1_000_000_000)])
        .ok_or_else(|| unit_is_missing(text, "a size needs a unit: B, KiB, MiB or GiB, such as `10MiB`", "B"))
}

fn unit_is_missing(text: &str, rule: &str, unit: &str) -> String {
    if !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit()) {
        format!("{rule}; did you mean `{text}{unit}`?")
    } else {
        rule.to_owned()
    }
}

/// Numbers with units, largest first or not, added up; `None` when a unit is missing or unknown or the sum does not fit.
fn sum(text: &str, units: &[(&str, u64)]) -> Option<u64> {
    let mut rest = text.trim();
    let mut total: u64 = 0;
    if rest.is_empty() {
        return None;
    }
    while !rest.is_empty() {
        let digits = rest.find(|character: char| !character.is_ascii_digit())?;
        let (number, after) = rest.split_at(digits);
        let letters = after.find(|character: char| !character.is_ascii_alphabetic()).unwrap_or(after.len());
        let (unit, next) = after.split_at(letters);
        let factor = units.iter().find(|(name, _)| *name == unit)?.1;
        total = total.checked_add(number.parse::<u64>().ok()?.checked_mul(factor)?)?;
        rest = next;
    }
    Some(total)
}

/// The shortest exact way to write a duration.
pub(crate) fn show_duration(duration: Duration) -> String {
    let millis = duration.as_millis();
    for (unit, factor) in [("d", 86_400_000), ("h", 3_600_000), ("m", 60_000), ("s", 1_000)] {
        if millis >= factor && millis.is_multiple_of(factor) {
            return format!("{}{unit}", millis / factor);
        }
    }
    if millis == 0 { "0s".to_owned() } else { format!("{millis}ms") }
}

/// The shortest exact way to write a size.
pub(crate) fn show_size(bytes: u64) -> String {
    for (unit, factor) in [("GiB", 1u64 << 30), ("MiB", 1 << 20), ("KiB", 1 << 10)] {
        if bytes >= factor && bytes.is_multiple_of(factor) {
            return format!("{}{unit}", bytes / factor);
        }
    }
    format!("{bytes}B")
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test may fail by panicking")]
    use super::*;

    #[test]
    fn a_unit_is_required_and_several_add_up() {
        assert_eq!(duration("15m").unwrap(), Duration::from_mins(15));
        assert_eq!(duration("1h30m").unwrap(), Duration::from_mins(90));
        assert_eq!(duration("0s").unwrap(), Duration::ZERO);
        assert!(duration("900").unwrap_err().contains("did you mean `900s`?"));
        for wrong in ["", "m", "15 m", "-1s", "15M", "1.5h", "99999999999999999999s", "9999999999999999w"] {
            assert!(duration(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_size_counts_bytes() {
        assert_eq!(size("10MiB").unwrap(), 10 << 20);
        assert_eq!(size("64kB").unwrap(), 64_000);
        assert!(size("1048576").unwrap_err().contains("did you mean `1048576B`?"));
    }

    #[test]
    fn what_is_shown_reads_back_as_the_same() {
        for text in ["15m", "1h", "500ms", "30d", "90s", "0s"] {
            assert_eq!(show_duration(duration(text).unwrap()), text);
        }
        for text in ["10MiB", "1KiB", "1000B"] {
            assert_eq!(show_size(size(text).unwrap()), text);
        }
    }
}
