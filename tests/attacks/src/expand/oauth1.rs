//! Signed requests of OAuth 1.0a: their clocks, methods, base strings, headers and bodies (RFC 5849 §3).
//!
//! Every template of a signed request is in this one file: a table of them above, a function for each below.

use keyhook_tests::http::encode_form;
use keyhook_tests::signing::{Consumer, Draft};

use super::{Expander, always};
use crate::attack::Attack;
use crate::check::expect::Expect;
use crate::target::{PRINTER_URI, RSA_KEY};
use crate::wire::{Body, Reply, Request};

pub const SIGNED: &[Expander] = &[
    always("H1-02", "the same nonce in another second, of another token, of another consumer", nonce_scope),
    always("H1-03", "timestamps", timestamps),
    always("H1-04", "nonces", nonces),
    always("H1-06", "signature methods", methods),
    always("H1-07", "addresses that are, and are not, what was signed", addresses),
    always("H1-09", "duplicates, empty names, odd separators", duplicates),
    always("H1-10", "parameters in two places, twice, in two headers", places),
    always("H1-11", "bodies of other types, and changed ones", bodies),
    always("H1-20", "forwarded headers of nobody's proxy", forwarded),
    always("H1-21", "versions", versions),
    always("H1-28", "long headers, many parameters, odd consumer keys", sizes),
    always("H1-29", "what an answer gives away", oracle),
];

pub(super) const REQUEST_TOKEN: &str = "/oauth/request_token";
const TEMPORARY: Expect = Expect::Credentials("temporary_credential");
/// A resource server that is somewhere else.
const API: &str = "api.test";
const FORM: &str = "application/x-www-form-urlencoded";

pub(super) fn problem(name: &'static str) -> Expect {
    Expect::Problem(vec![name])
}

#[allow(clippy::disallowed_methods, reason = "the server under attack has the machine's clock, so a client needs it too")]
pub(super) fn now() -> i64 {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_secs()).unwrap_or_default()
}

/// A request for temporary credentials that is right.
pub(super) fn first(consumer: &Consumer) -> Draft {
    consumer.draft("POST", REQUEST_TOKEN, now()).with("oauth_callback", PRINTER_URI)
}

/// A signed request without a body, its parameters in the header.
pub(super) fn signed(attack: &Attack<'_>, path: &str, draft: &Draft) -> Request {
    Request::new("POST", path).header("authorization", draft.authorization(&attack.target.host()))
}

/// The same with a form that is signed with it.
pub(super) fn signed_form(attack: &Attack<'_>, path: &str, draft: Draft, form: &str) -> Request {
    Request { body: Body::Bytes(FORM.to_owned(), form.as_bytes().to_vec()), ..signed(attack, path, &draft.form(form)) }
}

fn ask(attack: &mut Attack<'_>, draft: &Draft, expect: &Expect) -> Reply {
    let request = signed(attack, REQUEST_TOKEN, draft);
    attack.send(&request, expect)
}

/// What the resource server asks about a request of somebody's.
fn question(attack: &Attack<'_>, uri: &str, authorization: &str, form: &str) -> Request {
    let asked = [("method", "GET"), ("uri", uri), ("authorization", authorization), ("form", form)];
    Request::post("/introspect", if form.is_empty() { &asked[..3] } else { &asked }).header("authorization", attack.target.basic("robot"))
}

fn believed(attack: &mut Attack<'_>, request: &Request) {
    attack.send_growing(request, &Expect::Active, &[("nonce", 1)]);
}

fn nonce_scope(attack: &mut Attack<'_>) {
    let (printer, rival) = (attack.target.consumer("printer"), attack.target.consumer("rival"));
    let nonce = attack.random.word(12);
    for (consumer, timestamp) in [(&printer, now()), (&printer, now() + 1), (&rival, now()), (&rival, now() - 7)] {
        let draft = consumer.draft("GET", "/photos", timestamp).with("oauth_nonce", &nonce);
        let request = question(attack, &draft.uri(API), &draft.authorization(API), "");
        believed(attack, &request);
        attack.send(&request, &Expect::NotBelieved(vec!["nonce_used"]));
    }
}

