//! A plugin's own corner of the server's store.

use std::time::Duration;

use crate::abi;
use crate::refused::{Refused, accepted, accepted_or_absent};
use crate::thunk::Call;

/// Bytes by key, seen by this plugin alone. All calls block: in `inline` hooks they are refused with
/// [`Reason::WouldBlock`](crate::Reason::WouldBlock), after the deadline with [`Reason::Deadline`](crate::Reason::Deadline).
pub struct Store<'a> {
    call: &'a Call,
}

impl<'a> Store<'a> {
    pub(crate) fn new(call: &'a Call) -> Self {
        Self { call }
    }

    /// Reads a value.
    ///
    /// # Errors
    /// The store is not at hand.
    pub fn get(&self, key: &str) -> Result<Option<Vec<u8>>, Refused> {
        match self.call.store_get(key) {
            Ok(lent) => Ok(Some(lent.bytes.to_vec())),
            Err(abi::ABSENT) => Ok(None),
            Err(code) => Err(Refused::new(code, format!("read `{key}` from the store"))),
        }
    }

    /// Writes a value that lives for `ttl`, whole seconds; zero is one year.
    ///
    /// # Errors
    /// The store is not at hand, or the value is too large.
    pub fn put(&self, key: &str, value: impl AsRef<[u8]>, ttl: Duration) -> Result<(), Refused> {
        let code = self.call.store_put(key, value.as_ref(), whole_seconds(ttl));
        accepted(code, || format!("write `{key}` to the store"))
    }

    /// Writes a value only if it is still `old`; `None`: only if there is none. The way to use a thing once.
    ///
    /// # Errors
    /// [`Reason::Conflict`](crate::Reason::Conflict) when somebody else was faster.
    pub fn cas(&self, key: &str, old: Option<&[u8]>, value: impl AsRef<[u8]>, ttl: Duration) -> Result<(), Refused> {
        let old = old.unwrap_or_default();
        let code = self.call.store_cas(key, old, value.as_ref(), whole_seconds(ttl));
        accepted(code, || format!("exchange `{key}` in the store"))
    }

    /// Deletes a value; `false` if there was none.
    ///
    /// # Errors
    /// The store is not at hand.
    pub fn delete(&self, key: &str) -> Result<bool, Refused> {
        accepted_or_absent(self.call.store_delete(key), || format!("delete `{key}` from the store"))
    }
}

/// Rounded up, so that a short life never becomes the zero that means a year.
pub(crate) fn whole_seconds(ttl: Duration) -> u64 {
    ttl.as_secs() + u64::from(ttl.subsec_nanos() > 0)
}
