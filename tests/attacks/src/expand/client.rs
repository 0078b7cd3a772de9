//! Client authentication: none, wrong, doubled, another's, in another way (RFC 6749 §2.3, RFC 9700 §2.5).

use keyhook_tests::http::{base64, basic};

use super::{Expander, always, bad_encodings, once};
use crate::attack::Attack;
use crate::check::expect::Expect;
use crate::wire::{Reply, Request};

pub const ALL: &[Expander] = &[
    always("CA-03", "two ways at once", two_ways),
    always("CA-04", "specials, encoded and raw", specials),
    always("CA-05", "no secret", no_secret),
    always("CA-14", "assertions", assertions),
    always("CA-15", "certificates in headers", certificate_headers),
    always("CA-19", "what an answer gives away", oracle),
    once("CA-20", "many wrong secrets", many_wrong),
];

/// Where clients authenticate, with what makes the request right otherwise.
const DOORS: [(&str, &[(&str, &str)]); 3] =
    [("/token", &[("grant_type", "client_credentials")]), ("/introspect", &[("token", "kha_x")]), ("/revoke", &[("token", "kha_x")])];

fn denied() -> Expect {
    Expect::Json(vec!["invalid_client"])
}

fn either() -> Expect {
    Expect::Json(vec!["invalid_client", "invalid_request"])
}

fn two_ways(attack: &mut Attack<'_>) {
    let (own, secret) = (attack.target.basic("robot"), attack.target.secret("robot").to_owned());
    let other = attack.target.basic("shop");
    for (path, pairs) in DOORS {
        let form = Request::post(path, pairs);
        let confused = Expect::Json(vec!["invalid_request"]);
        attack.send(&form.clone().set("client_id", "robot").set("client_secret", &secret).header("authorization", &own), &confused);
        attack.send(&form.clone().set("client_secret", &secret).header("authorization", &own), &confused);
        attack.send(&form.clone().set("client_id", "shop").header("authorization", &own), &confused);
        attack.send(&form.clone().set("client_id", "ROBOT").header("authorization", &own), &confused);
        attack.send(&form.clone().header("authorization", &own).header("authorization", &other), &confused);
        attack.send(&form.clone().header("authorization", &own).header("authorization", &own), &confused);
        attack.send(&form.clone().set("client_assertion", "x").set("client_assertion_type", "y").header("authorization", &own), &confused);
        let both = form.clone().set("client_id", "robot").set("client_secret", &secret).set("client_assertion", "x");
        attack.send(&both, &either());
        attack.send(&form.clone().header("authorization", format!("{own}, {other}")), &denied());
        attack.send(&form.clone().header("authorization", "Bearer kha_x").set("client_id", "robot"), &denied());
        // The registered way is the only one.
        attack.send(&form.clone().set("client_id", "robot").set("client_secret", &secret), &denied());
        let poster = basic("poster", attack.target.secret("poster"));
        attack.send(&form.header("authorization", poster), &denied());
    }
}

fn specials(attack: &mut Attack<'_>) {
    let secret = attack.target.secret("robot").to_owned();
    let raw = |text: &str| format!("Basic {}", base64(text.as_bytes()));
    for (path, pairs) in DOORS {
        let form = Request::post(path, pairs);
        for header in [
            raw(&format!("robot:{secret}:")),
            raw(&format!("robot:{secret}%00")),
            raw(&format!("robot:{secret}+")),
            raw(&format!("robot: {secret}")),
            raw(&format!("robot {secret}")),
            raw(&format!(":{secret}")),
            raw("robot:"),
            raw("robot"),
            raw(":"),
            raw(""),
            raw(&format!("robot:{}", secret.bytes().map(|byte| format!("%25{byte:02X}")).collect::<String>())),
            raw(&format!("robot%3A{secret}")),
            raw(&format!("robot:%{secret}")),
            raw(&format!("{}:{secret}", "robot".to_uppercase())),
            format!("Basic  {}!", base64(format!("robot:{secret}").as_bytes())),
            format!("Basic {}", base64(format!("robot:{secret}").as_bytes()).replace('=', "")) + "=====",
            format!("Basic{}", base64(format!("robot:{secret}").as_bytes())),
            "Basic".to_owned(),
            "Basic ".to_owned(),
            "Basic \"".to_owned(),
            format!("Digest {}", base64(format!("robot:{secret}").as_bytes())),
        ] {
            attack.send(&form.clone().header("authorization", header), &denied());
        }
        for bad in bad_encodings() {
            let pair = [b"robot:", bad.as_slice()].concat();
            attack.send(&form.clone().header("authorization", format!("Basic {}", base64(&pair))), &denied());
        }
        // Form-decoded once (RFC 6749 §2.3.1): every byte may be percent-encoded.
        let encoded: String = secret.bytes().map(|byte| format!("%{byte:02X}")).collect();
        let right = if path == "/token" { Expect::Tokens(None) } else { Expect::Harmless(vec![200]) };
        attack.send(&form.header("authorization", raw(&format!("%72obot:{encoded}"))), &right);
    }
}

