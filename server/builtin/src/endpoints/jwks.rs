//! The public keys with which everybody verifies JWTs (RFC 7517 §5, RFC 8414 §2).

use http::{HeaderValue, Method, StatusCode, header};
use keyhook_component::context::Context;
use keyhook_component::endpoint::{Endpoint, RoutePattern};
use keyhook_component::request::Request;
use keyhook_component::response::Response;
use keyhook_component::settings::Settings;
use keyhook_component::{BoxFuture, component};
use keyhook_core::authorize::Refusal;
use keyhook_core::metadata::Metadata;

use super::at;
use crate::signing;

/// The endpoint. Before the first JWT was asked for the set is empty: no stranger makes the server make keys.
#[derive(Clone, Copy, Debug, Default)]
pub struct JwksEndpoint;

component!(Endpoint: JwksEndpoint);

impl Endpoint for JwksEndpoint {
    fn name(&self) -> &'static str {
        "jwks"
    }

    fn routes(&self, settings: &Settings) -> Vec<RoutePattern> {
        vec![(Some(Method::GET), at(settings, &settings.paths.jwks))]
    }

    fn describe(&self, settings: &Settings, metadata: &mut Metadata) {
        metadata.endpoint("jwks_uri", &settings.issuer, &settings.paths.jwks);
    }

    fn answer<'a>(&'a self, _: &'a Request, context: &'a Context) -> BoxFuture<'a, Result<Response, Refusal>> {
        Box::pin(async move {
            let set = signing::published(context).await?;
            let mut response = Response::empty(StatusCode::OK)
                .with(header::CONTENT_TYPE, HeaderValue::from_static("application/jwk-set+json"))
                .with(header::CACHE_CONTROL, HeaderValue::from_static("public, max-age=300"))
                .with(header::ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*"));
            response.body = set.json().into();
            Ok(response)
        })
    }
}
