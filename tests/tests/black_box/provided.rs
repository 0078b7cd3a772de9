//! The examples of what a plugin provides, dropped into a folder: a grant type (RFC 6749 §4.5), a client authentication (RFC 7521 §4.2)
//! and a signature method (RFC 5849 §3.4).

use std::fmt::Write as _;
use std::time::Duration;

use hmac::{Hmac, KeyInit as _, Mac as _};
use keyhook_core::client::AuthMethod;
use keyhook_core::crypto::hmac_sha256;
use keyhook_core::oauth1::BaseString;
use keyhook_core::oauth1::signature::{SignatureMethod, SigningKey};
use keyhook_core::secret::Secret;
use keyhook_tests::consumer::{By, by, register};
use keyhook_tests::http::{Answer, base64, basic};
use keyhook_tests::local::{Local, REDIRECT_URI, SECRET, shop};
use keyhook_tests::scratch::Scratch;
use keyhook_tests::{binary, libraries};

const BADGE: &str = "urn:example:params:oauth:grant-type:badge";
const HASH: &str = "urn:example:params:oauth:client-assertion-type:hmac";

const CONFIGURATION: &str = r#"
[tokens]
attributes = ["badge-grant/badge"]
[plugins.badge-grant.config.badges]
"4711" = "alice"
[plugins.hmac-assertion.config.keys]
robot = "the key of the robot"
"#;

fn local(scratch: &Scratch) -> Local {
    for name in ["badge-grant", "hmac-assertion"] {
        libraries::install_crate(name, scratch.path());
    }
    let mut door = shop("door");
    door.grant_types = vec![BADGE.to_owned(), "refresh_token".to_owned()];
    let mut robot = shop("robot");
    (robot.auth_method, robot.secrets) = (AuthMethod::Assertion, Vec::new());
    robot.grant_types.push(BADGE.to_owned());
    let configured = |builder: keyhook::Builder| builder.config_text(CONFIGURATION).client(door).client(robot);
    Local::start(|builder| configured(builder).plugins_directory(scratch.path()).probe(binary::path()))
}

fn token(local: &Local, form: &[(&str, &str)]) -> Answer {
    local.client().post_with("/token", &[("authorization", &basic("door", SECRET))], form)
}

#[test]
fn a_badge_gives_tokens_of_its_holder_that_can_be_refreshed_and_revoked() {
    let scratch = Scratch::new("badge");
    let local = local(&scratch);
    let first = token(&local, &[("grant_type", BADGE), ("badge", "4711"), ("scope", "read")]);
    assert_eq!((first.status, &first.json()["badge"], &first.json()["scope"]), (200, &"4711".into(), &"read".into()));
    let refresh = first.json()["refresh_token"].as_str().unwrap_or_default().to_owned();
    let second = token(&local, &[("grant_type", "refresh_token"), ("refresh_token", &refresh)]);
    assert_eq!((second.status, &second.json()["badge"]), (200, &"4711".into()));
    let access = second.json()["access_token"].as_str().unwrap_or_default().to_owned();
    let asked = |token: &str| local.client().post_with("/introspect", &[("authorization", &basic("shop", SECRET))], &[("token", token)]);
    let told = asked(&access).json();
    assert_eq!((&told["active"], &told["sub"], &told["client_id"]), (&true.into(), &"alice".into(), &"door".into()));
    assert_eq!(told["token_attributes"]["badge"], "4711", "what the operator lets out travels with the grant");
    let refresh = second.json()["refresh_token"].as_str().unwrap_or_default().to_owned();
    let revoked = local.client().post_with("/revoke", &[("authorization", &basic("door", SECRET))], &[("token", &refresh)]);
    assert_eq!((revoked.status, &asked(&access).json()["active"]), (200, &false.into()));
}

