//! JSON members that a plugin reads and writes by name.

use std::borrow::Cow;

use crate::abi;
use crate::json;
use crate::refused::{Refused, accepted, accepted_or_absent};
use crate::thunk::{Call, Lent};

/// The members of a JSON object on the server's side: a token response, a plugin's data, a payload.
pub struct Members<'a> {
    call: &'a mut Call,
    part: u32,
    noun: &'static str,
}

impl<'a> Members<'a> {
    pub(crate) fn new(call: &'a mut Call, part: u32, noun: &'static str) -> Self {
        Self { call, part, noun }
    }

    /// Sets a member, whether it was there or not.
    ///
    /// # Errors
    /// Protected, malformed or too large.
    pub fn set<'v>(&mut self, name: &str, value: impl IntoValue<'v>) -> Result<(), Refused> {
        let code = match value.into_value() {
            Value::Text(text) => self.call.set(self.part, name, &text),
            Value::Json(json) => self.call.set_json(self.part, name, &json),
        };
        accepted(code, || format!("set the {} `{name}`", self.noun))
    }

    /// Removes a member; `false` if there was none.
    ///
    /// # Errors
    /// Protected.
    pub fn remove(&mut self, name: &str) -> Result<bool, Refused> {
        let code = self.call.remove(self.part, name);
        accepted_or_absent(code, || format!("remove the {} `{name}`", self.noun))
    }

    /// A text member.
    ///
    /// # Errors
    /// [`Reason::WrongType`](crate::Reason::WrongType) for another type.
    pub fn text(&self, name: &str) -> Result<Option<String>, Refused> {
        read(self.call, self.part, name, self.noun, Found::text)
    }

    /// A member that is a whole number within `i64`.
    ///
    /// # Errors
    /// As [`Members::text`].
    pub fn integer(&self, name: &str) -> Result<Option<i64>, Refused> {
        read(self.call, self.part, name, self.noun, Found::integer)
    }

    /// A member that is `true` or `false`.
    ///
    /// # Errors
    /// As [`Members::text`].
    pub fn flag(&self, name: &str) -> Result<Option<bool>, Refused> {
        read(self.call, self.part, name, self.noun, Found::flag)
    }

    /// A member of any type as JSON text.
    ///
    /// # Errors
    /// The server refuses to read it.
    pub fn raw(&self, name: &str) -> Result<Option<String>, Refused> {
        read(self.call, self.part, name, self.noun, Found::raw)
    }

    /// The names of all members.
    pub fn names(&self) -> Vec<String> {
        (0..)
            .map_while(|index| self.call.list(self.part, index).ok())
            .map(|(name, _)| String::from_utf8_lossy(name.bytes).into_owned())
            .collect()
    }
}

/// A value as the server gives it: text, or a JSON text.
pub(crate) enum Found<'a> {
    Text(&'a str),
    Json(&'a str),
}

impl Found<'_> {
    pub(crate) fn text(&self) -> Option<String> {
        match self {
            Self::Text(text) => Some((*text).to_owned()),
            Self::Json(json) => json::text(json).map(Cow::into_owned),
        }
    }

    pub(crate) fn integer(&self) -> Option<i64> {
        match self {
            Self::Text(_) => None,
            Self::Json(json) => json::integer(json),
        }
    }

    pub(crate) fn flag(&self) -> Option<bool> {
        match self {
            Self::Text(_) => None,
            Self::Json(json) => json::flag(json),
        }
    }

    #[allow(clippy::unnecessary_wraps, reason = "one shape with the readers that may fail")]
    pub(crate) fn raw(&self) -> Option<String> {
        Some(match self {
            Self::Text(text) => json::quote(text),
            Self::Json(json) => (*json).to_owned(),
        })
    }
}

/// Reads a value and takes it as a type; absent is `None`, another type is an error: a wrong value never counts as a missing one.
pub(crate) fn read<'a, T>(
    call: &'a Call,
    part: u32,
    name: &str,
    noun: &str,
    as_type: impl FnOnce(&Found<'a>) -> Option<T>,
) -> Result<Option<T>, Refused> {
    let refused = |code| Refused::new(code, format!("read the {noun} `{name}`"));
    let lent = match call.get(part, name) {
        Ok(lent) => lent,
        Err(abi::ABSENT) => return Ok(None),
        Err(code) => return Err(refused(code)),
    };
    let found = found(&lent).ok_or_else(|| refused(abi::HOST_FAULT))?;
    as_type(&found).map(Some).ok_or_else(|| refused(abi::WRONG_TYPE))
}

fn found<'a>(lent: &Lent<'a>) -> Option<Found<'a>> {
    let text = std::str::from_utf8(lent.bytes).ok()?;
    Some(if lent.is_json { Found::Json(text) } else { Found::Text(text) })
}

/// What [`Members::set`] hands over.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Value<'v> {
    /// Becomes a JSON string.
    Text(Cow<'v, str>),
    /// One JSON text.
    Json(Cow<'v, str>),
}

/// One JSON text of your own, for objects and arrays: `Json(r#"{"a": 1}"#)`. The server checks it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Json<T>(pub T);

/// Values that a member may be set to.
pub trait IntoValue<'v> {
    /// The value as it crosses the border.
    fn into_value(self) -> Value<'v>;
}

impl<'v> IntoValue<'v> for &'v str {
    fn into_value(self) -> Value<'v> {
        Value::Text(Cow::Borrowed(self))
    }
}

impl<'v> IntoValue<'v> for &'v String {
    fn into_value(self) -> Value<'v> {
        Value::Text(Cow::Borrowed(self))
    }
}

impl IntoValue<'static> for String {
    fn into_value(self) -> Value<'static> {
        Value::Text(Cow::Owned(self))
    }
}

impl<'v> IntoValue<'v> for Json<&'v str> {
    fn into_value(self) -> Value<'v> {
        Value::Json(Cow::Borrowed(self.0))
    }
}

impl IntoValue<'static> for Json<String> {
    fn into_value(self) -> Value<'static> {
        Value::Json(Cow::Owned(self.0))
    }
}

/// A list of texts.
impl IntoValue<'static> for &[&str] {
    fn into_value(self) -> Value<'static> {
        let items: Vec<String> = self.iter().map(|item| json::quote(item)).collect();
        Value::Json(Cow::Owned(format!("[{}]", items.join(","))))
    }
}

/// Numbers and booleans are written as Rust prints them; what is no JSON, such as `NaN`, the server refuses.
macro_rules! printed {
    ($($type:ty),*) => {$(
        impl IntoValue<'static> for $type {
            fn into_value(self) -> Value<'static> {
                Value::Json(Cow::Owned(self.to_string()))
            }
        }
    )*};
}
printed!(i32, u32, i64, u64, usize, f64, bool);
