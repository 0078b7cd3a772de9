//! The checks are fed known-bad answers: a check that cannot fail would prove nothing.

use super::canaries::Canaries;
use super::expect::{Expect, Verdict};
use super::log::Log;
use super::universal::{Asked, Facts, problems};
use crate::wire::{Pair, Parsed, Reply, parse};

const ISSUER: &str = "http://localhost:1";
const CB: &str = "https://app.test/cb";

fn reply(text: &str) -> Reply {
    match parse(text.as_bytes(), true, false) {
        Parsed::Whole(answer, _) => Reply::Answer(answer),
        other => panic!("{other:?}"),
    }
}

fn answer(status: &str, headers: &str, body: &str) -> Reply {
    reply(&format!("HTTP/1.1 {status}\r\n{headers}content-length: {}\r\n\r\n{body}", body.len()))
}

fn sent_to(location: &str) -> Reply {
    answer("303 See Other", &format!("location: {location}\r\ncache-control: no-store\r\n"), "")
}

fn facts() -> Facts {
    Facts {
        issuer: ISSUER.to_owned(),
        cookie: "keyhook".to_owned(),
        folder: "/tmp/keyhook-attack".to_owned(),
        registered: vec![CB.to_owned()],
        unspeakable: vec!["canary-password".to_owned()],
        shows_base_strings: false,
        of_plugins: Vec::new(),
    }
}

const SAFE: &str = "x-content-type-options: nosniff\r\ncache-control: no-store\r\n";
const PAGE: &str = "content-type: text/html; charset=utf-8\r\nx-content-type-options: nosniff\r\ncache-control: no-store\r\n\
     content-security-policy: default-src 'none'; base-uri 'none'; frame-ancestors 'none'\r\nx-frame-options: DENY\r\n\
     referrer-policy: no-referrer\r\ncross-origin-opener-policy: same-origin\r\n";

fn found(reply: &Reply, path: &str, pairs: &[Pair]) -> String {
    problems(&facts(), Asked { path, pairs }, reply).join("; ")
}

