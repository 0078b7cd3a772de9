//! The example of a site with its own sign-in and its own dialog, from the browser's side: cookie, dialog, yes and no (RFC 6749 §4.1).

use keyhook_core::crypto::hmac_sha256;
use keyhook_tests::flow::{Ask, Form, Pkce};
use keyhook_tests::http::{Client, basic};
use keyhook_tests::local::{Local, REDIRECT_URI, SECRET};
use keyhook_tests::scratch::Scratch;
use keyhook_tests::{binary, libraries};

const CONFIGURATION: &str = r#"
[plugins.site-adapter]
allow = ["approve"]
[plugins.site-adapter.config]
key = "the key of the site"
sign_in = "/account/sign-in"
"#;

fn local(scratch: &Scratch) -> Local {
    libraries::install_crate("site-adapter", scratch.path());
    Local::start(|builder| builder.config_text(CONFIGURATION).plugins_directory(scratch.path()).probe(binary::path()))
}

fn asked() -> String {
    Ask { client_id: "shop", redirect_uri: REDIRECT_URI, scope: "read write", state: "s", pkce: Pkce::new("site") }.path()
}

/// What the site does when a user signs in there.
fn sign_in_at_the_site(browser: &mut Client, user: &str) {
    let hash: Vec<String> = hmac_sha256(b"the key of the site", user.as_bytes()).iter().map(|byte| format!("{byte:02x}")).collect();
    browser.cookies.insert("site-adapter-user".to_owned(), format!("{user}:{}", hash.concat()));
}

#[test]
fn who_is_signed_in_at_the_site_gets_its_dialog_says_yes_and_the_tokens_carry_its_data() {
    let scratch = Scratch::new("site-yes");
    let local = local(&scratch);
    let mut browser = local.client();
    sign_in_at_the_site(&mut browser, "alice");
    let page = browser.get(&asked()).text();
    assert!(page.contains("alice") && page.contains("<li>write</li>"), "{page}");
    let form = Form::with_field(&page, "answer");
    let done = browser.post("/authorize", &form.filled(&[("answer", "yes")]));
    let code = done.location_parameter("code").unwrap();
    let pkce = Pkce::new("site");
    let form = [("grant_type", "authorization_code"), ("code", &*code), ("redirect_uri", REDIRECT_URI), ("code_verifier", &*pkce.verifier)];
    let tokens = browser.post_with("/token", &[("authorization", &basic("shop", SECRET))], &form).json();
    let token = tokens["access_token"].as_str().unwrap_or_default().to_owned();
    let told = browser.post_with("/introspect", &[("authorization", &basic("shop", SECRET))], &[("token", &token)]).json();
    assert_eq!((&told["active"], &told["sub"], &told["scope"]), (&true.into(), &"alice".into(), &"read write".into()));
}

#[test]
fn who_is_not_is_sent_to_the_site_and_comes_back_to_the_same_request() {
    let scratch = Scratch::new("site-away");
    let local = local(&scratch);
    let mut browser = local.client();
    let away = browser.get(&asked());
    let back = away.location().strip_prefix("/account/sign-in?return_to=").unwrap().to_owned();
    sign_in_at_the_site(&mut browser, "alice");
    let page = browser.get(back.strip_prefix(local.issuer()).unwrap()).text();
    let form = Form::with_field(&page, "answer");
    let done = browser.post("/authorize", &form.filled(&[("answer", "yes")]));
    assert_eq!((done.status, done.location_parameter("state").as_deref()), (303, Some("s")));
    assert!(done.location_parameter("code").is_some(), "{}", done.location());
}

#[test]
fn no_goes_to_the_client_as_access_denied() {
    let scratch = Scratch::new("site-no");
    let local = local(&scratch);
    let mut browser = local.client();
    sign_in_at_the_site(&mut browser, "alice");
    let form = Form::with_field(&browser.get(&asked()).text(), "answer");
    let done = browser.post("/authorize", &form.filled(&[("answer", "no")]));
    assert_eq!(done.location_parameter("error").as_deref(), Some("access_denied"));
    assert_eq!(done.location_parameter("error_description").as_deref(), Some("the user said no"));
}

/// RFC 6749 §10.12: python-oauth2 took the consent by GET, from any page that had a link.
#[test]
fn yes_is_said_by_post_with_the_form_s_token_and_in_no_other_way() {
    let scratch = Scratch::new("site-csrf");
    let local = local(&scratch);
    let mut browser = local.client();
    sign_in_at_the_site(&mut browser, "alice");
    let linked = browser.get(&format!("{}&answer=yes&confirm=1", asked()));
    assert!(linked.status == 200 && linked.text().contains("May it?"), "a link only shows the dialog");
    let form = Form::with_field(&linked.text(), "answer");
    let mut forged = form.filled(&[("answer", "yes")]);
    forged.retain(|(name, _)| *name != "csrf_token");
    assert_eq!(browser.post("/authorize", &forged).status, 403);
    let mut stranger = local.client();
    sign_in_at_the_site(&mut stranger, "mallory");
    assert_eq!(stranger.post("/authorize", &form.filled(&[("answer", "yes")])).status, 403);
}

#[test]
fn a_forged_cookie_is_nobody() {
    let scratch = Scratch::new("site-forged");
    let local = local(&scratch);
    let mut browser = local.client();
    sign_in_at_the_site(&mut browser, "mallory");
    let stolen = browser.cookies["site-adapter-user"].replace("mallory", "alice");
    browser.cookies.insert("site-adapter-user".to_owned(), stolen);
    assert!(browser.get(&asked()).location().starts_with("/account/sign-in?"));
}
