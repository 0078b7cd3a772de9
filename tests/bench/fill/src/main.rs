//! `keyhook-bench-fill FOLDER TOKENS CLIENTS SAMPLE AGE_SECONDS`: a database `keyhook.db` with so many clients and access tokens,
//! through the store's own interface, and a sample of the tokens in `tokens.txt`.
//!
//! The clients are `bench`, then `bench-1` and so on, all with the secret that it prints. The youngest token was born `AGE_SECONDS`
//! ago and the others in the half hour before; each lives for an hour. Ids and secrets are counted, not drawn: nobody guesses at a benchmark.
#![allow(clippy::unwrap_used, reason = "a benchmark that cannot go on ends by panicking")]

use std::fmt::Write as _;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use keyhook_component::batch::{Applied, Batch};
use keyhook_component::record::Key;
use keyhook_component::records::{AccessToken, ClientBody, Records, Stored};
use keyhook_component::registry::StoreSource;
use keyhook_component::system::Clock;
use keyhook_core::client::Client;
use keyhook_core::id::RecordId;
use keyhook_core::scope::Scope;
use keyhook_core::secret::SecretHash;
use keyhook_core::time::Timestamp;
use keyhook_core::token::{IssuedToken, TokenKind};

const SECRET: &str = "khx_of_the_benchmark_which_is_long_enough";
const SPAN_MILLIS: u64 = 30 * 60 * 1000;
const LIFE: Duration = Duration::from_hours(1);
/// Records of one batch.
const BATCH: usize = 500;

struct Machine;

impl Clock for Machine {
    #[allow(clippy::disallowed_methods, reason = "a benchmark is a program of its own")]
    fn now(&self) -> Timestamp {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Timestamp::from_millis(i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
    }
}

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [folder, numbers @ ..] = arguments.as_slice() else { panic!("usage: keyhook-bench-fill FOLDER TOKENS CLIENTS SAMPLE AGE_SECONDS") };
    let numbers: Vec<usize> = numbers.iter().map(|number| number.parse().unwrap()).collect();
    let [tokens, clients, sample, age] = numbers[..] else { panic!("four numbers follow the folder") };
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    runtime.block_on(async {
        let folder = Path::new(folder);
        let source = StoreSource {
            address: String::new(),
            data: folder.to_owned(),
            create: true,
            durable: false,
            migrate: true,
            clock: Arc::new(Machine),
        };
        let store = keyhook_stores::sqlite::open(source).await.unwrap();
        let records = Records::new(Arc::clone(&store), 1);
        insert(&records, (0..clients).map(client)).await;
        let youngest = Machine.now().minus(Duration::from_secs(age as u64));
        insert(&records, (0..tokens).map(|index| stored(&token(index, tokens, youngest)))).await;
        std::fs::write(folder.join("tokens.txt"), sampled(tokens, sample, youngest)).unwrap();
        store.close().await;
    });
    println!("{SECRET}");
}

async fn insert<T: keyhook_component::records::Body>(records: &Records, mut all: impl Iterator<Item = Stored<T>>) {
    loop {
        let batch = all.by_ref().take(BATCH).fold(Batch::new(), |batch, stored| batch.with(stored.insert().unwrap()));
        if batch.operations().is_empty() {
            return;
        }
        assert_eq!(records.apply(batch).await.unwrap(), Applied::Applied);
    }
}

fn client(index: usize) -> Stored<ClientBody> {
    let id = if index == 0 { "bench".to_owned() } else { format!("bench-{index}") };
    let mut client = Client::confidential(id.as_str(), "The benchmark", SecretHash::of(SECRET.as_bytes()));
    client.grant_types = vec!["client_credentials".to_owned()];
    client.scope = Scope::parse("read").unwrap();
    client.default_scope = client.scope.clone();
    client.introspect = true;
    Stored::new(Key::named(&id), Timestamp::MAX, ClientBody(Arc::new(client)))
}

/// The token of an index: born as late as its place in the row says.
fn token(index: usize, of: usize, youngest: Timestamp) -> IssuedToken {
    let before = SPAN_MILLIS * (of - 1 - index) as u64 / of as u64;
    let id = RecordId::new(youngest.minus(Duration::from_millis(before)), u32::try_from(index).unwrap());
    let mut secret = [7; 32];
    secret[..8].copy_from_slice(&index.to_be_bytes());
    IssuedToken::new(TokenKind::Access, id, RecordId::NONE, secret)
}

fn stored(token: &IssuedToken) -> Stored<AccessToken> {
    let body = AccessToken { hash: token.hash(), scope: Scope::parse("read").unwrap(), attributes: serde_json::Map::new() };
    Stored::new(Key::Issued(token.id), token.id.born().plus(LIFE), body).of_client("bench")
}

/// Tokens from all over the row, one a line, in no order.
fn sampled(tokens: usize, sample: usize, youngest: Timestamp) -> String {
    let mut lines = String::new();
    for number in 0..sample.min(tokens) {
        // Fibonacci hashing: far steps that meet no index twice soon.
        let spread = (number as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        let index = usize::try_from((u128::from(spread) * tokens as u128) >> 64).unwrap();
        let token = token(index, tokens, youngest);
        let _ = writeln!(lines, "{}", token.encode().expose());
    }
    lines
}
