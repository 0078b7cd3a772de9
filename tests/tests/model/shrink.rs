//! Makes a script that fails as short as it gets: parts are left out for as long as it still fails.

use crate::act::Kind;
use crate::run::{Failed, run};
use crate::step::Step;

/// The shortest script found, and how it fails.
pub(crate) fn shrink(kind: Kind, script: &[Step], failed: &Failed) -> (Vec<Step>, Failed) {
    let mut best = (script[..=failed.at.min(script.len() - 1)].to_vec(), failed.clone());
    let mut part = best.0.len() / 2;
    while part > 0 {
        let mut start = 0;
        while start < best.0.len() {
            let end = (start + part).min(best.0.len());
            let shorter = [&best.0[..start], &best.0[end..]].concat();
            match run(kind, &shorter) {
                Err(failed) if !shorter.is_empty() => best = (shorter[..=failed.at.min(shorter.len() - 1)].to_vec(), failed),
                _ => start = end,
            }
        }
        part /= 2;
    }
    best
}
