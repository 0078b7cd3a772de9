//! `docs/operations.md` names the metrics that there are.

use std::collections::BTreeSet;
use std::time::Duration;

use http::{Method, StatusCode};
use keyhook_edge::metrics::{Metrics, Turned};

const PAGE: &str = include_str!("../docs/operations.md");

#[test]
fn the_page_has_every_metric_and_no_other() {
    let metrics = Metrics::new();
    metrics.endpoint("token").observe(&Method::POST, StatusCode::OK, Duration::from_millis(1));
    metrics.turn_away(Turned::Overload);
    crate::reloads::Reloads::new(&metrics);
    let page = metrics.page();
    let types = page.lines().filter_map(|line| line.strip_prefix("# TYPE ")?.split_once(' '));
    let known: BTreeSet<String> =
        types.map(|(name, kind)| if kind == "counter" { format!("{name}_total") } else { name.to_owned() }).collect();
    let rows = PAGE.lines().filter_map(|line| line.strip_prefix("| `")?.split('`').next());
    let documented: BTreeSet<String> = rows.filter(|name| name.starts_with("keyhook_")).map(str::to_owned).collect();
    assert_eq!(documented, known);
}
