//! Authorization requests that are malformed, widened, mixed up or in the wrong browser (RFC 6749 §4.1.1, RFC 9700 §4).
//!
//! Every template of the group is in this one file: a table of them above, a function for each below.

use super::{Expander, MARKUP, STATE, always, ask, back_forms, bad_encodings, consent, lossy, once, shop};
use crate::attack::Attack;
use crate::check::expect::Expect;
use crate::target::{CAROL, LAX_URI, OTHER_URI, SHOP_URI, SPA_URI, Target};
use crate::wire::{Body, Reply, Request};

pub const ALL: &[Expander] = &[
    always("AZ-02", "parameters in query and body", query_and_body),
    always("AZ-05", "scope beyond what may be had", scope),
    always("AZ-06", "response modes and types that are not there", response_modes),
    always("AZ-07", "markup in state on its way back", markup_in_state),
    always("AZ-10", "prompt=none without session or consent", prompt_none),
    always("AZ-11", "prompts that contradict or do not exist", prompts),
    always("AZ-12", "max_age at its limits", max_age),
    always("AZ-15", "login_hint with metacharacters", login_hint),
    always("AZ-16", "ui_locales and acr_values", locales),
    always("AZ-20", "very long requests", long),
    always("AZ-21", "broken encodings in every parameter", encodings),
    always("AZ-22", "state long, binary, with line breaks", states),
    always("AZ-23", "nonce long and binary", nonces),
    always("AZ-24", "finished in another browser", other_browser),
    once("AZ-25", "consent again for public clients", public_consent),
    always("AZ-26", "half signed in", half_signed_in),
    once("AZ-27", "user or client disabled before redemption", disabled_between),
    always("AZ-28", "client_id of nobody and of others", client_ids),
];

const WAITS: Expect = Expect::Onward("/login?interaction=");

fn query_and_body(attack: &mut Attack<'_>) {
    let names = ["client_id", "redirect_uri", "scope", "state", "response_type", "code_challenge"];
    for name in names {
        let value = lossy(shop().value(name).unwrap_or_default());
        // A body of GET means nothing and changes nothing.
        let body = Body::Bytes(
            "application/x-www-form-urlencoded".to_owned(),
            format!("{name}={value}&redirect_uri=https://evil.test/").into_bytes(),
        );
        attack.send(&Request { body, ..shop() }, &WAITS);
        let query = format!("client_id=shop&redirect_uri={SHOP_URI}&{name}=x");
        let both = Request::post("/authorize", &[(name, &value), ("client_id", "shop")]).beside(query);
        attack.send(&both, &Expect::Refused(vec![405]));
        attack.send(&shop().add(name, &value), &twice(name));
    }
    let basic = attack.target.basic("robot");
    for (path, pairs) in
        [("/token", vec![("grant_type", "client_credentials")]), ("/introspect", vec![("token", "x")]), ("/revoke", vec![("token", "x")])]
    {
        for query in ["grant_type=client_credentials", "token=x", "client_id=robot", "x=1", "scope=read", "client_secret=y", "&", "="] {
            let request = Request::post(path, &pairs).header("authorization", &basic).beside(query);
            attack.send(&request, &Expect::Json(vec!["invalid_request"]));
        }
        for (name, value) in pairs.iter().chain(&[("client_id", "robot"), ("unknown", "1")]) {
            let request = Request::post(path, &pairs).add(name, value).add(name, value).header("authorization", &basic);
            attack.send(&request, &Expect::Json(vec!["invalid_request"]));
        }
    }
}

/// What a parameter that came twice leads to: before client and redirect URI are proven a page, then an error for the client.
fn twice(name: &str) -> Expect {
    match name {
        "client_id" | "redirect_uri" => Expect::Page,
        "state" => Expect::Back { errors: vec!["invalid_request"], to: SHOP_URI.to_owned(), state: None },
        _ => Expect::back(&["invalid_request"], SHOP_URI, STATE),
    }
}

