//! Passwords: argon2id with OWASP's parameters, computed off the async workers and never by more than so many at once.

use std::fmt;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use argon2::password_hash::PasswordHasher;
use argon2::password_hash::phc::PasswordHash;
use argon2::{Algorithm, Argon2, Block, Params, Version};
use keyhook_core::crypto::constant_time_eq;
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
    memory: Arc<Memory>,
}

/// What argon2id works in, one piece for each computation that runs, used again by the next.
///
/// Taken anew each time, the 19 MiB would come from whichever arena of the allocator serves the thread, and stay there: a few
/// dozen sign-ins would hold hundreds of megabytes for good.
#[derive(Debug, Default)]
struct Memory(Mutex<Vec<Vec<Block>>>);

impl Memory {
    fn pieces(&self) -> MutexGuard<'_, Vec<Vec<Block>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl PasswordPool {
    /// A pool of `workers` computations at once, at least one.
    pub fn new(workers: usize) -> PasswordPool {
        let workers = workers.max(1);
        PasswordPool {
            permits: Arc::new(Semaphore::new(workers)),
            waiting: AtomicUsize::new(0),
            most_waiting: workers * QUEUE_PER_WORKER,
            memory: Arc::default(),
        }
    }

    /// Whether `password` is the one that was hashed. `None` costs the same and is never right.
    ///
    /// # Errors
    /// [`Busy`] when the queue is full.
    pub async fn matches(&self, password: Secret<String>, hash: Option<String>) -> Result<bool, Busy> {
        let _place = Place::take(self)?;
        let permit = Arc::clone(&self.permits).acquire_owned().await.map_err(|_| Busy)?;
        let memory = Arc::clone(&self.memory);
        let compared = tokio::task::spawn_blocking(move || {
            // The permit ends with the computation, not with the request that may have gone away meanwhile.
            let _permit = permit;
            let mut piece = memory.pieces().pop().unwrap_or_default();
            let right = compare(password.expose(), hash.as_deref(), &mut piece);
            memory.pieces().push(piece);
            right
        });
        // A computation that panicked has proved nothing.
        Ok(compared.await.unwrap_or(false))
    }
}

fn compare(password: &str, hash: Option<&str>, memory: &mut Vec<Block>) -> bool {
    if password.len() > LONGEST_PASSWORD {
        return false;
    }
    let right = fits(password, hash.unwrap_or(NOBODY), memory).unwrap_or(false);
    right && hash.is_some()
}

/// Whether a password is the one of a hash in PHC format. `None` for what is no such hash.
fn fits(password: &str, hash: &str, memory: &mut Vec<Block>) -> Option<bool> {
    let hash = PasswordHash::new(hash).ok()?;
    let algorithm = Algorithm::try_from(hash.algorithm.as_str()).ok()?;
    let version = hash.version.map_or(Ok(Version::default()), Version::try_from).ok()?;
    let params = Params::try_from(&hash).ok()?;
    let (salt, expected) = (hash.salt.as_ref()?, hash.hash.as_ref()?);
    memory.resize(params.block_count(), Block::new());
    let mut found = vec![0; expected.len()];
    let argon2 = Argon2::new(algorithm, version, params);
    argon2.hash_password_into_with_memory(password.as_bytes(), salt, &mut found, memory.as_mut_slice()).ok()?;
    Some(constant_time_eq(&found, expected.as_ref()))
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

    #[tokio::test(flavor = "multi_thread", worker_threads = 4)]
    async fn many_computations_share_the_memory_of_those_that_run_at_once() {
        let pool = Arc::new(PasswordPool::new(2));
        let all: Vec<_> = (0..12)
            .map(|_| {
                tokio::spawn({
                    let pool = Arc::clone(&pool);
                    async move { pool.matches(secret("x"), None).await }
                })
            })
            .collect();
        for one in all {
            assert_eq!(one.await.unwrap(), Ok(false));
        }
        let pieces: Vec<_> = pool.memory.pieces().iter().map(Vec::len).collect();
        assert!(!pieces.is_empty() && pieces.len() <= 2 && pieces.iter().all(|blocks| *blocks == 19 * 1024), "{pieces:?}");
    }

    #[tokio::test]
    async fn memory_of_another_size_and_what_is_in_it_do_not_matter() {
        let pool = PasswordPool::new(1);
        let hash = hash_password("correct-horse", &[7; 16]).unwrap();
        let small = "$argon2id$v=19$m=64,t=1,p=1$c29tZXNhbHQ$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";
        for _ in 0..2 {
            assert_eq!(pool.matches(secret("x"), Some(small.into())).await, Ok(false));
            assert_eq!(pool.matches(secret("correct-horse"), Some(hash.clone())).await, Ok(true));
        }
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
