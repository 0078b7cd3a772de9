//! Redirect URIs that are not the registered one, byte for byte (RFC 9700 §2.1, §4.1).
//!
//! Every template of the group is in this one file: a table of them above, a function for each below.

use keyhook_tests::binary;

use super::{Expander, STATE, always, ask, back_forms, once, shop, sign_in};
use crate::attack::Attack;
use crate::check::expect::Expect;
use crate::target::{ALICE, LAX_URI, NATIVE_URI, OTHER_URI, SHOP_URI, SPA_URI, Target};
use crate::wire::Request;

pub const ALL: &[Expander] = &[
    always("RU-01", "another host", other_host),
    always("RU-03", "another path by dot segments", dots),
    always("RU-04", "another host behind a user name", user_info),
    once("RU-05", "a fragment, sent and registered", fragment),
    always("RU-07", "default ports and plain http", ports),
    always("RU-08", "letters that look alike", homographs),
    always("RU-09", "the same, percent-encoded", percent),
    once("RU-10", "schemes that run or read, sent and registered", schemes),
    always("RU-11", "prefixes, suffixes, any single edit", edits),
    once("RU-12", "patterns registered", patterns),
    always("RU-13", "any port of the loopback address, for native apps", native_ports),
    always("RU-15", "loopback for web clients", web_loopback),
    always("RU-16", "other spellings of a private scheme", private_scheme),
    always("RU-17", "no redirect URI", missing),
    always("RU-19", "redirect_uri as list or twice", listed),
    always("RU-20", "a request object beside a redirect URI", request_object),
    always("RU-22", "another redirect URI at the token endpoint", at_the_token_endpoint),
    always("RU-23", "errors that leave for the registered URI only", open_redirector),
    once("RU-24", "303 after a form", after_a_form),
    always("RU-25", "a way out of the logout page", after_logout),
    once("RU-26", "a way out of the login page", after_login),
];

/// Clients with one web URI.
const WEB: [(&str, &str); 4] = [("shop", SHOP_URI), ("spa", SPA_URI), ("lax", LAX_URI), ("other", OTHER_URI)];
const EVIL: &[&str] =
    &["https://evil.test/cb", "https://evil.test", "evil.test", "//evil.test/cb", "https:evil.test/cb", "/cb", "cb", "https://", "*"];

fn refused(attack: &mut Attack<'_>, client: &str, uri: &str) {
    attack.send(&ask(client, uri), &Expect::Page);
}

fn other_host(attack: &mut Attack<'_>) {
    for (client, own) in WEB {
        for uri in EVIL {
            refused(attack, client, uri);
        }
        for (_, foreign) in WEB.iter().filter(|(other, _)| *other != client) {
            refused(attack, client, foreign);
        }
        let path = own.split_once(".test").map_or("", |(_, path)| path);
        let host = format!("https://{}.{}{path}", attack.random.word(6), attack.random.word(3));
        refused(attack, client, &host);
    }
}

fn dots(attack: &mut Attack<'_>) {
    const TAILS: [&str; 12] = [
        "/../evil",
        "/./",
        "/..;/evil",
        "/%2e%2e/evil",
        "/.",
        "/..",
        "//",
        "/%2E%2E%2Fevil",
        "\\..\\evil",
        ";/../evil",
        "/..%00",
        "/%252e%252e/evil",
    ];
    const INSIDE: [&str; 6] = ["/x/../cb", "/./cb", "//cb", "/cb/.", "/x/%2e%2e/cb", "/..//cb"];
    for (client, own) in WEB {
        let origin = own.split_once(".test").map_or(own, |(host, _)| host).to_owned() + ".test";
        for tail in TAILS {
            refused(attack, client, &format!("{own}{tail}"));
        }
        for path in INSIDE {
            refused(attack, client, &format!("{origin}{path}"));
        }
    }
}

