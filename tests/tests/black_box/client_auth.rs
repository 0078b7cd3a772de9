//! How clients authenticate (RFC 6749 §2.3, §3.2.1, §5.2).

use keyhook_tests::flow::{self, Ask};
use keyhook_tests::http::{Answer, base64, basic};
use keyhook_tests::production::Production;
use keyhook_tests::stage::{ALICE, SECRET, SHOP_URI, Stage, confidential};

const GRANT: (&str, &str) = ("grant_type", "client_credentials");

fn unauthorized(answer: &Answer) -> bool {
    answer.status == 401 && answer.error() == "invalid_client" && answer.header("cache-control") == Some("no-store")
}

/// RFC 6749 §5.2: "MUST respond with an HTTP 401 and include the `WWW-Authenticate` response header field".
#[test]
fn a_wrong_authorization_header_is_challenged() {
    let stage = Stage::new();
    let encoded = |text: &[u8]| format!("Basic {}", base64(text));
    for authorization in [
        basic("machine", "wrong"),
        basic("machine", ""),
        basic("nobody", SECRET),
        basic("", SECRET),
        basic(&"x".repeat(300), SECRET),
        basic("Machine", SECRET),
        encoded(b"machine"),
        encoded(b"machine:\xff\xfe"),
        encoded(b"\0:\0"),
        "Basic".to_owned(),
        "Basic !!!".to_owned(),
        format!("Bearer {SECRET}"),
        basic("app", ""),
    ] {
        let answer = stage.client().post_with("/token", &[("authorization", &authorization)], &[GRANT]);
        assert!(unauthorized(&answer), "{authorization}: {} {}", answer.status, answer.text());
        assert!(answer.header("www-authenticate").is_some_and(|challenge| challenge.starts_with("Basic ")), "{authorization}");
    }
}

/// Whether the client is unknown or the secret wrong, the answer is the same to the last byte.
#[test]
fn an_unknown_client_and_a_wrong_secret_look_alike() {
    let production = Production::new("look-alike", "");
    let server = production.serve();
    let added = production.run(&["client", "add", "machine", "--grant", "client_credentials", "--scope", "read"]);
    assert!(added.status.success(), "{}", String::from_utf8_lossy(&added.stderr));
    let [unknown, wrong] = [("nobody", SECRET), ("machine", "wrong")].map(|(id, secret)| {
        let mut answer = server.client().post_with("/token", &[("authorization", &basic(id, secret))], &[GRANT]);
        answer.headers.retain(|(name, _)| name != "x-request-id" && name != "date");
        (answer.status, answer.headers, answer.body)
    });
    assert_eq!(unknown, wrong);
    assert!(!String::from_utf8_lossy(&unknown.2).contains("KH"));
}

/// Development explains itself, on purpose.
#[test]
fn only_in_development_an_unknown_client_and_a_wrong_secret_are_told_apart() {
    let stage = Stage::new();
    let [unknown, wrong] = [("nobody", SECRET), ("machine", "wrong")]
        .map(|(id, secret)| stage.client().post_with("/token", &[("authorization", &basic(id, secret))], &[GRANT]).json());
    assert_eq!((&unknown["error"], &unknown["error_description"]), (&wrong["error"], &wrong["error_description"]));
    assert_ne!(unknown["kh_code"], wrong["kh_code"]);
    assert!(unknown["explain"] == format!("keyhook explain {}", unknown["kh_code"].as_str().unwrap()) && unknown["request_id"].is_string());
}

/// RFC 6749 §2.3.1: id and secret are form-encoded before they are joined; the scheme's case does not matter (RFC 9110 §11.1).
#[test]
fn the_scheme_is_read_in_any_case() {
    let stage = Stage::new();
    for scheme in ["Basic", "basic", "BASIC"] {
        let authorization = basic("machine", SECRET).replace("Basic", scheme);
        assert_eq!(stage.client().post_with("/token", &[("authorization", &authorization)], &[GRANT]).status, 200, "{scheme}");
    }
}

/// RFC 6749 §2.3: "The client MUST NOT use more than one authentication method in each request."
#[test]
fn two_ways_at_once_are_refused() {
    let stage = Stage::new();
    let authorization = basic("machine", SECRET);
    let headers = [("authorization", authorization.as_str())];
    let in_body = [GRANT, ("client_id", "machine"), ("client_secret", SECRET)];
    let both = stage.client().post_with("/token", &headers, &in_body);
    assert_eq!((both.status, both.error().as_str()), (400, "invalid_request"), "{}", both.text());
    let twice = stage.client().post_with("/token", &[headers[0], headers[0]], &[GRANT]);
    assert_eq!((twice.status, twice.error().as_str()), (400, "invalid_request"), "{}", twice.text());
    let other_id = stage.client().post_with("/token", &headers, &[GRANT, ("client_id", "shop")]);
    assert!([400, 401].contains(&other_id.status), "{}", other_id.text());
}

