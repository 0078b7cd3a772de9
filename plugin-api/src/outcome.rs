//! What a hook or a handler decides, and how the decision is handed to the server.

use crate::abi;
use crate::deny::Deny;
use crate::refused::{Refused, accepted};
use crate::respond::{Body, Response};
use crate::thunk::Call;

/// What a hook or a handler returns: a decision, or how the request is denied.
pub type Outcome = Result<Verdict, Deny>;

/// The edits are kept and the next plugin runs.
///
/// ```
/// use keyhook_plugin::prelude::*;
///
/// #[hook(access_token_response, inline)]
/// fn nothing(_: &mut TokenResponseCx) -> Outcome {
///     Continue
/// }
/// # fn main() {}
/// ```
#[allow(non_upper_case_globals, reason = "read as a word beside Respond and Deny")]
pub const Continue: Outcome = Ok(Verdict(Decision::Continue));

/// A decision other than a denial. Made by [`Continue`], [`Respond`](crate::Respond), `sign_in` and `approve` of the
/// authorization hooks, and `stands_for` of `oauth1_consumer`.
#[derive(Debug)]
pub struct Verdict(pub(crate) Decision);

#[derive(Debug)]
pub(crate) enum Decision {
    Continue,
    Respond(Box<Response>),
    SignIn,
    Approve,
    Grant,
    Client,
    Signature,
}

/// Hands `outcome` to the server; the code is what the thunk returns.
pub(crate) fn settle(outcome: Outcome, call: &mut Call) -> i32 {
    let written = outcome.and_then(|verdict| write(verdict, call).map_err(Deny::from));
    written.unwrap_or_else(|deny| {
        call.deny(&deny);
        abi::DENY
    })
}

fn write(verdict: Verdict, call: &mut Call) -> Result<i32, Refused> {
    match verdict.0 {
        Decision::Continue => Ok(abi::CONTINUE),
        Decision::SignIn => Ok(abi::SIGN_IN),
        Decision::Approve => Ok(abi::APPROVE),
        Decision::Grant => Ok(abi::GRANT),
        Decision::Client => Ok(abi::CLIENT),
        Decision::Signature => Ok(abi::SIGNATURE),
        Decision::Respond(response) => {
            write_response(&response, call)?;
            Ok(abi::RESPOND)
        }
    }
}

fn write_response(response: &Response, call: &mut Call) -> Result<(), Refused> {
    let status = response.status;
    accepted(call.respond_status(status), || format!("answer with status {status}"))?;
    for (name, value) in &response.headers {
        accepted(call.respond_header(name, value), || format!("send the header `{name}`"))?;
    }
    match &response.body {
        Body::Bytes(bytes) if bytes.is_empty() => Ok(()),
        Body::Bytes(bytes) => accepted(call.respond_body(bytes), || "send the body".to_owned()),
        Body::Page { title, html } => accepted(call.respond_page(title, html), || format!("send the page `{title}`")),
    }
}
