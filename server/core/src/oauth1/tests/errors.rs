//! What a refusal says, and what it never says.

use super::*;
use crate::text;

/// The earlier system sent the expected base string back.
#[test]
fn no_refusal_gives_the_base_string_or_anything_of_the_request_away() {
    let query = format!("{FORM}&password=hush&oauth_token=toktok").replace("timestamp=1", "timestamp=1790000000");
    let request = SignedRequest { query: Some(&query), path: "/pathpath", ..GET };
    for (now, key) in [
        (1_790_000_000, Ok(SigningKey::shared("secsec", ""))),
        (1_790_000_000, Err(Unknown::Consumer)),
        (1_790_000_000, Err(Unknown::Token)),
        (9, Ok(SigningKey::shared("secsec", ""))),
    ] {
        let expected = Expected { method: signature::named("HMAC-SHA1"), allowed: &["HMAC-SHA1".into()], key, window: Window::default() };
        let error = Unverified::read(&request).unwrap().unwrap().check(&expected, crate::Timestamp::from_seconds(now)).unwrap_err();
        let said = format!("{} {error} {error:?} {:?}", error.form(), error.www_authenticate("r"));
        assert!(!["hush", "toktok", "pathpath", "secsec", "%26", "GET&"].iter().any(|word| said.contains(word)), "{said}");
    }
}

/// RFC 5849 §3.2: 400 for what is malformed or not supported, 401 with a challenge for credentials, signatures, nonces.
#[test]
fn each_problem_has_its_name_its_status_and_on_401_a_challenge() {
    let mut names: Vec<_> = Problem::ALL.iter().map(|problem| problem.wire()).collect();
    for problem in Problem::ALL {
        let error = Oauth1Error::new(problem, "x");
        assert_eq!(error.www_authenticate("a\"b\r\n").is_some(), error.status() == 401);
        assert!(error.status() == 401 || error.status() == 400);
        let challenge = error.www_authenticate("a\"b\r\n").unwrap_or_default();
        assert!(text::is_header_value(&challenge) && !challenge.contains('\n'));
        assert!(error.form().starts_with(&format!("oauth_problem={}", problem.wire())));
    }
    names.sort_unstable();
    names.dedup();
    assert_eq!(names.len(), Problem::ALL.len());
    for (problem, status) in [
        (Problem::VersionRejected, 400),
        (Problem::ParameterAbsent, 400),
        (Problem::SignatureMethodRejected, 400),
        (Problem::NonceUsed, 401),
        (Problem::TokenExpired, 401),
        (Problem::SignatureInvalid, 401),
    ] {
        assert_eq!(problem.status(), status);
    }
    assert_eq!(error::challenge("Photos"), "OAuth realm=\"Photos\"");
}

#[test]
fn a_refusal_says_what_would_be_accepted() {
    assert_eq!(
        Oauth1Error::absent("oauth_nonce").form(),
        "oauth_problem=parameter_absent&oauth_parameters_absent=oauth_nonce&oauth_problem_advice=a%20required%20parameter%20is%20missing"
    );
    assert!(Oauth1Error::rejected("oauth_callback", "x").form().contains("&oauth_parameters_rejected=oauth_callback&"));
    assert!(Oauth1Error::new(Problem::VersionRejected, "x").form().contains("&oauth_acceptable_versions=1.0-1.0&"));
    let late = Window::default().check(1, crate::Timestamp::from_seconds(1000)).unwrap_err();
    assert!(late.form().contains("&oauth_acceptable_timestamps=700-1300&"));
    assert_eq!(Oauth1Error::nonce_used().status(), 401);
    let told = Oauth1Error::absent("oauth_nonce").with_cause("because").to_string();
    assert!(told.starts_with("[KH0253] parameter_absent: ") && told.ends_with("(oauth_nonce) (because)"), "{told}");
}