#[test]
fn a_code_where_a_refusal_was_expected_is_a_wrong_acceptance() {
    let given = sent_to(&format!("{CB}?code=khc_1&state=s&iss={ISSUER}"));
    let expected = Expect::back(&["invalid_request"], CB, "s");
    assert!(matches!(expected.judge(ISSUER, &given), Verdict::Accepted(_)));
    assert!(matches!(Expect::Page.judge(ISSUER, &given), Verdict::Accepted(_)));
    let tokens = answer("200 OK", SAFE, r#"{"access_token":"kha_1"}"#);
    for refusal in [Expect::Json(vec!["invalid_grant"]), Expect::Refused(vec![400, 0]), Expect::Harmless(vec![200]), Expect::Inactive] {
        assert!(matches!(refusal.judge(ISSUER, &tokens), Verdict::Accepted(_)), "{refusal:?}");
    }
    let active = answer("200 OK", SAFE, r#"{"active":true}"#);
    assert!(matches!(Expect::Inactive.judge(ISSUER, &active), Verdict::Accepted(_)));
    let session = answer("303 See Other", "location: /authorize/resume\r\nset-cookie: keyhook=khs_1; Path=/\r\n", "");
    assert!(matches!(Expect::Onward("/authorize/resume").judge(ISSUER, &session), Verdict::Accepted(_)));
}

/// RFC 6749 §4.2.2: there a token is given, and no code.
#[test]
fn what_stands_in_a_fragment_is_given_too() {
    let refusal = Expect::back(&["unsupported_response_type"], CB, "s");
    let error = format!("{CB}#error=unsupported_response_type&state=s&iss=http%3A%2F%2Flocalhost%3A1");
    assert_eq!(refusal.judge(ISSUER, &sent_to(&error)), Verdict::Right);
    let token = sent_to(&format!("{CB}#access_token=kha_1&token_type=Bearer&state=s&iss={ISSUER}"));
    assert!(matches!(refusal.judge(ISSUER, &token), Verdict::Accepted(_)));
    let code = sent_to(&format!("{CB}#code=khc_1&state=s&iss=http%3A%2F%2Flocalhost%3A1"));
    assert_ne!(Expect::Code { to: CB.to_owned(), state: Some("s".to_owned()) }.judge(ISSUER, &code), Verdict::Right);
    assert!(matches!(refusal.judge(ISSUER, &code), Verdict::Accepted(_)));
}

#[test]
fn an_error_redirect_must_be_exact() {
    let expected = Expect::back(&["invalid_scope"], CB, "s t");
    let right = format!("{CB}?error=invalid_scope&state=s%20t&iss=http%3A%2F%2Flocalhost%3A1");
    assert_eq!(expected.judge(ISSUER, &sent_to(&right)), Verdict::Right);
    for wrong in [
        right.replace("app.test", "evil.test"),
        right.replace("/cb", "/cb/x"),
        right.replace("s%20t", "s"),
        right.replace("&state=s%20t", ""),
        right.replace("&iss=", "&other="),
        right.replace("invalid_scope", "invalid_request"),
        right.clone() + "&state=s%20t",
    ] {
        assert_ne!(expected.judge(ISSUER, &sent_to(&wrong)), Verdict::Right, "{wrong}");
    }
    let elsewhere = answer("302 Found", &format!("location: {right}\r\n"), "");
    assert_ne!(expected.judge(ISSUER, &elsewhere), Verdict::Right);
}

#[test]
fn a_token_error_must_be_exact() {
    let expected = Expect::Json(vec!["invalid_client"]);
    let challenge = format!("{SAFE}www-authenticate: Basic realm=\"x\"\r\ncontent-type: application/json\r\n");
    assert_eq!(expected.judge(ISSUER, &answer("401 Unauthorized", &challenge, r#"{"error":"invalid_client"}"#)), Verdict::Right);
    for wrong in [
        answer("401 Unauthorized", SAFE, r#"{"error":"invalid_client"}"#),
        answer("400 Bad Request", &challenge, r#"{"error":"invalid_client"}"#),
        answer("401 Unauthorized", &challenge, r#"{"error":"invalid_grant"}"#),
        answer("401 Unauthorized", &challenge, r#"{"error":"invalid_client","trace":"x"}"#),
        answer("401 Unauthorized", "www-authenticate: Basic\r\n", r#"{"error":"invalid_client"}"#),
        Reply::Closed,
    ] {
        assert!(matches!(expected.judge(ISSUER, &wrong), Verdict::Wrong(_)), "{wrong:?}");
    }
}

#[test]
fn an_error_page_neither_redirects_nor_sets_cookies() {
    assert_eq!(Expect::Page.judge(ISSUER, &answer("400 Bad Request", PAGE, "<p>no</p>")), Verdict::Right);
    for wrong in [
        sent_to("https://evil.test/"),
        answer("400 Bad Request", &format!("{PAGE}set-cookie: keyhook=1\r\n"), ""),
        answer("400 Bad Request", SAFE, "{}"),
        answer("404 Not Found", PAGE, ""),
    ] {
        assert_ne!(Expect::Page.judge(ISSUER, &wrong), Verdict::Right, "{wrong:?}");
    }
}

#[test]
fn inactive_is_exactly_inactive() {
    assert_eq!(Expect::Inactive.judge(ISSUER, &answer("200 OK", SAFE, r#"{"active":false}"#)), Verdict::Right);
    let more = answer("200 OK", SAFE, r#"{"active":false,"client_id":"shop"}"#);
    assert_ne!(Expect::Inactive.judge(ISSUER, &more), Verdict::Right);
}

#[test]
fn whatever_no_answer_may_have_is_found() {
    assert_eq!(found(&answer("400 Bad Request", PAGE, "<p>no</p>"), "/authorize", &[]), "");
    let page = |more: &str, body: &str| answer("400 Bad Request", &format!("{PAGE}{more}"), body);
    let markup = [Pair::new("state", "\"><svg onload=1>")];
    for (wrong, pairs, problem) in [
        (answer("500 Internal Server Error", SAFE, ""), &[][..], "status 500"),
        (page("x-powered-by: us\r\n", ""), &[], "unexpected header x-powered-by"),
        (page("set-cookie: other=1; Path=/; HttpOnly; SameSite=Lax\r\n", ""), &[], "unexpected header set-cookie"),
        (page("set-cookie: keyhook=1; Path=/\r\n", ""), &[], "unexpected header set-cookie"),
        (page("access-control-allow-origin: *\r\n", ""), &[], "access-control-allow-origin"),
        (page("www-authenticate: Basic\r\n", ""), &[], "www-authenticate"),
        (page("content-type: text/plain\r\n", ""), &[], "two headers content-type"),
        (page("", "the password is canary-password"), &[], "a secret is in the answer"),
        (page("", "thread panicked at src/lib.rs:1"), &[], "panicked"),
        (page("", "/tmp/keyhook-attack/data"), &[], "/tmp/keyhook-attack"),
        (page("", "<p>\"><svg onload=1></p>"), &markup, "repeated unescaped"),
        (answer("200 OK", SAFE.trim_start_matches("x-content-type-options: nosniff\r\n"), "x"), &[], "no x-content-type-options"),
        (answer("200 OK", &PAGE.replace("frame-ancestors 'none'", ""), ""), &[], "framed"),
        (answer("200 OK", &PAGE.replace("default-src 'none'", "script-src 'unsafe-inline'"), ""), &[], "foreign code"),
        (answer("200 OK", &PAGE.replace("cache-control: no-store\r\n", ""), ""), &[], "caches"),
        (answer("200 OK", &PAGE.replace("DENY", "ALLOW"), ""), &[], "x-frame-options"),
        (sent_to("https://evil.test/"), &[], "unexpected header location"),
        (sent_to("//evil.test/"), &[], "unexpected header location"),
        (sent_to("/\\evil.test/"), &[], "unexpected header location"),
        (Reply::Silence, &[], "no answer"),
        (Reply::Malformed("two", Vec::new()), &[], "malformed"),
    ] {
        let all = found(&wrong, "/authorize", pairs);
        assert!(all.contains(problem), "{problem}: {all:?} in {wrong:?}");
    }
}

#[test]
fn a_secret_is_found_whole_cut_and_among_other_bytes() {
    let token = format!("kha_{}{}checks", "a".repeat(26), "SECRETsecret0123456789-_SECRETsecret12");
    let mut canaries = Canaries::default();
    canaries.phrase("password", "canary-password");
    canaries.token(&token);
    assert_eq!(canaries.find(b"the canary-password is"), Some("password"));
    assert!(canaries.find(format!("{{\"cause\":\"{token}\"}}").as_bytes()).is_some());
    assert!(canaries.find(&[&[0, 255][..], &token.as_bytes()[28..], &[0]].concat()).is_some());
    assert_eq!(canaries.find(&token.as_bytes()[..30]), None, "the selector is no secret");
    assert_eq!(canaries.find(b"nothing of the kind, though aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"), None);
}

#[test]
fn a_log_is_looked_through_for_panics_errors_and_events_without_a_code() {
    let audit = |more: &str| format!(r#"{{"ts":"x","level":"info","target":"audit",{more}}}"#);
    let good = audit(r#""event":"token","outcome":"invalid_grant","code":"KH0231","request_id":"r1""#);
    for (line, problem) in [
        ("thread 'x' panicked at server/src/lib.rs:1:1".to_owned(), "not a log line"),
        (r#"{"level":"error","target":"keyhook","message":"boom"}"#.to_owned(), "an error is logged"),
        (audit(r#""event":"token","outcome":"invalid_grant","request_id":"r2""#), "no stable code"),
        (audit(r#""event":"surprise","outcome":"ok","request_id":"r3""#), "unknown event"),
        (good.clone(), "two events"),
        (r#"{"level":"info","target":"keyhook","cause":"endpoint panicked"}"#.to_owned(), "panic"),
    ] {
        let mut log = Log::default();
        assert_eq!(log.read(&good), None);
        let found = log.read(&line).unwrap_or_default();
        assert!(found.contains(problem), "{problem}: {found:?}");
    }
}

#[test]
fn a_problem_of_oauth_1_is_form_encoded_and_shows_no_base_string() {
    let problem = |status: &str, headers: &str, body: &str| {
        answer(status, &format!("content-type: application/x-www-form-urlencoded\r\n{SAFE}{headers}"), body)
    };
    let expect = Expect::Problem(vec!["signature_invalid"]);
    let challenge = "www-authenticate: OAuth realm=\"x\"\r\n";
    let right = problem("401 Unauthorized", challenge, "oauth_problem=signature_invalid&oauth_problem_advice=no");
    assert_eq!(expect.judge(ISSUER, &right), Verdict::Right);
    assert_eq!(found(&right, "/oauth/request_token", &[]), "");
    let bare = problem("401 Unauthorized", "", "oauth_problem=signature_invalid");
    assert!(matches!(expect.judge(ISSUER, &bare), Verdict::Wrong(_)), "without a challenge");
    let given = problem("200 OK", "", "oauth_token=kht_x&oauth_token_secret=y");
    assert!(matches!(expect.judge(ISSUER, &given), Verdict::Accepted(_)));
    assert_eq!(Expect::Credentials("temporary_credential").judge(ISSUER, &given), Verdict::Right);
    let shown = problem("401 Unauthorized", challenge, "oauth_problem=signature_invalid&signature_base_string=POST%26http");
    assert!(found(&shown, "/oauth/request_token", &[]).contains("base string"));
    let kept = answer("200 OK", "content-type: application/x-www-form-urlencoded\r\nx-content-type-options: nosniff\r\n", "a=b");
    assert!(found(&kept, "/oauth/request_token", &[]).contains("caches"));
}
