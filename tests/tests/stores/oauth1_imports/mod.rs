//! `keyhook import repoze` and `keyhook import cycloauth`, filled as these filled them; then old tokens sign over the socket (RFC 5849 §3).

use keyhook_tests::binary;
use keyhook_tests::http::Answer;
use keyhook_tests::pair::Pair;
use keyhook_tests::signing::{Consumer, Place};
use serde_json::{Value, json};

use crate::database::{Database, Sort};
use crate::python_oauth2::mongo_wire;
use crate::site::url;

const TOKEN: &str = "aB3dE6gH9jK2mN5pQ8sT1vW4yZ7bC0eF3hI6kL9n";
const TIMED: &str = "bB3dE6gH9jK2mN5pQ8sT1vW4yZ7bC0eF3hI6kL9n";
const ENDED: &str = "cB3dE6gH9jK2mN5pQ8sT1vW4yZ7bC0eF3hI6kL9n";
const TOKEN_SECRET: &str = "the-secret-of-the-tokens";
const SECRET: &str = "the-secret-of-the-consumers";

/// What an import says.
fn import(pair: &Pair, system: &str, more: &[&str]) -> Value {
    let mut arguments = vec!["import", system, "--from", "@old-url", "--scope", "read write", "--format", "json"];
    arguments.extend(more);
    let said = binary::stdout(pair.production.path(), &arguments);
    assert!([TOKEN, TIMED, ENDED, SECRET, TOKEN_SECRET, "for-tests-only"].iter().all(|secret| !said.contains(secret)), "{said}");
    serde_json::from_str(&said).unwrap()
}

/// `imported`, `already_there`, `left_out` of clients, access tokens and request tokens.
fn counts(report: &Value) -> [[u64; 3]; 3] {
    ["clients", "access_tokens", "request_tokens"]
        .map(|sort| ["imported", "already_there", "left_out"].map(|count| report[sort][count].as_u64().unwrap()))
}

fn site(name: &str, old: &str) -> Pair {
    let pair = Pair::single(name, "[oauth1]\nenabled = true\ntoken_ttl = \"1h\"\n");
    std::fs::write(pair.production.path().join("old-url"), old.to_owned() + "\n").unwrap();
    pair
}

/// Without a token it signs for itself.
fn consumer(id: &str, token: &str) -> Consumer {
    let secret = if token.is_empty() { "" } else { TOKEN_SECRET };
    Consumer { id: id.into(), secret: SECRET.into(), token: (token.into(), secret.into()) }
}

#[allow(clippy::disallowed_methods, reason = "the server signs and compares by the clock of the machine, and so does its client")]
fn now() -> i64 {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap();
    i64::try_from(since.as_secs()).unwrap()
}

/// What introspection says of a request that the consumer signs.
fn seen(pair: &Pair, by: &Consumer) -> Value {
    let photo = by.draft("GET", "/photos?size=original", now());
    let (uri, authorization) = (photo.uri("api.example"), photo.authorization("api.example"));
    pair.nodes()[0].post("/introspect", &[("method", "GET"), ("uri", &uri), ("authorization", &authorization)]).json()
}

/// A request of the consumer itself.
fn signed(pair: &Pair, by: &Consumer, path: &str, form: &str) -> Answer {
    by.draft("POST", path, now()).form(form).send(&mut pair.browser(), Place::Header)
}

fn repoze() -> Database {
    let database = Database::new(Sort::MariaDb);
    database.run(include_str!("repoze.sql"));
    for (key, name) in [("printer", "'The printer'"), ("other", "NULL"), ("with a space", "NULL")] {
        database.run(&format!("INSERT INTO oauth_consumers VALUES ('{key}', '{SECRET}', {name}, NOW())"));
    }
    // Its local time was an hour ahead of UTC.
    let tokens =
        [(TOKEN, "NULL"), (TIMED, "UTC_TIMESTAMP() + INTERVAL 3 HOUR"), (ENDED, "UTC_TIMESTAMP() + INTERVAL 30 MINUTE"), ("short", "NULL")];
    for (key, end) in tokens {
        database.run(&format!("INSERT INTO oauth_access_tokens VALUES ('{key}', '{TOKEN_SECRET}', 'alice', NOW(), {end}, 'printer')"));
    }
    database.run("INSERT INTO oauth_request_tokens VALUES ('r', 's', NULL, NULL, 'oob', NOW(), NULL, 'printer')");
    database
}

