//! `keyhook import python-oauth2` out of each store that it had, filled as it filled them; then its clients go on over the socket.

pub(crate) mod mongo_wire;

use std::io::Write as _;
use std::process::{Command, Stdio};

use keyhook_tests::binary;
use keyhook_tests::http::{Answer, Client};
use keyhook_tests::pair::Pair;
use serde_json::{Value, json};

use crate::database::{Database, Sort};
use crate::site::{Redis, own, url};

const ACCESS: &str = "3c3a3b0e-3c4f-4c55-8a5e-f8a0a5a9b7de";
const REFRESH: &str = "7d6f1f56-7d2a-4f44-9d8b-0d8c6d1b9f10";
/// Of the client itself, without an end.
const OWN: &str = "0b1d6a7e-52f5-4a06-9b6f-6b1a7d7a9c11";
const ENDED: &str = "f3b0c1d2-0000-4a06-9b6f-6b1a7d7a9c12";
const LATER: i64 = 4_000_000_000;
const SECRET: &str = "the-secret-of-abc";

/// Its clients, as its data type has them.
fn clients() -> Vec<Value> {
    vec![
        json!({
            "identifier": "abc", "secret": SECRET, "redirect_uris": ["https://old.example/cb", "http://old.example/cb"],
            "authorized_grants": ["authorization_code", "refresh_token", "client_credentials"], "authorized_response_types": ["code"],
        }),
        json!({
            "identifier": "with a space", "secret": "s", "redirect_uris": [], "authorized_grants": ["password"],
            "authorized_response_types": [],
        }),
    ]
}

/// Its access tokens.
fn tokens() -> Vec<Value> {
    let token = |text: &str, grant: &str, expires: Value, refresh: Value, user: Value| {
        json!({
            "client_id": "abc", "grant_type": grant, "token": text, "data": { "tenant": "acme", "note": "internal" }, "expires_at": expires,
            "refresh_token": refresh, "refresh_expires_at": null, "scopes": ["read", "write"], "user_id": user,
        })
    };
    vec![
        token(ACCESS, "authorization_code", LATER.into(), REFRESH.into(), 7.into()),
        token(OWN, "client_credentials", Value::Null, Value::Null, Value::Null),
        token(ENDED, "authorization_code", 1_500_000_000.into(), Value::Null, 7.into()),
    ]
}

/// What an import of those says.
fn import(pair: &Pair, from: &str, more: &[&str]) -> Value {
    let mut arguments = vec!["import", "python-oauth2", "--from", from, "--format", "json"];
    arguments.extend(more);
    let said = binary::stdout(pair.production.path(), &arguments);
    assert!(!said.contains("for-tests-only") && [ACCESS, REFRESH, OWN, SECRET].iter().all(|secret| !said.contains(secret)), "{said}");
    serde_json::from_str(&said).unwrap()
}

/// `imported`, `already_there`, `left_out` of clients, access tokens, refresh tokens and codes.
fn counts(report: &Value) -> [[u64; 3]; 4] {
    ["clients", "access_tokens", "refresh_tokens", "codes"]
        .map(|sort| ["imported", "already_there", "left_out"].map(|count| report[sort][count].as_u64().unwrap()))
}

/// The old client at the token endpoint, as it always was.
fn ask(http: &Client, secret: &str, form: &[(&str, &str)]) -> Answer {
    let form = [form, &[("client_id", "abc"), ("client_secret", secret)]].concat();
    http.clone().post("/token", &form)
}

/// A site that python-oauth2's clients move to; `store` is its `[store]`.
fn site(name: &str, store: &str) -> Pair {
    let config = format!("[tokens]\nrefresh_grace = \"0s\"\nattributes = [\"python-oauth2/tenant\"]\n{store}");
    Pair::single(name, &config)
}

/// Everything that has to be so, with what was filled standing at `from`.
fn moves(pair: &Pair, from: &str) {
    let dry = import(pair, from, &["--dry-run"]);
    assert_eq!(counts(&dry), [[1, 0, 1], [2, 0, 1], [1, 0, 0], [0, 0, 1]], "{dry:#}");
    let shop = &pair.nodes()[0];
    assert!(!shop.is_active(ACCESS), "a dry run writes nothing");
    let listed = binary::stdout(pair.production.path(), &["client", "list", "-q"]);
    assert_eq!(listed, "shop\n", "a dry run writes nothing");

    let done = import(pair, from, &[]);
    assert_eq!(counts(&done), counts(&dry), "{done:#}");
    let said = done["left_out"].to_string() + &done["notes"].to_string();
    for part in ["with a space", "http://old.example/cb", "they have ended", "had no end", "secret rotate abc"] {
        assert!(said.contains(part), "{part}: {done:#}");
    }
    let again = import(pair, from, &[]);
    assert_eq!(counts(&again), [[0, 1, 1], [0, 2, 1], [0, 1, 0], [0, 0, 1]], "{again:#}");

    lives_on(pair);
    refreshes_once(pair);
    let last = import(pair, from, &[]);
    assert_eq!(counts(&last)[2], [0, 1, 0], "what was spent stays spent: {last:#}");
    assert!(!shop.is_active(ACCESS), "its family has ended");
    assert_eq!(ask(&pair.browser(), SECRET, &[("grant_type", "refresh_token"), ("refresh_token", REFRESH)]).error(), "invalid_grant");
}

