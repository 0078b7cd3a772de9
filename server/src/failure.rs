//! What a command or a start ends with when it does not succeed: a code, a text for people, an exit status.

use std::fmt;

/// Exit statuses; scripts rely on them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Exit {
    /// It did not start, or stopped running.
    Failed = 1,
    /// The command line is wrong.
    Usage = 2,
    /// The configuration is wrong, or a check found something.
    Configuration = 3,
    /// What was named does not exist.
    NotFound = 4,
    /// The operating system or the server does not permit it.
    NotPermitted = 5,
    /// A plugin that must run was refused.
    PluginRefused = 6,
    /// No server answers.
    Unreachable = 7,
}

/// Why something was not done. `Display` is the whole message for a terminal, of one or more lines.
#[derive(Clone, Debug)]
pub struct Failure {
    code: &'static str,
    exit: Exit,
    text: String,
    whole: bool,
}

impl Failure {
    /// A failure: `text` says what, where, why; further lines say the way out.
    pub(crate) fn new(code: &'static str, exit: Exit, text: impl Into<String>) -> Failure {
        Failure { code, exit, text: text.into(), whole: false }
    }

    /// A failure whose text already has its codes, such as the findings of a configuration.
    pub(crate) fn whole(code: &'static str, exit: Exit, text: impl Into<String>) -> Failure {
        Failure { code, exit, text: text.into(), whole: true }
    }

    /// A failure from a text that holds its code in brackets, as the crates below write it: `[KH0401] the file …`.
    pub(crate) fn bracketed(otherwise: &'static str, exit: Exit, text: &str) -> Failure {
        let found = text.find("[KH").and_then(|at| Some((at, text.get(at + 1..at + 7)?)));
        let known = found.and_then(|(at, code)| Some((at, crate::explain::find(code).ok()?.code)));
        match known {
            Some((at, code)) => Failure::new(code, exit, format!("{}{}", &text[..at], text[at + 8..].trim_start())),
            None => Failure::new(otherwise, exit, text),
        }
    }

    /// Says where it lies, before the text.
    #[must_use]
    pub(crate) fn within(mut self, place: &str) -> Failure {
        self.text = format!("{place}: {}", self.text);
        self
    }

    /// Adds a line with the way out.
    #[must_use]
    pub(crate) fn help(mut self, text: impl fmt::Display) -> Failure {
        self.text = format!("{}\n   = help: {text}", self.text);
        self
    }

    /// The same, under the code of `other`.
    #[must_use]
    pub(crate) fn of(mut self, other: &Failure) -> Failure {
        self.code = other.code;
        self
    }

    /// The stable code that `keyhook explain` knows, such as `KH0151`.
    pub fn code(&self) -> &str {
        self.code
    }

    /// The exit status.
    pub fn exit(&self) -> Exit {
        self.exit
    }

    /// Whether the message has its codes already.
    pub(crate) fn is_whole(&self) -> bool {
        self.whole
    }

    /// The message without its code.
    pub(crate) fn text(&self) -> &str {
        &self.text
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.whole || self.code.is_empty() { f.write_str(&self.text) } else { write!(f, "error[{}]: {}", self.code, self.text) }
    }
}

impl std::error::Error for Failure {}

impl From<crate::config::Diagnostics> for Failure {
    fn from(wrong: crate::config::Diagnostics) -> Failure {
        let code = wrong.0.first().map_or("KH1005", |diagnostic| diagnostic.code);
        Failure::whole(code, Exit::Configuration, wrong.to_string())
    }
}

impl From<keyhook_component::store::StoreError> for Failure {
    fn from(error: keyhook_component::store::StoreError) -> Failure {
        use keyhook_component::store::StoreError;
        let (StoreError::Unavailable(text) | StoreError::Unusable(text)) = &error;
        let said = text.split_once(' ').and_then(|(code, rest)| Some((crate::explain::find(code).ok()?.code, code, rest)));
        match said {
            Some((code, written, rest)) if code == written => Failure::new(code, Exit::Failed, rest),
            _ => Failure::bracketed("KH0152", Exit::Failed, &error.to_string()),
        }
    }
}
