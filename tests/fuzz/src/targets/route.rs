//! Routes: paths are compared byte for byte, nothing is decoded or normalized, and a pattern's parameters put together again are the path.

use std::sync::Arc;

use http::Method;
use keyhook_component::BoxFuture;
use keyhook_component::context::Context;
use keyhook_component::endpoint::{Endpoint, RoutePattern};
use keyhook_component::request::Request;
use keyhook_component::response::Response;
use keyhook_component::settings::Settings;
use keyhook_core::authorize::Refusal;
use keyhook_edge::dispatch::{Found, RouteTable};
use keyhook_edge::{Metrics, RouteConflict};

use crate::stage::settings;

/// An endpoint that is there to be found; its name is where it answers.
struct Spot {
    name: String,
    method: Option<Method>,
    path: String,
}

impl Endpoint for Spot {
    fn name(&self) -> &str {
        &self.name
    }

    fn routes(&self, _: &Settings) -> Vec<RoutePattern> {
        vec![(self.method.clone(), self.path.clone())]
    }

    fn answer<'a>(&'a self, _: &'a Request, _: &'a Context) -> BoxFuture<'a, Result<Response, Refusal>> {
        unreachable!("routes are looked up, not asked")
    }
}

/// Lines of `METHOD path`: what is asked for, then what there is.
pub fn check(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let mut lines = text.lines().map(|line| line.split_once(' ').unwrap_or((line, ""))).take(9);
    let Some((method, path)) = lines.next() else { return };
    let Ok(method) = Method::from_bytes(method.as_bytes()) else { return };
    let there: Vec<(Option<Method>, &str)> =
        lines.filter_map(|(method, path)| Some((if method == "*" { None } else { Some(Method::from_bytes(method.as_bytes()).ok()?) }, path))).collect();
    let endpoints: Vec<Arc<dyn Endpoint>> = there
        .iter()
        .enumerate()
        .map(|(at, (method, path))| Arc::new(Spot { name: at.to_string(), method: method.clone(), path: (*path).to_owned() }) as _)
        .collect();
    let twice = there.iter().enumerate().any(|(at, one)| there[..at].contains(one));
    let table = match RouteTable::build(&endpoints, &settings(), &Metrics::new()) {
        Ok(table) => table,
        Err(RouteConflict::Twice { path, .. }) => return assert!(twice && there.iter().any(|(_, other)| *other == path)),
        Err(RouteConflict::Pattern { path, owner, .. }) => return assert!(there.iter().any(|(_, other)| *other == path) && !owner.is_empty()),
    };
    assert!(!twice, "one of two wins silently");
    assert!(there.iter().all(|(_, path)| path.starts_with('/') && path.bytes().all(|byte| byte.is_ascii_graphic() && !b"?#".contains(&byte))));
    found(&table, &there, &method, path);
}

fn found(table: &RouteTable, there: &[(Option<Method>, &str)], method: &Method, path: &str) {
    let exact = there.iter().any(|(_, other)| *other == path && !other.contains(['{', '}']));
    let answers = |own: &Option<Method>, others: &str| match own {
        Some(own) if own == method => true,
        Some(own) => own == Method::GET && method == Method::HEAD && !there.contains(&(Some(Method::HEAD), others)),
        None => true,
    };
    match table.find(method, path) {
        Found::Target(target, parameters) => {
            let (own, pattern) = &there[target.endpoint.name().parse::<usize>().unwrap()];
            assert!(answers(own, pattern), "{method} {path} reached {own:?} {pattern}");
            if exact {
                assert_eq!(*pattern, path);
            }
            // Doubled braces are braces; in a parameter's name they mean nothing good and do no harm.
            if !pattern.contains("{{") && !pattern.contains("}}") {
                assert_eq!(filled(pattern, &parameters), path);
            }
            let within_a_segment = parameters.iter().all(|(_, value)| !value.contains('/'));
            assert!(within_a_segment || pattern.contains("{*"), "{path} by {pattern}");
        }
        Found::MethodNotAllowed(allow) => {
            assert!(!allow.is_empty());
            assert!(!exact || !there.iter().any(|(own, other)| *other == path && answers(own, other)));
        }
        Found::Nothing => assert!(!exact || there.iter().all(|(own, other)| *other != path || !answers(own, other)), "{method} {path}"),
    }
}

/// A pattern with its parameters filled in.
fn filled(pattern: &str, parameters: &[(String, String)]) -> String {
    let (mut out, mut rest, mut values) = (String::new(), pattern, parameters.iter());
    while let Some(at) = rest.find('{') {
        out.push_str(&rest[..at]);
        let end = rest.find('}').unwrap();
        let (name, value) = values.next().unwrap();
        assert_eq!(rest[at + 1..end].trim_start_matches('*'), name);
        out.push_str(value);
        rest = &rest[end + 1..];
    }
    assert!(values.next().is_none());
    out + rest
}