/// RFC 7591 §2: the registered method is the only one, so that a secret does not wander into bodies.
#[test]
fn a_client_authenticates_in_its_registered_way_only() {
    let stage = Stage::new();
    let form = [("grant_type", "refresh_token"), ("refresh_token", "khr_x")];
    let posted = |id| stage.client().post("/token", &[form[0], form[1], ("client_id", id), ("client_secret", SECRET)]);
    assert_eq!(posted("poster").error(), "invalid_grant", "the way is right, the token is not");
    assert!(unauthorized(&posted("shop")), "registered for the header");
    assert!(unauthorized(&stage.back_channel("poster").post("/token", &form)), "registered for the body");
    assert!(unauthorized(&posted("app")), "a public client has no secret");
    let nameless = stage.client().post("/token", &[form[0], form[1], ("client_id", "shop")]);
    assert!(unauthorized(&nameless), "a confidential client must authenticate (RFC 6749 §3.2.1)");
}

/// A client that no request names is no client.
#[test]
fn without_any_client_nothing_is_answered() {
    let stage = Stage::new();
    for path in ["/token", "/introspect", "/revoke"] {
        let answer = stage.client().post(path, &[GRANT, ("token", "kha_x")]);
        assert!(answer.status == 401 || answer.status == 400, "{path} {}", answer.text());
        assert!(answer.json()["active"].is_null() && answer.json()["access_token"].is_null());
    }
}

/// RFC 6749 §2.3.1: "encoded using the `application/x-www-form-urlencoded` encoding algorithm", so that a colon may be in an id.
#[test]
fn an_id_of_any_visible_characters_authenticates_encoded() {
    let id = "urn:shop:a+b%20c&d=e/f?g";
    let stage = Stage::with(|builder| builder.client(confidential(id)));
    let refused = [("grant_type", "refresh_token"), ("refresh_token", "khr_x")];
    assert_eq!(stage.back_channel(id).post("/token", &refused).error(), "invalid_grant", "the client is known, the token is not");
    let raw = format!("Basic {}", base64(format!("{id}:{SECRET}").as_bytes()));
    assert!(unauthorized(&stage.client().post_with("/token", &[("authorization", &raw)], &refused)), "the first colon ends the id");
    let ask = Ask { client_id: id, ..stage.ask() };
    let code = flow::code(&mut stage.client(), &ask, ALICE);
    assert_eq!(stage.back_channel(id).redeem(&code, SHOP_URI, &ask.pkce.verifier).status, 200);
}

/// Two secrets are valid while one replaces the other, and no third.
#[test]
fn a_secret_is_exchanged_without_a_gap() {
    let other = "khx_the-other-secret-of-the-same-client-0123456";
    let stage = Stage::with(|builder| {
        let mut client = confidential("rotating");
        client.secrets.insert(0, keyhook_core::secret::SecretHash::of(other.as_bytes()));
        builder.client(client)
    });
    let form = [("grant_type", "refresh_token"), ("refresh_token", "khr_x")];
    for secret in [SECRET, other] {
        let answer = stage.client().post_with("/token", &[("authorization", &basic("rotating", secret))], &form);
        assert_eq!(answer.error(), "invalid_grant", "{}", answer.text());
    }
    assert!(unauthorized(&stage.client().post_with("/token", &[("authorization", &basic("rotating", "khx_a-third"))], &form)));
}

/// A client that was switched off is nobody: not at the token endpoint, not in introspection, not for browsers.
#[test]
fn a_disabled_client_is_nobody() {
    let stage = Stage::with(|builder| {
        let mut client = confidential("off");
        client.disabled = true;
        builder.client(client)
    });
    let off = stage.back_channel("off");
    for (path, form) in
        [("/token", [("grant_type", "refresh_token"), ("refresh_token", "x")]), ("/introspect", [("token", "x"), ("y", "z")])]
    {
        assert!(unauthorized(&off.post(path, &form)), "{path}");
    }
    let asked = stage.client().get(&Ask { client_id: "off", ..stage.ask() }.path());
    assert_eq!((asked.status, asked.header("location")), (400, None));
}
