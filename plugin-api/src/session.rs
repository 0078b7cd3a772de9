//! A plugin's values in the browser's session.

use crate::abi::part;
use crate::refused::{Refused, accepted, accepted_or_absent};
use crate::thunk::Call;

/// Text by name, seen by this plugin alone, kept until the session ends.
pub struct Session<'a> {
    call: &'a mut Call,
}

impl<'a> Session<'a> {
    pub(crate) fn new(call: &'a mut Call) -> Self {
        Self { call }
    }

    /// A value.
    pub fn text(&self, name: &str) -> Option<&str> {
        std::str::from_utf8(self.call.get(part::SESSION, name).ok()?.bytes).ok()
    }

    /// Keeps a value.
    ///
    /// # Errors
    /// Too large.
    pub fn set(&mut self, name: &str, text: &str) -> Result<(), Refused> {
        let code = self.call.set(part::SESSION, name, text);
        accepted(code, || format!("keep `{name}` in the session"))
    }

    /// Forgets a value; `false` if there was none.
    ///
    /// # Errors
    /// The server refuses.
    pub fn remove(&mut self, name: &str) -> Result<bool, Refused> {
        let code = self.call.remove(part::SESSION, name);
        accepted_or_absent(code, || format!("remove `{name}` from the session"))
    }
}
