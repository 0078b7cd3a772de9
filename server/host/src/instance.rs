//! A plugin that `create` made from its configuration; destroyed when nobody holds it any more.

use std::sync::Arc;

use keyhook_component::hooks::HookCall;
use keyhook_plugin::abi;

use crate::call::{Call, Scene};
use crate::call_watch::watched;
use crate::ffi::speaking_as;
use crate::loader::{Handle, Loaded};
use crate::plugin::Plugin;
use crate::refusal::Refusal;
use crate::world::World;

/// A running plugin. A call holds one; so `destroy` waits for calls that are late.
pub(crate) struct Instance {
    pub(crate) loaded: Arc<Loaded>,
    pub(crate) plugin: Arc<Plugin>,
    handle: Handle,
}

impl Instance {
    /// Runs `create`.
    ///
    /// # Errors
    /// [`Refusal::Create`] with the plugin's own words.
    pub(crate) fn create(loaded: Arc<Loaded>, plugin: Arc<Plugin>, world: &Arc<World>) -> Result<Instance, Refusal> {
        let mut call = Call::new(Scene::Create, "".into(), Arc::clone(&plugin), Arc::clone(world), HookCall::default());
        let (code, handle) = watched(&plugin.label, || speaking_as(&plugin.name, || loaded.create(&mut call)));
        let said = call.denial.as_ref().map(|denial| denial.text().to_owned()).filter(|text| !text.is_empty());
        match (code, handle) {
            (abi::CONTINUE, Some(handle)) => Ok(Instance { loaded, plugin, handle }),
            (abi::CONTINUE, None) => Err(Refusal::Create("create gave no instance".into())),
            (abi::PANICKED, _) => Err(Refusal::Create(format!("create panicked: {}", said.as_deref().unwrap_or("no text")))),
            (code, _) => Err(Refusal::Create(said.unwrap_or_else(|| format!("create answered {code}")))),
        }
    }

    /// Runs a hook.
    pub(crate) fn hook(&self, index: u32, call: &mut Call) -> i32 {
        watched(&self.plugin.label, || speaking_as(&self.plugin.name, || self.loaded.hook(&self.handle, index, call)))
    }

    /// Runs a route.
    pub(crate) fn route(&self, index: u32, call: &mut Call) -> i32 {
        watched(&self.plugin.label, || speaking_as(&self.plugin.name, || self.loaded.route(&self.handle, index, call)))
    }
}

impl Drop for Instance {
    fn drop(&mut self) {
        watched(&self.plugin.label, || speaking_as(&self.plugin.name, || self.loaded.destroy(&mut self.handle)));
    }
}
