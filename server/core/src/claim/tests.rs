#![allow(clippy::unwrap_used, reason = "a test may fail by panicking")]
use super::*;

const URI: &str = "https://app.test/cb";

fn client(uris: &[&str]) -> Client {
    let mut client = Client::public("app", "App");
    client.redirect_uris = uris.iter().map(|uri| RedirectUri::parse(uri).unwrap()).collect();
    client
}

fn native(uris: &[&str]) -> Client {
    Client { application: Application::Native, ..client(uris) }
}

/// RFC 9700 §2.1, simple string comparison: attacks RU-01 to RU-16.
#[test]
fn only_the_registered_bytes_are_accepted() {
    let client = native(&[URI, "com.example.app:/cb"]);
    assert_eq!(client.claim(Some(URI)).unwrap().as_str(), URI);
    for attack in [
        "",
        "https://evil.test/cb",
        "https://app.test/cb/",
        "https://app.test/cb?",
        "https://app.test/cb?x=1",
        "https://app.test/cb#",
        "https://app.test/cb#frag",
        "https://app.test/cb/../evil",
        "https://app.test/x/../cb",
        "https://app.test/cb/%2e%2e/evil",
        "https://app.test/cb/..;/evil",
        "https://app.test@evil.test/cb",
        "https://evil.test\\@app.test/cb",
        "https://app.test:443@evil.test/cb",
        "https://app.test:443/cb",
        "http://app.test/cb",
        "https://аpp.test/cb",
        "https://app．test/cb",
        "https://app.test/c\u{ad}b",
        "https://app.test/%63b",
        "https://app.test/%2563b",
        "https://app.test%2Fcb",
        "javascript:alert(1)",
        "https://app.test.evil.test/cb",
        "https://evilapp.test/cb",
        "https://evil.test/?u=https://app.test/cb",
        "HTTPS://app.test/cb",
        "https://APP.TEST/cb",
        " https://app.test/cb",
        "https://app.test/cb ",
        "https://app.test/cb\r\n",
        "com.example.app://evil/cb",
        "COM.EXAMPLE.APP:/cb",
        "com.example.app:/cb/../x",
    ] {
        assert!(client.claim(Some(attack)).is_err(), "{attack:?}");
    }
}

/// RFC 8252 §7.3: attack RU-13.
#[test]
fn the_port_of_a_loopback_address_is_free_and_nothing_else_is() {
    for (registered, sent) in [
        ("http://127.0.0.1/cb", "http://127.0.0.1:49152/cb"),
        ("http://127.0.0.1:80/cb?x", "http://127.0.0.1/cb?x"),
        ("http://[::1]:9/cb", "http://[::1]:65535/cb"),
        ("http://127.0.0.1", "http://127.0.0.1:1"),
    ] {
        assert_eq!(client(&[registered]).claim(Some(sent)).unwrap().as_str(), sent);
    }
    let client = client(&["http://127.0.0.1:8080/cb"]);
    for attack in [
        "http://127.0.0.1:8081/cb/",
        "http://127.0.0.1:0/cb",
        "http://127.0.0.1:00080/cb",
        "http://127.0.0.1:65536/cb",
        "http://127.0.0.1:/cb",
        "http://127.0.0.1:+80/cb",
        "http://127.0.0.1:80@evil.test/cb",
        "http://127.0.0.1@evil.test/cb",
        "http://127.0.0.1.evil.test/cb",
        "http://127.0.0.1:8080.evil.test/cb",
        "http://127.0.0.1:8080\\@evil.test/cb",
        "http://127.0.0.11:8080/cb",
        "http://[::1]:8080/cb",
        "http://localhost:8080/cb",
        "https://127.0.0.1:8080/cb",
    ] {
        assert!(client.claim(Some(attack)).is_err(), "{attack:?}");
    }
}

/// RFC 8252 §8.3: localhost may resolve to something else; attack RU-15.
#[test]
fn the_port_of_localhost_is_free_for_native_clients_only() {
    let uris = ["http://localhost:3000/cb"];
    assert!(native(&uris).claim(Some("http://localhost:4000/cb")).is_ok());
    assert!(client(&uris).claim(Some("http://localhost:4000/cb")).is_err());
    assert!(client(&uris).claim(Some(uris[0])).is_ok());
    assert!(client(&[URI]).claim(Some("http://127.0.0.1:4000/cb")).is_err());
}

/// The port of anything but a loopback address counts (RFC 9700 §2.1).
#[test]
fn the_port_of_another_host_is_not_free() {
    assert!(native(&["https://app.test:8443/cb"]).claim(Some("https://app.test:9443/cb")).is_err());
}

/// RFC 6749 §3.1.2.3: attack RU-17.
#[test]
fn it_may_be_left_out_only_if_exactly_one_is_registered() {
    assert_eq!(client(&[URI]).claim(None).unwrap().as_str(), URI);
    assert_eq!(client(&[]).claim(None), Err(ClaimError::Missing { registered: 0 }));
    assert_eq!(client(&[URI, "https://app.test/2"]).claim(None), Err(ClaimError::Missing { registered: 2 }));
}

