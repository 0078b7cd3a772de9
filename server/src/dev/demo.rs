//! The demo user and the demo client. `serve` refuses the data they live in.

use keyhook_core::client::Client;
use keyhook_core::redirect::RedirectUri;
use keyhook_core::scope::Scope;

use crate::failure::{Exit, Failure};

/// The demo user.
pub(crate) const DEMO_USER: &str = "demo";
/// Its password, known to everybody.
pub(crate) const DEMO_PASSWORD: &str = "correct-horse";
/// The demo client.
pub(crate) const DEMO_CLIENT: &str = "playground";

/// The public client of the playground.
///
/// # Errors
/// When the issuer gives no redirect URI that may be registered.
pub(crate) fn client(issuer: &str) -> Result<Client, Failure> {
    let wrong = |error: String| Failure::new("KH0303", Exit::Configuration, format!("the demo client cannot be registered: {error}"));
    let mut client = Client::public(DEMO_CLIENT, "Playground");
    let redirect = format!("{issuer}/playground/callback");
    client.redirect_uris = vec![RedirectUri::parse(&redirect).map_err(|error| wrong(error.to_string()))?];
    client.scope = Scope::parse("read write").map_err(|error| wrong(error.to_string()))?;
    client.default_scope = Scope::parse("read").map_err(|error| wrong(error.to_string()))?;
    Ok(client)
}
