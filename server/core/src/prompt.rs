//! The `prompt` parameter (OpenID Connect Core §3.1.2.1): what the user must, or must not, be asked again.

use serde::{Deserialize, Serialize};

use crate::error::OAuthError;
use crate::kh;

/// One value of `prompt`.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PromptValue {
    /// Show no page at all; always alone.
    None,
    /// Sign in again.
    Login,
    /// Ask for consent again.
    Consent,
    /// Choose an account again.
    SelectAccount,
}

/// The set of `prompt` values; empty if the parameter was absent.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Prompt(Vec<PromptValue>);

impl Prompt {
    /// Reads the space-separated values.
    ///
    /// # Errors
    /// `invalid_request` for a value that is unknown or in another case, and for `none` beside any other.
    pub fn parse(text: &str) -> Result<Self, OAuthError> {
        let wrong = |description| OAuthError::invalid_request(description).with_kh(kh::PROMPT);
        let mut values = Vec::new();
        for word in text.split(' ') {
            let value = match word {
                "none" => PromptValue::None,
                "login" => PromptValue::Login,
                "consent" => PromptValue::Consent,
                "select_account" => PromptValue::SelectAccount,
                _ => return Err(wrong("prompt holds an unknown value")),
            };
            if !values.contains(&value) {
                values.push(value);
            }
        }
        if values.len() > 1 && values.contains(&PromptValue::None) {
            return Err(wrong("prompt=none stands alone"));
        }
        Ok(Self(values))
    }

    /// Whether no page may be shown.
    pub fn none(&self) -> bool {
        self.0.contains(&PromptValue::None)
    }

    /// Whether the user must sign in again.
    pub fn login(&self) -> bool {
        self.0.contains(&PromptValue::Login)
    }

    /// Whether the user must consent again.
    pub fn consent(&self) -> bool {
        self.0.contains(&PromptValue::Consent)
    }

    /// Whether the user must choose an account again.
    pub fn select_account(&self) -> bool {
        self.0.contains(&PromptValue::SelectAccount)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test may fail by panicking")]
    use super::*;

    /// OpenID Connect Core §3.1.2.1: attack AZ-11.
    #[test]
    fn none_stands_alone_and_values_are_case_sensitive() {
        for wrong in ["none login", "NONE", "Login", "nothing", "login  consent", " none", ""] {
            assert!(Prompt::parse(wrong).is_err(), "{wrong:?}");
        }
        assert!(Prompt::parse("none").unwrap().none());
        let both = Prompt::parse("consent login").unwrap();
        assert!(both.login() && both.consent() && !both.none() && !both.select_account());
        assert!(Prompt::parse("select_account").unwrap().select_account());
        assert!(!Prompt::default().none());
    }
}