fn scope(attack: &mut Attack<'_>) {
    let wrong: [&[u8]; 18] = [
        b"admin",
        b"read admin",
        b"read write admin",
        b"other",
        b"READ",
        b"read,write",
        b"read;write",
        b"read\twrite",
        b"read\nwrite",
        b"read  write",
        b" read",
        b"read ",
        b"read \"",
        b"re\\ad",
        b"\"read\"",
        b"re\xc3\xa9d",
        b"*",
        b"read:*",
    ];
    for value in wrong {
        attack.send(&shop().set("scope", value), &Expect::back(&["invalid_scope"], SHOP_URI, STATE));
        attack.send(&ask("spa", SPA_URI).set("scope", value), &Expect::back(&["invalid_scope"], SPA_URI, STATE));
    }
    attack.send(&shop().set_raw("scope", "read%00"), &Expect::Page);
    attack.send(&ask("spa", SPA_URI).set("scope", "read write"), &Expect::back(&["invalid_scope"], SPA_URI, STATE));
    let many: String = (0..200).map(|number| format!("s{number} ")).collect();
    attack.send(&shop().set("scope", many.trim_end()), &Expect::back(&["invalid_scope"], SHOP_URI, STATE));
    widened_at_consent(attack);
}

/// The form of the consent page cannot ask for more than the request did.
fn widened_at_consent(attack: &mut Attack<'_>) {
    let (form, cookies) = consent(attack, &shop(), "mallory");
    let more =
        form.set("decision", "allow").set("scope", "read write admin").set("client_id", "other").set("redirect_uri", "https://evil.test/");
    let reply = attack.send(&more.header("cookie", cookies), &Expect::Code { to: SHOP_URI.to_owned(), state: Some(STATE.to_owned()) });
    let Reply::Answer(answer) = reply else { return };
    let (code, basic) = (answer.returned("code").join(""), attack.target.basic("shop"));
    attack.send(&super::redeem(&code, SHOP_URI).header("authorization", basic), &Expect::Tokens(Some("read".to_owned())));
}

fn response_modes(attack: &mut Attack<'_>) {
    for mode in [
        "fragment",
        "form_post",
        "web_message",
        "jwt",
        "query.jwt",
        "fragment.jwt",
        "form_post.jwt",
        "QUERY",
        "query ",
        "none",
        "\u{0}q",
        "query,fragment",
    ] {
        let expected = if mode.contains('\0') { Expect::Page } else { Expect::back(&["invalid_request"], SHOP_URI, STATE) };
        attack.send(&shop().set("response_mode", mode), &expected);
    }
    for kind in [
        "token",
        "id_token",
        "code token",
        "code id_token",
        "code id_token token",
        "none",
        "CODE",
        "code ",
        " code",
        "code code",
        "password",
    ] {
        attack.send(&shop().set("response_type", kind), &Expect::back(&["unsupported_response_type"], SHOP_URI, STATE));
    }
    attack.send(&shop().without("response_type"), &Expect::back(&["invalid_request"], SHOP_URI, STATE));
    attack.send(&shop().set("response_mode", "query"), &WAITS);
}

fn markup_in_state(attack: &mut Attack<'_>) {
    for state in MARKUP {
        let request = shop().set("state", state);
        attack.send(&request.clone().set("prompt", "none"), &Expect::back(&["login_required"], SHOP_URI, state));
        attack.send(&request.clone().set("response_mode", "form_post"), &Expect::back(&["invalid_request"], SHOP_URI, state));
        attack
            .send(&ask("other", OTHER_URI).set("state", state).set("prompt", "none"), &Expect::back(&["login_required"], OTHER_URI, state));
        let cookies = Target::cookies(&attack.target.browser("alice"));
        attack.send(&request.header("cookie", cookies), &Expect::Code { to: SHOP_URI.to_owned(), state: Some((*state).to_owned()) });
    }
}

fn prompt_none(attack: &mut Attack<'_>) {
    let hint = "eyJhbGciOiJub25lIn0.eyJzdWIiOiJhbGljZSJ9.";
    for (client, uri) in [("shop", SHOP_URI), ("spa", SPA_URI), ("lax", LAX_URI), ("other", OTHER_URI)] {
        let request = ask(client, uri).set("prompt", "none");
        attack.send(&request, &Expect::back(&["login_required"], uri, STATE));
        attack.send(&request.clone().set("id_token_hint", hint), &Expect::back(&["login_required"], uri, STATE));
        let tossed = format!("{}=khs_{}", attack.target.facts.cookie, attack.random.word(70));
        attack.send(&request.header("cookie", tossed), &Expect::back(&["login_required"], uri, STATE));
    }
    let cookies = Target::cookies(&attack.target.browser("alice"));
    let needed = ask("two", "https://two.test/a").set("prompt", "none").header("cookie", &cookies);
    attack.send(&needed, &Expect::back(&["consent_required"], "https://two.test/a", STATE));
    attack.send(
        &needed.set("id_token_hint", hint).set("login_hint", "mallory"),
        &Expect::back(&["consent_required"], "https://two.test/a", STATE),
    );
    let public = ask("spa", SPA_URI).set("prompt", "none").header("cookie", cookies);
    attack.send(&public, &Expect::back(&["consent_required"], SPA_URI, STATE));
}

