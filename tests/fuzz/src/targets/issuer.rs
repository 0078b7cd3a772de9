//! Issuer identifiers and `prompt` (RFC 8414 §2, OpenID Connect Core §3.1.2.1): one spelling, the same for every reader.

use keyhook_core::{Issuer, Prompt};
use url::{Host, Url};

/// An input is both.
pub fn check(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    if let Ok(issuer) = Issuer::parse(text) {
        accepted(&issuer, text);
    }
    let words: Vec<&str> = text.split(' ').collect();
    let known = ["none", "login", "consent", "select_account"];
    let alone = !words.contains(&"none") || words.iter().all(|word| *word == "none");
    let prompt = Prompt::parse(text);
    assert_eq!(prompt.is_ok(), alone && words.iter().all(|word| known.contains(word)), "{text:?}");
    let Ok(prompt) = prompt else { return };
    let found = [prompt.none(), prompt.login(), prompt.consent(), prompt.select_account()];
    assert_eq!(found, known.map(|word| words.contains(&word)));
}

fn accepted(issuer: &Issuer, text: &str) {
    assert_eq!(issuer.as_str(), text);
    let url = Url::parse(text).unwrap();
    assert!(matches!(url.scheme(), "https" | "http"));
    let loopback = match url.host().unwrap() {
        Host::Domain(name) => name == "localhost",
        Host::Ipv4(address) => address.is_loopback(),
        Host::Ipv6(address) => address.is_loopback(),
    };
    assert!(url.scheme() == "https" || loopback);
    assert!(url.query().is_none() && url.fragment().is_none() && url.username().is_empty() && url.password().is_none());
    assert!(!text.ends_with('/') && text.bytes().all(|byte| byte.is_ascii_graphic()), "{text:?}");
    assert_eq!(format!("{}{}", issuer.origin(), issuer.path()), text);
    assert!(issuer.path().is_empty() || issuer.path().starts_with('/'));
    assert_eq!(issuer.origin(), url.origin().ascii_serialization());
    assert_eq!(issuer.path(), url.path().trim_end_matches('/'));
    assert_eq!(issuer.host(), &issuer.origin()[url.scheme().len() + 3..]);
    for place in [issuer.endpoint("/token"), format!("{}{}", issuer.origin(), issuer.well_known_path("x"))] {
        let place = Url::parse(&place).unwrap();
        assert_eq!((place.origin(), place.fragment()), (url.origin(), None));
    }
}
