//! People sign in with their password in an LDAP directory: a simple bind (RFC 4513 §5.1.3) with the name they typed.
//!
//! ```toml
//! [plugins.ldap-login.config]
//! url = "ldaps://ldap.example"                      # or ldap://, with starttls = true
//! dn = "uid={user},ou=people,dc=example,dc=org"
//! subject = "entryUUID"                             # the attribute that is the subject; "uid" if left out
//! timeout = 5                                       # seconds
//! ```
//!
//! Without TLS it talks to this machine alone: a password must not cross a network in the clear. Certificates are verified against the
//! roots of the system, or those in `SSL_CERT_FILE` of the server's environment.
//!
//! The subject is read from the entry after the bind, never taken from the form: a directory does not distinguish `Alice` and `alice`,
//! and two subjects for one person would be two accounts. Users have to be allowed to read that attribute of their own entry.
//!
//! Guessing is slowed down by the directory (`ppolicy` in `OpenLDAP`), not here.

mod directory;

use directory::{Directory, Found};
use keyhook_plugin::html::escape;
use keyhook_plugin::prelude::*;

#[hook(authorization_GET, inline)]
fn ask(cx: &mut AuthorizationGetCx) -> Outcome {
    if cx.subject().is_some() { Continue } else { form(cx, "", "") }
}

/// Not `inline`: it waits for the directory.
#[hook(authorization_POST)]
fn answered(cx: &mut AuthorizationPostCx) -> Outcome {
    if cx.form("answer") != Some("sign-in") {
        return Err(Deny::access_denied().because("the user said no"));
    }
    let (name, password) = (cx.form("username").unwrap_or_default().trim(), cx.form("password").unwrap_or_default());
    let found = cx.state::<Directory>()?.sign_in(name, password);
    match found.map_err(|why| Deny::temporarily_unavailable().because(why))? {
        Found::User(subject) => cx.sign_in(SignIn::user(subject).amr("pwd")),
        Found::Nobody => form(cx, name, "The name or the password is wrong."),
    }
}

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

plugin! { name: "ldap-login", start: Directory::configured }

#[cfg(test)]
mod tests {
    use keyhook_plugin_test::TestCall;

    const NOBODY_LISTENS: &str = r#"{"url": "ldap://127.0.0.1:1", "dn": "uid={user},dc=example", "timeout": 1}"#;

    fn answered(name: &str, password: &str) -> TestCall {
        TestCall::authorization_post().config(NOBODY_LISTENS).form("username", name).form("password", password).form("answer", "sign-in")
    }

    #[test]
    fn a_visitor_is_asked_and_who_is_signed_in_is_not() {
        let page = TestCall::authorization_get().config(NOBODY_LISTENS).fact("client_name", "<Shop>").run();
        assert!(page.text().contains("&lt;Shop&gt;") && page.text().contains("csrf_token"), "{}", page.text());
        assert!(TestCall::authorization_get().config(NOBODY_LISTENS).fact("subject", "alice").run().continued());
    }

    #[test]
    fn the_user_may_say_no() {
        assert_eq!(TestCall::authorization_post().config(NOBODY_LISTENS).form("answer", "deny").run().denied(), Some("access_denied"));
    }

    /// RFC 4513 §5.1.2: a server may take a name without a password for an anonymous bind, and say that it succeeded.
    #[test]
    fn without_name_or_password_the_directory_is_not_even_asked() {
        for (name, password) in [("alice", ""), ("", "secret"), ("  ", "secret"), (&*"x".repeat(256), "secret")] {
            let page = answered(name, password).run();
            assert!(page.signed_in().is_none() && page.text().contains("is wrong"), "{name}");
        }
    }

    #[test]
    fn a_directory_that_is_away_signs_nobody_in() {
        let answer = answered("alice", "secret").run();
        assert_eq!(answer.denied(), Some("temporarily_unavailable"));
        assert!(answer.reason().starts_with("the directory ldap://127.0.0.1:1 does not answer"), "{}", answer.reason());
        assert!(!answer.reason().contains("secret"));
    }

    #[test]
    fn a_configuration_that_would_send_passwords_in_the_clear_does_not_start() {
        let refused = |config: &str| TestCall::authorization_get().config(config).run().not_started().unwrap_or_default().to_owned();
        assert!(refused(r#"{"url": "ldap://ldap.example", "dn": "uid={user}"}"#).contains("in the clear"));
        assert!(refused(r#"{"url": "http://ldap.example", "dn": "uid={user}"}"#).contains("ldaps://"));
        assert!(refused(r#"{"dn": "uid={user}"}"#).contains("`url` is missing"));
        assert!(refused(r#"{"url": "ldaps://ldap.example", "dn": "uid=admin"}"#).contains("{user}"));
        assert!(refused(r#"{"url": "ldaps://ldap.example", "dn": "uid={user}", "timeout": 0}"#).contains("`timeout`"));
        for good in ["ldaps://ldap.example\"", "ldap://ldap.example\", \"starttls\": true", "ldap://localhost:389\"", "ldap://[::1]:389\""]
        {
            assert_eq!(refused(&format!(r#"{{"dn": "uid={{user}}", "url": "{good}}}"#)), "", "{good}");
        }
    }
}
