//! A record as a document: `_id`, `v` version, `l` live, `e` end in milliseconds, `g` grant, `c` client, `s` subject, `b` body.
//!
//! An issued id is its number. A name is its bytes in hexadecimal: MongoDB orders byte strings by their length first, and pages go in
//! the order of the names.

use keyhook_component::record::{Key, Kind, Record, State};
use keyhook_component::store::StoreError;
use keyhook_core::id::RecordId;
use keyhook_core::time::Timestamp;
use mongodb::bson::spec::BinarySubtype;
use mongodb::bson::{Binary, Bson, Document, doc};

use super::failure;

/// What a record is found by.
pub(super) fn id(key: &Key) -> Bson {
    match key {
        Key::Issued(id) => Bson::Int64(id.raw()),
        Key::Named(name) => {
            let mut text = String::with_capacity(2 * name.len());
            for byte in name {
                const DIGITS: &[u8; 16] = b"0123456789abcdef";
                text.push(char::from(DIGITS[usize::from(byte >> 4)]));
                text.push(char::from(DIGITS[usize::from(byte & 15)]));
            }
            Bson::String(text)
        }
    }
}

/// The members that an overwrite replaces; version and state are not among them.
pub(super) fn contents(record: &Record) -> Document {
    doc! {
        "e": record.expires_at.millis(),
        "g": record.grant.raw(),
        "c": record.client.clone(),
        "s": record.subject.clone(),
        "b": body(&record.body),
    }
}

/// The body as bytes.
pub(super) fn body(bytes: &[u8]) -> Bson {
    Bson::Binary(Binary { subtype: BinarySubtype::Generic, bytes: bytes.to_vec() })
}

/// A new document.
pub(super) fn whole(record: &Record) -> Document {
    let mut document = doc! { "_id": id(&record.key), "v": i64::from(record.version), "l": record.state == State::Live };
    document.extend(contents(record));
    document
}

/// The record of a document.
///
/// # Errors
/// [`StoreError::Unusable`] when it is not a record's.
pub(super) fn record(kind: Kind, document: &Document) -> Result<Record, StoreError> {
    read(kind, document).ok_or_else(|| failure::foreign(kind.name()))
}

fn read(kind: Kind, document: &Document) -> Option<Record> {
    let owner = |name| match document.get(name)? {
        Bson::String(text) => Some(text.clone()),
        _ => None,
    };
    Some(Record {
        kind,
        key: key(kind, document.get("_id")?)?,
        grant: RecordId::from_raw(document.get_i64("g").ok()?),
        client: owner("c"),
        subject: owner("s"),
        expires_at: Timestamp::from_millis(document.get_i64("e").ok()?),
        // Versions wrap as the number of 32 bits that they are.
        version: u32::try_from(document.get_i64("v").ok()? & i64::from(u32::MAX)).ok()?,
        state: if document.get_bool("l").ok()? { State::Live } else { State::Spent },
        body: document.get_binary_generic("b").ok()?.clone(),
    })
}

fn key(kind: Kind, id: &Bson) -> Option<Key> {
    match id {
        Bson::Int64(raw) if kind.is_issued() => Some(Key::Issued(RecordId::from_raw(*raw))),
        Bson::String(text) if !kind.is_issued() && text.len() % 2 == 0 => {
            let byte = |at| u8::from_str_radix(text.get(at..at + 2)?, 16).ok();
            let name: Option<Vec<u8>> = (0..text.len()).step_by(2).map(byte).collect();
            name.map(Key::named)
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test may fail by panicking")]
    use super::*;
    use crate::contract::samples::{code, record as sample};

    #[test]
    fn a_record_comes_back_as_it_was_written() {
        let bare = Record { client: None, subject: None, body: Vec::new(), expires_at: Timestamp::MAX, state: State::Spent, ..code(1) };
        let named = Record { version: u32::MAX, ..sample(Kind::Once, Key::named(b"\0\xff name")) };
        for written in [code(1), bare, named] {
            assert_eq!(record(written.kind, &whole(&written)).unwrap(), written);
        }
    }

    #[test]
    fn names_sort_as_their_bytes_do() {
        let names: [&[u8]; 6] = [b"", b"\0", b"a", b"aa", b"b", b"\xc3\xa4"];
        let ids = names.map(|name| id(&Key::named(name)).as_str().unwrap().to_owned());
        assert!(ids.is_sorted());
    }

    #[test]
    fn a_document_of_another_program_is_an_error() {
        for foreign in [doc! {}, doc! { "_id": "xyz" }, doc! { "_id": 1_i64, "l": true }, doc! { "_id": "0" }] {
            assert!(matches!(record(Kind::Once, &foreign), Err(StoreError::Unusable(_))));
        }
    }
}
