//! The members of a JSON object under construction: `{"name":value,…`.

use std::fmt;

use tracing::field::{Field, Visit};

/// Members of a line. A name that is there already is not added again: what is said first, nearest to the event, counts.
#[derive(Clone, Default)]
pub(super) struct Fields {
    text: Vec<u8>,
    names: Vec<&'static str>,
}

impl Fields {
    /// No members, in the room that this one has.
    pub(super) fn clear(&mut self) {
        self.text.clear();
        self.names.clear();
    }

    /// Adds a member.
    pub(super) fn add(&mut self, name: &'static str, value: impl serde::Serialize) {
        if self.names.contains(&name) {
            return;
        }
        self.names.push(name);
        self.text.extend_from_slice(if self.text.is_empty() { b"{\"" } else { b",\"" });
        self.text.extend_from_slice(name.as_bytes());
        self.text.extend_from_slice(b"\":");
        let before = self.text.len();
        // Writing numbers and strings into memory does not fail; if something does, the line stays one JSON object.
        if serde_json::to_writer(&mut self.text, &value).is_err() {
            self.text.truncate(before);
            self.text.extend_from_slice(b"null");
        }
    }

    /// Adds the members of a scope around this one, unless this one has said one of them itself: then it has said enough.
    pub(super) fn add_all(&mut self, outer: &Fields) {
        if !outer.text.is_empty() && outer.names.iter().all(|name| !self.names.contains(name)) {
            self.text.push(b',');
            self.text.extend_from_slice(&outer.text[1..]);
            self.names.extend_from_slice(&outer.names);
        }
    }

    /// The object, closed, as a line.
    pub(super) fn close(&mut self) -> &[u8] {
        self.text.extend_from_slice(if self.text.is_empty() { b"{}\n" } else { b"}\n" });
        &self.text
    }
}

impl Visit for Fields {
    fn record_str(&mut self, field: &Field, value: &str) {
        self.add(field.name(), value);
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.add(field.name(), value);
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.add(field.name(), value);
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.add(field.name(), value);
    }

    fn record_f64(&mut self, field: &Field, value: f64) {
        self.add(field.name(), value);
    }

    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.add(field.name(), format!("{value:?}"));
    }
}
