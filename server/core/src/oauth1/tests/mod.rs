//! OAuth 1.0a as its RFC has it, and what the earlier systems did wrong.
#![allow(clippy::unwrap_used, reason = "a test may fail by panicking")]

mod check;
mod collect;
mod errors;
mod random;
mod rfc;

use super::*;

/// A request over http without anything.
const GET: SignedRequest<'static> = SignedRequest {
    method: "GET",
    scheme: "http",
    authority: "example.com",
    path: "/",
    query: None,
    authorization: None,
    form_body: None,
    body_other: None,
};

/// A header that is whole.
const HEADER: &str =
    r#"OAuth oauth_consumer_key="k",oauth_signature_method="HMAC-SHA1",oauth_timestamp="1",oauth_nonce="n",oauth_signature="s""#;

/// The same as a query or form.
const FORM: &str = "oauth_consumer_key=k&oauth_signature_method=HMAC-SHA1&oauth_timestamp=1&oauth_nonce=n&oauth_signature=s";

fn collected(request: &SignedRequest<'_>) -> Parameters {
    Parameters::collect(request).unwrap().unwrap()
}

fn base_of(request: &SignedRequest<'_>) -> String {
    BaseString::of(request, &collected(request)).as_str().to_owned()
}

/// What is signed of the parameters that are not of the protocol, decoded once: `a=1&b=2`.
fn own_parameters(request: &SignedRequest<'_>) -> String {
    let base = base_of(request);
    let parameters = encoding::decode(base.rsplit_once('&').unwrap().1.as_bytes()).unwrap();
    parameters.split('&').filter(|pair| !pair.starts_with("oauth_")).collect::<Vec<_>>().join("&")
}