fn timestamps(attack: &mut Attack<'_>) {
    let printer = attack.target.consumer("printer");
    for offset in [-360, -400, -86_400, 360, 3600, 94_608_000] {
        ask(attack, &first(&printer).with("oauth_timestamp", &(now() + offset).to_string()), &problem("timestamp_refused"));
    }
    for text in ["1", "2147483648", "4294967296", "9223372036854775808", "18446744073709551615"] {
        ask(attack, &first(&printer).with("oauth_timestamp", text), &problem("timestamp_refused"));
    }
    let right = now().to_string();
    let odd = ["", "0", "-1", "1e9", " 123", "+123", "0x5f", "1.5", "18446744073709551616", "\u{661}\u{662}", "NaN", "1,2"];
    let spelled = [format!(" {right}"), format!("+{right}"), format!("0{right}"), format!("{right}.0"), format!("{right}\n")];
    for text in odd.iter().map(|text| (*text).to_owned()).chain(spelled) {
        ask(attack, &first(&printer).with("oauth_timestamp", &text), &problem("parameter_rejected"));
    }
    ask(attack, &first(&printer).without("oauth_timestamp"), &problem("parameter_absent"));
    for offset in [-240, 0, 240] {
        ask(attack, &first(&printer).with("oauth_timestamp", &(now() + offset).to_string()), &TEMPORARY);
    }
}

fn nonces(attack: &mut Attack<'_>) {
    let printer = attack.target.consumer("printer");
    for nonce in ["", "a\u{0}b", "a\nb", "\u{202e}x", &"n".repeat(256), &"n".repeat(4000), &"n".repeat(10_000)] {
        ask(attack, &first(&printer).with("oauth_nonce", nonce), &problem("parameter_rejected"));
    }
    ask(attack, &first(&printer).without("oauth_nonce"), &problem("parameter_absent"));
    let raw = signed(attack, REQUEST_TOKEN, &first(&printer).with("oauth_nonce", "zzz"));
    let binary = lossless(&raw).replace("oauth_nonce=\"zzz\"", "oauth_nonce=\"%FF%FE\"");
    attack.send(&Request::new("POST", REQUEST_TOKEN).header("authorization", binary), &problem("parameter_rejected"));
    let mut kept = Vec::new();
    for _ in 0..24 {
        let draft = first(&printer).with("oauth_nonce", &attack.random.word(9));
        ask(attack, &draft, &TEMPORARY);
        kept.push(draft);
    }
    for draft in kept {
        ask(attack, &draft, &problem("nonce_used"));
    }
}

/// The `Authorization` header of a request.
fn lossless(request: &Request) -> String {
    let found = request.headers.iter().find(|(name, _)| name == "authorization");
    found.map(|(_, value)| String::from_utf8_lossy(value).into_owned()).unwrap_or_default()
}

fn methods(attack: &mut Attack<'_>) {
    let printer = attack.target.consumer("printer");
    for name in ["PLAINTEXT", "hmac-sha1", "HMAC-SHA1 ", "HMAC-MD5", "RSA-SHA512", "none", "MD5", "HMAC-SHA-1", "<script>"] {
        ask(attack, &first(&printer).with("oauth_signature_method", name), &problem("signature_method_rejected"));
    }
    ask(attack, &first(&printer).without("oauth_signature_method"), &problem("parameter_absent"));
    // A public key is public: it is nobody's shared secret.
    let trimmed = RSA_KEY.trim().to_owned();
    let inner: String = RSA_KEY.lines().filter(|line| !line.starts_with('-')).collect();
    for method in ["HMAC-SHA1", "HMAC-SHA256", "HMAC-SHA512"] {
        for secret in [RSA_KEY, &trimmed, &inner, "", "rsa"] {
            let rsa = Consumer { secret: secret.to_owned(), ..attack.target.consumer("rsa") };
            // Nothing is signed with an empty secret, so the signature is another's.
            let draft = if secret.is_empty() { first(&rsa).with("oauth_signature", "AAAA") } else { first(&rsa) };
            let draft = if secret.is_empty() { draft } else { draft.with("oauth_signature_method", method) };
            ask(attack, &draft, &problem("signature_invalid"));
        }
        let honest = signed(attack, REQUEST_TOKEN, &first(&printer).with("oauth_signature_method", method));
        for other in ["HMAC-SHA1", "HMAC-SHA256", "HMAC-SHA512", "RSA-SHA1", "RSA-SHA256"].iter().filter(|other| **other != method) {
            let changed = lossless(&honest).replace(&format!("\"{method}\""), &format!("\"{other}\""));
            attack.send(&Request::new("POST", REQUEST_TOKEN).header("authorization", changed), &problem("signature_invalid"));
        }
        attack.send(&honest, &TEMPORARY);
    }
}

