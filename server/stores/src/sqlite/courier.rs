//! Brings the answers of a commit back to the threads that asked: one wake-up per thread and commit, not one per caller.
//!
//! Waking a runtime from another thread is a system call, and where both share a core it is a change of threads as well. So the
//! writer hands all answers for a thread to a task that lives there, and that task wakes the callers, which are its neighbors.

use std::cell::RefCell;

use keyhook_component::batch::Applied;
use tokio::runtime::Handle;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::sync::oneshot;

use super::failure::Failure;

/// What a caller is told.
pub(super) type Outcome = Result<Applied, Failure>;

/// An answer and who waits for it.
type Letter = (oneshot::Sender<Outcome>, Outcome);

thread_local! {
    static HERE: RefCell<Option<Courier>> = const { RefCell::new(None) };
}

/// The way back to a thread.
#[derive(Clone)]
pub(super) struct Courier(UnboundedSender<Vec<Letter>>);

impl Courier {
    /// The one of this thread; none where no runtime runs that could deliver.
    fn here() -> Option<Courier> {
        HERE.with_borrow_mut(|known| {
            // A courier ends with its runtime; the thread may have come to another one since.
            if known.as_ref().is_none_or(|courier| courier.0.is_closed()) {
                let runtime = Handle::try_current().ok()?;
                let (bag, letters) = unbounded_channel();
                runtime.spawn(deliver(letters));
                *known = Some(Courier(bag));
            }
            known.clone()
        })
    }
}

async fn deliver(mut letters: UnboundedReceiver<Vec<Letter>>) {
    while let Some(bag) = letters.recv().await {
        hand_out(bag);
    }
}

fn hand_out(letters: Vec<Letter>) {
    for (caller, outcome) in letters {
        // A caller that has gone needs no answer.
        drop(caller.send(outcome));
    }
}

/// Where an answer goes.
pub(super) struct ReplyTo {
    caller: oneshot::Sender<Outcome>,
    courier: Option<Courier>,
}

impl ReplyTo {
    /// To the caller of this, on this thread.
    pub(super) fn here() -> (ReplyTo, oneshot::Receiver<Outcome>) {
        let (caller, answered) = oneshot::channel();
        (ReplyTo { caller, courier: Courier::here() }, answered)
    }
}

/// The answers of one commit.
#[derive(Default)]
pub(super) struct Mail(Vec<(Courier, Vec<Letter>)>);

impl Mail {
    /// Adds an answer.
    pub(super) fn add(&mut self, to: ReplyTo, outcome: Outcome) {
        let letter = (to.caller, outcome);
        let Some(courier) = to.courier else { return hand_out(vec![letter]) };
        match self.0.iter_mut().find(|(known, _)| known.0.same_channel(&courier.0)) {
            Some((_, bag)) => bag.push(letter),
            None => self.0.push((courier, vec![letter])),
        }
    }

    /// Sends them all.
    pub(super) fn send(self) {
        for (courier, bag) in self.0 {
            // Its runtime has ended: whoever still waits is on another one.
            if let Err(returned) = courier.0.send(bag) {
                hand_out(returned.0);
            }
        }
    }
}
