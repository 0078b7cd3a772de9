//! URL handlers of plugins as endpoints of the server.

use std::borrow::Cow;
use std::sync::Arc;
use std::time::Duration;

use http::Method;
use keyhook_component::BoxFuture;
use keyhook_component::context::Context;
use keyhook_component::endpoint::{Endpoint, RoutePattern};
use keyhook_component::hooks::{HookCall, Verdict};
use keyhook_component::request::Request;
use keyhook_component::response::Response;
use keyhook_component::settings::Settings;
use keyhook_core::authorize::Refusal as Refused;
use keyhook_core::error::OAuthError;
use keyhook_plugin::abi;
use percent_encoding::percent_decode_str;
use tokio::task::spawn_blocking;
use tokio::time::Instant;
use tracing::Span;

use crate::call::{Call, Scene};
use crate::chain::Chains;
use crate::failure;
use crate::instance::Instance;
use crate::link::{denied, guarded};
use crate::stats::Fault;

/// One URL of a plugin.
pub(crate) struct PluginRoute {
    pub(crate) name: String,
    pub(crate) instance: Arc<Instance>,
    /// Index in the plugin's table.
    pub(crate) index: u32,
    pub(crate) method: Option<Method>,
    pub(crate) path: String,
    /// Method and path, for the log.
    pub(crate) shown: Arc<str>,
    pub(crate) inline: bool,
    pub(crate) timeout: Duration,
    pub(crate) chains: Arc<Chains>,
}

impl Endpoint for PluginRoute {
    fn name(&self) -> &str {
        &self.name
    }

    fn routes(&self, _: &Settings) -> Vec<RoutePattern> {
        vec![(self.method.clone(), self.path.clone())]
    }

    fn answer<'a>(&'a self, request: &'a Request, _: &'a Context) -> BoxFuture<'a, Result<Response, Refused>> {
        Box::pin(async move { self.run(request).await.map_err(refused) })
    }
}

fn refused(error: OAuthError) -> Refused {
    Refused::from(error)
}

impl PluginRoute {
    async fn run(&self, request: &Request) -> Result<Response, OAuthError> {
        let mut call = self.call(request)?;
        if self.inline {
            return route(&self.instance, self.index, &mut call);
        }
        let plugin = &self.instance.plugin;
        let Some(place) = plugin.bulkhead.enter(self.timeout).await else {
            return Err(self.late(failure::saturated(&plugin.name)));
        };
        let given_up = crate::job::GivenUp::default();
        call.cancelled = Some(given_up.flag());
        call.blocking = true;
        let deadline = Instant::now() + self.timeout;
        call.deadline = Some(deadline);
        let (instance, index, span) = (Arc::clone(&self.instance), self.index, Span::current());
        let job = spawn_blocking(move || {
            let _place = place;
            let answered = span.in_scope(|| route(&instance, index, &mut call));
            // Late by a hair is late: the plugin was told that its deadline has passed.
            (Instant::now() < deadline).then_some(answered)
        });
        match tokio::time::timeout(self.timeout, job).await {
            Ok(Ok(Some(answered))) => answered,
            Ok(Err(error)) => Err(OAuthError::server_error(format!("a plugin's handler failed: {error}")).with_kh(failure::PANICKED)),
            Ok(Ok(None)) | Err(_) => Err(self.late(failure::timed_out(&plugin.name, self.timeout))),
        }
    }

    fn call(&self, request: &Request) -> Result<Call, OAuthError> {
        let mut request = request.clone();
        for (_, value) in &mut request.path_parameters {
            *value = decoded(value);
            if value.contains(char::is_control) {
                return Err(OAuthError::invalid_request("the path holds control characters").with_kh(failure::PATH));
            }
        }
        let draft = HookCall { request: Some(Arc::new(request)), ..HookCall::default() };
        let (plugin, world) = (Arc::clone(&self.instance.plugin), Arc::clone(&self.chains.world));
        let mut call = Call::new(Scene::Route, Arc::clone(&self.shown), plugin, world, draft);
        call.chains = Some(Arc::clone(&self.chains));
        Ok(call)
    }

    fn late(&self, error: OAuthError) -> OAuthError {
        let plugin = &self.instance.plugin;
        plugin.stats.failed(Fault::Timeout, &error.to_string());
        tracing::error!(plugin = &*plugin.name, path = self.path, code = error.kh, %error, "a plugin did not answer");
        error
    }
}

/// A path parameter without its escapes (RFC 3986 §2.1); as it was sent where that is no UTF-8.
fn decoded(sent: &str) -> String {
    percent_decode_str(sent).decode_utf8().map_or_else(|_| sent.to_owned(), Cow::into_owned)
}

fn route(instance: &Instance, index: u32, call: &mut Call) -> Result<Response, OAuthError> {
    match guarded(call, |call| instance.route(index, call), interpret) {
        Some(Verdict::Respond(response)) => Ok(response),
        Some(Verdict::Deny(error)) => Err(error),
        _ => Err(failure::bad_answer(&instance.plugin.name, "a handler has to respond")),
    }
}

fn interpret(call: &mut Call, code: i32) -> Result<Option<Verdict>, OAuthError> {
    match code {
        abi::RESPOND => Ok(Some(Verdict::Respond(call.reply.take().unwrap_or_default().finish(Scene::Route)))),
        abi::CONTINUE | abi::SIGN_IN | abi::APPROVE => Err(failure::bad_answer(&call.plugin.name, "a handler has to respond")),
        other => Err(denied(call, other)),
    }
}
