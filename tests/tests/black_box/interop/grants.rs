//! The grants of RFC 6749 from foreign clients, the two that are off by default switched on.

use super::peers::{Registered, completed, drive};

fn with_every_grant() -> Registered {
    let grants = ["authorization_code", "refresh_token", "client_credentials", "password", "implicit"];
    Registered::with("[grants]\npassword = true\nimplicit = true\n", &grants)
}

/// RFC 6749 §4.1–§4.4, §6.
#[test]
fn authlib_completes_the_five_grants() {
    drive(&with_every_grant(), "authlib_grants.py", "foreign", &[]);
    completed("Authlib, Python, five grants");
}

/// RFC 6749 §4.1–§4.4, §6.
#[test]
fn requests_oauthlib_completes_the_five_grants() {
    drive(&with_every_grant(), "requests_oauthlib_grants.py", "foreign", &[]);
    completed("requests-oauthlib, Python, five grants");
}

/// RFC 7662 and RFC 7009 by a client that reads the metadata for itself.
#[test]
fn requests_oauth2client_introspects_and_revokes_what_it_got_by_code_password_and_refresh() {
    drive(&with_every_grant(), "requests_oauth2client_flow.py", "foreign", &[]);
    completed("requests_oauth2client, Python");
}

/// It has no implicit grant without OpenID Connect.
#[test]
fn openid_client_completes_the_four_grants_that_it_has() {
    drive(&with_every_grant(), "openid_client_grants.mjs", "foreign", &[]);
    completed("openid-client, JavaScript, four grants");
}
