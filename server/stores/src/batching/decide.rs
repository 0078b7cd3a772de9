//! What becomes of batches over rows that nobody else can change meanwhile: the rules of the store, in memory.

use std::cmp::Ordering;
use std::collections::{BTreeMap, HashMap};

use keyhook_component::batch::{Applied, Operation, Why};
use keyhook_component::record::{Key, Kind, Record, State};

/// What is known of a row: enough to decide.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Known {
    pub(crate) version: u32,
    pub(crate) state: State,
}

/// The rows that are locked, by kind and key. What is not among them is absent.
pub(crate) type Locked<'a> = HashMap<(Kind, &'a Key), Known>;

/// A whole row to write: the record's fields, but for those that were decided.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Row<'a> {
    pub(crate) record: &'a Record,
    pub(crate) version: u32,
    pub(crate) state: State,
    pub(crate) body: &'a [u8],
}

/// A row that becomes spent and keeps the rest, but for a new body.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Taken<'a> {
    pub(crate) key: &'a Key,
    pub(crate) version: u32,
    pub(crate) body: Option<&'a [u8]>,
}

/// What is written to one table; every list in key order, and each key in one of them.
#[derive(Default)]
pub(crate) struct Change<'a> {
    pub(crate) inserted: Vec<Row<'a>>,
    pub(crate) overwritten: Vec<Row<'a>>,
    pub(crate) taken: Vec<Taken<'a>>,
    pub(crate) deleted: Vec<&'a Key>,
}

/// What is written, by kind.
pub(crate) type Changes<'a> = BTreeMap<Kind, Change<'a>>;

/// The order of keys: ids by number, names by bytes.
pub(crate) fn order(one: &Key, other: &Key) -> Ordering {
    match (one, other) {
        (Key::Issued(one), Key::Issued(other)) => one.cmp(other),
        (Key::Named(one), Key::Named(other)) => one.cmp(other),
        (Key::Issued(_), Key::Named(_)) => Ordering::Less,
        (Key::Named(_), Key::Issued(_)) => Ordering::Greater,
    }
}

/// A row between the operations.
#[derive(Clone, Copy)]
enum Now<'a> {
    Absent,
    /// As it was found.
    Found(Known),
    Taken {
        version: u32,
        body: Option<&'a [u8]>,
    },
    Written(Row<'a>),
}

impl Now<'_> {
    fn known(&self) -> Option<Known> {
        match self {
            Now::Absent => None,
            Now::Found(known) => Some(*known),
            Now::Taken { version, .. } => Some(Known { version: *version, state: State::Spent }),
            Now::Written(row) => Some(Known { version: row.version, state: row.state }),
        }
    }
}

/// Applies batches in order, each whole or not at all; says what became of each and what is to be written.
pub(crate) fn decide<'a>(batches: &[&'a [Operation]], locked: &Locked<'a>) -> (Vec<Applied>, Changes<'a>) {
    let mut rows: HashMap<(Kind, &'a Key), Now<'a>> = HashMap::with_capacity(batches.len());
    let decided = batches.iter().map(|operations| apply(operations, locked, &mut rows)).collect();
    (decided, changes(rows, locked))
}

fn apply<'a>(operations: &'a [Operation], locked: &Locked<'a>, rows: &mut HashMap<(Kind, &'a Key), Now<'a>>) -> Applied {
    let mut undo = Vec::new();
    for (index, operation) in operations.iter().enumerate() {
        let place = operation.target();
        let now = rows.entry(place).or_insert_with(|| locked.get(&place).map_or(Now::Absent, |known| Now::Found(*known)));
        match write(operation, *now) {
            Ok(next) => undo.push((place, std::mem::replace(now, next))),
            Err(why) => {
                for (place, before) in undo.into_iter().rev() {
                    rows.insert(place, before);
                }
                return Applied::Refused { operation: index, why };
            }
        }
    }
    Applied::Applied
}

/// What an operation makes of a row.
fn write<'a>(operation: &'a Operation, now: Now<'a>) -> Result<Now<'a>, Why> {
    let known = now.known();
    match operation {
        Operation::Insert(_) if known.is_some() => Err(Why::Exists),
        Operation::Insert(record) => Ok(Now::Written(whole(record, None))),
        Operation::Put(record) => Ok(Now::Written(whole(record, known))),
        Operation::Take { version, body, .. } => {
            let known = known.ok_or(Why::Absent)?;
            if known.state == State::Spent {
                return Err(Why::Spent);
            }
            if known.version != *version {
                return Err(Why::Changed);
            }
            let (version, body) = (version.wrapping_add(1), body.as_deref());
            Ok(match now {
                Now::Written(row) => Now::Written(Row { version, state: State::Spent, body: body.unwrap_or(row.body), ..row }),
                _ => Now::Taken { version, body },
            })
        }
        Operation::Replace(record) => {
            let known = known.ok_or(Why::Absent)?;
            if known.version != record.version {
                return Err(Why::Changed);
            }
            Ok(Now::Written(whole(record, Some(known))))
        }
        Operation::Delete { .. } => Ok(Now::Absent),
    }
}

/// A record in the place of what was there: the version grows, and spent is final.
fn whole(record: &Record, before: Option<Known>) -> Row<'_> {
    let (version, state) = match before {
        None => (record.version, record.state),
        Some(Known { version, state: State::Spent }) => (version.wrapping_add(1), State::Spent),
        Some(Known { version, .. }) => (version.wrapping_add(1), record.state),
    };
    Row { record, version, state, body: &record.body }
}

fn changes<'a>(rows: HashMap<(Kind, &'a Key), Now<'a>>, locked: &Locked<'a>) -> Changes<'a> {
    let mut changes = Changes::new();
    for ((kind, key), now) in rows {
        let stored = locked.contains_key(&(kind, key));
        let untouched = matches!((&now, stored), (Now::Absent, false) | (Now::Found(_), _));
        if untouched {
            continue;
        }
        let change = changes.entry(kind).or_default();
        match now {
            Now::Written(row) if stored => change.overwritten.push(row),
            Now::Written(row) => change.inserted.push(row),
            Now::Taken { version, body } => change.taken.push(Taken { key, version, body }),
            Now::Absent => change.deleted.push(key),
            Now::Found(_) => {}
        }
    }
    for change in changes.values_mut() {
        change.inserted.sort_unstable_by(|one, other| order(&one.record.key, &other.record.key));
        change.overwritten.sort_unstable_by(|one, other| order(&one.record.key, &other.record.key));
        change.taken.sort_unstable_by(|one, other| order(one.key, other.key));
        change.deleted.sort_unstable_by(|one, other| order(one, other));
    }
    changes
}
