//! Contexts of `authorization_GET` and `authorization_POST` (RFC 6749 §3.1).

use super::{Cx, context};
use crate::abi::part;
use crate::html;
use crate::members::Members;
use crate::outcome::{Decision, Outcome, Verdict};
use crate::respond::Respond;
use crate::session::Session;

context! {
    /// What both authorization hooks have: the validated request, the session, and the decisions `sign_in` and `approve`.
    ///
    /// What the client sent is read-only here, and already checked.
    AuthorizationCx: Cx
}

context! {
    /// `authorization_GET`: the browser arrives with an authorization request.
    ///
    /// `Continue` leaves it to the next plugin, in the end to the server's own login and consent pages.
    AuthorizationGetCx: AuthorizationCx
}

context! {
    /// `authorization_POST`: a form of this plugin came back. The server has checked [`AuthorizationCx::form_fields`] before.
    AuthorizationPostCx: AuthorizationCx
}

impl AuthorizationPostCx {
    /// A form field, without the server's own.
    pub fn form(&self, name: &str) -> Option<&str> {
        self.text(part::FORM, name)
    }

    /// All form fields in order.
    pub fn form_pairs(&self) -> impl Iterator<Item = (&str, &str)> {
        self.pairs(part::FORM)
    }
}

impl AuthorizationCx {
    /// The client's identifier.
    pub fn client_id(&self) -> &str {
        self.fact("client_id").unwrap_or_default()
    }

    /// The name to show to people, as the client gave it: escape it.
    pub fn client_name(&self) -> &str {
        self.fact("client_name").unwrap_or_else(|| self.client_id())
    }

    /// Where the answer will go: registered for this client.
    pub fn redirect_uri(&self) -> &str {
        self.fact("redirect_uri").unwrap_or_default()
    }

    /// The scopes asked for.
    pub fn scopes(&self) -> impl Iterator<Item = &str> {
        self.fact("scope").unwrap_or_default().split_ascii_whitespace()
    }

    /// The client's `state` parameter (RFC 6749 §4.1.1). [`Cx::state`] is the plugin's own.
    pub fn state_parameter(&self) -> Option<&str> {
        self.fact("state")
    }

    /// A query parameter of this HTTP request: in the first `authorization_GET` any parameter of the authorization request. When
    /// the browser comes back, by a form or from a login elsewhere, it does not send them again: carry what you need in
    /// [`AuthorizationCx::data`].
    pub fn query(&self, name: &str) -> Option<&str> {
        self.text(part::QUERY, name)
    }

    /// Who is signed in in this browser.
    pub fn subject(&self) -> Option<&str> {
        self.fact("subject")
    }

    /// When that was, in seconds since the Unix epoch.
    pub fn auth_time(&self) -> Option<u64> {
        self.fact("auth_time")?.parse().ok()
    }

    /// This plugin's values in the browser's session; they outlive the request.
    pub fn session(&mut self) -> Session<'_> {
        Session::new(&mut self.call)
    }

    /// This plugin's data, which travels with the code and the tokens that come of this request. At most 4 KiB.
    pub fn data(&mut self) -> Members<'_> {
        Members::new(&mut self.call, part::DATA, "data")
    }

    /// Two hidden inputs that every form of an authorization page needs: the server finds the request by them and knows that
    /// the form is its own (RFC 6749 §10.12).
    pub fn form_fields(&self) -> String {
        ["interaction", "csrf_token"]
            .map(|name| {
                let value = html::escape(self.fact(name).unwrap_or_default());
                format!(r#"<input type="hidden" name="{name}" value="{value}">"#)
            })
            .concat()
    }

    /// Where such a form is posted to: `<form method="post" action="…">`.
    pub fn form_action(&self) -> String {
        format!("{}/authorize", self.issuer().trim_end_matches('/'))
    }

    /// Where the browser comes back to this request from a sign-in elsewhere: that fires `authorization_GET` again. Only this browser can.
    pub fn resume_url(&self) -> String {
        format!("{}/resume?interaction={}", self.form_action(), self.fact("interaction").unwrap_or_default())
    }

    /// Answers with a page in the server's theme, see [`Respond::page`].
    ///
    /// # Errors
    /// As [`Respond::text`].
    #[allow(clippy::unused_self, reason = "reads as what this call answers")]
    pub fn page(&self, title: impl Into<String>, html: impl Into<String>) -> Outcome {
        Respond::page(title, html)
    }

    /// The user proved who they are: the server opens the session, with a new identifier, and goes on to consent, unless the
    /// user agreed on the same page ([`SignIn::and_approve`]).
    ///
    /// # Errors
    /// The server refuses a value.
    pub fn sign_in(&mut self, sign_in: SignIn) -> Outcome {
        let auth_time = sign_in.auth_time.map(|seconds| seconds.to_string());
        self.decide("subject", Some(sign_in.subject))?;
        self.decide("auth_time", auth_time)?;
        self.decide("acr", sign_in.acr)?;
        self.decide("amr", (!sign_in.amr.is_empty()).then(|| sign_in.amr.join(" ")))?;
        if let Some(approve) = sign_in.approve {
            self.decide("approve", Some("1".to_owned()))?;
            self.decide("scope", approve.text())?;
        }
        Ok(Verdict(Decision::SignIn))
    }

    /// The signed-in user agrees. Needs `allow = ["approve"]` in the plugin's configuration.
    ///
    /// # Errors
    /// Nobody is signed in, the plugin may not approve, or more was granted than asked for.
    pub fn approve(&mut self, approve: Approve) -> Outcome {
        self.decide("scope", approve.text())?;
        Ok(Verdict(Decision::Approve))
    }
}

/// Who signed in and how.
#[derive(Debug, Clone)]
#[must_use = "give it to `cx.sign_in`"]
pub struct SignIn {
    subject: String,
    auth_time: Option<u64>,
    acr: Option<String>,
    amr: Vec<String>,
    approve: Option<Approve>,
}

impl SignIn {
    /// `subject` identifies the user for good; never an address that may pass to somebody else.
    pub fn user(subject: impl Into<String>) -> Self {
        Self { subject: subject.into(), auth_time: None, acr: None, amr: Vec::new(), approve: None }
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

    /// When the user signed in, in seconds since the Unix epoch, if not now.
    pub fn auth_time(mut self, seconds: u64) -> Self {
        self.auth_time = Some(seconds);
        self
    }

    /// The user agreed to the client's request on the same page. Needs `allow = ["approve"]` in the plugin's configuration.
    pub fn and_approve(mut self, approve: Approve) -> Self {
        self.approve = Some(approve);
        self
    }
}

/// What the user agrees to.
#[derive(Debug, Clone)]
#[must_use = "give it to `cx.approve`"]
pub struct Approve {
    /// `None` is all that was asked for.
    scopes: Option<Vec<String>>,
}

impl Approve {
    /// Everything that was asked for.
    pub const fn all() -> Self {
        Self { scopes: None }
    }

    /// These scopes, all of which were asked for.
    pub fn scopes<S: Into<String>>(scopes: impl IntoIterator<Item = S>) -> Self {
        Self { scopes: Some(scopes.into_iter().map(Into::into).collect()) }
    }

    fn text(self) -> Option<String> {
        self.scopes.map(|scopes| scopes.join(" "))
    }
}
