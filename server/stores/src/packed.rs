//! A record as the one string that a key-value store keeps under its key.
//!
//! ```text
//! state (L, S) · version (4) · expires_at (8) · grant (8) · where the body begins (4) · client · subject · body
//! ```
//! Numbers are big-endian. Client and subject are a length of four bytes, all ones for none, and their text. The first five bytes are
//! the head: all that deciding about a write needs.

use keyhook_component::record::{Key, Kind, Record, State};
use keyhook_component::store::StoreError;
use keyhook_core::id::RecordId;
use keyhook_core::time::Timestamp;

/// State and version.
pub(crate) const HEAD: usize = 5;
const NONE: u32 = u32::MAX;

/// The record's bytes.
pub(crate) fn pack(record: &Record) -> Vec<u8> {
    let owners = record.client.as_ref().map_or(0, String::len) + record.subject.as_ref().map_or(0, String::len);
    let mut bytes = Vec::with_capacity(33 + owners + record.body.len());
    bytes.extend_from_slice(&head(record.state, record.version));
    bytes.extend_from_slice(&record.expires_at.millis().to_be_bytes());
    bytes.extend_from_slice(&record.grant.raw().to_be_bytes());
    bytes.extend_from_slice(&length(33 + owners).to_be_bytes());
    for owner in [&record.client, &record.subject] {
        bytes.extend_from_slice(&owner.as_ref().map_or(NONE, |name| length(name.len())).to_be_bytes());
        bytes.extend_from_slice(owner.as_deref().unwrap_or_default().as_bytes());
    }
    bytes.extend_from_slice(&record.body);
    bytes
}

/// The first bytes of a record in this state and version.
pub(crate) fn head(state: State, version: u32) -> [u8; HEAD] {
    let [a, b, c, d] = version.to_be_bytes();
    [if state == State::Live { b'L' } else { b'S' }, a, b, c, d]
}

/// No owner and no body is that long: a request is a few kilobytes.
fn length(bytes: usize) -> u32 {
    u32::try_from(bytes).unwrap_or(NONE - 1)
}

/// The record that was packed.
///
/// # Errors
/// [`StoreError::Unusable`] when the bytes are not a record's.
pub(crate) fn unpack(kind: Kind, key: &Key, bytes: &[u8]) -> Result<Record, StoreError> {
    read(kind, key, bytes).ok_or_else(|| {
        StoreError::Unusable(format!(
            "[KH0434] what the store holds as a {} record was not written by this keyhook; give keyhook a database or a prefix of its own",
            kind.name()
        ))
    })
}

fn read(kind: Kind, key: &Key, bytes: &[u8]) -> Option<Record> {
    let mut rest = bytes;
    let state = match number::<1>(&mut rest)? {
        [b'L'] => State::Live,
        [b'S'] => State::Spent,
        _ => return None,
    };
    let version = u32::from_be_bytes(number(&mut rest)?);
    let expires_at = Timestamp::from_millis(i64::from_be_bytes(number(&mut rest)?));
    let grant = RecordId::from_raw(i64::from_be_bytes(number(&mut rest)?));
    let body_at = u32::from_be_bytes(number(&mut rest)?) as usize;
    let client = owner(&mut rest).ok()?;
    let subject = owner(&mut rest).ok()?;
    (bytes.len() - rest.len() == body_at).then(|| Record {
        kind,
        key: key.clone(),
        grant,
        client,
        subject,
        expires_at,
        version,
        state,
        body: rest.to_vec(),
    })
}

fn number<const N: usize>(rest: &mut &[u8]) -> Option<[u8; N]> {
    let (bytes, after) = rest.split_first_chunk::<N>()?;
    *rest = after;
    Some(*bytes)
}

fn owner(rest: &mut &[u8]) -> Result<Option<String>, Cut> {
    let length = u32::from_be_bytes(number(rest).ok_or(Cut)?);
    if length == NONE {
        return Ok(None);
    }
    let (name, after) = rest.split_at_checked(length as usize).ok_or(Cut)?;
    *rest = after;
    String::from_utf8(name.to_vec()).map(Some).map_err(|_| Cut)
}

/// The bytes end where they must not, or are no text.
struct Cut;

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test may fail by panicking")]
    use super::*;
    use crate::contract::samples::{code, id};

    #[test]
    fn a_record_comes_back_as_it_was_packed() {
        let bare = Record { client: None, subject: None, body: Vec::new(), expires_at: Timestamp::MAX, ..code(1) };
        let empty = Record { client: Some(String::new()), state: State::Spent, version: u32::MAX, ..code(1) };
        for record in [code(1), bare, empty] {
            assert_eq!(unpack(Kind::Code, &id(1), &pack(&record)).unwrap(), record);
        }
    }

    #[test]
    fn the_bytes_say_where_the_body_begins() {
        let packed = pack(&code(1));
        let at = u32::from_be_bytes(packed[21..25].try_into().unwrap()) as usize;
        assert_eq!(packed[at..], code(1).body);
        assert_eq!(packed[..HEAD], head(State::Live, 0));
    }

    #[test]
    fn what_was_cut_or_never_was_a_record_is_an_error() {
        let whole = pack(&code(1));
        let end = whole.len() - code(1).body.len();
        for cut in (0..end).map(|at| &whole[..at]).chain([&b"hello"[..], &[0xff; 80]]) {
            assert!(matches!(unpack(Kind::Code, &id(1), cut), Err(StoreError::Unusable(_))));
        }
    }
}