#[test]
#[ignore = "needs servers: ./runtests.sh stores"]
fn repoze_tokens_go_on_signing_for_their_user_and_their_consumer_alone() {
    let database = repoze();
    let pair = site("import-repoze", &database.url());
    let dry = import(&pair, "repoze", &["--utc-offset", "60", "--dry-run"]);
    assert_eq!(counts(&dry), [[2, 0, 1], [2, 0, 2], [0, 0, 1]], "{dry:#}");
    assert_eq!(binary::stdout(pair.production.path(), &["client", "list", "-q"]), "shop\n", "a dry run writes nothing");
    assert_eq!(seen(&pair, &consumer("printer", TOKEN))["active"], false);

    let done = import(&pair, "repoze", &["--utc-offset", "60"]);
    assert_eq!(counts(&done), counts(&dry), "{done:#}");
    let said = done["left_out"].to_string() + &done["notes"].to_string();
    for part in ["with a space", "they have ended", "had no end", "could be mistaken", "+60 minutes", "printer --add-redirect-uri"] {
        assert!(said.contains(part), "{part}: {done:#}");
    }
    let again = import(&pair, "repoze", &["--utc-offset", "60"]);
    assert_eq!(counts(&again), [[0, 2, 1], [0, 2, 2], [0, 0, 1]], "{again:#}");

    let told = seen(&pair, &consumer("printer", TOKEN));
    assert_eq!((&told["active"], &told["sub"], &told["client_id"]), (&true.into(), &"alice".into(), &"printer".into()), "{told}");
    assert_eq!(told["scope"], "read write");
    let ends_in = |told: &Value| told["exp"].as_i64().unwrap() - now();
    assert!((3500..=3600).contains(&ends_in(&told)), "the end of token_ttl: {told}");
    let timed = seen(&pair, &consumer("printer", TIMED));
    assert!((7100..=7200).contains(&ends_in(&timed)), "its own end: {timed}");
    refuses(&pair);
    is_revoked(&pair);
    let last = import(&pair, "repoze", &["--utc-offset", "60"]);
    assert_eq!(counts(&last)[1], [0, 2, 2], "what was revoked stays revoked: {last:#}");
    assert_eq!(seen(&pair, &consumer("printer", TOKEN))["active"], false);
}

/// RFC 5849 §3.2: the token is its consumer's, and both secrets sign.
fn refuses(pair: &Pair) {
    let mut forged = consumer("printer", TOKEN);
    forged.token.1 = "guessed".into();
    for wrong in [consumer("other", TOKEN), consumer("printer", ENDED), consumer("printer", "short"), forged] {
        let told = seen(pair, &wrong);
        assert_eq!(told["active"], false, "{wrong:?}: {told}");
    }
    assert_eq!(seen(pair, &consumer("other", ""))["client_id"], "other", "a consumer signs for itself");
}

/// RFC 7009 §2.1: by its own client alone.
fn is_revoked(pair: &Pair) {
    let form = format!("token={TOKEN}");
    let other = signed(pair, &consumer("other", ""), "/revoke", &form);
    assert_eq!(other.error(), "unauthorized_client");
    assert_eq!(seen(pair, &consumer("printer", TOKEN))["active"], true);
    let own = signed(pair, &consumer("printer", ""), "/revoke", &form);
    assert_eq!(own.status, 200, "{}", own.text());
    let told = seen(pair, &consumer("printer", TOKEN));
    assert_eq!((&told["active"], &told["oauth_problem"]), (&false.into(), &"token_revoked".into()), "{told}");
    assert_eq!(seen(pair, &consumer("printer", TIMED))["active"], true, "each row was a permission of its own");
}

/// RFC 8693 §2.1: a consumer that moves to OAuth 2 takes its old token along.
#[test]
#[ignore = "needs servers: ./runtests.sh stores"]
fn repoze_tokens_cross_the_bridge_to_oauth_2() {
    let database = repoze();
    let pair = site("import-repoze-bridge", &database.url());
    import(&pair, "repoze", &[]);
    let grant = "urn:ietf:params:oauth:grant-type:token-exchange";
    binary::stdout(pair.production.path(), &["client", "update", "printer", "--add-grant", grant]);
    let form = keyhook_tests::http::encode_form(&[
        ("grant_type", grant),
        ("subject_token", TOKEN),
        ("subject_token_type", "urn:keyhook:params:oauth:token-type:oauth1"),
    ]);
    let answer = signed(&pair, &consumer("printer", TOKEN), "/token", &form);
    assert_eq!(answer.status, 200, "{}", answer.text());
    let told = pair.nodes()[0].introspect(answer.json()["access_token"].as_str().unwrap());
    assert_eq!((&told["sub"], &told["client_id"]), (&"alice".into(), &"printer".into()), "{told}");
}

#[test]
#[ignore = "needs servers: ./runtests.sh stores"]
fn cycloauth_consumers_move_out_of_mongodb_and_tokens_of_nobody_stay() {
    let server = url("KEYHOOK_TEST_MONGODB");
    let mut mongo = mongo_wire::Connection::open(&server, &format!("cycloauth_{}", std::process::id()));
    let consumer_of = |key: &str, callback: Value| json!({ "key": key, "secret": SECRET, "callback": callback });
    mongo.insert("oauth_consumers", &[consumer_of("printer", "https://printer.example/ready".into()), consumer_of("other", Value::Null)]);
    let token = |key: &str, callback: Value| json!({ "key": key, "secret": TOKEN_SECRET, "callback": callback, "verifier": null });
    mongo.insert("oauth_requets_tokens", &[token(TOKEN, Value::Null), token(TIMED, "https://printer.example/ready".into())]);
    let pair = site("import-cycloauth", &server.replacen("/?", &format!("/{}?", mongo.database), 1));
    let dry = import(&pair, "cycloauth", &["--dry-run"]);
    assert_eq!(counts(&dry), [[2, 0, 0], [0, 0, 1], [0, 0, 1]], "{dry:#}");
    let done = import(&pair, "cycloauth", &[]);
    assert_eq!(counts(&done), counts(&dry), "{done:#}");
    assert!(done["left_out"].to_string().contains("neither their consumer nor their user"), "{done:#}");
    assert_eq!(counts(&import(&pair, "cycloauth", &[]))[0], [0, 2, 0]);
    assert_eq!(seen(&pair, &consumer("printer", ""))["client_id"], "printer");
    assert_eq!(seen(&pair, &consumer("printer", TOKEN))["active"], false);
    mongo.drop_database();
}
