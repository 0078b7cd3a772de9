//! Credentials of OAuth 1.0a in other hands, at other endpoints, decided by others, and exchanged for tokens of OAuth 2.0 (RFC 5849 §2,
//! RFC 8693).

use keyhook_tests::flow::{Form, follow, walk_path};
use keyhook_tests::http::encode;
use keyhook_tests::signing::{Consumer, Draft};

use super::code::tokens;
use super::oauth1::{REQUEST_TOKEN, first, now, problem, signed, signed_form};
use super::{Expander, always, mangled, once, posted};
use crate::attack::Attack;
use crate::check::expect::Expect;
use crate::target::{ALICE, EXCHANGE, MALLORY, PRINTER_URI, Target};
use crate::wire::{Reply, Request};

pub const CREDENTIALS: &[Expander] = &[
    always("H1-15", "verifiers and temporary credentials of others, used, denied", exchanges),
    always("H1-17", "credentials of one kind where another is expected", kinds),
    once("H1-23", "shared secrets in files", at_rest),
    once("H1-25", "forged, framed and answered decisions", decisions),
    always("H1-30", "a signed request, and then the same unsigned", unsigned),
];

pub const BRIDGE: &[Expander] = &[
    always("TX-02", "an exchange for more", more),
    always("TX-06", "an exchange of what was exchanged", chain),
    always("TX-07", "an exchange of somebody else's token", stolen),
];

const ACCESS_TOKEN: &str = "/oauth/access_token";
const OAUTH1_TOKEN: &str = "urn:keyhook:params:oauth:token-type:oauth1";
const TEMPORARY: Expect = Expect::Credentials("temporary_credential");
const TOKEN: Expect = Expect::Credentials("token_credential");

/// The consumer with the credentials of an answer.
fn given(consumer: &Consumer, reply: &Reply) -> Consumer {
    let member = |name| if let Reply::Answer(answer) = reply { answer.member(name) } else { String::new() };
    Consumer { token: (member("oauth_token"), member("oauth_token_secret")), ..consumer.clone() }
}

fn callback(consumer: &Consumer) -> String {
    if consumer.id == "printer" { PRINTER_URI.to_owned() } else { format!("https://{}.test/ready", consumer.id) }
}

fn temporary(attack: &mut Attack<'_>, consumer: &Consumer) -> Consumer {
    let request = signed(attack, REQUEST_TOKEN, &first(consumer).with("oauth_callback", &callback(consumer)));
    given(consumer, &attack.send(&request, &TEMPORARY))
}

fn asking(temporary: &Consumer) -> String {
    format!("/oauth/authorize?oauth_token={}", encode(&temporary.token.0))
}

/// The verifier of Alice, who allows.
fn verifier(attack: &mut Attack<'_>, temporary: &Consumer) -> String {
    attack.prepare(|target| {
        let answer = walk_path(&mut target.browser("alice"), &asking(temporary), ALICE);
        let verifier = answer.location_parameter("oauth_verifier").unwrap_or_else(|| panic!("{} {}", answer.status, answer.text()));
        target.canaries.phrase("verifier", &verifier);
        verifier
    })
}

fn exchange(consumer: &Consumer, verifier: &str) -> Draft {
    consumer.draft("POST", ACCESS_TOKEN, now()).with("oauth_verifier", verifier)
}

fn try_exchange(attack: &mut Attack<'_>, consumer: &Consumer, verifier: &str, expect: &Expect) -> Reply {
    let request = signed(attack, ACCESS_TOKEN, &exchange(consumer, verifier));
    attack.send(&request, expect)
}

/// The consumer with a token of Alice.
fn token(attack: &mut Attack<'_>, client: &str) -> Consumer {
    let consumer = attack.target.consumer(client);
    let temporary = temporary(attack, &consumer);
    let verifier = verifier(attack, &temporary);
    let reply = try_exchange(attack, &temporary, &verifier, &TOKEN);
    given(&consumer, &reply)
}