fn addresses(attack: &mut Attack<'_>) {
    let printer = attack.target.consumer("printer");
    let wrong = Expect::NotBelieved(vec!["signature_invalid"]);
    let cases = [
        (API, "/photos", "http://API.test/photos", true),
        (API, "/photos", "HTTP://api.test:80/photos", true),
        ("api.test:80", "/photos", "http://api.test/photos", true),
        ("API.TEST", "/photos", "http://api.test/photos", true),
        ("api.test:8080", "/photos", "http://api.test:8080/photos", true),
        ("[::1]:8080", "/photos", "http://[::1]:8080/photos", true),
        ("[::1]", "/photos", "http://[::1]:80/photos", true),
        (API, "/", "http://api.test", true),
        (API, "/photos", "http://api.test/photos#part", true),
        (API, "/photos", "https://api.test/photos", false),
        (API, "/photos", "http://api.test:443/photos", false),
        (API, "/photos", "http://api.test:8080/photos", false),
        ("api.test:8080", "/photos", "http://api.test/photos", false),
        (API, "/photos", "http://api.test./photos", false),
        (API, "/photos", "http://other.test/photos", false),
        (API, "/photos", "http://api.test/photos/", false),
        (API, "/photos", "http://api.test//photos", false),
        (API, "/photos", "http://api.test/Photos", false),
        (API, "/photos", "http://api.test/%70hotos", false),
        (API, "/photos", "http://api.test/x/../photos", false),
        (API, "/photos", "http://api.test/photos?x", false),
        (API, "/photos", "http://api.test/photos;x", false),
    ];
    for (authority, path, uri, good) in cases {
        let draft = printer.draft("GET", path, now());
        let request = question(attack, uri, &draft.authorization(authority), "");
        if good { believed(attack, &request) } else { drop(attack.send(&request, &wrong)) }
    }
    for uri in [
        "http://user@api.test/photos",
        "http://u:p@api.test/photos",
        "/photos",
        "api.test/photos",
        "ftp://api.test/",
        "http://",
        "http:///x",
    ] {
        let authorization = printer.draft("GET", "/photos", now()).authorization(API);
        attack.send(&question(attack, uri, &authorization, ""), &Expect::Json(vec!["invalid_request"]));
    }
}

fn duplicates(attack: &mut Attack<'_>) {
    let printer = attack.target.consumer("printer");
    let wrong = Expect::NotBelieved(vec!["signature_invalid"]);
    let forms = ["a=2&a=1", "a", "a=", "=b", "a&&b", "&a=1&", "a[]=1&a[]=2", "a;b=1", "a=1;b=2", "=", "a=b=c", "%61=1&a=0", "a=%2B+%20"];
    for (query, form) in forms.iter().flat_map(|query| forms.iter().map(move |form| (*query, *form))).step_by(5) {
        let path = format!("/photos?{query}");
        let draft = || printer.draft("GET", &path, now()).form(form);
        let honest = draft();
        let request = question(attack, &honest.uri(API), &honest.authorization(API), form);
        believed(attack, &request);
        // In the base string a query and a form are one: who moves a parameter changes nothing, who repeats one does.
        for (query, form) in [
            (format!("{query}&a=1"), form.to_owned()),
            (query.to_owned(), format!("{form}&a")),
            (query.replace('a', "A"), format!("{form}&A")),
        ] {
            let authorization = draft().authorization(API);
            let request = question(attack, &format!("http://{API}/photos?{query}"), &authorization, &form);
            attack.send(&request, &wrong);
        }
    }
}

