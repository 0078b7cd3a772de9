//! Failed sign-ins, counted per user and per address, so that guessing is slow and nobody is locked out of their own account.
//!
//! A browser that once signed a user in has a counter of its own for this user: whoever guesses elsewhere uses up the common
//! counter and not the owner's (OWASP "device cookies"). Counting comes before comparing, so guesses at once do not count as one.

use std::net::IpAddr;
use std::time::Duration;

use keyhook_component::batch::{Applied, Batch};
use keyhook_component::context::Context;
use keyhook_component::record::Key;
use keyhook_component::records::{Attempts, Stored};
use keyhook_core::error::{ErrorCode, OAuthError};
use keyhook_core::secret::SecretHash;

use crate::cookies::BROWSER_LIFETIME;
use crate::kh;

/// How often a counter that others move at the same time is tried again.
const TRIES: usize = 40;

/// An attempt that was counted as failed; [`Attempt::succeeded`] takes that back.
pub(crate) struct Attempt {
    address: Key,
    user: Key,
    browser: Key,
}

/// Counts an attempt of `browser` at `address` to sign `user` in, before anything is compared. Unknown users count alike.
///
/// # Errors
/// 429 with `Retry-After` when one of the counters is full within its window, 503 when too many count at this moment.
pub(crate) async fn begin(context: &Context, user: &str, browser: &SecretHash, address: IpAddr) -> Result<Attempt, OAuthError> {
    let settings = &context.settings;
    let address = Key::pair("sign-in address", &network(address));
    count(context, &address, settings.attempts_per_address, None).await?;
    let own = browser_key(user, browser);
    let known = live(context, &own).await?;
    let (user, keep) = if known.is_some() { (own.clone(), Some(BROWSER_LIFETIME)) } else { (Key::pair("sign-in user", user), None) };
    count(context, &user, settings.attempts_per_user, keep).await?;
    Ok(Attempt { address, user, browser: own })
}

/// Counts an attempt to sign `user` in through a client, which has one address for all its users: the client counts as one.
///
/// # Errors
/// As [`begin`].
pub(crate) async fn begin_through(context: &Context, user: &str, client_id: &str) -> Result<Attempt, OAuthError> {
    let settings = &context.settings;
    let (address, user) = (Key::pair("sign-in client", client_id), Key::pair("sign-in user", user));
    count(context, &address, settings.attempts_per_address, None).await?;
    count(context, &user, settings.attempts_per_user, None).await?;
    Ok(Attempt { address, browser: user.clone(), user })
}

impl Attempt {
    /// The password was right: the address gets its attempt back, the user's counter starts anew, the browser is known from now on.
    ///
    /// # Errors
    /// When the store cannot answer.
    pub(crate) async fn succeeded(self, context: &Context) -> Result<(), OAuthError> {
        give_back(context, &self.address).await?;
        let now = context.now();
        let fresh = Stored::new(self.browser.clone(), now.plus(BROWSER_LIFETIME), Attempts { failed: 0, since: now });
        // Two batches: counters lie where their names send them, perhaps on two machines.
        let _ = context.records.apply(Batch::new().with(fresh.put()?)).await?;
        if self.user != self.browser {
            let counted = Stored::new(self.user, now, Attempts { failed: 0, since: now });
            let _ = context.records.apply(Batch::new().with(counted.delete())).await?;
        }
        Ok(())
    }

    /// Nothing was compared, so it was no guess.
    ///
    /// # Errors
    /// When the store cannot answer.
    pub(crate) async fn withdraw(self, context: &Context) -> Result<(), OAuthError> {
        give_back(context, &self.address).await?;
        give_back(context, &self.user).await
    }
}

/// Takes one from a counter.
async fn give_back(context: &Context, key: &Key) -> Result<(), OAuthError> {
    for _ in 0..TRIES {
        let Some(mut counter) = live(context, key).await? else { return Ok(()) };
        counter.body.failed = counter.body.failed.saturating_sub(1);
        if context.records.apply(Batch::new().with(counter.replace()?)).await? == Applied::Applied {
            return Ok(());
        }
    }
    // So many others count at this moment that one attempt too many makes no difference.
    Ok(())
}

/// Adds one to a counter. `keep` is how long its record outlives the window.
async fn count(context: &Context, key: &Key, limit: u32, keep: Option<Duration>) -> Result<(), OAuthError> {
    let window = context.settings.attempts_window;
    for _ in 0..TRIES {
        let now = context.now();
        let fresh = Attempts { failed: 0, since: now };
        let (mut counter, is_new) = match stored(context, key).await? {
            Some(counter) => (counter, false),
            None => (Stored::new(key.clone(), now, fresh.clone()), true),
        };
        if counter.expires_at.has_passed(now) || counter.body.since.plus(window).has_passed(now) {
            counter.body = fresh;
        }
        if counter.body.failed >= limit {
            return Err(too_many(now.until(counter.body.since.plus(window))));
        }
        counter.body.failed += 1;
        counter.expires_at = now.plus(keep.unwrap_or(window));
        // Insert and Replace, never Put: of many guesses at once each finds the others counted.
        let operation = if is_new { counter.insert()? } else { counter.replace()? };
        if context.records.apply(Batch::new().with(operation)).await? == Applied::Applied {
            return Ok(());
        }
    }
    Err(OAuthError::temporarily_unavailable(1).with_cause("a counter of sign-ins changed in every try").with_kh(kh::SIGN_IN_BUSY))
}

/// A counter as it is stored, even if its time is over.
async fn stored(context: &Context, key: &Key) -> Result<Option<Stored<Attempts>>, OAuthError> {
    let found = context.records.read::<Attempts>(key).await?;
    Ok(found.live().map(|found| (*found).clone()))
}

async fn live(context: &Context, key: &Key) -> Result<Option<Stored<Attempts>>, OAuthError> {
    Ok(stored(context, key).await?.filter(|found| !found.expires_at.has_passed(context.now())))
}

fn too_many(wait: Duration) -> OAuthError {
    let mut error = OAuthError::new(ErrorCode::TooManyRequests, "too many failed sign-ins, try again later").with_kh(kh::TOO_MANY_ATTEMPTS);
    error.retry_after = Some(u32::try_from(wait.as_secs()).unwrap_or(u32::MAX).max(1));
    error
}

/// The counter of one user in one browser. The hash of the browser's secret is no secret, and is hashed again with the user.
fn browser_key(user: &str, browser: &SecretHash) -> Key {
    let mut name = b"sign-in browser\0".to_vec();
    name.extend_from_slice(browser.as_bytes());
    name.extend_from_slice(user.as_bytes());
    Key::named(name)
}

/// What counts as one address: an IPv4 address, or the /64 that one IPv6 subscriber has.
fn network(address: IpAddr) -> String {
    match address.to_canonical() {
        IpAddr::V4(address) => address.to_string(),
        IpAddr::V6(address) => {
            let [a, b, c, d, ..] = address.segments();
            format!("{a:x}:{b:x}:{c:x}:{d:x}::/64")
        }
    }
}
