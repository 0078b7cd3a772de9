//! One hook of one plugin in a chain: calls it, and turns whatever it answers into a verdict.

use std::sync::Arc;
use std::time::Duration;

use keyhook_component::hooks::Verdict;
use keyhook_core::error::OAuthError;
use keyhook_plugin::abi;
use tokio::time::Instant;

use crate::breaker::Pass;
use crate::call::{Call, Scene};
use crate::failure;
use crate::instance::Instance;
use crate::plugin::Plugin;
use crate::stats::Fault;

/// An inline hook that takes longer is reported by `dev`: it holds up everything else on its worker.
const SLOW: Duration = Duration::from_millis(1);

/// A hook in a chain.
#[derive(Clone)]
pub(crate) struct Link {
    pub(crate) instance: Arc<Instance>,
    /// Index in the plugin's table.
    pub(crate) index: u32,
    pub(crate) priority: i32,
    pub(crate) inline: bool,
    pub(crate) timeout: Duration,
}

impl Link {
    pub(crate) fn plugin(&self) -> &Arc<Plugin> {
        &self.instance.plugin
    }

    /// Runs the hook on this thread; `None` is "the next one".
    pub(crate) fn run(&self, call: &mut Call) -> Option<Verdict> {
        if call.draft.skip.as_deref() == Some(&*self.plugin().name) {
            return None;
        }
        call.pass_to(self.plugin());
        guarded(call, |call| self.instance.hook(self.index, call), interpret_hook)
    }
}

/// Calls into a plugin under its breaker and counters.
pub(crate) fn guarded(
    call: &mut Call,
    run: impl FnOnce(&mut Call) -> i32,
    interpret: impl FnOnce(&mut Call, i32) -> Result<Option<Verdict>, OAuthError>,
) -> Option<Verdict> {
    let Some(pass) = call.plugin.breaker.pass(&*call.world.clock) else {
        return Some(Verdict::Deny(failure::resting(&call.plugin.name)));
    };
    call.plugin.stats.called();
    let started = (call.world.dev && !call.blocking).then(Instant::now);
    let code = run(call);
    if let Some(took) = started.map(|started| started.elapsed()).filter(|took| *took > SLOW) {
        tracing::warn!(
            plugin = &*call.plugin.name,
            hook = &*call.hook,
            micros = took.as_micros(),
            "an inline hook took more than 1 ms; without `inline` it would hold nobody up"
        );
    }
    if code == abi::PANICKED {
        let plugin = Arc::clone(&call.plugin);
        return Some(Verdict::Deny(panicked(call, &plugin, pass)));
    }
    call.plugin.breaker.succeeded(pass);
    match interpret(call, code) {
        Ok(verdict) => verdict,
        Err(error) => Some(Verdict::Deny(noted(call, error))),
    }
}

/// Counts and logs a denial, or an answer that was refused.
#[cold]
fn noted(call: &Call, error: OAuthError) -> OAuthError {
    let (plugin, hook, text) = (&*call.plugin.name, &*call.hook, error.to_string());
    let is_own = error.kh == failure::DENIED;
    call.plugin.stats.failed(if is_own { Fault::Denial } else { Fault::Error }, &text);
    if is_own {
        tracing::info!(plugin, hook, error = text, "a plugin denied");
    } else {
        tracing::error!(plugin, hook, code = error.kh, error = text, "a plugin's answer was refused");
    }
    error
}

#[cold]
fn panicked(call: &mut Call, plugin: &Plugin, pass: Pass) -> OAuthError {
    let said = call.denial.take();
    let error = failure::panicked(&plugin.name, &call.hook, said.as_ref().map_or("no text", |denial| denial.text()));
    plugin.stats.failed(Fault::Panic, &error.to_string());
    // Where the request is refused with it, the line of the refusal tells it.
    if !matches!(call.scene, Scene::Hook(_) | Scene::Route) {
        tracing::error!(plugin = &*plugin.name, hook = &*call.hook, code = error.kh, %error, "a plugin panicked");
    }
    if plugin.breaker.panicked(pass, &*call.world.clock) {
        tracing::error!(
            plugin = &*plugin.name,
            code = failure::RESTING,
            "a plugin panicked too often; it answers 503 and is tried again in 30 s"
        );
    }
    error
}

/// What the plugin said with `deny`, else `server_error`.
pub(crate) fn denied(call: &mut Call, code: i32) -> OAuthError {
    let name = &call.plugin.name;
    match call.denial.take() {
        Some(denial) => denial.into_error(name),
        None if code == abi::DENY => failure::bad_answer(name, "denied without saying how"),
        None => failure::bad_answer(name, &format!("answered {code}, which is no outcome")),
    }
}

fn interpret_hook(call: &mut Call, code: i32) -> Result<Option<Verdict>, OAuthError> {
    let refuse = |call: &Call, why: &str| failure::bad_answer(&call.plugin.name, why);
    match code {
        abi::CONTINUE if matches!(call.scene, Scene::Hook(point) if point.provides()) => {
            Err(refuse(call, "left open what it alone decides"))
        }
        abi::CONTINUE => Ok(None),
        abi::RESPOND if call.scene == Scene::Custom => Ok(Some(Verdict::Continue)),
        abi::RESPOND if crate::call::is_authorization(call.scene) => {
            let reply = call.reply.take().unwrap_or_default();
            Ok(Some(Verdict::Respond(reply.finish(call.scene))))
        }
        abi::RESPOND => Err(refuse(call, "only authorization hooks and URL handlers answer; this hook edits or denies")),
        abi::SIGN_IN => {
            let now = call.world.clock.now();
            call.sign_in(now).map(|user| Some(Verdict::SignIn(user))).map_err(|why| refuse(call, why))
        }
        abi::APPROVE => call.approve().map(|approved| Some(Verdict::Approve(approved))).map_err(|why| refuse(call, why)),
        abi::GRANT => {
            let now = call.world.clock.now();
            call.granted(now).map(|granting| Some(Verdict::Grant(Box::new(granting)))).map_err(|why| refuse(call, why))
        }
        abi::CLIENT => call.named_client().map(|id| Some(Verdict::Client(id))).map_err(|why| refuse(call, why)),
        abi::SIGNATURE => {
            let expected = call.expected_signature().map(|expected| Some(Verdict::Signature(expected)));
            expected.map_err(|why| refuse(call, why))
        }
        other => Err(denied(call, other)),
    }
}