fn exchanges(attack: &mut Attack<'_>) {
    let (printer, rival) = (attack.target.consumer("printer"), attack.target.consumer("rival"));
    let [one, other, undecided] = [(); 3].map(|()| temporary(attack, &printer));
    let [verifier_of_one, verifier_of_other] = [&one, &other].map(|temporary| verifier(attack, temporary));
    try_exchange(attack, &undecided, &verifier_of_one, &problem("permission_unknown"));
    try_exchange(attack, &one, &verifier_of_other, &problem("verifier_invalid"));
    let absent = signed(attack, ACCESS_TOKEN, &exchange(&one, ""));
    attack.send_growing(&absent, &problem("parameter_absent"), &[("nonce", 1)]);
    try_exchange(attack, &one, &verifier_of_one.to_uppercase(), &problem("verifier_invalid"));
    let thief = Consumer { token: one.token.clone(), ..rival };
    try_exchange(attack, &thief, &verifier_of_one, &problem("signature_invalid"));
    for wrong in mangled(&one.token.0, &mut attack.random).into_iter().take(6) {
        let wrong = Consumer { token: (wrong, one.token.1.clone()), ..printer.clone() };
        let expect = Expect::Problem(vec!["signature_invalid", "parameter_rejected"]);
        try_exchange(attack, &wrong, &verifier_of_one, &expect);
    }
    let without_secret = Consumer { token: (one.token.0.clone(), String::new()), ..printer.clone() };
    try_exchange(attack, &without_secret, &verifier_of_one, &problem("signature_invalid"));
    try_exchange(attack, &one, &verifier_of_one, &TOKEN);
    for again in [&verifier_of_one, "x"] {
        try_exchange(attack, &one, again, &problem("token_used"));
    }
    // Guesses end what they are about.
    for _ in 0..5 {
        try_exchange(attack, &other, "x", &problem("verifier_invalid"));
    }
    try_exchange(attack, &other, &verifier_of_other, &problem("token_used"));
}

fn kinds(attack: &mut Attack<'_>) {
    let printer = attack.target.consumer("printer");
    let token = token(attack, "printer");
    let waiting = temporary(attack, &printer);
    let verifier = verifier(attack, &waiting);
    try_exchange(attack, &token, &verifier, &problem("signature_invalid"));
    for known in [&token, &waiting] {
        let request = signed(attack, REQUEST_TOKEN, &first(known));
        attack.send(&request, &problem("signature_invalid"));
        let bearer = Request::post("/introspect", &[("token", &known.token.0)]).header("authorization", attack.target.basic("robot"));
        attack.send(&bearer, &Expect::Inactive);
        let refresh = Request::post("/token", &[("grant_type", "refresh_token"), ("refresh_token", &known.token.0)]);
        attack.send(&refresh.header("authorization", attack.target.basic("shop")), &Expect::Json(vec!["invalid_grant"]));
        let code = super::redeem(&known.token.0, crate::target::SHOP_URI).header("authorization", attack.target.basic("shop"));
        attack.send(&code, &Expect::Json(vec!["invalid_grant"]));
    }
    attack.send(&Request::get("/oauth/authorize", &[("oauth_token", &token.token.0)]), &Expect::Page);
    // A code, a bearer token and a session are no credentials of OAuth 1.0a, whoever signs with their names.
    for name in ["kha_x", "khc_x", "khs_x", "khr_x"] {
        let draft = Consumer { token: (name.to_owned(), "x".to_owned()), ..printer.clone() };
        try_exchange(attack, &draft, "x", &problem("signature_invalid"));
        attack.send(&Request::get("/oauth/authorize", &[("oauth_token", name)]), &Expect::Page);
    }
    let by_name = super::ask("printer", PRINTER_URI).set("response_type", "verifier").set("oauth_token", &waiting.token.0);
    let told = Expect::back(&["unsupported_response_type", "unauthorized_client"], PRINTER_URI, super::STATE);
    attack.send(&by_name, &told);
    attack.send(&by_name.set("response_type", "code"), &told);
}

