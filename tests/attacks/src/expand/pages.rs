//! Login, consent, session and logout: forged, replayed, mixed up, in other browsers (RFC 6749 §10.12, RFC 9700 §4.7, §4.16).
//!
//! Every template of the group is in this one file: a table of them above, a function for each below.

use std::collections::BTreeSet;

use keyhook_tests::flow::Person;

use super::{Expander, MARKUP, STATE, always, ask, back_forms, consent, lossy, once, shop, sign_in};
use crate::attack::Attack;
use crate::check::expect::Expect;
use crate::target::{ALICE, MALLORY, SHOP_URI, Target};
use crate::wire::{Body, Reply, Request};

pub const ALL: &[Expander] = &[
    always("UI-01", "forms of other sites", forged_forms),
    always("UI-02", "signing in somebody else's browser", login_fixation),
    always("UI-05", "markup in every parameter", reflected),
    once("UI-06", "markup that is registered", stored),
    always("UI-08", "who has an account", enumeration),
    once("UI-09", "guessing passwords", guessing),
    always("UI-10", "passwords that are no passwords", odd_passwords),
    always("UI-11", "cookies tossed, many, large, forged", cookies),
    always("UI-12", "headers of every page", page_headers),
    always("UI-14", "back button, double submit, two tabs", twice),
    always("UI-15", "the page after consent, without consent", bypass),
    always("UI-16", "a consent page of many scopes", long_consent),
    always("UI-17", "sign-out by a link", logout_link),
    always("UI-18", "sign-out with hints and targets", logout_hints),
];

/// A request that was answered is remembered, so that it is answered once.
const ANSWERED: &[(&str, u64)] = &[("interaction", 1)];

fn forged_forms(attack: &mut Attack<'_>) {
    let (login, login_cookies) = back_forms(attack, &shop(), |_| {});
    let (consent_form, consent_cookies) = consent(attack, &shop(), "mallory");
    let alice = Target::cookies(&attack.target.browser("alice"));
    let foreign = lossy(login.value("csrf_token").unwrap_or_default());
    for (form, cookies) in [
        (login.clone().set("username", "alice").set("password", "x"), login_cookies.as_str()),
        (consent_form.clone().set("decision", "allow"), consent_cookies.as_str()),
        (Request::post("/logout", &[("csrf_token", "x")]), alice.as_str()),
    ] {
        let own = lossy(form.value("csrf_token").unwrap_or_default());
        let mut tokens =
            vec![String::new(), "x".to_owned(), own.to_uppercase(), own.clone() + "x", own.chars().rev().collect(), "0".repeat(own.len())];
        if form.path != "/login" {
            tokens.push(foreign.clone());
        }
        for token in tokens.iter().filter(|token| **token != own || form.path == "/logout") {
            attack.send(&form.clone().set("csrf_token", token).header("cookie", cookies), &Expect::Page);
            attack.send(
                &form.clone().set("csrf_token", token).header("cookie", cookies).header("origin", "https://evil.test"),
                &Expect::Page,
            );
        }
        attack.send(&form.clone().without("csrf_token").header("cookie", cookies), &Expect::Page);
        attack.send(&form, &Expect::Page);
        for kind in ["text/plain", "application/json", "multipart/form-data; boundary=x", "", "application/x-www-form-urlencodedx"] {
            let body = Body::Bytes(kind.to_owned(), format!("csrf_token={own}&decision=allow").into_bytes());
            attack.send(&Request { body, ..form.clone() }.header("cookie", cookies), &Expect::Page);
        }
        for header in ["x-http-method-override", "x-method-override", "x-http-method"] {
            let get = Request { method: "GET".to_owned(), body: Body::None, ..form.clone() };
            let reply = attack.send(&get.header(header, "POST").header("cookie", cookies), &Expect::Harmless(vec![200, 303, 400, 403]));
            let Reply::Answer(answer) = reply else { continue };
            attack.hold("an overridden method decides", answer.status != 303 || answer.location().starts_with("/authorize/resume?"));
        }
    }
}

