//! People register an application of theirs for OAuth 1.0a by themselves: a page with a form, then its key and secret, once.
//!
//! ```toml
//! [oauth1]
//! enabled = true
//!
//! [plugins.consumer-registration]
//! allow = ["register_clients"]
//!
//! [plugins.consumer-registration.config]
//! invitation = { "$file" = "/run/secrets/invitation" }   # who knows it may register
//! scopes = ["read"]                                       # what an application may do; nothing if left out
//! ```
//!
//! The server makes key and secret, checks the callback as it does an operator's, and seals the secret; the plugin only asks. An
//! application can do nothing before a user has permitted it, and for itself what `scopes` says.
//!
//! Build it with `cargo build --release -p consumer-registration` and drop `target/release/libconsumer_registration.so` into a folder of
//! `[handlers] directories`. The page is at `/register/application`.

use keyhook_plugin::html::escape;
use keyhook_plugin::json;
use keyhook_plugin::prelude::*;

/// What the configuration says.
struct Settings {
    invitation: String,
    scopes: Vec<String>,
}

fn start(cx: &StartCx) -> Result<Settings, String> {
    let invitation = cx.config().text("/invitation")?.filter(|text| text.len() >= 8);
    let scopes = cx.config().raw("/scopes")?.unwrap_or_else(|| "[]".to_owned());
    let scopes = json::items(&scopes).ok_or("`scopes` is a list of texts")?;
    let scopes: Option<Vec<String>> = scopes.into_iter().map(|item| json::text(item).map(std::borrow::Cow::into_owned)).collect();
    Ok(Settings {
        invitation: invitation.ok_or("`invitation` is missing or shorter than 8 characters: anybody could register")?,
        scopes: scopes.ok_or("`scopes` is a list of texts")?,
    })
}

#[handler(GET, "/register/application", inline)]
fn form(_: &mut RequestCx) -> Outcome {
    Respond::page(
        "Register an application",
        r#"<form method="post" action="/register/application">
<p><label>Name <input name="name" required maxlength="200"></label></p>
<p><label>Callback URL, if it has one <input name="callback" type="url"></label></p>
<p><label>Invitation <input name="invitation" type="password" required autocomplete="off"></label></p>
<p><button>Register</button></p>
</form>"#,
    )
}

#[handler(POST, "/register/application")]
fn register(cx: &mut RequestCx) -> Outcome {
    let settings = cx.state::<Settings>()?;
    if !same_secret(cx.form("invitation").unwrap_or_default(), &settings.invitation) {
        return Respond::status(403).text("This is not the invitation.\n");
    }
    let field = |name| cx.form(name).map(str::trim).filter(|text| !text.is_empty());
    let mut client = NewClient::signing(field("name").unwrap_or_default()).scopes(&settings.scopes);
    if let Some(callback) = field("callback") {
        client = client.callback(callback);
    }
    match cx.register_client(&client) {
        Ok(made) => Respond::page(
            "Registered",
            format!(
                "<p>Keep both; the secret is not shown again.</p>\n<dl><dt>Consumer key</dt><dd><code>{}</code></dd>\n\
                 <dt>Consumer secret</dt><dd><code>{}</code></dd></dl>",
                escape(made.key()),
                escape(made.secret())
            ),
        ),
        Err(refused) if refused.reason() == Reason::BadArgument => {
            Respond::status(400).text("A name is needed, and a callback is a whole https:// URL without a fragment.\n")
        }
        Err(refused) => Err(refused.into()),
    }
}

plugin! { name: "consumer-registration", start: start }

#[cfg(test)]
mod tests {
    use keyhook_plugin_test::{Answer, TestCall};

    const CONFIG: &str = r#"{"invitation": "open sesame", "scopes": ["read", "write"]}"#;

    fn sent(invitation: &str, name: &str) -> Answer {
        let call = TestCall::request("POST", "/register/application").config(CONFIG);
        call.form("invitation", invitation).form("name", name).form("callback", " https://printer.example/ready ").run()
    }

    #[test]
    fn who_was_invited_registers_and_sees_key_and_secret() {
        let answer = sent("open sesame", "The \"Printer\"");
        assert_eq!((answer.status(), answer.title()), (Some(200), Some("Registered")));
        assert!(answer.text().contains("<code>test-client</code>") && answer.text().contains("<code>test-secret</code>"), "{answer:?}");
        let asked =
            r#"{"name":"The \"Printer\"","callbacks":["https://printer.example/ready"],"scope":"read write","signature_methods":[]}"#;
        assert_eq!(answer.registered(), [asked]);
    }

    #[test]
    fn nobody_else_registers_anything() {
        for invitation in ["", "open", "open sesame ", "OPEN SESAME"] {
            let answer = sent(invitation, "Printer");
            assert_eq!((answer.status(), answer.registered().len()), (Some(403), 0), "{invitation}");
        }
    }

    #[test]
    fn a_client_that_cannot_be_registered_is_explained() {
        assert_eq!((sent("open sesame", " ").status(), sent("open sesame", "").status()), (Some(400), Some(400)));
    }

    #[test]
    fn the_form_is_shown_and_without_an_invitation_the_plugin_does_not_start() {
        let call = || TestCall::request("GET", "/register/application");
        assert!(call().config(CONFIG).run().text().contains(r#"name="invitation""#));
        for config in ["{}", r#"{"invitation": "short"}"#, r#"{"invitation": "open sesame", "scopes": [1]}"#] {
            assert!(call().config(config).run().not_started().is_some(), "{config}");
        }
    }
}
