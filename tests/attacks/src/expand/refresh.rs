//! Refresh tokens: reused, raced, widened, in other hands, after the end (RFC 6749 §6, RFC 9700 §4.14).

use super::code::{introspect, tokens};
use super::{Expander, always, at_once, mangled, once, redeem};
use crate::attack::Attack;
use crate::check::expect::Expect;
use crate::target::{ALICE, CAROL, SHOP_URI, SPA_URI, Target};
use crate::wire::Request;

pub const ALL: &[Expander] = &[
    once("RT-01", "a rotated token, used again", reuse),
    once("RT-02", "one token many times at once", race),
    always("RT-04", "a token in other hands", other_hands),
    always("RT-05", "more scope than was granted", wider),
    once("RT-06", "a token after user, client or server ended", after_the_end),
    once("RT-07", "a token after its lifetime, however often it was used", lifetime),
    always("RT-09", "tokens of another kind", other_kinds),
    always("RT-10", "tokens cut, extended and re-encoded", mangled_tokens),
];

fn refused() -> Expect {
    Expect::Json(vec!["invalid_grant"])
}

/// A request with a refresh token, of whom is still to be said.
fn form(token: &str) -> Request {
    Request::post("/token", &[("grant_type", "refresh_token"), ("refresh_token", token)])
}

fn by(attack: &Attack<'_>, client: &str, token: &str) -> Request {
    form(token).header("authorization", attack.target.basic(client))
}

/// Tokens of `shop` for Alice.
fn family(attack: &mut Attack<'_>) -> (String, String) {
    let code = attack.prepare(|target| target.code("shop", SHOP_URI));
    let right = redeem(&code, SHOP_URI).header("authorization", attack.target.basic("shop"));
    tokens(&attack.send(&right, &Expect::Tokens(None)))
}

fn reuse(attack: &mut Attack<'_>) {
    let (access, first) = family(attack);
    let (second_access, second) = tokens(&attack.send(&by(attack, "shop", &first), &Expect::Tokens(None)));
    // Within the grace the same successor comes again, to a client that lost the answer.
    let (_, same) = tokens(&attack.send(&by(attack, "shop", &first), &Expect::Tokens(None)));
    attack.hold("the grace gives another successor", same == second);
    let (_, third) = tokens(&attack.send(&by(attack, "shop", &second), &Expect::Tokens(None)));
    // The successor has been used: whoever has the first one now is not that client.
    attack.send(&by(attack, "shop", &first), &refused());
    for token in [&first, &second, &third] {
        attack.send(&by(attack, "shop", token), &refused());
    }
    for token in [&access, &second_access, &third] {
        attack.send(&introspect(attack, token), &Expect::Inactive);
    }
}

fn race(attack: &mut Attack<'_>) {
    for contenders in [2, 16, 64] {
        let (_, first) = family(attack);
        let request = by(attack, "shop", &first);
        let replies = attack.prepare(|target| at_once(target, &request, contenders));
        attack.count(contenders);
        let heads: std::collections::BTreeSet<String> =
            replies.iter().map(|reply| tokens(reply).1).filter(|head| !head.is_empty()).collect();
        attack.hold(&format!("{} heads of one family", heads.len()), heads.len() == 1);
    }
}

fn other_hands(attack: &mut Attack<'_>) {
    let (_, refresh) = family(attack);
    let denied = Expect::Json(vec!["invalid_client"]);
    attack.send(&form(&refresh), &denied);
    attack.send(&form(&refresh).set("client_id", "shop"), &denied);
    attack.send(&form(&refresh).set("client_id", "shop").set("client_secret", "wrong"), &denied);
    attack.send(&form(&refresh).set("client_id", "nobody"), &denied);
    attack.send(&by(attack, "shop", &refresh), &Expect::Tokens(None));
    for client in ["other", "lax"] {
        let (access, refresh) = family(attack);
        attack.send(&by(attack, client, &refresh), &refused());
        // Whoever has it is not its client: it leaked, and ends.
        attack.send(&by(attack, "shop", &refresh), &refused());
        attack.send(&introspect(attack, &access), &Expect::Inactive);
    }
    for client in ["spa", "native"] {
        let (access, refresh) = family(attack);
        attack.send(&form(&refresh).set("client_id", client), &refused());
        attack.send(&introspect(attack, &access), &Expect::Inactive);
    }
}

fn wider(attack: &mut Attack<'_>) {
    let (_, mut refresh) = family(attack);
    let excess = Expect::Json(vec!["invalid_scope"]);
    for scope in [
        "admin",
        "read write admin",
        "read  write",
        "READ",
        "\"",
        "read\\write",
        "é",
        "other",
        " read",
        "read ",
        "openid",
        "offline_access",
        "*",
    ] {
        attack.send(&by(attack, "shop", &refresh).set("scope", scope), &excess);
    }
    for (asked, given) in [("write", "write"), ("write read", "write read"), ("read read", "read"), ("", "read write")] {
        let reply = attack.send(&by(attack, "shop", &refresh).set("scope", asked), &Expect::Tokens(Some(given.to_owned())));
        refresh = tokens(&reply).1;
    }
    let narrow = attack.send(
        &by(attack, "shop", &refresh).set("scope", "read").set("resource", "https://rs.test/"),
        &Expect::Tokens(Some("read".to_owned())),
    );
    let full = by(attack, "shop", &tokens(&narrow).1);
    attack.send(&full, &Expect::Tokens(Some("read write".to_owned())));
}

