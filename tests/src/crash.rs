//! Clients of a server that dies under them, and what must hold after its next start: nothing that was acknowledged is lost,
//! nothing is issued twice, nothing lives on without its family.

use std::hash::{BuildHasher as _, RandomState};
use std::ops::AddAssign;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use crate::back_channel::{BackChannel, Tokens};
use crate::evidence::Number;
use crate::http::Answer;

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
    /// Whether a refresh was left without an answer.
    unsure: bool,
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

impl Checked {
    /// What goes into the evidence after so many kills. The zeros are what is asserted while it is looked for: whoever comes here
    /// found none.
    pub fn measured(&self, kills: usize) -> Vec<(&'static str, Number)> {
        vec![
            ("kills", kills.into()),
            ("codes tried again", (self.redeemed + self.unanswered).into()),
            ("acknowledged revocations", self.revoked.into()),
            ("acknowledged families", self.alive.into()),
            ("dead tokens seen dead", self.dead_tokens.into()),
            ("double redemptions", 0.into()),
            ("lost revocations", 0.into()),
            ("lost tokens", 0.into()),
            ("orphan live tokens", 0.into()),
        ]
    }
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

/// A server and the client that its codes are for.
pub struct Site {
    /// The client's way to it.
    pub node: BackChannel,
    /// Where the client wants its users back.
    pub redirect_uri: String,
    /// The PKCE verifier of every code.
    pub verifier: String,
}

impl Site {
    fn redeem(&self, code: &str) -> Answer {
        self.node.redeem(code, &self.redirect_uri, &self.verifier)
    }
}

/// How the server fails under the load.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Manner {
    /// It ends; what it has not answered it may have done.
    Dies,
    /// It says 503 in the protocol's form; what it refused it may have done.
    Refuses,
    /// The same over a store that may do half of a batch: what was refused may be lost for whoever asked.
    Tears,
}

/// Clients redeem the codes, refresh, introspect and revoke, until the server does not answer any more or all is done. `meanwhile`
/// runs beside them with the count of answers, and ends the server if it is to be ended; it is told when the clients have stopped.
pub fn load(site: &Site, manner: Manner, codes: Vec<String>, meanwhile: impl FnOnce(&AtomicUsize, &dyn Fn() -> bool)) -> Told {
    let (codes, told, answers) = (Mutex::new(codes), Mutex::new(Told::default()), AtomicUsize::new(0));
    std::thread::scope(|scope| {
        let client = Client { site, manner, codes: &codes, told: &told, answers: &answers };
        let workers: Vec<_> = (0..WORKERS).map(|_| scope.spawn(move || client.work())).collect();
        meanwhile(&answers, &|| workers.iter().all(std::thread::ScopedJoinHandle::is_finished));
    });
    told.into_inner().unwrap()
}

#[derive(Clone, Copy)]
struct Client<'a> {
    site: &'a Site,
    manner: Manner,
    codes: &'a Mutex<Vec<String>>,
    told: &'a Mutex<Told>,
    answers: &'a AtomicUsize,
}

