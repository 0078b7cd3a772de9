//! Whether the time of a sign-in tells that a user exists: a wrong password of a user beside one of nobody.

use keyhook_builtin::hash_password;
use keyhook_builtin::password::PasswordPool;
use keyhook_core::secret::Secret;

use crate::measure::Plan;
use crate::welch::Times;

/// Near: the user exists.
pub(crate) fn known_or_not(plan: &Plan) -> Times {
    let Ok(runtime) = tokio::runtime::Builder::new_current_thread().build() else { return Times::default() };
    let pool = PasswordPool::new(1);
    let kept = hash_password("correct-horse", &[7; 16]).ok();
    plan.times(
        |chance, near| (chance.text(), kept.clone().filter(|_| near)),
        |(password, hash)| {
            let compared = pool.matches(Secret::new(password.clone()), hash.clone());
            runtime.block_on(compared).unwrap_or(true)
        },
    )
}
