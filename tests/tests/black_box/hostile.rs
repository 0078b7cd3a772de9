//! Every neighbor of a right value is wrong: one byte replaced, inserted or left out of a redirect URI, code, token, verifier, secret,
//! cookie or form token, sent as bytes (RFC 9700 §4.1, RFC 6749 §10.3, §10.5, §10.12).
//!
//! A few hundred of each by default; `KEYHOOK_HOSTILE` says how many, and more than there are means all.

use keyhook_tests::back_channel::Tokens;
use keyhook_tests::flow::{Form, Pkce, follow, walk};
use keyhook_tests::http::{Answer, Client, basic, encode, encode_form};
use keyhook_tests::stage::{ALICE, SECRET, SHOP_URI, Stage};

/// How many neighbors of each value are sent.
fn how_many() -> usize {
    #[allow(clippy::disallowed_methods, reason = "whoever runs the test says for how long")]
    std::env::var("KEYHOOK_HOSTILE").ok().and_then(|text| text.parse().ok()).unwrap_or(350)
}

/// Texts that differ from `text` in one byte, spread evenly over all there are.
fn neighbors(text: &str) -> Vec<Vec<u8>> {
    let bytes = text.as_bytes();
    let mut all: Vec<Vec<u8>> = Vec::new();
    for at in 0..=bytes.len() {
        for byte in 0..=255 {
            all.push([&bytes[..at], &[byte], &bytes[at..]].concat());
            if at < bytes.len() && bytes[at] != byte {
                all.push([&bytes[..at], &[byte], &bytes[at + 1..]].concat());
            }
        }
        if at < bytes.len() {
            all.push([&bytes[..at], &bytes[at + 1..]].concat());
        }
    }
    let step = (all.len() / how_many()).max(1);
    // An odd step walks through bytes and places alike.
    let chosen: Vec<_> = all.into_iter().step_by(step | 1).collect();
    println!("{} neighbors of a value of {} bytes", chosen.len(), bytes.len());
    chosen
}

/// Percent-encodes bytes, all of them: no neighbor is a separator by accident.
fn escaped(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    bytes.iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "%{byte:02X}");
        text
    })
}

/// What holds of every answer to a stranger: no failure of the server, nothing that could be kept, nothing of the value sent back raw.
fn assert_sound(answer: &Answer) {
    assert!(answer.status < 500, "{} {}", answer.status, answer.text());
    assert!(answer.headers.iter().all(|(_, value)| !value.contains(['\r', '\n', '\0'])), "{:?}", answer.headers);
    assert!(answer.json()["access_token"].is_null(), "{}", answer.text());
}

/// POST of a body as it is.
fn post(client: &mut Client, path: &str, authorization: Option<&str>, body: &str) -> Answer {
    let mut headers = vec![("content-type", "application/x-www-form-urlencoded")];
    headers.extend(authorization.map(|value| ("authorization", value)));
    client.request("POST", path, &headers, body.as_bytes())
}

/// RFC 9700 §4.1.3: "exact string matching".
#[test]
fn no_neighbor_of_a_registered_redirect_uri_is_accepted() {
    let stage = Stage::new();
    let path = stage.ask().path();
    let registered = encode(SHOP_URI);
    let mut client = stage.client();
    for wrong in neighbors(SHOP_URI) {
        let answer = client.get(&path.replace(&registered, &escaped(&wrong)));
        assert_sound(&answer);
        assert_eq!((answer.status, answer.header("location")), (400, None), "{}", String::from_utf8_lossy(&wrong));
    }
    assert_eq!(client.get(&path).status, 303, "the right one still is");
}

/// Each state is given back as it was, or refused without being repeated (RFC 6749 §4.1.2.1).
#[test]
fn every_byte_in_a_state_comes_back_as_it_was_or_is_refused() {
    let stage = Stage::new();
    let path = stage.ask().path().replace("response_type=code", "response_type=token");
    let mut client = stage.client();
    for wrong in neighbors("state") {
        let answer = client.get(&path.replace("state=a%20state", &format!("state={}", escaped(&wrong))));
        assert_sound(&answer);
        match std::str::from_utf8(&wrong) {
            Ok(text) if !text.chars().any(char::is_control) => {
                assert_eq!(answer.location_parameter("state").as_deref(), Some(text), "{}", answer.location());
            }
            _ => assert!(answer.location_parameter("state").is_none(), "{}", answer.location()),
        }
    }
}

