//! Authorization server metadata: what is registered describes itself (RFC 8414).

use std::sync::Arc;

use bytes::Bytes;
use http::{HeaderValue, Method, StatusCode, header};
use keyhook_component::context::Context;
use keyhook_component::endpoint::{Endpoint, RoutePattern};
use keyhook_component::grant::Grant;
use keyhook_component::hooks::{HookPoint, Hooks};
use keyhook_component::request::Request;
use keyhook_component::response::Response;
use keyhook_component::settings::Settings;
use keyhook_component::{BoxFuture, component};
use keyhook_core::authorize::Refusal;
use keyhook_core::client::AuthMethod;
use keyhook_core::metadata::Metadata;

/// The endpoint. It serves what [`metadata_document`] made at start.
#[derive(Clone, Copy, Debug, Default)]
pub struct MetadataEndpoint;

component!(Endpoint: MetadataEndpoint);

/// The document, for [`Context::metadata`]: the issuer, every endpoint that answers somewhere, every grant, every scope that has a
/// description; and what plugins grant and take as proof of a client.
pub fn metadata_document(settings: &Settings, endpoints: &[Arc<dyn Endpoint>], grants: &[Arc<dyn Grant>], hooks: &dyn Hooks) -> Bytes {
    let mut metadata = Metadata::new(&settings.issuer);
    metadata.list("grant_types_supported", grants.iter().filter(|grant| grant.is_offered(settings)).map(|grant| grant.grant_type()));
    metadata.list("grant_types_supported", hooks.provided(HookPoint::TokenGrant));
    if settings.tokens.implicit {
        metadata.list("grant_types_supported", ["implicit"]);
        metadata.list("response_types_supported", ["token"]);
        metadata.list("response_modes_supported", ["fragment"]);
    }
    metadata.list("scopes_supported", settings.scope_descriptions.keys().map(String::as_str));
    for endpoint in endpoints.iter().filter(|endpoint| !endpoint.routes(settings).is_empty()) {
        endpoint.describe(settings, &mut metadata);
    }
    if !hooks.provided(HookPoint::ClientAssertion).is_empty() {
        for endpoint in ["token", "introspection", "revocation"] {
            let name = format!("{endpoint}_endpoint_auth_methods_supported");
            let takes_clients = metadata.contains(&name);
            metadata.list(&name, takes_clients.then(|| AuthMethod::Assertion.name()));
        }
    }
    metadata.json().into()
}

impl Endpoint for MetadataEndpoint {
    fn name(&self) -> &'static str {
        "metadata"
    }

    fn routes(&self, settings: &Settings) -> Vec<RoutePattern> {
        let mut paths = vec![settings.issuer.well_known_path(NAME)];
        // RFC 8414 §3.1 inserts the name before the issuer's path; some clients append it.
        let appended = settings.issuer.appended_well_known_path(NAME);
        if !paths.contains(&appended) {
            paths.push(appended);
        }
        paths.into_iter().map(|path| (Some(Method::GET), path)).collect()
    }

    fn answer<'a>(&'a self, _: &'a Request, context: &'a Context) -> BoxFuture<'a, Result<Response, Refusal>> {
        Box::pin(std::future::ready(Ok(document(context.metadata.clone()))))
    }
}

const NAME: &str = "oauth-authorization-server";

/// Public, the same for everybody, and read by pages of any origin.
fn document(body: Bytes) -> Response {
    let mut response = Response::empty(StatusCode::OK)
        .with(header::CONTENT_TYPE, HeaderValue::from_static("application/json"))
        .with(header::CACHE_CONTROL, HeaderValue::from_static("public, max-age=300"))
        .with(header::ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*"));
    response.body = body;
    response
}
