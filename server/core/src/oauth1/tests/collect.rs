//! What is taken from a request, and what is refused (RFC 5849 §3.1, §3.4.1.3, §3.5).

use super::*;

fn refused(request: &SignedRequest<'_>) -> Oauth1Error {
    let error = Parameters::collect(request).unwrap_err();
    assert_eq!(error.status(), 400, "RFC 5849 §3.2: {error}");
    error
}

/// The earlier system crashed on every such header.
#[test]
fn a_header_of_another_scheme_is_somebody_elses() {
    for authorization in [
        "",
        " ",
        "Basic",
        "Basic YTpi",
        "Bearer abc",
        "Bearer oauth_consumer_key=\"k\"",
        "Digest username=\"a\", realm=\"b\"",
        "OAuth2 x",
        "oauth_consumer_key=\"k\"",
        "Negotiate =\"",
        "\u{e9}\"=,,",
    ] {
        let request = SignedRequest { authorization: Some(authorization), ..GET };
        assert!(Parameters::collect(&request).unwrap().is_none(), "{authorization}");
        let query = SignedRequest { query: Some(FORM), ..request };
        assert_eq!(collected(&query).source(), Source::Query, "beside {authorization}");
    }
}

#[test]
fn a_request_that_is_not_signed_may_be_malformed_as_it_likes() {
    for query in ["", "q=100%", "%", "&&=&", "a=%zz", "oauth_token=t", "oauth_callback=x", "xoauth_consumer_key=k", "q=oauth_consumer_key"]
    {
        let request = SignedRequest { query: Some(query), form_body: Some(b"%%"), ..GET };
        assert!(Parameters::collect(&request).unwrap().is_none(), "{query}");
    }
}

/// RFC 5849 §3.5: one and only one place.
#[test]
fn protocol_parameters_in_two_places_are_refused() {
    for (header, query, body) in [
        (HEADER, FORM, ""),
        (HEADER, "", FORM),
        ("", FORM, FORM),
        (HEADER, "oauth_token=t", ""),
        (HEADER, "", "oauth_anything=1"),
        (HEADER, "%6Fauth_token=t", ""),
        ("", FORM, "oauth_token=t"),
    ] {
        let request = SignedRequest { authorization: Some(header), query: Some(query), form_body: Some(body.as_bytes()), ..GET };
        assert_eq!(refused(&request).problem, Problem::ParameterRejected, "{header} {query} {body}");
    }
    let realm_alone = SignedRequest { authorization: Some("OAuth realm=\"x\""), query: Some(FORM), ..GET };
    assert_eq!((collected(&realm_alone).source(), collected(&realm_alone).realm()), (Source::Query, Some("x")));
}

/// RFC 5849 §3.1: each parameter MUST NOT appear more than once.
#[test]
fn a_protocol_parameter_that_came_twice_is_refused() {
    for again in
        ["oauth_token=a&oauth_token=a", "oauth_nonce=n", "oauth_signature=s", "oauth_signature=", "oauth%5Fnonce=m", "oauth_x=1&oauth_x=2"]
    {
        let query = format!("{FORM}&{again}");
        assert_eq!(refused(&SignedRequest { query: Some(&query), ..GET }).problem, Problem::ParameterRejected, "{again}");
        let header = format!("{HEADER}, {}\"", again.replace('=', "=\"").replace('&', "\", "));
        assert_eq!(refused(&SignedRequest { authorization: Some(&header), ..GET }).problem, Problem::ParameterRejected, "{header}");
    }
    let header = format!("{HEADER}, realm=\"a\", realm=\"b\"");
    assert_eq!(refused(&SignedRequest { authorization: Some(&header), ..GET }).problem, Problem::ParameterRejected);
}

/// RFC 5849 §3.2: missing parameters are 400, and the answer names them.
#[test]
fn a_parameter_that_is_missing_or_empty_is_named() {
    for name in ["oauth_consumer_key", "oauth_signature_method", "oauth_signature"] {
        let without: Vec<_> = FORM.split('&').filter(|pair| pair.split('=').next() != Some(name)).collect();
        for query in [without.join("&"), format!("{}&{name}=", without.join("&"))] {
            let error = refused(&SignedRequest { query: Some(&query), ..GET });
            assert_eq!((error.problem, error.parameter), (Problem::ParameterAbsent, Some(name)), "{query}");
        }
    }
    let bare = refused(&SignedRequest { authorization: Some("OAuth"), ..GET });
    assert_eq!(bare.parameter, Some("oauth_consumer_key"));
}

