//! When a token is live: one token that is, and one change at a time that ends it.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use keyhook_core::client::Client;
use keyhook_core::id::RecordId;
use keyhook_core::scope::Scope;
use keyhook_core::secret::SecretHash;
use keyhook_core::time::Timestamp;
use keyhook_core::token::{IssuedToken, TokenKind};

use crate::batch::{Applied, Batch, Operation};
use crate::record::Key;
use crate::records::test_store::{TestStore, now};
use crate::records::{AccessToken, ClientBody, Grant, LiveToken, NotBefore, Records, Stored};
use crate::store::StoreError;

const GRANTED: Timestamp = Timestamp::from_millis(1_790_000_000_000);

fn issued() -> Timestamp {
    GRANTED.plus(Duration::from_secs(10))
}

fn later() -> Timestamp {
    GRANTED.plus(Duration::from_secs(20))
}

fn ends() -> Timestamp {
    GRANTED.plus(Duration::from_mins(10))
}

struct House {
    store: Arc<TestStore>,
    records: Records,
    grant: RecordId,
    token: IssuedToken,
}

impl House {
    /// A client, a grant of alice, and a token of it.
    fn new() -> House {
        let grant = RecordId::new(GRANTED, 1);
        let token = IssuedToken::new(TokenKind::Access, RecordId::new(issued(), 2), grant, [7; 32]);
        House::with(grant, token)
    }

    /// A token of client credentials, which has no grant.
    fn without_grant() -> House {
        let token = IssuedToken::new(TokenKind::Access, RecordId::new(issued(), 2), RecordId::NONE, [7; 32]);
        House::with(RecordId::new(GRANTED, 1), token)
    }

    fn with(grant: RecordId, token: IssuedToken) -> House {
        let store = TestStore::new();
        let house = House { records: Records::new(Arc::clone(&store) as _, 100), store, grant, token };
        house.write(client(|_| ()));
        house.write(house.grant_record().insert().unwrap());
        house.write(house.token_record().insert().unwrap());
        house
    }

    fn grant_record(&self) -> Stored<Grant> {
        let body = Grant { scope: scope(), auth_time: GRANTED, acr: None, amr: Vec::new(), data: BTreeMap::default() };
        Stored::new(Key::Issued(self.grant), ends(), body).of_client("shop").of_subject(Some("alice".to_owned()))
    }

    fn token_record(&self) -> Stored<AccessToken> {
        let body = AccessToken { hash: self.token.hash(), scope: scope(), attributes: serde_json::Map::new() };
        Stored::new(Key::Issued(self.token.id), ends(), body).of_grant(self.token.grant).of_client("shop")
    }

    fn write(&self, operation: Operation) {
        assert_eq!(now(self.records.apply(Batch::new().with(operation))).unwrap(), Applied::Applied);
    }

    fn ask(&self, token: &IssuedToken, at: Timestamp) -> Option<LiveToken> {
        now(self.records.live_access_token(token, at)).unwrap()
    }

    fn lives(&self) -> bool {
        self.ask(&self.token, later()).is_some()
    }
}

fn scope() -> Scope {
    Scope::parse("read write").unwrap()
}

fn client(change: impl FnOnce(&mut Client)) -> Operation {
    let mut client = Client::confidential("shop", "Shop", SecretHash::of(b"secret"));
    change(&mut client);
    Stored::new(Key::named("shop"), Timestamp::MAX, ClientBody(Arc::new(client))).put().unwrap()
}

fn subject_not_before(instant: Timestamp) -> Operation {
    Stored::new(Key::named("alice"), Timestamp::MAX, NotBefore { instant }).put().unwrap()
}

#[test]
fn a_live_token_comes_with_its_grant_and_its_client() {
    let house = House::new();
    let live = house.ask(&house.token, later()).unwrap();
    assert_eq!(live.issued_at, issued());
    assert_eq!(live.client.id, "shop");
    assert_eq!(live.grant.as_ref().unwrap().subject.as_deref(), Some("alice"));
    assert_eq!(live.scope(), &scope());
}

#[test]
fn a_token_of_client_credentials_lives_without_a_grant() {
    let house = House::without_grant();
    assert!(house.ask(&house.token, later()).unwrap().grant.is_none());
}

