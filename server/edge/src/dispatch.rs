//! The table of routes, built once per generation from what is registered: ours and plugins' alike.
//!
//! Paths compare byte for byte, without any normalization: `/token/`, `//token` and `/tok%65n` are not `/token`, so no spelling
//! of a path reaches an endpoint past a rule that names it. An exact path is found before a pattern, and then decides alone.

use std::collections::HashMap;
use std::sync::Arc;

use http::{HeaderValue, Method};
use keyhook_component::endpoint::Endpoint;
use keyhook_component::settings::Settings;
use matchit::{InsertError, Router};

use crate::metrics::{EndpointMetrics, Metrics};
use crate::origin::Origin;

/// What answers at a route.
pub struct Target {
    /// The endpoint.
    pub endpoint: Arc<dyn Endpoint>,
    /// Whether it serves people; asked once.
    pub is_page: bool,
    /// Its figures.
    pub metrics: Arc<EndpointMetrics>,
}

/// Two endpoints want the same route.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum RouteConflict {
    /// The same method at the same path.
    #[error("[KH0120] {method} {path} is wanted by both `{first}` and `{second}`; switch one off or give it another path")]
    Twice {
        /// The method, or `any method`.
        method: String,
        /// The path or pattern.
        path: String,
        /// The endpoint that came first.
        first: String,
        /// The endpoint that came second.
        second: String,
    },
    /// A pattern that is malformed or overlaps another one.
    #[error("[KH0121] the route {path} of `{owner}` cannot be used: {reason}")]
    Pattern {
        /// The path or pattern.
        path: String,
        /// The endpoint that wants it.
        owner: String,
        /// What is wrong.
        reason: String,
    },
}

/// The result of a look-up.
pub enum Found<'a> {
    /// An endpoint answers, with what its pattern matched.
    Target(&'a Arc<Target>, Vec<(String, String)>),
    /// The path exists, the method does not; the value is the `Allow` header (RFC 9110 §15.5.6).
    MethodNotAllowed(&'a HeaderValue),
    /// Nothing answers here.
    Nothing,
}

/// Routes of one generation of the server.
pub struct RouteTable {
    exact: HashMap<Box<str>, Methods>,
    patterns: Router<Methods>,
    origin: Origin,
}

impl RouteTable {
    /// Builds the table.
    ///
    /// # Errors
    /// [`RouteConflict`] when two endpoints want one route, naming both; nothing wins silently.
    pub fn build(endpoints: &[Arc<dyn Endpoint>], settings: &Settings, metrics: &Metrics) -> Result<RouteTable, RouteConflict> {
        let mut by_path: Vec<(String, Methods)> = Vec::new();
        for endpoint in endpoints {
            let target = Arc::new(Target {
                endpoint: Arc::clone(endpoint),
                is_page: endpoint.is_page(),
                metrics: metrics.endpoint(endpoint.name()),
            });
            for (method, path) in endpoint.routes(settings) {
                check_path(&path, endpoint.name())?;
                let at = by_path.iter().position(|(other, _)| *other == path).unwrap_or_else(|| {
                    by_path.push((path.clone(), Methods::default()));
                    by_path.len() - 1
                });
                by_path[at].1.insert(method, &target, &path)?;
            }
        }
        let mut table = RouteTable { exact: HashMap::new(), patterns: Router::new(), origin: Origin::of(settings.issuer.as_str()) };
        for (path, mut methods) in by_path {
            methods.finish();
            if path.contains(['{', '}']) {
                let owner = methods.owner();
                table.patterns.insert(path.as_str(), methods).map_err(|error| RouteConflict::Pattern {
                    path,
                    owner,
                    reason: unfit(&error),
                })?;
            } else {
                table.exact.insert(path.into_boxed_str(), methods);
            }
        }
        Ok(table)
    }

    /// What answers.
    pub fn find(&self, method: &Method, path: &str) -> Found<'_> {
        if let Some(methods) = self.exact.get(path) {
            return methods.find(method, Vec::new);
        }
        match self.patterns.at(path) {
            Ok(found) => {
                found.value.find(method, || found.params.iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect())
            }
            Err(_) => Found::Nothing,
        }
    }

    /// Whether anything answers at a path, whatever the method.
    pub fn knows(&self, path: &str) -> bool {
        self.exact.contains_key(path) || self.patterns.at(path).is_ok()
    }

    /// Scheme and authority of the issuer.
    pub(crate) fn origin(&self) -> &Origin {
        &self.origin
    }
}

/// The few methods of one path; a list beats a map at this size.
#[derive(Default)]
struct Methods {
    single: Vec<(Method, Arc<Target>)>,
    any: Option<Arc<Target>>,
    allow: Option<HeaderValue>,
}

impl Methods {
    fn insert(&mut self, method: Option<Method>, target: &Arc<Target>, path: &str) -> Result<(), RouteConflict> {
        let taken = match &method {
            Some(method) => self.single.iter().find(|(other, _)| other == method).map(|(_, target)| target),
            None => self.any.as_ref(),
        };
        if let Some(first) = taken {
            return Err(RouteConflict::Twice {
                method: method.map_or_else(|| "any method".to_owned(), |method| method.to_string()),
                path: path.to_owned(),
                first: first.endpoint.name().to_owned(),
                second: target.endpoint.name().to_owned(),
            });
        }
        match method {
            Some(method) => self.single.push((method, Arc::clone(target))),
            None => self.any = Some(Arc::clone(target)),
        }
        Ok(())
    }

    /// HEAD is answered wherever GET is (RFC 9110 §9.3.2); `Allow` is written once.
    fn finish(&mut self) {
        let target = |wanted: &Method| self.single.iter().find(|(method, _)| method == wanted).map(|(_, target)| Arc::clone(target));
        if let (Some(get), None) = (target(&Method::GET), target(&Method::HEAD)) {
            self.single.push((Method::HEAD, get));
        }
        let names: Vec<&str> = self.single.iter().map(|(method, _)| method.as_str()).collect();
        self.allow = HeaderValue::from_str(&names.join(", ")).ok();
    }

    fn owner(&self) -> String {
        self.single
            .first()
            .map(|(_, target)| target)
            .or(self.any.as_ref())
            .map_or_else(String::new, |target| target.endpoint.name().to_owned())
    }

    fn find(&self, method: &Method, parameters: impl FnOnce() -> Vec<(String, String)>) -> Found<'_> {
        match self.single.iter().find(|(other, _)| other == method).map(|(_, target)| target).or(self.any.as_ref()) {
            Some(target) => Found::Target(target, parameters()),
            None => self.allow.as_ref().map_or(Found::Nothing, Found::MethodNotAllowed),
        }
    }
}

/// What is wrong with a pattern.
fn unfit(error: &InsertError) -> String {
    match error {
        InsertError::Conflict { with } => format!("it shares URLs with {with}, and neither is the more exact one; change one of the two"),
        _ => "parameters are `{name}`, one in a segment, and `{*rest}` at the end".to_owned(),
    }
}

fn check_path(path: &str, owner: &str) -> Result<(), RouteConflict> {
    let visible = path.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'?' && byte != b'#');
    // matchit panics at the 26th parameter.
    let few = path.matches('{').count() <= 16;
    if path.starts_with('/') && visible && few {
        return Ok(());
    }
    let reason = "a path starts with `/` and has no space, control character, `?` or `#`, and at most 16 parameters".to_owned();
    Err(RouteConflict::Pattern { path: path.to_owned(), owner: owner.to_owned(), reason })
}
