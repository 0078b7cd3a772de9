//! Introspection, revocation and metadata, and client credentials: asked by the wrong ones, for the wrong tokens, at the wrong host
//! (RFC 7662, RFC 7009, RFC 8414).
//!
//! Every template of the group is in this one file: a table of them above, a function for each below.

use keyhook_tests::http::basic;

use super::code::{introspect, tokens};
use super::{Expander, always, mangled, once, redeem};
use crate::attack::Attack;
use crate::check::expect::Expect;
use crate::target::{SHOP_URI, Target};
use crate::wire::{Reply, Request};

pub const INTROSPECTION: &[Expander] = &[
    always("IN-01", "introspection by nobody, by the wrong one, by a public client", by_nobody),
    always("IN-02", "other people's tokens and none", others_tokens),
    always("IN-03", "guesses", guesses),
    always("IN-04", "hints that are wrong", hints),
    always("IN-05", "revocation of other clients' tokens", revoke_others),
    once("IN-09", "a revocation and then a restart", revoked_for_good),
    always("IN-11", "JSONP and CORS", cross_origin),
    always("IN-12", "another host in Host, target and forwarded headers", other_host),
    always("IN-14", "odd requests for the metadata", metadata),
];

pub const EXCHANGE: &[Expander] = &[
    always("TX-09", "client credentials with more than they give", client_credentials),
    always("TX-11", "a token at another resource server", other_resource_server),
];

fn by_nobody(attack: &mut Attack<'_>) {
    let denied = Expect::Json(vec!["invalid_client"]);
    let token = attack.random.word(60);
    for token in ["kha_x", "", &token] {
        let form = Request::post("/introspect", &[("token", token)]);
        attack.send(&form, &denied);
        for client in ["spa", "native", "nobody", "shop"] {
            attack.send(&form.clone().set("client_id", client), &denied);
            attack.send(&form.clone().header("authorization", basic(client, "wrong")), &denied);
            attack.send(&form.clone().set("client_id", client).set("client_secret", "wrong"), &denied);
        }
        for header in ["Bearer kha_x", "Basic x", "DPoP x", ""] {
            attack.send(&form.clone().header("authorization", header), &denied);
        }
    }
    let right = Request::post("/introspect", &[]).header("authorization", attack.target.basic("robot"));
    attack.send(&right, &Expect::Json(vec!["invalid_request"]));
    attack.send(
        &Request::get("/introspect", &[("token", "x")]).header("authorization", attack.target.basic("robot")),
        &Expect::Refused(vec![405]),
    );
}

/// Tokens of `shop`.
fn issued(attack: &mut Attack<'_>) -> (String, String) {
    let code = attack.prepare(|target| target.code("shop", SHOP_URI));
    let right = redeem(&code, SHOP_URI).header("authorization", attack.target.basic("shop"));
    tokens(&attack.send(&right, &Expect::Tokens(None)))
}

fn by(attack: &Attack<'_>, client: &str, path: &str, token: &str) -> Request {
    Request::post(path, &[("token", token)]).header("authorization", attack.target.basic(client))
}

fn others_tokens(attack: &mut Attack<'_>) {
    let (access, refresh) = issued(attack);
    for client in ["other", "lax", "limited", "web-loopback"] {
        for token in [&access, &refresh] {
            attack.send(&by(attack, client, "/introspect", token), &Expect::Inactive);
        }
    }
    attack.send(&by(attack, "shop", "/introspect", &access), &Expect::Active);
    let session = attack.target.browser("alice").cookies.values().next().cloned().unwrap_or_default();
    let mut wrong: Vec<String> =
        ["x", "null", "0", "eyJhbGciOiJub25lIn0.e30.", "kha_", "khr_", "\u{1f511}", "' OR 1=1 --", "../kha", "<script>"]
            .map(str::to_owned)
            .into();
    wrong.extend([session, "k".repeat(60_000), attack.target.secret("robot").to_owned()]);
    wrong.extend(mangled(&access, &mut attack.random));
    for token in wrong {
        attack.send(&introspect(attack, &token), &Expect::Inactive);
    }
    attack.send(&by(attack, "shop", "/revoke", &refresh), &Expect::Harmless(vec![200]));
    for token in [&access, &refresh] {
        attack.send(&introspect(attack, token), &Expect::Inactive);
    }
}

