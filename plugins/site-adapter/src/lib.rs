//! A site that has its own sign-in and its own dialog, in three short functions: who is there, what they see, what they said.
//!
//! | python-oauth2's `SiteAdapter` | here |
//! |---|---|
//! | `authenticate` | [`user`]: the user is who the site's cookie says |
//! | `render_auth_page` | [`dialog`]: a page of the site's own |
//! | `user_has_denied_access` | [`answered`]: the user said yes or no |
//!
//! ```toml
//! [plugins.site-adapter]
//! allow = ["approve"]                # the site's dialog is the consent
//! [plugins.site-adapter.config]
//! key = { "$file" = "/run/secrets/site" }
//! sign_in = "/account/sign-in"       # a path of this host; the site's page comes back to `return_to`
//! ```
//!
//! The cookie is `site-adapter-user`, `<user>:<hash>`: a plugin sees the cookies that begin with its name. The hash is HMAC-SHA-256 in
//! hexadecimal, under the key that the site shares with this plugin, of the user's name.
//!
//! Yes and no come by POST, with the server's form token: a link that says yes does not exist (RFC 6749 §10.12).

use std::fmt::Write as _;

use hmac::{Hmac, KeyInit as _, Mac as _};
use keyhook_plugin::html::escape;
use keyhook_plugin::prelude::*;
use sha2::Sha256;

/// The user is who my cookie says.
fn user(cx: &AuthorizationCx) -> Result<Option<String>, Deny> {
    let key = cx.config().text("/key")?.filter(|key| !key.is_empty()).ok_or(Deny::server_error().because("`key` is missing"))?;
    let Some((user, hash)) = cx.cookie("site-adapter-user").and_then(|value| value.rsplit_once(':')) else { return Ok(None) };
    Ok((same_secret(hash, sign(&key, user)) && !user.is_empty()).then(|| user.to_owned()))
}

/// My own dialog; who is not signed in at the site is sent there first, and comes back here.
#[hook(authorization_GET, inline)]
fn dialog(cx: &mut AuthorizationGetCx) -> Outcome {
    let Some(user) = user(cx)? else {
        let page = cx.config().text("/sign_in")?.ok_or(Deny::login_required())?;
        return Respond::redirect(&format!("{page}?return_to={}", cx.resume_url()));
    };
    let scopes: Vec<String> = cx.scopes().map(|scope| format!("<li>{}</li>", escape(scope))).collect();
    let html = format!(
        r#"<p>{user}, <strong>{client}</strong> asks for:</p><ul>{scopes}</ul>
<form method="post" action="{action}">{fields}
<button name="answer" value="yes">Yes</button> <button name="answer" value="no">No</button></form>"#,
        user = escape(&user),
        client = escape(cx.client_name()),
        scopes = scopes.concat(),
        action = escape(&cx.form_action()),
        fields = cx.form_fields(),
    );
    cx.page("May it?", html)
}

/// The user said yes, or no. Whoever is there is asked again who they are: the site may have signed them out meanwhile.
#[hook(authorization_POST, inline)]
fn answered(cx: &mut AuthorizationPostCx) -> Outcome {
    match (cx.form("answer"), user(cx)?) {
        (Some("yes"), Some(user)) => {
            cx.data().set("site", "example")?;
            cx.sign_in(SignIn::user(user).and_approve(Approve::all()))
        }
        (Some("yes"), None) => Err(Deny::login_required()),
        _ => Err(Deny::access_denied().because("the user said no").public()),
    }
}

/// HMAC-SHA-256 in hexadecimal.
fn sign(key: &str, text: &str) -> String {
    // A key of any length will do (RFC 2104 §2); were it ever refused, the empty text fits no hash.
    let Ok(mac) = Hmac::<Sha256>::new_from_slice(key.as_bytes()) else { return String::new() };
    mac.chain_update(text).finalize().into_bytes().iter().fold(String::new(), |mut hex, byte| {
        let _ = write!(hex, "{byte:02x}");
        hex
    })
}

plugin! { name: "site-adapter" }

#[cfg(test)]
mod tests {
    use keyhook_plugin_test::TestCall;

    use super::sign;

    const CONFIG: &str = r#"{"key": "the site's key", "sign_in": "/account/sign-in"}"#;

    fn by(call: TestCall, cookie: &str) -> TestCall {
        call.config(CONFIG).header("cookie", cookie)
    }

    fn alice() -> String {
        format!("site-adapter-theme=dark; site-adapter-user=alice:{}", sign("the site's key", "alice"))
    }

    #[test]
    fn the_dialog_names_the_user_of_the_cookie_and_what_is_asked_for() {
        let page = by(TestCall::authorization_get(), &alice()).fact("client_name", "<Shop>").fact("scope", "read write").run();
        for part in ["alice", "&lt;Shop&gt;", "<li>read</li><li>write</li>", "csrf_token", r#"method="post""#] {
            assert!(page.text().contains(part), "{part} in {}", page.text());
        }
    }

    #[test]
    fn without_a_good_cookie_the_browser_goes_to_the_site_s_own_sign_in() {
        for cookie in ["", "site-adapter-user=alice", "site-adapter-user=alice:00", "site-adapter-user=:", &alice().replace("alice", "bob")]
        {
            let answer = by(TestCall::authorization_get(), cookie).run();
            let expected = "/account/sign-in?return_to=http://localhost:8080/authorize/resume?interaction=test-interaction";
            assert_eq!((answer.status(), answer.header("location")), (Some(303), Some(expected)), "{cookie}");
        }
    }

    #[test]
    fn yes_signs_in_and_approves_and_no_denies() {
        let yes = by(TestCall::authorization_post(), &alice()).form("answer", "yes").run();
        assert_eq!((yes.signed_in(), yes.decided("approve"), yes.data("site")), (Some("alice"), Some("1"), Some("\"example\"")));
        for answer in ["no", "", "Yes"] {
            let no = by(TestCall::authorization_post(), &alice()).form("answer", answer).run();
            assert_eq!((no.denied(), no.public_description()), (Some("access_denied"), Some("the user said no")));
        }
    }

    #[test]
    fn nobody_says_yes_whom_the_site_has_signed_out() {
        assert_eq!(by(TestCall::authorization_post(), "").form("answer", "yes").run().denied(), Some("login_required"));
    }

    #[test]
    fn without_a_key_nothing_is_believed() {
        let cookie = format!("site-adapter-user=alice:{}", sign("", "alice"));
        let answer = TestCall::authorization_post().config(r#"{"key": ""}"#).header("cookie", &cookie).form("answer", "yes").run();
        assert_eq!(answer.denied(), Some("server_error"));
    }
}