#[test]
fn another_badge_and_another_client_get_nothing() {
    let scratch = Scratch::new("no-badge");
    let local = local(&scratch);
    let error = |form: &[(&str, &str)]| token(&local, form).json()["error"].as_str().unwrap_or_default().to_owned();
    assert_eq!(error(&[("grant_type", BADGE), ("badge", "4712")]), "invalid_grant");
    assert_eq!(error(&[("grant_type", BADGE)]), "invalid_request");
    assert_eq!(error(&[("grant_type", BADGE), ("badge", "4711"), ("badge", "4711")]), "invalid_request");
    assert_eq!(error(&[("grant_type", "urn:example:params:oauth:grant-type:bag"), ("badge", "4711")]), "unsupported_grant_type");
    let form = [("grant_type", BADGE), ("badge", "4711")];
    let other = local.client().post_with("/token", &[("authorization", &basic("shop", SECRET))], &form);
    assert_eq!((other.status, &other.json()["error"]), (400, &"unauthorized_client".into()));
}

fn assertion(local: &Local, key: &str, nonce: &str) -> String {
    let expiry = local.clock.seconds() + 60;
    let text = format!("{}\nrobot\n{expiry}\n{nonce}", local.issuer());
    let hash = hmac_sha256(key.as_bytes(), text.as_bytes()).iter().fold(String::new(), |mut hex, byte| {
        let _ = write!(hex, "{byte:02x}");
        hex
    });
    format!("robot:{expiry}:{nonce}:{hash}")
}

fn robot(local: &Local, assertion: &str, more: &[(&str, &str)]) -> Answer {
    let mut form = vec![("client_assertion_type", HASH), ("client_assertion", assertion)];
    form.extend_from_slice(more);
    local.client().post("/token", &form)
}

#[test]
fn a_keyed_hash_authenticates_once() {
    let scratch = Scratch::new("hash");
    let local = local(&scratch);
    let grant = [("grant_type", "client_credentials")];
    let good = assertion(&local, "the key of the robot", "1");
    assert_eq!(robot(&local, &good, &grant).status, 200);
    let again = robot(&local, &good, &grant);
    assert_eq!((again.status, &again.json()["error"]), (401, &"invalid_client".into()));
    let late = assertion(&local, "the key of the robot", "2");
    local.clock.advance(Duration::from_secs(61));
    for wrong in [assertion(&local, "another key", "3"), late, String::from("robot"), good] {
        let answer = robot(&local, &wrong, &grant);
        let said = |answer: &Answer| (answer.status, answer.json()["error"].clone(), answer.json()["error_description"].clone());
        assert_eq!(said(&answer), said(&again), "{wrong}");
    }
    assert_eq!(robot(&local, &assertion(&local, "the key of the robot", "3"), &grant).status, 200);
}

#[test]
fn a_client_that_asserts_may_show_a_badge() {
    let scratch = Scratch::new("both");
    let local = local(&scratch);
    let answer = robot(&local, &assertion(&local, "the key of the robot", "1"), &[("grant_type", BADGE), ("badge", "4711")]);
    assert_eq!((answer.status, &answer.json()["badge"]), (200, &"4711".into()));
}

/// HMAC-SHA384, as a client computes it (RFC 5849 §3.4.2 with another hash).
struct Sha384;

impl SignatureMethod for Sha384 {
    fn name(&self) -> &'static str {
        "HMAC-SHA384"
    }

    fn verify(&self, _: &BaseString, _: &SigningKey<'_>, _: &str) -> bool {
        false
    }

    fn sign(&self, base: &BaseString, key: &SigningKey<'_>) -> Option<Secret<String>> {
        let mac = Hmac::<sha2::Sha384>::new_from_slice(key.joined()?.as_bytes()).unwrap().chain_update(base.as_bytes());
        Some(Secret::new(base64(&mac.finalize().into_bytes())))
    }
}

