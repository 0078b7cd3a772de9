//! What a library registers, checked and owned: nothing after this trusts a table of the library's.

use keyhook_component::hooks::HookPoint;
use keyhook_plugin::abi;
use keyhook_plugin::hook_names::HOOK_POINTS;
use serde::{Deserialize, Serialize};

use crate::refusal::Refusal;

/// A plugin as its table describes it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Description {
    /// 1–64 bytes of `a-z A-Z 0-9 - _ .`.
    pub name: String,
    /// As the plugin says.
    pub version: String,
    /// In the table's order, which is the order of the indices that are called.
    pub hooks: Vec<HookDescription>,
    /// In the table's order.
    pub routes: Vec<RouteDescription>,
}

/// A hook that a plugin registers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct HookDescription {
    /// The hook's name.
    pub name: String,
    /// Lower runs first.
    pub priority: i32,
    /// `HOOK_*` bits.
    pub flags: u32,
}

/// A URL that a plugin answers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RouteDescription {
    /// Upper-case method or `*`.
    pub method: String,
    /// Path pattern.
    pub path: String,
    /// `ROUTE_*` bits.
    pub flags: u32,
}

impl HookDescription {
    /// The server's hook point of that name, unless it is a custom hook.
    pub fn point(&self) -> Option<HookPoint> {
        let is_it = |point: &HookPoint| point.name() == if point.provides() { self.point_name() } else { &self.name };
        HookPoint::ALL.into_iter().filter(|_| !self.is_custom()).find(is_it)
    }

    /// The name without what is provided: `token_grant` of `token_grant=urn:example:badge`.
    pub fn point_name(&self) -> &str {
        self.name.split_once('=').map_or(&self.name, |(point, _)| point)
    }

    /// What the plugin provides, where the hook point is one that provides.
    pub fn provision(&self) -> Option<(HookPoint, &str)> {
        let point = self.point().filter(|point| point.provides())?;
        Some((point, self.name.split_once('=')?.1))
    }

    /// Whether other plugins fire it.
    pub fn is_custom(&self) -> bool {
        self.flags & abi::HOOK_CUSTOM != 0
    }
}

impl std::fmt::Display for RouteDescription {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} {}", self.method, self.path)
    }
}

impl Description {
    /// Checks a description that was copied out of a table.
    ///
    /// # Errors
    /// [`Refusal::BadTable`], [`Refusal::UnknownHook`], [`Refusal::BadRoute`].
    pub fn check(&self) -> Result<(), Refusal> {
        if !is_name(&self.name) {
            return Err(Refusal::BadTable(format!("plugin name {:?} (1 to 64 of a-z A-Z 0-9 - _ .)", self.name)));
        }
        if is_the_servers(&self.name) {
            return Err(Refusal::BadTable(format!(
                "plugin name {:?}, under which the server's own cookies would be the plugin's",
                self.name
            )));
        }
        if self.version.len() > 64 || self.version.chars().any(char::is_control) {
            return Err(Refusal::BadTable(format!("version of plugin {:?}", self.name)));
        }
        self.hooks.iter().try_for_each(check_hook)?;
        self.routes.iter().try_for_each(check_route)?;
        for (index, route) in self.routes.iter().enumerate() {
            if self.routes[..index].iter().any(|other| other.method == route.method && other.path == route.path) {
                return Err(Refusal::BadRoute { route: route.to_string(), why: "registered twice".into() });
            }
        }
        Ok(())
    }
}

/// Whether a plugin may be called so.
pub(crate) fn is_name(name: &str) -> bool {
    (1..=64).contains(&name.len()) && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte))
}

/// A plugin sees and sets the cookies called `<plugin>-…`; the server's begin with `__Host-keyhook` and `keyhook-dev-`.
fn is_the_servers(name: &str) -> bool {
    name.starts_with("__") || ["keyhook", "keyhook-dev"].contains(&name) || name.starts_with("keyhook-dev-")
}

