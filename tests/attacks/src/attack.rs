//! One template against one server: sends its inputs and checks, after each or after a few, everything that has to hold.
//! It is one file, since every way to send ends in the same look.

use std::collections::BTreeMap;

use crate::catalog::Template;
use crate::check::decisions::{decisions, refused};
use crate::check::expect::{Expect, Verdict};
use crate::check::rows::{self, Rows};
use crate::check::sockets;
use crate::check::universal::{Asked, problems};
use crate::random::Random;
use crate::tally::{Failure, Kind, Tally};
use crate::target::Target;
use crate::wire::{Body, Reply, Request, Style, escaped, raw_bytes, send_raw};

/// Inputs after which log, store and sockets are looked at. What a batch hides, a batch of one shows.
pub const BATCH: usize = 48;
/// Longest time for an answer.
const LONGEST: std::time::Duration = std::time::Duration::from_secs(1);
/// How long a raw connection may be quiet before the next input.
const QUIET: std::time::Duration = std::time::Duration::from_millis(120);

/// What has been sent since the last look.
#[derive(Default)]
struct Batch {
    inputs: Vec<String>,
    allowed: Rows,
    decisions: u64,
    refused: Vec<String>,
    /// Whether some input may have been more than one request.
    inexact: bool,
}

/// A template at work.
pub struct Attack<'a> {
    /// The server.
    pub target: &'a mut Target,
    /// Chances.
    pub random: Random,
    /// Which time it is; the first time requests are plain.
    pub round: u32,
    template: &'a Template,
    tally: &'a mut Tally,
    batch: Batch,
    most: usize,
    rows: Rows,
    decisions: u64,
    served_by: u32,
    count: usize,
}

