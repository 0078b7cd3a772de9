//! Who answers where: the server's own URLs win, a plugin has `/x/<plugin>/` for itself, and no URL has two owners.

use keyhook_component::endpoint::RoutePattern;
use matchit::Router;

use crate::plugin::PluginSettings;
use crate::refusal::{Clash, Refusal};
use crate::table::RouteDescription;

/// Patterns and their owners.
#[derive(Clone)]
pub(crate) struct Routing {
    built_in: Router<String>,
    claims: Vec<Claim>,
    /// URLs of the server that plugins answer with the operator's consent.
    pub(crate) overridden: Vec<String>,
}

/// A route that a plugin has.
#[derive(Clone)]
struct Claim {
    method: String,
    path: String,
    plugin: String,
}

impl Routing {
    /// Starts with the server's own.
    pub(crate) fn new(built_in: &[(RoutePattern, String)]) -> Routing {
        let mut router = Router::new();
        for ((_, pattern), owner) in built_in {
            // The same path with another method is there already.
            let _ = router.insert(nameless(pattern), owner.clone());
        }
        Routing { built_in: router, claims: Vec::new(), overridden: Vec::new() }
    }

    /// Gives a plugin its routes, all or none.
    ///
    /// # Errors
    /// [`Refusal::RouteTaken`], [`Refusal::RouteClash`].
    pub(crate) fn claim(&mut self, plugin: &str, routes: &[RouteDescription], settings: &PluginSettings) -> Result<(), Refusal> {
        let mut next = self.clone();
        for route in routes {
            if settings.routes.contains(&route.path) {
                if next.built_in.at(&route.path).is_ok() {
                    next.overridden.push(route.path.clone());
                }
            } else {
                next.check(plugin, route)?;
            }
            next.check_claims(plugin, route)?;
            next.claims.push(Claim { method: route.method.clone(), path: route.path.clone(), plugin: plugin.to_owned() });
        }
        *self = next;
        Ok(())
    }

    /// Against the server's own URLs and other plugins' namespaces.
    fn check(&self, plugin: &str, route: &RouteDescription) -> Result<(), Refusal> {
        if let Ok(found) = self.built_in.at(&route.path) {
            return Err(taken(route, &format!("the server ({})", found.value)));
        }
        let namespace = route.path.strip_prefix("/x/").and_then(|rest| rest.split('/').next());
        match namespace.filter(|owner| *owner != plugin) {
            Some(owner) => Err(taken(route, &format!("nobody but a plugin named `{owner}`: /x/<plugin>/ is its own"))),
            None => Ok(()),
        }
    }

    /// Against what plugins have, this one too.
    fn check_claims(&self, plugin: &str, route: &RouteDescription) -> Result<(), Refusal> {
        let clashes = |claim: &Claim| Some((clash(claim, route)?, claim.clone()));
        let Some((kind, claim)) = self.claims.iter().find_map(clashes) else { return Ok(()) };
        let is_own = claim.plugin == plugin;
        let owner = if is_own { "this plugin itself".to_owned() } else { format!("plugin `{}`", claim.plugin) };
        Err(Refusal::RouteClash { route: route.to_string(), other: format!("{} {}", claim.method, claim.path), owner, kind })
    }
}

/// Whether both cannot be, and why. An exact path is asked before every pattern, so only two of a kind clash.
fn clash(claim: &Claim, route: &RouteDescription) -> Option<Clash> {
    let (one, other) = (nameless(&claim.path), nameless(&route.path));
    if one == other && (claim.method == "*" || route.method == "*" || claim.method == route.method) {
        return Some(Clash::Same);
    }
    if claim.path == route.path || !claim.path.contains('{') || !route.path.contains('{') || fit(&claim.path, &route.path) {
        return None;
    }
    Some(if one == other || fit(&one, &other) { Clash::Names } else { Clash::Overlap })
}

/// Whether a router takes both patterns.
fn fit(one: &str, other: &str) -> bool {
    let mut router = Router::new();
    router.insert(one, ()).and_then(|()| router.insert(other, ())).is_ok()
}

fn taken(route: &RouteDescription, owner: &str) -> Refusal {
    Refusal::RouteTaken { route: route.to_string(), owner: owner.to_owned() }
}

/// `/users/{id}` and `/users/{name}` are the same place.
fn nameless(pattern: &str) -> String {
    let segments = pattern.split('/').map(|segment| match segment.find('{') {
        Some(at) if segment[at..].starts_with("{*") => format!("{}{{*p}}", &segment[..at]),
        Some(at) => {
            let end = segment[at..].find('}').map_or(segment.len(), |end| at + end + 1);
            format!("{}{{p}}{}", &segment[..at], &segment[end..])
        }
        None => segment.to_owned(),
    });
    let mut count = 0;
    let numbered = segments.map(|segment| {
        count += 1;
        segment.replace("{p}", &format!("{{p{count}}}"))
    });
    numbered.collect::<Vec<_>>().join("/")
}
