//! Nonces: recorded after the signature was verified, in the store that all nodes share, where exactly one insert wins (RFC 5849 §3.3).

use keyhook_component::batch::{Applied, Batch};
use keyhook_component::context::Context;
use keyhook_component::record::{Group, Key};
use keyhook_component::records::{Nonce, Stored};
use keyhook_component::settings::Oauth1Settings;
use keyhook_core::oauth1::{NonceKey, Oauth1Error, Window};

use super::refused::Refused;

/// Which timestamps are believed. Where nonces do not outlive the process, none from before its start: in development alone, since
/// elsewhere a store that forgets is refused for them. What bore a later time and was accepted just before the start can come again.
pub(super) fn window(settings: &Oauth1Settings, context: &Context) -> Window {
    let seconds = settings.window.as_secs();
    let lost = !context.records.store(Group::Once).promises().durable;
    let first = if lost { u64::try_from(context.started_at.seconds()).unwrap_or(0) } else { 0 };
    Window { past: seconds, future: seconds, first }
}

/// Records a nonce. Whoever comes second is a replay.
///
/// # Errors
/// `nonce_used`; when the store does not answer, and then nothing may be believed.
pub(super) async fn record(nonce: &NonceKey, context: &Context) -> Result<(), Refused> {
    let mark = Stored::new(Key::named(nonce.as_bytes()), nonce.forget_at(), Nonce::default());
    match context.records.apply(Batch::new().with(mark.insert()?)).await? {
        Applied::Applied => Ok(()),
        Applied::Refused { .. } => Err(Oauth1Error::nonce_used().into()),
    }
}