fn user_info(attack: &mut Attack<'_>) {
    for (client, own) in WEB {
        let host = own.trim_start_matches("https://").split('/').next().unwrap_or_default();
        for uri in [
            format!("https://{host}@evil.test/cb"),
            format!("https://{host}%40evil.test/cb"),
            format!("https://evil.test\\@{host}/cb"),
            format!("https://{host}:443@evil.test/cb"),
            format!("https://user@{host}/cb"),
            format!("https://user:pw@{host}/cb"),
            format!("https://@{host}/cb"),
            format!("https://evil.test#@{host}/cb"),
            format!("https://evil.test?@{host}/cb"),
            format!("https://evil.test/@{host}/cb"),
            format!("https://{host}\\.evil.test/cb"),
            format!("https://[{host}]/cb"),
        ] {
            refused(attack, client, &uri);
        }
    }
}

fn fragment(attack: &mut Attack<'_>) {
    for (client, own) in WEB {
        for tail in ["#", "#frag", "#?code=1", "%23frag", "#/../evil", "?#x"] {
            refused(attack, client, &format!("{own}{tail}"));
        }
    }
    not_registered(attack, &["https://app.test/cb#frag", "https://app.test/#", "com.example.app:/cb#x"]);
}

/// None of them can be registered.
fn not_registered(attack: &mut Attack<'_>, uris: &[&str]) {
    for uri in uris {
        let done = attack.prepare(|target| binary::run(target.folder(), &["client", "add", "evil", "--redirect-uri", uri]));
        attack.count(1);
        attack.hold(&format!("{uri} was registered"), !done.status.success());
        let said = String::from_utf8_lossy(&done.stderr).into_owned();
        attack.hold(&format!("a refusal without a code: {said}"), said.contains("KH0"));
    }
}

fn ports(attack: &mut Attack<'_>) {
    for (client, own) in WEB {
        let rest = own.trim_start_matches("https://");
        let (host, path) = rest.split_once('/').unwrap_or((rest, ""));
        let port = attack.random.below(65535) + 1;
        for uri in [
            format!("https://{host}:443/{path}"),
            format!("http://{rest}"),
            format!("https://{host}:/{path}"),
            format!("https://{host}:{port}/{path}"),
            format!("https://{host}:0443/{path}"),
            format!("https://{host}:443:443/{path}"),
            format!("https://{host}:-1/{path}"),
            format!("http://{host}:80/{path}"),
            format!("HTTPS://{rest}"),
            format!("https://{}/{path}", host.to_uppercase()),
            format!("https://{host}./{path}"),
        ] {
            refused(attack, client, &uri);
        }
    }
}

fn homographs(attack: &mut Attack<'_>) {
    for (client, own) in WEB {
        let twins = [
            own.replacen('t', "т", 1),
            own.replacen('a', "а", 1),
            own.replace("test", "te\u{ad}st"),
            own.replacen('.', "．", 1),
            own.replacen('.', "。", 1),
            format!("{own}\u{202e}"),
            format!("\u{feff}{own}"),
            own.replace("test", "test\u{200b}"),
            own.replace("https", "ｈttps"),
            own.replace(".test", ".xn--test-8cd"),
            own.replacen('/', "⁄", 1),
            own.replace("cb", "ⓒⓑ"),
            format!("{own}\u{301}"),
        ];
        for uri in twins.iter().filter(|uri| *uri != own) {
            refused(attack, client, uri);
        }
    }
}

fn percent(attack: &mut Attack<'_>) {
    for (client, own) in WEB {
        for at in 0..own.len() {
            if attack.round > 0 && !attack.random.once_in(4) {
                continue;
            }
            let byte = own.as_bytes()[at];
            for twin in [format!("%{byte:02x}"), format!("%{byte:02X}"), format!("%25{byte:02x}")] {
                refused(attack, client, &format!("{}{twin}{}", &own[..at], &own[at + 1..]));
            }
        }
    }
}

