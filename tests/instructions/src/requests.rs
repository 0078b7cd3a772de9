//! The scenarios: a request that is sent again and again on one connection.

use std::fmt::Write as _;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

/// Requests of the run that only pays for the start.
pub(crate) const FEW: usize = 200;
/// Requests of the run that is counted against it.
pub(crate) const MANY: usize = 1200;

/// What is counted.
pub(crate) struct Scenario {
    /// Its name in the baseline.
    pub(crate) name: &'static str,
    /// Whether a plugin with a hook on the token response is loaded.
    pub(crate) plugin: bool,
    /// How the answer begins.
    pub(crate) status: &'static str,
    /// Method and target, and the body of a form.
    request: fn(&Known) -> (String, Option<String>),
}

/// What a request may name.
pub(crate) struct Known {
    /// Where the server listens.
    pub(crate) port: u16,
    /// The secret of the client `counted`.
    pub(crate) client_secret: String,
    /// A live access token.
    pub(crate) access_token: String,
}

const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";

/// All of them.
pub(crate) const SCENARIOS: [Scenario; 5] = [
    Scenario { name: "token", plugin: false, status: "HTTP/1.1 200", request: token },
    Scenario { name: "token, one hook", plugin: true, status: "HTTP/1.1 200", request: token },
    Scenario {
        name: "introspection",
        plugin: false,
        status: "HTTP/1.1 200",
        request: |known| ("POST /introspect".to_owned(), Some(format!("token={}", known.access_token))),
    },
    Scenario {
        name: "metadata",
        plugin: false,
        status: "HTTP/1.1 200",
        request: |_| ("GET /.well-known/oauth-authorization-server".to_owned(), None),
    },
    // The client, its redirect URIs with the port of a loopback address, scopes and PKCE, up to the page for signing in.
    Scenario {
        name: "authorization request",
        plugin: false,
        status: "HTTP/1.1 303",
        request: |_| {
            let client = "client_id=native&redirect_uri=http%3A%2F%2F127.0.0.1%3A49152%2Fcb&scope=read&state=s";
            (format!("GET /authorize?response_type=code&{client}&code_challenge_method=S256&code_challenge={CHALLENGE}"), None)
        },
    },
];

fn token(_: &Known) -> (String, Option<String>) {
    ("POST /token".to_owned(), Some("grant_type=client_credentials&scope=read".to_owned()))
}

impl Scenario {
    /// The bytes to send.
    pub(crate) fn bytes(&self, known: &Known) -> Vec<u8> {
        let (target, form) = (self.request)(known);
        let mut request = format!("{target} HTTP/1.1\r\nhost: localhost:{}\r\n", known.port);
        if let Some(form) = form {
            let basic = STANDARD.encode(format!("counted:{}", known.client_secret));
            let _ = write!(request, "authorization: Basic {basic}\r\ncontent-type: application/x-www-form-urlencoded\r\n");
            let _ = write!(request, "content-length: {}\r\n\r\n{form}", form.len());
        } else {
            request += "\r\n";
        }
        request.into_bytes()
    }
}
