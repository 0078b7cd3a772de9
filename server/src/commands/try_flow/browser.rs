//! A small HTTP/1.1 client with a cookie jar that speaks to one origin only, the issuer's. It follows nothing by itself.

use std::collections::BTreeMap;
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, Method, Request, StatusCode, header};
use http_body_util::{BodyExt as _, Full, Limited};
use hyper_util::rt::TokioIo;
use keyhook_core::issuer::Issuer;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;

use super::tls;
use super::transcript::Transcript;
use crate::failure::{Exit, Failure};

/// How long an answer may take.
const PATIENCE: Duration = Duration::from_secs(30);
/// Longest body that is read.
const LONGEST: usize = 1 << 20;

/// An answer.
pub(super) struct Answer {
    pub(super) status: StatusCode,
    pub(super) headers: HeaderMap,
    pub(super) body: Bytes,
}

impl Answer {
    pub(super) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }

    pub(super) fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }
}

/// How the client proves who it is.
#[derive(Clone, Copy)]
pub(super) enum Credentials<'a> {
    /// Id and secret (RFC 6749 §2.3.1).
    Basic(&'a str, &'a str),
    /// A header of OAuth 1.0a (RFC 5849 §3.5.1).
    Signed(&'a str),
}

/// The client.
pub(super) struct Browser {
    origin: String,
    https: bool,
    host: String,
    port: u16,
    cookies: BTreeMap<String, String>,
    pub(super) transcript: Transcript,
}

impl Browser {
    /// # Errors
    /// `KH0322` for an issuer that is neither https nor on loopback.
    pub(super) fn new(issuer: &Issuer, transcript: Transcript) -> Result<Browser, Failure> {
        let authority = issuer.origin().split_once("://").map_or(issuer.origin(), |(_, rest)| rest);
        let uri: Option<http::uri::Authority> = authority.parse().ok();
        let host = uri.as_ref().map_or(authority, http::uri::Authority::host).trim_matches(['[', ']']).to_owned();
        let https = issuer.is_https();
        if !https && !matches!(host.as_str(), "localhost" | "127.0.0.1" | "::1") {
            let failure = Failure::new(
                "KH0322",
                Exit::Usage,
                format!("{issuer} is not https, and secrets go over plain http on this machine only", issuer = issuer.as_str()),
            );
            return Err(failure.help("name the https issuer with --issuer"));
        }
        let port = uri.and_then(|authority| authority.port_u16()).unwrap_or(if https { 443 } else { 80 });
        Ok(Browser { origin: issuer.origin().to_owned(), https, host, port, cookies: BTreeMap::new(), transcript })
    }

    /// The path and query of an address on this origin; `None` for every other address.
    pub(super) fn local<'a>(&self, address: &'a str) -> Option<&'a str> {
        if address.starts_with('/') && !address.starts_with("//") {
            return Some(address);
        }
        address.strip_prefix(&self.origin).filter(|rest| rest.starts_with('/'))
    }

    /// Follows a link: sends the cookies.
    pub(super) async fn get(&mut self, target: &str) -> Result<Answer, Failure> {
        self.send(Method::GET, target, None, &[]).await
    }

    /// Sends a form, with the client's credentials if there are some.
    pub(super) async fn post(
        &mut self,
        target: &str,
        credentials: Option<Credentials<'_>>,
        form: &[(String, String)],
    ) -> Result<Answer, Failure> {
        self.send(Method::POST, target, credentials, form).await
    }

    async fn send(
        &mut self,
        method: Method,
        target: &str,
        credentials: Option<Credentials<'_>>,
        form: &[(String, String)],
    ) -> Result<Answer, Failure> {
        self.transcript.asked(method.as_str(), target, credentials, form);
        let unreachable = |why: String| {
            let way_out = if why.contains("certificate") {
                "name the authority that signed it: SSL_CERT_FILE=ca.pem keyhook try …"
            } else {
                "start it with `keyhook dev`, or see `keyhook status`"
            };
            Failure::new("KH0320", Exit::Unreachable, format!("{} does not answer: {why}", self.origin)).help(way_out)
        };
        let request = self.request(&method, target, credentials, form).map_err(|error| unreachable(error.to_string()))?;
        let answer = tokio::time::timeout(PATIENCE, self.exchange(request)).await;
        let answer = answer.unwrap_or_else(|_| Err(format!("no answer within {} s", PATIENCE.as_secs()))).map_err(unreachable)?;
        for cookie in answer.headers.get_all(header::SET_COOKIE).iter().filter_map(|value| value.to_str().ok()) {
            self.keep(cookie);
        }
        self.transcript.answered(&answer);
        Ok(answer)
    }

    fn request(
        &self,
        method: &Method,
        target: &str,
        credentials: Option<Credentials<'_>>,
        form: &[(String, String)],
    ) -> Result<Request<Full<Bytes>>, http::Error> {
        let authority = self.origin.split_once("://").map_or(self.origin.as_str(), |(_, rest)| rest);
        let mut request = Request::builder().method(method).uri(target).header(header::HOST, authority).header(header::CONNECTION, "close");
        if let Some(Credentials::Signed(header)) = credentials {
            request = request.header(header::AUTHORIZATION, header);
        } else if let Some(Credentials::Basic(id, secret)) = credentials {
            // Each of the two is form-encoded before they are joined (RFC 6749 §2.3.1).
            let encoded: Vec<String> = [id, secret].iter().map(|part| form_urlencoded::byte_serialize(part.as_bytes()).collect()).collect();
            request = request.header(
                header::AUTHORIZATION,
                format!("Basic {}", base64::Engine::encode(&base64::engine::general_purpose::STANDARD, encoded.join(":"))),
            );
        } else if !self.cookies.is_empty() {
            let all: Vec<String> = self.cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
            request = request.header(header::COOKIE, all.join("; "));
        }
        if *method == Method::GET {
            return request.body(Full::new(Bytes::new()));
        }
        let body = form_urlencoded::Serializer::new(String::new()).extend_pairs(form).finish();
        request.header(header::CONTENT_TYPE, "application/x-www-form-urlencoded").body(Full::new(body.into()))
    }

    async fn exchange(&self, request: Request<Full<Bytes>>) -> Result<Answer, String> {
        let stream = TcpStream::connect((self.host.as_str(), self.port)).await.map_err(|error| error.to_string())?;
        if self.https { speak(tls::connect(&self.host, stream).await?, request).await } else { speak(stream, request).await }
    }

    fn keep(&mut self, set_cookie: &str) {
        let (pair, attributes) = set_cookie.split_once(';').unwrap_or((set_cookie, ""));
        let Some((name, value)) = pair.split_once('=') else { return };
        if attributes.to_ascii_lowercase().contains("max-age=0") {
            self.cookies.remove(name);
        } else {
            self.cookies.insert(name.to_owned(), value.to_owned());
        }
    }
}

async fn speak(stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static, request: Request<Full<Bytes>>) -> Result<Answer, String> {
    let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream)).await.map_err(|error| error.to_string())?;
    tokio::spawn(connection);
    let response = sender.send_request(request).await.map_err(|error| error.to_string())?;
    let (parts, body) = response.into_parts();
    let body = Limited::new(body, LONGEST).collect().await.map_err(|error| error.to_string())?.to_bytes();
    Ok(Answer { status: parts.status, headers: parts.headers, body })
}