const SCHEMES: [&str; 14] = [
    "javascript:alert(1)",
    "javascript://app.test/%0aalert(1)",
    "JaVaScRiPt:alert(1)",
    " javascript:alert(1)",
    "java\tscript:alert(1)",
    "data:text/html,<script>alert(1)</script>",
    "vbscript:msgbox(1)",
    "blob:https://app.test/1",
    "file:///etc/passwd",
    "about:blank",
    "ftp://app.test/cb",
    "mailto:a@b.test",
    "view-source:https://app.test/cb",
    "urn:ietf:wg:oauth:2.0:oob",
];

fn schemes(attack: &mut Attack<'_>) {
    for (client, _) in WEB {
        for uri in SCHEMES {
            refused(attack, client, uri);
        }
    }
    not_registered(attack, &SCHEMES);
}

fn edits(attack: &mut Attack<'_>) {
    for (client, own) in WEB {
        for uri in [
            own.replace(".test", ".test.evil.test"),
            own.replace("https://", "https://evil"),
            format!("https://evil.test/?u={own}"),
            format!("{own}x"),
            format!("{own}/"),
            format!("{own}?x=1&"),
            format!("{own} "),
            format!(" {own}"),
            format!("{own}\t"),
            format!("{own},https://evil.test/"),
            format!("{own} https://evil.test/"),
            own[..own.len() - 1].to_owned(),
            own.to_uppercase(),
        ] {
            refused(attack, client, &uri);
        }
        for _ in 0..24 {
            let uri = edited(attack, own);
            if uri != own {
                refused(attack, client, &uri);
            }
        }
    }
}

/// One byte more, less or another one.
fn edited(attack: &mut Attack<'_>, uri: &str) -> String {
    const LETTERS: &[u8] = b"abcz019.-_~:/?#[]@!$&'()*+,;=%\\\"<> {}|^`";
    let mut bytes = uri.as_bytes().to_vec();
    let at = attack.random.below(bytes.len());
    let letter = *attack.random.one(LETTERS);
    match attack.random.below(4) {
        0 => bytes[at] = letter,
        1 => bytes.insert(at, letter),
        2 => {
            bytes.remove(at);
        }
        _ => bytes.swap(at, (at + 1) % uri.len()),
    }
    String::from_utf8(bytes).unwrap_or_default()
}

fn patterns(attack: &mut Attack<'_>) {
    not_registered(
        attack,
        &[
            "https://*.app.test/*",
            "https://app.test/*",
            "https://*/cb",
            "*",
            "https://app.*/cb",
            "https://app.test:*/cb",
            "http://127.0.0.1:*/cb",
            "http://app.test/cb",
            "https://user@app.test/cb",
            "https://app.test/../cb",
            "http://10.0.0.1/cb",
            "https://app.test/ü",
            "app:/cb",
            "",
        ],
    );
    for uri in ["https://x.app.test/cb", "https://app.test/*", "https://*.test/cb"] {
        refused(attack, "shop", uri);
    }
}

fn native_ports(attack: &mut Attack<'_>) {
    let any = attack.random.below(65_535) + 1;
    for port in [1, 80, 443, 49152, 65535, any] {
        let request = ask("native", &format!("http://127.0.0.1:{port}/cb"));
        attack.send(&request, &Expect::Onward("/login?interaction="));
        let back = Expect::back(&["login_required"], &format!("http://127.0.0.1:{port}/cb"), STATE);
        attack.send(&request.set("prompt", "none"), &back);
    }
    for uri in [
        "http://127.0.0.1:0/cb",
        "http://127.0.0.1:65536/cb",
        "http://127.0.0.1:00080/cb",
        "http://127.0.0.1:+80/cb",
        "http://127.0.0.1:/cb",
        "http://127.0.0.1:80@evil.test/cb",
        "http://127.0.0.1:80.evil.test/cb",
        "http://127.0.0.2/cb",
        "http://127.1/cb",
        "http://0.0.0.0/cb",
        "http://2130706433/cb",
        "http://0x7f.1/cb",
        "http://localhost/cb",
        "http://[::1]/cb",
        "http://[::ffff:127.0.0.1]/cb",
        "https://127.0.0.1/cb",
        "http://127.0.0.1/cb/",
        "http://127.0.0.1/cb?x=1",
        "http://127.0.0.1:80/cb#x",
        "http://127.0.0.1.evil.test/cb",
        "http://127.0.0.1:8o/cb",
        "http://127.0.0.1:80:80/cb",
        "http://127.0.0.1\\cb",
        "http://127.0.0.1:80/CB",
    ] {
        refused(attack, "native", uri);
    }
}

