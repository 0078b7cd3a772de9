//! What the server would not do for a plugin.

use std::fmt;

use crate::abi;
use crate::deny::Deny;

/// The server refused a call. `?` turns it into a denial with `server_error`; the text is logged, never sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refused {
    wish: String,
    reason: Reason,
}

/// Why the server refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Reason {
    /// There is no such value.
    Absent,
    /// An argument is malformed or too large.
    BadArgument,
    /// The value has another type than asked for.
    WrongType,
    /// This hook has no such part, or this server no such function.
    NotHere,
    /// A blocking capability in an `inline` hook: take `inline` off.
    WouldBlock,
    /// The hook's deadline has passed.
    Deadline,
    /// A protected member, a read-only value, or a capability that the configuration does not allow.
    NotPermitted,
    /// The value changed in between, or a plugin of the custom hook denied.
    Conflict,
    /// A fault inside the server, or an answer that this version does not know.
    HostFault,
}

impl Refused {
    /// `wish` completes "the server refused to …".
    pub(crate) fn new(code: i32, wish: String) -> Self {
        let reason = match code {
            abi::ABSENT => Reason::Absent,
            abi::BAD_ARGUMENT => Reason::BadArgument,
            abi::WRONG_TYPE => Reason::WrongType,
            abi::NOT_HERE => Reason::NotHere,
            abi::WOULD_BLOCK => Reason::WouldBlock,
            abi::DEADLINE => Reason::Deadline,
            abi::NOT_PERMITTED => Reason::NotPermitted,
            abi::CONFLICT => Reason::Conflict,
            _ => Reason::HostFault,
        };
        Self { wish, reason }
    }

    /// Why.
    pub fn reason(&self) -> Reason {
        self.reason
    }
}

/// [`abi::OK`] or what was refused.
pub(crate) fn accepted(code: i32, wish: impl FnOnce() -> String) -> Result<(), Refused> {
    match code {
        abi::OK => Ok(()),
        refused => Err(Refused::new(refused, wish())),
    }
}

/// Like [`accepted`], but what was not there is no error: `false`.
pub(crate) fn accepted_or_absent(code: i32, wish: impl FnOnce() -> String) -> Result<bool, Refused> {
    match code {
        abi::ABSENT => Ok(false),
        code => accepted(code, wish).map(|()| true),
    }
}

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "cannot {}: ", self.wish)?;
        f.write_str(match self.reason {
            Reason::Absent => "there is none",
            Reason::BadArgument => "malformed or too large",
            Reason::WrongType => "the value has another type",
            Reason::NotHere => "not offered here",
            Reason::WouldBlock => "it may block, and the hook is `inline`",
            Reason::Deadline => "the deadline has passed",
            Reason::NotPermitted => "protected, read-only or not allowed by the configuration",
            Reason::Conflict => "it changed in between, or a plugin denied",
            Reason::HostFault => "a fault inside the server, see its log",
        })
    }
}

impl std::error::Error for Refused {}

impl From<Refused> for Deny {
    fn from(refused: Refused) -> Self {
        Self::server_error().because(refused.to_string())
    }
}

/// For `start` functions, whose error is a text.
impl From<Refused> for String {
    fn from(refused: Refused) -> Self {
        refused.to_string()
    }
}