#[test]
fn a_refusal_names_the_nearest_one_and_the_difference() {
    for (sent, expected) in [
        ("https://app.test/cb/", "trailing slash"),
        ("https://app.test/CB", "upper and lower case"),
        ("http://app.test/cb", "scheme"),
        ("https://www.app.test/cb", "host"),
        ("https://app.test:8443/cb", "port"),
        ("https://app.test/callback", "path"),
        ("https://app.test/cb?x=1", "query"),
        ("https://app.test/cb#a", "it has a fragment"),
        ("https://me@app.test/cb", "it has a user name"),
        ("https://app.test:443/cb", "spelling, such as percent-encoding or an explicit default port"),
        ("cb", "it is not a URI"),
    ] {
        let Err(ClaimError::NotRegistered { nearest, differs }) = client(&["https://b.test/", URI]).claim(Some(sent)) else {
            panic!("{sent} was accepted");
        };
        if sent.starts_with("https://app") {
            assert_eq!(nearest.as_deref(), Some(URI), "{sent}");
        }
        let alone = client(&[URI]).claim(Some(sent)).unwrap_err();
        assert_eq!(alone, ClaimError::NotRegistered { nearest: Some(URI.to_owned()), differs: expected }, "{sent}");
        assert!(!differs.is_empty());
    }
    let error = OAuthError::from(client(&[URI]).claim(Some("https://app.test/cb/")).unwrap_err());
    assert_eq!(error.kh, kh::REDIRECT_NOT_REGISTERED);
    assert!(error.cause.as_ref().unwrap().contains("trailing slash"));
    assert!(!String::from_utf8(error.json()).unwrap().contains("app.test"), "the answer reflects nothing");
}

/// RFC 6749 §3.1.2: an existing query MUST be retained.
#[test]
fn parameters_are_appended_and_the_registered_query_stays_byte_for_byte() {
    for (uri, expected) in [
        ("https://app.test/cb", "https://app.test/cb?code=a+b%26%23&iss=https%3A%2F%2Fi.test"),
        ("https://app.test/cb?", "https://app.test/cb?code=a+b%26%23&iss=https%3A%2F%2Fi.test"),
        ("https://app.test/cb?x=1&x=&y=%2f", "https://app.test/cb?x=1&x=&y=%2f&code=a+b%26%23&iss=https%3A%2F%2Fi.test"),
        ("https://app.test/cb?x&", "https://app.test/cb?x&code=a+b%26%23&iss=https%3A%2F%2Fi.test"),
        ("com.example.app:/cb", "com.example.app:/cb?code=a+b%26%23&iss=https%3A%2F%2Fi.test"),
    ] {
        let target = native(&[uri]).claim(Some(uri)).unwrap();
        assert_eq!(target.with_params(&[("code", "a b&#"), ("iss", "https://i.test")]), expected);
        assert_eq!(target.with_params(&[]), uri);
    }
}

#[test]
fn no_parameter_can_break_out_of_the_query() {
    let target = client(&[URI]).claim(None).unwrap();
    let located = target.with_params(&[("state", "\"><script>\r\nSet-Cookie: a\0é\u{202e}#x&code=1")]);
    assert!(located.bytes().all(|byte| byte.is_ascii_graphic()), "{located}");
    assert_eq!(located.matches('#').count() + located.matches('&').count(), 0, "{located}");
}

#[test]
fn people_are_shown_where_they_will_go() {
    for (uri, host) in [
        ("https://app.test:8443/cb?x=https://b.test", "app.test:8443"),
        ("https://app.test", "app.test"),
        ("https://app.test?x", "app.test"),
        ("http://[::1]:80/cb", "[::1]:80"),
        ("com.example.app://host/cb", "com.example.app:"),
        ("com.example.app:/cb", "com.example.app:"),
    ] {
        let target = native(&[uri]).claim(None).unwrap();
        assert_eq!(target.host_for_people(), host);
        assert_eq!(target.is_custom_scheme(), host.ends_with(':'));
        assert_eq!(target.is_loopback(), uri.starts_with("http:"));
    }
}

/// What an operator reads in the log; the client is told one thing in every case.
#[test]
fn the_log_says_how_a_redirect_uri_differs_and_the_client_hears_nothing_of_it() {
    let two = client(&[URI, "https://app.test/other"]);
    let causes = [
        (two.claim(None).unwrap_err(), "2 are registered; it may be left out if there is one"),
        (two.claim(Some("https://app.test/cB")).unwrap_err(), "the nearest is https://app.test/cb, differs: upper and lower case"),
        (client(&[]).claim(Some(URI)).unwrap_err(), "no redirect URI registered"),
    ];
    for (error, cause) in causes {
        assert!(error.to_string().contains(cause), "{error}");
        let told = OAuthError::from(error);
        assert_eq!(told.wire_description(), "the redirect_uri is missing or not registered for this client");
    }
    assert_eq!(two.claim(Some(URI)).unwrap().to_string(), URI);
}
