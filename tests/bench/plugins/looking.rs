//! A hook that looks whether a response is its business, and it is not: what most hooks do most of the time.

use keyhook_plugin::prelude::*;

#[hook(access_token_response, inline)]
fn look(cx: &mut TokenResponseCx) -> Outcome {
    if cx.client_id() == "somebody else" {
        cx.response().set("tenant", "acme")?;
    }
    Continue
}

plugin! { name: "bench-looking-000" }
