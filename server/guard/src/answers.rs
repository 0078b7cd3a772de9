//! What was found out about tokens, for a few seconds, by the SHA-256 of the token and never by the token.
//!
//! Who asks while the same question is under way waits for its answer, so that a burst of requests with one token asks once.

use std::sync::atomic::{AtomicU64, Ordering};

use keyhook_core::{Secret, Timestamp, crypto};
use quick_cache::sync::Cache;

use crate::principal::Principal;
use crate::refused::Refused;

/// What was found out.
pub(crate) type Outcome = Result<Principal, Refused>;

/// Outcomes by token. Bounded: what is asked for rarely gives way.
pub(crate) struct Answers {
    kept: Cache<[u8; 32], Kept>,
    /// Counts arrivals and answers, to know which answer is younger than which question.
    order: AtomicU64,
}

#[derive(Clone)]
struct Kept {
    outcome: Outcome,
    until: Timestamp,
    answered: u64,
}

impl Answers {
    /// Room for `capacity` outcomes.
    pub(crate) fn new(capacity: usize) -> Answers {
        Answers { kept: Cache::new(capacity), order: AtomicU64::new(0) }
    }

    /// The outcome for a token. `ask` finds it out, and says until when it may be kept.
    pub(crate) async fn find<F>(&self, token: &Secret<String>, now: Timestamp, ask: impl FnOnce() -> F) -> Outcome
    where
        F: Future<Output = (Outcome, Timestamp)>,
    {
        let key = crypto::sha256(token.expose().as_bytes());
        let arrived = self.tick();
        loop {
            match self.kept.get_value_or_guard_async(&key).await {
                // Younger than the question, or within its time.
                Ok(kept) if kept.answered > arrived || !kept.until.has_passed(now) => return kept.outcome,
                Ok(old) => drop(self.kept.remove_if(&key, |kept| kept.answered == old.answered)),
                Err(place) => {
                    let (outcome, until) = ask().await;
                    // Refused if the place was taken away meanwhile; then nobody waits for it.
                    let _ = place.insert(Kept { outcome: outcome.clone(), until, answered: self.tick() });
                    return outcome;
                }
            }
        }
    }

    fn tick(&self) -> u64 {
        self.order.fetch_add(1, Ordering::AcqRel)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::AtomicUsize;

    use tokio::sync::Semaphore;

    use super::*;

    const NOW: Timestamp = Timestamp::from_seconds(1_800_000_000);

    fn token(text: &str) -> Secret<String> {
        Secret::new(text.to_owned())
    }

    fn alice() -> Principal {
        Principal::user_of_application("alice")
    }

    #[tokio::test]
    async fn an_answer_is_kept_until_its_time_and_for_its_token_only() {
        let answers = Answers::new(10);
        let asked = AtomicUsize::new(0);
        let ask = |until: Timestamp| {
            let asked = &asked;
            move || async move {
                asked.fetch_add(1, Ordering::SeqCst);
                (Ok(alice()), until)
            }
        };
        let until = Timestamp::from_millis(NOW.millis() + 5000);
        for _ in 0..3 {
            assert!(answers.find(&token("a"), NOW, ask(until)).await.is_ok());
        }
        assert_eq!(asked.load(Ordering::SeqCst), 1);
        assert!(answers.find(&token("b"), NOW, ask(until)).await.is_ok());
        assert_eq!(asked.load(Ordering::SeqCst), 2, "another token is another question");
        assert!(answers.find(&token("a"), until, ask(until)).await.is_ok());
        assert_eq!(asked.load(Ordering::SeqCst), 3, "its time has passed");
    }

    #[tokio::test]
    async fn questions_about_one_token_at_once_are_one_question_even_if_its_answer_is_not_kept() {
        let answers = Arc::new(Answers::new(10));
        let (asked, gate) = (Arc::new(AtomicUsize::new(0)), Arc::new(Semaphore::new(0)));
        let tasks: Vec<_> = (0..50)
            .map(|_| {
                let (answers, asked, gate) = (Arc::clone(&answers), Arc::clone(&asked), Arc::clone(&gate));
                tokio::spawn(async move {
                    answers
                        .find(&token("a"), NOW, || async move {
                            asked.fetch_add(1, Ordering::SeqCst);
                            drop(gate.acquire().await);
                            (Err(Refused::Anonymous), NOW)
                        })
                        .await
                })
            })
            .collect();
        for _ in 0..100 {
            tokio::task::yield_now().await;
        }
        gate.add_permits(1);
        for task in tasks {
            assert_eq!(task.await.unwrap().unwrap_err(), Refused::Anonymous);
        }
        assert_eq!(asked.load(Ordering::SeqCst), 1);
    }

    #[tokio::test]
    async fn who_gives_up_leaves_the_question_to_the_next() {
        let answers = Answers::new(10);
        {
            let token = token("a");
            let hopeless = answers.find(&token, NOW, std::future::pending);
            tokio::select! {
                biased;
                _ = hopeless => unreachable!("it never ends"),
                () = tokio::task::yield_now() => {}
            }
        }
        assert!(answers.find(&token("a"), NOW, || async { (Ok(alice()), NOW) }).await.is_ok());
    }

    #[tokio::test]
    async fn the_room_is_bounded() {
        let answers = Answers::new(100);
        let until = Timestamp::MAX;
        for index in 0..1000 {
            let _ = answers.find(&token(&index.to_string()), NOW, || async { (Ok(alice()), until) }).await;
        }
        assert!(answers.kept.len() <= 128, "{}", answers.kept.len());
    }
}