fn login_fixation(attack: &mut Attack<'_>) {
    let (form, cookies) = sign_in(attack, &shop(), MALLORY.username, MALLORY.password);
    let victim = Target::cookies(&attack.target.browser("alice"));
    for cookie in ["", "a=b", &victim] {
        attack.send(&form.clone().header("cookie", cookie), &Expect::Page);
    }
    let (other, _) = back_forms(attack, &shop(), |_| {});
    let mixed = form.clone().set("interaction", other.value("interaction").unwrap_or_default()).header("cookie", &cookies);
    attack.send(&mixed, &Expect::Page);
    let name = attack.target.facts.cookie.clone();
    let twice = format!("{name}-browser={}; {cookies}", attack.random.word(43));
    attack.send(&form.header("cookie", twice), &Expect::Page);
}

fn reflected(attack: &mut Attack<'_>) {
    let names = [
        "client_id",
        "redirect_uri",
        "scope",
        "state",
        "response_type",
        "prompt",
        "login_hint",
        "interaction",
        "error",
        "error_description",
        "username",
        "x",
    ];
    for markup in MARKUP {
        for name in names {
            let page = Expect::Harmless(vec![303, 400, 403]);
            attack.send(&shop().set(name, markup), &page);
            attack.send(&Request::get("/authorize", &[(name, markup)]), &Expect::Page);
            for path in ["/login", "/consent", "/authorize/resume"] {
                attack.send(&Request::get(path, &[(name, markup)]), &Expect::Page);
            }
            attack.send(&Request::get("/logout", &[(name, markup)]), &Expect::Harmless(vec![200]));
        }
        let path = format!("/{}", keyhook_tests::http::encode(markup));
        attack.send(&Request::new("GET", &path), &Expect::Refused(vec![404]));
        let (form, cookies) = back_forms(attack, &shop(), |_| {});
        let filled = form.set("username", markup).set("password", markup).header("cookie", cookies);
        attack.send(&filled, &Expect::NotSignedIn);
        for header in ["user-agent", "referer", "accept-language", "x-request-id", "accept"] {
            attack.send(&shop().set("client_id", "nobody").header(header, markup), &Expect::Page);
        }
    }
}

fn stored(attack: &mut Attack<'_>) {
    let name = "<script>alert(1)</script>\"'";
    let uri = "https://stored.test/cb";
    attack.prepare(|target| target.add_client("stored", &["--name", name, "--redirect-uri", uri, "--scope", "read <b>x</b>"]));
    let user = "<img/src=x>";
    attack.prepare(|target| target.add_user(user, "canary-of-a-user-with-markup"));
    let request = ask("stored", uri).set("scope", "<b>x</b>");
    let (form, cookies) = sign_in(attack, &request, user, "canary-of-a-user-with-markup");
    let login = Request::get("/login", &[]).set("interaction", form.value("interaction").unwrap_or_default()).header("cookie", &cookies);
    let Reply::Answer(page) = attack.send(&login, &Expect::Harmless(vec![200])) else { return };
    attack.hold("a client's name is markup", !page.text().contains("<script>") && page.text().contains("alert(1)"));
    let Reply::Answer(signed_in) = attack.send(&form.header("cookie", &cookies), &Expect::SignedIn) else { return };
    let session = signed_in.header("set-cookie").and_then(|value| value.split(';').next()).unwrap_or_default().to_owned();
    let interaction = signed_in.returned("interaction").join("");
    let consent = Request::get("/consent", &[("interaction", &interaction)]).header("cookie", format!("{cookies}; {session}"));
    let Reply::Answer(page) = attack.send(&consent, &Expect::Harmless(vec![200])) else { return };
    for markup in ["<script>", "<b>x</b>", user] {
        attack.hold(&format!("{markup} is markup on the consent page"), !page.text().contains(markup));
    }
}

/// An answer without what is drawn anew each time.
fn comparable(reply: &Reply, drawn: &[&str]) -> String {
    let Reply::Answer(answer) = reply else { return format!("{reply:?}") };
    let body = drawn.iter().fold(answer.text(), |text, value| if value.is_empty() { text } else { text.replace(value, "") });
    format!("{} {body}", answer.status)
}

