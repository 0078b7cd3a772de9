//! Authorization codes and PKCE: replayed, raced, guessed, in other hands (RFC 6749 §4.1, RFC 7636, RFC 9700 §2.1.1).

use keyhook_tests::flow::Pkce;
use keyhook_tests::http::encode_form;

use super::{Expander, STATE, always, ask, at_once, once, redeem, shop};
use crate::attack::Attack;
use crate::check::expect::Expect;
use crate::target::{CAROL, EXCHANGE, LAX_URI, SHOP_URI, SPA_URI, Target};
use crate::wire::{Reply, Request};

pub const ALL: &[Expander] = &[
    always("CP-01", "a code twice", replay),
    once("CP-02", "a code many times at once", race),
    once("CP-04", "expired with the right client, fresh with the wrong one", wrong_client),
    always("CP-06", "a challenge and no verifier", no_verifier),
    always("CP-07", "a verifier and no challenge", no_challenge),
    always("CP-09", "other challenge methods", methods),
    always("CP-13", "verifiers that are almost right", verifiers),
    always("CP-15", "grant types that are not there", grant_types),
    always("CP-16", "grants that a client may not use", not_allowed),
    once("CP-19", "a code after its user signed out everywhere", after_sign_out),
];

const GRANT: &str = "invalid_grant";

fn refused() -> Expect {
    Expect::Json(vec![GRANT])
}

/// The tokens of an answer: access, refresh.
pub fn tokens(reply: &Reply) -> (String, String) {
    let Reply::Answer(answer) = reply else { return Default::default() };
    let json = answer.json();
    let member = |name: &str| json[name].as_str().unwrap_or_default().to_owned();
    (member("access_token"), member("refresh_token"))
}

/// Introspection by the resource server.
pub fn introspect(attack: &Attack<'_>, token: &str) -> Request {
    Request::post("/introspect", &[("token", token)]).header("authorization", attack.target.basic("robot"))
}

fn as_shop(attack: &Attack<'_>, request: Request) -> Request {
    request.header("authorization", attack.target.basic("shop"))
}

fn replay(attack: &mut Attack<'_>) {
    let code = attack.prepare(|target| target.code("shop", SHOP_URI));
    let right = as_shop(attack, redeem(&code, SHOP_URI));
    let (access, refresh) = tokens(&attack.send(&right, &Expect::Tokens(None)));
    attack.send(&introspect(attack, &access), &Expect::Active);
    for wrong in [right.clone().set("code_verifier", "x".repeat(43)), right.clone(), right] {
        attack.send(&wrong, &refused());
    }
    attack.send(&introspect(attack, &access), &Expect::Inactive);
    attack.send(&introspect(attack, &refresh), &Expect::Inactive);
    let again = Request::post("/token", &[("grant_type", "refresh_token"), ("refresh_token", &refresh)]);
    attack.send(&as_shop(attack, again), &refused());
}

fn race(attack: &mut Attack<'_>) {
    for contenders in [2, 8, 64, 256] {
        let code = attack.prepare(|target| target.code("shop", SHOP_URI));
        let request = as_shop(attack, redeem(&code, SHOP_URI));
        let replies = attack.prepare(|target| at_once(target, &request, contenders));
        attack.count(contenders);
        let given: Vec<_> = replies.iter().map(tokens).filter(|(access, _)| !access.is_empty()).collect();
        attack.hold(&format!("{} of {contenders} redeemed one code", given.len()), given.len() == 1);
        // Who comes second makes it a theft: nothing of it lives on.
        for (access, refresh) in given {
            attack.send(&introspect(attack, &access), &Expect::Inactive);
            attack.send(&introspect(attack, &refresh), &Expect::Inactive);
        }
    }
}

fn wrong_client(attack: &mut Attack<'_>) {
    let codes = attack.prepare(|target| [target.code("shop", SHOP_URI), target.code("lax", LAX_URI)]);
    for (code, uri, others) in [(&codes[0], SHOP_URI, ["lax", "other", "limited"]), (&codes[1], LAX_URI, ["shop", "other", "limited"])] {
        for client in others {
            attack.send(&redeem(code, uri).header("authorization", attack.target.basic(client)), &refused());
        }
        for client in ["spa", "native"] {
            attack.send(&redeem(code, uri).set("client_id", client), &refused());
        }
        attack.send(&redeem(code, uri).set("client_id", "shop"), &Expect::Json(vec!["invalid_client"]));
    }
    attack.send(&as_shop(attack, redeem(&codes[0], SHOP_URI)), &Expect::Tokens(None));
}