/// RFC 6749 §10.10: nobody guesses a code, a verifier or a token from a near miss, and a near miss harms nothing.
#[test]
fn no_neighbor_of_a_code_verifier_or_token_is_accepted_and_none_does_harm() {
    let stage = Stage::new();
    let (code, pkce) = (stage.code(), stage.ask().pkce);
    let authorization = basic("shop", SECRET);
    let mut client = stage.client();
    let mut refused = |body: String| {
        let answer = post(&mut client, "/token", Some(&authorization), &body);
        assert_sound(&answer);
        assert!(answer.status == 400 && ["invalid_grant", "invalid_request"].contains(&answer.error().as_str()), "{}", answer.text());
    };
    let redeem = |code: &str, verifier: &str| {
        format!("grant_type=authorization_code&redirect_uri={}&code={code}&code_verifier={verifier}", encode(SHOP_URI))
    };
    for wrong in neighbors(&code) {
        refused(redeem(&escaped(&wrong), &pkce.verifier));
    }
    for wrong in neighbors(&pkce.verifier) {
        refused(redeem(&code, &escaped(&wrong)));
    }
    let tokens = Tokens::of(&stage.redeem(&code)).unwrap();
    for wrong in neighbors(&tokens.refresh) {
        refused(format!("grant_type=refresh_token&refresh_token={}", escaped(&wrong)));
    }
    assert!(Tokens::of(&stage.back_channel("shop").refresh(&tokens.refresh)).is_some());
}

/// RFC 7662 §2.2, RFC 7009 §2.2: a near miss of a token is no token, for whoever asks and whoever revokes.
#[test]
fn no_neighbor_of_an_access_token_is_active_or_revokes_it() {
    let stage = Stage::new();
    let tokens = stage.tokens();
    let (machine, shop) = (basic("machine", SECRET), basic("shop", SECRET));
    let mut client = stage.client();
    for wrong in neighbors(&tokens.access) {
        let told = post(&mut client, "/introspect", Some(&machine), &format!("token={}", escaped(&wrong)));
        assert_sound(&told);
        assert!(told.json()["active"] == false || told.status == 400, "{}", told.text());
        assert_sound(&post(&mut client, "/revoke", Some(&shop), &format!("token={}", escaped(&wrong))));
    }
    assert!(stage.back_channel("machine").is_active(&tokens.access));
}

/// RFC 6749 §10.1: no neighbor of a secret authenticates, in the header or in the body.
#[test]
fn no_neighbor_of_a_client_secret_authenticates() {
    let stage = Stage::new();
    let mut client = stage.client();
    for wrong in neighbors(SECRET) {
        let joined = [b"machine:", escaped(&wrong).as_bytes()].concat();
        let authorization = format!("Basic {}", keyhook_tests::http::base64(&joined));
        let answer = post(&mut client, "/token", Some(&authorization), "grant_type=client_credentials");
        assert_sound(&answer);
        assert_eq!((answer.status, answer.error().as_str()), (401, "invalid_client"));
        let in_body = format!("grant_type=refresh_token&refresh_token=x&client_id=poster&client_secret={}", escaped(&wrong));
        let answer = post(&mut client, "/token", None, &in_body);
        assert_sound(&answer);
        assert!(["invalid_client", "invalid_request"].contains(&answer.error().as_str()), "{}", answer.text());
    }
    assert_eq!(stage.back_channel("machine").post("/token", &[("grant_type", "client_credentials")]).status, 200);
}

