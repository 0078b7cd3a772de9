//! Clients that never stop asking: over connections that they keep and over new ones, and every answer is looked at.

mod http2;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread::JoinHandle;

use crate::back_channel::Tokens;
use crate::http::{Answer, basic};
use crate::keep_alive::KeepAlive;
use crate::pair::Pair;

use self::http2::Http2;

/// What the clients have met.
#[derive(Debug, Default)]
pub struct Tally {
    /// Requests that were answered as they should.
    pub answered: u64,
    /// Requests over a connection that had answered one before.
    pub reused: u64,
    /// Connections.
    pub opened: u64,
    /// What was not answered, or not as it should.
    pub failures: Vec<String>,
}

/// The clients, until they are told to stop.
pub struct Load {
    stop: Arc<AtomicBool>,
    answered: Arc<AtomicU64>,
    threads: Vec<JoinHandle<Tally>>,
}

/// One client: asks once and says what was wrong.
type Ask = Box<dyn FnMut(&mut KeepAlive) -> Result<(), String> + Send>;

impl Load {
    /// Six clients of the server: introspection of a live and of a dead token, a chain of refreshes, the metadata, each over a
    /// connection that is kept, the metadata over HTTP/2, and a client that opens a connection for every request.
    pub fn on(pair: &Pair) -> Load {
        let mut browser = pair.browser();
        let (live, dead, head) = (pair.tokens(&mut browser), pair.tokens(&mut browser), pair.tokens(&mut browser));
        assert_eq!(pair.nodes()[0].revoke(&dead.refresh).status, 200);
        let authorization = basic("shop", pair.secret());
        let document = "/.well-known/oauth-authorization-server";
        let fresh = introspects(&authorization, &live.access, true);
        let asks: Vec<(Ask, bool)> = vec![
            (introspects(&authorization, &live.access, true), true),
            (introspects(&authorization, &dead.access, false), true),
            (refreshes(&authorization, head), true),
            (Box::new(move |client| expect(client.get(document), |answer| answer.status == 200)), true),
            (fresh, false),
        ];
        let (stop, answered) = (Arc::<AtomicBool>::default(), Arc::<AtomicU64>::default());
        let threads = asks.into_iter().map(|(ask, keeps)| {
            let client = pair.browser();
            let client = move || KeepAlive::new(client.address, &client.host);
            let (stop, answered) = (Arc::clone(&stop), Arc::clone(&answered));
            std::thread::spawn(move || go_on(ask, client, keeps, &stop, &answered))
        });
        let mut threads: Vec<_> = threads.collect();
        let (client, stopped, counted) = (pair.browser(), Arc::clone(&stop), Arc::clone(&answered));
        threads.push(std::thread::spawn(move || go_on_http2(Http2::new(client.address, &client.host), document, &stopped, &counted)));
        Load { stop, answered, threads }
    }

    /// Waits until so many more requests were answered.
    pub fn go_on(&self, requests: u64) {
        let until = self.answered.load(Ordering::Relaxed) + requests;
        for _ in 0..6000 {
            if self.answered.load(Ordering::Relaxed) >= until {
                return;
            }
            crate::binary::pause();
        }
        panic!("the load stands still");
    }

    /// Stops the clients; what they met.
    pub fn end(self) -> Tally {
        self.stop.store(true, Ordering::Relaxed);
        let mut all = Tally::default();
        for thread in self.threads {
            let tally = thread.join().unwrap();
            all.answered += tally.answered;
            all.reused += tally.reused;
            all.opened += tally.opened;
            all.failures.extend(tally.failures);
        }
        all
    }
}

fn go_on(mut ask: Ask, client: impl Fn() -> KeepAlive, keeps: bool, stop: &AtomicBool, answered: &AtomicU64) -> Tally {
    let (mut tally, mut current) = (Tally::default(), client());
    while !stop.load(Ordering::Relaxed) {
        match ask(&mut current) {
            Ok(()) => {
                tally.answered += 1;
                answered.fetch_add(1, Ordering::Relaxed);
            }
            Err(wrong) => tally.failures.push(wrong),
        }
        if !keeps {
            tally.opened += std::mem::replace(&mut current, client()).opened;
        }
    }
    tally.reused += current.reused;
    tally.opened += current.opened;
    tally
}

fn go_on_http2(mut client: Http2, path: &str, stop: &AtomicBool, answered: &AtomicU64) -> Tally {
    let mut tally = Tally::default();
    while !stop.load(Ordering::Relaxed) {
        match client.get(path) {
            Ok(()) => {
                tally.answered += 1;
                answered.fetch_add(1, Ordering::Relaxed);
            }
            Err(wrong) => tally.failures.push(wrong),
        }
    }
    Tally { reused: client.reused, opened: client.opened, ..tally }
}

fn introspects(authorization: &str, token: &str, active: bool) -> Ask {
    let (authorization, token) = (authorization.to_owned(), token.to_owned());
    Box::new(move |client| {
        let answer = client.post("/introspect", &authorization, &[("token", &token)]);
        expect(answer, |answer| answer.status == 200 && answer.json()["active"].as_bool() == Some(active))
    })
}

/// Each answer's refresh token is the next one's: a lost answer would break the chain, or a second use end the family.
fn refreshes(authorization: &str, mut head: Tokens) -> Ask {
    let authorization = authorization.to_owned();
    Box::new(move |client| {
        let form = [("grant_type", "refresh_token"), ("refresh_token", head.refresh.as_str())];
        let answer = client.post("/token", &authorization, &form);
        let next = answer.as_ref().ok().and_then(Tokens::of);
        let done = expect(answer, |_| next.as_ref().is_some_and(|next| next.refresh != head.refresh));
        head = next.unwrap_or_else(|| head.clone());
        done
    })
}

fn expect(answer: std::io::Result<Answer>, good: impl FnOnce(&Answer) -> bool) -> Result<(), String> {
    match answer {
        Ok(answer) if good(&answer) => Ok(()),
        Ok(answer) => Err(format!("{} {:?} {}", answer.status, answer.headers, answer.text())),
        Err(error) => Err(format!("no answer: {error}")),
    }
}
