//! The cache never serves what a finished write has replaced.

use std::sync::Barrier;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use super::*;

const KIND: Kind = Kind::AccessToken;

fn cache() -> Arc<RecordCache> {
    Arc::new(RecordCache::new(1000))
}

fn key() -> Key {
    Key::named("key")
}

fn value(number: u64) -> Cached {
    Arc::new(number)
}

fn cached(cache: &RecordCache) -> Option<u64> {
    cache.get(KIND, &key()).map(|value| *value.downcast_ref().unwrap())
}

fn open(cache: &Arc<RecordCache>) -> OpenWrite {
    cache.open([(KIND, &key())].into_iter())
}

fn fill(cache: &RecordCache, number: u64) {
    let miss = cache.miss(KIND, &key());
    cache.fill(miss, KIND, &key(), value(number));
}

#[test]
fn what_was_read_without_a_write_is_kept() {
    let cache = cache();
    assert_eq!(cached(&cache), None);
    fill(&cache, 1);
    assert_eq!(cached(&cache), Some(1));
    assert!(cache.get(Kind::RefreshToken, &key()).is_none(), "another kind is another record");
}

#[test]
fn a_finished_write_removes_what_it_replaced() {
    let cache = cache();
    fill(&cache, 1);
    drop(open(&cache));
    assert_eq!(cached(&cache), None);
    fill(&cache, 2);
    assert_eq!(cached(&cache), Some(2));
}

#[test]
fn what_was_read_before_a_write_is_not_kept_while_it_is_open_nor_after_it() {
    let cache = cache();
    let (first, second) = (cache.miss(KIND, &key()), cache.miss(KIND, &key()));
    let write = open(&cache);
    cache.fill(first, KIND, &key(), value(1));
    assert_eq!(cached(&cache), None);
    drop(write);
    cache.fill(second, KIND, &key(), value(1));
    assert_eq!(cached(&cache), None);
}

/// The store may have shown the reader the state before the write or after it: nobody knows.
#[test]
fn what_was_read_while_a_write_was_open_is_not_kept() {
    let cache = cache();
    let write = open(&cache);
    let (first, second) = (cache.miss(KIND, &key()), cache.miss(KIND, &key()));
    cache.fill(first, KIND, &key(), value(1));
    drop(write);
    cache.fill(second, KIND, &key(), value(1));
    assert_eq!(cached(&cache), None);
}

#[test]
fn of_two_overlapping_writes_the_last_one_to_end_counts() {
    let cache = cache();
    let (first, second) = (open(&cache), open(&cache));
    drop(first);
    fill(&cache, 1);
    assert_eq!(cached(&cache), None);
    drop(second);
    fill(&cache, 2);
    assert_eq!(cached(&cache), Some(2));
}

#[test]
fn a_batch_that_names_a_record_twice_opens_and_closes_it_twice() {
    let cache = cache();
    let write = cache.open([(KIND, &key()), (KIND, &key())].into_iter());
    fill(&cache, 1);
    assert_eq!(cached(&cache), None);
    drop(write);
    fill(&cache, 2);
    assert_eq!(cached(&cache), Some(2));
}

#[test]
fn clearing_forgets_everything_and_what_is_being_read() {
    let cache = cache();
    fill(&cache, 1);
    let miss = cache.miss(KIND, &key());
    cache.clear();
    cache.fill(miss, KIND, &key(), value(1));
    assert_eq!(cached(&cache), None);
}

/// Readers and a writer without any order between them: a reader that starts after version n was acknowledged sees n or later.
#[test]
fn no_reader_ever_sees_less_than_was_acknowledged_before_it_began() {
    const WRITES: u64 = 20_000;
    let cache = cache();
    let (stored, acknowledged, ended) = (AtomicU64::new(0), AtomicU64::new(0), AtomicBool::new(false));
    let start = Barrier::new(4);
    std::thread::scope(|scope| {
        for _ in 0..3 {
            scope.spawn(|| {
                start.wait();
                while !ended.load(Ordering::SeqCst) {
                    let least = acknowledged.load(Ordering::SeqCst);
                    let seen = cached(&cache).unwrap_or_else(|| {
                        let miss = cache.miss(KIND, &key());
                        let read = stored.load(Ordering::SeqCst);
                        std::thread::yield_now();
                        cache.fill(miss, KIND, &key(), value(read));
                        read
                    });
                    assert!(seen >= least, "saw {seen} after {least} was acknowledged");
                }
            });
        }
        start.wait();
        for version in 1..=WRITES {
            let write = open(&cache);
            stored.store(version, Ordering::SeqCst);
            drop(write);
            acknowledged.store(version, Ordering::SeqCst);
        }
        ended.store(true, Ordering::SeqCst);
    });
}