/// RFC 6265 §8.4, RFC 6749 §10.12: nor does one of a session's cookie sign anybody in, or one of a form's token consent.
#[test]
fn no_neighbor_of_a_cookie_or_form_token_is_accepted() {
    let stage = Stage::new();
    let mut browser = stage.client();
    walk(&mut browser, &stage.ask(), ALICE);
    let (name, session) = browser.cookies.iter().find(|(_, value)| value.starts_with("khs_")).map(|(a, b)| (a.clone(), b.clone())).unwrap();
    let is_cookie = |text: &[u8]| text.iter().all(|byte| byte.is_ascii_graphic() && !b"\",;\\".contains(byte));
    for wrong in neighbors(&session).into_iter().filter(|wrong| is_cookie(wrong)) {
        let mut other = browser.clone();
        other.cookies.insert(name.clone(), String::from_utf8(wrong).unwrap());
        let answer = other.get(&stage.ask().path());
        assert_sound(&answer);
        assert!(answer.location().starts_with("/login?"), "{}", answer.location());
    }
    let asked = browser.get(&stage.ask().path().replace("state=a%20state", "prompt=consent"));
    let page = follow(&mut browser, asked);
    let form = Form::with_field(&page.text(), "decision");
    let field = |wanted: &str| form.fields.iter().find(|(name, _)| name == wanted).unwrap().1.clone();
    for wrong in neighbors(&field("csrf_token")) {
        let body = format!("interaction={}&csrf_token={}&decision=allow", field("interaction"), escaped(&wrong));
        let answer = post(&mut browser, &form.action, None, &body);
        assert_sound(&answer);
        assert!([400, 403].contains(&answer.status) && answer.header("location").is_none(), "{} {}", answer.status, answer.text());
    }
    for wrong in neighbors(&field("interaction")) {
        let body = format!("interaction={}&csrf_token={}&decision=allow", escaped(&wrong), field("csrf_token"));
        let answer = post(&mut browser, &form.action, None, &body);
        assert_sound(&answer);
        assert!([400, 403].contains(&answer.status), "{} {}", answer.status, answer.text());
    }
    assert!(browser.post(&form.action, &form.filled(&[("decision", "allow")])).location_parameter("code").is_some());
}

/// Every endpoint, method and kind of body gets an answer that is one: no failure, no token, never slow.
#[test]
fn whatever_is_sent_wherever_gets_a_sound_answer() {
    let stage = Stage::new();
    let authorization = basic("shop", SECRET);
    let challenge = Pkce::new("x").challenge;
    let long = "a".repeat(9000);
    let values = [
        "",
        "%",
        "%zz",
        "%00",
        "%ff",
        "a%0d%0aX:y",
        "[]",
        "{\"a\":1}",
        "a&a=b",
        "\u{e9}",
        "../../etc/passwd",
        "' OR 1=1--",
        "${jndi:x}",
        &long,
    ];
    let names = ["grant_type", "client_id", "token", "interaction", "csrf_token", "scope", "code", "response_type", "x"];
    let mut client = stage.client();
    for path in ["/authorize", "/authorize/resume", "/token", "/introspect", "/revoke", "/login", "/consent", "/logout", "/", "/nowhere"] {
        for (method, name) in ["GET", "POST", "PUT", "DELETE"].iter().flat_map(|method| names.iter().map(move |name| (*method, *name))) {
            for value in values {
                let sent = format!("{name}={value}");
                let (target, body) =
                    if method == "GET" { (format!("{path}?{}", sent.replace(' ', "+")), "") } else { (path.to_owned(), sent.as_str()) };
                if !target.is_ascii() || target.contains(['"', '{', '$', '\'']) {
                    continue;
                }
                let headers = [("content-type", "application/x-www-form-urlencoded"), ("authorization", authorization.as_str())];
                let answer = client.request(method, &target, &headers, body.as_bytes());
                assert_sound(&answer);
                assert!(!answer.location().contains("code=khc_"), "{method} {target} {body}");
            }
        }
    }
    let stuffed = encode_form(&[("response_type", "code"), ("client_id", "shop"), ("code_challenge", &challenge)]);
    assert_sound(&client.get(&format!("/authorize?{stuffed}&{}", "scope=a&".repeat(400))));
    assert_eq!(stage.redeem(&stage.code()).status, 200, "and afterwards all is well");
}
