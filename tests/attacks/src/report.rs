//! What is printed at the end: a table by group, what was not tried, and the count.

use std::collections::BTreeMap;
use std::process::ExitCode;

use keyhook_evidence::{Figure, record};

use crate::arguments::Plan;
use crate::catalog::Template;
use crate::tally::{Book, Kind, Tally};

/// Columns of failures, with the kinds that count there.
const COLUMNS: [(&str, &[Kind]); 5] = [
    ("wrong acceptances", &[Kind::Accepted, Kind::Rows, Kind::Outgoing]),
    ("5xx", &[Kind::ServerError]),
    ("panics", &[Kind::Panic]),
    ("secrets", &[Kind::Secret]),
    ("other", &[Kind::Wrong, Kind::Audit, Kind::Slow, Kind::Stuck]),
];

struct Row {
    group: String,
    tried: usize,
    templates: usize,
    inputs: usize,
    failures: Vec<usize>,
}

fn rows(templates: &[Template], book: &Book) -> Vec<Row> {
    let mut all: Vec<Row> = Vec::new();
    for template in templates {
        if all.last().is_none_or(|row| row.group != template.group) {
            all.push(Row { group: template.group.clone(), tried: 0, templates: 0, inputs: 0, failures: vec![0; COLUMNS.len()] });
        }
        let Some(row) = all.last_mut() else { continue };
        let inputs = book.inputs.get(&template.id).copied().unwrap_or_default();
        row.templates += 1;
        row.tried += usize::from(inputs > 0);
        row.inputs += inputs;
        for (column, (_, kinds)) in COLUMNS.iter().enumerate() {
            row.failures[column] += count(book, &template.id, kinds);
        }
    }
    all
}

fn count(book: &Book, id: &str, kinds: &[Kind]) -> usize {
    book.failures.iter().filter(|((template, kind), _)| template == id && kinds.contains(kind)).map(|(_, count)| count).sum()
}

/// The failures of one column.
pub fn failures(book: &Book, column: &str) -> usize {
    let kinds = COLUMNS.iter().find(|(name, _)| *name == column).map_or(&[][..], |(_, kinds)| kinds);
    book.failures.iter().filter(|((_, kind), _)| kinds.contains(kind)).map(|(_, count)| count).sum()
}

/// The table, as the README has it.
pub fn table(templates: &[Template], book: &Book) -> String {
    let names: Vec<&str> = COLUMNS.iter().map(|(name, _)| *name).collect();
    let mut lines = vec![
        format!("| group | templates tried | inputs | {} |", names.join(" | ")),
        format!("|---|---|---|{}", "---|".repeat(names.len())),
    ];
    let rows = rows(templates, book);
    let tried = rows.iter().filter(|row| row.tried > 0);
    lines.extend(tried.map(|row| line(&row.group, row.tried, row.templates, row.inputs, &row.failures)));
    let sum = |pick: fn(&Row) -> usize| rows.iter().map(pick).sum::<usize>();
    let failures: Vec<usize> = (0..COLUMNS.len()).map(|column| rows.iter().map(|row| row.failures[column]).sum()).collect();
    lines.push(line("all", sum(|row| row.tried), sum(|row| row.templates), sum(|row| row.inputs), &failures));
    format!("{}\n\nNot tried: {}.", lines.join("\n"), untried(templates))
}

/// Puts the table between its marks in the README.
pub fn into_readme(table: &str) {
    const MARKS: (&str, &str) = ("<!-- attacks:begin -->\n", "\n<!-- attacks:end -->");
    let path = keyhook_tests::libraries::workspace().join("README.md");
    let readme = std::fs::read_to_string(&path).unwrap();
    let (before, rest) = readme.split_once(MARKS.0).expect("the README has a place for the table");
    let (_, after) = rest.split_once(MARKS.1).expect("the place has an end");
    std::fs::write(path, format!("{before}{}{table}{}{after}", MARKS.0, MARKS.1)).unwrap();
}

