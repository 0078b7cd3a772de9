//! Whether somebody knows a user's password: the same proof behind the login page and the password grant.

use keyhook_component::context::Context;
use keyhook_component::record::Key;
use keyhook_component::records::User;
use keyhook_core::error::OAuthError;
use keyhook_core::secret::Secret;

use crate::attempts::Attempt;
use crate::kh;
use crate::password::PasswordPool;

const LONGEST_NAME: usize = 255;

/// Whether a text can be a user's name at all.
///
/// # Errors
/// The same as for a wrong password.
pub(crate) fn fits(name: &str) -> Result<(), OAuthError> {
    if name.is_empty() || name.len() > LONGEST_NAME { Err(failed("the user name is empty or too long")) } else { Ok(()) }
}

/// Whether the user knows the password. All that is wrong with name, password or account looks and costs the same.
///
/// # Errors
/// `access_denied` for every wrong, 503 when too many wait for their turn, and when the store cannot answer.
pub(crate) async fn prove(
    name: &str,
    password: Secret<String>,
    attempt: Attempt,
    pool: &PasswordPool,
    context: &Context,
) -> Result<(), OAuthError> {
    let user = context.records.read::<User>(&Key::named(name)).await?.live();
    let hash = user.as_ref().and_then(|user| user.body.password.clone());
    let Ok(right) = pool.matches(password, hash).await else {
        attempt.withdraw(context).await?;
        let error = OAuthError::temporarily_unavailable(5).with_cause("too many sign-ins wait for argon2id");
        return Err(error.with_kh(kh::SIGN_IN_BUSY));
    };
    if !right {
        return Err(failed("no such user, or another password"));
    }
    // The comparison took its time, more if many waited: what counts is the user as it is now.
    let now = context.records.read::<User>(&Key::named(name)).await?.live();
    let (Some(user), Some(now)) = (user, now) else { return Err(failed("the user was removed during the sign-in")) };
    if now.body.disabled {
        return Err(failed("the user is disabled"));
    }
    if now.body.password != user.body.password {
        return Err(failed("the password was changed during the sign-in"));
    }
    attempt.succeeded(context).await
}

fn failed(cause: &'static str) -> OAuthError {
    OAuthError::access_denied().with_cause(cause).with_kh(kh::SIGN_IN_FAILED)
}
