//! Good clients beside whatever goes on: each asks about a hundred times a second, and how long it waits is written down.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use crate::back_channel::Tokens;
use crate::http::{Answer, basic};
use crate::keep_alive::KeepAlive;
use crate::pair::Pair;

/// What good clients met.
#[derive(Debug, Default)]
pub struct Waits {
    /// How long each answer took.
    pub times: Vec<Duration>,
    /// What was not answered, or not as it should.
    pub failures: Vec<String>,
}

impl Waits {
    /// The wait that so many of a thousand stayed below, in milliseconds.
    pub fn within(&self, per_mille: usize) -> f64 {
        let mut times = self.times.clone();
        times.sort_unstable();
        let at = (times.len() * per_mille / 1000).min(times.len().saturating_sub(1));
        times.get(at).map_or(0.0, |time| (time.as_secs_f64() * 10_000.0).round() / 10.0)
    }

    /// Every request was answered as it should be, and there were some.
    ///
    /// # Panics
    /// If not.
    pub fn assert_good(&self, what: &str) {
        assert!(self.failures.is_empty() && !self.times.is_empty(), "{what}: {} answered, {:?}", self.times.len(), self.failures);
    }
}

/// The clients, until they are told to stop.
pub struct Steady {
    stop: Arc<AtomicBool>,
    threads: Vec<JoinHandle<Waits>>,
}

type Ask = Box<dyn FnMut(&mut KeepAlive) -> std::io::Result<bool> + Send>;

impl Steady {
    /// Four clients of a server: introspection over a connection that is kept and over new ones, a chain of refreshes, the metadata.
    pub fn on(pair: &Pair) -> Steady {
        let tokens = pair.tokens(&mut pair.browser());
        let (live, again) = Steady::introspections(pair);
        let refreshes = refreshes(basic("shop", pair.secret()), tokens);
        Steady::begin(pair, vec![live, again, (refreshes, true), (document(), true)])
    }

    /// The same without the token endpoint.
    pub fn apart(pair: &Pair) -> Steady {
        let (live, again) = Steady::introspections(pair);
        Steady::begin(pair, vec![live, again, (document(), true)])
    }

    fn introspections(pair: &Pair) -> ((Ask, bool), (Ask, bool)) {
        let authorization = basic("shop", pair.secret());
        let introspects = |authorization: String, token: String| -> Ask {
            Box::new(move |client| {
                let answer = client.post("/introspect", &authorization, &[("token", &token)])?;
                Ok(answer.status == 200 && answer.json()["active"] == true)
            })
        };
        let live = pair.tokens(&mut pair.browser()).access;
        ((introspects(authorization.clone(), live.clone()), true), (introspects(authorization, live), false))
    }

    fn begin(pair: &Pair, asks: Vec<(Ask, bool)>) -> Steady {
        let stop = Arc::<AtomicBool>::default();
        let threads = asks.into_iter().map(|(ask, keeps)| {
            let (stop, client) = (Arc::clone(&stop), pair.browser());
            let client = move || KeepAlive::new(client.address, &client.host);
            std::thread::spawn(move || go_on(ask, client, keeps, &stop))
        });
        let threads = threads.collect();
        Steady { stop, threads }
    }

    /// Stops the clients; what they met.
    pub fn end(self) -> Waits {
        self.stop.store(true, Ordering::Relaxed);
        let mut all = Waits::default();
        for thread in self.threads {
            let waits = thread.join().unwrap();
            all.times.extend(waits.times);
            all.failures.extend(waits.failures);
        }
        all
    }
}

fn go_on(mut ask: Ask, client: impl Fn() -> KeepAlive, keeps: bool, stop: &AtomicBool) -> Waits {
    let (mut waits, mut current) = (Waits::default(), client());
    while !stop.load(Ordering::Relaxed) {
        let started = Instant::now();
        match ask(&mut current) {
            Ok(true) => waits.times.push(started.elapsed()),
            Ok(false) => waits.failures.push("another answer than expected".to_owned()),
            Err(error) => waits.failures.push(error.to_string()),
        }
        if !keeps {
            current = client();
        }
        crate::binary::pause();
    }
    waits
}

fn document() -> Ask {
    Box::new(|client| Ok(client.get("/.well-known/oauth-authorization-server")?.status == 200))
}

fn refreshes(authorization: String, mut head: Tokens) -> Ask {
    Box::new(move |client| {
        let answer: Answer = client.post("/token", &authorization, &[("grant_type", "refresh_token"), ("refresh_token", &head.refresh)])?;
        let next = Tokens::of(&answer);
        let good = next.is_some();
        head = next.unwrap_or_else(|| head.clone());
        Ok(good)
    })
}
