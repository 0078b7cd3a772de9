//! Libraries as files: whatever stands in them, nothing is read outside, and what passes is whole and says what it is.

use keyhook_host::inspect::inspect;

/// An input is a file.
pub fn check(data: &[u8]) {
    let Ok(tag) = inspect(data) else { return };
    assert!(tag.build.chars().all(|character| !character.is_control()));
    assert!(data.starts_with(b"\x7fELF\x02\x01"));
    let holds = |text: &[u8]| data.windows(text.len()).any(|window| window == text);
    assert!(holds(b"KHPLUG\r\n") && holds(b"KEYHOOK_PLUGIN_ABI_TAG\0") && holds(b"keyhook_plugin_entry_v1\0"));
    let end = loaded_end(data);
    assert!(end <= data.len(), "a segment ends at {end} of {}", data.len());
    if end > 0 {
        assert!(inspect(&data[..end - 1]).is_err(), "a file without its last loaded byte");
    }
}

/// Where the last segment ends in the file (ELF-64, little-endian).
fn loaded_end(data: &[u8]) -> usize {
    let number = |at: usize, length: usize| data[at..at + length].iter().rev().fold(0_u64, |value, byte| value << 8 | u64::from(*byte));
    let index = |value: u64| usize::try_from(value).unwrap();
    let (table, size, count) = (index(number(32, 8)), index(number(54, 2)), index(number(56, 2)));
    (0..count).map(|at| table + at * size).map(|at| index(number(at + 8, 8) + number(at + 32, 8))).max().unwrap_or_default()
}