#[test]
fn a_token_ends_at_its_expiry() {
    let house = House::new();
    assert!(house.ask(&house.token, Timestamp::from_millis(ends().millis() - 1)).is_some());
    assert!(house.ask(&house.token, ends()).is_none());
}

#[test]
fn a_wrong_secret_an_unknown_id_and_another_grant_are_no_token() {
    let house = House::new();
    let token = &house.token;
    let other = |id, grant, secret| IssuedToken::new(TokenKind::Access, id, grant, secret);
    assert!(house.ask(&other(token.id, token.grant, [8; 32]), later()).is_none());
    assert!(house.ask(&other(RecordId::new(issued(), 3), token.grant, [7; 32]), later()).is_none());
    assert!(house.ask(&other(token.id, RecordId::new(GRANTED, 9), [7; 32]), later()).is_none());
    assert!(house.ask(&other(token.id, RecordId::NONE, [7; 32]), later()).is_none());
}

/// RFC 7009 §2.1: revocation takes place immediately.
#[test]
fn a_revoked_token_is_dead_at_once_although_it_was_cached() {
    let house = House::new();
    assert!(house.lives());
    house.write(house.token_record().revoke().unwrap());
    assert!(!house.lives());
}

#[test]
fn a_deleted_token_is_dead() {
    let house = House::new();
    assert!(house.lives());
    house.write(house.token_record().delete());
    assert!(!house.lives());
}

/// RFC 7009 §2.1: what is based on the same grant ends with it.
#[test]
fn tokens_end_with_their_grant() {
    for end in [|grant: Stored<Grant>| grant.revoke().unwrap(), |grant: Stored<Grant>| grant.delete()] {
        let house = House::new();
        assert!(house.lives());
        house.write(end(house.grant_record()));
        assert!(!house.lives());
    }
}

#[test]
fn tokens_end_when_their_grant_expires() {
    let house = House::new();
    house.write(Stored { expires_at: later(), ..house.grant_record() }.put().unwrap());
    assert!(house.ask(&house.token, Timestamp::from_millis(later().millis() - 1)).is_some());
    assert!(!house.lives());
}

#[test]
fn a_grant_of_another_client_gives_no_life() {
    let house = House::new();
    house.write(house.grant_record().of_client("bank").put().unwrap());
    assert!(!house.lives());
}

#[test]
fn a_disabled_or_deleted_client_has_no_live_tokens() {
    for house in [House::new(), House::without_grant()] {
        assert!(house.lives());
        house.write(client(|client| client.disabled = true));
        assert!(!house.lives());
        house.write(client(|_| ()));
        assert!(house.lives());
        house.write(Operation::Delete { kind: crate::record::Kind::Client, key: Key::named("shop") });
        assert!(!house.lives());
    }
}

#[test]
fn a_grant_that_was_not_born_later_than_its_clients_not_before_is_dead() {
    let house = House::new();
    house.write(client(|client| client.not_before = Timestamp::from_millis(GRANTED.millis() - 1)));
    assert!(house.lives());
    house.write(client(|client| client.not_before = GRANTED));
    assert!(!house.lives(), "the token is younger, but its grant is not");
}

#[test]
fn a_token_without_grant_is_measured_by_its_own_birth() {
    let house = House::without_grant();
    house.write(client(|client| client.not_before = Timestamp::from_millis(issued().millis() - 1)));
    assert!(house.lives());
    house.write(client(|client| client.not_before = issued()));
    assert!(!house.lives());
}

#[test]
fn a_grant_that_was_not_born_later_than_its_subjects_not_before_is_dead() {
    let house = House::new();
    house.write(subject_not_before(Timestamp::from_millis(GRANTED.millis() - 1)));
    assert!(house.lives());
    house.write(subject_not_before(GRANTED));
    assert!(!house.lives());
}

#[test]
fn a_subjects_not_before_says_nothing_about_tokens_without_subject() {
    let house = House::without_grant();
    house.write(subject_not_before(later()));
    assert!(house.lives());
}

#[test]
fn a_token_whose_record_names_no_client_is_dead() {
    let house = House::new();
    house.write(Stored { client: None, ..house.token_record() }.put().unwrap());
    assert!(!house.lives());
}

#[test]
fn when_the_store_is_away_nothing_is_believed() {
    let house = House::new();
    house.store.away.store(true, Ordering::SeqCst);
    assert!(matches!(now(house.records.live_access_token(&house.token, later())), Err(StoreError::Unavailable(_))));
}