fn at_rest(attack: &mut Attack<'_>) {
    token(attack, "printer");
    let found = attack.prepare(|target| {
        let read = |file: &std::path::PathBuf| std::fs::read(file).unwrap_or_default();
        target.files().iter().find_map(|file| Some((file.display().to_string(), target.canaries.find(&read(file))?.to_owned())))
    });
    attack.hold(&format!("a file holds a secret: {found:?}"), found.is_none());
}

fn decisions(attack: &mut Attack<'_>) {
    let printer = attack.target.consumer("printer");
    let waiting = temporary(attack, &printer);
    let (form, cookies) = attack.prepare(|target| {
        let mut browser = target.browser("mallory");
        let first = browser.get(&asking(&waiting));
        let page = follow(&mut browser, first).text();
        (posted(&Form::with_field(&page, "decision")), Target::cookies(&browser))
    });
    let yes = form.set("decision", "allow");
    let own = |request: Request| request.header("cookie", &cookies);
    let forged = attack.random.word(80);
    attack.send(&yes, &Expect::Page);
    attack.send(&own(yes.clone().set("csrf_token", "x")), &Expect::Page);
    attack.send(&own(yes.clone().without("csrf_token")), &Expect::Page);
    attack.send(&own(yes.clone().set("interaction", &forged)), &Expect::Page);
    let alices = Target::cookies(&attack.target.browser("alice"));
    attack.send(&yes.clone().header("cookie", &alices), &Expect::Page);
    let allowed = Expect::Verifier { to: PRINTER_URI.to_owned(), token: waiting.token.0.clone() };
    let reply = attack.send(&own(yes.clone()), &allowed);
    attack.send(&own(yes), &Expect::Page);
    attack.send(&Request::get("/oauth/authorize", &[("oauth_token", &waiting.token.0)]), &Expect::Page);
    let Reply::Answer(answer) = reply else { return };
    let reply = try_exchange(attack, &waiting, &answer.returned("oauth_verifier").concat(), &TOKEN);
    let token = given(&printer, &reply);
    let draft = token.draft("GET", "/photos", now());
    let asked = [("method", "GET"), ("uri", &draft.uri("api.test")), ("authorization", &draft.authorization("api.test"))];
    let request = Request::post("/introspect", &asked).header("authorization", attack.target.basic("robot"));
    let told = attack.send_growing(&request, &Expect::Active, &[("nonce", 1)]);
    let whose = if let Reply::Answer(answer) = told { answer.json()["sub"].as_str().map(str::to_owned) } else { None };
    attack.hold("the token is another user's than who allowed it", whose.as_deref() == Some(MALLORY.username));
}

fn unsigned(attack: &mut Attack<'_>) {
    let printer = attack.target.consumer("printer");
    for _ in 0..3 {
        let right = signed(attack, REQUEST_TOKEN, &first(&printer));
        attack.send(&right, &TEMPORARY);
        attack.send(&right, &problem("nonce_used"));
        attack.send(&Request::new("POST", REQUEST_TOKEN), &problem("parameter_absent"));
        attack.send(&Request::new("GET", REQUEST_TOKEN), &Expect::Refused(vec![405]));
        attack.send(&Request::new("POST", ACCESS_TOKEN), &problem("parameter_absent"));
    }
}

/// The exchange of a token by whoever signs (RFC 8693 §2.1).
fn bridge(attack: &Attack<'_>, signer: &Consumer, subject: &str, kind: &str, more: &str) -> Request {
    let (grant, subject, kind) = (encode(EXCHANGE), encode(subject), encode(kind));
    let form = format!("grant_type={grant}&subject_token={subject}&subject_token_type={kind}{more}");
    signed_form(attack, "/token", signer.draft("POST", "/token", now()), &form)
}

/// Sends what is signed rightly and refused, so that its nonce is used up.
fn refused(attack: &mut Attack<'_>, request: &Request, error: &'static str) {
    attack.send_growing(request, &Expect::Json(vec![error]), &[("nonce", 1)]);
}