/// The access tokens are as they were.
fn lives_on(pair: &Pair) {
    let (shop, http) = (&pair.nodes()[0], pair.browser());
    let told = shop.introspect(ACCESS);
    assert_eq!((&told["active"], &told["sub"], &told["client_id"]), (&true.into(), &"7".into(), &"abc".into()), "{told}");
    assert_eq!((&told["scope"], &told["token_attributes"]), (&"read write".into(), &json!({ "tenant": "acme" })), "{told}");
    let own = shop.introspect(OWN);
    assert_eq!((&own["active"], &own["sub"]), (&true.into(), &Value::Null), "{own}");
    assert!(!shop.is_active(ENDED));
    let refresh = shop.introspect(REFRESH);
    assert_eq!((&refresh["active"], &refresh["token_type"]), (&true.into(), &Value::Null), "{refresh}");

    assert_eq!(ask(&http, "wrong", &[("grant_type", "client_credentials")]).error(), "invalid_client");
    let new = ask(&http, SECRET, &[("grant_type", "client_credentials")]);
    assert_eq!(new.status, 200, "{}", new.text());
    let gone = http.clone().post("/revoke", &[("token", OWN), ("client_id", "abc"), ("client_secret", SECRET)]);
    assert_eq!(gone.status, 200, "{}", gone.text());
    pair.server().wait_until("the token is revoked", || !shop.is_active(OWN));
}

/// RFC 9700 §4.14.2: an old refresh token is ours from its first use on, single-use, and a replay ends its family.
fn refreshes_once(pair: &Pair) {
    let (shop, http) = (&pair.nodes()[0], pair.browser());
    let refresh = |token: &str| ask(&http, SECRET, &[("grant_type", "refresh_token"), ("refresh_token", token)]);
    let answer = refresh(REFRESH);
    assert_eq!(answer.status, 200, "{}", answer.text());
    let (access, next) =
        (answer.json()["access_token"].as_str().unwrap().to_owned(), answer.json()["refresh_token"].as_str().unwrap().to_owned());
    assert!(next.starts_with("khr_") && access.starts_with("kha_"), "{}", answer.text());
    let told = shop.introspect(&access);
    assert_eq!(
        (&told["sub"], &told["scope"], &told["token_attributes"]),
        (&"7".into(), &"read write".into(), &json!({ "tenant": "acme" }))
    );
    let answer = refresh(&next);
    assert_eq!(answer.status, 200, "{}", answer.text());
    let last = answer.json()["refresh_token"].as_str().unwrap().to_owned();
    assert_eq!(refresh(REFRESH).error(), "invalid_grant");
    assert_eq!(refresh(&last).error(), "invalid_grant", "its family has ended");
    pair.server().wait_until("the access tokens of the family have ended", || !shop.is_active(&access) && !shop.is_active(ACCESS));
}

/// Its tables, and the rows that its stores would write.
#[test]
#[ignore = "needs servers: ./runtests.sh stores"]
fn its_mysql_tables_move_to_sqlite() {
    let database = Database::new(Sort::MariaDb);
    database.run(include_str!("schema.sql"));
    for (id, client) in clients().iter().enumerate() {
        let (id, text) = (id + 1, |member: &str| client[member].as_str().unwrap().to_owned());
        database.run(&format!("INSERT INTO clients VALUES ({id}, '{}', '{}')", text("identifier"), text("secret")));
        let lists = [
            ("client_grants", "authorized_grants"),
            ("client_redirect_uris", "redirect_uris"),
            ("client_response_types", "authorized_response_types"),
        ];
        for (table, member) in lists {
            for value in client[member].as_array().unwrap() {
                database.run(&format!("INSERT INTO {table} VALUES (NULL, '{}', {id})", value.as_str().unwrap()));
            }
        }
    }
    for (id, token) in tokens().iter().enumerate() {
        let id = id + 1;
        let text = |member: &str| token[member].as_str().map_or("NULL".to_owned(), |text| format!("'{text}'"));
        // TIMESTAMP ends in 2038.
        let expires =
            token["expires_at"].as_i64().map_or("NULL".to_owned(), |seconds| format!("FROM_UNIXTIME({})", seconds.min(2_147_000_000)));
        let user = token["user_id"].as_i64().map_or("NULL".to_owned(), |user| user.to_string());
        let values =
            [text("client_id"), text("grant_type"), text("token"), expires, text("refresh_token"), "NULL".to_owned(), user].join(",");
        database.run(&format!("INSERT INTO access_tokens VALUES ({id}, {values})"));
        for scope in token["scopes"].as_array().unwrap() {
            database.run(&format!("INSERT INTO access_token_scopes VALUES (NULL, '{}', {id})", scope.as_str().unwrap()));
        }
        for (key, value) in token["data"].as_object().unwrap() {
            database.run(&format!("INSERT INTO access_token_data VALUES (NULL, '{key}', '{}', {id})", value.as_str().unwrap()));
        }
    }
    database.run("INSERT INTO auth_codes VALUES (NULL, 'abc', 'C', NOW(), NULL, 7)");
    let pair = site("import-mysql", "");
    let folder = pair.production.path();
    std::fs::write(folder.join("old-url"), database.url() + "\n").unwrap();
    moves(&pair, "@old-url");
}

