//! A bounded cache of typed records that never serves what a finished write has replaced.
//!
//! A reader that missed remembers the shard's generation, reads the store, and keeps what it read only if no write touched the
//! shard meanwhile. A writer opens the shard before it applies its batch and closes it before it acknowledges.

use std::any::Any;
use std::hash::BuildHasher;
use std::sync::{Arc, Mutex, PoisonError};

use quick_cache::Equivalent;
use quick_cache::sync::Cache;

use crate::record::{Key, Kind};

/// A cached value: the typed lookup, erased.
pub type Cached = Arc<dyn Any + Send + Sync>;

const SHARDS: usize = 64;

/// The cache.
pub struct RecordCache {
    entries: Cache<(Kind, Key), Cached>,
    shards: [Mutex<Shard>; SHARDS],
    hasher: std::hash::RandomState,
}

#[derive(Clone, Copy, Default)]
struct Shard {
    generation: u64,
    writers: u32,
}

/// A key of the cache that a look-up need not own. Hashes as the owned one does.
#[derive(Hash)]
struct Borrowed<'a>(Kind, &'a Key);

impl Equivalent<(Kind, Key)> for Borrowed<'_> {
    fn equivalent(&self, (kind, key): &(Kind, Key)) -> bool {
        self.0 == *kind && self.1 == key
    }
}

/// What a reader remembers between its miss and its insert.
#[derive(Clone, Copy)]
pub struct Miss {
    shard: usize,
    generation: Option<u64>,
}

/// A write under way. Dropped when it is decided, before it is acknowledged.
pub struct OpenWrite {
    cache: Arc<RecordCache>,
    entries: Vec<(Kind, Key)>,
}

impl Drop for OpenWrite {
    fn drop(&mut self) {
        for entry in &self.entries {
            let mut state = self.cache.lock(self.cache.shard_of(entry.0, &entry.1));
            state.writers -= 1;
            state.generation += 1;
            self.cache.entries.remove(entry);
        }
    }
}

impl RecordCache {
    /// A cache of at most so many records.
    pub fn new(capacity: usize) -> RecordCache {
        RecordCache {
            entries: Cache::new(capacity),
            shards: std::array::from_fn(|_| Mutex::default()),
            hasher: std::hash::RandomState::new(),
        }
    }

    /// The cached lookup.
    pub fn get(&self, kind: Kind, key: &Key) -> Option<Cached> {
        self.entries.get(&Borrowed(kind, key))
    }

    /// Before reading the store.
    pub fn miss(&self, kind: Kind, key: &Key) -> Miss {
        let shard = self.shard_of(kind, key);
        let state = *self.lock(shard);
        Miss { shard, generation: (state.writers == 0).then_some(state.generation) }
    }

    /// After reading the store: keeps the value unless a write came between.
    pub fn fill(&self, miss: Miss, kind: Kind, key: &Key, value: Cached) {
        let Some(generation) = miss.generation else { return };
        let state = self.lock(miss.shard);
        if state.generation == generation && state.writers == 0 {
            self.entries.insert((kind, key.clone()), value);
        }
    }

    /// Before a write: nobody may keep what they read from here on, until the answer is dropped.
    pub fn open<'a>(self: &Arc<Self>, targets: impl Iterator<Item = (Kind, &'a Key)>) -> OpenWrite {
        let entries = targets
            .map(|(kind, key)| {
                let mut state = self.lock(self.shard_of(kind, key));
                state.writers += 1;
                state.generation += 1;
                (kind, key.clone())
            })
            .collect();
        OpenWrite { cache: Arc::clone(self), entries }
    }

    /// Forgets everything: another process wrote.
    pub fn clear(&self) {
        for shard in &self.shards {
            shard.lock().unwrap_or_else(PoisonError::into_inner).generation += 1;
        }
        self.entries.clear();
    }

    fn shard_of(&self, kind: Kind, key: &Key) -> usize {
        usize::try_from(self.hasher.hash_one((kind, key)) % SHARDS as u64).unwrap_or_default()
    }

    fn lock(&self, shard: usize) -> std::sync::MutexGuard<'_, Shard> {
        self.shards[shard].lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may fail by panicking")]
#[path = "cache_tests.rs"]
mod tests;