fn enumeration(attack: &mut Attack<'_>) {
    let mut seen = BTreeSet::new();
    // Each name has guesses of its own: a browser and a name that are new.
    let word = attack.random.word(8);
    let names = [word.as_str(), "nobody", "demo-of-nobody", "a@b.test", &attack.random.word(200)].map(str::to_owned);
    for name in names {
        let (form, cookies) = back_forms(attack, &shop(), |_| {});
        let drawn = [lossy(form.value("interaction").unwrap_or_default()), lossy(form.value("csrf_token").unwrap_or_default())];
        let reply = attack.send(&form.set("username", &name).set("password", "wrong").header("cookie", cookies), &Expect::NotSignedIn);
        if matches!(&reply, Reply::Answer(answer) if answer.status == 422) {
            seen.insert(comparable(&reply, &[&name, &drawn[0], &drawn[1]]));
        }
    }
    if attack.round == 0 {
        let (form, cookies) = back_forms(attack, &shop(), |_| {});
        let drawn = [lossy(form.value("interaction").unwrap_or_default()), lossy(form.value("csrf_token").unwrap_or_default())];
        let reply = attack.send(&form.set("username", "carol").set("password", "wrong").header("cookie", cookies), &Expect::NotSignedIn);
        seen.insert(comparable(&reply, &["carol", &drawn[0], &drawn[1]]));
    }
    attack.hold(&format!("answers differ: {seen:?}"), seen.len() <= 1);
    for user in ["alice", "nobody"] {
        attack.send(&shop().set("login_hint", user).set("prompt", "none"), &Expect::back(&["login_required"], SHOP_URI, STATE));
    }
}

fn guessing(attack: &mut Attack<'_>) {
    let person = Person { username: "dave", password: "canary-of-dave-03af" };
    let owner = attack.prepare(|target| {
        target.add_user(person.username, person.password);
        let mut browser = target.anybody();
        target.code_of(&mut browser, "shop", SHOP_URI, "read", person);
        browser
    });
    let mut last = 0;
    for number in 0..14 {
        let (form, cookies) = back_forms(attack, &shop(), |_| {});
        let guess = form.set("username", person.username).set("password", format!("guess-{number}")).header("cookie", cookies);
        if let Reply::Answer(answer) = attack.send(&guess, &Expect::NotSignedIn) {
            last = answer.status;
        }
    }
    attack.hold("guesses are not slowed", last == 429);
    // The right password does not help a stranger then, and the owner's own browser is let in.
    let (form, cookies) = sign_in(attack, &shop(), person.username, person.password);
    attack.send(&form.header("cookie", cookies), &Expect::NotSignedIn);
    let (form, cookies) = back_forms(attack, &shop().set("prompt", "login"), |browser| browser.cookies = owner.cookies.clone());
    let own = form.set("username", person.username).set("password", person.password).header("cookie", cookies);
    attack.send(&own, &Expect::SignedIn);
}

fn odd_passwords(attack: &mut Attack<'_>) {
    let (form, cookies) = back_forms(attack, &shop(), |_| {});
    let word = attack.random.word(10);
    let long = "p".repeat(50_000);
    for (user, password) in [
        ("", ""),
        ("", "x"),
        (word.as_str(), ""),
        (&word, "\u{1}\u{7f}"),
        (&word, "\u{1f511}".repeat(200).as_str()),
        (&long, "x"),
        ("a\r\nb", "x"),
        ("' OR 1=1 --", "x"),
    ] {
        let filled = form.clone().set("username", user).set("password", password).header("cookie", &cookies);
        attack.send(&filled, &Expect::NotSignedIn);
    }
    if attack.round == 0 {
        attack.send(&form.clone().set("username", &word).set("password", &long).header("cookie", &cookies), &Expect::NotSignedIn);
    }
    for name in ["username", "password"] {
        let filled = form.clone().set("username", "x").set("password", "y").header("cookie", &cookies);
        attack.send(&filled.clone().set_raw(name, "a%00b"), &Expect::Page);
        attack.send(&filled.clone().set_raw(name, "%ED%A0%80"), &Expect::Page);
        attack.send(&filled.clone().set_raw(name, "%FF"), &Expect::Page);
        attack.send(&filled.clone().add(name, "z"), &Expect::Page);
        attack.send(&filled.set(name, "x".repeat(1 << 20)), &Expect::Refused(vec![413, 0]));
    }
}

