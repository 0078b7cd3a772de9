//! What a connection says: one request after another, each made from the answers before.

use std::sync::Arc;

use super::Answer;

/// What an answer leads to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Step {
    /// Another request of the same operation.
    More,
    /// The operation is complete and right.
    Done,
    /// The server said that it is overloaded, in the way it should: 503 with `Retry-After`.
    Refused,
    /// Not what it should be.
    Wrong(String),
}

/// One client of the server, over one connection.
pub(crate) trait Script {
    /// Appends the next request.
    fn request(&mut self, to: &mut Vec<u8>);

    /// Reads its answer.
    fn answer(&mut self, answer: &Answer<'_>) -> Step;
}

/// A request that is always the same, and what its answer has to contain.
#[derive(Clone, Debug)]
pub(crate) struct Fixed {
    request: Vec<u8>,
    expected: &'static [u8],
}

impl Fixed {
    /// From its parts; `form` is the body of a POST.
    pub(crate) fn new(head: &Head<'_>, form: &str, expected: &'static [u8]) -> Fixed {
        Fixed { request: head.with_form(form), expected }
    }
}

impl Script for Fixed {
    fn request(&mut self, to: &mut Vec<u8>) {
        to.extend_from_slice(&self.request);
    }

    fn answer(&mut self, answer: &Answer<'_>) -> Step {
        expect(answer, self.expected)
    }
}

/// One of many requests after another, for which the server finds other records.
pub(crate) struct Varied {
    requests: Arc<[Vec<u8>]>,
    next: usize,
    expected: &'static [u8],
}

impl Varied {
    /// Begins with the request of index `first` and goes on from there, round and round.
    pub(crate) fn new(requests: &Arc<[Vec<u8>]>, first: usize, expected: &'static [u8]) -> Varied {
        Varied { next: first % requests.len(), requests: Arc::clone(requests), expected }
    }
}

impl Script for Varied {
    fn request(&mut self, to: &mut Vec<u8>) {
        to.extend_from_slice(&self.requests[self.next]);
        self.next = (self.next + 1) % self.requests.len();
    }

    fn answer(&mut self, answer: &Answer<'_>) -> Step {
        expect(answer, self.expected)
    }
}

/// 200 with this in its body; or a refusal that says when to come again.
pub(crate) fn expect(answer: &Answer<'_>, expected: &[u8]) -> Step {
    if answer.status == 200 && memchr::memmem::find(answer.body, expected).is_some() {
        Step::Done
    } else if answer.status == 503 && answer.header("retry-after").is_some() {
        Step::Refused
    } else {
        Step::Wrong(answer.to_string())
    }
}

/// The beginning of a request.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Head<'a> {
    /// `GET` or `POST`.
    pub(crate) method: &'a str,
    /// Path and query.
    pub(crate) path: &'a str,
    /// The `Host`.
    pub(crate) host: &'a str,
    /// The `Authorization`, if there is one.
    pub(crate) authorization: Option<&'a str>,
}

impl Head<'_> {
    /// The head without its end and without a `content-length`.
    pub(crate) fn text(&self) -> String {
        let Head { method, path, host, .. } = self;
        let authorization = self.authorization.map(|value| format!("authorization: {value}\r\n")).unwrap_or_default();
        let kind = if *method == "POST" { "content-type: application/x-www-form-urlencoded\r\n" } else { "" };
        format!("{method} {path} HTTP/1.1\r\nhost: {host}\r\n{authorization}{kind}")
    }

    /// The whole request.
    pub(crate) fn with_form(&self, form: &str) -> Vec<u8> {
        let length = if self.method == "POST" { format!("content-length: {}\r\n", form.len()) } else { String::new() };
        format!("{}{length}\r\n{form}", self.text()).into_bytes()
    }
}
