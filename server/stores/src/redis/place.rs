//! Where a record lies: its key in Redis, whose part in braces chooses the slot of a cluster.
//!
//! ```text
//! kh:{<route of the id>}:<kind>:<id>      what is issued: a grant lies beside all that is issued under it
//! kh:{directory}:<kind>:<name>            clients, users, consents …: in one slot, so that their indexes are true
//! kh:{<name>}:<kind>                      nonces, counters, hashed tokens: spread by their names
//! ```

use keyhook_component::record::{Group, Key, Kind};

use crate::naming;

const DIRECTORY: &str = "directory";

/// What decides about the slot. Records of one place are written together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Place<'a> {
    Route(u16),
    Directory,
    Name(&'a [u8]),
}

impl Place<'_> {
    pub(super) fn of(kind: Kind, key: &Key) -> Place<'_> {
        match key {
            Key::Issued(id) => Place::Route(id.route()),
            Key::Named(_) if is_indexed(kind) => Place::Directory,
            Key::Named(name) => Place::Name(name),
        }
    }
}

/// Whether names and ends of a kind are kept in sorted sets beside its records.
pub(super) fn is_indexed(kind: Kind) -> bool {
    kind.group() == Group::Directory
}

/// The keys below one prefix.
#[derive(Clone)]
pub(super) struct Keys {
    prefix: String,
}

impl Keys {
    pub(super) fn new(prefix: &str) -> Keys {
        Keys { prefix: prefix.to_owned() }
    }

    /// The key of a record.
    pub(super) fn of(&self, kind: Kind, key: &Key) -> String {
        let (prefix, name, kind_name) = (&self.prefix, naming::encode(key), kind.name());
        match Place::of(kind, key) {
            Place::Route(route) => format!("{prefix}:{{{route}}}:{kind_name}:{name}"),
            Place::Directory => format!("{prefix}:{{{DIRECTORY}}}:{kind_name}:{name}"),
            Place::Name(_) => format!("{prefix}:{{{name}}}:{kind_name}"),
        }
    }

    /// The sorted set of the names of an indexed kind.
    pub(super) fn names(&self, kind: Kind) -> String {
        format!("{}:{{{DIRECTORY}}}#names:{}", self.prefix, kind.name())
    }

    /// The sorted set of those that end, by the millisecond.
    pub(super) fn ends(&self, kind: Kind) -> String {
        format!("{}:{{{DIRECTORY}}}#ends:{}", self.prefix, kind.name())
    }

    /// What says which layout the records have.
    pub(super) fn layout(&self) -> String {
        format!("{}:{{{DIRECTORY}}}#layout", self.prefix)
    }

    /// A pattern that fits the keys of a kind.
    pub(super) fn pattern(&self, kind: Kind) -> String {
        let (prefix, kind_name) = (&self.prefix, kind.name());
        if kind.is_issued() { format!("{prefix}:{{*}}:{kind_name}:*") } else { format!("{prefix}:{{*}}:{kind_name}") }
    }

    /// A pattern that fits the keys of every record.
    pub(super) fn every(&self) -> String {
        format!("{}:{{*}}:*", self.prefix)
    }

    /// Kind and key of the record under a key of Redis; `None` for what is in the directory or no record.
    pub(super) fn parse(&self, text: &str) -> Option<(Kind, Key)> {
        let (tag, rest) = text.strip_prefix(self.prefix.as_str())?.strip_prefix(":{")?.split_once("}:")?;
        let (kind, name) = rest.split_once(':').map_or((rest, None), |(kind, name)| (kind, Some(name)));
        let kind = Kind::ALL.into_iter().find(|known| known.name() == kind && !is_indexed(*known))?;
        let key = naming::decode(kind, if kind.is_issued() { name? } else { tag })?;
        Some((kind, key))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test may fail by panicking")]
    use keyhook_core::id::RecordId;
    use redis::cluster_routing::Slot;

    use super::*;
    use crate::contract::samples::NOW;

    #[test]
    fn a_grant_and_what_is_issued_under_it_share_a_slot_and_others_do_not() {
        let keys = Keys::new("kh");
        let slot = |kind, id| Slot::for_key(keys.of(kind, &Key::Issued(id)));
        let grant = RecordId::new(NOW, 0x0023_4567);
        let code = RecordId::beside(grant, NOW, 0x0012_3456);
        assert_eq!(slot(Kind::Grant, grant), slot(Kind::Code, code));
        assert_eq!(slot(Kind::Grant, grant), slot(Kind::AccessToken, RecordId::beside(grant, NOW, 7)));
        assert_ne!(slot(Kind::Grant, grant), slot(Kind::Grant, RecordId::new(NOW, 0x0023_4568)));
    }

    #[test]
    fn the_directory_and_its_indexes_share_a_slot_and_names_are_spread() {
        let keys = Keys::new("kh");
        let client = Slot::for_key(keys.of(Kind::Client, &Key::named("shop")));
        assert_eq!(client, Slot::for_key(keys.of(Kind::User, &Key::named("a}{b"))));
        assert_eq!(client, Slot::for_key(keys.names(Kind::Client)));
        assert_eq!(client, Slot::for_key(keys.ends(Kind::Client)));
        let once = |name: &str| Slot::for_key(keys.of(Kind::Once, &Key::named(name)));
        assert_ne!(once("a"), once("b"));
    }

    #[test]
    fn a_key_says_which_record_lies_under_it() {
        let keys = Keys::new("kh");
        for kind in Kind::ALL {
            let key = if kind.is_issued() { Key::Issued(RecordId::new(NOW, 5)) } else { Key::named("a}:{\0b") };
            let expected = (!is_indexed(kind)).then(|| (kind, key.clone()));
            assert_eq!(keys.parse(&keys.of(kind, &key)), expected);
        }
        for foreign in ["", "kh", "kh:{1}:code", "kh:{1}:code:x", "other:{1}:code:1", "kh:{directory}#names:client", "kh:{1}:nonsense:1"] {
            assert_eq!(keys.parse(foreign), None, "{foreign}");
        }
        assert_eq!(keys.parse(&keys.of(Kind::Once, &Key::named(""))), Some((Kind::Once, Key::named(""))));
    }
}
