//! The pure core of OAuth 1.0a beside oauthlib: equal base strings for random requests, and the vectors of oauthlib's own tests.
//!
//! Where the two differ on purpose, [`deviations`] says why; a difference that is not listed fails, and so does a line of the list that
//! nothing needs any more.

mod deviations;
mod vectors;

use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader};
use std::process::Stdio;

use keyhook_core::oauth1::{BaseString, Oauth1Error, Parameters, SignedRequest};
use keyhook_tests::evidence::{Figure, record};
use serde::Deserialize;

use super::peers::python;

/// What the script writes of a request.
#[derive(Deserialize, Debug)]
pub(crate) struct Made {
    method: String,
    scheme: String,
    authority: String,
    path: String,
    query: String,
    authorization: Option<String>,
    body: Option<String>,
    /// oauthlib's; none where it refuses.
    base: Option<String>,
}

impl Made {
    fn request(&self) -> SignedRequest<'_> {
        SignedRequest {
            method: &self.method,
            scheme: &self.scheme,
            authority: &self.authority,
            path: &self.path,
            query: Some(&self.query),
            authorization: self.authorization.as_deref(),
            form_body: self.body.as_ref().map(String::as_bytes),
            body_other: None,
        }
    }

    fn ours(&self) -> Result<String, Oauth1Error> {
        let request = self.request();
        let parameters = Parameters::collect(&request)?.unwrap_or_else(|| panic!("a signed request: {self:?}"));
        Ok(BaseString::of(&request, &parameters).as_str().to_owned())
    }
}

/// Counts of one run.
#[derive(Default)]
struct Tally {
    requests: usize,
    equal: usize,
    explained: BTreeMap<&'static str, usize>,
    unexplained: Vec<String>,
}

impl Tally {
    fn add(&mut self, made: &Made) {
        self.requests += 1;
        let ours = made.ours();
        if ours.as_ref().ok() == made.base.as_ref() && made.base.is_some() {
            self.equal += 1;
        } else if let Some(name) = deviations::explanation(made, &ours) {
            *self.explained.entry(name).or_default() += 1;
        } else if self.unexplained.len() < 5 {
            self.unexplained.push(format!("{made:#?}\nours: {ours:?}"));
        }
    }

    fn join(mut self, other: Tally) -> Tally {
        self.requests += other.requests;
        self.equal += other.equal;
        self.unexplained.extend(other.unexplained);
        for (name, count) in other.explained {
            *self.explained.entry(name).or_default() += count;
        }
        self
    }
}

/// Reads what the script says, while it says it.
fn compared(count: usize, seed: &str) -> Tally {
    let (mut command, script) = python("oauthlib_base_strings.py");
    let mut child = command.arg(script).args([&count.to_string(), seed]).stdout(Stdio::piped()).spawn().unwrap();
    let mut tally = Tally::default();
    for line in BufReader::new(child.stdout.take().unwrap()).lines() {
        tally.add(&serde_json::from_str(&line.unwrap()).unwrap());
    }
    assert!(child.wait().unwrap().success());
    tally
}

/// RFC 5849 §3.4.1: two implementations that know nothing of each other sign the same.
#[test]
fn a_hundred_thousand_random_requests_have_the_base_strings_that_oauthlib_computes() {
    // Some of them are what the two differ in; a hundred thousand are equal.
    const HALF: usize = 53_000;
    let other = std::thread::spawn(|| compared(HALF, "2"));
    let tally = compared(HALF, "1").join(other.join().unwrap());
    assert!(tally.unexplained.is_empty(), "{}", tally.unexplained.join("\n"));
    assert_eq!(tally.requests, 2 * HALF);
    println!("{} of {} equal; {:?}", tally.equal, tally.requests, tally.explained);
    assert!(tally.equal >= 100_000, "{} equal", tally.equal);
    let stale: Vec<_> = deviations::names().filter(|name| !tally.explained.contains_key(name)).collect();
    assert!(stale.is_empty(), "nothing needs these any more: {stale:?}");
    let explained: usize = tally.explained.values().sum();
    record(&Figure {
        id: "F20",
        what: "RFC 5849 base strings of random requests, beside oauthlib",
        measured: &[("vectors", tally.equal.into()), ("differences that are listed", explained.into()), ("failed", 0.into())],
        accumulates: false,
        command: "./runtests.sh interop",
        covers_not: "other implementations",
    });
}
