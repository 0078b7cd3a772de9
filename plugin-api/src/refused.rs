//! What the server would not do for a plugin.

use std::fmt;

use crate::abi;
use crate::deny::Deny;

/// The server refused a call. `?` turns it into a denial with `server_error`; the text is logged, never sent. Only where the plugin
/// behind a fired hook denied in public, the denial is that plugin's.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refused {
    wish: String,
    reason: Reason,
    /// What a plugin of a fired hook said in public.
    denial: Option<Deny>,
    /// Whose hook it was, if a fired one.
    plugin: Option<String>,
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
    /// The value changed in between.
    Conflict,
    /// `fire`: a plugin of the custom hook denied, see [`Refused::denial`].
    Denied,
    /// `fire`: a plugin of the custom hook panicked, was late or answered nonsense; the server's log has it.
    Failed,
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
            abi::DENIED => Reason::Denied,
            abi::FAILED => Reason::Failed,
            _ => Reason::HostFault,
        };
        Self { wish, reason, denial: None, plugin: None }
    }

    /// Adds what is known of the plugin behind a fired hook.
    pub(crate) fn by(mut self, plugin: Option<String>, denial: Option<Deny>) -> Self {
        (self.plugin, self.denial) = (plugin, denial);
        self
    }

    /// Why.
    pub fn reason(&self) -> Reason {
        self.reason
    }

    /// The denial of the plugin behind a fired hook, if it denied in public: what `?` denies with.
    pub fn denial(&self) -> Option<&Deny> {
        self.denial.as_ref()
    }

    /// The name of the plugin behind a fired hook that denied, failed or would block.
    pub fn plugin(&self) -> Option<&str> {
        self.plugin.as_deref()
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
        if let Some(plugin) = &self.plugin {
            return match self.reason {
                Reason::WouldBlock => write!(
                    f,
                    "the hook of plugin `{plugin}` may block, and this call is `inline`; take `inline` off here, or mark that hook `inline`"
                ),
                Reason::Denied => match &self.denial {
                    Some(denial) => write!(f, "plugin `{plugin}` denied, {denial}"),
                    None => write!(f, "plugin `{plugin}` denied"),
                },
                _ => write!(f, "plugin `{plugin}` failed, see the server's log"),
            };
        }
        f.write_str(match self.reason {
            Reason::Absent => "there is none",
            Reason::BadArgument => "malformed or too large",
            Reason::WrongType => "the value has another type",
            Reason::NotHere => "not offered here",
            Reason::WouldBlock => "it may block, and the hook is `inline`",
            Reason::Deadline => "the deadline has passed",
            Reason::NotPermitted => "protected, read-only or not allowed by the configuration",
            Reason::Conflict => "it changed in between",
            Reason::Denied => "a plugin denied",
            Reason::Failed => "a plugin failed, see the server's log",
            Reason::HostFault => "a fault inside the server, see its log",
        })
    }
}

impl std::error::Error for Refused {}

impl From<Refused> for Deny {
    fn from(refused: Refused) -> Self {
        let text = refused.to_string();
        refused.denial.unwrap_or_else(|| Self::server_error().because(text))
    }
}

/// For `start` functions, whose error is a text.
impl From<Refused> for String {
    fn from(refused: Refused) -> Self {
        refused.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fired_hook_that_would_block_names_its_plugin_and_the_way_out() {
        let refused = Refused::new(abi::WOULD_BLOCK, "fire `acme.greet`".to_owned()).by(Some("ear".to_owned()), None);
        assert_eq!(
            refused.to_string(),
            "cannot fire `acme.greet`: the hook of plugin `ear` may block, and this call is `inline`; take `inline` off here, or mark that \
             hook `inline`"
        );
    }

    #[test]
    fn a_denial_in_public_is_passed_on_and_any_other_is_a_server_error() {
        let said = Deny::access_denied().because("not before noon").public();
        let by = |denial| Refused::new(abi::DENIED, "fire `acme.gate`".to_owned()).by(Some("gate".to_owned()), denial);
        assert_eq!(Deny::from(by(Some(said.clone()))), said);
        assert_eq!(Deny::from(by(None)).to_string(), "server_error: cannot fire `acme.gate`: plugin `gate` denied");
    }
}