impl Client<'_> {
    fn work(self) {
        loop {
            let Some(code) = self.codes.lock().unwrap().pop() else { return };
            let Some(tokens) = self.tokens(&BackChannel::code_form(&code, &self.site.redirect_uri, &self.site.verifier)) else {
                self.told.lock().unwrap().unanswered.push(code);
                if self.manner == Manner::Dies {
                    return;
                }
                continue;
            };
            let mut family = Family { code, tokens: vec![tokens], fate: Fate::Alive, unsure: false };
            let answered = self.use_up(&mut family);
            self.told.lock().unwrap().families.push(family);
            if !answered && self.manner == Manner::Dies {
                return;
            }
        }
    }

    /// Refreshes a few times and revokes half of the families at some moment; says whether the server answered to the end.
    fn use_up(self, family: &mut Family) -> bool {
        let (refreshes, revokes) = (random(4), random(2) == 0);
        for _ in 0..refreshes {
            self.look(family);
            let Some(next) = self.tokens(&[("grant_type", "refresh_token"), ("refresh_token", &family.last().refresh)]) else {
                // The token may be spent; within the grace it still leads to its successor.
                family.unsure = true;
                return false;
            };
            family.tokens.push(next);
        }
        if revokes {
            family.fate = Fate::Unknown;
            let form = [("token", family.last().refresh.as_str())];
            let Some(answer) = self.answer("/revoke", &form) else { return false };
            assert_eq!(answer.status, 200, "{}", answer.text());
            family.fate = Fate::Revoked;
        }
        self.look(family);
        true
    }

    /// What is said of a token is so, whatever the store does.
    fn look(self, family: &Family) {
        if let Some(answer) = self.answer("/introspect", &[("token", &family.last().access)]) {
            let active = answer.json()["active"].as_bool();
            assert_eq!((answer.status, active), (200, Some(family.fate == Fate::Alive)), "{}", answer.text());
        }
    }

    /// The tokens of one answer; none when none came.
    fn tokens(self, form: &[(&str, &str)]) -> Option<Tokens> {
        let answer = self.answer("/token", form)?;
        Some(Tokens::of(&answer).unwrap_or_else(|| panic!("{} {}", answer.status, answer.text())))
    }

    /// An answer that says something: neither silence nor, where the server may refuse, a 503 as it must be.
    fn answer(self, path: &str, form: &[(&str, &str)]) -> Option<Answer> {
        let answer = match self.site.node.try_post(path, form) {
            Ok(answer) => answer,
            Err(error) => {
                assert!(self.manner == Manner::Dies, "no answer: {error}");
                return None;
            }
        };
        self.answers.fetch_add(1, Ordering::SeqCst);
        if self.manner != Manner::Dies && answer.status >= 500 {
            let (error, retry) = (answer.error(), answer.header("retry-after").is_some());
            assert!(answer.status == 503 && error == "temporarily_unavailable" && retry, "{} {}", answer.status, answer.text());
            return None;
        }
        Some(answer)
    }
}

/// Holds a server that has started again, or whose store is well again, to what was said before.
pub fn check(site: &Site, manner: Manner, told: Told) -> Checked {
    let mut checked = Checked::default();
    for mut family in told.families {
        check_fate(site, manner, &mut family, &mut checked);
        let again = site.redeem(&family.code);
        assert_eq!(again.error(), "invalid_grant", "redeemed twice: {} {}", again.status, again.text());
        // RFC 6749 §4.1.2: a code that comes again ends all that came from it.
        checked.dead_tokens += all_dead(&site.node, &family.tokens, "an orphan lives");
        checked.redeemed += 1;
    }
    for code in &told.unanswered {
        let first = site.redeem(code);
        let tokens = Tokens::of(&first);
        assert!(tokens.is_some() || first.error() == "invalid_grant", "{} {}", first.status, first.text());
        assert_eq!(site.redeem(code).error(), "invalid_grant", "redeemed twice");
        checked.dead_tokens += all_dead(&site.node, tokens.as_slice(), "an orphan lives");
        checked.unanswered += 1;
    }
    checked
}

fn check_fate(site: &Site, manner: Manner, family: &mut Family, checked: &mut Checked) {
    let node = &site.node;
    match family.fate {
        Fate::Revoked => {
            checked.dead_tokens += all_dead(node, &family.tokens, "an acknowledged revocation was lost");
            checked.revoked += 1;
        }
        Fate::Unknown => {
            let last = family.last();
            assert_eq!(node.is_active(&last.access), node.is_active(&last.refresh), "half of a family was revoked");
        }
        Fate::Alive => {
            assert!(node.is_active(&family.last().access), "an acknowledged token was lost");
            let answer = node.refresh(&family.last().refresh);
            let next = Tokens::of(&answer);
            if let Some(next) = &next {
                assert!(node.is_active(&next.access) && node.is_active(&next.refresh), "a 200 brought dead tokens");
            } else {
                let may_be_lost = manner == Manner::Tears && family.unsure && answer.error() == "invalid_grant";
                assert!(may_be_lost, "an acknowledged refresh token was lost: {} {}", answer.status, answer.text());
            }
            family.tokens.extend(next);
            checked.alive += 1;
        }
    }
}

/// Sees that every token is dead; how many that were.
fn all_dead(node: &BackChannel, tokens: &[Tokens], otherwise: &str) -> usize {
    for tokens in tokens {
        assert!(!node.is_active(&tokens.access) && !node.is_active(&tokens.refresh), "{otherwise}");
    }
    2 * tokens.len()
}
