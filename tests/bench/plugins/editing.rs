//! A hook that adds a member to every response.

use keyhook_plugin::prelude::*;

#[hook(access_token_response, inline)]
fn edit(cx: &mut TokenResponseCx) -> Outcome {
    cx.response().set("tenant", "acme")?;
    Continue
}

plugin! { name: "bench-editing-000" }
