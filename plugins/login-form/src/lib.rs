//! A login page of its own, in place of the server's, with users from its configuration.
//!
//! ```toml
//! [plugins.login-form.config.users]
//! admin = "admin"
//! ```
//!
//! It is an **example**: it shows both authorization hooks and how they belong together. It keeps passwords in plain text and
//! does not slow down guessing, so it is no place for people's accounts; ask your user database in [`is_user`] instead, and take
//! `inline` off the hook, for asking waits.
//!
//! - `authorization_GET` shows the form. [`AuthorizationCx::form_fields`] puts two hidden fields into it, by which the server
//!   knows the form and the request again.
//! - `authorization_POST` gets the form back, after the server has checked those fields. It signs the user in, shows the form
//!   again, or denies.
//!
//! Consent follows in the server; see `allow = ["approve"]` for plugins that ask for it themselves.

use keyhook_plugin::html::escape;
use keyhook_plugin::json;
use keyhook_plugin::prelude::*;

#[hook(authorization_GET, inline)]
fn ask(cx: &mut AuthorizationGetCx) -> Outcome {
    if cx.subject().is_some() {
        return Continue;
    }
    // A client that asked for no page must not get one (OIDC Core §3.1.2.1).
    if cx.query("prompt").is_some_and(|prompt| prompt.split(' ').any(|word| word == "none")) {
        return Err(Deny::login_required());
    }
    form(cx, "", "")
}

#[hook(authorization_POST, inline)]
fn answered(cx: &mut AuthorizationPostCx) -> Outcome {
    if cx.form("answer") != Some("sign-in") {
        return Err(Deny::access_denied().because("the user said no"));
    }
    let name = cx.form("username").unwrap_or_default().trim().to_owned();
    let password = cx.form("password").unwrap_or_default();
    if is_user(cx, &name, password)? {
        cx.sign_in(SignIn::user(name).amr("pwd"))
    } else {
        form(cx, &name, "The name or the password is wrong.")
    }
}

/// Whether the password is this user's. An unknown name is compared too, so that the time does not tell which names exist.
fn is_user(cx: &AuthorizationCx, name: &str, password: &str) -> Result<bool, Refused> {
    let expected = cx.config().text(&json::pointer(["users", name]))?;
    let is_known = !name.is_empty() && expected.as_ref().is_some_and(|expected| !expected.is_empty());
    let is_right = same_secret(password, expected.unwrap_or_else(|| "no such user".to_owned()));
    Ok(is_known & is_right)
}

/// The page: who asks and where the answer goes, then the form. All that came from outside is escaped.
fn form(cx: &AuthorizationCx, name: &str, error: &str) -> Outcome {
    let alert = if error.is_empty() { String::new() } else { format!(r#"<p role="alert">{}</p>"#, escape(error)) };
    let html = format!(
        r#"<p><strong>{client}</strong> wants to know who you are. You will go back to {target}.</p>
{alert}
<form method="post" action="{action}">
{fields}
<p><label for="username">Name</label>
<input id="username" name="username" value="{name}" autocomplete="username" autocapitalize="none" required></p>
<p><label for="password">Password</label>
<input id="password" name="password" type="password" autocomplete="current-password" required></p>
<p><button name="answer" value="sign-in">Sign in</button>
<button name="answer" value="deny" formnovalidate>Deny</button></p>
</form>"#,
        client = escape(cx.client_name()),
        target = escape(cx.redirect_uri()),
        action = escape(&cx.form_action()),
        fields = cx.form_fields(),
        name = escape(name),
    );
    cx.page("Sign in", html)
}

plugin! { name: "login-form" }

#[cfg(test)]
mod tests {
    use keyhook_plugin_test::TestCall;

    const USERS: &str = r#"{"users": {"admin": "admin", "a/b": "c", "": "nameless", "blank": ""}}"#;

    fn answered(name: &str, password: &str) -> TestCall {
        TestCall::authorization_post().config(USERS).form("username", name).form("password", password).form("answer", "sign-in")
    }

    #[test]
    fn a_visitor_is_asked_on_a_page_that_names_the_client() {
        let answer = TestCall::authorization_get().fact("client_name", "<Shop>").fact("redirect_uri", "https://shop.example/cb").run();
        assert_eq!(answer.title(), Some("Sign in"));
        for part in ["&lt;Shop&gt;", "https://shop.example/cb", "csrf_token", r#"action="http://localhost:8080/authorize""#] {
            assert!(answer.text().contains(part), "{part} in {}", answer.text());
        }
    }

    #[test]
    fn who_is_signed_in_is_not_asked() {
        assert!(TestCall::authorization_get().fact("subject", "admin").run().continued());
    }

    #[test]
    fn a_request_without_pages_gets_login_required() {
        let answer = TestCall::authorization_get().query("prompt", "none").run();
        assert_eq!(answer.denied(), Some("login_required"));
    }

    #[test]
    fn the_right_password_signs_in() {
        let answer = answered(" admin ", "admin").run();
        assert_eq!((answer.signed_in(), answer.decided("amr")), (Some("admin"), Some("pwd")));
        assert_eq!(answered("a/b", "c").run().signed_in(), Some("a/b"));
    }

    #[test]
    fn anything_else_shows_the_form_again_with_the_name_kept() {
        for (name, password) in [("admin", "wrong"), ("nobody", "no such user"), ("blank", ""), ("", "nameless"), ("\"><b>", "x")] {
            let answer = answered(name, password).run();
            assert_eq!((answer.status(), answer.signed_in()), (Some(200), None), "{name}");
            assert!(answer.text().contains("is wrong"), "{name}");
        }
        assert!(answered("\"><b>", "x").run().text().contains(r#"value="&quot;&gt;&lt;b&gt;""#));
    }

    #[test]
    fn a_user_who_says_no_denies() {
        let answer = TestCall::authorization_post().config(USERS).form("answer", "deny").run();
        assert_eq!(answer.denied(), Some("access_denied"));
    }

    #[test]
    fn without_users_nobody_gets_in() {
        assert_eq!(answered("admin", "admin").config("{}").run().signed_in(), None);
    }
}
