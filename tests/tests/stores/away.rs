//! A database that goes away and comes back, and a server that ends in the middle of a flow.

use keyhook_tests::back_channel::Tokens;
use keyhook_tests::cut::Cable;
use keyhook_tests::pair::Pair;

use crate::database::{Database, Sort};

#[test]
#[ignore = "needs servers: ./runtests.sh stores"]
fn while_the_database_is_away_clients_are_told_to_come_back_and_then_all_goes_on() {
    for sort in Sort::BOTH {
        let database = Database::new(sort);
        let cable = Cable::to(database.port());
        let pair = Pair::single("away", &format!("[store]\nurl = \"{}\"\n", database.url_at(cable.port)));
        let mut browser = pair.browser();
        let tokens = pair.tokens(&mut browser);
        let code = pair.code(&mut browser);
        let [node, _] = pair.nodes();

        cable.cut();
        for _ in 0..5 {
            let answer = node.redeem(&code, pair.redirect_uri(), &pair.pkce().verifier);
            assert_eq!(answer.status, 503, "{}", answer.text());
            assert!(answer.header("retry-after").is_some(), "{}", answer.text());
            assert!(Tokens::of(&answer).is_none());
        }

        cable.mend();
        pair.server().wait_until("the database is used again", || {
            node.try_post("/introspect", &[("token", tokens.access.as_str())]).is_ok_and(|answer| answer.status == 200)
        });
        // What was refused with 503 burned nothing.
        let answer = node.redeem(&code, pair.redirect_uri(), &pair.pkce().verifier);
        assert!(Tokens::of(&answer).is_some(), "{} {}", answer.status, answer.text());
        assert!(node.is_active(&tokens.access));
    }
}

#[test]
#[ignore = "needs servers: ./runtests.sh stores"]
fn a_flow_goes_on_after_a_restart_and_after_a_kill() {
    for sort in Sort::BOTH {
        let database = Database::new(sort);
        let mut pair = Pair::single("restart", &format!("[store]\nurl = \"{}\"\n", database.url()));
        let mut browser = pair.browser();
        let code = pair.code(&mut browser);
        pair.server().signal("TERM");
        assert_eq!(pair.ended(), Some(0));
        pair.restart();
        let answer = pair.nodes()[0].redeem(&code, pair.redirect_uri(), &pair.pkce().verifier);
        let tokens = Tokens::of(&answer).unwrap_or_else(|| panic!("{} {}", answer.status, answer.text()));
        pair.kill_first();
        pair.restart();
        assert!(pair.nodes()[0].is_active(&tokens.access));
        let again = pair.nodes()[0].redeem(&code, pair.redirect_uri(), &pair.pkce().verifier);
        assert_eq!(again.error(), "invalid_grant");
    }
}