fn prompts(attack: &mut Attack<'_>) {
    for prompt in [
        "none login",
        "login none",
        "none consent",
        "NONE",
        "None",
        "Login",
        "nothing",
        "login  consent",
        " login",
        "login ",
        "login,consent",
        "none none x",
        "create",
        "login\tconsent",
    ] {
        attack.send(&shop().set("prompt", prompt), &Expect::back(&["invalid_request"], SHOP_URI, STATE));
    }
    let cookies = Target::cookies(&attack.target.browser("alice"));
    for prompt in ["login", "select_account", "login consent", "consent select_account"] {
        attack.send(&shop().set("prompt", prompt).header("cookie", &cookies), &WAITS);
    }
    attack.send(&shop().set("prompt", "consent").header("cookie", &cookies), &Expect::Onward("/consent?interaction="));
}

fn max_age(attack: &mut Attack<'_>) {
    for age in ["-1", "99999999999999999999", "abc", "1e9", "0x10", "1.5", " 1", "1 ", "+1", "4294967296", "١", "1,2", "NaN"] {
        attack.send(&shop().set("max_age", age), &Expect::back(&["invalid_request"], SHOP_URI, STATE));
    }
    let cookies = Target::cookies(&attack.target.browser("alice"));
    attack.send(&shop().set("max_age", "0").header("cookie", &cookies), &WAITS);
    for age in ["4294967295", "1000000000"] {
        let code = Expect::Code { to: SHOP_URI.to_owned(), state: Some(STATE.to_owned()) };
        attack.send(&shop().set("max_age", age).header("cookie", &cookies), &code);
    }
    attack.send(
        &shop().set("max_age", "0").set("prompt", "none").header("cookie", cookies),
        &Expect::back(&["login_required"], SHOP_URI, STATE),
    );
}

fn login_hint(attack: &mut Attack<'_>) {
    let more = ["alice", "alice' OR '1'='1", "*)(uid=*))(|(uid=*", "admin\u{202e}", "${jndi:ldap://evil.test}", "a\r\nb", "\u{1b}[31m"];
    for hint in MARKUP.iter().chain(&more) {
        let (form, cookies) = back_forms(attack, &shop().set("login_hint", hint), |_| {});
        let page = Request::get("/login", &[]).set("interaction", form.value("interaction").unwrap_or_default()).header("cookie", cookies);
        let reply = attack.send(&page, &Expect::Harmless(vec![200]));
        let Reply::Answer(answer) = reply else { continue };
        attack.hold("the hint is markup on the page", !hint.contains(['<', '"']) || !answer.text().contains(hint));
    }
    let length = 1000 + attack.random.below(8000);
    attack.send(&shop().set("login_hint", "h".repeat(length)), &WAITS);
    attack.send(&shop().set("login_hint", "h".repeat(64 * 1024)), &Expect::Refused(vec![431, 414, 0]));
}

fn locales(attack: &mut Attack<'_>) {
    for value in ["../../etc/passwd", "en de fr", "\u{202e}", "..\\..\\windows", "file:///etc/passwd", "{{7*7}}", &"x ".repeat(2500)] {
        for name in ["ui_locales", "acr_values", "claims_locales", "display", "claims", "authorization_details", "resource"] {
            attack.send(&shop().set(name, value), &WAITS);
        }
    }
    attack.send(&shop().set_raw("ui_locales", "%00"), &Expect::Page);
    attack.send(&shop().set("acr_values", "a".repeat(1 << 20)), &Expect::Refused(vec![431, 414, 0]));
}

