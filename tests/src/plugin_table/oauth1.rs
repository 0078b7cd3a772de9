//! The hooks of OAuth 1.0a: whose a consumer key is, what signs, which requests pass, what is answered (RFC 5849).

use keyhook_core::oauth1::signature::{SignatureMethod, SigningKey};
use keyhook_core::oauth1::{BaseString, SignedRequest, Unproven};
use keyhook_core::secret::Secret;

use super::Stage;
use crate::consumer::{By, by, register};
use crate::http::{Answer, encode_form};

pub(super) fn play(stage: &mut Stage) {
    register(&stage.local, "printer", &[]);
    register(&stage.local, "scanner", &["WITNESS", "HMAC-SHA1"]);
    answers(stage);
    consumers(stage);
    methods(stage);
    policy(stage);
    beside(stage);
    three_legs(stage);
}

fn answers(stage: &mut Stage) {
    for (sentence, respond) in [
        ("a plugin adds to temporary credentials, which are a form (RFC 5849 §2.1)", "facts"),
        ("the credentials themselves no plugin changes", "protected"),
        ("a list cannot stand in a form", "list"),
        ("where a plugin denies there are no credentials", "deny"),
        ("where a plugin panics there are none either", "panic"),
    ] {
        stage.case(sentence);
        asked(stage, &By { form: &[("respond", respond)], ..by("printer", sentence) });
    }
}

fn consumers(stage: &mut Stage) {
    for (sentence, consumer) in [
        ("a consumer key of another provider may stand for a registered client", "old-printer"),
        ("it makes nobody a consumer who is none", "old-shop"),
        ("it makes nobody a client who is none", "old-nobody"),
        ("whom no plugin knows is unknown", "nobody"),
        ("whom a plugin denies is told the same", "deny"),
        ("a plugin that panics knows nobody", "panic"),
    ] {
        stage.case(sentence);
        asked(stage, &by(consumer, sentence));
    }
    stage.case("the client's own secret signs, whatever its key is called");
    asked(stage, &By { secret: "another", ..by("old-printer", "another") });
}

fn methods(stage: &mut Stage) {
    let witness = |nonce| By { method: &Witness, ..by("scanner", nonce) };
    stage.case("a signature method of a plugin's own (RFC 5849 §3.4), and it is good once");
    for _ in 0..2 {
        asked(stage, &witness("method"));
    }
    stage.case("the server compares what the plugin expects");
    asked(stage, &By { secret: "another", ..witness("wrong") });
    stage.case("a method is for the clients that may use it");
    asked(stage, &By { method: &Witness, ..by("printer", "unlisted") });
    for sign in ["deny", "panic"] {
        stage.case(&format!("a method that does not say what the signature is verifies nothing: {sign}"));
        asked(stage, &By { form: &[("sign", sign)], ..witness(sign) });
    }
    stage.case("a method that nobody has");
    asked(stage, &By { method: &Unheard, ..by("scanner", "unheard") });
}

fn policy(stage: &mut Stage) {
    for nonce in ["deny-1", "panic-1"] {
        stage.case(&format!("a plugin may refuse what the server would accept: {nonce}"));
        asked(stage, &by("printer", nonce));
    }
    stage.case("a request that a plugin refused has used up no nonce (RFC 5849 §3.3)");
    for _ in 0..3 {
        asked(stage, &by("printer", "second-1"));
    }
    stage.case("a plugin cannot accept what the server refuses");
    asked(stage, &By { secret: "another", ..by("printer", "loose") });
}

/// A request to an API in the server's own process: the same plugins see it.
fn beside(stage: &mut Stage) {
    for (sentence, consumer, nonce) in [
        ("a plugin passes a request to an API in the server's process", "printer", "beside"),
        ("its consumer key may stand for a registered client there too", "old-printer", "beside.alias"),
        ("a plugin may refuse it", "printer", "deny-beside"),
        ("where a plugin panics nobody is believed", "printer", "panic-beside"),
        ("it is good once", "printer", "beside"),
    ] {
        stage.case(sentence);
        let by = By { path: "/photos", ..by(consumer, nonce) };
        let (authorization, uri) = (by.authorization(&stage.local), format!("http://localhost:{}{}", stage.local.port, by.path));
        let at = SignedRequest::at(&uri).unwrap();
        let request = SignedRequest { method: "POST", authorization: Some(&authorization), form_body: Some(b""), ..at };
        let signed_by = stage.local.wait(stage.local.service().oauth1_signed_by(&request));
        stage.note(&match signed_by {
            Ok(signed_by) => format!("signed by {}", signed_by.client),
            Err(Unproven::Problem(problem)) => format!("{problem:?}"),
            // The cause names the plugin's file, which is another one where it is linked in.
            Err(Unproven::Unavailable(cause)) => format!("cannot be known: {}", cause.split(':').next().unwrap_or_default()),
        });
    }
}

fn three_legs(stage: &mut Stage) {
    stage.case("what was noted at the authorization is there when token credentials are given out (RFC 5849 §2.3)");
    let first = asked(stage, &by("printer", "leg-1"));
    let (token, secret) = (field(&first, "oauth_token"), field(&first, "oauth_token_secret"));
    let done = stage.get(&format!("/oauth/authorize?oauth_token={token}&ask=data"));
    let verifier = done.location_parameter("oauth_verifier").unwrap_or_default();
    let exchange = |nonce, respond| By {
        path: "/oauth/access_token",
        token: Some((&token, &secret)),
        verifier: Some(&verifier),
        form: respond,
        ..by("printer", nonce)
    };
    asked(stage, &exchange("leg-2", &[("respond", "protected")]));
    asked(stage, &exchange("leg-3", &[("respond", "facts")]));
    asked(stage, &exchange("leg-4", &[]));
}

fn asked(stage: &mut Stage, by: &By<'_>) -> Answer {
    let nonce = by.nonce.replace(' ', ".");
    let authorization = By { nonce: &nonce, ..*by }.authorization(&stage.local);
    let headers = [("content-type", "application/x-www-form-urlencoded"), ("authorization", authorization.as_str())];
    stage.request("POST", by.path, &headers, encode_form(by.form).as_bytes())
}

fn field(answer: &Answer, name: &str) -> String {
    let body = answer.text();
    let found = body.split('&').filter_map(|pair| pair.split_once('=')).find(|(known, _)| *known == name);
    found.map(|(_, value)| value.to_owned()).unwrap_or_default()
}

/// How a client signs by the method of `witness`.
struct Witness;

impl SignatureMethod for Witness {
    fn name(&self) -> &'static str {
        "WITNESS"
    }

    fn verify(&self, _: &BaseString, _: &SigningKey<'_>, _: &str) -> bool {
        false
    }

    fn sign(&self, base: &BaseString, key: &SigningKey<'_>) -> Option<Secret<String>> {
        let key: String = key.joined()?.chars().rev().collect();
        Some(Secret::new(format!("{key}{}", base.as_bytes().len())))
    }
}

/// How one signs by a method that the server never heard of.
struct Unheard;

impl SignatureMethod for Unheard {
    fn name(&self) -> &'static str {
        "UNHEARD"
    }

    fn verify(&self, _: &BaseString, _: &SigningKey<'_>, _: &str) -> bool {
        false
    }

    fn sign(&self, _: &BaseString, _: &SigningKey<'_>) -> Option<Secret<String>> {
        Some(Secret::new("signed".to_owned()))
    }
}
