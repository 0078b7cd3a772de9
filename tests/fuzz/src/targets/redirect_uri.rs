//! Redirect URIs (RFC 6749 §3.1.2, RFC 8252 §7.3, RFC 9700 §2.1): what may be registered is read by a browser as it is written, and
//! what is accepted is registered, byte for byte but for the port of a loopback address.

use keyhook_core::{Application, Client, ClaimError, RedirectUri};
use url::Url;

use crate::parts::texts;

/// Lines: two registered URIs, the one that a request names.
pub fn check(data: &[u8]) {
    let Some([first, second, sent]) = texts(data) else { return };
    let registered: Vec<RedirectUri> = [first, second].iter().filter_map(|text| registered(text)).collect();
    for application in [Application::Web, Application::Native] {
        let mut client = Client::public("app", "App");
        (client.application, client.redirect_uris) = (application, registered.clone());
        claimed(&client, sent);
        for own in &registered {
            assert_eq!(client.claim(Some(own.as_str())).unwrap().as_str(), own.as_str());
        }
        match client.claim(None) {
            Ok(only) => assert_eq!(vec![only.as_str()], registered.iter().map(RedirectUri::as_str).collect::<Vec<_>>()),
            Err(ClaimError::Missing { registered: count }) => assert!(count == registered.len() && count != 1),
            Err(other) => panic!("{other}"),
        }
    }
}

fn registered(text: &str) -> Option<RedirectUri> {
    let uri = RedirectUri::parse(text).ok()?;
    assert_eq!(uri.as_str(), text);
    assert!(text.len() <= 2048 && text.bytes().all(|byte| byte.is_ascii_graphic() && !b"\"#*<>\\^`{|}".contains(&byte)), "{text:?}");
    let url = Url::parse(text).unwrap();
    assert!(url.fragment().is_none() && url.username().is_empty() && url.password().is_none());
    match url.scheme() {
        "https" | "http" => {
            let host = url.host_str().unwrap();
            let after = text.strip_prefix(url.scheme()).unwrap().strip_prefix("://").unwrap().strip_prefix(host).unwrap();
            assert!(after.is_empty() || after.starts_with(['/', '?', ':']), "another host: {text:?}");
            assert!(url.scheme() == "https" || ["localhost", "127.0.0.1", "[::1]"].contains(&host), "{text:?}");
            assert!(!text.contains('@') || text.find('@') > text[8..].find(['/', '?']).map(|at| at + 8), "{text:?}");
            let path = after.split('?').next().unwrap().trim_start_matches(|c: char| c == ':' || c.is_ascii_digit());
            assert_eq!(url.path(), if path.is_empty() { "/" } else { path }, "a browser would ask for another path");
            assert_eq!(uri.is_loopback(), url.scheme() == "http");
        }
        private => assert!(private.contains('.') && text.starts_with(private) && uri.is_custom_scheme(), "{text:?}"),
    }
    let again: RedirectUri = serde_json::from_value(serde_json::to_value(&uri).unwrap()).unwrap();
    assert_eq!(again, uri);
    Some(uri)
}

/// A loopback URI without its port, if it is one of a host whose port is free.
fn without_port(text: &str, native: bool) -> Option<String> {
    let hosts = ["127.0.0.1", "[::1]", "localhost"];
    let host = hosts.iter().take(if native { 3 } else { 2 }).find(|host| text.starts_with(&format!("http://{host}")))?;
    let rest = &text["http://".len() + host.len()..];
    let end = rest.find(['/', '?']).unwrap_or(rest.len());
    let (port, rest) = rest.split_at(end);
    // Written as a browser prints it: no sign, no leading zero, not 0, not past 65535.
    let is_port = |text: &str| text.parse::<u16>().is_ok_and(|port| port > 0 && port.to_string() == text);
    (port.is_empty() || port.strip_prefix(':').is_some_and(is_port)).then(|| format!("http://{host}{rest}"))
}

fn claimed(client: &Client, sent: &str) {
    let native = client.application == Application::Native;
    let same = |uri: &RedirectUri| {
        uri.as_str() == sent || without_port(sent, native).is_some_and(|bare| without_port(uri.as_str(), native) == Some(bare))
    };
    let claim = client.claim(Some(sent));
    assert_eq!(claim.is_ok(), client.redirect_uris.iter().any(same), "{sent:?} {:?}", client.redirect_uris);
    let target = match claim {
        Ok(target) => target,
        Err(error) => return assert!(!error.to_string().contains('\n')),
    };
    assert_eq!(target.as_str(), sent);
    // Where the user ends, with whatever is added, is where the registered one leads.
    let value = "a b&c=d#e?f/%é\r\n";
    let location = target.with_params(&[("code", value), ("state", "")]);
    assert!(location.starts_with(sent) && location.bytes().all(|byte| byte.is_ascii_graphic()), "{location:?}");
    let (there, plain) = (Url::parse(&location).unwrap(), Url::parse(sent).unwrap());
    assert_eq!((there.scheme(), there.host(), there.port(), there.path()), (plain.scheme(), plain.host(), plain.port(), plain.path()));
    assert_eq!(there.fragment(), None);
    let added: Vec<_> = there.query_pairs().skip(plain.query_pairs().count()).collect();
    assert_eq!(added, [("code".into(), value.into()), ("state".into(), "".into())]);
    assert!(!target.host_for_people().is_empty());
}