fn web_loopback(attack: &mut Attack<'_>) {
    for uri in [
        "http://localhost/cb",
        "http://localhost:7001/cb",
        "http://127.0.0.1:7000/cb",
        "http://[::1]:7000/cb",
        "http://LOCALHOST:7000/cb",
        "http://localhost:07000/cb",
        "https://localhost:7000/cb",
        "http://localhost.:7000/cb",
        "http://localhost:7000/cb/x",
    ] {
        refused(attack, "web-loopback", uri);
    }
    for (client, _) in WEB {
        for uri in [NATIVE_URI, "http://localhost/cb", "http://[::1]/cb"] {
            refused(attack, client, uri);
        }
    }
}

fn private_scheme(attack: &mut Attack<'_>) {
    for uri in [
        "com.example.app://evil/cb",
        "COM.EXAMPLE.APP:/cb",
        "com.example.app:/cb/../x",
        "com.example.app:cb",
        "com.example.app:///cb",
        "com.example.app:/cb/",
        "com.example.app:/cb?x=1",
        "com.example.app:/CB",
        "com.example.app2:/cb",
        "com.example:/cb",
        "com.example.app.evil:/cb",
        "com.example.app:/cb#x",
        "com.example.app:/%63b",
        "com.example.app:\\cb",
        " com.example.app:/cb",
    ] {
        refused(attack, "native", uri);
    }
    let request = ask("native", "com.example.app:/cb").set("prompt", "none");
    attack.send(&request, &Expect::back(&["login_required"], "com.example.app:/cb", STATE));
}

fn missing(attack: &mut Attack<'_>) {
    attack.send(&ask("two", "").without("redirect_uri"), &Expect::Page);
    attack.send(&ask("two", ""), &Expect::Page);
    attack.send(&ask("robot", "").without("redirect_uri"), &Expect::Page);
    attack.send(&ask("robot", SHOP_URI), &Expect::Page);
    attack.send(&shop().without("redirect_uri"), &Expect::Onward("/login?interaction="));
    attack.send(&shop().without("redirect_uri").set("scope", "admin"), &Expect::back(&["invalid_scope"], SHOP_URI, STATE));
    attack.send(&ask("two", "https://two.test/").set("redirect_uri", "https://two.test/c"), &Expect::Page);
}

fn listed(attack: &mut Attack<'_>) {
    for name in [
        "redirect_uri[]",
        "redirect_uri[0]",
        "redirect_uri[a]",
        "Redirect_Uri",
        "redirect_uri ",
        " redirect_uri",
        "redirecturi",
        "redirect_uri%00",
        "redirect_url",
    ] {
        let request = ask("two", "").without("redirect_uri").add(name, "https://two.test/a");
        attack.send(&request, &Expect::Page);
    }
    for (first, second) in
        [(SHOP_URI, "https://evil.test/"), ("https://evil.test/", SHOP_URI), (SHOP_URI, SHOP_URI), ("", SHOP_URI), (SHOP_URI, "")]
    {
        attack.send(&ask("shop", first).add("redirect_uri", second), &Expect::Page);
    }
}

fn request_object(attack: &mut Attack<'_>) {
    // {"alg":"none"} and a redirect URI that is another's.
    let object = "eyJhbGciOiJub25lIn0.eyJyZWRpcmVjdF91cmkiOiJodHRwczovL2V2aWwudGVzdC8iLCJjbGllbnRfaWQiOiJzaG9wIn0.";
    for (name, value, error) in [
        ("request", object, "request_not_supported"),
        ("request", "x", "request_not_supported"),
        ("request_uri", "https://evil.test/r.jwt", "request_uri_not_supported"),
        ("request_uri", "urn:ietf:params:oauth:request_uri:x", "request_uri_not_supported"),
    ] {
        attack.send(&shop().set(name, value), &Expect::back(&[error], SHOP_URI, STATE));
        attack.send(&ask("shop", "https://evil.test/").set(name, value), &Expect::Page);
        attack.send(&ask("two", "").without("redirect_uri").set(name, value), &Expect::Page);
        attack.send(&Request::get("/authorize", &[("client_id", "two"), (name, value)]), &Expect::Page);
    }
}

