//! The run: every server in a thread of its own, round after round, until there are enough inputs.

use std::panic::{AssertUnwindSafe, catch_unwind};

use crate::arguments::Plan;
use crate::attack::Attack;
use crate::catalog::Template;
use crate::expand::{EXPANDERS, Expander};
use crate::tally::{Failure, Kind, Tally};
use crate::target::Target;

/// Rounds after which no template can find anything new to try.
const MOST_ROUNDS: u32 = 400;

/// Runs a plan; gives what was counted.
pub fn run(plan: &Plan, templates: &[Template]) -> Tally {
    let tally = Tally::new(plan.seed);
    std::thread::scope(|scope| {
        for (name, start) in [("production", Target::production as fn() -> Target), ("dev", Target::dev)] {
            if plan.target.as_deref().is_none_or(|only| only == name) {
                let tally = tally.clone();
                scope.spawn(move || against(plan, templates, start, tally));
            }
        }
    });
    tally
}

fn against(plan: &Plan, templates: &[Template], start: fn() -> Target, mut tally: Tally) {
    let mut target = start();
    let rounds = plan.round.map_or(0..MOST_ROUNDS, |round| round..round + 1);
    for round in rounds {
        if plan.round.is_none() && round > 0 && tally.total() >= plan.inputs {
            break;
        }
        for template in templates.iter().filter(|template| plan.only.as_ref().is_none_or(|only| *only == template.id)) {
            let Some(expander) = expander(&template.id).filter(|expander| round == 0 || !expander.once || plan.round.is_some()) else {
                continue;
            };
            one(plan, expander, template, &mut target, &mut tally, round);
            if target.server.has_ended() {
                println!("the server at {} is gone", target.name);
                return;
            }
        }
    }
    late_again(plan, templates, &mut target, &mut tally);
    crate::expand::at_the_end(&mut target, &mut tally);
}

fn expander(id: &str) -> Option<&'static Expander> {
    EXPANDERS.iter().flat_map(|group| group.iter()).find(|expander| expander.id == id)
}

fn one(plan: &Plan, expander: &Expander, template: &Template, target: &mut Target, tally: &mut Tally, round: u32) {
    let done = catch_unwind(AssertUnwindSafe(|| {
        let mut attack = Attack::new(target, template, tally, plan.seed, round, plan.batch);
        (expander.run)(&mut attack);
        attack.finish();
    }));
    if let Err(panic) = done {
        let what = panic.downcast_ref::<String>().cloned().or_else(|| panic.downcast_ref::<&str>().map(|text| (*text).to_owned()));
        tally.fail(Failure {
            template: template.id.clone(),
            group: template.group.clone(),
            target: target.name,
            round,
            input: 0,
            kind: Kind::Stuck,
            what: what.unwrap_or_default(),
            sent: String::new(),
            answer: String::new(),
        });
    }
    tally.close(template);
}

/// What was late is tried again: a machine that stumbled does not do so twice at the same place.
fn late_again(plan: &Plan, templates: &[Template], target: &mut Target, tally: &mut Tally) {
    let late: Vec<_> = std::mem::take(&mut tally.book().slow);
    let (own, others): (Vec<_>, Vec<_>) = late.into_iter().partition(|(_, name, _)| *name == target.name);
    tally.book().slow = others;
    for (id, _, round) in own.into_iter().take(5) {
        let (Some(expander), Some(template)) = (expander(&id), templates.iter().find(|template| template.id == id)) else { continue };
        one(plan, expander, template, target, tally, round);
        let again = tally.book().slow.iter().any(|(other, name, _)| *other == id && *name == target.name);
        if again {
            tally.fail(Failure {
                template: id,
                group: template.group.clone(),
                target: target.name,
                round,
                input: 0,
                kind: Kind::Slow,
                what: "more than a second for an answer, twice".to_owned(),
                sent: String::new(),
                answer: String::new(),
            });
        }
    }
}