fn line(group: &str, tried: usize, templates: usize, inputs: usize, failures: &[usize]) -> String {
    let failures: Vec<String> = failures.iter().map(usize::to_string).collect();
    format!("| {group} | {tried} of {templates} | {inputs} | {} |", failures.join(" | "))
}

/// What is not tried, by reason.
fn untried(templates: &[Template]) -> String {
    let mut reasons: BTreeMap<&str, usize> = BTreeMap::new();
    for reason in templates.iter().filter_map(|template| template.absent.as_deref()) {
        *reasons.entry(reason).or_default() += 1;
    }
    let elsewhere = templates.iter().filter(|template| template.elsewhere.is_some()).count();
    let absent: Vec<String> = reasons.iter().map(|(reason, count)| format!("{reason} ({count})")).collect();
    format!("{elsewhere} templates that other tests try, and those whose target is absent: {}", absent.join("; "))
}

/// Prints every template and what becomes of it.
pub fn list(templates: &[Template]) {
    for template in templates {
        let becomes = match (&template.absent, &template.elsewhere, &template.without) {
            (Some(reason), ..) => format!("not applicable yet: {reason}"),
            (_, Some(file), _) => format!("elsewhere: {file}"),
            (.., Some(without)) => format!("{}; without: {without}", name(&template.id)),
            _ => name(&template.id),
        };
        println!("{:6} {becomes}\n       {} -> {} [{}]", template.id, template.request, template.expected, template.source);
    }
}

fn name(id: &str) -> String {
    let all = crate::expand::EXPANDERS.iter().flat_map(|group| group.iter());
    all.filter(|expander| expander.id == id).map(|expander| expander.name.to_owned()).collect()
}

/// Notes what a run over everything found; a part of it proves less.
pub fn note(plan: &Plan, templates: &[Template], tally: &Tally) {
    if plan.only.is_some() || plan.round.is_some() || plan.target.is_some() {
        return;
    }
    let (inputs, book) = (tally.total(), tally.book());
    let of = |column: &str| failures(&book, column);
    let tried = templates.iter().filter(|template| book.inputs.contains_key(&template.id)).count();
    record(&Figure {
        id: "F1",
        what: "templates expanded over endpoints, methods and encodings, sent over raw sockets to `serve` and `dev`",
        measured: &[
            ("inputs", inputs.into()),
            ("templates", tried.into()),
            ("wrong acceptances", of("wrong acceptances").into()),
            ("5xx", of("5xx").into()),
            ("panics", of("panics").into()),
            ("other failures", of("other").into()),
        ],
        accumulates: false,
        command: "./runtests.sh attacks",
        covers_not: "what does not exist yet, by template in tests/attacks/catalog; TLS; libraries, crashes and slow clients, which other tests attack",
    });
    record(&Figure {
        id: "F21",
        what: "passwords, client secrets, codes, tokens, sessions and the master key, sought in every log line (production at level trace), answer, metric and file",
        measured: &[("inputs", inputs.into()), ("secrets found", of("secrets").into())],
        accumulates: false,
        command: "./runtests.sh attacks",
        covers_not: "core dumps and the memory of the process",
    });
}

/// Prints the count that the task runner reads; one template without a failure is one check passed.
pub fn last_line(plan: &Plan, templates: &[Template], tally: &Tally) -> ExitCode {
    let (inputs, book) = (tally.total(), tally.book());
    let tried = templates.iter().filter(|template| book.inputs.get(&template.id).is_some_and(|inputs| *inputs > 0));
    let is_bad = |template: &&Template| book.failures.keys().any(|(id, _)| *id == template.id);
    let (bad, good): (Vec<_>, Vec<_>) = tried.partition(is_bad);
    println!("{inputs} inputs, seed {}", plan.seed);
    println!("{} passed, {} failed", good.len(), book.failures.keys().map(|(id, _)| id).collect::<std::collections::BTreeSet<_>>().len());
    if bad.is_empty() && book.failures.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
