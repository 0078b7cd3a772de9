//! Prints how many durable inserts a second a store takes, and what one costs in processor time.
//!
//! `cargo run --release -p keyhook-stores --example insert_rate [folder]` for SQLite, and with `--features redis … -- --store URL` for a
//! store behind a server, which is left with what was written. Rates depend on the disk; compare only what one machine
//! prints in one run. The floor printed beside them is the same batches with nothing durable.

use std::error::Error;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use keyhook_component::batch::{Applied, Batch, Operation};
use keyhook_component::record::{Key, Kind, Record, State};
use keyhook_component::registry::{self, StoreSource};
use keyhook_component::store::Store;
use keyhook_component::system::Clock;
use keyhook_core::id::RecordId;
use keyhook_core::time::Timestamp;
use keyhook_stores::{memory, sqlite};

const FOR: Duration = Duration::from_secs(3);

struct Machine;

impl Clock for Machine {
    #[allow(clippy::disallowed_methods, reason = "a benchmark is a program of its own")]
    fn now(&self) -> Timestamp {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Timestamp::from_millis(i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
    }
}

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let first = arguments.next();
    let url = if first.as_deref() == Some("--store") { Some(arguments.next().ok_or("--store needs a URL")?) } else { None };
    let folder = first.map_or_else(|| std::env::temp_dir().join("keyhook-insert-rate"), PathBuf::from);
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build()?;
    runtime.block_on(async {
        for callers in [64, 256] {
            match &url {
                Some(url) => report(&served(url).await?, "served", callers).await?,
                None => embedded(&folder, callers).await?,
            }
        }
        Ok(())
    })
}

async fn embedded(folder: &Path, callers: u64) -> Result<(), Box<dyn Error>> {
    for (name, durable) in [("memory", false), ("sqlite, not forced", false), ("sqlite, durable", true)] {
        drop(std::fs::remove_dir_all(folder));
        report(&open(name, folder, durable).await?, name, callers).await?;
    }
    drop(std::fs::remove_dir_all(folder));
    Ok(())
}

async fn report(store: &Arc<dyn Store>, name: &str, callers: u64) -> Result<(), Box<dyn Error>> {
    let (rate, cpu) = measure(store, callers).await?;
    store.close().await;
    println!("{callers:>4} callers  {name:<20} {rate:>9.0} inserts/s  {cpu:>5.1} µs of processor each, callers included");
    Ok(())
}

/// The store of a URL, through the registry as the server finds it.
async fn served(url: &str) -> Result<Arc<dyn Store>, Box<dyn Error>> {
    let (scheme, address) = url.split_once(':').ok_or("a URL has a scheme")?;
    let factory = registry::store(scheme).ok_or_else(|| format!("no store answers to {scheme}: is its feature on?"))?;
    Ok((factory.open)(source(address, Path::new(""), true)).await?)
}

fn source(address: &str, data: &Path, durable: bool) -> StoreSource {
    StoreSource { address: address.to_owned(), data: data.to_owned(), create: true, migrate: true, durable, clock: Arc::new(Machine) }
}

async fn open(name: &str, folder: &Path, durable: bool) -> Result<Arc<dyn Store>, Box<dyn Error>> {
    let source = source("", folder, durable);
    Ok(if name == "memory" { memory::open(source).await? } else { sqlite::open(source).await? })
}

async fn measure(store: &Arc<dyn Store>, callers: u64) -> Result<(f64, f64), Box<dyn Error>> {
    let (begin, cpu) = (Instant::now(), processor_time()?);
    let count = Arc::new(AtomicU64::new(0));
    let mut running = tokio::task::JoinSet::new();
    for caller in 0..callers {
        let (store, count) = (Arc::clone(store), Arc::clone(&count));
        running.spawn(async move {
            let mut chance = caller.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
            while begin.elapsed() < FOR {
                // xorshift: enough chance for ids of a benchmark.
                chance ^= chance << 13;
                chance ^= chance >> 7;
                chance ^= chance << 17;
                let batch = Batch::new().with(Operation::Insert(token(chance)));
                if matches!(store.apply(batch).await, Ok(Applied::Applied)) {
                    count.fetch_add(1, Ordering::Relaxed);
                }
            }
        });
    }
    running.join_all().await;
    #[allow(clippy::cast_precision_loss, reason = "a count of a few seconds")]
    let inserted = count.load(Ordering::Relaxed) as f64;
    let cpu = processor_time()?.saturating_sub(cpu);
    Ok((inserted / begin.elapsed().as_secs_f64(), cpu.as_secs_f64() * 1e6 / inserted))
}

/// What the process has used, in the kernel's hundredths of a second.
fn processor_time() -> Result<Duration, Box<dyn Error>> {
    let stat = std::fs::read_to_string("/proc/self/stat")?;
    let after_name = stat.rsplit(')').next().unwrap_or_default();
    let ticks = after_name.split_whitespace().skip(11).take(2).map(str::parse::<u64>).sum::<Result<u64, _>>()?;
    Ok(Duration::from_millis(ticks * 10))
}

fn token(chance: u64) -> Record {
    let now = Machine.now();
    Record {
        kind: Kind::AccessToken,
        key: Key::Issued(RecordId::new(now, u32::try_from(chance >> 32).unwrap_or_default())),
        grant: RecordId::NONE,
        client: Some("service-account-0001".to_owned()),
        subject: None,
        expires_at: now.plus(Duration::from_hours(1)),
        version: 0,
        state: State::Live,
        body: br#"{"h":"47DEQpj8HBSa-_TImW-5JCeuQeRkm5NMpJWZG3hSuFU","s":"read write"}"#.to_vec(),
    }
}