fn at_the_token_endpoint(attack: &mut Attack<'_>) {
    let wrong = ["https://app.test/other", "https://app.test/cb/", "https://evil.test/cb", "https://app.test/CB", ""];
    for uri in wrong {
        let (code, basic) = attack.prepare(|target| (target.code("shop", SHOP_URI), target.basic("shop")));
        let form = |uri: &str| {
            let pairs =
                [("grant_type", "authorization_code"), ("code", &code), ("redirect_uri", uri), ("code_verifier", &Target::pkce().verifier)];
            Request::post("/token", &pairs).header("authorization", &basic)
        };
        attack.send(&form(uri), &Expect::Json(vec!["invalid_grant"]));
        attack.send(&form(uri).without("redirect_uri"), &Expect::Json(vec!["invalid_grant"]));
        attack.send(&form(SHOP_URI), &Expect::Json(vec!["invalid_grant"]));
    }
}

fn open_redirector(attack: &mut Attack<'_>) {
    for (client, own) in WEB {
        for (name, value, error) in [
            ("scope", "bad", "invalid_scope"),
            ("response_type", "token", "unsupported_response_type"),
            ("prompt", "none", "login_required"),
            ("code_challenge", "short", "invalid_request"),
            ("response_mode", "fragment", "invalid_request"),
            ("max_age", "x", "invalid_request"),
        ] {
            attack.send(&ask(client, own).set(name, value), &Expect::back(&[error], own, STATE));
            attack.send(&ask(client, "https://evil.test/").set(name, value), &Expect::Page);
        }
    }
}

fn after_a_form(attack: &mut Attack<'_>) {
    let (request, cookies) = sign_in(attack, &shop(), "mallory", "canary-of-mallory-91bc");
    attack.send(&request.header("cookie", cookies), &Expect::SignedIn);
}

fn after_logout(attack: &mut Attack<'_>) {
    for uri in EVIL.iter().chain(&SCHEMES).chain(&[SHOP_URI]) {
        for name in ["post_logout_redirect_uri", "redirect_uri", "next", "return_to"] {
            attack.send(&Request::get("/logout", &[(name, uri), ("client_id", "shop"), ("state", "x")]), &Expect::Harmless(vec![200]));
            attack.send(&Request::post("/logout", &[(name, uri), ("client_id", "shop")]), &Expect::Page);
        }
    }
}

fn after_login(attack: &mut Attack<'_>) {
    let names = ["return_to", "next", "continue", "redirect_uri", "url", "interaction_uri"];
    for target in ["//evil.test", "/\\evil.test", "/%09/evil.test", "https:evil.test", "https://evil.test/", "javascript:alert(1)"] {
        let (form, cookies) = back_forms(attack, &shop(), |_| {});
        let interaction = String::from_utf8_lossy(form.value("interaction").unwrap_or_default()).into_owned();
        let page = names.iter().fold(Request::get("/login", &[("interaction", &interaction)]), |page, name| page.set(name, target));
        attack.send(&page.header("cookie", &cookies), &Expect::Harmless(vec![200]));
        let filled = form.set("username", "nobody").set("password", "wrong").header("cookie", &cookies);
        attack.send(&names.iter().fold(filled, |form, name| form.set(name, target)), &Expect::NotSignedIn);
    }
    let (request, cookies) = sign_in(attack, &shop(), ALICE.username, ALICE.password);
    let request = names.iter().fold(request, |form, name| form.set(name, "//evil.test"));
    attack.send(&request.header("cookie", cookies), &Expect::SignedIn);
}
