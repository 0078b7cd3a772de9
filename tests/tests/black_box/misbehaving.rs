//! Plugins that panic, hang, lie and flood: each harms its own request, and nothing fails open.

use std::time::{Duration, Instant};

use keyhook_tests::binary;
use keyhook_tests::captured;
use keyhook_tests::http::Answer;
use keyhook_tests::libraries;
use keyhook_tests::local::Local;
use keyhook_tests::plugin_table::Stage;
use keyhook_tests::scratch::Scratch;

/// Short deadlines and few places, so that a test sees them.
const SHORT: &str = "[plugins.misbehaving]\nallow = [\"store\", \"session\", \"approve\"]\ntimeout = \"300ms\"\nmax_panics = 1000\n";

fn stage(configuration: &str) -> Stage {
    let scratch = Scratch::new("misbehaving");
    libraries::install_crate("misbehaving", scratch.path());
    Stage::new(Local::start(|builder| builder.config_text(configuration).plugins_directory(scratch.path()).probe(binary::path())))
}

/// A code for `shop`, by way of the plugin's own approval.
fn code(stage: &mut Stage) -> String {
    let answer = stage.arrive(&[("misdeed", "approve")]);
    answer.location_parameter("code").unwrap_or_else(|| panic!("no code: {} {}", answer.status, answer.text()))
}

pub(crate) fn assert_no_token(misdeed: &str, answer: &Answer, status: u16) {
    assert_eq!(answer.status, status, "{misdeed}: {}", answer.text());
    let text = answer.text();
    assert!(!text.contains("access_token") && !text.contains("edited"), "{misdeed}: {text}");
    let expected = if status == 503 { "temporarily_unavailable" } else { "server_error" };
    assert_eq!(answer.error(), expected, "{misdeed}");
    assert_eq!(answer.header("cache-control"), Some("no-store"), "{misdeed}");
}

#[test]
fn whatever_fails_at_the_token_endpoint_gives_no_token_and_leaves_the_code_good() {
    let mut stage = stage(SHORT);
    let failing =
        ["panic", "bomb", "index", "validation-panic", "access_token", "token_type", "scope", "error", "refresh_token", "id_token"];
    for misdeed in failing.into_iter().chain(["remove", "respond", "store", "large"]) {
        let code = code(&mut stage);
        assert_no_token(misdeed, &stage.redeem(&code, &[("misdeed", misdeed)]), 500);
        let good = stage.redeem(&code, &[("misdeed", "nothing")]);
        assert_eq!(good.status, 200, "{misdeed}: {}", good.text());
        assert_eq!(good.json()["edited_before_the_misdeed"], serde_json::Value::Null);
    }
    for misdeed in ["hang", "late"] {
        let code = code(&mut stage);
        assert_no_token(misdeed, &stage.redeem(&code, &[("misdeed", misdeed)]), 503);
        assert_eq!(stage.redeem(&code, &[("misdeed", "nothing")]).status, 200, "{misdeed}");
    }
}

#[test]
fn a_refresh_that_fails_leaves_the_refresh_token_good() {
    let mut stage = stage(SHORT);
    let code = code(&mut stage);
    let first = stage.redeem(&code, &[("misdeed", "nothing")]);
    let refresh = first.json()["refresh_token"].as_str().unwrap().to_owned();
    let form = |misdeed| [("grant_type", "refresh_token"), ("refresh_token", refresh.as_str()), ("misdeed", misdeed)];
    for misdeed in ["panic", "validation-panic", "access_token"] {
        assert_no_token(misdeed, &stage.token(&form(misdeed)), 500);
    }
    assert_eq!(stage.token(&form("nothing")).status, 200);
}

