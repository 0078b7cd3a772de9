//! Whatever comes is answered with a problem by its name, 400 or 401, and never with a crash (RFC 5849 §3.2).

use keyhook_tests::signing::Place;

use super::{ACCESS_TOKEN, CALLBACK, Provider, REQUEST_TOKEN, asking, problem, refused};

/// repoze.who's plugin took every `Authorization` header for its own and crashed; other schemes are somebody else's.
#[test]
fn headers_of_other_schemes_are_not_ours_and_break_nothing() {
    let provider = Provider::new();
    let mut client = provider.client();
    let foreign = ["Basic dXNlcjpwYXNz", "Bearer abc.def", "Basic", "Digest a=b, c=d", "a=b, c", "", "OAuth2 abc", "\u{fc}\u{1f600}", ","];
    for header in foreign {
        let answer = client.request("POST", REQUEST_TOKEN, &[("authorization", header)], b"");
        assert_eq!(problem(&answer), (400, "parameter_absent".to_owned()), "{header}");
        let authorization = keyhook_tests::http::basic("api", keyhook_tests::stage::SECRET);
        let fields = [("method", "GET"), ("uri", "http://api.example/photos"), ("authorization", header)];
        let answer = client.post_with("/introspect", &[("authorization", &authorization)], &fields);
        assert_eq!((answer.status, &answer.json()["active"]), (200, &false.into()), "{header}: {}", answer.text());
    }
    let signed = provider.first(&provider.printer).send(&mut client, Place::Body);
    assert_eq!(signed.status, 200, "{}", signed.text());
}

#[test]
fn a_broken_header_of_ours_is_a_400() {
    let provider = Provider::new();
    let mut client = provider.client();
    for header in
        ["OAuth x", "OAuth oauth_nonce=\"", "OAuth oauth_nonce=1", "OAuth =\"1\"", "OAuth oauth_nonce=\"%zz\"", "oauth a=\"1\" b=\"2\""]
    {
        let answer = client.request("POST", REQUEST_TOKEN, &[("authorization", header)], b"");
        assert_eq!(problem(&answer).0, 400, "{header}: {}", answer.text());
    }
}

/// cycloauth answered 500 to everything; repoze.who's plugin crashed without a nonce or with letters in a timestamp.
#[test]
fn what_is_missing_or_malformed_is_a_400_that_names_it() {
    let provider = Provider::new();
    let first = || provider.first(&provider.printer);
    for name in ["oauth_consumer_key", "oauth_signature_method", "oauth_timestamp", "oauth_nonce", "oauth_callback"] {
        let answer = provider.sent(&first().without(name));
        assert_eq!(problem(&answer), (400, "parameter_absent".to_owned()), "{name}");
        assert!(answer.text().contains(name), "{}", answer.text());
    }
    for (name, value, wanted) in [
        ("oauth_timestamp", "abc", "parameter_rejected"),
        ("oauth_timestamp", "-1", "parameter_rejected"),
        ("oauth_timestamp", "0", "parameter_rejected"),
        ("oauth_timestamp", "1.5", "parameter_rejected"),
        ("oauth_timestamp", "99999999999999999999999999", "parameter_rejected"),
        ("oauth_version", "9", "version_rejected"),
        ("oauth_version", "1.0a", "version_rejected"),
        ("oauth_signature_method", "MD5", "signature_method_rejected"),
        ("oauth_signature_method", "hmac-sha1", "signature_method_rejected"),
        ("oauth_signature_method", "PLAINTEXT", "signature_method_rejected"),
    ] {
        assert_eq!(problem(&provider.sent(&first().with(name, value))), (400, wanted.to_owned()), "{name} {value}");
    }
    assert_eq!(provider.sent(&first().without("oauth_version")).status, 200, "RFC 5849 §3.1: it may be left out");
    let foreign_letters = [("authorization", "OAuth oauth_consumer_key=\"printer\", oauth_nonce=\"é\"")];
    let answer = provider.client().request("POST", "/oauth/request_token", &foreign_letters, b"");
    assert_eq!(problem(&answer), (400, "parameter_rejected".to_owned()), "it is there, and cannot be read: {}", answer.text());
}

