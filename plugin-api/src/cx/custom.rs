//! The context of hooks that plugins fire themselves.

use super::{Cx, context};
use crate::abi::part;
use crate::members::Members;

context! {
    /// `#[hook(custom = "…")]`: another plugin, or this one, fired a hook of its own with [`Cx::fire`].
    ///
    /// ```
    /// use keyhook_plugin::prelude::*;
    ///
    /// #[hook(custom = "acme.signed_in", inline)]
    /// fn greet(cx: &mut CustomCx) -> Outcome {
    ///     let user = cx.payload().text("user")?.unwrap_or_default();
    ///     cx.payload().set("greeting", format!("Hello {user}"))?;
    ///     Continue
    /// }
    /// # fn main() {}
    /// ```
    CustomCx: Cx
}

impl CustomCx {
    /// Members of the payload; the firing plugin sees what is changed here. The name `""` is the whole.
    pub fn payload(&mut self) -> Members<'_> {
        Members::new(&mut self.call, part::PAYLOAD, "payload member")
    }
}