fn places(attack: &mut Attack<'_>) {
    let printer = attack.target.consumer("printer");
    let host = attack.target.host();
    let twice = problem("parameter_rejected");
    let header = || first(&printer).authorization(&host);
    let bare = Request::new("POST", REQUEST_TOKEN);
    for name in ["oauth_nonce", "oauth_signature", "oauth_consumer_key", "oauth_version", "oauth_timestamp", "oauth_token", "oauth_made_up"]
    {
        let doubled = format!("{}, {name}=\"1\", {name}=\"1\"", header());
        attack.send(&bare.clone().header("authorization", doubled), &twice);
        let in_query = bare.clone().header("authorization", header()).beside(format!("{name}=1"));
        attack.send(&in_query, &twice);
        let form = Body::Bytes(FORM.to_owned(), format!("{name}=1").into_bytes());
        attack.send(&Request { body: form, ..bare.clone().header("authorization", header()) }, &twice);
    }
    for wrong in ["OAuth", "OAuth ", "OAuth x", "OAuth oauth_nonce=1", "OAuth oauth_nonce=\"", "OAuth a=\"1\" b=\"2\"", "OAuth %=\"\""] {
        attack.send(&bare.clone().header("authorization", wrong), &Expect::Problem(vec!["parameter_rejected", "parameter_absent"]));
    }
    // The realm is not signed, and whose name only looks like it is.
    let realm = header().replace("realm=\"x\"", "realm=\"another, oauth_nonce=\\\"1\\\"\"");
    attack.send(&bare.clone().header("authorization", realm), &TEMPORARY);
    let renamed = header().replace("realm=\"x\"", "Realm=\"x\"");
    attack.send(&bare.clone().header("authorization", renamed), &problem("signature_invalid"));
    let two = bare.clone().header("authorization", header()).header("authorization", header());
    attack.send(&two, &Expect::Refused(vec![400]));
    let basic = bare.header("authorization", header()).header("authorization", attack.target.basic("shop"));
    attack.send(&basic, &Expect::Refused(vec![400]));
}

fn bodies(attack: &mut Attack<'_>) {
    let printer = attack.target.consumer("printer");
    let signed_with = |attack: &Attack<'_>, form: &str, of_type: &str, body: &str| {
        let draft = if form.is_empty() { first(&printer) } else { first(&printer).form(form) };
        Request { body: Body::Bytes(of_type.to_owned(), body.as_bytes().to_vec()), ..signed(attack, REQUEST_TOKEN, &draft) }
    };
    for of_type in [
        FORM,
        "application/x-www-form-urlencoded; charset=utf-8",
        "APPLICATION/X-WWW-FORM-URLENCODED",
        "application/x-www-form-urlencoded ;a=b",
    ] {
        attack.send(&signed_with(attack, "a=1&b=2", of_type, "a=1&b=2"), &TEMPORARY);
        for changed in ["a=1", "a=1&b=3", "a=1&b=2&c=", "", "a=1&b=2&a=1"] {
            attack.send(&signed_with(attack, "a=1&b=2", of_type, changed), &problem("signature_invalid"));
        }
        attack.send(&signed_with(attack, "", of_type, "a=1"), &problem("signature_invalid"));
    }
    for of_type in ["application/json", "multipart/form-data; boundary=x", "text/plain", "application/x-www-form-urlencodedx", ""] {
        attack.send(&signed_with(attack, "", of_type, "{\"a\":1}"), &TEMPORARY);
        attack.send(&signed_with(attack, "a=1", of_type, "a=1"), &problem("signature_invalid"));
        let hashed = first(&printer).with("oauth_body_hash", "2jmj7l5rSw0yVb/vlWAYkK/YBwk=");
        let of_nothing = signed(attack, REQUEST_TOKEN, &hashed);
        let changed = Request { body: Body::Bytes(of_type.to_owned(), b"more".to_vec()), ..of_nothing.clone() };
        attack.send(&changed, &problem("signature_invalid"));
        attack.send(&of_nothing, &TEMPORARY);
    }
}