/// They were a 500 each, or told apart. RFC 5849 §3.2: 401.
#[test]
fn an_unknown_consumer_an_unknown_token_and_a_wrong_secret_are_one_answer() {
    let provider = Provider::new();
    let token = provider.token();
    let nobody = keyhook_tests::signing::Consumer { id: "nobody".into(), ..provider.printer.clone() };
    let guesser = keyhook_tests::signing::Consumer { secret: "a guess".into(), ..provider.printer.clone() };
    let answers = [&nobody, &guesser].map(|consumer| provider.sent(&provider.first(consumer)));
    for answer in &answers {
        assert_eq!(problem(answer), (401, "signature_invalid".to_owned()));
        // In dev each is shown its own base string.
        let [said, other] = [answer, &answers[0]].map(|answer| answer.text().split("&signature_base_string").next().unwrap().to_owned());
        assert_eq!(said, other);
    }
    for lost in ["kht_nothing", "", "\u{fc}", &token.token.0[..20]] {
        let lost = keyhook_tests::signing::Consumer { token: (lost.to_owned(), token.token.1.clone()), ..provider.printer.clone() };
        let answer = provider.exchange(&lost, "a verifier");
        assert!([400, 401].contains(&problem(&answer).0), "{}", answer.text());
        assert_eq!(provider.seen(&provider.photo(&lost))["active"], false);
    }
    let wrong = keyhook_tests::signing::Consumer { token: (token.token.0.clone(), "a guess".into()), ..provider.printer.clone() };
    assert_eq!(refused(&provider.seen(&provider.photo(&wrong))), "signature_invalid");
}

/// cycloauth's was a 500 without a word.
#[test]
fn a_user_with_an_unknown_token_or_none_sees_a_page() {
    let provider = Provider::new();
    let temporary = provider.temporary(CALLBACK);
    for path in ["/oauth/authorize", "/oauth/authorize?oauth_token=", "/oauth/authorize?oauth_token=x", &format!("{}x", asking(&temporary))]
    {
        let page = provider.client().get(path);
        assert_eq!((page.status, page.location()), (400, ""), "{path}");
        assert!(page.text().contains("</html>"), "{path}");
    }
}

/// Without a verifier nothing is exchanged: wsgioauth's base, OAuth 1.0 without the a, did (session fixation).
#[test]
fn no_verifier_no_token() {
    let provider = Provider::new();
    let temporary = provider.temporary(CALLBACK);
    provider.verifier(&temporary, keyhook_tests::stage::ALICE);
    let answer = provider.sent(&provider.draft(&temporary, "POST", ACCESS_TOKEN));
    assert_eq!(problem(&answer), (400, "parameter_absent".to_owned()));
    assert_eq!(problem(&provider.exchange(&temporary, "")), (400, "parameter_absent".to_owned()));
    assert_eq!(problem(&provider.exchange(&temporary, "a guess")), (401, "verifier_invalid".to_owned()));
}

/// POST as RFC 5849 §2.1 has it; cycloauth took nothing but GET, and repoze.who's plugin said 401 to it.
#[test]
fn credentials_are_asked_for_by_post_and_by_get_where_that_is_configured() {
    let provider = Provider::new();
    let asked = provider.draft(&provider.printer, "GET", REQUEST_TOKEN).with("oauth_callback", CALLBACK);
    assert_eq!(provider.sent(&asked).status, 405);
    let lenient = Provider::configured("get = true");
    let asked = lenient.draft(&lenient.printer, "GET", REQUEST_TOKEN).with("oauth_callback", CALLBACK);
    assert_eq!(lenient.sent(&asked).status, 200);
}
