//! A plugin's configuration, `[plugins.<name>.config]`.

use crate::abi::part;
use crate::members::{Found, read};
use crate::refused::Refused;
use crate::thunk::Call;

/// Read-only configuration. Keys are JSON pointers (RFC 6901): `/tenant`, `/users/alice`; build one of foreign text with
/// [`json::pointer`](crate::json::pointer).
pub struct Config<'a> {
    call: &'a Call,
}

impl<'a> Config<'a> {
    pub(crate) fn new(call: &'a Call) -> Self {
        Self { call }
    }

    /// A text.
    ///
    /// # Errors
    /// [`Reason::WrongType`](crate::Reason::WrongType) for another type: a mistyped setting must not count as absent.
    pub fn text(&self, pointer: &str) -> Result<Option<String>, Refused> {
        self.read(pointer, Found::text)
    }

    /// A whole number within `i64`.
    ///
    /// # Errors
    /// As [`Config::text`].
    pub fn integer(&self, pointer: &str) -> Result<Option<i64>, Refused> {
        self.read(pointer, Found::integer)
    }

    /// `true` or `false`.
    ///
    /// # Errors
    /// As [`Config::text`].
    pub fn flag(&self, pointer: &str) -> Result<Option<bool>, Refused> {
        self.read(pointer, Found::flag)
    }

    /// Any value as JSON text; `""` is the whole configuration.
    ///
    /// # Errors
    /// The server refuses to read it.
    pub fn raw(&self, pointer: &str) -> Result<Option<String>, Refused> {
        self.read(pointer, Found::raw)
    }

    fn read<T>(&self, pointer: &str, as_type: impl FnOnce(&Found<'a>) -> Option<T>) -> Result<Option<T>, Refused> {
        read(self.call, part::CONFIG, pointer, "configuration", as_type)
    }
}