#[test]
fn what_is_written_after_the_deadline_reaches_nobody() {
    captured::start();
    let mut stage = stage(SHORT);
    let before = captured::lines_with("wrote late").len();
    let code = code(&mut stage);
    assert_no_token("late", &stage.redeem(&code, &[("misdeed", "late")]), 503);
    while captured::lines_with("wrote late").len() == before {
        binary::pause();
    }
    let line = captured::lines_with("wrote late").pop().unwrap();
    assert!(line.contains("Deadline"), "the store refuses who is late: {line}");
    let good = stage.redeem(&code, &[("misdeed", "nothing")]);
    assert_eq!((good.status, &good.json()["late"]), (200, &serde_json::Value::Null));
}

#[test]
fn nobody_is_signed_in_by_a_hook_that_fails_or_lies() {
    let mut stage = stage(SHORT);
    let refused = [
        ("panic", "server_error"),
        ("bomb", "server_error"),
        ("sign-in-and-panic", "server_error"),
        ("hang", "temporarily_unavailable"),
        ("subject", "server_error"),
        ("long-subject", "server_error"),
        ("no-subject", "server_error"),
        ("future", "server_error"),
    ];
    for (misdeed, error) in refused {
        stage.browser = stage.local.client();
        let answer = stage.arrive(&[("misdeed", misdeed)]);
        assert_eq!(answer.location_parameter("error").as_deref(), Some(error), "{misdeed}: {} {}", answer.status, answer.text());
        assert_eq!(answer.location_parameter("code"), None, "{misdeed}");
        let after = stage.arrive(&[]);
        assert!(after.location().starts_with("/login"), "{misdeed} left a session: {}", after.location());
    }
}

#[test]
fn a_plugin_sends_nobody_elsewhere_and_sets_nothing_of_the_hosts() {
    let mut stage = stage(SHORT);
    for misdeed in ["evil", "evil-suffix", "evil-slashes", "evil-backslash", "evil-refresh", "large"] {
        let answer = stage.arrive(&[("misdeed", misdeed)]);
        assert_eq!(
            answer.location_parameter("error").as_deref(),
            Some("server_error"),
            "{misdeed}: {} {}",
            answer.status,
            answer.location()
        );
        assert!(answer.location().starts_with("https://shop.example/cb?"), "{misdeed}: {}", answer.location());
        assert_eq!(answer.header("refresh"), None, "{misdeed}");
    }
    let own = format!("keyhook-dev-{}", stage.local.port);
    for cookie in [own.as_str(), "__Host-keyhook", "misbehavin", "misbehaving"] {
        let answer = stage.arrive(&[("misdeed", "host-cookie"), ("cookie", cookie)]);
        assert_eq!(answer.location_parameter("error").as_deref(), Some("server_error"), "{cookie}");
        let set = answer.headers.iter().filter(|(name, _)| name == "set-cookie");
        assert!(set.clone().all(|(_, value)| !value.contains("stolen")), "{cookie}: {set:?}");
    }
    assert_eq!(stage.arrive(&[("misdeed", "sniffed")]).header("x-content-type-options"), Some("nosniff"));
    assert_eq!(stage.arrive(&[("misdeed", "cached")]).header("cache-control"), Some("no-store"));
    let framed = stage.arrive(&[("misdeed", "framed")]);
    let policies: Vec<&str> =
        framed.headers.iter().filter(|(name, _)| name == "content-security-policy").map(|(_, value)| value.as_str()).collect();
    assert!(policies.contains(&"base-uri 'none'; frame-ancestors 'none'"), "{policies:?}");
    assert_eq!(framed.header("x-frame-options"), Some("DENY"));
}

