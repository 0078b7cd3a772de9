//! What earlier systems answered and what keyhook answers: every recorded exchange is sent again, and every difference has its reason.
//!
//! The files of `tests/ancestors` say what each field means; its `README.md` holds the reasons.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use keyhook_tests::libraries::workspace;

mod facets;
mod played;
mod recorded;
mod signed;

use facets::Facets;
use played::Played;
use recorded::{Exchange, Recorded};
use signed::Signing;

/// The files; the verdicts on each stand below a heading of its name.
const ANCESTORS: [&str; 5] = ["oauth2u", "python-oauth2", "cycloauth", "wsgioauth", "repoze"];

/// Where every client wants its users back.
const CALLBACK: &str = "https://cb.test/cb";

/// The rows of an ancestor's verdict table, as `why` names them.
fn reasons(ancestor: &str) -> BTreeSet<String> {
    let text = std::fs::read_to_string(workspace().join("tests/ancestors/README.md")).unwrap();
    let chapters = text.split("\n## ").filter(|chapter| chapter.lines().next() == Some(ancestor));
    let rows = chapters.flat_map(str::lines).filter_map(|line| line.strip_prefix("| ")?.split(' ').next()?.parse::<u32>().ok());
    rows.map(|row| format!("row {row}")).chain(["language detail".to_owned()]).collect()
}

/// `same`, `explained`, or what is wrong.
fn verdict(exchange: &Exchange, seen: &Facets, reasons: &BTreeSet<String>) -> Result<&'static str, String> {
    match (exchange.then.differs(seen), &exchange.today, &exchange.why) {
        (None, None, None) => Ok("same"),
        (None, ..) => Err(" it answers as then, so `today` and `why` are needless".to_owned()),
        (Some(_), Some(today), Some(why)) => match today.differs(seen) {
            None if reasons.contains(why) => Ok("explained"),
            None => Err(format!(" no row explains `{why}`")),
            Some(difference) => Err(difference),
        },
        (Some(difference), ..) => Err(format!("{difference} and nothing explains it")),
    }
}

fn every_exchange(ancestor: &str) {
    let recorded = Recorded::of(ancestor);
    let reasons = reasons(ancestor);
    let mut seen: Box<dyn FnMut(&Exchange) -> Facets> = if recorded.server.oauth1 {
        let signed = Signing::start(&recorded);
        Box::new(move |exchange| signed.seen(exchange))
    } else {
        let (with, without) = (Played::start(&recorded, true), Played::start(&recorded, false));
        Box::new(move |exchange| if exchange.plugins == Some(false) { without.seen(exchange) } else { with.seen(exchange) })
    };
    let mut counts = BTreeMap::from([("same", 0), ("explained", 0), ("failed", 0)]);
    let mut failed = String::new();
    for exchange in &recorded.exchange {
        let outcome = verdict(exchange, &seen(exchange), &reasons).unwrap_or_else(|why| {
            let _ = writeln!(failed, "{}:{why}", exchange.name);
            "failed"
        });
        println!("{outcome:<9}  {}", exchange.name);
        *counts.entry(outcome).or_insert(0) += 1;
    }
    println!("{ancestor}: {} exchanges: {counts:?}, and {} behaviors", recorded.exchange.len(), recorded.behavior.len());
    assert!(failed.is_empty(), "{failed}");
}

#[test]
fn every_exchange_with_oauth2u_is_answered_as_it_was_or_differs_for_a_reason() {
    every_exchange("oauth2u");
}

#[test]
fn every_exchange_with_python_oauth2_is_answered_as_it_was_or_differs_for_a_reason() {
    every_exchange("python-oauth2");
}

#[test]
fn every_exchange_with_cycloauth_is_answered_as_it_was_or_differs_for_a_reason() {
    every_exchange("cycloauth");
}

#[test]
fn every_exchange_with_wsgioauth_is_answered_as_it_was_or_differs_for_a_reason() {
    every_exchange("wsgioauth");
}

#[test]
fn every_exchange_with_repoze_is_answered_as_it_was_or_differs_for_a_reason() {
    every_exchange("repoze");
}

/// What no single exchange shows is proved by a test that exists.
#[test]
fn every_other_behavior_has_its_reason_and_its_test() {
    for ancestor in ANCESTORS {
        let recorded = Recorded::of(ancestor);
        let reasons = reasons(ancestor);
        for behavior in &recorded.behavior {
            assert!(reasons.contains(&behavior.why), "{}: no row explains `{}`", behavior.name, behavior.why);
            let told = !behavior.then.trim().is_empty() && !behavior.today.trim().is_empty();
            assert!(told, "{}: it says not what was then or what is today", behavior.name);
            let (file, test) = behavior.proved_by.split_once("::").unwrap();
            let source = std::fs::read_to_string(workspace().join(file)).unwrap_or_else(|error| panic!("{file}: {error}"));
            // The tests that every store passes are functions of a scratch folder and an opener.
            assert!(source.contains(&format!("fn {test}(")), "{}: there is no {test} in {file}", behavior.name);
        }
        let exchanges = recorded.exchange.iter().map(|exchange| &exchange.name);
        let mut names = BTreeSet::new();
        for name in exchanges.chain(recorded.behavior.iter().map(|behavior| &behavior.name)) {
            assert!(names.insert(name), "`{name}` stands there twice");
        }
    }
}

/// Every case of an ancestor's own tests is taken up somewhere, and nothing else calls itself one.
#[test]
fn every_case_of_an_ancestors_own_tests_is_taken_up() {
    for ancestor in ANCESTORS {
        let recorded = Recorded::of(ancestor);
        let named = recorded.exchange.iter().flat_map(|exchange| &exchange.cases);
        let named: BTreeSet<_> = named.chain(recorded.behavior.iter().flat_map(|behavior| &behavior.cases)).collect();
        let listed: BTreeSet<_> = recorded.cases.iter().collect();
        let (missing, unknown): (Vec<_>, Vec<_>) = (listed.difference(&named).collect(), named.difference(&listed).collect());
        assert!(missing.is_empty() && unknown.is_empty(), "{ancestor}: nobody takes up {missing:?}; nobody lists {unknown:?}");
        assert_eq!(listed.len(), recorded.cases.len(), "{ancestor}: a case is listed twice");
    }
}
