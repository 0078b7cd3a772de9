//! What plugins noted about a request that nobody has answered yet: sealed into a cookie of the browser that waits.
//!
//! One cookie an interaction, because tabs must not overwrite each other's. Those of the oldest tabs go when there are too many, so
//! that nobody can fill a browser's request head for the time that they live. Decision record: `docs/adr/pages-sealed-interactions.md`.

use std::cmp::Reverse;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use http::{HeaderValue, header};
use keyhook_component::context::Context;
use keyhook_component::hooks::PluginData;
use keyhook_component::record::{Key, Kind};
use keyhook_component::records::{Interaction, Stored};
use keyhook_component::request::Request;
use keyhook_component::settings::Settings;
use keyhook_core::error::OAuthError;
use keyhook_core::id::RecordId;
use serde::{Deserialize, Serialize};

use crate::cookies::set_cookie;

/// Longest value: browsers drop a cookie of more than 4096 bytes without a word.
const LONGEST: usize = 3600;
/// Bytes of such cookies that a browser keeps.
const KEPT_BYTES: usize = 6 * 1024;
/// How many such cookies a browser keeps.
const KEPT: usize = 16;
const FIELD: &str = "noted";

/// What the claims of the name do not say.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Noted {
    data: PluginData,
    signed_in: Option<RecordId>,
    passed: Option<RecordId>,
    data_of: Option<String>,
}

/// The cookie's value; `None` when it is longer than browsers take.
///
/// # Errors
/// `server_error` when it cannot be sealed.
pub(super) fn write(stored: &Stored<Interaction>, context: &Context) -> Result<Option<String>, OAuthError> {
    let Interaction { data, signed_in, passed, data_of, .. } = stored.body.clone();
    let plain =
        serde_json::to_vec(&Noted { data, signed_in, passed, data_of }).map_err(|error| OAuthError::server_error(error.to_string()))?;
    let blob = context
        .sealer
        .seal_often(Kind::Interaction.name(), &stored.key.to_bytes(), FIELD, &plain, &context.random.bytes())
        .map_err(|error| OAuthError::server_error(format!("sealing what plugins noted: {error}")))?;
    Ok(Some(URL_SAFE_NO_PAD.encode(blob)).filter(|value| value.len() <= LONGEST))
}

/// Adds what the request's cookie says of this interaction; `None` when it has no such cookie, or one that is not ours.
pub(super) fn read(request: &Request, id: RecordId, body: &mut Interaction, context: &Context) -> Option<()> {
    let value = request.cookie(&name(&context.settings, id))?;
    let blob = URL_SAFE_NO_PAD.decode(value).ok()?;
    let plain = context.sealer.open(Kind::Interaction.name(), &Key::Issued(id).to_bytes(), FIELD, &blob).ok()?;
    let Noted { data, signed_in, passed, data_of } = serde_json::from_slice(plain.expose()).ok()?;
    (body.data, body.signed_in, body.passed, body.data_of) = (data, signed_in, passed, data_of);
    Some(())
}

/// The cookie to set, and the ends of those that have to go for it.
pub(super) fn cookies(request: &Request, id: RecordId, value: &str, context: &Context) -> Vec<HeaderValue> {
    let settings = &context.settings;
    let mut all: Vec<(RecordId, usize)> = waiting(request, settings).collect();
    // Ids are in the order of birth: the oldest tabs are the first to go.
    all.sort_unstable_by_key(|(id, _)| Reverse(*id));
    let (mut count, mut bytes) = (1, value.len());
    let too_many = all.into_iter().filter(|(_, length)| {
        (count, bytes) = (count + 1, bytes + length);
        count > KEPT || bytes > KEPT_BYTES
    });
    let ended = too_many.filter_map(|(id, _)| set_cookie(settings, &name(settings, id), "", Some(Duration::ZERO)));
    ended.chain(set_cookie(settings, &name(settings, id), value, Some(settings.lifetimes.interaction))).collect()
}

/// The cookies of waiting interactions that came with the request.
fn waiting<'a>(request: &'a Request, settings: &'a Settings) -> impl Iterator<Item = (RecordId, usize)> + 'a {
    let sent = request.headers.get_all(header::COOKIE).iter().filter_map(|value| value.to_str().ok()).flat_map(|value| value.split(';'));
    sent.filter_map(|pair| {
        let (name, value) = pair.trim().split_once('=')?;
        let id = name.strip_prefix(&*settings.cookie_name)?.strip_prefix('-')?;
        let id = (id.len() == 16).then(|| i64::from_str_radix(id, 16).ok()).flatten()?;
        Some((RecordId::from_raw(id), value.len()))
    })
}

fn name(settings: &Settings, id: RecordId) -> String {
    format!("{}-{:016x}", settings.cookie_name, id.raw())
}
