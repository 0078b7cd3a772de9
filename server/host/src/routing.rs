//! Who answers where: the server's own URLs win, a plugin has `/x/<plugin>/` for itself, and no URL has two owners.

use std::collections::BTreeMap;

use keyhook_component::endpoint::RoutePattern;
use matchit::Router;

use crate::plugin::PluginSettings;
use crate::refusal::Refusal;
use crate::table::RouteDescription;

/// Patterns and their owners.
#[derive(Clone)]
pub(crate) struct Routing {
    built_in: Router<String>,
    /// Methods and owner, by the pattern with its parameters' names left out.
    plugins: BTreeMap<String, Vec<(String, String)>>,
    patterns: Router<()>,
    /// URLs of the server that plugins answer with the operator's consent.
    pub(crate) overridden: Vec<String>,
}

impl Routing {
    /// Starts with the server's own.
    pub(crate) fn new(built_in: &[(RoutePattern, String)]) -> Routing {
        let mut router = Router::new();
        for ((_, pattern), owner) in built_in {
            // The same path with another method is there already.
            let _ = router.insert(nameless(pattern), owner.clone());
        }
        Routing { built_in: router, plugins: BTreeMap::new(), patterns: Router::new(), overridden: Vec::new() }
    }

    /// Gives a plugin its routes, all or none.
    ///
    /// # Errors
    /// [`Refusal::RouteTaken`].
    pub(crate) fn claim(&mut self, plugin: &str, routes: &[RouteDescription], settings: &PluginSettings) -> Result<(), Refusal> {
        let consents: Vec<bool> = routes.iter().map(|route| settings.routes.contains(&route.path)).collect();
        for (route, consent) in routes.iter().zip(&consents) {
            self.check(plugin, route, *consent)?;
        }
        // Two patterns of the plugin's own may overlap: then it gets none.
        let mut next = self.clone();
        for (route, consent) in routes.iter().zip(&consents) {
            let pattern = nameless(&route.path);
            if *consent && next.built_in.at(&route.path).is_ok() {
                next.overridden.push(route.path.clone());
            }
            if !next.plugins.contains_key(&pattern) {
                next.patterns.insert(pattern.clone(), ()).map_err(|error| taken(route, &error.to_string()))?;
            }
            next.plugins.entry(pattern).or_default().push((route.method.clone(), plugin.to_owned()));
        }
        *self = next;
        Ok(())
    }

    fn check(&self, plugin: &str, route: &RouteDescription, consent: bool) -> Result<(), Refusal> {
        if !consent {
            if let Ok(found) = self.built_in.at(&route.path) {
                return Err(taken(route, &format!("the server ({})", found.value)));
            }
            let namespace = route.path.strip_prefix("/x/").and_then(|rest| rest.split('/').next());
            if namespace.is_some_and(|owner| owner != plugin) {
                let owner = namespace.unwrap_or_default();
                return Err(taken(route, &format!("nobody but a plugin named `{owner}`: /x/<plugin>/ is its own")));
            }
        }
        let pattern = nameless(&route.path);
        let Some(owners) = self.plugins.get(&pattern) else {
            let is_free = self.patterns.clone().insert(pattern, ()).is_ok();
            return if is_free { Ok(()) } else { Err(taken(route, "a plugin with a pattern that overlaps")) };
        };
        let overlap = |method: &str| method == "*" || route.method == "*" || method == route.method;
        match owners.iter().find(|(method, _)| overlap(method)) {
            Some((_, owner)) => Err(taken(route, &format!("plugin `{owner}`"))),
            None => Ok(()),
        }
    }
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
