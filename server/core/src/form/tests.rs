#![allow(clippy::unwrap_used, reason = "a test may fail by panicking")]
use super::*;
use crate::ErrorCode;

fn form(input: &str) -> Form {
    Form::parse(input.as_bytes(), 100).unwrap()
}

#[test]
fn pairs_come_out_decoded_and_in_order() {
    let form = form("a=1&b=x+y%2Bz&&c&=d&a=%C3%A9");
    let pairs: Vec<_> = form.iter().collect();
    assert_eq!(pairs, [("a", "1"), ("b", "x y+z"), ("c", ""), ("", "d"), ("a", "é")]);
    assert_eq!(form.first("a"), Some("1"));
    assert!(Form::parse(b"", 1).unwrap().is_empty());
}

#[test]
fn what_cannot_be_decoded_is_refused_and_never_repaired() {
    for (input, why) in [
        (&b"a=%zz"[..], FormError::PercentEncoding),
        (b"a=%", FormError::PercentEncoding),
        (b"a=%4", FormError::PercentEncoding),
        (b"a=%+1", FormError::PercentEncoding),
        (b"%G0=a", FormError::PercentEncoding),
        (b"a=%00", FormError::Nul),
        (b"a=\0", FormError::Nul),
        (b"a=%C0%80", FormError::NotUtf8),
        (b"a=%ED%A0%80", FormError::NotUtf8),
        (b"a=%FF", FormError::NotUtf8),
        (b"a=\xff", FormError::NotUtf8),
        (b"a%C3=%A9", FormError::NotUtf8),
        (b"a=%C3&%A9=b", FormError::NotUtf8),
    ] {
        assert_eq!(Form::parse(input, 10).unwrap_err(), why, "{}", input.escape_ascii());
    }
}

#[test]
fn one_parameter_more_than_the_limit_is_refused() {
    assert!(Form::parse(b"a=1&b=2", 2).is_ok());
    assert_eq!(Form::parse(b"a=1&b=2&c=3", 2).unwrap_err(), FormError::TooMany);
    assert_eq!(OAuthError::from(FormError::TooMany).code, ErrorCode::InvalidRequest);
}

/// RFC 6749 §3.1 and §3.2: parameters MUST NOT be included more than once.
#[test]
fn a_parameter_sent_twice_is_refused_even_with_equal_or_empty_values() {
    for input in ["code=1&code=1", "code=1&code=", "code=&code=1", "code&code", "c%6Fde=1&x=2&code=3"] {
        let form = form(input);
        assert_eq!(form.once("code").unwrap_err().kh, kh::DUPLICATE_PARAMETER, "{input}");
        assert!(form.no_duplicates().is_err(), "{input}");
        assert!(form.required("code").is_err(), "{input}");
    }
    assert!(form("a=1&b=1").no_duplicates().is_ok());
}

/// RFC 6749 §3.1: parameters sent without a value MUST be treated as if they were omitted.
#[test]
fn an_empty_value_counts_as_absent() {
    let form = form("scope=&state");
    assert_eq!(form.once("scope").unwrap(), None);
    assert_eq!(form.once("state").unwrap(), None);
    let error = form.required("scope").unwrap_err();
    assert_eq!(error.wire_description(), "the parameter scope is missing");
}

#[test]
fn names_are_compared_byte_for_byte() {
    let form = form("Code=1&code[]=2&code%20=3");
    assert_eq!(form.once("code").unwrap(), None);
}

#[test]
fn neither_debug_output_nor_an_error_shows_a_value() {
    let form = form("client_secret=hush&client_secret=hush2");
    let error = form.once("client_secret").unwrap_err();
    let shown = format!("{form:?} {error} {error:?}");
    assert!(shown.contains("client_secret") && !shown.contains("hush"), "{shown}");
}

/// What is not repaired is named (RFC 6749 §3.1, §3.2).
#[test]
fn a_form_that_cannot_be_read_is_an_invalid_request_that_says_why() {
    for (body, limit, why) in [
        (&b"a=%zz"[..], 9, "the parameters are not percent-encoded correctly"),
        (b"a=%ff", 9, "the parameters are not UTF-8"),
        (b"a=%00", 9, "the parameters contain NUL"),
        (b"a=1&b=2", 1, "too many parameters"),
    ] {
        let error = Form::parse(body, limit).unwrap_err();
        let told = OAuthError::from(error);
        assert_eq!((error.to_string().as_str(), told.code, told.kh), (why, ErrorCode::InvalidRequest, kh::MALFORMED_FORM));
    }
}

#[test]
fn what_is_withheld_is_not_in_the_copy_and_the_rest_keeps_its_order() {
    let copy = form("a=1&client_secret=hush&b=2+3&a=%C3%A9").without(|name| name.ends_with("_secret"));
    assert_eq!(copy.iter().collect::<Vec<_>>(), [("a", "1"), ("b", "2 3"), ("a", "é")]);
}