/// RFC 5849 §3.3. The earlier systems ended with a 500 at such a timestamp.
#[test]
fn a_timestamp_is_a_positive_integer_and_nothing_else() {
    for wrong in ["", "0", "-1", "+1", "1.5", "1e9", "abc", "01", "%201", "18446744073709551616", "99999999999999999999999999", "١"] {
        let query = FORM.replace("timestamp=1", &format!("timestamp={wrong}"));
        let error = refused(&SignedRequest { query: Some(&query), ..GET });
        assert_eq!((error.problem, error.parameter), (Problem::ParameterRejected, Some("oauth_timestamp")), "{wrong}");
    }
    let query = FORM.replace("timestamp=1", "timestamp=18446744073709551615");
    assert_eq!(collected(&SignedRequest { query: Some(&query), ..GET }).timestamp(), Some(u64::MAX));
}

/// RFC 5849 §3.1: the version MUST be 1.0 if it is there.
#[test]
fn the_version_is_1_0_or_absent() {
    for (version, accepted) in [("1.0", true), ("1.0a", false), ("1", false), ("2.0", false), ("", false)] {
        let query = format!("{FORM}&oauth_version={version}");
        let found = Parameters::collect(&SignedRequest { query: Some(&query), ..GET });
        assert_eq!(found.is_ok(), accepted, "{version}");
        assert!(
            found.is_ok_and(|found| found.is_some())
                || refused(&SignedRequest { query: Some(&query), ..GET }).problem == Problem::VersionRejected
        );
    }
}

#[test]
fn values_that_nobody_needs_are_refused() {
    let long = "x".repeat(256);
    for (name, value) in [
        ("oauth_nonce", ""),
        ("oauth_nonce", &long),
        ("oauth_token", &long),
        ("oauth_token", "a%00"),
        ("oauth_token", "a%0Ab"),
        ("oauth_token", "%FF"),
        ("oauth_callback", &long.repeat(9)),
    ] {
        let query = format!("{}&{name}={value}", FORM.replace("&oauth_nonce=n", ""));
        assert_eq!(refused(&SignedRequest { query: Some(&query), ..GET }).parameter, Some(name), "{value}");
    }
    let empty_token = format!("{FORM}&oauth_token=&oauth_callback=&oauth_verifier=");
    let parameters = collected(&SignedRequest { query: Some(&empty_token), ..GET });
    assert!(parameters.token().is_none() && parameters.callback().is_none() && parameters.verifier().is_none());
}

#[test]
fn too_many_parameters_and_too_long_requests_are_refused() {
    let many = |count: usize| format!("{FORM}{}", "&a=1".repeat(count));
    assert!(Parameters::collect(&SignedRequest { query: Some(&many(900)), ..GET }).is_ok());
    assert!(Parameters::collect(&SignedRequest { query: Some(&many(1000)), ..GET }).is_err());
    let long = format!("{FORM}&a={}", "x".repeat(70_000));
    assert!(Parameters::collect(&SignedRequest { query: Some(&long), ..GET }).is_err());
    assert!(Parameters::collect(&SignedRequest { form_body: Some(long.as_bytes()), ..GET }).is_ok());
}

/// The earlier system dropped whatever contained these five letters.
#[test]
fn only_the_realm_itself_is_the_realm() {
    let header = format!("{HEADER}, realm=\"Photos, \\\"mine\\\"\", oauth_callback=\"http%3A%2F%2Frealm.com%2F\", xrealm=\"1\"");
    let request = SignedRequest { authorization: Some(&header), query: Some("realm=signed"), ..GET };
    let parameters = collected(&request);
    assert_eq!((parameters.realm(), parameters.callback()), (Some("Photos, \"mine\""), Some("http://realm.com/")));
    assert_eq!(own_parameters(&request), "realm=signed&xrealm=1", "a realm in the query is a parameter like any other");
}