fn after_the_end(attack: &mut Attack<'_>) {
    let carols = |attack: &mut Attack<'_>| {
        let code = attack.prepare(|target| {
            let mut browser = target.anybody();
            target.code_of(&mut browser, "shop", SHOP_URI, "read", CAROL)
        });
        let right = redeem(&code, SHOP_URI).header("authorization", attack.target.basic("shop"));
        tokens(&attack.send(&right, &Expect::Tokens(None)))
    };
    for (command, undo, error) in [
        (vec!["user", "disable", "carol"], vec!["user", "enable", "carol"], "invalid_grant"),
        (vec!["client", "update", "shop", "--disable"], vec!["client", "update", "shop", "--enable"], "invalid_client"),
        (vec!["client", "update", "shop", "--revoke"], vec!["client", "update", "shop", "--enable"], "invalid_grant"),
    ] {
        let (access, refresh) = carols(attack);
        attack.prepare(|target| target.command(&command));
        attack.send(&by(attack, "shop", &refresh), &Expect::Json(vec![error]));
        attack.send(&introspect(attack, &access), &Expect::Inactive);
        attack.prepare(|target| target.command(&undo));
        if command[1] != "update" || command[3] == "--revoke" {
            attack.send(&by(attack, "shop", &refresh), &refused());
        }
    }
    let (access, refresh) = carols(attack);
    let (second_access, _) = tokens(&attack.send(&by(attack, "shop", &refresh), &Expect::Tokens(None)));
    let revoke = Request::post("/revoke", &[("token", &refresh)]).header("authorization", attack.target.basic("shop"));
    attack.send(&revoke, &Expect::Harmless(vec![200]));
    attack.prepare(Target::restart);
    for token in [&access, &second_access, &refresh] {
        attack.send(&introspect(attack, token), &Expect::Inactive);
    }
    attack.send(&by(attack, "shop", &refresh), &refused());
}

fn lifetime(attack: &mut Attack<'_>) {
    let (id, uri) = ("brief", "https://brief.test/cb");
    let secret = attack
        .prepare(|target| target.add_client(id, &["--redirect-uri", uri, "--scope", "read", "--access-ttl", "1s", "--refresh-ttl", "1s"]));
    let basic = keyhook_tests::http::basic(id, &secret);
    let code = attack.prepare(|target| {
        let mut browser = target.browser(ALICE.username);
        target.code_of(&mut browser, id, uri, "read", ALICE)
    });
    let (access, refresh) = tokens(&attack.send(&redeem(&code, uri).header("authorization", &basic), &Expect::Tokens(None)));
    attack.prepare(|target| target.server.wait_until("a second passes", passed()));
    attack.send(&introspect(attack, &access), &Expect::Inactive);
    attack.send(&introspect(attack, &refresh), &Expect::Inactive);
    attack.send(&form(&refresh).header("authorization", basic), &refused());
}

/// Whether more than a second has passed since it was made.
fn passed() -> impl Fn() -> bool {
    let begun = std::time::Instant::now();
    move || begun.elapsed() > std::time::Duration::from_millis(1100)
}

fn other_kinds(attack: &mut Attack<'_>) {
    let (access, refresh) = family(attack);
    let code = attack.prepare(|target| target.code("shop", SHOP_URI));
    let browser = attack.target.browser("alice");
    let session = browser.cookies.get(&attack.target.facts.cookie).cloned().unwrap_or_default();
    for token in [&access, &code, &session, "eyJhbGciOiJub25lIn0.e30.", ""] {
        let expected = if token.is_empty() { Expect::Json(vec!["invalid_request"]) } else { refused() };
        attack.send(&by(attack, "shop", token), &expected);
    }
    for token in [&access, &refresh, &session] {
        attack.send(&redeem(token, SHOP_URI).header("authorization", attack.target.basic("shop")), &refused());
    }
    for token in [&code, &session] {
        attack.send(&introspect(attack, token), &Expect::Inactive);
    }
    let cookie = format!("{}={access}", attack.target.facts.cookie);
    let uri = SPA_URI;
    attack.send(&super::ask("spa", uri).header("cookie", cookie), &Expect::Onward("/login?interaction="));
}

fn mangled_tokens(attack: &mut Attack<'_>) {
    let (access, refresh) = family(attack);
    for wrong in mangled(&refresh, &mut attack.random) {
        attack.send(&by(attack, "shop", &wrong), &refused());
        attack.send(&introspect(attack, &wrong), &Expect::Inactive);
    }
    for wrong in mangled(&access, &mut attack.random) {
        attack.send(&introspect(attack, &wrong), &Expect::Inactive);
    }
    attack.send(&introspect(attack, &access), &Expect::Active);
    attack.send(&by(attack, "shop", &refresh), &Expect::Tokens(None));
}
