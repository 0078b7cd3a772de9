//! A server that cannot use its database does not start, and says in one sentence why.

use keyhook_tests::pair::Pair;
use keyhook_tests::production::Production;

use crate::database::{Database, Sort};
use crate::own::Own;

fn refused(url: &str) -> String {
    let (status, said) = Production::new("refused", &format!("[store]\nurl = \"{url}\"\n")).refusal();
    assert_eq!(status, Some(1), "{said}");
    assert!(!said.contains("hush"), "{said}");
    said
}

#[test]
#[ignore = "needs servers: ./runtests.sh stores"]
fn a_wrong_password_database_or_port_is_one_clear_error() {
    for sort in Sort::BOTH {
        let database = Database::new(sort);
        let said = refused(&database.url().replace(&database.password(), "hush"));
        assert!(said.contains("error[KH0462]") && said.contains("***@") | said.contains("keyhook@"), "{said}");
        let said = refused(&database.url().replace("keyhook_box", "nowhere"));
        assert!(said.contains("error[KH0462]"), "{said}");
        let said = refused(&database.url_at(1));
        assert!(said.contains("error[KH0461]") && said.contains("127.0.0.1:1"), "{said}");
        assert!(!said.contains(&database.password()), "{said}");
    }
}

#[test]
#[ignore = "needs servers: ./runtests.sh stores"]
fn a_database_of_a_newer_keyhook_is_refused() {
    for sort in Sort::BOTH {
        let database = Database::new(sort);
        let pair = Pair::single("newer", &format!("[store]\nurl = \"{}\"\n", database.url()));
        pair.server().signal("TERM");
        let mut pair = pair;
        assert_eq!(pair.ended(), Some(0));
        database.run("UPDATE keyhook_schema SET version = 99");
        let (status, said) = pair.production.refusal();
        assert!(status == Some(1) && said.contains("error[KH0403]") && said.contains("schema 99"), "{said}");
    }
}

/// Where commits have to be durable, a server that forgets them is not used.
#[test]
#[ignore = "needs servers: ./runtests.sh stores"]
fn a_postgresql_that_forgets_commits_is_refused() {
    let database = Database::new(Sort::Postgres);
    let said = refused(&format!("{}&options=-c%20synchronous_commit%3Doff", database.url()));
    assert!(said.contains("error[KH0471]") && said.contains("synchronous_commit = off"), "{said}");

    for setting in ["fsync", "full_page_writes"] {
        let own = Own::postgres("forgets", &[&format!("{setting}=off")]);
        let url = format!("postgres://keyhook:hush@127.0.0.1:{}/postgres", own.port);
        let said = refused(&url);
        assert!(said.contains("error[KH0471]") && said.contains(&format!("{setting} = off")), "{said}");
    }
}
