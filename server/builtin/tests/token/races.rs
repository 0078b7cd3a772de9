//! Many requests with one single-use thing, at once: exactly one wins (RFC 6749 §10.5, RFC 9700 §4.14).

use std::sync::Arc;

use keyhook_component::system::Random;
use keyhook_core::error::OAuthError;

use crate::refresh_token::heads;
use crate::support::*;

const RACERS: usize = 64;

/// Runs the same request many times at once.
pub async fn race<F>(world: &World, run: impl Fn(World) -> F) -> Vec<Result<serde_json::Value, OAuthError>>
where
    F: Future<Output = Answer> + Send + 'static,
{
    let barrier = Arc::new(tokio::sync::Barrier::new(RACERS));
    let tasks: Vec<_> = (0..RACERS)
        .map(|_| {
            let (barrier, request) = (barrier.clone(), run(world.clone()));
            tokio::spawn(async move {
                barrier.wait().await;
                request.await
            })
        })
        .collect();
    let mut answers = Vec::with_capacity(RACERS);
    for task in tasks {
        answers.push(task.await.unwrap());
    }
    answers
}

/// RFC 6749 §4.1.2: one redemption, and since the others were replays, its tokens are dead afterwards.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_many_who_redeem_one_code_one_wins_and_the_family_ends() {
    for _ in 0..20 {
        let world = world().await;
        let code = world.code("shop").await;
        let answers = race(&world, |world| {
            let code = code.clone();
            async move { world.redeem(SHOP, &code).await }
        })
        .await;
        let (won, lost): (Vec<_>, Vec<_>) = answers.into_iter().partition(Result::is_ok);
        assert_eq!(won.len(), 1);
        // KH0238: read the code while it was live, and found the grant that another loser had ended already.
        let causes = [("invalid_grant", "KH0237"), ("invalid_grant", "KH0238")];
        assert!(lost.into_iter().all(|answer| causes.contains(&refused(answer))));
        let winner = won.into_iter().next().unwrap().unwrap();
        assert!(!world.is_active(text(&winner, "access_token")).await);
        assert!(!world.is_active(text(&winner, "refresh_token")).await);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn many_who_refresh_at_once_get_one_successor_and_the_family_does_not_fork() {
    for _ in 0..20 {
        let world = world().await;
        let code = world.code("shop").await;
        let token = text(&world.redeem(SHOP, &code).await.unwrap(), "refresh_token").to_owned();
        let answers = race(&world, |world| {
            let token = token.clone();
            async move { world.refresh(SHOP, &token).await }
        })
        .await;
        let successors: std::collections::BTreeSet<_> =
            answers.into_iter().map(|answer| text(&answer.unwrap(), "refresh_token").to_owned()).collect();
        assert_eq!(successors.len(), 1);
        assert_eq!(heads(&world).await, 1);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn without_a_grace_the_losers_of_a_refresh_race_end_the_family() {
    let world = world().await.with_settings(|settings| settings.refresh_grace = std::time::Duration::ZERO);
    let code = world.code("shop").await;
    let token = text(&world.redeem(SHOP, &code).await.unwrap(), "refresh_token").to_owned();
    let answers = race(&world, |world| {
        let token = token.clone();
        async move { world.refresh(SHOP, &token).await }
    })
    .await;
    let won: Vec<_> = answers.into_iter().filter_map(Result::ok).collect();
    assert_eq!(won.len(), 1);
    assert!(!world.is_active(text(&won[0], "access_token")).await);
}

/// A millisecond has four million ids: some of these collide, and nobody notices.
#[tokio::test]
async fn an_id_that_is_taken_is_drawn_again() {
    let mut world = world().await;
    let random = Arc::new(Stutter::default());
    world.context.random = Arc::clone(&random) as Arc<dyn Random>;
    let form = [("grant_type", "client_credentials")];
    let first = world.token(SHOP, &form).await.unwrap();
    let second = world.token(SHOP, &form).await.unwrap();
    assert_eq!(*random.0.lock().unwrap(), 3, "the second token was drawn twice");
    assert_ne!(first["access_token"], second["access_token"]);
    for answer in [first, second] {
        assert!(world.is_active(text(&answer, "access_token")).await);
    }
}

/// Gives every value twice, id and secret as one.
#[derive(Default)]
struct Stutter(std::sync::Mutex<u32>);

impl Random for Stutter {
    fn fill(&self, out: &mut [u8]) {
        let mut calls = self.0.lock().unwrap();
        // Every token is drawn twice.
        out.fill(u8::try_from(*calls / 2 + 1).unwrap());
        *calls += 1;
    }
}
