//! `SIGN_IN` and `APPROVE`: what a plugin wished for, checked as if a stranger had sent it.

use keyhook_component::hooks::{Approved, SignIn};
use keyhook_core::time::Timestamp;
use keyhook_plugin::abi;

use super::limits::WISH_BYTES;
use super::{Call, is_authorization};

/// What the plugin wrote under `part::OUTCOME`.
#[derive(Default)]
pub(crate) struct Wish {
    subject: Option<String>,
    auth_time: Option<String>,
    acr: Option<String>,
    amr: Option<String>,
    approve: Option<String>,
    scope: Option<String>,
}

impl Call {
    pub(super) fn wish_for(&mut self, key: &str, text: &str) -> Result<(), i32> {
        if !is_authorization(self.scene) {
            return Err(abi::NOT_HERE);
        }
        if text.len() > WISH_BYTES || text.chars().any(char::is_control) {
            return Err(abi::BAD_ARGUMENT);
        }
        let wish = self.wish.get_or_insert_default();
        let slot = match key {
            "subject" => &mut wish.subject,
            "auth_time" => &mut wish.auth_time,
            "acr" => &mut wish.acr,
            "amr" => &mut wish.amr,
            "approve" => &mut wish.approve,
            "scope" => &mut wish.scope,
            _ => return Err(abi::BAD_ARGUMENT),
        };
        *slot = Some(text.to_owned());
        Ok(())
    }

    /// The user that the plugin signed in, or why that cannot be.
    pub(crate) fn sign_in(&mut self, now: Timestamp) -> Result<SignIn, &'static str> {
        if !is_authorization(self.scene) {
            return Err("only an authorization hook signs in");
        }
        let wish = self.wish.take().unwrap_or_default();
        let subject = wish.subject.filter(|subject| !subject.is_empty()).ok_or("signed in nobody: no subject")?;
        if subject.len() > 255 {
            return Err("signed in a subject of more than 255 bytes");
        }
        let auth_time = match wish.auth_time {
            Some(text) => Some(text.parse::<i64>().map_err(|_| "auth_time is not a number of seconds")?),
            None => None,
        };
        if auth_time.is_some_and(|seconds| seconds < 0 || seconds > now.seconds()) {
            return Err("auth_time is in the future or before 1970");
        }
        let amr = wish.amr.unwrap_or_default().split_ascii_whitespace().map(str::to_owned).collect();
        let approved = if wish.approve.is_some() { Some(self.approved(wish.scope)?) } else { None };
        Ok(SignIn { subject, auth_time, acr: wish.acr.filter(|acr| !acr.is_empty()), amr, approved })
    }

    /// What the plugin approved for the user who is signed in, or why that cannot be.
    pub(crate) fn approve(&mut self) -> Result<Approved, &'static str> {
        if !is_authorization(self.scene) {
            return Err("only an authorization hook approves");
        }
        if self.known("subject").is_none_or(str::is_empty) {
            return Err("approved, but nobody is signed in");
        }
        let scope = self.wish.take().and_then(|wish| wish.scope);
        self.approved(scope)
    }

    fn approved(&self, scope: Option<String>) -> Result<Approved, &'static str> {
        if !self.plugin.may.approve {
            return Err("approved without allow = [\"approve\"]");
        }
        let Some(granted) = scope else { return Ok(Approved::Everything) };
        let requested: Vec<&str> = self.known("scope").unwrap_or_default().split_ascii_whitespace().collect();
        if granted.split_ascii_whitespace().all(|token| requested.contains(&token)) {
            Ok(Approved::Part(granted))
        } else {
            Err("approved more scope than was requested")
        }
    }

    fn known(&self, name: &str) -> Option<&str> {
        self.draft.facts.iter().find(|(found, _)| *found == name).map(|(_, value)| value.as_str())
    }
}