/// Its keys; the target is a cluster, where a token that is found by its hash has no route.
#[test]
#[ignore = "needs servers: ./runtests.sh stores"]
fn its_redis_keys_move_to_a_redis_cluster() {
    let redis = Redis::start("import-redis", false);
    let port = redis.port.to_string();
    let set = |key: &str, value: &Value| {
        let mut child =
            Command::new("redis-cli").args(["-p", &port, "-x", "set", key]).stdin(Stdio::piped()).stdout(Stdio::null()).spawn().unwrap();
        child.stdin.take().unwrap().write_all(value.to_string().as_bytes()).unwrap();
        assert!(child.wait().unwrap().success());
    };
    for client in clients() {
        set(&format!("oauth2_{}", client["identifier"].as_str().unwrap()), &client);
    }
    for token in tokens() {
        set(&format!("oauth2_{}", token["token"].as_str().unwrap()), &token);
        let user = token["user_id"].as_i64().map_or("None".to_owned(), |user| user.to_string());
        set(&format!("oauth2_abc_{}_{user}", token["grant_type"].as_str().unwrap()), &token);
        if let Some(refresh) = token["refresh_token"].as_str() {
            set(&format!("oauth2_{refresh}"), &token);
        }
    }
    set(
        "oauth2_C",
        &json!({ "client_id": "abc", "code": "C", "expires_at": LATER, "redirect_uri": null, "scopes": [], "data": {}, "user_id": 7 }),
    );
    set("somebody-elses", &json!({ "token": "x", "client_id": "abc" }));
    let pair = site("import-redis-site", &format!("[store]\nurl = \"{}\"\n", own("KEYHOOK_TEST_REDIS_CLUSTER", "import")));
    let url = format!("{}/0", redis.url());
    moves(&pair, &url);

    // After an exchange its store deleted the access token and forgot the refresh token.
    let mut exchanged = tokens().remove(0);
    exchanged["refresh_token"] = "5d6f1f56-7d2a-4f44-9d8b-0d8c6d1b9f15".into();
    exchanged["token"] = "5c3a3b0e-3c4f-4c55-8a5e-f8a0a5a9b7d5".into();
    set("oauth2_5d6f1f56-7d2a-4f44-9d8b-0d8c6d1b9f15", &exchanged);
    let report = import(&pair, &url, &[]);
    assert_eq!(counts(&report)[2], [0, 1, 1], "{report:#}");
}

/// Its documents.
#[test]
#[ignore = "needs servers: ./runtests.sh stores"]
fn its_mongodb_collections_move_to_sqlite() {
    let server = url("KEYHOOK_TEST_MONGODB");
    let mut mongo = mongo_wire::Connection::open(&server, &format!("oauth2_{}", std::process::id()));
    mongo.insert("clients", &clients());
    mongo.insert("access_tokens", &tokens());
    mongo.insert("auth_codes", &[json!({ "client_id": "abc", "code": "C", "expires_at": LATER })]);
    let pair = site("import-mongodb", "");
    moves(&pair, &server.replacen("/?", &format!("/{}?", mongo.database), 1));
    mongo.drop_database();
}

#[test]
#[ignore = "needs servers: ./runtests.sh stores"]
fn a_source_that_holds_nothing_of_it_or_is_not_there_is_one_clear_error() {
    let (database, pair) = (Database::new(Sort::MariaDb), site("import-nothing", ""));
    let refused = |from: &str, code: &str| {
        let output = pair.production.run(&["import", "python-oauth2", "--from", from]);
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(!output.status.success() && said.contains(code), "{from}: {said}");
        assert!(!said.contains("hush") && !said.contains("for-tests-only"), "{said}");
    };
    refused(&database.url(), "KH0480");
    refused(&database.url_at(1), "KH0461");
    refused("redis://me:hush@127.0.0.1:1/0", "KH0431");
    refused("memcached://127.0.0.1:1", "KH0460");
    refused("postgres://me:hush@127.0.0.1:1/x", "KH0460");
    refused("@nowhere", "KH0460");
}