/// A page of a sign-in holds form tokens: no plugin opens it to scripts of other origins, or speaks to browsers for the whole host.
#[test]
fn a_plugin_cannot_open_the_pages_of_a_sign_in_or_speak_for_the_host() {
    const OF_THE_HOST: [(&str, &str); 6] = [
        ("strict-transport-security", "max-age=0"),
        ("alt-svc", "h3=\"evil.example:443\""),
        ("clear-site-data", "\"cookies\""),
        ("service-worker-allowed", "/"),
        ("connection", "upgrade"),
        ("transfer-encoding", "chunked"),
    ];
    const OPENING: [(&str, &str); 6] = [
        ("access-control-allow-origin", "*"),
        ("Access-Control-Allow-Credentials", "true"),
        ("cross-origin-opener-policy", "unsafe-none"),
        ("cross-origin-resource-policy", "cross-origin"),
        ("cross-origin-embedder-policy", "unsafe-none"),
        ("timing-allow-origin", "*"),
    ];
    const BROKEN: [(&str, &str); 4] = [("x-a", "b\r\nset-cookie: a=b"), ("x-a", "b\u{7f}"), ("x a", "b"), ("set-cookie", "other=1")];
    let mut stage = stage(SHORT);
    for (name, value) in OF_THE_HOST.into_iter().chain(OPENING).chain(BROKEN) {
        let answer = stage.arrive(&[("misdeed", "header"), ("name", name), ("value", value)]);
        assert_eq!(answer.location_parameter("error").as_deref(), Some("server_error"), "{name}: {} {:?}", answer.status, answer.headers);
        let is_said = |(said, what): &(String, String)| *said == name.to_ascii_lowercase() && what == value;
        assert!(!answer.headers.iter().any(is_said), "{name}: {:?}", answer.headers);
    }
    for (name, value) in OF_THE_HOST {
        let answer = stage.get(&format!("/x/misbehaving/header/{name}?value={}", keyhook_tests::http::encode(value)));
        assert_eq!(answer.status, 500, "{name}: {:?}", answer.headers);
    }
    let opened = stage.get("/x/misbehaving/header/access-control-allow-origin?value=*");
    assert_eq!(opened.header("access-control-allow-origin"), Some("*"), "what it says of a URL of its own is its affair");
    assert_eq!(stage.arrive(&[("misdeed", "header"), ("name", "x-a"), ("value", "b")]).header("x-a"), Some("b"));
}

/// RFC 3986 §2.1: what a path parameter decodes to is text; control characters reach no plugin.
#[test]
fn control_characters_in_a_path_reach_no_handler() {
    let mut stage = stage(SHORT);
    for wrong in ["%00", "a%0d%0aX:%20y", "a%0A", "%7f", "%1b%5b2J", "a/b%00", "%C2%85"] {
        let answer = stage.get(&format!("/x/misbehaving/echo/{wrong}"));
        assert_eq!((answer.status, answer.error().as_str()), (400, "invalid_request"), "{wrong}: {}", answer.text());
    }
    assert_eq!(stage.get("/x/misbehaving/echo/a%20b/%C3%A9%2f").text(), "a b/é/");
}

#[test]
fn a_plugin_may_ask_the_server_itself_while_it_answers() {
    let mut stage = stage("[plugins.misbehaving]\ntimeout = \"5s\"\n");
    let address = format!("127.0.0.1:{}", stage.local.port);
    let answer =
        stage.credentials(&[("misdeed", "reenter"), ("address", &address), ("inner", "grant_type=client_credentials&client_id=nobody")]);
    let said = answer.json()["error_description"].as_str().unwrap_or_default().to_owned();
    assert!(said.starts_with("HTTP/1.1 400") || said.starts_with("HTTP/1.1 401"), "{}", answer.text());
}

