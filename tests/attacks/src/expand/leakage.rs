//! What the server says about itself and its secrets: answers, metrics, database, commands (RFC 6819 §5.1.4).

use keyhook_tests::binary;

use super::{Expander, always, bad_encodings, once, shop};
use crate::attack::Attack;
use crate::check::expect::Expect;
use crate::target::SHOP_URI;
use crate::wire::{Body, Reply, Request};

pub const ALL: &[Expander] = &[
    always("LK-01", "every secret in every wrong place", misplaced),
    always("LK-02", "what errors say", errors),
    once("LK-05", "labels that attackers choose", metrics),
    once("LK-06", "the database and everything beside it", database),
    once("LK-07", "what commands show of secrets", commands),
    once("LK-08", "what commands print", printed),
];

pub const PUSHED: &[Expander] = &[always("PA-13", "request objects by reference", by_reference)];

/// Secrets that are sent where they do not belong come neither back nor into the log.
fn misplaced(attack: &mut Attack<'_>) {
    let code = attack.prepare(|target| target.code("shop", SHOP_URI));
    let browser = attack.target.browser("alice");
    let session = browser.cookies.get(&attack.target.facts.cookie).cloned().unwrap_or_default();
    let secrets = [attack.target.secret("shop").to_owned(), attack.target.secret("robot").to_owned(), code, session];
    for secret in &secrets {
        for name in ["client_id", "redirect_uri", "scope", "state", "response_type", "prompt", "login_hint", "code_challenge", "x"] {
            let request = shop().set(name, secret);
            // A state comes back by design.
            if name != "state" {
                attack.send(&request, &Expect::Harmless(vec![303, 400]));
            }
            attack.send(&Request::get("/logout", &[(name, secret)]), &Expect::Harmless(vec![200]));
        }
        for name in ["client_id", "grant_type", "scope", "token", "code", "refresh_token", "client_secret", "code_verifier"] {
            for path in ["/token", "/introspect", "/revoke"] {
                attack.send(&Request::post(path, &[(name, secret)]), &Expect::Json(vec!["invalid_client"]));
                let robot = Request::post(path, &[(name, secret)]).header("authorization", attack.target.basic("robot"));
                let refused = Expect::Json(vec!["invalid_request", "unsupported_grant_type", "unsupported_token_type"]);
                attack.send(&robot, &Expect::Either(vec![refused, Expect::Inactive, Expect::Harmless(vec![200])]));
            }
        }
        attack.send(&Request::new("GET", &format!("/{secret}")), &Expect::Refused(vec![404]));
        for header in ["user-agent", "referer", "origin", "x-request-id", "accept", "authorization"] {
            attack.send(&shop().set("client_id", "nobody").header(header, secret), &Expect::Page);
        }
        for path in ["/login", "/consent", "/authorize/resume"] {
            attack.send(&Request::get(path, &[("interaction", secret)]), &Expect::Page);
        }
    }
}

fn errors(attack: &mut Attack<'_>) {
    let json = Body::Bytes("application/json".to_owned(), b"{\"grant_type\":\"client_credentials\"}".to_vec());
    for path in ["/token", "/introspect", "/revoke"] {
        for kind in ["application/json", "text/plain", "multipart/form-data", "text/xml", "", "\"", "application/x-www-form-urlencoded, x"]
        {
            let body = Body::Bytes(kind.to_owned(), b"grant_type=client_credentials".to_vec());
            let request = Request { body, ..Request::new("POST", path) };
            attack.send(&request, &Expect::Json(vec!["invalid_request"]));
        }
        attack.send(&Request { body: json.clone(), ..Request::new("POST", path) }, &Expect::Json(vec!["invalid_request"]));
        for bad in bad_encodings() {
            let request = Request::post(path, &[]).set_raw("grant_type", bad).header("authorization", attack.target.basic("robot"));
            attack.send(&request, &Expect::Json(vec!["invalid_request"]));
        }
        let both = Request::post(path, &[("a", "b")]).header("content-type", "text/plain");
        attack.send(&both, &Expect::Json(vec!["invalid_request"]));
    }
    for path in ["/authorize", "/login", "/consent", "/authorize/resume", "/nothing", "/token"] {
        for accept in ["application/json", "text/html", "*/*", "x"] {
            let Reply::Answer(answer) =
                attack.send(&Request::get(path, &[]).header("accept", accept), &Expect::Refused(vec![400, 403, 404, 405]))
            else {
                continue;
            };
            let text = answer.text().to_lowercase();
            attack.hold("an error names its maker", !text.contains("hyper") && !text.contains("tokio") && !text.contains("keyhook/"));
        }
    }
}