#[test]
fn a_signature_method_comes_in_a_library_and_goes_with_it() {
    let scratch = Scratch::new("sha384");
    let library = libraries::install_crate("sha384-signature", scratch.path());
    let configured = |builder: keyhook::Builder| builder.config_text("[oauth1]\nenabled = true\n");
    let local = Local::start(|builder| configured(builder).plugins_directory(scratch.path()).probe(binary::path()));
    register(&local, "printer", &["HMAC-SHA384"]);
    register(&local, "scanner", &[]);
    let signed = |consumer, nonce| By { method: &Sha384, form: &[("page", "1 & 2")], ..by(consumer, nonce) };
    let asked = |by: By<'_>| {
        let answer = by.send(&local);
        (answer.status, answer.text().split('&').next().unwrap_or_default().to_owned())
    };
    let (status, first) = asked(signed("printer", "1"));
    assert!(status == 200 && first.starts_with("oauth_token="), "{status} {first}");
    let refused = |problem: &str, status| (status, format!("oauth_problem={problem}"));
    assert_eq!(asked(signed("printer", "1")), refused("nonce_used", 401));
    assert_eq!(asked(By { secret: "another", ..signed("printer", "2") }), refused("signature_invalid", 401));
    assert_eq!(asked(signed("nobody", "3")), refused("signature_invalid", 401));
    assert_eq!(asked(signed("scanner", "4")), refused("signature_method_rejected", 400), "nobody allowed it this one");
    std::fs::remove_file(library).unwrap();
    local.reload().unwrap();
    assert_eq!(asked(signed("printer", "5")), refused("signature_method_rejected", 400));
}

#[test]
fn people_register_an_application_by_themselves_if_they_are_invited_and_the_plugin_is_allowed() {
    let scratch = Scratch::new("registration");
    libraries::install_crate("consumer-registration", scratch.path());
    let local = |allow: &str| {
        let config = "invitation = \"open sesame\"\nscopes = [\"read\"]";
        let text = format!(
            "[oauth1]\nenabled = true\n[plugins.consumer-registration]\nallow = [{allow}]\n[plugins.consumer-registration.config]\n{config}\n"
        );
        Local::start(|builder| builder.config_text(text).handlers_directory(scratch.path()).probe(binary::path()))
    };
    let sent = |local: &Local, invitation: &str, callback: &str| {
        let form = [("name", "A <b>printer</b>"), ("callback", callback), ("invitation", invitation)];
        local.client().post("/register/application", &form)
    };
    let allowed = local("\"register_clients\"");
    assert!(allowed.client().get("/register/application").text().contains("name=\"invitation\""));
    assert_eq!(sent(&allowed, "open", "").status, 403);
    for callback in ["printer.example", "javascript:alert(1)", "https://printer.example/#there", "https://*.example/"] {
        assert_eq!(sent(&allowed, "open sesame", callback).status, 400, "{callback}");
    }
    let page = sent(&allowed, "open sesame", REDIRECT_URI);
    assert_eq!((page.status, page.header("cache-control")), (200, Some("no-store")));
    let text = page.text();
    let shown: Vec<&str> = text.split("<dd><code>").skip(1).filter_map(|rest| rest.split("</code>").next()).collect();
    let [key, secret] = shown[..] else { panic!("{text}") };
    assert_eq!(By { secret, ..by(key, "1") }.send(&allowed).status, 200);
    assert_eq!(by(key, "2").send(&allowed).status, 401, "with the secret of somebody else");
    let clients = allowed.context();
    let client = tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(clients.records.client(key)).unwrap().unwrap();
    assert_eq!((client.scope.as_str(), client.first_party, client.introspect, client.grant_types.len()), ("read", false, false, 0));
    let refused = sent(&local("\"store\""), "open sesame", "");
    assert_eq!(refused.status, 500, "nobody may who is not allowed");
}

#[test]
fn two_libraries_with_one_grant_type_do_not_both_run() {
    keyhook_tests::captured::start();
    let scratch = Scratch::new("twice");
    libraries::misfit(&scratch.join("a-thief.so"), "a-thief", &[&format!("HOOK=\"token_grant={BADGE}\"")]);
    let local = local(&scratch);
    let refused = keyhook_tests::captured::lines_with("KH0526");
    assert!(refused.iter().any(|line| line.contains("\"plugin\":\"badge-grant\"") && line.contains("plugin `a-thief`")), "{refused:?}");
    drop(local);
}
