//! The one stylesheet of the pages, named by its content so that browsers may keep it.

use http::{HeaderValue, Method, StatusCode, header};
use keyhook_component::context::Context;
use keyhook_component::endpoint::{Endpoint, RoutePattern};
use keyhook_component::request::Request;
use keyhook_component::response::Response;
use keyhook_component::settings::Settings;
use keyhook_component::{BoxFuture, component};
use keyhook_core::authorize::Refusal;

use super::at;
use crate::pages::STYLESHEET;

/// `GET /static/keyhook.css`.
#[derive(Clone, Copy, Debug, Default)]
pub struct StylesheetEndpoint;

component!(Endpoint: StylesheetEndpoint);

impl Endpoint for StylesheetEndpoint {
    fn name(&self) -> &'static str {
        "stylesheet"
    }

    fn routes(&self, settings: &Settings) -> Vec<RoutePattern> {
        vec![(Some(Method::GET), at(settings, "/static/keyhook.css"))]
    }

    fn answer<'a>(&'a self, _: &'a Request, _: &'a Context) -> BoxFuture<'a, Result<Response, Refusal>> {
        let response = Response::text(StatusCode::OK, STYLESHEET)
            .with(header::CONTENT_TYPE, HeaderValue::from_static("text/css; charset=utf-8"))
            .with(header::CACHE_CONTROL, HeaderValue::from_static("public, max-age=31536000, immutable"));
        Box::pin(std::future::ready(Ok(response)))
    }
}
