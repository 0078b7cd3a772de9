//! A refusal gives nothing away.

use keyhook_tests::binary::{self, Server};
use keyhook_tests::production::Production;
use keyhook_tests::signing::{Consumer, Place, field};

use super::{CALLBACK, Provider, REQUEST_TOKEN};

/// cycloauth and wsgioauth answered with the base string that would have been right. Only `keyhook dev` shows one.
#[test]
fn the_base_string_of_a_wrong_signature_is_shown_in_dev_and_nowhere_else() {
    let dev = Provider::new();
    let answer = dev.sent(&dev.first(&dev.printer).with("oauth_signature", "Zm9yZ2Vk"));
    assert!(field(&answer, "signature_base_string").unwrap().starts_with("POST&http%3A%2F%2Flocalhost"), "{}", answer.text());
    let production = Production::new("oauth1", "[oauth1]\nenabled = true\n");
    let server = production.serve();
    let consumer = registered(&production);
    let now = now(&consumer, &server);
    let draft = || consumer.draft("POST", REQUEST_TOKEN, now).with("oauth_callback", READY);
    let answer = draft().with("oauth_signature", "Zm9yZ2Vk").send(&mut server.client(), Place::Header);
    assert_eq!(answer.status, 401);
    for told in [answer.text(), format!("{:?}", answer.headers), server.log()] {
        assert!(!told.contains("base_string") && !told.contains("oauth_callback") && !told.contains("%26"), "{told}");
    }
    let answer = draft().send(&mut server.client(), Place::Header);
    assert_eq!(answer.status, 200, "the same request, signed: {}", answer.text());
}

const READY: &str = "https://printer.example/ready";

/// A consumer of a production server.
fn registered(production: &Production) -> Consumer {
    let add = ["client", "add", "printer", "--oauth1", "--redirect-uri", READY, "--format", "json"];
    let added: serde_json::Value = serde_json::from_str(&binary::stdout(production.path(), &add)).unwrap();
    Consumer { id: "printer".into(), secret: added["oauth1_secret"].as_str().unwrap().to_owned(), token: <_>::default() }
}

/// Its clock is not the test's: it says which seconds it believes.
fn now(consumer: &Consumer, server: &Server) -> i64 {
    let answer = consumer.draft("POST", REQUEST_TOKEN, 1).send(&mut server.client(), Place::Header);
    let told = field(&answer, "oauth_acceptable_timestamps").unwrap();
    told.split_once('-').unwrap().1.parse::<i64>().unwrap() - 300
}

/// All of them kept secrets in the clear; signatures need them back, so they are sealed with the master key.
#[test]
fn nothing_in_the_store_could_sign() {
    let production = Production::new("sealed", "[oauth1]\nenabled = true\n");
    let server = production.serve();
    let consumer = registered(&production);
    let now = now(&consumer, &server);
    let answer = consumer.draft("POST", REQUEST_TOKEN, now).with("oauth_callback", READY).send(&mut server.client(), Place::Header);
    let given = consumer.given(&answer);
    let kept: Vec<u8> = std::fs::read_dir(production.path().join("data"))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.is_file())
        .flat_map(|path| std::fs::read(path).unwrap())
        .collect();
    let holds = |text: &str| memchr::memmem::find(&kept, text.as_bytes()).is_some();
    assert!(holds("printer.example"), "this is where it is kept");
    for secret in [&consumer.secret, &given.token.0, &given.token.1] {
        assert!(!holds(secret) && !holds(&secret[4..]), "{secret} lies in the store");
    }
}

/// Credentials are kept by no cache, and came from the Mersenne Twister once (CVE-2013-4347).
#[test]
fn credentials_are_long_and_never_the_same_and_kept_by_no_cache() {
    let provider = Provider::new();
    let mut all = std::collections::BTreeSet::new();
    for _ in 0..8 {
        let answer = provider.sent(&provider.first(&provider.printer).with("oauth_callback", CALLBACK));
        assert_eq!(answer.header("cache-control"), Some("no-store"));
        assert_eq!(field(&answer, "oauth_callback_confirmed").as_deref(), Some("true"), "RFC 5849 §2.1");
        let [token, secret] = ["oauth_token", "oauth_token_secret"].map(|name| field(&answer, name).unwrap());
        assert!(token.len() >= 43 && secret.len() >= 43, "256 bits: {token} {secret}");
        all.extend([token, secret]);
    }
    assert_eq!(all.len(), 16);
}