impl<'a> Attack<'a> {
    /// Begins; `most` is how many inputs share a look.
    pub fn new(target: &'a mut Target, template: &'a Template, tally: &'a mut Tally, seed: u64, round: u32, most: usize) -> Attack<'a> {
        let random = Random::of(seed, &template.id, round);
        let (rows, served_by) = (target.store.count().unwrap(), target.serving());
        let mut attack =
            Attack { target, random, round, template, tally, batch: Batch::default(), most, rows, decisions: 0, served_by, count: 0 };
        attack.rebase();
        attack
    }

    /// Sends a request and judges the answer.
    pub fn send(&mut self, request: &Request, expect: &Expect) -> Reply {
        self.send_growing(request, expect, &[])
    }

    /// The same, where the store may gain rows beyond those that the expectation allows.
    pub fn send_growing(&mut self, request: &Request, expect: &Expect, growth: &[(&str, u64)]) -> Reply {
        let style = if self.round == 0 { Style::Plain } else { Style::Disguised };
        let written = request.write(&self.target.host(), style, &mut self.random);
        let sent = written.pieces.concat();
        let (reply, took) = self.target.line.exchange(&written, request.method == "HEAD");
        self.judge(&sent, request, expect, &reply);
        if took > LONGEST {
            self.tally.slow(self.template, self.target.name, self.round, took);
        }
        self.batch.decisions += decisions(request, &reply);
        if let Some(id) = refused(request, &reply) {
            self.batch.refused.push(id);
        }
        for (kind, count) in expect.growth().iter().chain(growth) {
            *self.batch.allowed.entry((*kind).to_owned()).or_default() += count;
        }
        self.keep_secrets(&reply);
        self.counted(&sent);
        reply
    }

    /// Sends bytes as they are, on a connection of their own. `expect` is asked of every answer; more than `most` answers, or a
    /// connection that stays open where `ends` is set, is a failure.
    pub fn send_raw(&mut self, pieces: &[&[u8]], expect: &Expect, most: usize, ends: bool) {
        let (replies, ended) = send_raw(self.target.address(), pieces, QUIET);
        let sent = pieces.concat();
        let request = Request::new("RAW", "/");
        self.batch.inexact = true;
        for reply in &replies {
            self.judge(&sent, &request, expect, reply);
            self.keep_secrets(reply);
        }
        let shown = format!("{} answers, connection {}", replies.len(), if ended { "ended" } else { "open" });
        if replies.len() > most {
            self.fail(Kind::Accepted, "more answers than requests", &sent, &shown);
        }
        if ends && !ended {
            self.fail(Kind::Wrong, "the connection stays open", &sent, &shown);
        }
        for (kind, count) in expect.growth() {
            *self.batch.allowed.entry((*kind).to_owned()).or_default() += count;
        }
        self.counted(&sent);
    }

    /// Sends bytes of another protocol on a connection of their own; gives what came back until the server was quiet.
    pub fn send_bytes(&mut self, sent: &[u8]) -> Vec<u8> {
        let (received, _) = raw_bytes(self.target.address(), &[sent], QUIET);
        self.batch.inexact = true;
        self.counted(sent);
        received
    }

    fn counted(&mut self, sent: &[u8]) {
        self.count(1);
        self.batch.inputs.push(escaped(sent));
        if self.target.server.has_ended() {
            self.fail(Kind::Panic, "the process has ended", sent, "");
        }
        if self.batch.inputs.len() >= self.most {
            self.look();
        }
    }

    fn judge(&mut self, sent: &[u8], request: &Request, expect: &Expect, reply: &Reply) {
        let answer = shown(reply);
        match expect.judge(&self.target.facts.issuer, reply) {
            Verdict::Right => {}
            Verdict::Accepted(what) => self.fail(Kind::Accepted, &what, sent, &answer),
            Verdict::Wrong(what) => self.fail(Kind::Wrong, &what, sent, &answer),
        }
        let asked = Asked { path: &request.path, pairs: &request.pairs };
        for what in problems(&self.target.facts, asked, reply) {
            let kind = match &what {
                status if status.starts_with("status ") => Kind::ServerError,
                secret if secret.contains("secret") => Kind::Secret,
                _ => Kind::Wrong,
            };
            self.fail(kind, &what, sent, &answer);
        }
    }

    fn keep_secrets(&mut self, reply: &Reply) {
        let Reply::Answer(answer) = reply else { return };
        for code in answer.returned("code") {
            self.target.canaries.token(&code);
        }
        let json = answer.json();
        for member in ["access_token", "refresh_token"] {
            self.target.canaries.token(json[member].as_str().unwrap_or_default());
        }
        for (name, secret) in
            [("token secret", answer.member("oauth_token_secret")), ("verifier", answer.returned("oauth_verifier").concat())]
        {
            if !secret.is_empty() {
                self.target.canaries.phrase(name, &secret);
            }
        }
        for (_, value) in answer.headers.iter().filter(|(name, _)| name == "set-cookie") {
            let text = String::from_utf8_lossy(value);
            let pair = text.split(';').next().unwrap_or_default();
            self.target.canaries.token(pair.split_once('=').map_or("", |(_, value)| value));
        }
    }

    /// Does something with the server that is no attack; what it writes is not held against anybody.
    pub fn prepare<T>(&mut self, work: impl FnOnce(&mut Target) -> T) -> T {
        self.look();
        let done = work(self.target);
        self.rebase();
        done
    }

    /// Holds something that was found out after an input.
    pub fn hold(&mut self, what: &str, holds: bool) {
        if !holds {
            let last = self.batch.inputs.last().cloned().unwrap_or_default();
            self.fail(Kind::Accepted, what, last.as_bytes(), "");
        }
    }

    /// Counts inputs that went another way: through threads, or the command line.
    pub fn count(&mut self, inputs: usize) {
        self.tally.inputs(inputs);
        self.count += inputs;
    }

    fn fail(&mut self, kind: Kind, what: &str, sent: &[u8], answer: &str) {
        let (template, target, round) = (self.template.id.clone(), self.target.name, self.round);
        let group = self.template.group.clone();
        let sent = if sent.iter().all(u8::is_ascii_graphic) { String::from_utf8_lossy(sent).into_owned() } else { escaped(sent) };
        self.tally.fail(Failure {
            template,
            group,
            target,
            round,
            input: self.count,
            kind,
            what: what.to_owned(),
            sent,
            answer: answer.to_owned(),
        });
    }

    /// Looks at log, store, sockets and process.
    pub fn look(&mut self) {
        let batch = std::mem::take(&mut self.batch);
        if batch.inputs.is_empty() {
            return;
        }
        let shown = batch.inputs.join("\n         ");
        if !self.drain_log(&shown) {
            return;
        }
        // One of them is the look's own.
        let decided = self.target.log.decisions - self.decisions - 1;
        if !batch.inexact && decided != batch.decisions {
            let what = format!("{decided} audit events for {} decisions", batch.decisions);
            self.fail(Kind::Audit, &what, shown.as_bytes(), "");
        }
        if let Some(id) = batch.refused.iter().find(|id| !self.target.log.has(id)) {
            let what = format!("no audit event of request {id}");
            self.fail(Kind::Audit, &what, shown.as_bytes(), "");
        }
        self.decisions = self.target.log.decisions;
        let rows = self.target.store.count().unwrap();
        for what in rows::excess(&self.rows, &rows, &batch.allowed) {
            self.fail(Kind::Rows, &what, shown.as_bytes(), "");
        }
        self.rows = rows;
        let pid = self.target.serving();
        for what in sockets::outgoing(pid, &[self.target.server.port, self.target.management]) {
            self.fail(Kind::Outgoing, &format!("an outgoing connection: {what}"), shown.as_bytes(), "");
        }
        if pid != self.served_by {
            self.served_by = pid;
            self.fail(Kind::Panic, "another process serves: the first one died", shown.as_bytes(), "");
        }
    }

    /// Reads what was written, up to the audit event of a request of its own. Whether that came.
    fn drain_log(&mut self, shown: &str) -> bool {
        let barrier = Request { body: Body::Bytes(String::new(), Vec::new()), ..Request::new("POST", "/revoke") };
        let written = barrier.write(&self.target.host(), Style::Plain, &mut self.random);
        let (reply, _) = self.target.line.exchange(&written, false);
        let id = match &reply {
            Reply::Answer(answer) => answer.header("x-request-id").unwrap_or_default().to_owned(),
            _ => String::new(),
        };
        for _ in 0..2000 {
            for line in self.target.server.take_log() {
                if let Some(name) = self.target.canaries.find(line.as_bytes()) {
                    let what = format!("the log holds a {name}: {line}");
                    self.fail(Kind::Secret, &what, shown.as_bytes(), "");
                }
                if let Some(what) = self.target.log.read(&line) {
                    let kind = if what.contains("panic") { Kind::Panic } else { Kind::Audit };
                    self.fail(kind, &what, shown.as_bytes(), "");
                }
            }
            if self.target.log.has(&id) {
                return true;
            }
            wait();
        }
        self.fail(Kind::Audit, "a refused request has no audit event", shown.as_bytes(), &format!("{reply:?}"));
        false
    }

    /// Takes the server as it is now.
    fn rebase(&mut self) {
        self.drain_log("preparation");
        self.decisions = self.target.log.decisions;
        self.rows = self.target.store.count().unwrap();
        self.served_by = self.target.serving();
    }

    /// The last look.
    pub fn finish(mut self) -> usize {
        self.look();
        self.count
    }
}

#[allow(clippy::disallowed_methods, reason = "another process cannot be waited for by event; the caller loops on what it waits for")]
fn wait() {
    std::thread::sleep(std::time::Duration::from_millis(1));
}

fn shown(reply: &Reply) -> String {
    match reply {
        Reply::Answer(answer) => {
            let headers: BTreeMap<&str, String> =
                answer.headers.iter().map(|(name, value)| (name.as_str(), String::from_utf8_lossy(value).into_owned())).collect();
            format!("{} {headers:?} {}", answer.status, escaped(&answer.body))
        }
        Reply::Malformed(why, bytes) => format!("{why}: {}", escaped(bytes)),
        other => format!("{other:?}"),
    }
}
