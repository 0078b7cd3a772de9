//! Two processes on one store. The test binary runs itself again, for one test only, with a role in its environment.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Lines, Write};
use std::path::PathBuf;
use std::process::{Child, ChildStdout, Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

use keyhook_component::batch::{Applied, Batch, Why};
use keyhook_component::record::Kind;
use keyhook_component::store::Store;

use super::crash;
use super::races::races;
use super::samples::{code, id, insert, refused, take};
use super::scratch::{Open, Scratch, block_on};

const ROLE: &str = "KEYHOOK_CONTRACT_ROLE";
const FOLDER: &str = "KEYHOOK_CONTRACT_FOLDER";
const TAKER: &str = "taker";
pub(super) const CRASHER: &str = "crasher";

/// Begins every line that a child means for its parent: libtest prints to the same place.
const MARK: &str = "@contract ";

const RECORDS: u32 = 100;
const TASKS: u32 = 32;
/// Tasks of a process where there are many records.
const FEWER_TASKS: u32 = 4;

/// A child process that plays a role.
pub(super) struct Player {
    child: Child,
    lines: Lines<BufReader<ChildStdout>>,
}

impl Player {
    pub(super) fn start(scratch: &Scratch, role: &str) -> Player {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .arg(format!("{}::a_child_process_does_what_its_parent_asks", scratch.module()))
            .args(["--exact", "--nocapture", "--test-threads=1"])
            .env(ROLE, role)
            .env(FOLDER, scratch.folder())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        Player { child, lines }
    }

    /// What the child says next; `None` when it has ended.
    pub(super) fn hear(&mut self) -> Option<String> {
        self.lines.by_ref().map_while(Result::ok).find_map(|line| line.split_once(MARK).map(|(_, said)| said.to_owned()))
    }

    /// Lets a child go on that waits.
    pub(super) fn go(&mut self) {
        self.child.stdin.as_mut().unwrap().write_all(b"go\n").unwrap();
    }

    /// Ends it as `kill -9` does, and tells what it had still said.
    pub(super) fn kill(mut self) -> Vec<String> {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
        std::iter::from_fn(|| self.hear()).collect()
    }

    /// What it says until it ends, which has to be well.
    fn all(mut self) -> Vec<String> {
        let said = std::iter::from_fn(|| self.hear()).collect();
        assert!(self.child.wait().unwrap().success());
        said
    }
}

impl Drop for Player {
    /// A test that fails leaves no process behind.
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

pub(super) fn say(what: std::fmt::Arguments<'_>) {
    println!("{MARK}{what}");
}

/// What a child process does; nothing when no parent asked.
#[allow(clippy::disallowed_methods, reason = "a parent test tells its child by the environment what to do")]
pub fn child(open: impl Open) {
    let (Ok(role), Some(folder)) = (std::env::var(ROLE), std::env::var_os(FOLDER)) else { return };
    block_on(async move {
        let store = open(PathBuf::from(folder)).await;
        match role.as_str() {
            TAKER => take_all(&store).await,
            CRASHER => crash::play(&store).await,
            other => panic!("no role {other}"),
        }
        store.close().await;
    });
}

async fn take_all(store: &Arc<dyn Store>) {
    say(format_args!("ready"));
    std::io::stdin().read_line(&mut String::new()).unwrap();
    let records = races(RECORDS);
    let mut running = tokio::task::JoinSet::new();
    for task in 0..tasks(records) {
        let store = Arc::clone(store);
        running.spawn(async move {
            for step in 0..records {
                let number = (step + task) % records;
                match store.apply(Batch::new().with(take(Kind::Code, &id(number), 0))).await.unwrap() {
                    Applied::Applied => say(format_args!("{number}")),
                    lost @ Applied::Refused { .. } => assert_eq!(lost, refused(0, Why::Spent)),
                }
            }
        });
    }
    running.join_all().await;
}

/// How many tasks of a process race.
fn tasks(records: u32) -> u32 {
    if records > RECORDS { FEWER_TASKS } else { TASKS }
}

/// As many codes, a few at a time.
async fn fill(store: &Arc<dyn Store>, records: u32) {
    for first in (0..records).step_by(100) {
        let mut running = tokio::task::JoinSet::new();
        for number in first..records.min(first + 100) {
            let store = Arc::clone(store);
            running.spawn(async move { insert(&*store, code(number)).await });
        }
        running.join_all().await;
    }
}

/// RFC 6749 §4.1.2, on several nodes: each code has one taker.
pub async fn between_two_processes_each_record_has_one_taker(scratch: &Scratch, open: impl Open) {
    let store = scratch.open(open).await;
    if !store.promises().shared {
        return;
    }
    let records = races(RECORDS);
    fill(&store, records).await;
    let mut players = [Player::start(scratch, TAKER), Player::start(scratch, TAKER)];
    for player in &mut players {
        assert_eq!(player.hear().as_deref(), Some("ready"));
    }
    players.iter_mut().for_each(Player::go);
    // Both at once: a child whose pipe is full stands still, with the locks that it holds.
    let heard = players.map(|player| std::thread::spawn(move || player.all()));
    let mut takers: BTreeMap<u32, usize> = BTreeMap::new();
    for taken in heard.into_iter().flat_map(|all| all.join().unwrap()) {
        *takers.entry(taken.parse().unwrap()).or_default() += 1;
    }
    assert_eq!(takers, (0..records).map(|number| (number, 1)).collect());
    println!("{records} races of {} takers in two processes, one winner each", 2 * tasks(records));
}

/// A cache above is dropped when another process has written.
pub async fn a_write_of_another_process_moves_changed_elsewhere(scratch: &Scratch, open: impl Open) {
    let store = scratch.open(open).await;
    if !store.promises().shared {
        return;
    }
    fill(&store, races(RECORDS)).await;
    let before = store.changed_elsewhere();
    let mut player = Player::start(scratch, TAKER);
    assert_eq!(player.hear().as_deref(), Some("ready"));
    player.go();
    player.all();
    let noticed = tokio::time::timeout(Duration::from_secs(10), async {
        while store.changed_elsewhere() == before {
            tokio::task::yield_now().await;
        }
    });
    noticed.await.unwrap();
}