fn check_hook(hook: &HookDescription) -> Result<(), Refusal> {
    let known = HookPoint::ALL.map(HookPoint::name);
    if hook.is_custom() {
        return match () {
            () if !is_name(&hook.name) => Err(Refusal::BadTable(format!("custom hook {:?} (1 to 64 of a-z A-Z 0-9 - _ .)", hook.name))),
            () if known.contains(&hook.name.as_str()) => {
                Err(Refusal::BadTable(format!("custom hook {:?} has the name of one of the server's", hook.name)))
            }
            () => Ok(()),
        };
    }
    if let Some(point) = hook.point().filter(|point| point.provides()) {
        return check_provision(hook, point);
    }
    if known.contains(&hook.name.as_str()) || hook.flags & abi::HOOK_OPTIONAL != 0 {
        return Ok(());
    }
    let name = hook.name.chars().take(64).collect();
    Err(Refusal::UnknownHook { name, known: known.join(", ") })
}

/// A hook that provides says what, and nobody observes it.
fn check_provision(hook: &HookDescription, point: HookPoint) -> Result<(), Refusal> {
    let Some((_, value)) = hook.provision() else {
        return Err(Refusal::BadTable(format!("hook {:?} without what it provides: {}=…", hook.name, point.name())));
    };
    if let Some(wanted) = HOOK_POINTS.iter().find(|known| known.name == point.name() && !known.takes(value)) {
        return Err(Refusal::BadTable(format!("hook {:?} provides what is not {}", hook.name, wanted.wanted())));
    }
    if hook.flags & abi::HOOK_OBSERVER != 0 {
        return Err(Refusal::BadTable(format!("hook {:?} decides alone, there is nothing to observe", hook.name)));
    }
    Ok(())
}

/// Most parameters of a path.
const MOST_PARAMETERS: usize = 16;

fn check_route(route: &RouteDescription) -> Result<(), Refusal> {
    let refuse = |why: &str| Err(Refusal::BadRoute { route: route.to_string().chars().take(120).collect(), why: why.into() });
    let is_method = route.method == "*" || (!route.method.is_empty() && route.method.bytes().all(|byte| byte.is_ascii_uppercase()));
    if !is_method || route.method.len() > 16 {
        return refuse("the method is not an upper-case word or *");
    }
    if !route.path.starts_with('/') || route.path.len() > 512 {
        return refuse("a path starts with / and has at most 512 bytes");
    }
    if route.path.bytes().any(|byte| !byte.is_ascii_graphic() || b"?#\\\"<>".contains(&byte)) {
        return refuse("a path has no spaces, controls, ?, #, \\ or quotes");
    }
    if route.path.split('/').any(|segment| matches!(segment, "." | "..")) || route.path.contains("//") {
        return refuse("a path has no empty, . or .. segments");
    }
    // matchit panics at the 26th.
    if route.path.matches('{').count() > MOST_PARAMETERS {
        return refuse("a path has at most 16 parameters");
    }
    match matchit::Router::new().insert(route.path.as_str(), ()) {
        Ok(()) => Ok(()),
        Err(error) => refuse(&error.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_of_many_parameters_is_refused_before_the_router_panics() {
        let checked = |count: usize| {
            let path = (0..count).map(|index| format!("/{{p{index}}}")).collect::<Vec<_>>().concat();
            let routes = vec![RouteDescription { method: "GET".to_owned(), path, flags: 0 }];
            Description { name: "a".to_owned(), version: String::new(), hooks: Vec::new(), routes }.check()
        };
        assert_eq!(checked(16), Ok(()));
        for count in [17, 25, 26, 60] {
            assert!(checked(count).is_err_and(|refusal| refusal.to_string().contains("16 parameters")), "{count}");
        }
    }

    #[test]
    fn a_plugin_is_not_called_so_that_the_servers_cookies_would_be_its_own() {
        let named =
            |name: &str| Description { name: name.to_owned(), version: String::new(), hooks: Vec::new(), routes: Vec::new() }.check();
        for wrong in ["__Host-keyhook", "__Secure-x", "keyhook", "keyhook-dev", "keyhook-dev-8080", ""] {
            assert!(named(wrong).is_err(), "{wrong}");
        }
        for right in ["hello", "keyhook-ldap", "Acme.Login_2"] {
            assert_eq!(named(right), Ok(()), "{right}");
        }
    }
}
