//! Each mistake that clients make, and what is said to it.
#![allow(clippy::unwrap_used, reason = "a test may fail by panicking")]

use super::*;

const OURS: &str = "POST&https%3A%2F%2Fapi.test%2Fa%252Fb&a%3D1%2520~2%26b%3D%26c%3Dx%252By%26oauth_consumer_key%3Dk%26oauth_nonce%3Dn";

fn cause_of(theirs: &str) -> String {
    Diagnosis::of(OURS, theirs).unwrap().cause
}

#[test]
fn equal_base_strings_have_no_diagnosis() {
    assert_eq!(Diagnosis::of(OURS, OURS), None);
}

#[test]
fn the_first_byte_that_differs_is_named() {
    assert_eq!(Diagnosis::of("GET&a&b", "GET&c&b").unwrap().first_difference, 4);
    let shorter = Diagnosis::of(OURS, &OURS[..20]).unwrap();
    assert_eq!(shorter.first_difference, 20);
    assert!(shorter.to_string().starts_with("the first difference is at byte 20: "));
}

#[test]
fn each_mistake_is_named() {
    let with = |from: &str, to: &str| {
        assert!(OURS.contains(from), "{from}");
        OURS.replace(from, to)
    };
    for (theirs, words) in [
        (format!(" {OURS}\n"), "white space"),
        (with("POST", "post"), "in capitals"),
        (with("POST", "GET"), "they signed GET, and POST arrived"),
        (with("https", "http"), "a proxy ends TLS"),
        (with("https", "HTTPS"), "the scheme has to be in lower case"),
        (with("api.test", "API.test"), "the host has to be in lower case"),
        (with("api.test", "api.test%3A443"), "the port :443 is the default of https"),
        (with("api.test", "api.test%3A8443"), "the port differs"),
        (with("api.test", "other.test"), "the host differs"),
        (with("%2Fa%252Fb", "%2Fa%252Fb%2F"), "a slash at the end"),
        (with("%2Fa%252Fb", "%2Fa%252fb"), "upper and lower case"),
        (with("%2Fa%252Fb", "%2Fa%25252Fb"), "once too often"),
        (with("%2Fa%252Fb", "%2Fa%2Fb"), "they signed the decoded path"),
        (with("%2Fa%252Fb", ""), "an empty path"),
        (with("%2Fa%252Fb", "%2Fprefix%2Fa%252Fb"), "a prefix"),
        (with("%2Fa%252Fb", "%2Fa%252Fb%3Fa%3D1"), "the query belongs among the parameters"),
        (with("https%3A%2F%2Fapi.test%2Fa%252Fb", "https%253A%252F%252Fapi.test%252Fa%25252Fb"), "encoded the URI twice"),
        (with("a%3D1", "a=1").replace("%26", "&"), "more than two &"),
        (with("&", "%26"), "encoded the whole"),
        (with("%2520", "%252520"), "once too often"),
        (with("1%2520~2", "1%20~2"), "they did not encode it"),
        (with("%252B", "%252b"), "capitals"),
        (with("~", "%257E"), "~ - . _ are not encoded"),
        (with("1%2520~2", "3"), "other parameters or values"),
        (with("%2520", "%252B"), "a + in a query or form is a space"),
        (with("%252B", "%2520"), "send %2B"),
        (with("%26b%3D%26", "%26b%26"), "has no = in theirs"),
        (with("%26b%3D%26", "%26"), "theirs has not `b`"),
        (format!("{OURS}%26z%3D1"), "theirs has `z` too"),
        (format!("{OURS}%26oauth_signature%3DAAAA"), "oauth_signature itself"),
        (format!("{OURS}%26realm%3DPhotos"), "the realm of the header"),
        (with("%26oauth_consumer_key%3Dk%26oauth_nonce%3Dn", "%26oauth_nonce%3Dn%26oauth_consumer_key%3Dk"), "another order"),
    ] {
        let cause = cause_of(&theirs);
        assert!(cause.contains(words), "{theirs}\n{cause}\n{words}");
    }
}
