//! `Content-Type`, `Accept` and single header fields: one media type is a form, and what stands there twice counts as nothing.

use keyhook_core::error_code::ErrorCode;

use crate::decode;
use crate::parts::lines;
use crate::requests::request;

/// Lines: `Content-Type`, a second one (empty for none), `Accept`, the body.
pub fn check(data: &[u8]) {
    let [kind, second, accept, body] = lines(data);
    let mut fields = vec![("content-type", kind), ("accept", accept)];
    if !second.is_empty() {
        fields.push(("content-type", second));
    }
    let Some(request) = request(&fields, body) else { return };
    let legible = |value: &[u8]| value.iter().all(|byte| *byte == b'\t' || (b' '..=b'~').contains(byte));
    let is_form = second.is_empty() && legible(kind) && {
        let essence = kind.iter().position(|byte| *byte == b';').map_or(kind, |at| &kind[..at]);
        essence.trim_ascii().eq_ignore_ascii_case(b"application/x-www-form-urlencoded")
    };
    let expected = decode::form(body, 256).filter(|_| is_form);
    match request.form() {
        Ok(form) => {
            let found: Vec<_> = form.iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
            assert_eq!(Some(found), expected);
        }
        Err(error) => assert!(expected.is_none() && error.code == ErrorCode::InvalidRequest, "{error}"),
    }
    let single = request.header("content-type").map(str::as_bytes);
    assert_eq!(single, (second.is_empty() && legible(kind)).then_some(kind));
    let says = |media: &str| legible(accept) && String::from_utf8_lossy(accept).contains(media);
    assert_eq!(request.wants_json(), says("application/json") && !says("text/html"));
}