/// RFC 5849 §3.4.1.3.2: decode, encode, sort.
#[test]
fn awkward_parameters_are_normalized_in_the_one_way() {
    for (query, expected) in [
        ("", ""),
        ("a", "a="),
        ("a=", "a="),
        ("=", "="),
        ("=1", "=1"),
        ("a=1&&b=2&", "a=1&b=2"),
        ("a==", "a=%3D"),
        ("b=1&a=2", "a=2&b=1"),
        ("a=2&a=1&a=", "a=&a=1&a=2"),
        ("a=1&a=1", "a=1&a=1"),
        ("a=+%20%2B", "a=%20%20%2B"),
        ("a=~&b=%7E", "a=~&b=~"),
        ("a=%2541", "a=%2541"),
        ("%61=1&a%62=2", "a=1&ab=2"),
        ("a=%c3%a9%E2%98%83", "a=%C3%A9%E2%98%83"),
        ("a=%FF", "a=%FF"),
        ("a=!*'();:@,/?", "a=%21%2A%27%28%29%3B%3A%40%2C%2F%3F"),
        ("a1=1&a=2&a%20=3&A=4", "A=4&a=2&a%20=3&a1=1"),
        ("a=%80&a=z&a=%7B", "a=%7B&a=%80&a=z"),
        ("a=%26b%3D2", "a=%26b%3D2"),
        ("a=1;b=2", "a=1%3Bb%3D2"),
        ("foauth_x=1", "foauth_x=1"),
    ] {
        let in_query = SignedRequest { query: Some(query), authorization: Some(HEADER), ..GET };
        assert_eq!(own_parameters(&in_query), expected, "{query}");
        let in_body = SignedRequest { query: None, form_body: Some(query.as_bytes()), ..in_query };
        assert_eq!(base_of(&in_body), base_of(&in_query), "{query}");
    }
    for wrong in ["%", "a=%4", "%zz=1", "a=100%&b"] {
        let request = SignedRequest { query: Some(wrong), authorization: Some(HEADER), ..GET };
        assert_eq!(refused(&request).problem, Problem::ParameterRejected, "{wrong}");
    }
}

/// RFC 5849 §3.5.1: a plus sign in the header is a plus sign; other characters may come as they are.
#[test]
fn values_of_the_header_are_percent_decoded_and_no_more() {
    let header = HEADER.replace("nonce=\"n\"", "nonce=\"a+b%20c/d=,%2c\"");
    let parameters = collected(&SignedRequest { authorization: Some(&header), ..GET });
    assert_eq!(parameters.nonce(), Some("a+b c/d=,,"));
    let other = format!("{HEADER}, xoauth_requestor_id=\"a%40b\"");
    assert_eq!(own_parameters(&SignedRequest { authorization: Some(&other), ..GET }), "xoauth_requestor_id=a%40b");
}

/// RFC 5849 §3.4.1.2.
#[test]
fn scheme_host_and_port_are_normalized_and_the_path_is_not() {
    let uri = |scheme, authority, path| {
        let request = SignedRequest { scheme, authority, path, authorization: Some(HEADER), ..GET };
        encoding::decode(base_of(&request).split('&').nth(1).unwrap().as_bytes()).unwrap()
    };
    for (scheme, authority, path, expected) in [
        ("HTTP", "A.Test", "", "http://a.test/"),
        ("http", "a.test:80", "/", "http://a.test/"),
        ("http", "a.test:443", "/", "http://a.test:443/"),
        ("https", "a.test:443", "/", "https://a.test/"),
        ("https", "a.test:80", "/", "https://a.test:80/"),
        ("http", "a.test:", "/", "http://a.test/"),
        ("http", "a.test:080", "/", "http://a.test/"),
        ("http", "[::1]", "/", "http://[::1]/"),
        ("http", "[::FFFF]:80", "/", "http://[::ffff]/"),
        ("http", "[::1]:8080", "/", "http://[::1]:8080/"),
        ("http", "a.test", "/A%2fb/%7e//../;x=1", "http://a.test/A%2fb/%7e//../;x=1"),
    ] {
        assert_eq!(uri(scheme, authority, path), expected);
    }
}

/// RFC 5849 §3.4.1.1, item 1.
#[test]
fn the_method_is_in_capitals_and_encoded() {
    for (method, expected) in [("get", "GET"), ("PATCH", "PATCH"), ("x-my method", "X-MY%20METHOD")] {
        let request = SignedRequest { method, authorization: Some(HEADER), ..GET };
        assert_eq!(base_of(&request).split('&').next(), Some(expected));
    }
}

#[test]
fn what_is_secret_does_not_show_itself() {
    let query = format!("{}&oauth_token=toktok&oauth_verifier=verver&password=hush", FORM.replace("signature=s", "signature=sigsig"));
    let request = SignedRequest { query: Some(&query), ..GET };
    let unverified = Unverified::read(&request).unwrap().unwrap();
    let shown = format!("{request:?} {unverified:?} {:?}", unverified.base_string());
    assert!(!["toktok", "verver", "hush", "sigsig"].iter().any(|secret| shown.contains(secret)), "{shown}");
}
