//! The examples of RFC 5849, and of OAuth Core 1.0 Appendix A.

use super::*;

fn check(request: &SignedRequest<'_>, method: &'static str, secrets: (&str, &str), now: i64) -> Result<VerifiedRequest, Oauth1Error> {
    let expected = Expected {
        method: signature::named(method),
        allowed: &[method.to_owned()],
        key: Ok(SigningKey::shared(secrets.0, secrets.1)),
        window: Window::default(),
    };
    Unverified::read(request).unwrap().unwrap().check(&expected, crate::Timestamp::from_seconds(now))
}

/// RFC 5849 §1.2: temporary credentials, token credentials, the photo.
#[test]
fn the_three_signatures_of_the_example_verify() {
    let initiate = SignedRequest {
        method: "POST",
        scheme: "https",
        authority: "photos.example.net",
        path: "/initiate",
        authorization: Some(
            r#"OAuth realm="Photos", oauth_consumer_key="dpf43f3p2l4k3l03", oauth_signature_method="HMAC-SHA1", oauth_timestamp="137131200", oauth_nonce="wIjqoS", oauth_callback="http%3A%2F%2Fprinter.example.com%2Fready", oauth_signature="74KNZJeDHnMBp0EMJ9ZHt%2FXKycU%3D""#,
        ),
        ..GET
    };
    let verified = check(&initiate, "HMAC-SHA1", ("kd94hf93k423kf44", ""), 137_131_200).unwrap();
    assert_eq!((verified.callback(), verified.token()), (Some("http://printer.example.com/ready"), None));
    assert_eq!(verified.parameters().realm(), Some("Photos"));

    let token = SignedRequest {
        path: "/token",
        authorization: Some(
            r#"OAuth realm="Photos", oauth_consumer_key="dpf43f3p2l4k3l03", oauth_token="hh5s93j4hdidpola", oauth_signature_method="HMAC-SHA1", oauth_timestamp="137131201", oauth_nonce="walatlh", oauth_verifier="hfdp7dh39dks9884", oauth_signature="gKgrFCywp7rO0OXSjdot%2FIHF7IU%3D""#,
        ),
        ..initiate
    };
    let verified = check(&token, "HMAC-SHA1", ("kd94hf93k423kf44", "hdhd0244k9j7ao03"), 137_131_201).unwrap();
    assert_eq!(verified.verifier().unwrap().expose(), "hfdp7dh39dks9884");

    let photo = SignedRequest {
        method: "GET",
        scheme: "http",
        path: "/photos",
        query: Some("file=vacation.jpg&size=original"),
        authorization: Some(
            r#"OAuth realm="Photos", oauth_consumer_key="dpf43f3p2l4k3l03", oauth_token="nnch734d00sl2jdk", oauth_signature_method="HMAC-SHA1", oauth_timestamp="137131202", oauth_nonce="chapoH", oauth_signature="MdpQcU8iPSUjWoN%2FUDMsK2sui9I%3D""#,
        ),
        ..initiate
    };
    let verified = check(&photo, "HMAC-SHA1", ("kd94hf93k423kf44", "pfkkdhi9sl3r4s00"), 137_131_202).unwrap();
    assert_eq!(verified.consumer_key(), "dpf43f3p2l4k3l03");
    assert!(check(&photo, "HMAC-SHA1", ("kd94hf93k423kf44", "hdhd0244k9j7ao03"), 137_131_202).is_err(), "the secret of another token");
}

const EXAMPLE: SignedRequest<'static> = SignedRequest {
    method: "POST",
    path: "/request",
    query: Some("b5=%3D%253D&a3=a&c%40=&a2=r%20b"),
    authorization: Some(
        r#"OAuth realm="Example", oauth_consumer_key="9djdj82h48djs9d2", oauth_token="kkk9d7dh3k39sjv7", oauth_signature_method="HMAC-SHA1", oauth_timestamp="137131201", oauth_nonce="7d8f3e4a", oauth_signature="r6%2FTJjbCOr97%2F%2BUU0NsvSne7s5g%3D""#,
    ),
    form_body: Some(b"c2&a3=2+q"),
    ..GET
};

/// RFC 5849 §3.4.1.1; the secrets are §3.4's, the signature is that of erratum 2550.
#[test]
fn the_base_string_of_the_example_is_the_published_one() {
    assert_eq!(
        base_of(&EXAMPLE),
        "POST&http%3A%2F%2Fexample.com%2Frequest&a2%3Dr%2520b%26a3%3D2%2520q%26a3%3Da%26b5%3D%253D%25253D%26c%2540%3D%26c2%3D%26\
         oauth_consumer_key%3D9djdj82h48djs9d2%26oauth_nonce%3D7d8f3e4a%26oauth_signature_method%3DHMAC-SHA1%26\
         oauth_timestamp%3D137131201%26oauth_token%3Dkkk9d7dh3k39sjv7"
    );
    assert!(check(&EXAMPLE, "HMAC-SHA1", ("j49sk3j29djd", "dh893hdasih9"), 137_131_201).is_ok());
}

