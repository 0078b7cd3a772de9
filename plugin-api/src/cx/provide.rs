//! Contexts of the hooks in which a plugin provides what nobody else does: a grant, a proof of who a client is.

use super::{Cx, context};
use crate::abi::part;
use crate::deny::Deny;
use crate::members::Members;
use crate::outcome::{Decision, Verdict};

context! {
    /// `token_grant`: a client sends the `grant_type` that this plugin registered (RFC 6749 §4.5). The client is authenticated and
    /// registered for it.
    ///
    /// ```
    /// use keyhook_plugin::prelude::*;
    ///
    /// #[hook(token_grant = "urn:example:params:oauth:grant-type:badge", inline)]
    /// fn badge(cx: &mut TokenGrantCx) -> Result<Grant, Deny> {
    ///     match cx.form("badge") {
    ///         Some("4711") => Ok(Grant::user("alice")),
    ///         Some(_) => Err(Deny::invalid_grant()),
    ///         None => Err(Deny::invalid_request().because("`badge` is missing").public()),
    ///     }
    /// }
    /// # fn main() {}
    /// ```
    TokenGrantCx: Cx
}

context! {
    /// `client_assertion`: a client authenticates by the `client_assertion_type` that this plugin registered (RFC 7521 §4.2). Nothing of
    /// the request is believed yet.
    ///
    /// ```
    /// use keyhook_plugin::prelude::*;
    ///
    /// #[hook(client_assertion = "urn:example:params:oauth:client-assertion-type:word", inline)]
    /// fn word(cx: &mut ClientAssertionCx) -> Result<Authenticated, Deny> {
    ///     let expected = cx.config().text("/word")?.ok_or(Deny::server_error())?;
    ///     if same_secret(cx.assertion(), &expected) { Ok(Authenticated::client("shop")) } else { Err(Deny::invalid_client()) }
    /// }
    /// # fn main() {}
    /// ```
    ClientAssertionCx: Cx
}

impl TokenGrantCx {
    /// The client's identifier.
    pub fn client_id(&self) -> &str {
        self.fact("client_id").unwrap_or_default()
    }

    /// The `grant_type`.
    pub fn grant_type(&self) -> &str {
        self.fact("grant_type").unwrap_or_default()
    }

    /// What is granted if the plugin says nothing: the scopes that the client asked for, all of which it may have, or its default.
    pub fn scopes(&self) -> impl Iterator<Item = &str> {
        self.fact("scope").unwrap_or_default().split_ascii_whitespace()
    }

    /// A parameter of the token request. All are there but `client_secret` and `client_assertion`; none comes twice.
    pub fn form(&self, name: &str) -> Option<&str> {
        self.text(part::FORM, name)
    }

    /// All parameters in order.
    pub fn form_pairs(&self) -> impl Iterator<Item = (&str, &str)> {
        self.pairs(part::FORM)
    }

    /// This plugin's data, which travels with the grant: its token hooks see it now and at every refresh. At most 4 KiB.
    pub fn data(&mut self) -> Members<'_> {
        Members::new(&mut self.call, part::DATA, "data")
    }

    pub(crate) fn settle(&mut self, grant: Grant) -> Result<Verdict, Deny> {
        let Grant { subject, scopes, refresh, auth_time, acr, amr } = grant;
        self.decide("subject", subject)?;
        self.decide("scope", scopes.map(|scopes| scopes.join(" ")))?;
        self.decide("refresh", refresh.then(|| "1".to_owned()))?;
        self.decide("auth_time", auth_time.map(|seconds| seconds.to_string()))?;
        self.decide("acr", acr)?;
        self.decide("amr", (!amr.is_empty()).then(|| amr.join(" ")))?;
        Ok(Verdict(Decision::Grant))
    }
}

impl ClientAssertionCx {
    /// The assertion. Never empty, and never believed before this plugin says so.
    pub fn assertion(&self) -> &str {
        self.form("client_assertion").unwrap_or_default()
    }

    /// The `client_assertion_type`.
    pub fn assertion_type(&self) -> &str {
        self.form("client_assertion_type").unwrap_or_default()
    }

    /// The client that the request names beside its assertion, if it names one. The server refuses a request that names another than
    /// the assertion proves.
    pub fn client_id(&self) -> Option<&str> {
        self.form("client_id")
    }

    /// A parameter of the request; secrets, codes and tokens are not among them.
    pub fn form(&self, name: &str) -> Option<&str> {
        self.text(part::FORM, name)
    }

    pub(crate) fn settle(&mut self, authenticated: Authenticated) -> Result<Verdict, Deny> {
        self.decide("client_id", Some(authenticated.client_id))?;
        Ok(Verdict(Decision::Client))
    }
}

/// What is granted for a `grant_type` of the plugin's own. The server narrows the scope to what the client may have, makes the tokens,
/// and runs the other token hooks.
#[derive(Debug, Clone)]
#[must_use = "return it"]
pub struct Grant {
    subject: Option<String>,
    scopes: Option<Vec<String>>,
    refresh: bool,
    auth_time: Option<u64>,
    acr: Option<String>,
    amr: Vec<String>,
}

impl Grant {
    /// The client acts for this user. `subject` identifies the user for good; never an address that may pass to somebody else.
    pub fn user(subject: impl Into<String>) -> Self {
        Self { subject: Some(subject.into()), ..Self::client() }
    }

    /// The client acts for itself.
    pub const fn client() -> Self {
        Self { subject: None, scopes: None, refresh: false, auth_time: None, acr: None, amr: Vec::new() }
    }

    /// The most that is granted, instead of all that was asked for. What the client may not have, or did not ask for, is left out.
    pub fn scopes<S: Into<String>>(mut self, scopes: impl IntoIterator<Item = S>) -> Self {
        self.scopes = Some(scopes.into_iter().map(Into::into).collect());
        self
    }

    /// A refresh token comes with it, if the client's grant types have `refresh_token`.
    pub const fn refresh(mut self) -> Self {
        self.refresh = true;
        self
    }

    /// An authentication method that was used, such as `pwd` or `otp` (RFC 8176 §2).
    pub fn amr(mut self, method: impl Into<String>) -> Self {
        self.amr.push(method.into());
        self
    }

    /// The authentication context class that was met (OIDC Core §2).
    pub fn acr(mut self, class: impl Into<String>) -> Self {
        self.acr = Some(class.into());
        self
    }

    /// When the user proved who they are, in seconds since the Unix epoch, if not now.
    pub const fn auth_time(mut self, seconds: u64) -> Self {
        self.auth_time = Some(seconds);
        self
    }
}

/// The client that an assertion proves. The server looks whether there is such a client, and whether it authenticates by assertion.
#[derive(Debug, Clone)]
#[must_use = "return it"]
pub struct Authenticated {
    client_id: String,
}

impl Authenticated {
    /// This client.
    pub fn client(id: impl Into<String>) -> Self {
        Self { client_id: id.into() }
    }
}
