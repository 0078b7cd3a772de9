//! What a plugin attaches to a token and the operator lets out: introspection, JWTs and the guard's principal carry it.

use std::time::Duration;

use keyhook_guard::{Guard, Introspection, SignedTokens, Timestamp};
use keyhook_tests::http::basic;
use keyhook_tests::local::{Local, SECRET, shop};
use keyhook_tests::scratch::Scratch;
use keyhook_tests::{binary, libraries};
use serde_json::{Value, json};

const FORMS: [&str; 3] = ["opaque", "uuid4", "jwt"];

/// A server with `witness`, and a client for each form of tokens.
fn local(scratch: &Scratch, configuration: &'static str) -> Local {
    libraries::install_crate("witness", scratch.path());
    let client = |form: &str| {
        let mut client = shop(form);
        client.tokens.format = Some(form.to_owned());
        client
    };
    Local::start(|builder| {
        let builder = builder.config_text(configuration).plugins_directory(scratch.path()).probe(binary::path());
        FORMS.iter().fold(builder, |builder, form| builder.client(client(form)))
    })
}

fn token(local: &Local, client: &str, form: &[(&str, &str)]) -> String {
    let form = [&[("grant_type", "client_credentials")], form].concat();
    let answer = local.client().post_with("/token", &[("authorization", &basic(client, SECRET))], &form);
    answer.json()["access_token"].as_str().unwrap_or_else(|| panic!("{}", answer.text())).to_owned()
}

fn introspect(local: &Local, token: &str) -> Value {
    local.client().post_with("/introspect", &[("authorization", &basic("shop", SECRET))], &[("token", token)]).json()
}

/// A token of a client's own has no grant: what was attached lives in the token.
#[test]
fn what_a_plugin_attached_is_told_by_every_form_of_token_and_by_the_guard() {
    let scratch = Scratch::new("attributes");
    let local = local(&scratch, "[tokens]\nattributes = [\"witness/tenant\", \"witness/absent\"]\n");
    let now = local.clock.seconds();
    let runtime = tokio::runtime::Runtime::new().unwrap();
    for form in FORMS {
        let text = token(&local, form, &[("validate", "attach")]);
        let told = introspect(&local, &text);
        assert_eq!((&told["active"], &told["token_attributes"]), (&true.into(), &json!({ "tenant": "acme" })), "{form}: {told}");
        assert_eq!(told["sub"], Value::Null, "{form}");

        let endpoint = format!("http://localhost:{}/introspect", local.port);
        let asking = Introspection::at(endpoint).client("shop", SECRET).deadline(Duration::from_secs(30)).build().unwrap();
        let mut guards = vec![Guard::new(asking)];
        if form == "jwt" {
            guards.push(Guard::new(SignedTokens::of(local.issuer()).audience(local.issuer()).build().unwrap()));
        }
        for guard in guards {
            let guard = guard.clock(move || Timestamp::from_seconds(now));
            let principal = runtime.block_on(guard.verify(&text.clone().into())).unwrap();
            assert_eq!(principal.token_attribute("tenant"), Some(&json!("acme")), "{form}");
            assert_eq!((principal.token_attribute("internal"), principal.user()), (None, None), "{form}");
        }
        let bare = introspect(&local, &token(&local, form, &[]));
        assert_eq!(bare["token_attributes"], Value::Null, "{form}: nothing was attached");
    }
}

/// What a plugin keeps may be nobody's business.
#[test]
fn what_the_operator_does_not_name_is_told_nobody() {
    let scratch = Scratch::new("no-attributes");
    let local = local(&scratch, "");
    for form in FORMS {
        let told = introspect(&local, &token(&local, form, &[("validate", "attach")]));
        assert_eq!((&told["active"], &told["token_attributes"]), (&true.into(), &Value::Null), "{form}");
    }
}
