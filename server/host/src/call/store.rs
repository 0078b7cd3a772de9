//! `store_*` and `once`: a plugin's own values, in its own namespace, on threads that may wait.

use std::future::Future;
use std::time::Duration;

use keyhook_component::batch::{Applied, Batch, Operation, Why};
use keyhook_component::record::Key;
use keyhook_component::records::{Once, PluginValue, Records, Stored};
use keyhook_component::store::{Lookup, StoreError};
use keyhook_core::time::Timestamp;
use keyhook_plugin::abi::{self, Str};
use tokio::runtime::Handle;

use super::limits::{KEY_BYTES, VALUE_BYTES};
use super::{Call, Scene};

/// Where a plugin names no time, and the longest it may name.
const YEAR: u64 = 365 * 24 * 60 * 60;

impl Call {
    /// Reads a value; the bytes live until the next change.
    pub(crate) fn store_get(&mut self, key: &str) -> Result<Str, i32> {
        let found = self.stored(key)?.ok_or(abi::ABSENT)?;
        Ok(self.keep(found.body.value.clone()))
    }

    /// Writes a value.
    pub(crate) fn store_put(&mut self, key: &str, value: &[u8], ttl: u64) -> Result<(), i32> {
        let (records, name) = self.store(key)?;
        let put = self.record(name, value, ttl)?.put().map_err(|error| fault(&error))?;
        self.wait(apply(&records, put)).map(drop)
    }

    /// Writes a value if it is still `old`; an empty `old` is "there is none".
    pub(crate) fn store_cas(&mut self, key: &str, old: &[u8], value: &[u8], ttl: u64) -> Result<(), i32> {
        let (records, name) = self.store(key)?;
        let mut record = self.record(name.clone(), value, ttl)?;
        let found = self.wait(records.read::<PluginValue>(&name))?;
        let now = self.world.clock.now();
        let operation = match found {
            Lookup::Absent if old.is_empty() => record.insert(),
            Lookup::Live(found) => {
                let is_there = !found.expires_at.has_passed(now);
                let is_same = if is_there { !old.is_empty() && found.body.value == old } else { old.is_empty() };
                if !is_same {
                    return Err(abi::CONFLICT);
                }
                record.version = found.version;
                record.replace()
            }
            Lookup::Absent | Lookup::Spent(_) => return Err(abi::CONFLICT),
        };
        let operation = operation.map_err(|error| fault(&error))?;
        match self.wait(apply(&records, operation))? {
            Applied::Applied => Ok(()),
            Applied::Refused { why: Why::Exists | Why::Absent | Why::Spent | Why::Changed, .. } => Err(abi::CONFLICT),
        }
    }

    /// Deletes a value; [`abi::ABSENT`] if there was none.
    pub(crate) fn store_delete(&mut self, key: &str) -> Result<(), i32> {
        let found = self.stored(key)?.ok_or(abi::ABSENT)?;
        let (records, _) = self.store(key)?;
        self.wait(apply(&records, found.delete())).map(drop)
    }

    /// Takes a key; [`abi::CONFLICT`] if somebody took it before, here or on another node.
    pub(crate) fn once(&mut self, key: &str, ttl: u64) -> Result<(), i32> {
        let (records, _) = self.store(key)?;
        let name = Key::pair(&format!("plugin/{}", self.plugin.name), key);
        let mut record = Stored::new(name.clone(), self.ends(ttl), Once {});
        let insert = record.clone().insert().map_err(|error| fault(&error))?;
        if self.wait(apply(&records, insert))? == Applied::Applied {
            return Ok(());
        }
        // What has expired and was not purged yet is free again, for one of those who ask.
        let Lookup::Live(found) = self.wait(records.read::<Once>(&name))? else { return Err(abi::CONFLICT) };
        if !found.expires_at.has_passed(self.world.clock.now()) {
            return Err(abi::CONFLICT);
        }
        record.version = found.version;
        let replace = record.replace().map_err(|error| fault(&error))?;
        if self.wait(apply(&records, replace))? == Applied::Applied { Ok(()) } else { Err(abi::CONFLICT) }
    }

    fn stored(&mut self, key: &str) -> Result<Option<std::sync::Arc<Stored<PluginValue>>>, i32> {
        let (records, name) = self.store(key)?;
        let found = self.wait(records.read::<PluginValue>(&name))?.live();
        let now = self.world.clock.now();
        Ok(found.filter(|found| !found.expires_at.has_passed(now)))
    }

    /// The records and the record's key, if this call may wait for them at all.
    fn store(&self, key: &str) -> Result<(Records, Key), i32> {
        if !self.plugin.may.store {
            return Err(abi::NOT_PERMITTED);
        }
        let records = self.world.records.clone().filter(|_| self.scene != Scene::Create).ok_or(abi::NOT_HERE)?;
        if !self.blocking {
            return Err(abi::WOULD_BLOCK);
        }
        if key.is_empty() || key.len() > KEY_BYTES {
            return Err(abi::BAD_ARGUMENT);
        }
        Ok((records, Key::pair(&self.plugin.name, key)))
    }

    fn record(&self, name: Key, value: &[u8], ttl: u64) -> Result<Stored<PluginValue>, i32> {
        if value.len() > VALUE_BYTES {
            return Err(abi::BAD_ARGUMENT);
        }
        Ok(Stored::new(name, self.ends(ttl), PluginValue { value: value.to_vec() }))
    }

    fn ends(&self, ttl: u64) -> Timestamp {
        let seconds = if ttl == 0 { YEAR } else { ttl.min(YEAR) };
        self.world.clock.now().plus(Duration::from_secs(seconds))
    }

    /// Waits on this thread, at most until the deadline. What the store does after that it does, but nobody hears of it.
    pub(super) fn wait<T>(&self, answer: impl Future<Output = Result<T, StoreError>>) -> Result<T, i32> {
        if self.is_cancelled() {
            return Err(abi::DEADLINE);
        }
        let runtime = Handle::try_current().map_err(|_| abi::NOT_HERE)?;
        let answered = runtime.block_on(async {
            match self.deadline {
                Some(deadline) => tokio::time::timeout_at(deadline, answer).await.map_err(|_| abi::DEADLINE),
                None => Ok(answer.await),
            }
        })?;
        answered.map_err(|error| fault(&error))
    }
}

async fn apply(records: &Records, operation: Operation) -> Result<Applied, StoreError> {
    records.apply(Batch::new().with(operation)).await
}

fn fault(error: &StoreError) -> i32 {
    tracing::error!(%error, "a plugin's value could not be read or written");
    abi::HOST_FAULT
}
