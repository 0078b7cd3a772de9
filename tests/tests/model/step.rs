//! What somebody does, honest or not, and how scripts are made of it.

use serde::{Deserialize, Serialize};

use crate::dice::Dice;

/// One step. A number names the so many-th of what there is at that moment, counted round; where there is none the step is left out,
/// so that a script stays one whatever is cut from it.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(tag = "step", rename_all = "snake_case")]
pub(crate) enum Step {
    /// A client sends a user to the server, who stops at the consent page.
    Authorize { client: Client, user: User, scope: Asked, uri_sent: bool },
    /// The user decides; the page may be an old one, decided before, or another user's.
    Decide { page: usize, allow: bool, by: User },
    /// A code is redeemed, rightly or not.
    Redeem { code: usize, by: Client, uri: Sent, verifier: Sent, secret: bool },
    /// A refresh token is used.
    Refresh { token: usize, by: Client, scope: Asked, secret: bool },
    /// A token for a machine.
    Machine { secret: bool },
    /// A token is revoked.
    Revoke { token: Token, by: Client, secret: bool },
    /// A token is asked about.
    Introspect { token: Token, by: Client, secret: bool },
    /// Something that was never issued, or is of another kind, is tried in one place.
    Forge { token: Token, place: Place, change: usize, by: Client },
    /// Time passes, or the clock is set back.
    Clock { seconds: i64 },
    /// The server is stopped and started again.
    Restart,
    /// It dies and is started on what the disk holds at this moment.
    Crash,
}

/// Who calls.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Client {
    /// Confidential.
    Shop,
    /// Confidential, of the same redirect URI.
    Other,
    /// Public.
    App,
    /// Confidential, for itself only, may introspect everybody's tokens.
    Machine,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum User {
    Alice,
    Bob,
}

/// The scope in a request.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Asked {
    Nothing,
    Read,
    All,
    TooMuch,
}

/// A parameter that has one right value.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Sent {
    Right,
    Wrong,
    Missing,
}

/// One of what was issued.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Token {
    Access(usize),
    Refresh(usize),
    Code(usize),
}

/// Where a forged token is tried.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Place {
    AsCode,
    AsRefresh,
    Introspected,
    Revoked,
}

impl Step {
    /// How many of the latest tokens are worth a look afterwards: those that the step may have ended, or that must have survived it.
    pub(crate) fn reach(self) -> usize {
        match self {
            Step::Redeem { .. } | Step::Refresh { .. } | Step::Revoke { .. } | Step::Machine { .. } => 1,
            Step::Restart | Step::Crash => 8,
            _ => 0,
        }
    }
}

const CLIENTS: [Client; 8] =
    [Client::Shop, Client::Shop, Client::Shop, Client::Shop, Client::App, Client::App, Client::Other, Client::Machine];
/// Around every border there is: the grace, the lifetimes of codes, requests and tokens, and the end of it all; and back.
const SPANS: [i64; 22] =
    [1, 5, 9, 10, 11, 30, 59, 60, 61, 599, 600, 601, 3_599, 3_600, 86_399, 86_401, 2_592_000, 31_536_001, -1, -9, -61, -3_601];

/// A script of so many steps.
pub(crate) fn script(dice: &mut Dice, length: usize) -> Vec<Step> {
    (0..length).map(|_| step(dice)).collect()
}

fn step(dice: &mut Dice) -> Step {
    let client = dice.pick(&CLIENTS);
    // What came last is what most steps are about.
    let index = dice.pick(&[0, 0, 0, 0, 1, 1, 2, 3, 5, 8]);
    let secret = dice.roll(12) != 0;
    let sent = |dice: &mut Dice| dice.pick(&[Sent::Right, Sent::Right, Sent::Right, Sent::Right, Sent::Right, Sent::Wrong, Sent::Missing]);
    let token = |dice: &mut Dice| dice.pick(&[Token::Access(index), Token::Refresh(index), Token::Access(index), Token::Code(index)]);
    let asked = |dice: &mut Dice| dice.pick(&[Asked::Nothing, Asked::All, Asked::All, Asked::Read, Asked::Read, Asked::TooMuch]);
    let user = dice.pick(&[User::Alice, User::Alice, User::Alice, User::Bob]);
    match dice.roll(100) {
        0..14 => Step::Authorize { client, user, scope: asked(dice), uri_sent: dice.roll(4) != 0 },
        14..30 => Step::Decide { page: index, allow: dice.roll(6) != 0, by: user },
        30..48 => Step::Redeem { code: index, by: client, uri: sent(dice), verifier: sent(dice), secret },
        48..66 => Step::Refresh { token: index, by: client, scope: asked(dice), secret },
        66..69 => Step::Machine { secret },
        69..75 => Step::Revoke { token: token(dice), by: client, secret },
        75..83 => Step::Introspect { token: token(dice), by: client, secret },
        83..88 => {
            let place = dice.pick(&[Place::AsCode, Place::AsRefresh, Place::Introspected, Place::Revoked]);
            Step::Forge { token: token(dice), place, change: dice.roll(80), by: client }
        }
        88..97 => Step::Clock { seconds: dice.pick(&SPANS) },
        97 | 98 => Step::Restart,
        _ => Step::Crash,
    }
}