fn no_secret(attack: &mut Attack<'_>) {
    for (path, pairs) in DOORS {
        let form = Request::post(path, pairs);
        attack.send(&form, &denied());
        for client in ["shop", "robot", "poster", "lax", "nobody", "", "spa"] {
            let named = form.clone().set("client_id", client);
            let public = client == "spa";
            let alone = if public { Expect::Json(vec!["unauthorized_client", "invalid_client"]) } else { denied() };
            if !(public && path == "/revoke") {
                attack.send(&named, &alone);
                attack.send(&named.clone().set("token_endpoint_auth_method", "none"), &alone);
                attack.send(&named.clone().set("client_secret", ""), &alone);
            }
            for guess in ["x", "null", "undefined", "khx_", "0"] {
                attack.send(&named.clone().set("client_secret", guess), &denied());
            }
            if !client.is_empty() {
                attack.send(&form.clone().header("authorization", basic(client, "")), &denied());
            }
        }
        for header in ["", "Bearer x", "Negotiate x", "null", "Basic Og=="] {
            attack.send(&form.clone().header("authorization", header), &denied());
        }
    }
}

fn assertions(attack: &mut Attack<'_>) {
    const BEARER: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";
    let unsigned = "eyJhbGciOiJub25lIn0.eyJpc3MiOiJyb2JvdCIsInN1YiI6InJvYm90In0.";
    let long = "a".repeat(40_000);
    for (path, pairs) in DOORS {
        for (kind, assertion) in [
            (BEARER, unsigned),
            (BEARER, ""),
            ("", unsigned),
            ("x", "y"),
            ("urn:ietf:params:oauth:client-assertion-type:saml2-bearer", "PA=="),
            (BEARER, &long),
        ] {
            let form = Request::post(path, pairs).set("client_assertion_type", kind).set("client_assertion", assertion);
            attack.send(&form, &denied());
            attack.send(&form.clone().set("client_id", "robot"), &denied());
            attack.send(&form.clone().set("client_id", "shop").set("client_secret", "x"), &either());
            attack.send(&form.add("client_assertion", "z"), &Expect::Json(vec!["invalid_request"]));
        }
        let huge = Request::post(path, pairs).set("client_assertion_type", BEARER).set("client_assertion", "a".repeat(1 << 20));
        attack.send(&huge, &Expect::Refused(vec![413]));
    }
}

fn certificate_headers(attack: &mut Attack<'_>) {
    let names = [
        "X-Client-Cert",
        "X-SSL-Cert",
        "X-SSL-Client-Verify",
        "X-Forwarded-Client-Cert",
        "SSL_CLIENT_CERT",
        "X-SSL-Client-S-DN",
        "X-Remote-User",
        "Client-Cert",
    ];
    for (path, pairs) in DOORS {
        for name in names {
            for value in ["SUCCESS", "-----BEGIN CERTIFICATE-----", "CN=robot", "Hash=00;Subject=\"CN=robot\"", "robot"] {
                let form = Request::post(path, pairs).set("client_id", "robot").header(name, value);
                attack.send(&form, &denied());
            }
        }
    }
}

/// Status, headers and body without what differs in every answer.
fn comparable(reply: &Reply) -> String {
    let Reply::Answer(answer) = reply else { return format!("{reply:?}") };
    let headers: Vec<_> =
        answer.headers.iter().filter(|(name, _)| !["date", "x-request-id", "connection"].contains(&name.as_str())).collect();
    format!("{} {headers:?} {}", answer.status, answer.text())
}

fn oracle(attack: &mut Attack<'_>) {
    let secret = attack.target.secret("robot").to_owned();
    let other = attack.target.secret("shop").to_owned();
    for (path, pairs) in DOORS {
        let form = Request::post(path, pairs);
        let mut seen = std::collections::BTreeSet::new();
        for request in [
            form.clone().header("authorization", basic("nobody", &secret)),
            form.clone().header("authorization", basic("robot", "wrong")),
            form.clone().header("authorization", basic("robot", &other)),
            form.clone().header("authorization", basic("spa", "x")),
            form.clone().header("authorization", basic("poster", "x")),
            form.clone().set("client_id", "robot").set("client_secret", &secret),
            form.clone().set("client_id", "nobody").set("client_secret", "x"),
            form.clone().set("client_id", "shop"),
            form.clone().set("client_id", "nobody"),
        ] {
            let reply = attack.send(&request, &denied());
            seen.insert(comparable(&reply));
        }
        // In development the answer explains itself.
        attack.hold(&format!("answers differ: {seen:?}"), seen.len() == 1 || attack.target.name == "dev");
    }
}

fn many_wrong(attack: &mut Attack<'_>) {
    for number in 0..1000 {
        let form = Request::post("/token", &[("grant_type", "client_credentials")]);
        let guess = attack.random.word(53);
        attack.send(&form.header("authorization", basic("robot", &format!("khx_{guess}"))), &denied());
        if number % 100 == 99 {
            let right =
                Request::post("/token", &[("grant_type", "client_credentials")]).header("authorization", attack.target.basic("robot"));
            attack.send(&right, &Expect::Tokens(None));
        }
    }
}
