//! An authorization request that waits for its user: bound to one browser, completed once (RFC 9700 §4.7).
//!
//! It is stored when somebody answers it. Until then its name holds it, sealed, and the browser what plugins noted: a request that
//! nobody answers leaves nothing behind. What the first request decided is in the seal, whoever changes it stores it, and from then
//! on the record counts and not the seal.

mod name;
mod noted;

use http::HeaderValue;
use keyhook_component::batch::{Applied, Batch};
use keyhook_component::context::Context;
use keyhook_component::hooks::{HookPoint, PluginData};
use keyhook_component::record::Key;
use keyhook_component::records::{Interaction, Stored};
use keyhook_component::request::Request;
use keyhook_component::store::Lookup;
use keyhook_core::authorize::StoredRequest;
use keyhook_core::error::{ErrorCode, OAuthError};
use keyhook_core::id::RecordId;

use self::name::Claims;
use crate::cookies::Browser;
use crate::{kh, mint};

/// An interaction under way, and the text by which pages name it.
#[derive(Clone, Debug)]
pub(crate) struct Open {
    /// What is stored, or will be.
    pub(crate) stored: Stored<Interaction>,
    /// Names it in URLs and forms. It is of use in its own browser only.
    pub(crate) name: String,
    place: Place,
}

/// Where the truth about an interaction is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    /// Here: this very request began it, and nobody has seen it yet.
    Here {
        /// Whether plugins may note something, which then goes out as a cookie.
        noted: bool,
    },
    /// In its seal, which came back.
    Sealed,
    /// In its record.
    Stored,
}

/// Begins an interaction over a checked request for `browser`. Nothing is stored.
///
/// # Errors
/// `invalid_request` when the request is too long to wait.
pub(crate) fn begin(context: &Context, browser: &Browser, client_id: &str, request: StoredRequest) -> Result<Open, OAuthError> {
    let until = context.now().plus(context.settings.lifetimes.interaction);
    let noted = is_watched(context);
    let claims = Claims { id: mint::record_id(context), browser: browser.hash(), until, generation: generation(context), noted, request };
    let name = name::write(&claims, context)?;
    Ok(Open { stored: unanswered(claims, client_id), name, place: Place::Here { noted } })
}

/// What the record of an interaction would be that nobody has answered.
fn unanswered(claims: Claims, client_id: &str) -> Stored<Interaction> {
    let Claims { id, until, generation, request, .. } = claims;
    let body = Interaction { request, generation, data: PluginData::new(), signed_in: None, passed: None, data_of: None };
    Stored::new(Key::Issued(id), until, body).of_client(client_id)
}

/// Whether any plugin has a say in authorization requests.
pub(crate) fn is_watched(context: &Context) -> bool {
    [HookPoint::AuthorizationGet, HookPoint::AuthorizationPost].iter().any(|point| context.hooks.any(*point))
}

/// The plugins that answer authorization requests now.
pub(crate) fn generation(context: &Context) -> u64 {
    let points = [HookPoint::AuthorizationGet, HookPoint::AuthorizationPost];
    points.map(|point| context.hooks.generation(point)).into_iter().fold(0, |all, one| all.rotate_left(32) ^ one)
}

