//! In which phase a connection is, since when, and whether that is too long: the clock behind every wire deadline.
//!
//! One timer per connection, re-armed at most once a tick, replaces a timer per request: setting and clearing a timer for
//! each request costs more than all else that the edge does.

use std::sync::Arc;
use std::sync::atomic::{AtomicU8, AtomicU32, Ordering::Relaxed};
use std::time::Duration;

use tokio::time::Instant;

use crate::gate::Gate;
use crate::limits::Limits;
use crate::shutdown::Shutdown;

/// What a connection is doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum Phase {
    /// Nothing came yet, or the last request was answered and nothing came since.
    Waiting = 0,
    /// A head began and is not complete; also the TLS handshake.
    Head = 1,
    /// The head is complete, the body is not.
    Body = 2,
    /// A request is being answered: the client cannot be blamed.
    Answering = 3,
}

/// The phase of one connection, shared by its socket and its requests.
#[derive(Debug)]
pub(crate) struct Watch {
    born: Instant,
    phase: AtomicU8,
    /// Milliseconds from `born` to the begin of the phase.
    since: AtomicU32,
    /// Requests being answered; more than one in HTTP/2.
    requests: AtomicU32,
    /// HTTP/2 interleaves requests: `Head` and `Body` cannot be told from bytes, so only idleness is watched here.
    multiplexed: AtomicU8,
    limits: Arc<Limits>,
    crowd: Arc<Gate>,
    shutdown: Shutdown,
}

impl Watch {
    pub(crate) fn new(limits: Arc<Limits>, crowd: Arc<Gate>, shutdown: Shutdown) -> Arc<Watch> {
        Arc::new(Watch {
            born: Instant::now(),
            // A fresh connection owes us a request: it gets the head's deadline, not that of an idle one.
            phase: AtomicU8::new(Phase::Head as u8),
            since: AtomicU32::new(0),
            requests: AtomicU32::new(0),
            multiplexed: AtomicU8::new(0),
            limits,
            crowd,
            shutdown,
        })
    }

    fn phase(&self) -> Phase {
        match self.phase.load(Relaxed) {
            0 => Phase::Waiting,
            1 => Phase::Head,
            2 => Phase::Body,
            _ => Phase::Answering,
        }
    }

    fn enter(&self, phase: Phase) {
        let since = u32::try_from(self.born.elapsed().as_millis()).unwrap_or(u32::MAX);
        self.since.store(since, Relaxed);
        self.phase.store(phase as u8, Relaxed);
    }

    /// Bytes came in.
    pub(crate) fn received(&self) {
        if self.phase() == Phase::Waiting && self.multiplexed.load(Relaxed) == 0 {
            self.enter(Phase::Head);
        }
    }

    /// The connection speaks HTTP/2 from here on.
    pub(crate) fn multiplex(&self) {
        self.multiplexed.store(1, Relaxed);
        self.enter(Phase::Waiting);
    }

    /// A head is complete. `body` says whether one follows.
    pub(crate) fn begin(&self, body: bool) {
        self.requests.fetch_add(1, Relaxed);
        // The body's time runs from the first byte of the head: one look at the clock less.
        let phase = if body && self.multiplexed.load(Relaxed) == 0 { Phase::Body } else { Phase::Answering };
        self.phase.store(phase as u8, Relaxed);
    }

    /// The body is complete.
    pub(crate) fn answer(&self) {
        self.phase.store(Phase::Answering as u8, Relaxed);
    }

    /// The response is ready.
    pub(crate) fn end(&self) {
        if self.requests.fetch_sub(1, Relaxed) == 1 {
            self.enter(Phase::Waiting);
        }
    }

    /// Whether the client let its deadline pass.
    pub(crate) fn is_late(&self) -> bool {
        let deadline = match self.phase() {
            Phase::Waiting => self.patience(self.limits.idle_deadline),
            Phase::Head => self.patience(self.limits.header_deadline),
            Phase::Body => self.limits.body_deadline,
            Phase::Answering => return false,
        };
        let since = Duration::from_millis(u64::from(self.since.load(Relaxed)));
        self.born.elapsed().saturating_sub(since) >= deadline
    }

    /// When most connections are taken, those that only wait are let go five times as soon.
    fn patience(&self, deadline: Duration) -> Duration {
        if self.crowd.is_crowded() { deadline / 5 } else { deadline }
    }

    pub(crate) fn limits(&self) -> &Limits {
        &self.limits
    }

    /// Whether the server stops, which is told with the answer.
    pub(crate) fn shutdown(&self) -> &Shutdown {
        &self.shutdown
    }
}

#[cfg(test)]
mod tests {
    use prometheus_client::metrics::gauge::Gauge;
    use tokio::time::advance;

    use super::*;

    fn watch(most: usize) -> (Arc<Watch>, Arc<Gate>) {
        let crowd = Gate::new(most, Gauge::default());
        (Watch::new(Arc::new(Limits::default()), Arc::clone(&crowd), Shutdown::default()), crowd)
    }

    #[tokio::test(start_paused = true)]
    async fn a_head_has_ten_seconds_however_its_bytes_trickle_in() {
        let (watch, _crowd) = watch(100);
        for _ in 0..9 {
            advance(Duration::from_secs(1)).await;
            watch.received();
            assert!(!watch.is_late());
        }
        advance(Duration::from_secs(1)).await;
        assert!(watch.is_late());
    }

    #[tokio::test(start_paused = true)]
    async fn an_answer_may_take_its_time_and_idleness_counts_from_its_end() {
        let (watch, _crowd) = watch(100);
        watch.begin(true);
        watch.answer();
        advance(Duration::from_mins(10)).await;
        assert!(!watch.is_late());
        watch.end();
        advance(Duration::from_secs(59)).await;
        assert!(!watch.is_late());
        advance(Duration::from_secs(1)).await;
        assert!(watch.is_late());
    }

    #[tokio::test(start_paused = true)]
    async fn a_body_has_twenty_seconds() {
        let (watch, _crowd) = watch(100);
        watch.begin(true);
        advance(Duration::from_secs(19)).await;
        watch.received();
        assert!(!watch.is_late());
        advance(Duration::from_secs(1)).await;
        assert!(watch.is_late());
    }

    #[tokio::test(start_paused = true)]
    async fn in_a_crowd_those_who_wait_are_let_go_sooner() {
        let (watch, crowd) = watch(4);
        let _passes: Vec<_> = (0..4).map(|_| crowd.enter()).collect();
        advance(Duration::from_secs(2)).await;
        assert!(watch.is_late());
    }

    #[tokio::test(start_paused = true)]
    async fn bytes_do_not_keep_an_idle_http2_connection_open() {
        let (watch, _crowd) = watch(100);
        watch.multiplex();
        advance(Duration::from_mins(1)).await;
        watch.received();
        assert!(watch.is_late());
    }
}
