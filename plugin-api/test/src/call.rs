//! A call composed step by step, then run.

use keyhook_plugin::abi;

use crate::answer::{Answer, Ended};
use crate::border::{self, Instance, PluginRef};
use crate::pattern;
use crate::stand_in::{Kind, StandIn};

/// One call from the stand-in server. Names and values given here are what the server would have: decoded and checked.
#[must_use = "a call does nothing until `run`"]
pub struct TestCall {
    target: Target,
    plugin: Option<String>,
    host: StandIn,
}

enum Target {
    Hook(String),
    Route { method: String, path: String },
}

impl TestCall {
    /// A browser arrives at `/authorize`.
    pub fn authorization_get() -> Self {
        Self::authorization("authorization_GET")
    }

    /// A form of the plugin comes back.
    pub fn authorization_post() -> Self {
        Self::authorization("authorization_POST")
    }

    fn authorization(name: &str) -> Self {
        Self::hook(name, Kind::Authorization).fact("interaction", "test-interaction").fact("csrf_token", "test-csrf-token")
    }

    /// A client sends a `grant_type` of the plugin's own; `form` adds its parameters.
    pub fn token_grant(grant_type: &str) -> Self {
        let call = Self::hook(&format!("token_grant={grant_type}"), Kind::TokenGrant);
        call.fact("grant_type", grant_type).form("grant_type", grant_type)
    }

    /// A client authenticates by an assertion of the plugin's own type.
    pub fn client_assertion(assertion_type: &str, assertion: &str) -> Self {
        let call = Self::hook(&format!("client_assertion={assertion_type}"), Kind::ClientAssertion);
        call.form("client_assertion_type", assertion_type).form("client_assertion", assertion)
    }

    /// A token request is about to be granted.
    pub fn access_token_validation() -> Self {
        Self::hook("access_token_validation", Kind::Token)
    }

    /// A token response is about to go out.
    pub fn access_token_response() -> Self {
        Self::hook("access_token_response", Kind::TokenResponse).member("access_token", "\"test-token\"").member("token_type", "\"Bearer\"")
    }

    /// A plugin fires `name` with the JSON object `payload`.
    pub fn custom(name: &str, payload: &str) -> Self {
        let mut call = Self::hook(name, Kind::Custom);
        call.host.set_payload(payload);
        call
    }

    /// A request to a URL handler. `url` may have a query: `/users/7?full=1`.
    pub fn request(method: &str, url: &str) -> Self {
        let (path, query) = url.split_once('?').unwrap_or((url, ""));
        let target = Target::Route { method: method.to_owned(), path: path.to_owned() };
        let mut call = Self { target, plugin: None, host: StandIn::new(Kind::Route) };
        call.host.request =
            [("method", method), ("path", path), ("query", query)].map(|(name, value)| (name.to_owned(), value.to_owned())).to_vec();
        call.host.query = pattern::pairs(query);
        call
    }

    pub(crate) fn hook(name: &str, kind: Kind) -> Self {
        Self { target: Target::Hook(name.to_owned()), plugin: None, host: StandIn::new(kind) }.fact("hook", name)
    }

    /// Calls this plugin, where several are linked in.
    pub fn plugin(mut self, name: &str) -> Self {
        self.plugin = Some(name.to_owned());
        self
    }

    /// The plugin's configuration as a JSON object.
    pub fn config(mut self, json: &str) -> Self {
        json.clone_into(&mut self.host.config);
        self
    }

    /// A fact, see `keyhook_plugin::abi::part::FACT`: `client_id`, `scope`, `subject` …
    pub fn fact(mut self, name: &str, value: &str) -> Self {
        put(&mut self.host.facts, name, value);
        self
    }

    /// A fact that is listed nowhere.
    pub(crate) fn secret(mut self, name: &str, value: &str) -> Self {
        put(&mut self.host.secrets, name, value);
        self
    }

    /// A query parameter.
    pub fn query(mut self, name: &str, value: &str) -> Self {
        self.host.query.push((name.to_owned(), value.to_owned()));
        self
    }

    /// A form field.
    pub fn form(mut self, name: &str, value: &str) -> Self {
        self.host.form.push((name.to_owned(), value.to_owned()));
        self
    }

    /// A request header.
    pub fn header(mut self, name: &str, value: &str) -> Self {
        self.host.headers.push((name.to_ascii_lowercase(), value.to_owned()));
        self
    }

    /// The request's body.
    pub fn body(mut self, body: &[u8]) -> Self {
        body.clone_into(&mut self.host.body);
        self
    }

    /// A member of the token response as JSON text.
    pub fn member(mut self, name: &str, json: &str) -> Self {
        put(&mut self.host.response, name, json);
        self
    }

    /// A member of the plugin's own data as JSON text.
    pub fn data(mut self, name: &str, json: &str) -> Self {
        put(&mut self.host.data, name, json);
        self
    }

    /// A value in the browser's session.
    pub fn session(mut self, name: &str, text: &str) -> Self {
        put(&mut self.host.session, name, text);
        self
    }

    /// A value in the plugin's store.
    pub fn stored(mut self, key: &str, value: &[u8]) -> Self {
        self.host.store.insert(key.to_owned(), value.to_owned());
        self
    }

    /// The server's clock, seconds since the Unix epoch. Else it stands at 1,700,000,000.
    pub fn at(mut self, unix_seconds: u64) -> Self {
        self.host.unix_seconds = unix_seconds;
        self
    }

