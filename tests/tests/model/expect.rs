//! The reference: what was issued to whom, and what must be answered, by RFC 6749, 7009, 7636, 7662 and 9700 and the server's own
//! settings. It knows nothing of records, hashes or stores.

use crate::step::{Asked, Client, Sent, Token, User};

/// Milliseconds.
type Time = i64;

const CODE: Time = 60_000;
const PAGE: Time = 600_000;
const ACCESS: Time = 3_600_000;
const REFRESH: Time = 30 * 86_400_000;
const GRANT: Time = 365 * 86_400_000;
const GRACE: Time = 10_000;
const SESSION: Time = 86_400_000;

/// What the token endpoint must say.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum Answer {
    /// Tokens; the refresh token is a new one, or the one of this number again.
    Tokens { scope: &'static str, expires_in: Time, refresh: Next },
    /// This error.
    Error(u16, &'static str),
}

/// The refresh token of an answer.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Next {
    None,
    New,
    Same(usize),
}

/// A page that waits for a decision.
#[derive(Clone, Debug)]
pub(crate) struct Page {
    pub(crate) client: Client,
    pub(crate) user: User,
    pub(crate) scope: &'static str,
    pub(crate) uri_sent: bool,
    until: Time,
    decided: bool,
    session: usize,
}

#[derive(Clone, Debug)]
struct Grant {
    user: Option<User>,
    born: Time,
    until: Time,
    ended: bool,
}

#[derive(Clone, Debug)]
pub(crate) struct Code {
    pub(crate) client: Client,
    pub(crate) uri_sent: bool,
    scope: &'static str,
    grant: usize,
    until: Time,
    spent: bool,
}

#[derive(Clone, Debug)]
struct Access {
    client: Client,
    scope: &'static str,
    grant: usize,
    until: Time,
    revoked: bool,
}

#[derive(Clone, Debug)]
struct Refresh {
    client: Client,
    scope: &'static str,
    grant: usize,
    until: Time,
    spent: Option<(Time, usize)>,
}

/// All that the reference knows.
#[derive(Clone, Debug, Default)]
pub(crate) struct Model {
    pub(crate) now: Time,
    /// When the clients were registered: nothing that is not younger is theirs.
    registered: Time,
    pub(crate) pages: Vec<Page>,
    pub(crate) codes: Vec<Code>,
    /// When each session of each user ends; the last one is the browser's.
    sessions: [Vec<Time>; 2],
    grants: Vec<Grant>,
    access: Vec<Access>,
    refresh: Vec<Refresh>,
}

const GRANT_ERROR: Answer = Answer::Error(400, "invalid_grant");

impl Model {
    pub(crate) fn new(now: Time) -> Model {
        Model { now, registered: now, ..Model::default() }
    }