fn metrics(attack: &mut Attack<'_>) {
    let port = attack.target.management;
    if port == 0 {
        attack.send(&Request::get("/metrics", &[]), &Expect::Refused(vec![404]));
        return;
    }
    let page = |port: u16| {
        let mut client = keyhook_tests::http::Client::new(([127, 0, 0, 1], port).into(), "localhost");
        client.get("/metrics").text()
    };
    let before = page(port).lines().count();
    for _ in 0..300 {
        let word = attack.random.word(12);
        attack.send(&Request::new("GET", &format!("/{word}")), &Expect::Refused(vec![404]));
        attack.send(&shop().set("client_id", &word), &Expect::Page);
        attack.send(&Request::new(&word.to_uppercase(), "/token"), &Expect::Refused(vec![405]));
    }
    let text = page(port);
    let after = text.lines().count();
    attack.hold(&format!("{before} lines of metrics became {after}"), after < before + 40);
    attack.hold("a secret is in the metrics", attack.target.canaries.find(text.as_bytes()).is_none());
}

fn database(attack: &mut Attack<'_>) {
    let files = attack.target.files();
    attack.hold("there is a database", files.iter().any(|file| file.extension().is_some_and(|end| end == "db")));
    for file in files {
        attack.count(1);
        let bytes = std::fs::read(&file).unwrap_or_default();
        let found = attack.target.canaries.find(&bytes).map(str::to_owned);
        attack.hold(&format!("{} holds a {}", file.display(), found.clone().unwrap_or_default()), found.is_none());
    }
    let pid = attack.target.serving();
    for name in ["cmdline", "environ"] {
        attack.count(1);
        let bytes = std::fs::read(format!("/proc/{pid}/{name}")).unwrap_or_default();
        attack.hold(&format!("{name} holds a secret"), attack.target.canaries.find(&bytes).is_none());
    }
}

fn commands(attack: &mut Attack<'_>) {
    for line in [
        &["client", "list", "--format", "json"][..],
        &["client", "list"],
        &["user", "list", "--format", "json"],
        &["config", "show", "--origin"],
        &["status"],
        &["plugin", "list"],
    ] {
        let said = attack.prepare(|target| {
            let output = binary::run(target.folder(), line);
            [output.stdout, output.stderr].concat()
        });
        attack.count(1);
        let found = attack.target.canaries.find(&said).map(str::to_owned);
        attack.hold(&format!("keyhook {} shows a {}", line.join(" "), found.clone().unwrap_or_default()), found.is_none());
    }
}

fn printed(attack: &mut Attack<'_>) {
    let said = attack.prepare(|target| {
        target.add_client("printed", &["--redirect-uri", "https://printed.test/cb"]);
        let again = binary::run(target.folder(), &["client", "add", "printed", "--redirect-uri", "https://printed.test/cb"]);
        [again.stdout, again.stderr].concat()
    });
    attack.count(1);
    attack.hold(
        "a refused registration prints a secret",
        attack.target.canaries.find(&said).is_none() && !said.windows(4).any(|part| part == b"khx_"),
    );
}

fn by_reference(attack: &mut Attack<'_>) {
    for uri in [
        "https://169.254.169.254/latest/meta-data/",
        "http://127.0.0.1:22/",
        "http://[::1]/",
        "http://10.0.0.1/",
        "http://[fd00::1]/",
        "http://0.0.0.0/",
        "http://2130706433/",
        "http://0177.0.0.1/",
        "http://[::ffff:127.0.0.1]/",
        "http://localhost./",
        "http://metadata.google.internal/",
        "file:///etc/passwd",
        "gopher://127.0.0.1:6379/_x",
        "ftp://127.0.0.1/",
        "dict://127.0.0.1/",
        "unix:/run/x.sock",
        "urn:ietf:params:oauth:request_uri:x",
        "https://evil.test/r",
        "//evil.test/r",
    ] {
        attack.send(&shop().set("request_uri", uri), &Expect::back(&["request_uri_not_supported"], SHOP_URI, super::STATE));
        for name in ["jwks_uri", "sector_identifier_uri", "logo_uri", "software_statement", "client_uri"] {
            attack.send(&shop().set(name, uri), &Expect::Onward("/login?interaction="));
        }
        attack.send(&shop().set("client_id", uri), &Expect::Page);
    }
}
