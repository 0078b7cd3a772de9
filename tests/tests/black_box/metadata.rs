//! The metadata document (RFC 8414), issuers with a path, and where the endpoints are.

use keyhook_tests::flow::walk;
use keyhook_tests::stage::{ALICE, Stage};

const WELL_KNOWN: &str = "/.well-known/oauth-authorization-server";

/// RFC 8414 §3.2: 200, JSON; the issuer is the one whose metadata was asked for (§3.3).
#[test]
fn the_document_describes_what_is_there() {
    let stage = Stage::configured("[scopes]\nread = \"Read your files\"\nwrite = \"Change your files\"");
    let answer = stage.client().get(WELL_KNOWN);
    assert_eq!((answer.status, answer.header("content-type")), (200, Some("application/json")));
    assert_eq!(answer.header("access-control-allow-origin"), Some("*"), "pages read it too");
    let document = answer.json();
    assert_eq!(document["issuer"], stage.issuer);
    for (name, path) in [
        ("authorization_endpoint", "/authorize"),
        ("token_endpoint", "/token"),
        ("introspection_endpoint", "/introspect"),
        ("revocation_endpoint", "/revoke"),
        ("jwks_uri", "/jwks"),
    ] {
        assert_eq!(document[name], format!("{}{path}", stage.issuer));
    }
    let list = |name: &str| document[name].as_array().unwrap().iter().map(|item| item.as_str().unwrap().to_owned()).collect::<Vec<_>>();
    assert_eq!(list("response_types_supported"), ["code"]);
    assert_eq!(list("code_challenge_methods_supported"), ["S256"], "RFC 7636 §6.2; plain does not exist");
    assert_eq!(list("scopes_supported"), ["read", "write"]);
    assert_eq!(document["authorization_response_iss_parameter_supported"], true, "RFC 9207 §3");
    for grant in ["authorization_code", "refresh_token", "client_credentials"] {
        assert!(list("grant_types_supported").iter().any(|known| known == grant), "{grant}");
    }
    for absent in ["registration_endpoint", "userinfo_endpoint", "device_authorization_endpoint"] {
        assert!(document[absent].is_null(), "what is not there is not announced: {absent}");
    }
    assert!(!list("token_endpoint_auth_methods_supported").is_empty());
}

/// Every announced endpoint answers where it is announced.
#[test]
fn every_announced_endpoint_answers() {
    let stage = Stage::new();
    let document = stage.client().get(WELL_KNOWN).json();
    for (name, url) in document.as_object().unwrap().iter().filter(|(name, _)| name.ends_with("_endpoint")) {
        let path = url.as_str().unwrap().strip_prefix(&stage.issuer).unwrap();
        let answer = stage.client().get(path);
        assert!(answer.status == 405 || answer.status == 400, "{name}: {}", answer.status);
    }
}

/// RFC 8414 §3.1: the name is inserted before the issuer's path; some clients append it, and both are answered.
#[test]
fn an_issuer_with_a_path_has_everything_below_it() {
    let port = keyhook_tests::binary::free_port();
    let issuer = format!("http://localhost:{port}/tenant/one");
    let stage = Stage::with(|builder| builder.port(port).issuer(&issuer));
    assert_eq!(stage.issuer, issuer);
    for path in [&format!("{WELL_KNOWN}/tenant/one"), &format!("/tenant/one{WELL_KNOWN}")] {
        let document = stage.client().get(path).json();
        assert_eq!(
            (&document["issuer"], &document["token_endpoint"]),
            (&issuer.clone().into(), &format!("{issuer}/token").into()),
            "{path}"
        );
    }
    assert_eq!(stage.client().get("/token").status, 404, "nothing lies beside the path");
    let mut ask_path = stage.ask().path();
    ask_path.insert_str(0, "/tenant/one");
    let mut browser = stage.client();
    let arrived = browser.get(&ask_path);
    assert!(arrived.location().starts_with("/tenant/one/login?"), "{}", arrived.location());
    let login = keyhook_tests::flow::follow(&mut browser, arrived);
    let form = keyhook_tests::flow::Form::with_field(&login.text(), "password");
    let next = browser.post(&form.action, &form.filled(&[("username", ALICE.username), ("password", ALICE.password)]));
    let consent = keyhook_tests::flow::follow(&mut browser, next);
    let form = keyhook_tests::flow::Form::with_field(&consent.text(), "decision");
    let answer = browser.post(&form.action, &form.filled(&[("decision", "allow")]));
    assert_eq!(answer.location_parameter("iss").as_deref(), Some(issuer.as_str()), "RFC 9207 §2.4: as one string");
    let code = answer.location_parameter("code").unwrap();
    let ask = stage.ask();
    let form = keyhook_tests::back_channel::BackChannel::code_form(&code, ask.redirect_uri, &ask.pkce.verifier);
    assert_eq!(stage.back_channel("shop").post("/tenant/one/token", &form).status, 200);
}

/// `compat = ["oauth2u"]` adds an alias and changes no decision.
#[test]
fn the_alias_of_oauth2u_exists_where_it_was_asked_for() {
    let plain = Stage::new();
    assert_eq!(plain.client().post("/access-token", &[]).status, 404);
    let compat = Stage::configured("compat = [\"oauth2u\"]");
    let form = [("grant_type", "client_credentials")];
    assert_eq!(compat.back_channel("machine").post("/access-token", &form).status, 200);
    assert_eq!(compat.back_channel("machine").post("/token", &form).status, 200);
    assert_eq!(compat.client().post("/access-token", &form).status, 401);
    assert_eq!(compat.client().get("/access-token").status, 405);
    let code = walk(&mut compat.client(), &compat.ask(), ALICE).location_parameter("code").unwrap();
    let without_verifier = [("grant_type", "authorization_code"), ("code", &code), ("redirect_uri", compat.ask().redirect_uri)];
    assert_eq!(compat.back_channel("shop").post("/access-token", &without_verifier).status, 400, "PKCE holds there as well");
}

/// Endpoints may lie elsewhere; then they lie there alone.
#[test]
fn paths_can_be_chosen() {
    let stage = Stage::configured("[paths]\ntoken = \"/oauth/token\"\nauthorize = \"/oauth/authorize\"");
    assert_eq!(stage.client().get(WELL_KNOWN).json()["token_endpoint"], format!("{}/oauth/token", stage.issuer));
    assert_eq!(stage.back_channel("machine").post("/oauth/token", &[("grant_type", "client_credentials")]).status, 200);
    assert_eq!(stage.back_channel("machine").post("/token", &[("grant_type", "client_credentials")]).status, 404);
    assert_eq!(stage.client().get("/oauth/authorize").status, 400);
}
