//! What travels over the admin socket.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::failure::{Exit, Failure};

/// Longest request and answer, in bytes.
pub(super) const LONGEST: u64 = 64 << 20;

/// An answer: `{"ok": …}` or `{"error": {"code": …, "exit": …, "text": …}}`.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Answer {
    /// It was done.
    Ok(Value),
    /// It was not.
    Error {
        /// The `KH####` code.
        code: String,
        /// The exit status of the command.
        exit: u8,
        /// The message.
        text: String,
        /// Whether the message has its codes already.
        #[serde(default)]
        whole: bool,
    },
}

impl From<Result<Value, Failure>> for Answer {
    fn from(result: Result<Value, Failure>) -> Answer {
        match result {
            Ok(value) => Answer::Ok(value),
            Err(failure) => Answer::Error {
                code: failure.code().to_owned(),
                exit: failure.exit() as u8,
                text: failure.text().to_owned(),
                whole: failure.is_whole(),
            },
        }
    }
}

impl Answer {
    /// What the command line goes on with.
    pub(crate) fn into_result(self) -> Result<Value, Failure> {
        match self {
            Answer::Ok(value) => Ok(value),
            Answer::Error { code, exit, text, whole } => {
                let make = if whole { Failure::whole } else { Failure::new };
                Err(make(crate::explain::find(&code).map_or("", |entry| entry.code), exit_of(exit), text))
            }
        }
    }
}

fn exit_of(status: u8) -> Exit {
    let all = [Exit::Usage, Exit::Configuration, Exit::NotFound, Exit::NotPermitted, Exit::PluginRefused, Exit::Unreachable];
    all.into_iter().find(|exit| *exit as u8 == status).unwrap_or(Exit::Failed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failure_reads_the_same_at_both_ends() {
        for failure in [Failure::new("KH0301", Exit::NotFound, "no"), Failure::whole("KH0518", Exit::PluginRefused, "error[KH0518]: no")] {
            let told = failure.to_string();
            let arrived = Answer::from(Err(failure)).into_result().err().map(|failure| failure.to_string());
            assert_eq!(arrived, Some(told));
        }
    }
}
