//! Clients of a server that dies under them, and what must hold after its next start: nothing that was acknowledged is lost,
//! nothing is issued twice, nothing lives on without its family.

use std::hash::{BuildHasher as _, RandomState};
use std::ops::AddAssign;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use crate::back_channel::{BackChannel, Tokens};
use crate::pair::Pair;

/// Clients that ask at the same time.
pub const WORKERS: usize = 6;

/// What a client knows of a family's fate, because it was told or was not.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Fate {
    /// Nobody asked for its end.
    Alive,
    /// A 200 said that it is gone.
    Revoked,
    /// The answer to its revocation never came.
    Unknown,
}

/// Everything that one code has brought.
struct Family {
    code: String,
    tokens: Vec<Tokens>,
    fate: Fate,
}

impl Family {
    fn last(&self) -> &Tokens {
        self.tokens.last().unwrap()
    }
}

/// What the clients of one life of the server know.
#[derive(Default)]
pub struct Told {
    families: Vec<Family>,
    /// Codes whose answer never came.
    unanswered: Vec<String>,
}

/// What was looked at after the start; what must not be found is asserted, and so always none.
#[derive(Clone, Copy, Debug, Default)]
pub struct Checked {
    /// Codes that brought tokens before, tried again.
    pub redeemed: usize,
    /// Codes whose answer never came, tried twice.
    pub unanswered: usize,
    /// Acknowledged revocations.
    pub revoked: usize,
    /// Acknowledged families that nobody revoked.
    pub alive: usize,
    /// Tokens of families that have ended, each seen dead.
    pub dead_tokens: usize,
}

impl AddAssign for Checked {
    fn add_assign(&mut self, other: Checked) {
        self.redeemed += other.redeemed;
        self.unanswered += other.unanswered;
        self.revoked += other.revoked;
        self.alive += other.alive;
        self.dead_tokens += other.dead_tokens;
    }
}

/// A number below `bound`.
pub fn random(bound: usize) -> usize {
    usize::try_from(RandomState::new().hash_one(0) % bound as u64).unwrap()
}

/// Clients redeem the codes, refresh and revoke, until the server does not answer any more or all is done. `meanwhile` runs beside
/// them with the count of answers, and ends the server if it is to be ended; it is told when the clients have stopped.
pub fn load(pair: &Pair, codes: Vec<String>, meanwhile: impl FnOnce(&AtomicUsize, &dyn Fn() -> bool)) -> Told {
    let (codes, told, answers) = (Mutex::new(codes), Mutex::new(Told::default()), AtomicUsize::new(0));
    let node = &pair.nodes()[0];
    std::thread::scope(|scope| {
        let client = Client { node, pair, codes: &codes, told: &told, answers: &answers };
        let workers: Vec<_> = (0..WORKERS).map(|_| scope.spawn(move || client.work())).collect();
        meanwhile(&answers, &|| workers.iter().all(std::thread::ScopedJoinHandle::is_finished));
    });
    told.into_inner().unwrap()
}

#[derive(Clone, Copy)]
struct Client<'a> {
    node: &'a BackChannel,
    pair: &'a Pair,
    codes: &'a Mutex<Vec<String>>,
    told: &'a Mutex<Told>,
    answers: &'a AtomicUsize,
}

impl Client<'_> {
    fn work(self) {
        let verifier = self.pair.pkce().verifier;
        loop {
            let Some(code) = self.codes.lock().unwrap().pop() else { return };
            let form = BackChannel::code_form(&code, self.pair.redirect_uri(), &verifier);
            let Some(tokens) = self.tokens(&form) else {
                self.told.lock().unwrap().unanswered.push(code);
                return;
            };
            let mut family = Family { code, tokens: vec![tokens], fate: Fate::Alive };
            let answered = self.use_up(&mut family);
            self.told.lock().unwrap().families.push(family);
            if !answered {
                return;
            }
        }
    }

    /// Refreshes a few times and revokes half of the families at some moment; says whether the server answered to the end.
    fn use_up(self, family: &mut Family) -> bool {
        let (refreshes, revokes) = (random(4), random(2) == 0);
        for _ in 0..refreshes {
            // Unanswered, the token may be spent; within the grace it still leads to its successor, so the family must be usable.
            let Some(next) = self.tokens(&[("grant_type", "refresh_token"), ("refresh_token", &family.last().refresh)]) else {
                return false;
            };
            family.tokens.push(next);
        }
        if revokes {
            family.fate = Fate::Unknown;
            let Ok(answer) = self.node.try_post("/revoke", &[("token", &family.last().refresh)]) else { return false };
            assert_eq!(answer.status, 200, "{}", answer.text());
            self.answers.fetch_add(1, Ordering::SeqCst);
            family.fate = Fate::Revoked;
        }
        true
    }

    /// The tokens of one answer; none when none came.
    fn tokens(self, form: &[(&str, &str)]) -> Option<Tokens> {
        let answer = self.node.try_post("/token", form).ok()?;
        self.answers.fetch_add(1, Ordering::SeqCst);
        Some(Tokens::of(&answer).unwrap_or_else(|| panic!("{} {}", answer.status, answer.text())))
    }
}

/// Holds a server that has started again to what the one before it said.
pub fn check(pair: &Pair, told: Told) -> Checked {
    let node = &pair.nodes()[0];
    let redeem = |code: &str| node.redeem(code, pair.redirect_uri(), &pair.pkce().verifier);
    let mut checked = Checked::default();
    for mut family in told.families {
        match family.fate {
            Fate::Revoked => checked.revoked += 1,
            Fate::Unknown => {
                let last = family.last();
                assert_eq!(node.is_active(&last.access), node.is_active(&last.refresh), "half of a family was revoked");
            }
            Fate::Alive => {
                assert!(node.is_active(&family.last().access), "an acknowledged token was lost");
                let next = node.refresh(&family.last().refresh);
                let next = Tokens::of(&next).unwrap_or_else(|| panic!("an acknowledged refresh token was lost: {}", next.text()));
                family.tokens.push(next);
                checked.alive += 1;
            }
        }
        if family.fate == Fate::Revoked {
            checked.dead_tokens += all_dead(node, &family.tokens, "an acknowledged revocation was lost");
        }
        let again = redeem(&family.code);
        assert_eq!(again.error(), "invalid_grant", "redeemed twice: {} {}", again.status, again.text());
        // RFC 6749 §4.1.2: a code that comes again ends all that came from it.
        checked.dead_tokens += all_dead(node, &family.tokens, "an orphan lives");
        checked.redeemed += 1;
    }
    for code in &told.unanswered {
        let first = redeem(code);
        let tokens = Tokens::of(&first);
        assert!(tokens.is_some() || first.error() == "invalid_grant", "{} {}", first.status, first.text());
        assert_eq!(redeem(code).error(), "invalid_grant", "redeemed twice");
        checked.dead_tokens += all_dead(node, tokens.as_slice(), "an orphan lives");
        checked.unanswered += 1;
    }
    checked
}

/// Sees that every token is dead; how many that were.
fn all_dead(node: &BackChannel, tokens: &[Tokens], otherwise: &str) -> usize {
    for tokens in tokens {
        assert!(!node.is_active(&tokens.access) && !node.is_active(&tokens.refresh), "{otherwise}");
    }
    2 * tokens.len()
}
