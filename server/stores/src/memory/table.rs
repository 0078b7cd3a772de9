//! The records of the memory store: one ordered map per kind, and an undo log per batch.

use std::collections::BTreeMap;
use std::ops::Bound;

use keyhook_component::batch::{Applied, Operation, Why};
use keyhook_component::record::{Key, Kind, Record, State};
use keyhook_component::store::{Index, Page};
use keyhook_core::id::RecordId;
use keyhook_core::time::Timestamp;

/// How many records one purge deletes at most: what a request may have to wait for.
const SLICE: usize = 1000;

/// A key with the order that pages and purging need.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Place {
    Issued(i64),
    Named(Box<[u8]>),
}

impl Place {
    pub(super) fn of(key: &Key) -> Place {
        match key {
            Key::Issued(id) => Place::Issued(id.raw()),
            Key::Named(name) => Place::Named(name.clone()),
        }
    }
}

type Table = BTreeMap<Place, Record>;

#[derive(Default)]
pub(super) struct Tables {
    by_kind: [Table; Kind::ALL.len()],
}

/// What was there before an operation wrote.
type Undo = (Kind, Place, Option<Record>);

impl Tables {
    pub(super) fn get(&self, kind: Kind, place: &Place) -> Option<&Record> {
        self.by_kind[kind as usize].get(place)
    }

    /// All of it, or nothing.
    pub(super) fn apply(&mut self, operations: Vec<Operation>) -> Applied {
        let mut undo: Vec<Undo> = Vec::with_capacity(operations.len());
        for (index, operation) in operations.into_iter().enumerate() {
            match self.write(operation) {
                Ok(before) => undo.push(before),
                Err(why) => {
                    undo.into_iter().rev().for_each(|(kind, place, before)| self.restore(kind, place, before));
                    return Applied::Refused { operation: index, why };
                }
            }
        }
        Applied::Applied
    }

    fn write(&mut self, operation: Operation) -> Result<Undo, Why> {
        let (kind, key) = operation.target();
        let place = Place::of(key);
        let table = &mut self.by_kind[kind as usize];
        let stored = table.get(&place);
        let written = match operation {
            Operation::Insert(_) if stored.is_some() => return Err(Why::Exists),
            Operation::Insert(record) => Some(record),
            Operation::Put(record) => Some(match stored {
                Some(stored) => succeed(stored, record),
                None => record,
            }),
            Operation::Take { version, body, .. } => {
                let stored = stored.ok_or(Why::Absent)?;
                if stored.state == State::Spent {
                    return Err(Why::Spent);
                }
                if stored.version != version {
                    return Err(Why::Changed);
                }
                let mut taken = stored.clone();
                taken.state = State::Spent;
                taken.version = version.wrapping_add(1);
                taken.body = body.unwrap_or(taken.body);
                Some(taken)
            }
            Operation::Replace(record) => {
                let stored = stored.ok_or(Why::Absent)?;
                if stored.version != record.version {
                    return Err(Why::Changed);
                }
                Some(succeed(stored, record))
            }
            Operation::Delete { .. } => None,
        };
        let before = match written {
            Some(record) => table.insert(place.clone(), record),
            None => table.remove(&place),
        };
        Ok((kind, place, before))
    }

    fn restore(&mut self, kind: Kind, place: Place, before: Option<Record>) {
        let table = &mut self.by_kind[kind as usize];
        match before {
            Some(record) => table.insert(place, record),
            None => table.remove(&place),
        };
    }

    pub(super) fn list(&self, kind: Kind, index: &Index, page: &Page) -> Vec<Record> {
        let start = page.after.as_ref().map_or(Bound::Unbounded, |after| Bound::Excluded(Place::of(after)));
        self.by_kind[kind as usize]
            .range((start, Bound::Unbounded))
            .map(|(_, record)| record)
            .filter(|record| match index {
                Index::All => true,
                Index::Client(client) => record.client.as_ref() == Some(client),
                Index::Subject(subject) => record.subject.as_ref() == Some(subject),
            })
            .take(page.limit)
            .cloned()
            .collect()
    }

    pub(super) fn purge(&mut self, now: Timestamp, horizons: &[(Kind, RecordId)]) -> u64 {
        let mut left = SLICE;
        for (kind, floor) in horizons.iter().filter(|(kind, _)| kind.is_issued()) {
            let table = &mut self.by_kind[*kind as usize];
            let floor = Place::Issued(floor.raw());
            while left > 0 && table.first_key_value().is_some_and(|(place, _)| *place < floor) {
                table.pop_first();
                left -= 1;
            }
        }
        for kind in Kind::ALL.into_iter().filter(|kind| !kind.is_issued()) {
            let table = &mut self.by_kind[kind as usize];
            let ended = table.iter().filter(|(_, record)| record.expires_at.has_passed(now));
            for place in ended.map(|(place, _)| place.clone()).take(left).collect::<Vec<_>>() {
                table.remove(&place);
                left -= 1;
            }
        }
        (SLICE - left) as u64
    }
}

/// What overwrites a record: the version grows, and spent is final.
fn succeed(stored: &Record, mut record: Record) -> Record {
    record.version = stored.version.wrapping_add(1);
    if stored.state == State::Spent {
        record.state = State::Spent;
    }
    record
}
