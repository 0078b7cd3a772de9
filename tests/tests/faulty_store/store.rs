//! `faulty:NAME/URL`: the store of the URL under the weather of the script NAME.

use std::sync::Arc;
use std::time::Duration;

use keyhook_component::batch::{Applied, Batch};
use keyhook_component::record::{Key, Kind, Record};
use keyhook_component::registry::{self, Opening, StoreSource};
use keyhook_component::store::{Index, Lookup, Page, Promises, Store, StoreError};
use keyhook_component::{BoxFuture, component};
use keyhook_core::Timestamp;
use keyhook_core::id::RecordId;

use crate::script::{Fault, Script};

component!(Store: "faulty", open);

/// How late what is late comes.
const LATE: Duration = Duration::from_millis(20);

fn open(source: StoreSource) -> Opening {
    Box::pin(async move {
        let unusable = || StoreError::Unusable(format!("faulty:{} is not faulty:NAME/URL", source.address));
        let (name, url) = source.address.split_once('/').ok_or_else(unusable)?;
        let (scheme, address) = url.split_once(':').ok_or_else(unusable)?;
        let factory = registry::store(scheme).ok_or_else(unusable)?;
        let inner = (factory.open)(StoreSource { address: address.to_owned(), ..source.clone() }).await?;
        Ok(Arc::new(Faulty { inner, script: Script::of(name) }) as Arc<dyn Store>)
    })
}

struct Faulty {
    inner: Arc<dyn Store>,
    script: Arc<Script>,
}

fn failed() -> StoreError {
    StoreError::Unavailable("KH0408 the weather is foul".to_owned())
}

impl Faulty {
    /// Half of a batch, as a store without transactions leaves it: its first operations, the guard before all others.
    async fn tear(&self, batch: Batch) -> Result<Applied, StoreError> {
        let (mut operations, held) = batch.into_parts();
        let kept = 1 + usize::try_from(self.script.draw()).unwrap_or(usize::MAX) % operations.len().max(1);
        operations.truncate(kept);
        let half = operations.into_iter().fold(Batch::new(), Batch::with);
        let applied = self.inner.apply(half).await;
        drop(held);
        match applied? {
            Applied::Applied => Err(failed()),
            refused @ Applied::Refused { .. } => Ok(refused),
        }
    }

    /// A call that only asks.
    async fn ask<T>(&self, call: impl Future<Output = Result<T, StoreError>>) -> Result<T, StoreError> {
        match self.script.next(false).await {
            Fault::None => call.await,
            Fault::Late => {
                tokio::time::sleep(LATE).await;
                call.await
            }
            Fault::LateRefused => {
                tokio::time::sleep(LATE).await;
                Err(failed())
            }
            Fault::Refused | Fault::Lost | Fault::Torn => Err(failed()),
        }
    }
}

impl Store for Faulty {
    fn get<'a>(&'a self, kind: Kind, key: &'a Key) -> BoxFuture<'a, Result<Lookup<Record>, StoreError>> {
        Box::pin(self.ask(self.inner.get(kind, key)))
    }

    fn list<'a>(&'a self, kind: Kind, index: &'a Index, page: Page) -> BoxFuture<'a, Result<Vec<Record>, StoreError>> {
        Box::pin(self.ask(self.inner.list(kind, index, page)))
    }

    fn apply(&self, batch: Batch) -> BoxFuture<'_, Result<Applied, StoreError>> {
        Box::pin(async move {
            match self.script.next(true).await {
                Fault::None => self.inner.apply(batch).await,
                Fault::Refused => Err(failed()),
                Fault::Lost => self.inner.apply(batch).await.and_then(|_| Err(failed())),
                Fault::Torn => self.tear(batch).await,
                Fault::Late => {
                    tokio::time::sleep(LATE).await;
                    self.inner.apply(batch).await
                }
                Fault::LateRefused => {
                    tokio::time::sleep(LATE).await;
                    Err(failed())
                }
            }
        })
    }

    fn purge<'a>(&'a self, now: Timestamp, horizons: &'a [(Kind, RecordId)]) -> BoxFuture<'a, Result<u64, StoreError>> {
        Box::pin(self.ask(self.inner.purge(now, horizons)))
    }

    fn promises(&self) -> Promises {
        self.inner.promises()
    }

    fn changed_elsewhere(&self) -> u64 {
        self.inner.changed_elsewhere()
    }

    fn health(&self) -> BoxFuture<'_, Result<(), StoreError>> {
        Box::pin(self.ask(self.inner.health()))
    }

    fn close(&self) -> BoxFuture<'_, ()> {
        self.inner.close()
    }
}
