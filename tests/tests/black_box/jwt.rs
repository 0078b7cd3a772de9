//! JWT access tokens over the network: what resource servers get, how keys change, and what operators do (RFC 9068, RFC 7517).

use std::time::Duration;

use keyhook_core::Timestamp;
use keyhook_core::jwt::{AccessClaims, JwkSet, Rejected};
use keyhook_tests::binary::stdout;
use keyhook_tests::http::Client;
use keyhook_tests::production::Production;
use keyhook_tests::stage::Stage;
use serde_json::Value;

fn keys(client: &mut Client) -> JwkSet {
    let document = client.get("/.well-known/oauth-authorization-server").json();
    let uri = document["jwks_uri"].as_str().unwrap();
    let answer = client.get(&uri[uri.find("/jwks").unwrap()..]);
    assert_eq!((answer.status, answer.header("content-type")), (200, Some("application/jwk-set+json")));
    assert!(!answer.text().contains("\"d\""), "no private member is published (RFC 7517 §9.2)");
    JwkSet::parse(answer.text().as_bytes()).unwrap()
}

/// RFC 9068 §2.2, §4; revocation is seen by those who ask, and by others at `exp`.
#[test]
fn a_resource_server_verifies_a_token_by_itself_and_introspection_knows_of_its_revocation() {
    let stage = Stage::configured("[tokens]\nformat = \"jwt\"\naudience = \"https://api.test\"\nsigning = \"EdDSA\"\n");
    let tokens = stage.tokens();
    let now = stage.context().now();
    let verify = |at: Timestamp| AccessClaims::verify(&tokens.access, &keys(&mut stage.client()), &stage.issuer, at);
    let claims = verify(now).unwrap();
    assert_eq!((&*claims.sub, &*claims.client_id, &*claims.aud, &*claims.scope), ("alice", "shop", "https://api.test", "read write"));
    let machine = stage.back_channel("machine");
    assert!(machine.is_active(&tokens.access));
    stage.back_channel("shop").revoke(&tokens.access);
    assert!(!machine.is_active(&tokens.access));
    assert!(verify(now).is_ok(), "who verifies offline hears of it at its end");
    assert_eq!(verify(now.plus(Duration::from_mins(10))).unwrap_err(), Rejected::Time);
    let next = stage.back_channel("shop").refresh(&tokens.refresh).json();
    assert!(machine.is_active(next["access_token"].as_str().unwrap()), "the family lives on");
}

fn json(production: &Production, arguments: &[&str]) -> Value {
    let all: Vec<&str> = arguments.iter().copied().chain(["--format", "json"]).collect();
    serde_json::from_str(&stdout(production.path(), &all)).unwrap()
}

/// What an operator does about tokens of one client and about the keys, with a server that runs and goes on running.
#[test]
fn an_operator_gives_one_client_jwts_and_changes_the_keys_under_it() {
    let production = Production::new("jwt", "");
    let _server = production.serve();
    let added = json(
        &production,
        &[
            "client",
            "add",
            "robot",
            "--scope",
            "read",
            "--policy",
            "format=jwt",
            "--policy",
            "client_credentials.access_ttl=2m",
            "--attribute",
            "tier=gold",
            "--attribute",
            "seats=5",
        ],
    );
    assert_eq!(added["tokens"]["format"], "jwt");
    let none = production.run(&["key", "signing", "rotate"]);
    assert!(String::from_utf8_lossy(&none.stderr).contains("KH0607") && none.status.code() == Some(4));
    let client = || Client::new(([127, 0, 0, 1], production.port).into(), &format!("localhost:{}", production.port));
    let robot = keyhook_tests::back_channel::BackChannel::new(client(), "robot", added["client_secret"].as_str().unwrap());
    let token = || {
        let answer = robot.post("/token", &[("grant_type", "client_credentials")]);
        assert_eq!(answer.json()["expires_in"], 120, "{}", answer.text());
        answer.json()["access_token"].as_str().unwrap().to_owned()
    };
    let first = token();
    let told = robot.introspect(&first);
    assert_eq!(told["client_attributes"], serde_json::json!({ "tier": "gold", "seats": 5 }), "what resource servers decide by");
    let listed = json(&production, &["key", "signing", "list"]);
    assert_eq!((listed.as_array().unwrap().len(), &listed[0]["state"], &listed[0]["algorithm"]), (1, &"current".into(), &"ES256".into()));
    assert!(listed[0].get("sealed").is_none());
    json(&production, &["key", "signing", "rotate"]);
    let second = token();
    let states: Vec<_> =
        json(&production, &["key", "signing", "list"]).as_array().unwrap().iter().map(|key| key["state"].clone()).collect();
    assert_eq!(states, ["current", "next"], "the next key is published before it signs");
    assert_eq!(keys(&mut client()).keys().len(), 2);
    assert!(robot.is_active(&first) && robot.is_active(&second));
    json(&production, &["key", "signing", "reset"]);
    assert!(robot.is_active(&token()) && !robot.is_active(&first) && !robot.is_active(&second));
    let usual = json(&production, &["client", "update", "robot", "--policy", "format=", "--policy", "client_credentials.access_ttl="]);
    assert_eq!(usual.get("tokens"), None);
}
