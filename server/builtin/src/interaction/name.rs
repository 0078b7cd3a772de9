//! The name of an interaction: the checked request itself, sealed, so that a stranger's request costs the server nothing.
//!
//! `khi_` ‖ base64url of the sealed claims. It expires, says whose browser it is good in, and is of use there only. Decision record:
//! `docs/adr/pages-sealed-interactions.md`.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use keyhook_component::context::Context;
use keyhook_component::record::Kind;
use keyhook_core::authorize::StoredRequest;
use keyhook_core::error::OAuthError;
use keyhook_core::id::RecordId;
use keyhook_core::secret::SecretHash;
use keyhook_core::time::Timestamp;
use keyhook_core::token::TokenKind;
use serde::{Deserialize, Serialize};

use crate::kh;

/// Longest name, in bytes: it stands in a request line, of which proxies take 8 KiB.
const LONGEST: usize = 7 * 1024;
/// What the seal is bound to, besides the kind.
const FIELD: &str = "name";

/// What a name says.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Claims {
    /// The record's id, once there is one.
    pub(super) id: RecordId,
    /// Hash of the browser's cookie.
    pub(super) browser: SecretHash,
    /// When it ends.
    pub(super) until: Timestamp,
    /// The plugins that answered, as [`super::generation`].
    pub(super) generation: u64,
    /// Whether what plugins noted came along, in a cookie: without that cookie the name is of no use.
    pub(super) noted: bool,
    /// The checked request.
    pub(super) request: StoredRequest,
}

/// Writes the name.
///
/// # Errors
/// `invalid_request` when the request is too long to be carried through addresses and forms.
pub(super) fn write(claims: &Claims, context: &Context) -> Result<String, OAuthError> {
    let plain = serde_json::to_vec(claims).map_err(|error| OAuthError::server_error(error.to_string()))?;
    let blob = context
        .sealer
        .seal_often(Kind::Interaction.name(), &[], FIELD, &plain, &context.random.bytes())
        .map_err(|error| OAuthError::server_error(format!("sealing an authorization request: {error}")))?;
    let name = TokenKind::Interaction.prefix().to_owned() + &URL_SAFE_NO_PAD.encode(blob);
    if name.len() > LONGEST {
        return Err(OAuthError::invalid_request("the authorization request is too long").with_kh(kh::REQUEST_TOO_LONG));
    }
    Ok(name)
}

/// Reads a name. What is forged, cut, changed or of another server is `None`.
pub(super) fn read(name: &str, context: &Context) -> Option<Claims> {
    let text = name.strip_prefix(TokenKind::Interaction.prefix()).filter(|_| name.len() <= LONGEST)?;
    let blob = URL_SAFE_NO_PAD.decode(text).ok()?;
    let plain = context.sealer.open(Kind::Interaction.name(), &[], FIELD, &blob).ok()?;
    serde_json::from_slice(plain.expose()).ok()
}