fn guesses(attack: &mut Attack<'_>) {
    for _ in 0..300 {
        let prefix = *attack.random.one(&["kha_", "khr_", "khc_", "khs_", "khi_", "khx_", ""]);
        let length = if attack.random.once_in(2) { 70 } else { attack.random.below(200) };
        let guess = format!("{prefix}x{}", attack.random.word(length));
        attack.send(&introspect(attack, &guess), &Expect::Inactive);
    }
}

fn hints(attack: &mut Attack<'_>) {
    let (access, refresh) = issued(attack);
    for hint in ["refresh_token", "access_token", "id_token", "", "nonsense", "ACCESS_TOKEN", "access_token refresh_token"] {
        for token in [&access, &refresh] {
            attack.send(&introspect(attack, token).set("token_type_hint", hint), &Expect::Active);
        }
        attack.send(&introspect(attack, "kha_x").set("token_type_hint", hint), &Expect::Inactive);
    }
    let wrong = by(attack, "shop", "/revoke", &access).set("token_type_hint", "refresh_token");
    attack.send(&wrong, &Expect::Harmless(vec![200]));
    attack.send(&introspect(attack, &access), &Expect::Inactive);
}

fn revoke_others(attack: &mut Attack<'_>) {
    let (access, refresh) = issued(attack);
    for client in ["other", "lax", "robot"] {
        for token in [&access, &refresh] {
            attack.send(&by(attack, client, "/revoke", token), &Expect::Json(vec!["unauthorized_client"]));
        }
    }
    for client in ["spa", "native"] {
        for token in [&access, &refresh] {
            attack.send(&Request::post("/revoke", &[("token", token), ("client_id", client)]), &Expect::Json(vec!["unauthorized_client"]));
        }
    }
    for client in ["", "shop", "nobody"] {
        attack.send(&Request::post("/revoke", &[("token", &access), ("client_id", client)]), &Expect::Json(vec!["invalid_client"]));
    }
    for guess in mangled(&refresh, &mut attack.random) {
        attack.send(&by(attack, "shop", "/revoke", &guess), &Expect::Harmless(vec![200]));
    }
    for token in [&access, &refresh] {
        attack.send(&introspect(attack, token), &Expect::Active);
    }
    let code = attack.prepare(|target| target.code("shop", SHOP_URI));
    attack.send(&by(attack, "shop", "/revoke", &code), &Expect::Json(vec!["unsupported_token_type"]));
    attack.send(&by(attack, "shop", "/revoke", ""), &Expect::Json(vec!["invalid_request"]));
}

fn revoked_for_good(attack: &mut Attack<'_>) {
    let (access, refresh) = issued(attack);
    let (second, _) = issued(attack);
    attack.send(&by(attack, "shop", "/revoke", &refresh), &Expect::Harmless(vec![200]));
    attack.prepare(Target::restart);
    for token in [&access, &refresh] {
        attack.send(&introspect(attack, token), &Expect::Inactive);
    }
    attack.send(&introspect(attack, &second), &Expect::Active);
}

