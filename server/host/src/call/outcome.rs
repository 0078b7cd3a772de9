//! `SIGN_IN`, `APPROVE`, `GRANT`, `CLIENT` and `SIGNATURE`: what a plugin wished for, checked as if a stranger had sent it.

use keyhook_component::hooks::{Approved, Granting, HookPoint, SignIn};
use keyhook_core::secret::Secret;
use keyhook_core::time::Timestamp;
use keyhook_plugin::abi;

use super::limits::WISH_BYTES;
use super::{Call, Scene, is_authorization};

/// What the plugin wrote under `part::OUTCOME`.
#[derive(Default)]
pub(crate) struct Wish {
    subject: Option<String>,
    auth_time: Option<String>,
    acr: Option<String>,
    amr: Option<String>,
    approve: Option<String>,
    scope: Option<String>,
    refresh: Option<String>,
    client_id: Option<String>,
    signature: Option<String>,
}

const AUTHORIZATION_KEYS: [&str; 6] = ["subject", "auth_time", "acr", "amr", "approve", "scope"];
const GRANT_KEYS: [&str; 6] = ["subject", "scope", "refresh", "auth_time", "acr", "amr"];
const CLIENT_KEYS: [&str; 1] = ["client_id"];
const SIGNATURE_KEYS: [&str; 1] = ["signature"];

impl Call {
    pub(super) fn wish_for(&mut self, key: &str, text: &str) -> Result<(), i32> {
        let keys = match self.scene {
            scene if is_authorization(scene) => &AUTHORIZATION_KEYS[..],
            Scene::Hook(HookPoint::TokenGrant) => &GRANT_KEYS,
            Scene::Hook(HookPoint::ClientAssertion | HookPoint::Oauth1Consumer) => &CLIENT_KEYS,
            Scene::Hook(HookPoint::Oauth1Signature) => &SIGNATURE_KEYS,
            _ => return Err(abi::NOT_HERE),
        };
        if !keys.contains(&key) || text.len() > WISH_BYTES || text.chars().any(char::is_control) {
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
            "refresh" => &mut wish.refresh,
            "client_id" => &mut wish.client_id,
            "signature" => &mut wish.signature,
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
        if subject.len() > LONGEST_SUBJECT {
            return Err("signed in a subject of more than 255 bytes");
        }
        let (auth_time, amr) = (auth_time(wish.auth_time.as_deref(), now)?, methods(wish.amr.as_deref()));
        let approved = if wish.approve.is_some() { Some(self.approved(wish.scope)?) } else { None };
        Ok(SignIn { subject, auth_time, acr: wish.acr.filter(|acr| !acr.is_empty()), amr, approved })
    }

    /// What the plugin granted for its `grant_type`, or why that cannot be.
    pub(crate) fn granted(&mut self, now: Timestamp) -> Result<Granting, &'static str> {
        if self.scene != Scene::Hook(HookPoint::TokenGrant) {
            return Err("only token_grant grants");
        }
        let wish = self.wish.take().unwrap_or_default();
        if wish.subject.as_ref().is_some_and(|subject| subject.is_empty() || subject.len() > LONGEST_SUBJECT) {
            return Err("granted to a subject of no or more than 255 bytes");
        }
        Ok(Granting {
            subject: wish.subject,
            scope: wish.scope,
            refresh: wish.refresh.is_some(),
            auth_time: auth_time(wish.auth_time.as_deref(), now)?,
            acr: wish.acr.filter(|acr| !acr.is_empty()),
            amr: methods(wish.amr.as_deref()),
        })
    }

    /// The client that an assertion proves or a consumer key stands for, as the plugin says, or why that cannot be.
    pub(crate) fn named_client(&mut self) -> Result<String, &'static str> {
        if !matches!(self.scene, Scene::Hook(HookPoint::ClientAssertion | HookPoint::Oauth1Consumer)) {
            return Err("only client_assertion and oauth1_consumer name a client");
        }
        let id = self.wish.take().and_then(|wish| wish.client_id);
        id.filter(|id| !id.is_empty()).ok_or("named nobody: no client_id")
    }

    /// The signature that the plugin expects, or why that cannot be.
    pub(crate) fn expected_signature(&mut self) -> Result<Secret<String>, &'static str> {
        if self.scene != Scene::Hook(HookPoint::Oauth1Signature) {
            return Err("only oauth1_signature says what a signature is");
        }
        let signature = self.wish.take().and_then(|wish| wish.signature);
        signature.filter(|signature| !signature.is_empty()).map(Secret::new).ok_or("expects an empty signature")
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

/// Longest subject, in bytes.
const LONGEST_SUBJECT: usize = 255;

fn auth_time(text: Option<&str>, now: Timestamp) -> Result<Option<i64>, &'static str> {
    let Some(text) = text else { return Ok(None) };
    let seconds = text.parse::<i64>().map_err(|_| "auth_time is not a number of seconds")?;
    if seconds < 0 || seconds > now.seconds() { Err("auth_time is in the future or before 1970") } else { Ok(Some(seconds)) }
}

fn methods(text: Option<&str>) -> Vec<String> {
    text.unwrap_or_default().split_ascii_whitespace().map(str::to_owned).collect()
}