#[test]
fn ten_panics_a_minute_open_the_breaker_which_tries_again_after_thirty_seconds() {
    let mut stage = stage("");
    for round in 0..10 {
        assert_no_token(&format!("panic {round}"), &stage.credentials(&[("misdeed", "panic")]), 500);
    }
    let resting = stage.credentials(&[("misdeed", "nothing")]);
    assert_no_token("while it rests", &resting, 503);
    assert_eq!(resting.header("retry-after"), Some("30"));
    assert_eq!(stage.get("/x/misbehaving/calm").status, 503, "its handlers rest, too");
    assert_eq!(stage.get("/.well-known/oauth-authorization-server").status, 200);
    stage.local.clock.advance(Duration::from_secs(31));
    assert_eq!(stage.get("/x/misbehaving/panic/panic").status, 500, "one call may try; it panics");
    assert_no_token("it rests again", &stage.credentials(&[("misdeed", "nothing")]), 503);
    stage.local.clock.advance(Duration::from_secs(31));
    assert_eq!(stage.credentials(&[("misdeed", "nothing")]).status, 200);
    assert_eq!(stage.get("/x/misbehaving/calm").text(), "calm");
}

#[test]
fn panics_that_are_far_apart_open_nothing() {
    let mut stage = stage("");
    for _ in 0..30 {
        assert_eq!(stage.credentials(&[("misdeed", "panic")]).status, 500);
        stage.local.clock.advance(Duration::from_secs(10));
    }
    assert_eq!(stage.credentials(&[("misdeed", "nothing")]).status, 200);
}

#[test]
fn a_plugin_whose_end_panics_ends() {
    let mut stage = stage("[plugins.misbehaving.config]\nends_badly = true\n");
    assert_eq!(stage.credentials(&[("misdeed", "nothing")]).status, 200);
    stage.local.reload().unwrap();
    assert_eq!(stage.credentials(&[("misdeed", "nothing")]).status, 200);
    assert!(stage.local.stop());
}

#[test]
fn a_plugin_all_of_whose_places_hang_answers_nobody_and_nobody_goes_on_without_it() {
    let mut stage = stage("[plugins.misbehaving]\ntimeout = \"200ms\"\nmax_concurrency = 2\nmax_queue = 1\nallow = [\"approve\"]\n");
    let code = code(&mut stage);
    for _ in 0..2 {
        assert_no_token("hangs", &stage.credentials(&[("misdeed", "hang-forever")]), 503);
    }
    let refused = stage.redeem(&code, &[("misdeed", "nothing")]);
    assert_no_token("no place is left", &refused, 503);
    assert!(refused.header("retry-after").is_some());
    assert_eq!(stage.get("/.well-known/oauth-authorization-server").status, 200);
    // A new generation has places of its own; the hung threads keep the old ones.
    stage.local.reload().unwrap();
    assert_eq!(stage.redeem(&code, &[("misdeed", "nothing")]).status, 200, "the code is still good");
}

#[test]
fn an_answer_over_the_limit_is_an_error() {
    let mut stage = stage("");
    let answer = stage.get("/x/misbehaving/large");
    assert_eq!((answer.status, answer.error().as_str()), (500, "server_error"));
    assert!(answer.body.len() < 1000);
}

#[test]
fn a_plugin_hears_that_its_caller_is_gone() {
    let mut stage = stage("[plugins.misbehaving]\ntimeout = \"60s\"\n");
    let before = captured::lines_with("was told to stop").len();
    let request = format!(
        "POST /token HTTP/1.1\r\nhost: localhost:{}\r\nauthorization: {}\r\ncontent-type: application/x-www-form-urlencoded\r\n\
         content-length: 47\r\n\r\ngrant_type=client_credentials&misdeed=hang&p=ab",
        stage.local.port,
        keyhook_tests::http::basic("shop", keyhook_tests::local::SECRET),
    );
    let mut stream = std::net::TcpStream::connect(stage.browser.address).unwrap();
    std::io::Write::write_all(&mut stream, request.as_bytes()).unwrap();
    // Answers of others prove that the request is being answered, not waiting in the socket.
    for _ in 0..3 {
        assert_eq!(stage.credentials(&[("misdeed", "nothing")]).status, 200);
    }
    drop(stream);
    let started = Instant::now();
    while captured::lines_with("was told to stop").len() == before {
        assert!(started.elapsed() < Duration::from_secs(20), "it was never told");
        binary::pause();
    }
}