fn more(attack: &mut Attack<'_>) {
    let token = token(attack, "mover");
    for scope in ["read write", "write", "admin", "read read2", "openid"] {
        let request = bridge(attack, &token, &token.token.0, OAUTH1_TOKEN, &format!("&scope={}", encode(scope)));
        refused(attack, &request, "invalid_scope");
    }
    for more in ["audience=x", "resource=https%3A%2F%2Fapi.test", "actor_token=x", "requested_token_type=urn%3Ax"] {
        let request = bridge(attack, &token, &token.token.0, OAUTH1_TOKEN, &format!("&{more}"));
        refused(attack, &request, "invalid_request");
    }
    let right = bridge(attack, &token, &token.token.0, OAUTH1_TOKEN, "&scope=read");
    attack.send_growing(&right, &Expect::Tokens(Some("read".to_owned())), &[("nonce", 1)]);
    attack.send(&right, &Expect::Json(vec!["invalid_client"]));
}

fn chain(attack: &mut Attack<'_>) {
    let token = token(attack, "mover");
    let right = bridge(attack, &token, &token.token.0, OAUTH1_TOKEN, "");
    let (access, refresh) = tokens(&attack.send_growing(&right, &Expect::Tokens(None), &[("nonce", 1)]));
    let alone = Consumer { token: <_>::default(), ..token.clone() };
    for subject in [&access, &refresh] {
        for signer in [&token, &alone] {
            let request = bridge(attack, signer, subject, OAUTH1_TOKEN, "");
            refused(attack, &request, "invalid_grant");
            for kind in ["access_token", "refresh_token", "jwt", "id_token"] {
                let kind = format!("urn:ietf:params:oauth:token-type:{kind}");
                let request = bridge(attack, signer, subject, &kind, "");
                refused(attack, &request, "invalid_request");
            }
        }
        let named = Consumer { token: (subject.clone(), String::new()), ..token.clone() };
        let request = bridge(attack, &named, subject, OAUTH1_TOKEN, "");
        attack.send(&request, &Expect::Json(vec!["invalid_client"]));
    }
}

fn stolen(attack: &mut Attack<'_>) {
    let token = token(attack, "mover");
    let name = token.token.0.clone();
    let unsigned = Request::post("/token", &[("grant_type", EXCHANGE), ("subject_token", &name), ("subject_token_type", OAUTH1_TOKEN)]);
    for client in ["mover", "spa", "native", "nobody"] {
        let expect = Expect::Json(vec!["invalid_client", "unauthorized_client"]);
        attack.send(&unsigned.clone().set("client_id", client), &expect);
    }
    for client in ["shop", "robot", "limited"] {
        let request = unsigned.clone().header("authorization", attack.target.basic(client));
        attack.send(&request, &Expect::Json(vec!["unauthorized_client"]));
    }
    // Whoever knows the name alone proves nothing, and another consumer's signature even less.
    let alone = Consumer { token: <_>::default(), ..token.clone() };
    let request = bridge(attack, &alone, &name, OAUTH1_TOKEN, "");
    refused(attack, &request, "invalid_grant");
    for thief in ["printer", "rival", "rsa"] {
        let thief = Consumer { token: token.token.clone(), secret: "a guess".to_owned(), ..attack.target.consumer(thief) };
        let request = bridge(attack, &thief, &name, OAUTH1_TOKEN, "");
        attack.send(&request, &Expect::Json(vec!["invalid_client"]));
    }
    let printer = attack.target.consumer("printer");
    let request = bridge(attack, &printer, &name, OAUTH1_TOKEN, "");
    refused(attack, &request, "unauthorized_client");
    let two = bridge(attack, &token, &name, OAUTH1_TOKEN, "&client_secret=x");
    refused(attack, &two, "invalid_request");
    let other = bridge(attack, &token, &name, OAUTH1_TOKEN, "&client_id=printer");
    refused(attack, &other, "invalid_request");
}
