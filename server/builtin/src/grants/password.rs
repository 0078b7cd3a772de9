//! `password`: the user's name and password through the client's hands (RFC 6749 §4.3). Off unless `[grants] password = true`: RFC 9700
//! §2.4 says that it MUST NOT be used, and it is here for clients that know nothing else.

use std::sync::OnceLock;

use keyhook_component::context::Context;
use keyhook_component::grant::{Grant, Lost, Pending, Refresh};
use keyhook_component::hooks::PluginData;
use keyhook_component::settings::Settings;
use keyhook_component::{BoxFuture, component};
use keyhook_core::client_auth::AuthenticatedClient;
use keyhook_core::error::{ErrorCode, OAuthError};
use keyhook_core::form::Form;
use keyhook_core::scope::Scope;
use keyhook_core::secret::Secret;

use crate::password::PasswordPool;
use crate::{attempts, mint, sign_in};

/// The grant. Guesses are counted per user, together with those on the login page, and per client.
#[derive(Debug, Default)]
pub struct Password {
    pool: OnceLock<PasswordPool>,
}

component!(Grant: Password);

impl Grant for Password {
    fn grant_type(&self) -> &'static str {
        "password"
    }

    fn is_offered(&self, settings: &Settings) -> bool {
        settings.tokens.password
    }

    fn redeem<'a>(
        &'a self,
        form: &'a Form,
        client: &'a AuthenticatedClient,
        context: &'a Context,
    ) -> BoxFuture<'a, Result<Pending, OAuthError>> {
        Box::pin(self.authenticate(form, client, context))
    }

    fn lost<'a>(&'a self, _: &'a Pending, _: &'a Context) -> BoxFuture<'a, Lost> {
        // Nothing is taken, so nobody can be faster.
        Box::pin(std::future::ready(Lost::Refused(OAuthError::server_error("a password has no guard to lose"))))
    }
}

impl Password {
    async fn authenticate(&self, form: &Form, client: &AuthenticatedClient, context: &Context) -> Result<Pending, OAuthError> {
        let name = form.required("username")?;
        let password = Secret::new(form.required("password")?.to_owned());
        let requested = form.once("scope")?.map(Scope::parse).transpose()?;
        let scope = client.narrow(requested.as_ref())?;
        let pool = self.pool.get_or_init(|| PasswordPool::new(context.settings.password_workers));
        let proven = async {
            sign_in::fits(name)?;
            let attempt = attempts::begin_through(context, name, &client.id).await?;
            sign_in::prove(name, password, attempt, pool, context).await
        };
        proven.await.map_err(refused)?;
        let grant = mint::NewGrant { subject: Some(name), scope: &scope, auth_time: context.now(), acr: None, amr: vec!["pwd".to_owned()] };
        let record = grant.record(client, context);
        let refresh = mint::gives_refresh(client, self.grant_type(), context);
        Ok(Pending {
            subject: Some(name.to_owned()),
            refresh: if refresh { Refresh::Issue { scope: scope.clone(), rotates: false } } else { Refresh::No },
            scope,
            grant: record.grant,
            ends_at: record.expires_at,
            opens: Some(Box::new(record)),
            guard: None,
            data: PluginData::new(),
        })
    }
}

/// RFC 6749 §5.2: credentials of the resource owner that are not right are `invalid_grant`.
fn refused(error: OAuthError) -> OAuthError {
    if error.code != ErrorCode::AccessDenied {
        return error;
    }
    OAuthError::invalid_grant().with_cause(error.cause.unwrap_or_default()).with_kh(error.kh)
}