/// The interaction that a page or form names, for the browser that began it.
///
/// # Errors
/// 403 when it is unknown, expired, answered, or another browser's.
pub(crate) async fn find(context: &Context, request: &Request, browser: Option<&Browser>, name: Option<&str>) -> Result<Open, OAuthError> {
    let Some(name) = name.filter(|name| !name.is_empty()) else {
        // The commonest mistake in a login page of a plugin's own.
        return Err(unknown().with_cause(
            "the form or address names no authorization request (`interaction`); if the form is a plugin's, does it contain \
             cx.form_fields()?",
        ));
    };
    let claims = name::read(name, context).ok_or_else(unknown)?;
    if claims.until.has_passed(context.now()) {
        return Err(unknown());
    }
    if !browser.is_some_and(|browser| browser.hash().same(&claims.browser)) {
        return Err(refused("this page belongs to another browser; start again in the application", kh::OTHER_BROWSER));
    }
    let (id, noted) = (claims.id, claims.noted);
    let (stored, place) = match context.records.read::<Interaction>(&Key::Issued(id)).await? {
        Lookup::Live(stored) => ((*stored).clone(), Place::Stored),
        Lookup::Spent(_) => return Err(spent()),
        Lookup::Absent => {
            let client_id = claims.request.client_id.clone();
            (unanswered(claims, &client_id), Place::Sealed)
        }
    };
    let mut open = Open { stored, name: name.to_owned(), place };
    if noted && place == Place::Sealed {
        // What a plugin noted may be a reason to refuse: whoever takes the cookie out gets nothing.
        noted::read(request, id, &mut open.stored.body, context)
            .ok_or_else(|| unknown().with_cause("the cookie with what plugins noted about this request did not come along"))?;
    }
    Ok(open)
}

impl Open {
    /// Keeps what has changed in it. What this very request began need not be stored for that.
    ///
    /// # Errors
    /// 403 when another tab was faster.
    pub(crate) async fn save(&mut self, context: &Context) -> Result<(), OAuthError> {
        match self.place {
            Place::Here { .. } => Ok(()),
            Place::Sealed => self.store(context).await,
            Place::Stored => {
                let applied = context.records.apply(Batch::new().with(self.stored.clone().replace()?)).await?;
                if applied != Applied::Applied {
                    return Err(spent());
                }
                self.stored.version += 1;
                Ok(())
            }
        }
    }

    async fn store(&mut self, context: &Context) -> Result<(), OAuthError> {
        if context.records.apply(Batch::new().with(self.stored.clone().insert()?)).await? != Applied::Applied {
            return Err(spent());
        }
        // What the store gave the record as its first version is its own affair.
        let Lookup::Live(stored) = context.records.read::<Interaction>(&self.stored.key).await? else { return Err(spent()) };
        self.stored = (*stored).clone();
        self.place = Place::Stored;
        Ok(())
    }

    /// Completes it: whoever comes second gets nothing.
    ///
    /// # Errors
    /// 403 when it was completed, or changed, meanwhile.
    pub(crate) async fn take(self, context: &Context) -> Result<(), OAuthError> {
        let taken = match self.place {
            // Its name has not left this request, or is worth nothing without a cookie that has not.
            Place::Here { .. } => return Ok(()),
            Place::Sealed => self.stored.insert_spent()?,
            Place::Stored => self.stored.take(),
        };
        match context.records.apply(Batch::new().with(taken)).await? {
            Applied::Applied => Ok(()),
            Applied::Refused { .. } => Err(spent()),
        }
    }

    /// What the browser has to keep so that the interaction can go on: cookies with what plugins noted, when this request began it.
    /// More than a cookie holds is stored.
    ///
    /// # Errors
    /// When the store cannot answer.
    pub(crate) async fn leave(&mut self, request: &Request, context: &Context) -> Result<Vec<HeaderValue>, OAuthError> {
        let (Place::Here { noted: true }, Key::Issued(id)) = (self.place, &self.stored.key) else { return Ok(Vec::new()) };
        if let Some(value) = noted::write(&self.stored, context)? {
            return Ok(noted::cookies(request, *id, &value, context));
        }
        self.store(context).await?;
        Ok(Vec::new())
    }

    /// The session that was opened while it waited.
    pub(crate) fn signed_in(&self) -> Option<RecordId> {
        self.stored.body.signed_in
    }
}

fn unknown() -> OAuthError {
    refused("this page has expired; start again in the application", kh::INTERACTION_UNKNOWN)
}

fn spent() -> OAuthError {
    refused("this request was answered already; start again in the application", kh::INTERACTION_SPENT)
}

fn refused(description: &'static str, code: &'static str) -> OAuthError {
    OAuthError::new(ErrorCode::Forbidden, description).with_kh(code)
}