fn long(attack: &mut Attack<'_>) {
    let refused = Expect::Refused(vec![431, 414, 400, 0]);
    for size in [17 * 1024, 200 * 1024, 1 << 20] {
        attack.send(&shop().set("x", "y".repeat(size)), &refused);
        attack.send(&shop().set("y".repeat(size).as_str(), "x"), &refused);
    }
    for count in [257, 300, 2_000, 10_000] {
        let many: String = (0..count).map(|number| format!("&p{number}=")).collect();
        attack.send(&Request::new("GET", "/authorize").beside(&many[1..]), &refused);
        let basic = attack.target.basic("robot");
        let form = Body::Bytes("application/x-www-form-urlencoded".to_owned(), many.as_bytes()[1..].to_vec());
        attack.send(
            &Request { body: form, ..Request::new("POST", "/token") }.header("authorization", basic),
            &Expect::Refused(vec![400, 413]),
        );
    }
    let separators = "&".repeat(9000);
    let query = format!("{separators}client_id=shop{separators}");
    attack.send(&Request::new("GET", "/authorize").beside(query), &refused);
}

fn encodings(attack: &mut Attack<'_>) {
    for name in
        ["client_id", "redirect_uri", "scope", "state", "response_type", "code_challenge", "prompt", "login_hint", "nonce", "unknown"]
    {
        for bad in bad_encodings() {
            attack.send(&shop().set_raw(name, &bad), &Expect::Page);
            let in_name =
                Request { query: Some([b"client_id=shop&", bad.as_slice(), b"=1"].concat()), ..Request::new("GET", "/authorize") };
            attack.send(&in_name, &Expect::Page);
        }
    }
}

fn states(attack: &mut Attack<'_>) {
    let base = shop().set("prompt", "none");
    let long = "s".repeat(2048);
    let word = attack.random.word(40);
    for state in ["x", "a b+c%20d&e=f", "ünïcödé ☃ 🔑", "%0d%0a", "a&b=c#d?e", "\u{202e}abc", "null", "{\"a\":1}", &long, &word] {
        attack.send(&base.clone().set("state", state), &Expect::back(&["login_required"], SHOP_URI, state));
    }
    let refused = Expect::Back { errors: vec!["invalid_request"], to: SHOP_URI.to_owned(), state: None };
    for state in ["a\r\nset-cookie: x=1", "a\nb", "\r", "a\u{7f}", "a\u{85}b", "\u{1b}[31m", "\t"] {
        attack.send(&base.clone().set("state", state), &refused);
    }
    attack.send(&base.clone().set("state", "s".repeat(2049)), &refused);
    attack.send(&base.clone().set("state", "s".repeat(8192)), &refused);
    let none = Expect::Back { errors: vec!["login_required"], to: SHOP_URI.to_owned(), state: None };
    attack.send(&base.clone().without("state"), &none);
    attack.send(&base.set("state", ""), &none);
}

fn nonces(attack: &mut Attack<'_>) {
    for nonce in ["", "x", "ünïcödé", "\u{1}", "<script>", &"n".repeat(8192)] {
        attack.send(&shop().set("nonce", nonce), &WAITS);
        attack.send(&shop().set("nonce", nonce).set("prompt", "none"), &Expect::back(&["login_required"], SHOP_URI, STATE));
    }
}

fn other_browser(attack: &mut Attack<'_>) {
    let (login, _) = back_forms(attack, &shop(), |_| {});
    let (consent, _) = consent(attack, &shop(), "mallory");
    let alice = Target::cookies(&attack.target.browser("alice"));
    for cookies in ["", alice.as_str()] {
        let with = |request: Request| if cookies.is_empty() { request } else { request.header("cookie", cookies) };
        for form in [&login, &consent] {
            let interaction = lossy(form.value("interaction").unwrap_or_default());
            for path in ["/authorize/resume", "/login", "/consent"] {
                attack.send(&with(Request::get(path, &[("interaction", &interaction)])), &Expect::Page);
            }
            attack.send(&with(form.clone().set("decision", "allow")), &Expect::Page);
            attack.send(&with(form.clone().set("username", "alice").set("password", "x")), &Expect::Page);
            attack.send(&with(Request::post("/consent", &[("interaction", &interaction), ("decision", "allow")])), &Expect::Page);
        }
    }
}

