//! An authorization request that waits for its user: stored once, bound to one browser, completed once (RFC 9700 §4.7).

use keyhook_component::batch::{Applied, Batch};
use keyhook_component::context::Context;
use keyhook_component::hooks::{HookPoint, PluginData};
use keyhook_component::record::Key;
use keyhook_component::records::{Interaction, Stored};
use keyhook_component::store::Lookup;
use keyhook_core::authorize::StoredRequest;
use keyhook_core::error::{ErrorCode, OAuthError};
use keyhook_core::id::RecordId;
use keyhook_core::token::{IssuedToken, TokenKind};

use crate::cookies::Browser;
use crate::{kh, mint};

/// An interaction under way, and the text by which pages name it.
#[derive(Clone, Debug)]
pub(crate) struct Open {
    /// What is stored.
    pub(crate) stored: Stored<Interaction>,
    /// Names it in URLs and forms. It is of use in its own browser only.
    pub(crate) name: String,
}

/// Stores a checked request for `browser`.
///
/// # Errors
/// When the store cannot answer.
pub(crate) async fn begin(context: &Context, browser: &Browser, client_id: &str, request: StoredRequest) -> Result<Open, OAuthError> {
    for _ in 0..mint::DRAWS {
        let token = mint::token(TokenKind::Interaction, RecordId::NONE, context);
        let body = Interaction {
            hash: token.hash(),
            browser: browser.hash(),
            request: request.clone(),
            generation: generation(context),
            data: PluginData::new(),
            signed_in: None,
            passed: None,
            data_of: None,
        };
        let expires_at = context.now().plus(context.settings.lifetimes.interaction);
        let stored = Stored::new(Key::Issued(token.id), expires_at, body).of_client(client_id);
        if context.records.apply(Batch::new().with(stored.clone().insert()?)).await? == Applied::Applied {
            // What the store gave the record as its first version is its own affair.
            return find(context, Some(browser), Some(token.encode().expose())).await;
        }
    }
    Err(OAuthError::server_error("no free id for an interaction was found"))
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
pub(crate) async fn find(context: &Context, browser: Option<&Browser>, name: Option<&str>) -> Result<Open, OAuthError> {
    let Some(name) = name.filter(|name| !name.is_empty()) else {
        // The commonest mistake in a login page of a plugin's own.
        return Err(unknown().with_cause(
            "the form or address names no authorization request (`interaction`); if the form is a plugin's, does it contain \
             cx.form_fields()?",
        ));
    };
    let token = IssuedToken::parse(TokenKind::Interaction, name).ok_or_else(unknown)?;
    let stored = match context.records.read::<Interaction>(&Key::Issued(token.id)).await? {
        Lookup::Live(stored) if token.fits(stored.grant, &stored.body.hash) => (*stored).clone(),
        Lookup::Spent(stored) if token.fits(stored.grant, &stored.body.hash) => return Err(spent()),
        Lookup::Live(_) | Lookup::Spent(_) | Lookup::Absent => return Err(unknown()),
    };
    if stored.expires_at.has_passed(context.now()) {
        return Err(unknown());
    }
    if !browser.is_some_and(|browser| browser.hash().same(&stored.body.browser)) {
        return Err(refused("this page belongs to another browser; start again in the application", kh::OTHER_BROWSER));
    }
    Ok(Open { stored, name: name.to_owned() })
}

impl Open {
    /// Writes what has changed in it.
    ///
    /// # Errors
    /// 403 when another tab was faster.
    pub(crate) async fn save(&mut self, context: &Context) -> Result<(), OAuthError> {
        let applied = context.records.apply(Batch::new().with(self.stored.clone().replace()?)).await?;
        if applied != Applied::Applied {
            return Err(spent());
        }
        self.stored.version += 1;
        Ok(())
    }

    /// Completes it: whoever comes second gets nothing.
    ///
    /// # Errors
    /// 403 when it was completed, or changed, meanwhile.
    pub(crate) async fn take(self, context: &Context) -> Result<(), OAuthError> {
        match context.records.apply(Batch::new().with(self.stored.take())).await? {
            Applied::Applied => Ok(()),
            Applied::Refused { .. } => Err(spent()),
        }
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
