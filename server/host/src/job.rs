//! Consecutive blocking hooks in one job on the blocking pool, each under its own deadline, each in its plugin's bulkhead.
//!
//! The call and the place in the bulkhead move into the job: a late hook writes into what nobody reads any more, and a hung thread
//! keeps its place until it ends.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use keyhook_component::hooks::Verdict;
use keyhook_core::error::OAuthError;
use tokio::sync::watch;
use tokio::task::{JoinHandle, spawn_blocking};
use tokio::time::Instant;
use tracing::Span;

use crate::bulkhead::Place;
use crate::call::Call;
use crate::failure;
use crate::link::Link;
use crate::plugin::Plugin;
use crate::stats::Fault;

/// How far a job came.
pub(crate) enum Progress {
    /// The next link is an inline one, needs a place that is not free at once, or there is none.
    At(usize, Box<Call>),
    /// The link at the index decided.
    Decided(usize, Verdict, Box<Call>),
    /// The call is lost with the thread that runs it.
    Lost(usize, OAuthError),
}

/// Runs `links` from `start` as long as they block.
pub(crate) async fn run(links: Arc<[Link]>, start: usize, mut call: Box<Call>) -> Progress {
    let first = &links[start];
    // The wait for a place counts.
    let deadline = Instant::now() + first.timeout;
    let Some(place) = first.plugin().bulkhead.enter(first.timeout).await else {
        return Progress::Lost(start, refused(first.plugin(), failure::saturated(&first.plugin().name)));
    };
    let given_up = GivenUp::default();
    call.cancelled = Some(given_up.flag());
    let (reached, progress) = watch::channel((start, deadline));
    let span = Span::current();
    let own = Arc::clone(&links);
    let job = spawn_blocking(move || span.in_scope(|| climb(&own, start, call, place, &reached)));
    wait(&links, job, progress).await
}

/// Tells the job that nobody waits for it: the deadline passed, or the request was dropped.
#[derive(Default)]
pub(crate) struct GivenUp(Arc<AtomicBool>);

impl GivenUp {
    /// What the job looks at.
    pub(crate) fn flag(&self) -> Arc<AtomicBool> {
        Arc::clone(&self.0)
    }
}

impl Drop for GivenUp {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Release);
    }
}

/// In the job's thread; the index of a link that answered after its deadline is an error.
fn climb(
    links: &[Link],
    start: usize,
    mut call: Box<Call>,
    mut place: Place,
    reached: &watch::Sender<(usize, Instant)>,
) -> Result<Progress, usize> {
    call.blocking = true;
    let mut at = start;
    while let Some(link) = links.get(at).filter(|link| !link.inline) {
        if at > start {
            if !Arc::ptr_eq(link.plugin(), links[at - 1].plugin()) {
                drop(place);
                // Never waits for a place while others wait for this thread: the async side does that.
                let Some(next) = link.plugin().bulkhead.try_enter() else { break };
                place = next;
            }
            reached.send_replace((at, Instant::now() + link.timeout));
        }
        let deadline = reached.borrow().1;
        call.deadline = Some(deadline);
        let verdict = link.run(&mut call);
        // Late by a hair is late: the plugin was told that its deadline has passed.
        if Instant::now() >= deadline {
            return Err(at);
        }
        if let Some(verdict) = verdict {
            call.blocking = false;
            return Ok(Progress::Decided(at, verdict, call));
        }
        at += 1;
        if call.is_given_up() {
            break;
        }
    }
    call.blocking = false;
    call.deadline = None;
    Ok(Progress::At(at, call))
}

/// Beside the job: gives up when the link that runs overruns its deadline.
async fn wait(links: &[Link], mut job: JoinHandle<Result<Progress, usize>>, mut progress: watch::Receiver<(usize, Instant)>) -> Progress {
    let late = |at: usize| {
        let plugin = links[at].plugin();
        Progress::Lost(at, refused(plugin, failure::timed_out(&plugin.name, links[at].timeout)))
    };
    loop {
        let (at, deadline) = *progress.borrow_and_update();
        let ended = tokio::select! {
            biased;
            ended = &mut job => ended,
            moved = progress.changed() => match moved {
                Ok(()) => continue,
                // The job is done with its links; its result is on the way.
                Err(_) => (&mut job).await,
            },
            () = tokio::time::sleep_until(deadline) => return late(at),
        };
        return match ended {
            Ok(Ok(ended)) => ended,
            Ok(Err(at)) => late(at),
            Err(error) => {
                Progress::Lost(at, OAuthError::server_error(format!("a job of plugins failed: {error}")).with_kh(failure::PANICKED))
            }
        };
    }
}

fn refused(plugin: &Plugin, error: OAuthError) -> OAuthError {
    plugin.stats.failed(Fault::Timeout, &error.to_string());
    tracing::error!(plugin = &*plugin.name, code = error.kh, %error, "a plugin did not answer");
    error
}
