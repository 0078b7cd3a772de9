//! The client credentials grant (RFC 6749 §4.4).

use serde_json::Value;

use super::Try;
use super::browser::Browser;
use super::party::Party;
use super::token::{Endpoints, pair, request};
use crate::failure::Failure;

/// # Errors
/// As [`request`].
pub(super) async fn walk(browser: &mut Browser, endpoints: &Endpoints, party: &Party, flags: &Try) -> Result<Value, Failure> {
    let mut form = vec![pair("grant_type", "client_credentials")];
    form.extend(flags.scope.as_deref().map(|scope| pair("scope", scope)));
    request(browser, endpoints, party, form).await
}
