//! A store that fails, stalls, lies about what it did and tears what it writes, under the whole server: no 200 that is not so,
//! everything else refused in the protocol's own form, and all is well when the store is.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod full_disk;
mod script;
mod store;

use std::sync::Arc;

use keyhook_tests::back_channel::Tokens;
use keyhook_tests::binary::pause;
use keyhook_tests::crash::{Checked, Manner, Site, check, load};
use keyhook_tests::evidence::{Figure, record};
use keyhook_tests::flow::{self, Form};
use keyhook_tests::http::{Answer, Client};
use keyhook_tests::stage::{ALICE, SHOP_URI, Stage, confidential};

use crate::script::{Script, Weather};

const CODES: usize = 24;

/// How many storms blow over each store: 4, or as many as `KEYHOOK_STORMS` says.
fn storms() -> u64 {
    #[allow(clippy::disallowed_methods, reason = "whoever runs the test says for how long")]
    std::env::var("KEYHOOK_STORMS").ok().and_then(|text| text.parse().ok()).unwrap_or(4)
}

/// A server over a store that is in fair weather, whose client may introspect.
fn server(name: &str, url: &str) -> (Stage, Arc<Script>) {
    let script = Script::of(name);
    let mut shop = confidential("shop");
    shop.introspect = true;
    let stage = Stage::with(|builder| builder.client(shop).store(format!("faulty:{name}/{url}")));
    (stage, script)
}

fn site(stage: &Stage) -> Site {
    Site { node: stage.back_channel("shop"), redirect_uri: SHOP_URI.to_owned(), verifier: stage.ask().pkce.verifier }
}

fn codes(stage: &Stage, browser: &mut Client) -> Vec<String> {
    (0..CODES).map(|_| flow::code(browser, &stage.ask(), ALICE)).collect()
}

fn report(what: &str, faults: usize, checked: Checked, signed_in: usize) {
    record(&Figure {
        id: "F4",
        what,
        measured: &[
            ("faults injected", faults.into()),
            ("codes tried again", (checked.redeemed + checked.unanswered).into()),
            ("acknowledged revocations", checked.revoked.into()),
            ("acknowledged families", checked.alive.into()),
            ("codes of browsers in the storm", signed_in.into()),
            ("wrong 200s", 0.into()),
            ("refusals in another form than the protocol's", 0.into()),
        ],
        accumulates: true,
        command: "KEYHOOK_STORMS=100 cargo test -p keyhook-tests --test faulty_store",
        covers_not: "a database server that stops and returns: there is no such store yet",
    });
}

fn storm(name: &str, url: &str, weather: Weather, manner: Manner) {
    let (stage, script) = server(name, url);
    let mut browser = stage.client();
    let mut checked = Checked::default();
    for seed in 0..storms() {
        let codes = codes(&stage, &mut browser);
        script.set(weather, seed);
        let told = load(&site(&stage), manner, codes, |_, done| {
            while !done() {
                pause();
            }
        });
        script.set(Weather::Fair, 0);
        checked += check(&site(&stage), manner, told);
    }
    assert!(checked.unanswered > 0 && checked.revoked > 0 && checked.alive > 0, "{checked:?}");
    report(
        &format!("writes and reads fail, are late, are said to have failed ({weather:?}), over {}", scheme(url)),
        script.injected(),
        checked,
        0,
    );
}

fn scheme(url: &str) -> &str {
    url.split(':').next().unwrap()
}

#[test]
fn in_foul_weather_over_memory_no_answer_is_wrong() {
    storm("foul-memory", "memory:", Weather::Foul, Manner::Refuses);
}

#[test]
fn in_foul_weather_over_sqlite_no_answer_is_wrong() {
    storm("foul-sqlite", "sqlite:keyhook.db", Weather::Foul, Manner::Refuses);
}

#[test]
fn a_store_that_tears_what_it_writes_loses_what_was_being_issued_and_issues_nothing_twice() {
    storm("torn-memory", "memory:", Weather::Torn, Manner::Tears);
    storm("torn-sqlite", "sqlite:keyhook.db", Weather::Torn, Manner::Tears);
}

/// Whether a browser is told of the failure as it must be: a page with 503, or the client with an error (RFC 6749 §4.1.2.1). A
/// sign-in that the store cut short stays counted as an attempt, so that 429 may follow.
fn refused(answer: &Answer) -> bool {
    let told = answer.location_parameter("error").is_some_and(|error| error == "temporarily_unavailable" || error == "server_error");
    answer.status == 429 || answer.status == 503 && answer.header("retry-after").is_some() || answer.status == 303 && told
}

/// One sign-in, step by step; the code, or none when the store was in the way.
fn sign_in(stage: &Stage) -> Option<String> {
    let mut browser = stage.client();
    let first = browser.get(&stage.ask().path());
    let mut answer = flow::follow(&mut browser, first);
    for _ in 0..4 {
        if let Some(code) = answer.location_parameter("code") {
            return Some(code);
        }
        if answer.status != 200 {
            assert!(refused(&answer), "{} {} {}", answer.status, answer.location(), answer.text());
            return None;
        }
        let page = answer.text();
        let (form, values) = if page.contains("current-password") {
            (Form::with_field(&page, "password"), vec![("username", ALICE.username), ("password", ALICE.password)])
        } else {
            (Form::with_field(&page, "decision"), vec![("decision", "allow")])
        };
        let next = browser.post(&form.action, &form.filled(&values));
        answer = flow::follow(&mut browser, next);
    }
    panic!("the pages have no end: {} {}", answer.status, answer.text())
}

#[test]
fn in_foul_weather_a_browser_gets_a_code_that_holds_or_is_told() {
    let (stage, script) = server("foul-browser", "memory:");
    let mut good = 0;
    for seed in 0..storms() {
        script.set(Weather::Foul, seed);
        // Whatever was counted against alice ends.
        stage.advance(std::time::Duration::from_hours(1));
        let codes: Vec<_> = (0..12).filter_map(|_| sign_in(&stage)).collect();
        script.set(Weather::Fair, 0);
        for code in &codes {
            assert!(Tokens::of(&stage.redeem(code)).is_some(), "a code that was given is none");
            assert_eq!(stage.redeem(code).error(), "invalid_grant");
        }
        good += codes.len();
    }
    assert!(good > 0);
    report("sign-ins while writes and reads fail", script.injected(), Checked::default(), good);
}

/// A store that answers nothing holds up those who ask it, and nobody else; when it answers, all is as if it had been slow.
#[test]
fn a_store_that_stalls_is_waited_for_and_nothing_is_lost() {
    let (stage, script) = server("stalled", "sqlite:keyhook.db");
    let mut browser = stage.client();
    let codes = codes(&stage, &mut browser);
    let tokens = stage.tokens();
    script.set(Weather::Stalled, 0);
    let before = script.injected();
    let told = load(&site(&stage), Manner::Refuses, codes, |_, _| {
        // Every client is caught in the stall before it ends.
        while script.injected() < before + keyhook_tests::crash::WORKERS {
            pause();
        }
        assert_eq!(stage.client().get("/.well-known/oauth-authorization-server").status, 200, "what needs no store goes on");
        script.set(Weather::Fair, 0);
    });
    let checked = check(&site(&stage), Manner::Refuses, told);
    assert_eq!((checked.unanswered, checked.redeemed), (0, CODES), "whoever waits is answered");
    assert!(stage.back_channel("shop").is_active(&tokens.access));
    report("the store stalls and returns", script.injected(), checked, 0);
}