fn no_verifier(attack: &mut Attack<'_>) {
    let (shop_code, lax_code) = attack.prepare(|target| (target.code("shop", SHOP_URI), target.code("lax", LAX_URI)));
    for (code, uri, client) in [(&shop_code, SHOP_URI, "shop"), (&lax_code, LAX_URI, "lax")] {
        let request = redeem(code, uri).header("authorization", attack.target.basic(client));
        attack.send(&request.clone().without("code_verifier"), &refused());
        attack.send(&request.clone().set("code_verifier", ""), &refused());
        attack.send(&request.without("code_verifier").set("code_challenge", Target::pkce().challenge), &refused());
    }
    // A client that needs PKCE cannot leave it out.
    for (client, uri) in [("shop", SHOP_URI), ("spa", SPA_URI)] {
        let bare = ask(client, uri).without("code_challenge").without("code_challenge_method");
        attack.send(&bare, &Expect::back(&["invalid_request"], uri, STATE));
        attack.send(&bare.clone().set("code_challenge", ""), &Expect::back(&["invalid_request"], uri, STATE));
        attack.send(&bare.set("code_challenge_method", "S256"), &Expect::back(&["invalid_request"], uri, STATE));
    }
}

fn no_challenge(attack: &mut Attack<'_>) {
    let path = |request: &Request| {
        let pairs: Vec<(String, String)> = request.pairs.iter().map(|pair| (super::lossy(&pair.name), super::lossy(&pair.value))).collect();
        let pairs: Vec<(&str, &str)> = pairs.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        format!("/authorize?{}", encode_form(&pairs))
    };
    let bare = ask("lax", LAX_URI).without("code_challenge").without("code_challenge_method");
    for verifier in [Target::pkce().verifier, "x".repeat(43), "short".to_owned()] {
        let path = path(&bare);
        let code = attack.prepare(|target| target.browser("alice").get(&path).location_parameter("code").unwrap_or_default());
        attack.hold("a relaxed client goes without PKCE", !code.is_empty());
        let request = redeem(&code, LAX_URI).set("code_verifier", verifier).header("authorization", attack.target.basic("lax"));
        attack.send(&request, &refused());
    }
}

fn methods(attack: &mut Attack<'_>) {
    for (client, uri) in [("shop", SHOP_URI), ("spa", SPA_URI), ("lax", LAX_URI)] {
        let back = Expect::back(&["invalid_request"], uri, STATE);
        for method in ["plain", "s256", "S512", "PLAIN", "S256 ", " S256", "none", "S256,plain", "sha256", ""] {
            attack.send(&ask(client, uri).set("code_challenge_method", method), &back);
        }
        attack.send(&ask(client, uri).without("code_challenge_method"), &back);
        attack.send(&ask(client, uri).add("code_challenge_method", "S256"), &back);
        attack.send(&ask(client, uri).add("code_challenge_method", "plain"), &back);
        attack.send(&ask(client, uri).add("code_challenge", "x"), &back);
        let challenge = Target::pkce().challenge;
        for wrong in [
            challenge[..42].to_owned(),
            format!("{challenge}A"),
            format!("{challenge}="),
            challenge.replace(['-', '_'], "+"),
            Target::pkce().verifier + "x",
            "short".to_owned(),
            format!("{}~", &challenge[..42]),
            format!(" {}", &challenge[..42]),
        ] {
            if wrong != challenge {
                attack.send(&ask(client, uri).set("code_challenge", wrong), &back);
            }
        }
    }
}

fn verifiers(attack: &mut Attack<'_>) {
    let Pkce { verifier, challenge } = Target::pkce();
    let swapped: String = verifier
        .chars()
        .map(|letter| if letter.is_lowercase() { letter.to_ascii_uppercase() } else { letter.to_ascii_lowercase() })
        .collect();
    let mut edited = verifier.clone().into_bytes();
    let at = attack.random.below(edited.len());
    edited[at] = if edited[at] == b'a' { b'b' } else { b'a' };
    for wrong in [
        swapped,
        verifier[..42].to_owned(),
        format!("{verifier}a"),
        format!("{verifier}="),
        format!(" {verifier}"),
        challenge,
        verifier.replace('_', "-").replace('-', "~"),
        String::from_utf8(edited).unwrap_or_default(),
        "a".repeat(129),
        "é".repeat(43),
        verifier.chars().rev().collect(),
    ] {
        let code = attack.prepare(|target| target.code("shop", SHOP_URI));
        attack.send(&as_shop(attack, redeem(&code, SHOP_URI).set("code_verifier", wrong)), &refused());
    }
}

