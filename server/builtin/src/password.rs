//! Passwords: argon2id with OWASP's parameters, computed off the async workers and never by more than so many at once.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use argon2::password_hash::{PasswordHasher, PasswordVerifier};
use argon2::{Algorithm, Argon2, Params, Version};
use keyhook_core::secret::Secret;
use tokio::sync::Semaphore;

/// Longest password that is looked at, in bytes. Longer ones cost nothing and are wrong.
pub const LONGEST_PASSWORD: usize = 1024;
/// How many sign-ins may wait for each computation that runs.
const QUEUE_PER_WORKER: usize = 32;
/// What an unknown user's password is compared with, so that it costs the same time. It is the hash of no password.
const NOBODY: &str = "$argon2id$v=19$m=19456,t=2,p=1$a2V5aG9vay1ub2JvZHktMQ$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";

/// Why a password cannot be hashed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PasswordError {
    /// Nothing, or more than [`LONGEST_PASSWORD`] bytes.
    Length,
    /// argon2id refused its parameters or could not get its memory.
    Hashing,
}

impl fmt::Display for PasswordError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            PasswordError::Length => write!(f, "a password has 1 to {LONGEST_PASSWORD} bytes"),
            PasswordError::Hashing => f.write_str("the password could not be hashed (argon2id needs 19 MiB of memory)"),
        }
    }
}

impl std::error::Error for PasswordError {}

/// Hashes a password for storing: argon2id, 19 MiB, two passes, one lane (OWASP), in PHC format. `salt` is fresh random bytes.
///
/// # Errors
/// See [`PasswordError`].
pub fn hash_password(password: &str, salt: &[u8; 16]) -> Result<String, PasswordError> {
    if password.is_empty() || password.len() > LONGEST_PASSWORD {
        return Err(PasswordError::Length);
    }
    let parameters = Params::new(19 * 1024, 2, 1, Some(32)).map_err(|_| PasswordError::Hashing)?;
    let hash = Argon2::new(Algorithm::Argon2id, Version::V0x13, parameters).hash_password_with_salt(password.as_bytes(), salt);
    hash.map(|hash| hash.to_string()).map_err(|_| PasswordError::Hashing)
}

/// So many sign-ins wait already that another one would time out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Busy;

/// The bounded pool in which passwords are compared. A flood of sign-ins fills its queue and takes nothing from token requests.
#[derive(Debug)]
pub struct PasswordPool {
    permits: Arc<Semaphore>,
    waiting: AtomicUsize,
    most_waiting: usize,
}

impl PasswordPool {
    /// A pool of `workers` computations at once, at least one.
    pub fn new(workers: usize) -> PasswordPool {
        let workers = workers.max(1);
        PasswordPool { permits: Arc::new(Semaphore::new(workers)), waiting: AtomicUsize::new(0), most_waiting: workers * QUEUE_PER_WORKER }
    }

    /// Whether `password` is the one that was hashed. `None` costs the same and is never right.
    ///
    /// # Errors
    /// [`Busy`] when the queue is full.
    pub async fn matches(&self, password: Secret<String>, hash: Option<String>) -> Result<bool, Busy> {
        let _place = Place::take(self)?;
        let permit = Arc::clone(&self.permits).acquire_owned().await.map_err(|_| Busy)?;
        let compared = tokio::task::spawn_blocking(move || {
            // The permit ends with the computation, not with the request that may have gone away meanwhile.
            let _permit = permit;
            compare(password.expose(), hash.as_deref())
        });
        // A computation that panicked has proved nothing.
        Ok(compared.await.unwrap_or(false))
    }
}

fn compare(password: &str, hash: Option<&str>) -> bool {
    if password.len() > LONGEST_PASSWORD {
        return false;
    }
    let right = Argon2::default().verify_password(password.as_bytes(), hash.unwrap_or(NOBODY)).is_ok();
    right && hash.is_some()
}

/// A place in the queue, given back when dropped.
struct Place<'a>(&'a AtomicUsize);

impl<'a> Place<'a> {
    fn take(pool: &'a PasswordPool) -> Result<Place<'a>, Busy> {
        let before = pool.waiting.fetch_add(1, Ordering::AcqRel);
        let place = Place(&pool.waiting);
        if before < pool.most_waiting { Ok(place) } else { Err(Busy) }
    }
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::AcqRel);
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test may fail by panicking")]
    use super::*;

    fn secret(text: &str) -> Secret<String> {
        Secret::new(text.to_owned())
    }

    #[tokio::test]
    async fn a_password_matches_its_own_hash_and_no_other() {
        let pool = PasswordPool::new(1);
        let hash = hash_password("correct-horse", &[7; 16]).unwrap();
        assert!(hash.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{hash}");
        assert!(pool.matches(secret("correct-horse"), Some(hash.clone())).await.unwrap());
        for wrong in ["Correct-horse", "", "correct-horse ", &"x".repeat(LONGEST_PASSWORD + 1)] {
            assert!(!pool.matches(secret(wrong), Some(hash.clone())).await.unwrap(), "{wrong}");
        }
        assert!(!pool.matches(secret("correct-horse"), Some("not a hash".into())).await.unwrap());
    }

    #[tokio::test]
    async fn nobody_has_a_password_though_it_is_computed() {
        assert!(argon2::password_hash::phc::PasswordHash::new(NOBODY).is_ok(), "else it would cost no time");
        assert!(!PasswordPool::new(1).matches(secret("x"), None).await.unwrap());
    }

    #[tokio::test(flavor = "current_thread")]
    async fn the_computation_leaves_the_async_worker_free() {
        let pool = PasswordPool::new(1);
        let order = std::sync::Mutex::new(Vec::new());
        let slow = async {
            pool.matches(secret("x"), None).await.unwrap();
            order.lock().unwrap().push("argon2");
        };
        let quick = async { order.lock().unwrap().push("token") };
        tokio::join!(slow, quick);
        assert_eq!(*order.lock().unwrap(), ["token", "argon2"]);
    }

    #[tokio::test]
    async fn a_full_queue_is_busy_and_empties_again() {
        let pool = PasswordPool::new(1);
        let places: Vec<_> = (0..QUEUE_PER_WORKER).map(|_| Place::take(&pool).ok().unwrap()).collect();
        assert_eq!(pool.matches(secret("x"), None).await, Err(Busy));
        drop(places);
        assert_eq!(pool.matches(secret("x"), None).await, Ok(false));
    }

    #[test]
    fn empty_and_endless_passwords_are_not_hashed() {
        for wrong in [String::new(), "x".repeat(LONGEST_PASSWORD + 1)] {
            assert_eq!(hash_password(&wrong, &[0; 16]), Err(PasswordError::Length));
        }
    }
}
