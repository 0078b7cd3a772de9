//! The one durable write of a token request: take the guard and insert what was drafted, or write nothing (RFC 6749 §4.1.2, §10.5).

use keyhook_component::batch::{Applied, Batch, Why};
use keyhook_component::context::Context;
use keyhook_core::error::OAuthError;

/// What became of a draft.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use = "only a committed draft may be answered with"]
pub(crate) enum Committed {
    /// The tokens exist.
    Issued,
    /// Somebody else took the guard; nothing was written.
    Lost,
    /// A drawn id was taken, or the grant's record changed meanwhile; nothing was written, and all may be tried anew.
    Redraw,
}

/// Applies a draft. `guarded`: its first operation is the guard.
///
/// # Errors
/// `temporarily_unavailable` or `server_error` when the store does not answer: then nobody may believe that tokens exist.
pub(crate) async fn commit(batch: Batch, guarded: bool, context: &Context) -> Result<Committed, OAuthError> {
    match context.records.apply(batch).await? {
        Applied::Applied => Ok(Committed::Issued),
        Applied::Refused { operation: 0, why: Why::Spent | Why::Absent | Why::Changed } if guarded => Ok(Committed::Lost),
        Applied::Refused { .. } => Ok(Committed::Redraw),
    }
}