fn cookies(attack: &mut Attack<'_>) {
    let name = attack.target.facts.cookie.clone();
    let (alice, word) = (attack.target.browser("alice"), attack.random.word(43));
    let session = alice.cookies.get(&name).cloned().unwrap_or_default();
    let mut wrong: Vec<String> = super::mangled(&session, &mut attack.random)
        .into_iter()
        .filter(|value| !value.starts_with(' ') && !value.contains('\n') && !value.ends_with(' '))
        .map(|value| format!("{name}={value}"))
        .collect();
    wrong.extend([
        format!("{name}=x; {name}={session}"),
        format!("{name}={word}"),
        format!("__Host-{name}={session}"),
        format!("{}={session}", name.to_uppercase()),
        format!("{name}=\"{session}\""),
        name.clone(),
        format!("{name}="),
        format!("={session}"),
        "; ; ;".to_owned(),
        (0..100).map(|number| format!("c{number}=v; ")).collect(),
        format!("a={}", "x".repeat(10_000)),
    ]);
    for cookie in wrong {
        attack.send(&shop().header("cookie", &cookie), &Expect::Onward("/login?interaction="));
        attack.send(&Request::get("/logout", &[]).header("cookie", &cookie), &Expect::Harmless(vec![200]));
    }
    attack.send(&shop().header("cookie", format!("a={}", "x".repeat(20_000))), &Expect::Refused(vec![431, 0]));
    for bytes in [&b"a=\xff\xfe"[..], b"a=b\xc3\x28"] {
        attack.send(&shop().header("cookie", bytes), &Expect::Onward("/login?interaction="));
    }
}

fn page_headers(attack: &mut Attack<'_>) {
    for path in ["/authorize", "/login", "/consent", "/logout", "/authorize/resume", "/nothing", "/static/keyhook.css", "/"] {
        for method in ["GET", "POST", "HEAD"] {
            let request = Request::new(method, path);
            attack.send(&request, &Expect::Harmless(vec![200, 400, 403, 404, 405]));
            attack.send(&request.clone().header("accept", "application/json"), &Expect::Harmless(vec![200, 400, 403, 404, 405]));
            attack.send(
                &request.header("accept", "text/html").header("origin", "https://evil.test"),
                &Expect::Harmless(vec![200, 400, 403, 404, 405]),
            );
        }
    }
    let Reply::Answer(answer) = attack.send(&shop(), &Expect::Onward("/login?interaction=")) else { return };
    let cookie = answer.header("set-cookie").unwrap_or_default();
    attack.hold("a cookie that scripts read or other sites send", cookie.contains("HttpOnly") && cookie.contains("SameSite=Lax"));
}

fn twice(attack: &mut Attack<'_>) {
    let (form, cookies) = consent(attack, &shop(), "mallory");
    let allow = form.clone().set("decision", "allow").header("cookie", &cookies);
    attack.send(&allow, &Expect::Code { to: SHOP_URI.to_owned(), state: Some(STATE.to_owned()) });
    attack.send(&allow, &Expect::Page);
    attack.send(&form.set("decision", "deny").header("cookie", &cookies), &Expect::Page);
    let (one, cookies) = consent(attack, &shop(), "mallory");
    let (two, _) = consent(attack, &ask("lax", crate::target::LAX_URI), "mallory");
    let mixed = one.clone().set("csrf_token", two.value("csrf_token").unwrap_or_default()).set("decision", "allow");
    attack.send(&mixed.header("cookie", &cookies), &Expect::Page);
    attack.send_growing(
        &one.set("decision", "deny").header("cookie", &cookies),
        &Expect::back(&["access_denied"], SHOP_URI, STATE),
        ANSWERED,
    );
    let second = two.set("decision", "allow").header("cookie", &cookies);
    attack.send(&second, &Expect::Code { to: crate::target::LAX_URI.to_owned(), state: Some(STATE.to_owned()) });
}

