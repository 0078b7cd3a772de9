//! Forms and queries (`application/x-www-form-urlencoded`): read exactly as a second reader reads them, refused where it refuses.

use keyhook_core::Form;
use keyhook_core::error_code::ErrorCode;

use crate::decode;

const MOST: usize = 16;

/// An input is a query.
pub fn check(data: &[u8]) {
    let form = Form::parse(data, MOST);
    let expected = decode::form(data, MOST);
    assert_eq!(form.is_ok(), expected.is_some(), "{form:?}");
    let (Ok(form), Some(expected)) = (form, expected) else { return };
    let found: Vec<_> = form.iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
    assert_eq!(found, expected);
    assert_eq!(form.is_empty(), expected.is_empty());
    again(&expected);
    for (name, _) in &expected {
        parameter(&form, &expected, name);
    }
    let names: std::collections::BTreeSet<_> = expected.iter().map(|(name, _)| name).collect();
    assert_eq!(form.no_duplicates().is_ok(), names.len() == expected.len());
    parameter(&form, &expected, "client_id");
    let legible = |name: &str| !name.is_empty() && name.bytes().all(|byte| (b' '..=b'~').contains(&byte) && !b"\"\\".contains(&byte));
    let names: Vec<&str> = found.iter().map(|(name, _)| if legible(name) { name } else { "?" }).collect();
    assert_eq!(format!("{form:?}"), format!("{names:?}"), "values are not shown");
}

/// What is written anew reads back as the same.
fn again(pairs: &[(String, String)]) {
    // A pair without name and value is no pair any more, however it was written.
    let encoded = decode::encode_form(pairs);
    let again = Form::parse(encoded.as_bytes(), MOST).unwrap();
    assert!(again.iter().eq(pairs.iter().map(|(name, value)| (name.as_str(), value.as_str()))), "{encoded}");
}

/// RFC 6749 §3.1: empty is absent, twice is refused.
fn parameter(form: &Form, pairs: &[(String, String)], name: &str) {
    let values: Vec<&str> = pairs.iter().filter(|(found, _)| found == name).map(|(_, value)| value.as_str()).collect();
    assert_eq!(form.first(name), values.first().copied());
    match (form.once(name), values.as_slice()) {
        (Ok(None), [] | [""]) => {}
        (Ok(Some(found)), [value]) => assert_eq!(found, *value),
        (Err(error), [_, _, ..]) => {
            assert_eq!(error.code, ErrorCode::InvalidRequest);
            assert!(error.wire_description() == error.description, "nothing of the request is sent back");
        }
        (found, values) => panic!("{name}: {found:?} of {values:?}"),
    }
}
