//! What is measured, one file a subject.

pub(crate) mod growth;
pub(crate) mod memory;
pub(crate) mod overload;
pub(crate) mod peers;
pub(crate) mod plugins;
pub(crate) mod purge;
pub(crate) mod speed;
pub(crate) mod start;

use crate::client::{Crew, Script};
use crate::plan::Plan;
use crate::race::Runner;
use crate::server::{Bare, Keyhook};

/// As many connections as the plan says, each with a script of its own.
pub(crate) fn crew<S: Script + 'static>(plan: &Plan, keyhook: &Keyhook, script: impl Fn(usize) -> S) -> Crew {
    Crew::connect(&keyhook.address(), (0..plan.connections).map(|index| Box::new(script(index)) as Box<dyn Script>))
}

/// The bare server under the load that it is always compared with.
pub(crate) fn floor<'a>(plan: &Plan, bare: &'a Bare) -> Runner<'a> {
    let scripts = (0..plan.connections).map(|_| Box::new(Bare::script()) as Box<dyn Script>);
    Runner::new(&bare.process, Crew::connect(&bare.address(), scripts))
}

/// keyhook under token requests.
pub(crate) fn tokens<'a>(plan: &Plan, keyhook: &'a Keyhook) -> Runner<'a> {
    Runner::new(&keyhook.process, crew(plan, keyhook, |_| keyhook.token()))
}