fn cross_origin(attack: &mut Attack<'_>) {
    let origins =
        ["https://evil.test", "null", "*", "http://localhost", "https://app.test", "chrome-extension://x", "https://evil.test\u{e9}"];
    let paths = ["/token", "/introspect", "/revoke", "/authorize", "/login", "/consent", "/logout"];
    for origin in origins {
        for path in paths {
            let preflight = Request::new("OPTIONS", path)
                .header("origin", origin)
                .header("access-control-request-method", "POST")
                .header("access-control-request-headers", "authorization");
            attack.send(&preflight, &Expect::Refused(vec![405]));
        }
        let form = Request::post("/token", &[("grant_type", "client_credentials")]).header("origin", origin);
        attack.send(&form, &Expect::Json(vec!["invalid_client"]));
        attack.send(&form.header("authorization", attack.target.basic("robot")), &Expect::Tokens(None));
        let page = Request::get("/.well-known/oauth-authorization-server", &[]).header("origin", origin);
        let reply = attack.send(&page, &Expect::Harmless(vec![200]));
        let Reply::Answer(answer) = reply else { continue };
        attack.hold("credentials are allowed across origins", answer.header("access-control-allow-credentials").is_none());
    }
    for name in ["callback", "jsonp", "cb", "_"] {
        let page = Request::get("/.well-known/oauth-authorization-server", &[(name, "alert")]);
        let Reply::Answer(answer) = attack.send(&page, &Expect::Harmless(vec![200])) else { continue };
        attack.hold("JSONP", answer.body.starts_with(b"{") && answer.is("application/json"));
        let form = introspect(attack, "kha_x").set(name, "alert");
        attack.send(&form, &Expect::Inactive);
    }
}

fn other_host(attack: &mut Attack<'_>) {
    let page = Request::get("/.well-known/oauth-authorization-server", &[]);
    let issuer = format!("\"issuer\":\"{}\"", attack.target.facts.issuer);
    let mut all = Vec::new();
    for host in ["evil.test", "localhost:1", "evil.test:80", "LOCALHOST", "[::1]", "127.0.0.1"] {
        all.push(Request { host: Some(host.to_owned()), ..page.clone() });
    }
    for (name, value) in [
        ("x-forwarded-host", "evil.test"),
        ("x-forwarded-proto", "https"),
        ("x-forwarded-port", "444"),
        ("x-forwarded-prefix", "/evil"),
        ("forwarded", "host=evil.test;proto=https"),
        ("x-original-host", "evil.test"),
        ("x-host", "evil.test"),
        ("x-original-url", "/evil"),
        ("x-rewrite-url", "/evil"),
        ("x-forwarded-for", "10.0.0.1"),
    ] {
        all.push(page.clone().header(name, value));
    }
    for request in all {
        let Reply::Answer(answer) = attack.send(&request, &Expect::Harmless(vec![200])) else { continue };
        attack.hold("the issuer follows the request", answer.text().contains(&issuer) && !answer.text().contains("evil"));
    }
    for host in ["evil.test", "evil.test:80", "localhost.evil.test"] {
        for path in ["/authorize", "/login", "/logout", "/consent", "/authorize/resume"] {
            attack.send(&Request { host: Some(host.to_owned()), ..super::shop() }, &Expect::Refused(vec![421]));
            attack.send(&Request { host: Some(host.to_owned()), ..Request::new("GET", path) }, &Expect::Refused(vec![421]));
        }
        // The back channel goes by what is sent, not by where: an issuer behind other names stays one.
        let form = Request::post("/token", &[("grant_type", "client_credentials")]);
        attack.send(&Request { host: Some(host.to_owned()), ..form }, &Expect::Json(vec!["invalid_client"]));
    }
    for host in [
        "",
        "a b",
        "user@localhost",
        "localhost/evil",
        "localhost:99999",
        "localhost:+80",
        "a,b",
        "<script>",
        "é",
        "[::1",
        "localhost:80:80",
    ] {
        attack.send(&Request { host: Some(host.to_owned()), ..page.clone() }, &Expect::Refused(vec![400]));
    }
    attack.send(&page.header("host", "evil.test"), &Expect::Refused(vec![400]));
}

