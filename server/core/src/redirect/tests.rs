use super::*;

#[test]
fn https_loopback_and_private_use_schemes_can_be_registered() {
    for uri in [
        "https://app.test/cb",
        "https://app.test",
        "https://app.test:8443/cb?x=1&x=&y",
        "https://app.test:443/cb",
        "https://app.test/%63b",
        "https://xn--pp-8ia.test/cb",
        "http://127.0.0.1/cb",
        "http://127.0.0.1:8080/cb",
        "http://[::1]/cb",
        "http://[::1]:9/cb",
        "http://localhost:3000/cb",
        "com.example.app:/cb",
        "com.example.app://cb/x",
    ] {
        assert_eq!(RedirectUri::parse(uri).map(|uri| uri.to_string()), Ok(uri.to_owned()));
    }
}

/// RFC 6749 §3.1.2, RFC 8252 §7, RFC 9700 §2.1 and §4.1: attacks RU-04, 05, 08, 10, 12, 16.
#[test]
fn what_could_be_led_elsewhere_cannot_be_registered() {
    use RedirectUriError as E;
    for (uri, why) in [
        ("", E::NotAbsolute),
        ("/cb", E::NotAbsolute),
        ("//app.test/cb", E::NotAbsolute),
        ("https://", E::NotAbsolute),
        ("https://app.test/cb#frag", E::Fragment),
        ("https://app.test/cb#", E::Fragment),
        ("https://*.app.test/cb", E::Wildcard),
        ("https://app.test/*", E::Wildcard),
        ("https://app.test@evil.test/cb", E::UserInfo),
        ("https://@evil.test/cb", E::UserInfo),
        ("https://app.test:443@evil.test/cb", E::UserInfo),
        ("https://evil.test\\@app.test/cb", E::Characters),
        ("https://app.test/c b", E::Characters),
        ("https://app.test/\r\nx", E::Characters),
        ("https://app.test/\0", E::Characters),
        ("https://app.test/\t", E::Characters),
        (" https://app.test/cb", E::Characters),
        ("https://аpp.test/cb", E::Characters),
        ("https://app．test/cb", E::Characters),
        ("https://app.test/\u{202e}cb", E::Characters),
        ("https://app.test/\"><script>", E::Characters),
        ("http://app.test/cb", E::InsecureHttp),
        ("http://127.0.0.1.evil.test/cb", E::InsecureHttp),
        ("http://127.0.0.2/cb", E::InsecureHttp),
        ("http://localhost.evil.test/cb", E::InsecureHttp),
        ("http://127.1/cb", E::Authority),
        ("http://2130706433/cb", E::Authority),
        ("http://0x7f000001/cb", E::Authority),
        ("https://APP.test/cb", E::Authority),
        ("https://%61pp.test/cb", E::Authority),
        ("https://app.test:0443/cb", E::Authority),
        ("https://app.test:/cb", E::Authority),
        ("https:/app.test/cb", E::Authority),
        ("https:app.test/cb", E::Authority),
        ("https:///app.test/cb", E::Authority),
        ("HTTPS://app.test/cb", E::Scheme),
        ("COM.EXAMPLE.APP:/cb", E::Scheme),
        ("javascript:alert(1)", E::Scheme),
        ("data:text/html,x", E::Scheme),
        ("vbscript:x", E::Scheme),
        ("blob:https://app.test/x", E::Scheme),
        ("file:///etc/passwd", E::Scheme),
        ("about:blank", E::Scheme),
        ("ftp://app.test/cb", E::Scheme),
        ("myapp://cb", E::Scheme),
        ("com.example.app:", E::Scheme),
        ("https://app.test/x/../cb", E::DotSegment),
        ("https://app.test/cb/%2e%2E/evil", E::DotSegment),
        ("https://app.test/cb/..;/evil", E::DotSegment),
        ("com.example.app:/cb/../x", E::DotSegment),
    ] {
        assert_eq!(RedirectUri::parse(uri).map(|_| ()), Err(why), "{uri}");
    }
    assert_eq!(RedirectUri::parse(&format!("https://app.test/{}", "a".repeat(LONGEST))).map(|_| ()), Err(RedirectUriError::TooLong));
}

#[test]
fn a_stored_uri_is_checked_again_when_it_is_read() {
    assert!(serde_json::from_str::<RedirectUri>("\"https://app.test/cb\"").is_ok());
    assert!(serde_json::from_str::<RedirectUri>("\"javascript:alert(1)\"").is_err());
}

#[test]
fn every_refusal_of_a_redirect_uri_has_words_of_its_own() {
    use RedirectUriError as E;
    let all = [
        E::NotAbsolute,
        E::TooLong,
        E::Characters,
        E::Fragment,
        E::Wildcard,
        E::UserInfo,
        E::InsecureHttp,
        E::Scheme,
        E::Authority,
        E::DotSegment,
    ];
    let words: std::collections::BTreeSet<_> = all.iter().map(ToString::to_string).collect();
    assert_eq!(words.len(), all.len(), "{words:?}");
}

/// RFC 8252 §7.3: `http` is for the loopback interface.
#[test]
fn only_a_loopback_uri_is_http() {
    for (uri, loopback) in
        [("http://[::1]:7/cb", true), ("http://127.0.0.1/cb", true), ("https://app.test/cb", false), ("com.example.app:/cb", false)]
    {
        assert_eq!(RedirectUri::parse(uri).unwrap().is_loopback(), loopback, "{uri}");
    }
}
