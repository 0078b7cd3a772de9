//! `keyhook store migrate`, `check` and `copy` over databases behind a network.

use keyhook_tests::binary;
use keyhook_tests::pair::Pair;

use crate::database::{Database, Sort};

#[test]
#[ignore = "needs servers: ./runtests.sh stores"]
fn a_server_moves_from_sqlite_to_a_database_with_its_tokens() {
    for sort in Sort::BOTH {
        let database = Database::new(sort);
        let mut pair = Pair::single("move", "");
        let tokens = pair.tokens(&mut pair.browser());
        pair.server().signal("TERM");
        assert_eq!(pair.ended(), Some(0));
        let folder = pair.production.path().to_owned();
        let url = database.url();
        let copied = binary::stdout(&folder, &["store", "copy", "sqlite:keyhook.db", &url, "--format", "json"]);
        assert!(copied.contains("copied and compared") && !copied.contains(&database.password()), "{copied}");

        pair.production.configure(&format!("[store]\nurl = \"{url}\"\n"));
        pair.restart();
        assert!(pair.nodes()[0].is_active(&tokens.access));

        let checked = binary::stdout(&folder, &["store", "check", "--format", "json"]);
        let checked: serde_json::Value = serde_json::from_str(&checked).unwrap();
        assert_eq!((&checked[0]["outcome"], &checked[0]["promises"]["shared"]), (&"ok".into(), &true.into()), "{checked}");
        assert_eq!(checked[0]["records"]["client"], 1);
        assert!(binary::stdout(&folder, &["store", "migrate"]).contains("was up to date"));
    }
}