    /// The deadline has passed.
    pub fn cancelled(mut self) -> Self {
        self.host.is_cancelled = true;
        self
    }

    /// Begins with the session, the data, the store and what was taken that an earlier call left.
    pub fn after(mut self, earlier: &Answer) -> Self {
        self.host.session.clone_from(&earlier.host.session);
        self.host.data.clone_from(&earlier.host.data);
        self.host.store.clone_from(&earlier.host.store);
        self.host.taken.clone_from(&earlier.host.taken);
        self
    }

    /// Starts the plugin with the configuration, runs its hooks of this name, or its handler, and ends it.
    ///
    /// # Panics
    /// No linked plugin has such a hook or handler; the message lists what there is.
    pub fn run(self) -> Answer {
        let Self { target, plugin, mut host } = self;
        let candidates: Vec<PluginRef> =
            border::plugins().filter(|found| plugin.as_ref().is_none_or(|wanted| found.name() == wanted)).collect();
        let ended = match &target {
            Target::Hook(name) => {
                let (plugin, hooks) = hooks_of(&candidates, name, host.kind == Kind::Custom);
                run_hooks(plugin, &hooks, &mut host)
            }
            Target::Route { method, path } => {
                let (plugin, index) = route_of(&candidates, method, path, &mut host);
                run_route(plugin, index, &mut host)
            }
        };
        Answer::new(ended, host)
    }
}

/// Sets or replaces.
fn put(pairs: &mut Vec<(String, String)>, name: &str, value: &str) {
    pairs.retain(|(known, _)| known != name);
    pairs.push((name.to_owned(), value.to_owned()));
}

fn hooks_of(candidates: &[PluginRef], name: &str, is_custom: bool) -> (PluginRef, Vec<u32>) {
    let mut found = candidates.iter().filter_map(|plugin| {
        let hooks = plugin.hooks_named(name, is_custom);
        (!hooks.is_empty()).then_some((*plugin, hooks))
    });
    let Some(first) = found.next() else {
        panic!("no linked plugin has the hook `{name}`; there are:\n{}", listing(candidates));
    };
    assert!(found.next().is_none(), "several linked plugins have the hook `{name}`: choose one with `.plugin(…)`");
    first
}

fn route_of(candidates: &[PluginRef], method: &str, path: &str, host: &mut StandIn) -> (PluginRef, u32) {
    for plugin in candidates {
        for (index, route) in plugin.routes().enumerate() {
            let is_method = route.method == method || route.method == "*" || (method == "HEAD" && route.method == "GET");
            let Some(parameters) = pattern::matched(route.path, path).filter(|_| is_method) else { continue };
            host.path = parameters;
            host.is_inline = route.flags & abi::ROUTE_INLINE != 0;
            return (*plugin, border::index(index));
        }
    }
    panic!("no linked plugin handles `{method} {path}`; there are:\n{}", listing(candidates));
}

fn listing(plugins: &[PluginRef]) -> String {
    if plugins.is_empty() {
        return "none at all (an integration test needs `use my_plugin as _;`)".to_owned();
    }
    let lines = plugins.iter().map(|plugin| {
        let hooks = plugin.hooks().map(|hook| hook.name.to_owned());
        let routes = plugin.routes().map(|route| format!("{} {}", route.method, route.path));
        format!("{}: {}", plugin.name(), hooks.chain(routes).collect::<Vec<_>>().join(", "))
    });
    lines.collect::<Vec<_>>().join("\n")
}

/// Runs a plugin's hooks as the server does: by priority until one decides, then the observers.
pub(crate) fn run_hooks(plugin: PluginRef, hooks: &[u32], host: &mut StandIn) -> Ended {
    put(&mut host.facts, "plugin", plugin.name());
    let before = (host.response.clone(), host.data.clone(), host.session.clone());
    let instance = match plugin.create(host) {
        Ok(instance) => instance,
        Err(ended) => return ended,
    };
    let mut ended = Ended::Continued;
    let flags: Vec<u32> = plugin.hooks().map(|hook| hook.flags).collect();
    let is = |index: &u32, flag: u32| flags[*index as usize] & flag != 0;
    for index in hooks.iter().filter(|index| !is(index, abi::HOOK_OBSERVER)) {
        host.is_inline = is(index, abi::HOOK_INLINE);
        ended = border::ended(instance.call_hook(*index, host), host);
        if !matches!(ended, Ended::Continued) {
            break;
        }
    }
    if matches!(ended, Ended::Denied | Ended::Panicked) {
        (host.response, host.data, host.session) = before;
    }
    put(&mut host.facts, "outcome", ended.word());
    for index in hooks.iter().filter(|index| is(index, abi::HOOK_OBSERVER)) {
        watched(&instance, *index, is(index, abi::HOOK_INLINE), host);
    }
    ended
}

/// Runs an observer: it sees all and changes nothing.
fn watched(instance: &Instance, index: u32, is_inline: bool, host: &mut StandIn) {
    let edits = (host.response.clone(), host.data.clone(), host.session.clone(), host.denial.clone());
    host.is_inline = is_inline;
    instance.call_hook(index, host);
    (host.response, host.data, host.session, host.denial) = edits;
}

fn run_route(plugin: PluginRef, index: u32, host: &mut StandIn) -> Ended {
    put(&mut host.facts, "plugin", plugin.name());
    match plugin.create(host) {
        Ok(instance) => border::ended(instance.call_route(index, host), host),
        Err(ended) => ended,
    }
}