fn grant_types(attack: &mut Attack<'_>) {
    let unknown = Expect::Json(vec!["unsupported_grant_type"]);
    let long = "g".repeat(10_000);
    let word = attack.random.word(12);
    for name in [
        "authorization_code ",
        " authorization_code",
        "AUTHORIZATION_CODE",
        "Authorization_Code",
        "password",
        "implicit",
        "urn:ietf:params:oauth:grant-type:device_code",
        "urn:ietf:params:oauth:grant-type:jwt-bearer",
        "urn:openid:params:grant-type:ciba",
        "client_credential",
        "refresh",
        "authorization_code\t",
        "../token",
        "*",
        &long,
        &word,
    ] {
        for client in ["shop", "robot"] {
            let request = Request::post("/token", &[("grant_type", name), ("username", "alice"), ("password", "x")])
                .header("authorization", attack.target.basic(client));
            attack.send(&request, &unknown);
        }
    }
    let basic = attack.target.basic("robot");
    let not_theirs = Request::post("/token", &[("grant_type", EXCHANGE), ("subject_token", "kho_x")]).header("authorization", &basic);
    attack.send(&not_theirs, &Expect::Json(vec!["unauthorized_client"]));
    let missing = Expect::Json(vec!["invalid_request"]);
    attack.send(&Request::post("/token", &[]).header("authorization", &basic), &missing);
    attack.send(&Request::post("/token", &[("grant_type", "")]).header("authorization", &basic), &missing);
    for second in ["client_credentials", "refresh_token", ""] {
        attack.send(
            &Request::post("/token", &[("grant_type", "client_credentials")]).add("grant_type", second).header("authorization", &basic),
            &missing,
        );
    }
    attack.send(&Request::post("/token", &[]).set_raw("grant_type", "client_credentials%00").header("authorization", basic), &missing);
}

fn not_allowed(attack: &mut Attack<'_>) {
    let refused = Expect::Json(vec!["unauthorized_client"]);
    for (client, grants) in [
        ("robot", &["authorization_code", "refresh_token"][..]),
        ("limited", &["refresh_token", "client_credentials"]),
        ("shop", &["client_credentials"]),
        ("lax", &["client_credentials"]),
        ("other", &["client_credentials"]),
    ] {
        for grant in grants {
            for value in ["x", ""] {
                let pairs = [("grant_type", *grant), ("code", value), ("refresh_token", value), ("scope", "read")];
                attack.send(&Request::post("/token", &pairs).header("authorization", attack.target.basic(client)), &refused);
            }
        }
    }
    for client in ["spa", "native"] {
        let pairs = [("grant_type", "client_credentials"), ("client_id", client)];
        attack.send(&Request::post("/token", &pairs), &refused);
    }
    attack.send(&ask("robot", ""), &Expect::Page);
    let code = attack.prepare(|target| target.code("limited", "https://limited.test/cb"));
    let request = redeem(&code, "https://limited.test/cb").header("authorization", attack.target.basic("limited"));
    let (_, refresh) = tokens(&attack.send(&request, &Expect::Tokens(None)));
    attack.hold("a refresh token for a client that may not refresh", refresh.is_empty());
}

fn after_sign_out(attack: &mut Attack<'_>) {
    let code = attack.prepare(|target| {
        let mut browser = target.anybody();
        let code = target.code_of(&mut browser, "shop", SHOP_URI, "read", CAROL);
        target.command(&["user", "disable", "carol"]);
        target.command(&["user", "enable", "carol"]);
        code
    });
    attack.send(&as_shop(attack, redeem(&code, SHOP_URI)), &refused());
    let code = attack.prepare(|target| {
        let code = target.code("other", crate::target::OTHER_URI);
        target.command(&["client", "update", "other", "--revoke"]);
        code
    });
    attack.send(&redeem(&code, crate::target::OTHER_URI).header("authorization", attack.target.basic("other")), &refused());
    attack.send(&shop(), &Expect::Onward("/login?interaction="));
}