fn forwarded(attack: &mut Attack<'_>) {
    let printer = attack.target.consumer("printer");
    let host = attack.target.host();
    let liars = [
        ("x-forwarded-host", "evil.test"),
        ("x-forwarded-proto", "https"),
        ("x-forwarded-port", "443"),
        ("forwarded", "for=1.2.3.4;host=evil.test;proto=https"),
        ("x-original-url", "/other"),
        ("x-http-method-override", "GET"),
    ];
    for (name, value) in liars {
        let right = signed(attack, REQUEST_TOKEN, &first(&printer)).header(name, value);
        attack.send(&right, &TEMPORARY);
        for authority in ["evil.test", &format!("{host}:443"), "localhost"] {
            let header = first(&printer).authorization(authority);
            let wrong = Request::new("POST", REQUEST_TOKEN).header("authorization", header).header(name, value);
            attack.send(&wrong, &problem("signature_invalid"));
        }
    }
}

fn versions(attack: &mut Attack<'_>) {
    let printer = attack.target.consumer("printer");
    for version in ["2.0", "1.0a", "1", "1.00", " 1.0", "", "1.0,1.0", "\u{661}.0"] {
        ask(attack, &first(&printer).with("oauth_version", version), &problem("version_rejected"));
    }
    ask(attack, &first(&printer).without("oauth_version"), &TEMPORARY);
    ask(attack, &first(&printer), &TEMPORARY);
}

fn sizes(attack: &mut Attack<'_>) {
    let printer = attack.target.consumer("printer");
    let long = "k".repeat(300);
    for id in ["pr\u{ef}nter", "printer\u{0}", "PRINTER", " printer", "\u{1f5a8}", "printer\u{200b}", &long] {
        let stranger = Consumer { id: id.to_owned(), ..printer.clone() };
        ask(attack, &first(&stranger), &Expect::Problem(vec!["signature_invalid", "parameter_rejected"]));
    }
    let many: Vec<(String, String)> = (0..1001).map(|at| (format!("p{at}"), "1".to_owned())).collect();
    let many: Vec<(&str, &str)> = many.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    let request = signed_form(attack, REQUEST_TOKEN, first(&printer), &encode_form(&many));
    attack.send(&request, &problem("parameter_rejected"));
    let header = format!("{}, x=\"{}\"", first(&printer).authorization(&attack.target.host()), "y".repeat(9000));
    attack.send(&Request::new("POST", REQUEST_TOKEN).header("authorization", header), &Expect::Refused(vec![400, 431]));
    if attack.round == 0 {
        let flood = format!("POST {REQUEST_TOKEN} HTTP/1.1\r\nhost: {}\r\nauthorization: OAuth x=\"", attack.target.host());
        attack.send_raw(&[flood.as_bytes(), &b"y".repeat(1 << 20)], &Expect::Refused(vec![0, 400, 431]), 1, true);
    }
}

/// Unknown consumers, wrong secrets, unknown tokens and other people's are one answer.
fn oracle(attack: &mut Attack<'_>) {
    let (printer, rival) = (attack.target.consumer("printer"), attack.target.consumer("rival"));
    let nobody = Consumer { id: "nobody".to_owned(), ..printer.clone() };
    let guesser = Consumer { secret: "a guess".to_owned(), ..printer.clone() };
    let client = Consumer { id: "shop".to_owned(), ..printer.clone() };
    let with_token = |consumer: &Consumer, token: &str| Consumer { token: (token.to_owned(), "a guess".to_owned()), ..consumer.clone() };
    let given = ask(attack, &first(&rival).with("oauth_callback", "https://rival.test/ready"), &TEMPORARY);
    let Reply::Answer(given) = given else { return };
    let foreign = given.member("oauth_token");
    let mut said = Vec::new();
    for consumer in [nobody, guesser, client] {
        said.push(ask(attack, &first(&consumer), &problem("signature_invalid")));
    }
    for token in [foreign.as_str(), "kht_unknown", "x", "kho_unknown"] {
        let draft = with_token(&printer, token).draft("POST", "/oauth/access_token", now()).with("oauth_verifier", "x");
        let request = signed(attack, "/oauth/access_token", &draft);
        said.push(attack.send(&request, &problem("signature_invalid")));
    }
    let bodies: std::collections::BTreeSet<String> = said.iter().filter_map(told).collect();
    attack.hold("answers tell unknown consumers, tokens and secrets apart", bodies.len() == 1);
}

/// What an answer says, without what development shows of the request itself.
fn told(reply: &Reply) -> Option<String> {
    let Reply::Answer(answer) = reply else { return None };
    Some(answer.text().split("&signature_base_string").next().unwrap_or_default().to_owned())
}
