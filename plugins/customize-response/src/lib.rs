//! Changes the access token response: `expires_in` is left out, `user_name` is added.
//!
//! ```toml
//! [plugins.customize-response.config]
//! user_name = "Alice"   # "Bob" if left out
//! ```
//!
//! `access_token`, `token_type`, `refresh_token`, `id_token` and `scope` are protected: a plugin that tries to change them
//! denies the request. Build it with `cargo build --release -p customize-response` and drop
//! `target/release/libcustomize_response.so` into a folder of `[plugins] directories`.

use keyhook_plugin::prelude::*;

#[hook(access_token_response, inline)]
fn customize(cx: &mut TokenResponseCx) -> Outcome {
    let user_name = cx.config().text("/user_name")?.unwrap_or_else(|| "Bob".to_owned());
    cx.response().remove("expires_in")?;
    cx.response().set("user_name", user_name)?;
    Continue
}

plugin! { name: "customize-response" }

#[cfg(test)]
mod tests {
    use keyhook_plugin_test::TestCall;

    #[test]
    fn bob_gets_no_expiry() {
        let answer = TestCall::access_token_response().member("expires_in", "3600").run();
        assert!(answer.continued());
        assert_eq!((answer.member("user_name"), answer.member("expires_in")), (Some("\"Bob\""), None));
        assert_eq!(answer.member("access_token"), Some("\"test-token\""));
    }

    #[test]
    fn the_name_comes_from_the_configuration() {
        let answer = TestCall::access_token_response().config(r#"{"user_name": "Alice"}"#).run();
        assert_eq!(answer.member("user_name"), Some("\"Alice\""));
    }

    #[test]
    fn a_name_that_is_no_text_denies() {
        let answer = TestCall::access_token_response().config(r#"{"user_name": 7}"#).run();
        assert_eq!(answer.denied(), Some("server_error"));
    }
}
