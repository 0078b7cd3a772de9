//! The context of `plugin! { start: … }`.

use super::Cx;
use crate::thunk::Call;

/// What a plugin's `start` sees: its configuration, the clock, random bytes.
///
/// ```
/// use keyhook_plugin::prelude::*;
///
/// struct Tenants { home: String }
///
/// fn start(cx: &StartCx) -> Result<Tenants, String> {
///     let home = cx.config().text("/tenant")?.ok_or("`tenant` is missing")?;
///     Ok(Tenants { home })
/// }
///
/// #[hook(access_token_response, inline)]
/// fn add_tenant(cx: &mut TokenResponseCx) -> Outcome {
///     let tenants = cx.state::<Tenants>()?;
///     cx.response().set("tenant", &*tenants.home)?;
///     Continue
/// }
///
/// plugin! { name: "tenant", start: start }
/// # fn main() {}
/// ```
pub struct StartCx {
    cx: Cx,
}

impl StartCx {
    pub(crate) fn new(call: Call) -> Self {
        Self { cx: Cx::new(call) }
    }
}

impl std::ops::Deref for StartCx {
    type Target = Cx;

    fn deref(&self) -> &Cx {
        &self.cx
    }
}
