//! [`Fetch`] over hyper, with rustls and the roots that Mozilla trusts.

use std::error::Error;
use std::fmt::Write as _;
use std::sync::Arc;

use bytes::Bytes;
use http::{Request, Response};
use http_body_util::{BodyExt as _, Full, Limited};
use hyper_rustls::{ConfigBuilderExt as _, HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::{TokioExecutor, TokioTimer};
use rustls::ClientConfig;

use crate::fetch::{BoxFuture, Fetch, FetchError, LONGEST_ANSWER};
use crate::setup::SetupError;

/// Sends requests over HTTPS, and over HTTP where the guard allows it. It knows no proxy and no cookie, and follows no redirect.
#[derive(Clone, Debug)]
pub struct HttpsFetch {
    client: Client<HttpsConnector<HttpConnector>, Full<Bytes>>,
}

impl HttpsFetch {
    /// Trusts the certificate authorities that Mozilla trusts.
    ///
    /// # Errors
    /// When the TLS library lacks what TLS 1.2 and 1.3 need.
    pub fn new() -> Result<HttpsFetch, SetupError> {
        // The provider is named: a program with several of them compiled in has no default one.
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let config = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .map_err(|_| SetupError::value("TLS", "the provider knows no safe protocol version"))?;
        Ok(HttpsFetch::with_tls(config.with_webpki_roots().with_no_client_auth()))
    }

    /// Trusts what a configuration says; its ALPN list must be empty.
    pub fn with_tls(config: ClientConfig) -> HttpsFetch {
        let connector = HttpsConnectorBuilder::new().with_tls_config(config).https_or_http().enable_http1().build();
        let client = Client::builder(TokioExecutor::new()).pool_timer(TokioTimer::new()).build(connector);
        HttpsFetch { client }
    }

    async fn once(&self, request: Request<Bytes>) -> Result<Response<Bytes>, Failed> {
        let answer = self.client.request(request.map(Full::new)).await.map_err(|error| Failed {
            // A connection from the pool that the server had closed; a new one may do.
            again: !error.is_connect(),
            error: FetchError(chain(&error)),
        })?;
        let (parts, body) = answer.into_parts();
        let body = Limited::new(body, LONGEST_ANSWER).collect().await;
        let body = body.map_err(|error| Failed { again: false, error: FetchError(format!("the answer cannot be read: {error}")) })?;
        Ok(Response::from_parts(parts, body.to_bytes()))
    }
}

/// A try that failed.
struct Failed {
    again: bool,
    error: FetchError,
}

impl Fetch for HttpsFetch {
    fn fetch(&self, request: Request<Bytes>) -> BoxFuture<'_, Result<Response<Bytes>, FetchError>> {
        Box::pin(async move {
            let second = request.clone();
            match self.once(request).await {
                Err(failed) if failed.again => self.once(second).await.map_err(|failed| failed.error),
                result => result.map_err(|failed| failed.error),
            }
        })
    }
}

/// An error with its causes; hyper's own words name none of them.
fn chain(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut next = error.source();
    while let Some(cause) = next {
        // Writing to a string cannot fail.
        let _ = write!(text, ": {cause}");
        next = cause.source();
    }
    text
}
