//! A grant type of its own (RFC 6749 §4.5): whoever shows a badge gets the tokens of its holder.
//!
//! ```toml
//! [plugins.badge-grant.config.badges]
//! "4711" = "alice"
//! ```
//!
//! ```sh
//! keyhook client add door --grant urn:example:params:oauth:grant-type:badge --grant refresh_token --scope "open log"
//! curl -u door:SECRET -d grant_type=urn:example:params:oauth:grant-type:badge -d badge=4711 https://id.example/token
//! ```
//!
//! The server has authenticated the client and knows that it may use this grant. It narrows the scope, makes the tokens and keeps what
//! the plugin notes in [`TokenGrantCx::data`], which comes back at every refresh.

use keyhook_plugin::json;
use keyhook_plugin::prelude::*;

#[hook(token_grant = "urn:example:params:oauth:grant-type:badge", inline)]
fn show(cx: &mut TokenGrantCx) -> Result<Grant, Deny> {
    let badge = cx.form("badge").ok_or(Deny::invalid_request().because("`badge` is missing").public())?.to_owned();
    let holder = cx.config().text(&json::pointer(["badges", &badge]))?.ok_or(Deny::invalid_grant())?;
    cx.data().set("badge", &badge)?;
    Ok(Grant::user(holder).refresh())
}

#[hook(access_token_response, inline)]
fn tell(cx: &mut TokenResponseCx) -> Outcome {
    if let Some(badge) = cx.data().text("badge")? {
        cx.response().set("badge", badge)?;
    }
    Continue
}

plugin! { name: "badge-grant" }

#[cfg(test)]
mod tests {
    use keyhook_plugin_test::TestCall;

    fn shown(badge: Option<&str>) -> keyhook_plugin_test::Answer {
        let call = TestCall::token_grant("urn:example:params:oauth:grant-type:badge").config(r#"{"badges": {"4711": "alice"}}"#);
        match badge {
            Some(badge) => call.form("badge", badge).run(),
            None => call.run(),
        }
    }

    #[test]
    fn a_badge_grants_to_its_holder_and_is_told_with_the_tokens() {
        let answer = shown(Some("4711"));
        assert!(answer.granted());
        assert_eq!((answer.decided("subject"), answer.decided("refresh")), (Some("alice"), Some("1")));
        let response = TestCall::access_token_response().after(&answer).run();
        assert_eq!(response.member("badge"), Some("\"4711\""));
    }

    #[test]
    fn no_badge_is_a_malformed_request_and_another_is_no_grant() {
        assert_eq!((shown(None).denied(), shown(None).public_description()), (Some("invalid_request"), Some("`badge` is missing")));
        assert_eq!(shown(Some("4712")).denied(), Some("invalid_grant"));
        assert_eq!(shown(Some("")).denied(), Some("invalid_grant"));
    }

    #[test]
    fn other_grants_tell_of_no_badge() {
        assert_eq!(TestCall::access_token_response().run().member("badge"), None);
    }
}