fn metadata(attack: &mut Attack<'_>) {
    let path = "/.well-known/oauth-authorization-server";
    for (name, value) in [
        ("accept", "text/html"),
        ("accept", "*/*;q=0"),
        ("accept", "application/json;q=x"),
        ("accept", "\u{1f4a9}"),
        ("if-none-match", "*"),
        ("if-none-match", "\"x\""),
        ("if-modified-since", "Sat, 01 Jan 2050 00:00:00 GMT"),
        ("range", "bytes=0-1"),
        ("range", "bytes=-1,0-0,5-"),
        ("accept-encoding", "gzip, br"),
        ("accept-language", "../../x"),
        ("te", "trailers"),
        ("upgrade", "h2c"),
        ("expect", "x"),
        ("cookie", "a=b; c"),
        ("authorization", "Bearer x"),
        ("connection", "upgrade"),
    ] {
        let Reply::Answer(answer) = attack.send(&Request::get(path, &[]).header(name, value), &Expect::Harmless(vec![200, 417])) else {
            continue;
        };
        attack.hold("the document is not whole", answer.status == 417 || serde_json::from_slice::<serde_json::Value>(&answer.body).is_ok());
    }
    for other in [
        "/.well-known/openid-configuration",
        "/.well-known/jwks.json",
        "/jwks/",
        "/jwks/0",
        "/.well-known/",
        "/.well-known/oauth-authorization-server/x",
        "/.well-known/../authorize",
        "/.well-known/webfinger",
    ] {
        attack.send(&Request::get(other, &[]), &Expect::Refused(vec![404]));
    }
    let Reply::Answer(keys) = attack.send(&Request::get("/jwks", &[]), &Expect::Harmless(vec![200])) else { return };
    attack.hold("a private member of a key is published", !["\"d\"", "\"p\"", "\"q\"", "\"k\""].iter().any(|it| keys.text().contains(it)));
    for path in [path, "/jwks"] {
        for method in ["POST", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE", "PROPFIND"] {
            attack.send(&Request::new(method, path), &Expect::Refused(vec![405]));
        }
        attack.send(&Request::new("HEAD", path), &Expect::Harmless(vec![200]));
    }
}

fn client_credentials(attack: &mut Attack<'_>) {
    let form = Request::post("/token", &[("grant_type", "client_credentials")]).header("authorization", attack.target.basic("robot"));
    for scope in [
        "openid",
        "offline_access",
        "openid offline_access",
        "read openid",
        "admin",
        "read write admin",
        "*",
        "READ",
        "read  write",
        "\"",
        "é",
    ] {
        attack.send(&form.clone().set("scope", scope), &Expect::Json(vec!["invalid_scope"]));
    }
    for (name, value) in [
        ("sub", "alice"),
        ("username", "alice"),
        ("subject", "admin"),
        ("client", "shop"),
        ("resource", "https://rs.test"),
        ("audience", "x"),
        ("act", "y"),
        ("expires_in", "999999999"),
        ("access_token", "mine"),
    ] {
        let reply = attack.send(&form.clone().set(name, value), &Expect::Tokens(Some("read write".to_owned())));
        let (access, refresh) = tokens(&reply);
        attack.hold("a refresh token without a user, or a token of the client's choice", refresh.is_empty() && access != value);
        let Reply::Answer(answer) = attack.send(&introspect(attack, &access), &Expect::Active) else { continue };
        attack.hold("a token of a client has a user", answer.json().get("sub").is_none() && answer.json().get("username").is_none());
    }
    let (access, _) = tokens(&attack.send(&form, &Expect::Tokens(None)));
    attack.send(&by(attack, "robot", "/revoke", &access), &Expect::Harmless(vec![200]));
    attack.send(&introspect(attack, &access), &Expect::Inactive);
}

fn other_resource_server(attack: &mut Attack<'_>) {
    let (access, _) = issued(attack);
    for client in ["other", "lax", "limited", "web-loopback", "two"] {
        attack.send(&by(attack, client, "/introspect", &access), &Expect::Inactive);
    }
    let robots = Request::post("/token", &[("grant_type", "client_credentials")]).header("authorization", attack.target.basic("robot"));
    let (access, _) = tokens(&attack.send(&robots, &Expect::Tokens(None)));
    for client in ["shop", "other"] {
        attack.send(&by(attack, client, "/introspect", &access), &Expect::Inactive);
    }
}