/// RFC 5849 §3.4.1.2, both examples.
#[test]
fn the_base_string_uris_of_the_examples_are_the_published_ones() {
    let uri = |request: &SignedRequest<'_>| encoding::decode(base_of(request).split('&').nth(1).unwrap().as_bytes()).unwrap();
    let first = SignedRequest { authority: "EXAMPLE.COM:80", path: "/r%20v/X", query: Some("id=123"), authorization: Some(HEADER), ..GET };
    assert_eq!(uri(&first), "http://example.com/r%20v/X");
    let second =
        SignedRequest { scheme: "https", authority: "www.example.net:8080", query: Some("q=1"), authorization: Some(HEADER), ..GET };
    assert_eq!(uri(&second), "https://www.example.net:8080/");
}

/// RFC 5849 §3.4.1.3.1 and §3.4.1.3.2: the table of parameters, sorted.
#[test]
fn the_normalized_parameters_of_the_example_are_the_published_ones() {
    let parameters = encoding::decode(base_of(&EXAMPLE).rsplit_once('&').unwrap().1.as_bytes()).unwrap();
    assert_eq!(
        parameters,
        "a2=r%20b&a3=2%20q&a3=a&b5=%3D%253D&c%40=&c2=&oauth_consumer_key=9djdj82h48djs9d2&oauth_nonce=7d8f3e4a&\
         oauth_signature_method=HMAC-SHA1&oauth_timestamp=137131201&oauth_token=kkk9d7dh3k39sjv7"
    );
}

/// RFC 5849 §2.1 and §2.3: PLAINTEXT, without timestamp and nonce (§3.1).
#[test]
fn the_plaintext_examples_verify_over_tls_alone() {
    let temporary = SignedRequest {
        method: "POST",
        scheme: "https",
        authority: "server.example.com",
        path: "/request_temp_credentials",
        authorization: Some(
            r#"OAuth realm="Example", oauth_consumer_key="jd83jd92dhsh93js", oauth_signature_method="PLAINTEXT", oauth_callback="http%3A%2F%2Fclient.example.net%2Fcb%3Fx%3D1", oauth_signature="ja893SD9%26""#,
        ),
        ..GET
    };
    let verified = check(&temporary, "PLAINTEXT", ("ja893SD9", ""), 0).unwrap();
    assert_eq!((verified.callback(), verified.nonce()), (Some("http://client.example.net/cb?x=1"), None));
    let token = SignedRequest {
        path: "/request_token",
        authorization: Some(
            r#"OAuth realm="Example", oauth_consumer_key="jd83jd92dhsh93js", oauth_token="hdk48Djdsa", oauth_signature_method="PLAINTEXT", oauth_verifier="473f82d3", oauth_signature="ja893SD9%26xyz4992k83j47x0b""#,
        ),
        ..temporary
    };
    assert!(check(&token, "PLAINTEXT", ("ja893SD9", "xyz4992k83j47x0b"), 0).is_ok());
    let refused = check(&SignedRequest { scheme: "http", ..token }, "PLAINTEXT", ("ja893SD9", "xyz4992k83j47x0b"), 0).unwrap_err();
    assert_eq!((refused.problem, refused.status()), (Problem::SignatureMethodRejected, 400));
}

/// OAuth Core 1.0 Appendix A.5, with the parameters in each of the three places.
#[test]
fn the_signature_of_oauth_core_appendix_a_verifies_in_each_place() {
    const PHOTO: &str = "file=vacation.jpg&size=original";
    const PROTOCOL: &str = concat!(
        "oauth_consumer_key=dpf43f3p2l4k3l03&oauth_token=nnch734d00sl2jdk&oauth_signature_method=HMAC-SHA1&oauth_timestamp=1191242096&",
        "oauth_nonce=kllo9940pd9333jh&oauth_version=1.0&oauth_signature=tR3%2BTy81lMeYAr%2FFid0kMTYa%2FWM%3D"
    );
    let photo = SignedRequest { authority: "photos.example.net", path: "/photos", query: Some(PHOTO), ..GET };
    let header = format!("OAuth {}\"", PROTOCOL.replace('=', "=\"").replace('&', "\", "));
    let joined = format!("{PHOTO}&{PROTOCOL}");
    let in_header = SignedRequest { authorization: Some(&header), ..photo };
    let in_query = SignedRequest { query: Some(&joined), ..photo };
    for (request, source) in [(in_header, Source::Header), (in_query, Source::Query)] {
        let verified = check(&request, "HMAC-SHA1", ("kd94hf93k423kf44", "pfkkdhi9sl3r4s00"), 1_191_242_096).unwrap();
        assert_eq!(verified.parameters().source(), source);
    }
    // The appendix signs a GET; in a body the same parameters give the same pairs under another method.
    let in_body = SignedRequest { method: "POST", form_body: Some(PROTOCOL.as_bytes()), ..photo };
    assert_eq!(base_of(&in_body).replacen("POST", "GET", 1), base_of(&in_header));
    assert_eq!(collected(&in_body).source(), Source::Body);
}