fn public_consent(attack: &mut Attack<'_>) {
    for (client, uri) in [("spa", SPA_URI), ("native", "http://127.0.0.1:5000/cb"), ("native", "com.example.app:/cb")] {
        let (form, cookies) = consent(attack, &ask(client, uri), "alice");
        let code = Expect::Code { to: uri.to_owned(), state: Some(STATE.to_owned()) };
        attack.send(&form.set("decision", "allow").header("cookie", &cookies), &code);
        attack.send(&ask(client, uri).header("cookie", &cookies), &Expect::Onward("/consent?interaction="));
        attack.send(&ask(client, uri).set("prompt", "none").header("cookie", cookies), &Expect::back(&["consent_required"], uri, STATE));
    }
}

fn half_signed_in(attack: &mut Attack<'_>) {
    let (form, cookies) = back_forms(attack, &shop(), |_| {});
    let interaction = lossy(form.value("interaction").unwrap_or_default());
    let at = |path: &str| Request::get(path, &[("interaction", &interaction)]).header("cookie", &cookies);
    attack.send(&at("/authorize/resume"), &WAITS);
    attack.send(&at("/consent"), &Expect::Onward("/authorize/resume?interaction="));
    let (path, token) = ("/consent", lossy(form.value("csrf_token").unwrap_or_default()));
    let allow =
        Request::post(path, &[("interaction", &interaction), ("csrf_token", &token), ("decision", "allow")]).header("cookie", &cookies);
    attack.send(&allow, &Expect::Page);
    attack.send(&shop().header("cookie", &cookies), &WAITS);
    attack.send(
        &shop().set("interaction", &interaction).set("prompt", "none").header("cookie", &cookies),
        &Expect::back(&["login_required"], SHOP_URI, STATE),
    );
    attack.send(&at("/authorize/resume").set("code", "x").set("decision", "allow"), &WAITS);
}

fn disabled_between(attack: &mut Attack<'_>) {
    let basic = attack.target.basic("shop");
    let fresh = |target: &mut Target| {
        let mut browser = target.anybody();
        target.code_of(&mut browser, "shop", SHOP_URI, "read", CAROL)
    };
    for (off, on) in
        [(["user", "disable", "carol"], ["user", "enable", "carol"]), (["client", "update", "shop"], ["client", "update", "shop"])]
    {
        let code = attack.prepare(|target| {
            let code = fresh(target);
            let client = off[0] == "client";
            target.command(&if client { vec!["client", "update", "shop", "--disable"] } else { off.to_vec() });
            code
        });
        let expected = if off[0] == "client" { "invalid_client" } else { "invalid_grant" };
        attack.send(&super::redeem(&code, SHOP_URI).header("authorization", &basic), &Expect::Json(vec![expected]));
        if off[0] == "client" {
            attack.send(&shop(), &Expect::Page);
        }
        attack
            .prepare(|target| target.command(&if on[0] == "client" { vec!["client", "update", "shop", "--enable"] } else { on.to_vec() }));
    }
}

fn client_ids(attack: &mut Attack<'_>) {
    let word = attack.random.word(20);
    let long = "c".repeat(8000);
    for id in [
        "nobody",
        "",
        "SHOP",
        "Shop",
        "shop ",
        " shop",
        "shop/",
        "shop'--",
        "../shop",
        "shop\u{ad}",
        "ｓhop",
        "sho",
        "shopp",
        "%73hop",
        "*",
        &word,
        &long,
    ] {
        let reply = attack.send(&shop().set("client_id", id), &Expect::Page);
        let Reply::Answer(answer) = reply else { continue };
        attack.hold(
            "an error page repeats an unknown client",
            id.len() < 5 || attack.target.name == "dev" || !answer.text().contains(id.trim()),
        );
    }
    for markup in MARKUP {
        attack.send(&shop().set("client_id", markup), &Expect::Page);
    }
    for (client, uri) in [("other", SHOP_URI), ("shop", OTHER_URI), ("robot", SHOP_URI), ("spa", SHOP_URI)] {
        attack.send(&ask(client, uri), &Expect::Page);
    }
    attack.send(&shop().without("client_id"), &Expect::Page);
    attack.send(&shop().set_raw("client_id", "shop%00"), &Expect::Page);
    attack.send(&shop().set("client_id", "c".repeat(64 * 1024)), &Expect::Refused(vec![431, 414, 0]));
}
