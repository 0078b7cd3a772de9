//! What is written together: all of it or nothing, in one group.

use std::any::Any;

use crate::record::{Group, Key, Kind, Record};

/// One write.
#[derive(Clone, Debug)]
pub enum Operation {
    /// Refused with [`Why::Exists`] if the key exists, live or spent.
    Insert(Record),
    /// Inserts or overwrites.
    Put(Record),
    /// Live → Spent, for exactly one caller ever. Never deletes.
    Take {
        /// Kind of the record.
        kind: Kind,
        /// Key of the record.
        key: Key,
        /// The version that was read.
        version: u32,
        /// What the spent record keeps; `None` keeps the body as it is.
        body: Option<Vec<u8>>,
    },
    /// Overwrites if the stored version is `record.version`; the stored one is then `record.version + 1`.
    Replace(Record),
    /// Deletes; an absent record is no error.
    Delete {
        /// Kind of the record.
        kind: Kind,
        /// Key of the record.
        key: Key,
    },
}

impl Operation {
    /// Whether a cache may hold what this replaces. What is issued is new under its id, and that an id is free is never cached; for a
    /// nonce nobody looks (its body is not `CACHED`).
    pub fn may_be_cached(&self) -> bool {
        !matches!(self, Operation::Insert(record) if record.kind.is_issued() || record.kind == Kind::Nonce)
    }

    /// Kind and key that the operation touches.
    pub fn target(&self) -> (Kind, &Key) {
        match self {
            Operation::Insert(record) | Operation::Put(record) | Operation::Replace(record) => (record.kind, &record.key),
            Operation::Take { kind, key, .. } | Operation::Delete { kind, key } => (*kind, key),
        }
    }
}

/// Whether a store that is spread over machines keeps both records on one: what is issued by its route, the directory as a whole. A
/// hashed token has no route; it is written after the rest.
fn near((kind, key): (Kind, &Key), (other_kind, other_key): (Kind, &Key)) -> bool {
    match (key, other_key) {
        _ if kind == Kind::HashedToken || other_kind == Kind::HashedToken => true,
        (Key::Issued(id), Key::Issued(other)) => id.route() == other.route(),
        _ => kind.group() == Group::Directory || key == other_key,
    }
}

/// Writes that happen together, of one group and in one place: beside each other by [`RecordId::route`](keyhook_core::id::RecordId::route),
/// or in the directory. Where a store is not atomic over several records the first operation is the guard and stands alone.
#[derive(Debug, Default)]
pub struct Batch {
    operations: Vec<Operation>,
    held: Held,
}

/// What a store drops when the batch's fate is decided and before it answers, even if the caller has gone away meanwhile:
/// the cache above learns from it that the write is over.
#[derive(Default)]
pub struct Held(Option<Box<dyn Any + Send>>);

impl std::fmt::Debug for Held {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(if self.0.is_some() { "Held" } else { "Nothing" })
    }
}

impl Batch {
    /// An empty batch.
    pub fn new() -> Batch {
        Batch::default()
    }

    /// Adds an operation.
    #[must_use]
    pub fn with(mut self, operation: Operation) -> Batch {
        self.push(operation);
        self
    }

    /// Adds an operation.
    pub fn push(&mut self, operation: Operation) {
        debug_assert!(self.group().is_none_or(|group| group == operation.target().0.group()), "a batch stays in one group");
        debug_assert!(self.operations.iter().all(|other| near(other.target(), operation.target())), "a batch stays in one place");
        self.operations.push(operation);
    }

    /// The group of all its operations, `None` when it is empty.
    pub fn group(&self) -> Option<Group> {
        self.operations.first().map(|operation| operation.target().0.group())
    }

    /// The operations, in order.
    pub fn operations(&self) -> &[Operation] {
        &self.operations
    }

    /// Gives the batch something to hold until its fate is decided.
    pub fn hold(&mut self, guard: impl Any + Send) {
        self.held = Held(Some(Box::new(guard)));
    }

    /// The operations, and what must live until they are applied or refused.
    pub fn into_parts(self) -> (Vec<Operation>, Held) {
        (self.operations, self.held)
    }
}

/// What became of a batch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use = "a refused batch wrote nothing"]
pub enum Applied {
    /// All of it is written and durable, as far as the store promises.
    Applied,
    /// Nothing is written.
    Refused {
        /// Index of the operation that refused.
        operation: usize,
        /// Why.
        why: Why,
    },
}

/// Why an operation refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Why {
    /// `Insert`: the key exists.
    Exists,
    /// `Take`, `Replace`: no such record.
    Absent,
    /// `Take`: already spent.
    Spent,
    /// `Take`, `Replace`: another version than was read.
    Changed,
}
