//! What must stay secret stays secret: canaries sought in everything the process writes (RFC 6819 §5.1.4.1, RFC 9700 §4.3).

use keyhook_tests::back_channel::{BackChannel, Tokens};
use keyhook_tests::canaries::Canaries;
use keyhook_tests::flow::{Form, follow, walk};
use keyhook_tests::http::{Answer, Client, basic};
use keyhook_tests::pair::{ALICE, Pair};

/// Everything a client and a person send, right and wrong, and everything they get.
pub(crate) fn exercise(pair: &Pair, canaries: &mut Canaries) -> Vec<Answer> {
    let mut answers = Vec::new();
    let mut browser = pair.browser();
    let ask = pair.ask();
    let arrived = browser.get(&ask.path());
    let login = follow(&mut browser, arrived);
    let form = Form::with_field(&login.text(), "password");
    answers.push(browser.post(&form.action, &form.filled(&[("username", "alice"), ("password", "canary-wrong-password")])));
    answers.push(
        browser.post(&form.action, &[("interaction", "x"), ("csrf_token", "canary-csrf-token"), ("password", "canary-lost-password")]),
    );
    for wrong in ["canary-wrong-password", "canary-csrf-token", "canary-lost-password"] {
        canaries.plant("value of a form", wrong);
    }
    canaries.plant("password", ALICE.password);
    let code = walk(&mut browser, &ask, ALICE).location_parameter("code").unwrap();
    canaries.plant("code", &code);
    canaries.plant("verifier", &ask.pkce.verifier);
    canaries.plant("client secret", pair.secret());
    for (name, value) in &browser.cookies {
        canaries.plant(if name.ends_with("browser") { "browser's cookie" } else { "session's cookie" }, value);
    }
    exercise_back_channel(pair, &code, canaries, &mut answers);
    answers.push(refused_authentication(browser, canaries));
    answers
}

fn exercise_back_channel(pair: &Pair, code: &str, canaries: &mut Canaries, answers: &mut Vec<Answer>) {
    let node = &pair.nodes()[0];
    answers.push(node.redeem(code, pair.redirect_uri(), "canary-wrong-verifier-canary-wrong-verifier"));
    let first = Tokens::of(&node.redeem(code, pair.redirect_uri(), &pair.pkce().verifier)).unwrap();
    let second = Tokens::of(&node.refresh(&first.refresh)).unwrap();
    for tokens in [&first, &second] {
        canaries.plant("access token", &tokens.access);
        canaries.plant("refresh token", &tokens.refresh);
        answers.push(node.post("/introspect", &[("token", &tokens.access)]));
    }
    answers.push(node.revoke(&second.access));
    for _ in 0..2 {
        answers.push(node.redeem(code, pair.redirect_uri(), &pair.pkce().verifier));
        answers.push(node.refresh(&second.refresh));
    }
    canaries.plant("wrong verifier", "canary-wrong-verifier");
    for (path, form) in [
        ("/token", vec![("grant_type", "canary-grant-type"), ("client_secret", "canary-second-secret")]),
        ("/token", vec![("grant_type", "authorization_code"), ("code", "canary-code-never-issued")]),
        ("/token?code=canary-code-in-the-query", vec![("grant_type", "authorization_code")]),
        ("/revoke", vec![("token", "canary-token-never-issued")]),
        ("/introspect", vec![("token", "canary-token-never-issued"), ("token", "canary-token-twice")]),
    ] {
        answers.push(node.post(path, &form));
    }
    for canary in
        ["canary-second-secret", "canary-code-never-issued", "canary-code-in-the-query", "canary-token-never-issued", "canary-token-twice"]
    {
        canaries.plant("value of a refused request", canary);
    }
}

fn refused_authentication(mut client: Client, canaries: &mut Canaries) -> Answer {
    canaries.plant("wrong client secret", "canary-wrong-client-secret");
    client.post_with("/token", &[("authorization", &basic("shop", "canary-wrong-client-secret"))], &[("grant_type", "client_credentials")])
}

/// With every detail logged, nothing secret is in the log, in a file, or in an answer to a request that was refused.
#[test]
fn no_secret_reaches_a_log_a_file_or_an_error() {
    let pair = Pair::single("secrets", "[log]\nlevel = \"trace\"\n");
    let mut canaries = Canaries::new();
    let answers = exercise(&pair, &mut canaries);
    for answer in answers.iter().filter(|answer| answer.status >= 400) {
        for (name, value) in &answer.headers {
            canaries.assert_absent(name, value.as_bytes());
        }
        canaries.assert_absent("an error", &answer.body);
    }
    let log = pair.server().log();
    assert!(log.contains("\"level\":\"debug\"") || log.contains("\"level\":\"trace\""), "every detail is logged: {log}");
    canaries.assert_absent("the log", log.as_bytes());
    assert!(canaries.assert_absent_from_files(&pair.production.path().join("data")) >= 1);
}

/// Basic credentials encode their secret; neither form of it may be written.
#[test]
fn no_encoded_credentials_reach_the_log() {
    let pair = Pair::single("encoded", "[log]\nlevel = \"trace\"\n");
    let node = BackChannel::new(pair.browser(), "shop", "canary-basic-secret");
    node.post("/token", &[("grant_type", "client_credentials")]);
    let encoded = basic("shop", "canary-basic-secret");
    let mut client = pair.browser();
    client.request("GET", "/logout", &[("authorization", &encoded), ("cookie", "keyhook=canary-cookie-value")], b"");
    let log = pair.server().log();
    for canary in [encoded.trim_start_matches("Basic "), "canary-basic-secret", "canary-cookie-value"] {
        assert!(!log.contains(canary), "{canary}: {log}");
    }
}

/// A log line is one line: what a stranger sends cannot forge another one.
#[test]
fn nobody_writes_lines_into_the_log() {
    let pair = Pair::single("forged", "[log]\nlevel = \"debug\"\n");
    let forged = "x\n{\"level\":\"error\",\"event\":\"forged\"}\u{1b}[31m\u{2028}";
    let mut client = pair.browser();
    let encoded = keyhook_tests::http::encode(forged);
    client.get(&format!("/authorize?client_id={encoded}&redirect_uri={encoded}&state={encoded}"));
    client.get(&format!("/authorize?client_id=shop&response_type={encoded}&redirect_uri={encoded}"));
    pair.nodes()[0].post("/token", &[("grant_type", forged), ("scope", forged)]);
    pair.nodes()[0].post("/introspect", &[("token", forged)]);
    let log = pair.server().log();
    for line in log.lines().filter(|line| line.contains("\"ts\"")) {
        let parsed: serde_json::Value = serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}"));
        assert_ne!(parsed["event"], "forged", "{line}");
        assert!(!line.contains('\u{1b}'), "{line:?}");
    }
    assert!(log.contains("KH02"), "the refusals were logged, with their codes: {log}");
}
