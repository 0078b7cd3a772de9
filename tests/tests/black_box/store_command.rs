//! `keyhook store …`: the databases without the server.

use keyhook_tests::binary;
use keyhook_tests::pair::Pair;
use keyhook_tests::production::Production;

fn json(pair: &Pair, arguments: &[&str]) -> serde_json::Value {
    let arguments = [arguments, &["--format", "json"]].concat();
    serde_json::from_str(&binary::stdout(pair.production.path(), &arguments)).unwrap()
}

/// What a command that fails says.
fn refused(production: &Production, arguments: &[&str]) -> String {
    let output = production.run(arguments);
    assert!(!output.status.success());
    String::from_utf8(output.stderr).unwrap()
}

#[test]
fn a_store_is_copied_whole_into_an_empty_one_and_serves_from_there() {
    let mut pair = Pair::single("copy", "");
    let tokens = pair.tokens(&mut pair.browser());
    let copy = ["store", "copy", "sqlite:keyhook.db", "sqlite:second.db"];

    let running = refused(&pair.production, &copy);
    assert!(running.contains("error[KH0475]") && running.contains("stop it"), "{running}");
    pair.server().signal("TERM");
    assert_eq!(pair.ended(), Some(0));

    let copied = json(&pair, &copy);
    assert_eq!(copied["outcome"], "copied and compared", "{copied}");
    let checked = [json(&pair, &["store", "check", "sqlite:keyhook.db"]), json(&pair, &["store", "check", "sqlite:second.db"])];
    assert_eq!(checked[0][0]["records"], checked[1][0]["records"]);
    assert_eq!((&checked[1][0]["records"]["client"], &checked[1][0]["records"]["user"]), (&1.into(), &1.into()));
    assert_eq!(checked[1][0]["promises"]["durable"], true);

    let full = refused(&pair.production, &copy);
    assert!(full.contains("error[KH0472]") && full.contains("nothing was copied"), "{full}");

    pair.production.configure("[store]\nurl = \"sqlite:second.db\"\n");
    pair.restart();
    assert!(pair.nodes()[0].is_active(&tokens.access));
}

#[test]
fn a_store_is_made_or_found_up_to_date_and_the_command_says_which() {
    let production = Production::new("migrate", "");
    let missing = refused(&production, &["store", "check"]);
    assert!(missing.contains("error[KH0401]"), "{missing}");
    assert!(binary::stdout(production.path(), &["store", "migrate"]).contains("made"));
    assert!(binary::stdout(production.path(), &["store", "migrate"]).contains("was up to date"));
    assert!(binary::stdout(production.path(), &["store", "check"]).contains("ok"));
}

#[test]
fn a_url_that_names_no_store_is_refused_without_its_password() {
    let production = Production::new("nowhere", "");
    let said = refused(&production, &["store", "check", "oracle://me:hush@db/x"]);
    assert!(said.contains("error[KH0460]") && !said.contains("hush"), "{said}");
    std::fs::write(production.path().join("url"), "sqlite:nowhere.db\n").unwrap();
    let said = refused(&production, &["store", "check", "@url"]);
    assert!(said.contains("error[KH0401]") && said.contains("nowhere.db"), "{said}");
}