fn bypass(attack: &mut Attack<'_>) {
    let alice = Target::cookies(&attack.target.browser("alice"));
    let (mallorys, _) = consent(attack, &shop(), "mallory");
    let stolen = lossy(mallorys.value("interaction").unwrap_or_default());
    let made_up = format!("khi_{}", attack.random.word(70));
    for name in ["", "x", &made_up, &stolen, "null", "../x", "1"] {
        for path in ["/consent", "/authorize/resume", "/login"] {
            attack.send(&Request::get(path, &[("interaction", name)]).header("cookie", &alice), &Expect::Page);
        }
        for path in ["/consent", "/login"] {
            let form = Request::post(path, &[("interaction", name), ("decision", "allow"), ("csrf_token", "x")]);
            attack.send(&form.header("cookie", &alice), &Expect::Page);
        }
    }
    let needed = ask("two", "https://two.test/a");
    for extra in [("decision", "allow"), ("consent", "1"), ("approved", "true"), ("prompt", "consent")] {
        attack.send(&needed.clone().set(extra.0, extra.1).header("cookie", &alice), &Expect::Onward("/consent?interaction="));
    }
    for decision in ["", "Allow", "ALLOW", "yes", "true", "allow ", "deny"] {
        let (form, cookies) = consent(attack, &shop(), "mallory");
        attack.send_growing(
            &form.set("decision", decision).header("cookie", cookies),
            &Expect::back(&["access_denied"], SHOP_URI, STATE),
            ANSWERED,
        );
    }
}

fn long_consent(attack: &mut Attack<'_>) {
    let id = "wide";
    let uri = "https://wide.test/cb";
    let scope: String = (0..200).map(|number| format!("scope-number-{number} ")).collect();
    if attack.round == 0 {
        attack.prepare(|target| target.add_client(id, &["--redirect-uri", uri, "--scope", scope.trim_end()]));
    }
    let (form, cookies) = consent(attack, &ask(id, uri).set("scope", scope.trim_end()), "alice");
    let page = Request::get("/consent", &[]).set("interaction", form.value("interaction").unwrap_or_default()).header("cookie", cookies);
    let Reply::Answer(answer) = attack.send(&page, &Expect::Harmless(vec![200])) else { return };
    attack.hold("a scope is left out", (0..200).all(|number| answer.text().contains(&format!("scope-number-{number}"))));
    for bad in ["read\u{202e}", "read\nwrite", "read\u{200b}"] {
        attack.send(&shop().set("scope", bad), &Expect::back(&["invalid_scope"], SHOP_URI, STATE));
    }
}

fn logout_link(attack: &mut Attack<'_>) {
    let alice = Target::cookies(&attack.target.browser("alice"));
    for query in ["", "confirm=1", "decision=yes", "csrf_token=x", "logout=true"] {
        for method in ["GET", "HEAD"] {
            attack.send(&Request::new(method, "/logout").beside(query).header("cookie", &alice), &Expect::Harmless(vec![200]));
        }
        attack.send(&Request::post("/logout", &[]).beside(query).header("cookie", &alice), &Expect::Page);
    }
    for method in ["PUT", "DELETE", "PATCH"] {
        attack.send(&Request::new(method, "/logout").header("cookie", &alice), &Expect::Refused(vec![405]));
    }
    let still = shop().header("cookie", alice);
    attack.send(&still, &Expect::Code { to: SHOP_URI.to_owned(), state: Some(STATE.to_owned()) });
}

fn logout_hints(attack: &mut Attack<'_>) {
    let alice = Target::cookies(&attack.target.browser("alice"));
    for hint in ["eyJhbGciOiJub25lIn0.eyJzdWIiOiJhbGljZSJ9.", "x", "", "alice"] {
        for target in ["https://evil.test/", SHOP_URI, "//evil.test", "javascript:alert(1)"] {
            let pairs = [
                ("id_token_hint", hint),
                ("post_logout_redirect_uri", target),
                ("sid", "x"),
                ("logout_hint", ALICE.username),
                ("state", "s"),
            ];
            attack.send(&Request::get("/logout", &pairs).header("cookie", &alice), &Expect::Harmless(vec![200]));
            attack.send(&Request::post("/logout", &pairs).header("cookie", &alice), &Expect::Page);
        }
    }
    attack.send(&shop().header("cookie", alice), &Expect::Code { to: SHOP_URI.to_owned(), state: Some(STATE.to_owned()) });
}
