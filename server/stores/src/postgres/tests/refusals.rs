//! What does not open says why, in one sentence with a code, and without the password.

use keyhook_component::store::StoreError;

use super::{execute, open, opened, removed, server, source};
use crate::contract::scratch::{Scratch, block_on, short_name};

/// Why a store at this URL is not opened.
async fn refusal(url: &str) -> String {
    let mut source = source("public");
    url.split_once(':').unwrap().1.clone_into(&mut source.address);
    let Err(error) = open(source).await else { panic!("{} was opened", server()) };
    assert!(!error.to_string().contains("hush"), "{error}");
    error.to_string()
}

fn password() -> String {
    server().split('@').next().unwrap().rsplit(':').next().unwrap().to_owned()
}

#[test]
#[ignore = "needs a server: tests/servers/up, then --include-ignored"]
fn a_wrong_password_a_wrong_database_and_nobody_there_are_told_apart() {
    block_on(async {
        let said = refusal(&server().replace(&password(), "hush")).await;
        assert!(said.contains("KH0462") && said.contains("password authentication failed"), "{said}");
        let said = refusal(&server().replace("/postgres?", "/nowhere?")).await;
        assert!(said.contains("KH0462") && said.contains("createdb"), "{said}");
        let said = refusal("postgres://keyhook:hush@127.0.0.1:1/x").await;
        assert!(said.contains("KH0461") && said.contains("postgres://keyhook@127.0.0.1:1/x"), "{said}");
        let said = refusal("postgres://keyhook:hush@127.0.0.1:1/x?sslmode=prefer").await;
        assert!(said.contains("KH0460") && said.contains("verify-full"), "{said}");
        let said = refusal("postgres://keyhook:hush@127.0.0.1:1/x?speed=9").await;
        assert!(said.contains("KH0460") && said.contains("speed"), "{said}");
    });
}

#[test]
#[ignore = "needs a server: tests/servers/up, then --include-ignored"]
fn a_schema_that_is_newer_or_missing_is_refused_and_left_alone() {
    let scratch = Scratch::new("stores::newer").removed_with(removed);
    let schema = short_name(scratch.folder());
    block_on(async {
        execute(&format!("CREATE SCHEMA {schema}")).await;
        let mut missing = source(&schema);
        missing.create = false;
        let Err(error) = open(missing).await else { panic!("it was made") };
        assert!(error.to_string().contains("KH0401"), "{error}");
        opened(scratch.folder().to_owned()).await.close().await;
        execute(&format!("UPDATE {schema}.keyhook_schema SET version = 99")).await;
        let Err(StoreError::Unusable(text)) = open(source(&schema)).await else { panic!("it was opened") };
        assert!(text.starts_with("KH0403") && text.contains("schema 99"), "{text}");
    });
}

#[test]
#[ignore = "needs a server: tests/servers/up, then --include-ignored"]
fn an_encrypted_connection_checks_certificate_and_name() {
    #[allow(clippy::disallowed_methods, reason = "where the authority is, only the environment knows")]
    let authority = std::env::var("KEYHOOK_TEST_POSTGRES_CA").unwrap();
    let encrypted = server().replace("sslmode=disable", &format!("sslmode=verify-full&sslrootcert={authority}"));
    block_on(async {
        let mut right = source("public");
        encrypted.split_once(':').unwrap().1.clone_into(&mut right.address);
        right.create = false;
        // It got as far as looking for tables.
        let said = open(right).await.err().map_or_else(String::new, |error| error.to_string());
        assert!(said.is_empty() || said.contains("KH0401"), "{said}");
        let said = refusal(&server().replace("sslmode=disable", "sslmode=verify-full")).await;
        assert!(said.contains("KH0463") && said.contains("sslrootcert"), "{said}");
        let said = refusal(&encrypted.replace("127.0.0.1", "127.0.0.2")).await;
        assert!(said.contains("KH0463") || said.contains("KH0461"), "{said}");
    });
}
