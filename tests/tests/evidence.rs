//! The ledger of what was measured, and the page made of it.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use keyhook_tests::evidence::{Entry, FIGURES, Figure, Ledger, Number};
use keyhook_tests::scratch::Scratch;

fn entry(what: &str, accumulates: bool, measured: &[(&str, Number)]) -> Entry {
    let figure = Figure { id: "F1", what, measured, accumulates, command: "./runtests.sh attacks", covers_not: "TLS" };
    Entry { commit: "abcdef0".to_owned(), dirty: false, date: "2026-11-21".to_owned(), ..Entry::now(&figure) }
}

#[test]
fn the_page_is_what_the_ledger_says() {
    assert!(Ledger::of_the_workspace().is_current(), "server/docs/evidence.md is not made of the ledger: ./runtests.sh evidence");
}

#[test]
fn every_line_of_the_ledger_belongs_to_a_figure() {
    for entry in Ledger::of_the_workspace().entries() {
        assert!(FIGURES.iter().any(|figure| figure.id == entry.id), "{}", entry.id);
        assert!(!entry.covers_not.is_empty() && !entry.command.is_empty(), "{entry:?}");
    }
}

#[test]
fn counts_add_up_and_the_worst_measure_stays() {
    let folder = Scratch::new("ledger");
    let ledger = Ledger::at(folder.path());
    ledger.append(&entry("kills", true, &[("kills", 1200.into()), ("slowest start ms", 310.5.into())]));
    ledger.append(&entry("kills", true, &[("kills", 34.into()), ("slowest start ms", 12.0.into())]));
    let page = ledger.page_on_disk();
    assert_eq!(page, ledger.page());
    assert!(
        page.contains("| kills: kills 1,234, slowest start ms 310, in 2 runs | `./runtests.sh attacks` | abcdef0, 2026-11-21 |"),
        "{page}"
    );
}

#[test]
fn otherwise_the_last_run_stands() {
    let folder = Scratch::new("ledger");
    let ledger = Ledger::at(folder.path());
    ledger.append(&entry("inputs", false, &[("inputs", 5.into())]));
    ledger.append(&Entry { dirty: true, ..entry("inputs", false, &[("inputs", 7.into())]) });
    let page = ledger.page();
    assert!(page.contains("inputs 7 |") && !page.contains("inputs 5"), "{page}");
    assert!(page.contains("abcdef0\\*, 2026-11-21"), "{page}");
}

#[test]
fn what_was_not_measured_is_named_with_its_reason() {
    let folder = Scratch::new("ledger");
    let page = Ledger::at(folder.path()).page();
    for figure in FIGURES {
        assert!(page.contains(&format!("| **{}** ", figure.id)), "{}", figure.id);
    }
    assert!(page.contains("| not measured yet |") && page.contains("None yet."));
    assert!(page.contains("| does not apply yet | | | the server sends no requests yet |"), "{page}");
}

#[test]
fn bugs_are_listed_with_who_found_and_what_mended_them() {
    let folder = Scratch::new("ledger");
    folder.write("evidence-bugs.md", "# Bugs\n\n- 2026-11-21 · attack runner · a `|` was not escaped · fix(edge): escape it\n");
    let page = Ledger::at(folder.path()).page();
    assert!(page.contains("| 2026-11-21 | attack runner | a `\\|` was not escaped | fix(edge): escape it |"), "{page}");
}

#[test]
fn many_writers_lose_no_line() {
    let folder = Scratch::new("ledger");
    std::thread::scope(|scope| {
        for _ in 0..8 {
            // Each opens the file for itself, as processes do.
            scope.spawn(|| (0..20).for_each(|_| Ledger::at(folder.path()).append(&entry("races", true, &[("races", 1.into())]))));
        }
    });
    let ledger = Ledger::at(folder.path());
    assert_eq!(ledger.entries().len(), 160);
    assert!(ledger.page_on_disk().contains("races 160, in 160 runs"), "{}", ledger.page_on_disk());
}