    /// Whether the user has to sign in before the page, or the error that comes instead: back to the client, or on a page.
    pub(crate) fn authorize(&mut self, client: Client, user: User, asked: Asked, uri_sent: bool) -> Result<bool, &'static str> {
        if client == Client::Machine {
            // It is registered for no code, and for no place to go back to.
            return Err("page");
        }
        if !uri_sent && client == Client::App {
            // It has two: nobody can know which.
            return Err("page");
        }
        let scope = match asked {
            // The public client has no default, and may have `read` at most.
            Asked::Nothing if client == Client::App => "",
            Asked::Nothing | Asked::Read => "read",
            Asked::All if client != Client::App => "read write",
            Asked::All | Asked::TooMuch => return Err("invalid_scope"),
        };
        let (now, sessions) = (self.now, &mut self.sessions[user as usize]);
        let signs_in = sessions.last().is_none_or(|until| *until <= now);
        if signs_in {
            sessions.push(now + SESSION);
        }
        let session = sessions.len();
        self.pages.push(Page { client, user, scope, uri_sent, until: now + PAGE, decided: false, session });
        Ok(signs_in)
    }

    /// Whether a decision leads back to the client, and if it does whether with a code.
    pub(crate) fn decide(&mut self, page: usize, allow: bool, by: User) -> Option<bool> {
        let now = self.now;
        let found = &mut self.pages[page];
        let sessions = &self.sessions[by as usize];
        let signed_in = sessions.len() == found.session && sessions.last().is_some_and(|until| *until > now);
        if found.user != by || found.decided || found.until <= now || !signed_in {
            return None;
        }
        found.decided = true;
        if allow {
            let (user, client, scope, uri_sent) = (Some(found.user), found.client, found.scope, found.uri_sent);
            self.grants.push(Grant { user, born: now, until: now + GRANT, ended: false });
            let grant = self.grants.len() - 1;
            self.codes.push(Code { client, uri_sent, scope, grant, until: now + CODE, spent: false });
        }
        Some(allow)
    }

    fn lives(&self, grant: usize) -> bool {
        let grant = &self.grants[grant];
        !grant.ended && grant.until > self.now && grant.born >= self.registered
    }

    /// RFC 6749 §4.1.3, §4.1.2 and §10.5, RFC 7636 §4.6.
    pub(crate) fn redeem(&mut self, code: usize, by: Client, uri: Sent, verifier: Sent, secret: bool) -> Answer {
        if let Some(refused) = unproven(by, secret).or_else(|| machine(by)) {
            return refused;
        }
        let found = self.codes[code].clone();
        if found.client != by {
            return GRANT_ERROR;
        }
        if found.spent {
            self.grants[found.grant].ended = true;
            return GRANT_ERROR;
        }
        if found.until <= self.now {
            return GRANT_ERROR;
        }
        let uri_fits = if found.uri_sent { uri == Sent::Right } else { uri == Sent::Missing };
        if !uri_fits {
            // It went somewhere else than the client believes: nobody gets another try with it.
            self.codes[code].spent = true;
            return GRANT_ERROR;
        }
        if verifier != Sent::Right || !self.lives(found.grant) {
            return GRANT_ERROR;
        }
        self.codes[code].spent = true;
        let until = (self.now + REFRESH).min(self.grants[found.grant].until);
        self.refresh.push(Refresh { client: by, scope: found.scope, grant: found.grant, until, spent: None });
        self.issue(by, found.scope, found.grant, Next::New)
    }

    /// RFC 6749 §6, RFC 9700 §4.14.
    pub(crate) fn refresh(&mut self, token: usize, by: Client, asked: Asked, secret: bool) -> Answer {
        if let Some(refused) = unproven(by, secret).or_else(|| machine(by)) {
            return refused;
        }
        let found = self.refresh[token].clone();
        if found.client != by {
            // Another client has the whole token: it leaked.
            self.grants[found.grant].ended = true;
            return GRANT_ERROR;
        }
        let same = match found.spent {
            None if found.until <= self.now => return GRANT_ERROR,
            None => None,
            Some((at, successor)) if (self.now - at).abs() < GRACE && self.refresh[successor].spent.is_none() => {
                if self.refresh[successor].until <= self.now {
                    return GRANT_ERROR;
                }
                Some(successor)
            }
            Some(_) => {
                self.grants[found.grant].ended = true;
                return GRANT_ERROR;
            }
        };
        if !self.lives(found.grant) {
            return GRANT_ERROR;
        }
        let scope = match asked {
            Asked::Nothing => found.scope,
            Asked::Read if found.scope.contains("read") => "read",
            Asked::All if found.scope == "read write" => found.scope,
            _ => return Answer::Error(400, "invalid_scope"),
        };
        if let Some(same) = same {
            return self.issue(by, scope, found.grant, Next::Same(same));
        }
        let until = (self.now + REFRESH).min(self.grants[found.grant].until);
        self.refresh.push(Refresh { client: by, scope: found.scope, grant: found.grant, until, spent: None });
        self.refresh[token].spent = Some((self.now, self.refresh.len() - 1));
        self.issue(by, scope, found.grant, Next::New)
    }

    /// RFC 6749 §4.4.
    pub(crate) fn machine(&mut self, secret: bool) -> Answer {
        if let Some(refused) = unproven(Client::Machine, secret) {
            return refused;
        }
        self.grants.push(Grant { user: None, born: self.now, until: Time::MAX, ended: false });
        self.issue(Client::Machine, "read", self.grants.len() - 1, Next::None)
    }

    fn issue(&mut self, client: Client, scope: &'static str, grant: usize, refresh: Next) -> Answer {
        let until = (self.now + ACCESS).min(self.grants[grant].until);
        self.access.push(Access { client, scope, grant, until, revoked: false });
        Answer::Tokens { scope, expires_in: (until - self.now) / 1000, refresh }
    }

    /// RFC 7009: status and error.
    pub(crate) fn revoke(&mut self, token: Token, by: Client, secret: bool) -> (u16, &'static str) {
        if unproven(by, secret).is_some() {
            return (401, "invalid_client");
        }
        let strangers = (400, "unauthorized_client");
        match token {
            Token::Code(_) => (400, "unsupported_token_type"),
            Token::Access(at) if self.access[at].client != by => strangers,
            Token::Access(at) => {
                self.access[at].revoked = true;
                (200, "")
            }
            Token::Refresh(at) if self.refresh[at].client != by => strangers,
            Token::Refresh(at) => {
                let grant = self.refresh[at].grant;
                self.grants[grant].ended = true;
                (200, "")
            }
        }
    }

    /// RFC 7662: whether it is active for whoever asks, with scope and user; or the error.
    pub(crate) fn introspect(&self, token: Token, by: Client, secret: bool) -> Result<Option<(&'static str, Option<User>)>, u16> {
        if by == Client::App || unproven(by, secret).is_some() {
            return Err(401);
        }
        let (client, scope, grant, alive) = match token {
            Token::Code(_) => return Ok(None),
            Token::Access(at) => {
                let found = &self.access[at];
                (found.client, found.scope, found.grant, !found.revoked && found.until > self.now)
            }
            Token::Refresh(at) => {
                let found = &self.refresh[at];
                (found.client, found.scope, found.grant, found.spent.is_none() && found.until > self.now)
            }
        };
        let may_know = by == Client::Machine || by == client;
        Ok((alive && may_know && self.lives(grant)).then(|| (scope, self.grants[grant].user)))
    }
}

/// RFC 6749 §2.3: a confidential client proves itself; the public one only says its name.
fn unproven(by: Client, secret: bool) -> Option<Answer> {
    (by != Client::App && !secret).then_some(Answer::Error(401, "invalid_client"))
}

/// RFC 6749 §5.2: the machine has one grant only.
fn machine(by: Client) -> Option<Answer> {
    (by == Client::Machine).then_some(Answer::Error(400, "unauthorized_client"))
}
