//! The hook of `looking.rs` without `inline`: it may block, so it runs on a thread of its plugin's.

use keyhook_plugin::prelude::*;

#[hook(access_token_response)]
fn look(cx: &mut TokenResponseCx) -> Outcome {
    if cx.client_id() == "somebody else" {
        cx.response().set("tenant", "acme")?;
    }
    Continue
}

plugin! { name: "bench-blocking-000" }
