//! Where the server sends users back to: byte for byte what is registered (RFC 6749 §3.1.2, RFC 8252 §7, RFC 9700 §2.1, §4.1).

use keyhook::RedirectUri;
use keyhook_tests::flow::{Ask, walk};
use keyhook_tests::http::Answer;
use keyhook_tests::stage::{ALICE, SHOP_URI, Stage, confidential};

fn asked(stage: &Stage, client_id: &str, redirect_uri: &str) -> Answer {
    stage.client().get(&Ask { client_id, redirect_uri, scope: "read", ..stage.ask() }.path())
}

/// Signed out, a valid request goes to the login page.
fn accepted(answer: &Answer) -> bool {
    answer.status == 303 && answer.location().starts_with("/login?")
}

fn refused(answer: &Answer) -> bool {
    answer.status == 400 && answer.header("location").is_none()
}

/// RFC 6749 §3.1.2.3, RFC 9700 §4.1.3: "exact string matching".
#[test]
fn nothing_but_the_registered_bytes_is_accepted() {
    let stage = Stage::new();
    assert!(accepted(&asked(&stage, "shop", SHOP_URI)));
    for wrong in [
        "https://shop.test/cb/",
        "https://shop.test/cb?",
        "https://shop.test/cb?x=1",
        "https://shop.test/cb#",
        "https://shop.test/CB",
        "HTTPS://shop.test/cb",
        "https://SHOP.test/cb",
        "https://shop.test:443/cb",
        "https://shop.test./cb",
        "https://shop.test/./cb",
        "https://shop.test/x/../cb",
        "https://shop.test/%63b",
        "https://shop.test//cb",
        "https://shop.test/cb/../cb",
        "https://shop.test/cb%00",
        "https://shop.test/cb%0d%0aX:1",
        "https://shop.test@evil.test/cb",
        "https://evil.test/cb",
        "https://evil.test/?https://shop.test/cb",
        "https://shop.test.evil.test/cb",
        "https://shop.test\\@evil.test/cb",
        "http://shop.test/cb",
        "//shop.test/cb",
        "/cb",
        "cb",
        "javascript:alert(1)",
        "data:text/html,x",
        " https://shop.test/cb",
        "https://shop.test/cb ",
        "https://shop.test/cb\n",
        "https://shop.test/cb\u{0}",
        "https://ѕhop.test/cb",
    ] {
        let answer = asked(&stage, "shop", wrong);
        assert!(refused(&answer), "{wrong:?}: {} {}", answer.status, answer.location());
    }
}

/// RFC 8252 §7.3: "MUST allow any port to be specified at the time of the request for loopback IP redirect URIs".
#[test]
fn a_native_app_may_use_any_port_of_the_loopback_address_and_nothing_else() {
    let stage = Stage::new();
    for right in ["http://127.0.0.1/cb", "http://127.0.0.1:1/cb", "http://127.0.0.1:65535/cb", "com.example.app:/cb"] {
        assert!(accepted(&asked(&stage, "app", right)), "{right}");
    }
    for wrong in [
        "http://127.0.0.1:80/cb/",
        "http://127.0.0.1:0x50/cb",
        "http://127.0.0.1:65536/cb",
        "http://127.0.0.1:/cb",
        "http://127.0.0.1:80:80/cb",
        "http://127.0.0.1:80@evil.test/cb",
        "http://127.0.0.1.evil.test/cb",
        "http://127.0.0.2/cb",
        "http://127.1/cb",
        "http://2130706433/cb",
        "http://localhost:8080/cb",
        "http://[::1]:8080/cb",
        "https://127.0.0.1:8080/cb",
        "com.example.app:/cb2",
        "com.example.app.evil:/cb",
    ] {
        let answer = asked(&stage, "app", wrong);
        assert!(refused(&answer), "{wrong}: {} {}", answer.status, answer.location());
    }
}

/// RFC 6749 §3.1.2: the query of a registered URI "MUST be retained when adding additional query parameters".
#[test]
fn the_registered_query_stays_as_it_is() {
    let uri = "https://shop.test/cb?a=1&a=2&b=&c=%2F";
    let stage = Stage::with(|builder| {
        let mut client = confidential("query");
        client.redirect_uris = vec![RedirectUri::parse(uri).unwrap()];
        builder.client(client)
    });
    let answer = walk(&mut stage.client(), &Ask { client_id: "query", redirect_uri: uri, ..stage.ask() }, ALICE);
    assert!(answer.location().starts_with(&format!("{uri}&code=khc_")), "{}", answer.location());
}

/// RFC 6749 §3.1.2.3: it may be left out where there is exactly one, and then need not come at the token endpoint (§4.1.3).
#[test]
fn the_redirect_uri_may_be_left_out_where_it_is_the_only_one() {
    let stage = Stage::new();
    let leave_out = |client_id| {
        let path = Ask { client_id, redirect_uri: "", scope: "read", ..stage.ask() }.path();
        stage.client().get(&path.replace("&redirect_uri=", ""))
    };
    assert!(accepted(&leave_out("shop")));
    assert!(refused(&leave_out("app")), "two are registered");
}

/// RFC 8252 §7.1: an app's own scheme.
#[test]
fn an_app_is_reached_through_its_own_scheme() {
    let stage = Stage::new();
    let ask = Ask { client_id: "app", redirect_uri: "com.example.app:/cb", scope: "read", ..stage.ask() };
    let answer = walk(&mut stage.client(), &ask, ALICE);
    let target = if answer.status == 303 { answer.location().to_owned() } else { answer.text() };
    assert!(target.contains("com.example.app:/cb?code=khc_"), "{} {target}", answer.status);
}
