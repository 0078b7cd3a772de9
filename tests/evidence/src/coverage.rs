//! Which lines the tests ran, of an lcov file: the code alone, without the tests that stand beside it.

use std::collections::BTreeMap;
use std::path::Path;

/// One source file.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Covered {
    /// Its path.
    pub file: String,
    /// Lines of code that are there.
    pub lines: usize,
    /// Those that no test ran.
    pub missed: Vec<usize>,
}

/// Reads a report; `source` gives the text of a file.
pub fn of_lcov(report: &str, source: impl Fn(&str) -> String) -> Vec<Covered> {
    let records = report.split("end_of_record").filter_map(|record| {
        let file = record.lines().find_map(|line| line.strip_prefix("SF:"))?;
        (!is_test(file)).then(|| of_record(file, record, &source(file)))
    });
    records.filter(|covered| covered.lines > 0).collect()
}

/// A file that is nothing but tests.
fn is_test(file: &str) -> bool {
    Path::new(file).file_stem().is_some_and(|name| name == "tests" || name == "hostile") || file.contains("/tests/")
}

fn of_record(file: &str, record: &str, source: &str) -> Covered {
    // Tests stand last in a file.
    let tests = source.lines().position(|line| line == "#[cfg(test)]").map_or(usize::MAX, |index| index + 1);
    let mut runs = BTreeMap::new();
    for (line, count) in record.lines().filter_map(|line| line.strip_prefix("DA:")?.split_once(',')) {
        let (line, count): (usize, u64) = (line.parse().unwrap(), count.parse().unwrap());
        if line < tests {
            *runs.entry(line).or_insert(0) += count;
        }
    }
    let missed = runs.iter().filter(|(_, count)| **count == 0).map(|(line, _)| *line).collect();
    Covered { file: file.to_owned(), lines: runs.len(), missed }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_of_tests_do_not_count() {
        let source = "fn a() {}\nfn b() {}\n#[cfg(test)]\nmod tests {\n    fn c() {}\n}\n";
        let report = "SF:/x/a.rs\nDA:1,3\nDA:2,0\nDA:5,9\nend_of_record\nSF:/x/a/tests.rs\nDA:1,1\nend_of_record\n";
        let covered = of_lcov(report, |_| source.to_owned());
        assert_eq!(covered, [Covered { file: "/x/a.rs".into(), lines: 2, missed: vec![2] }]);
    }

    #[test]
    fn a_generic_line_counts_once_and_is_covered_if_any_copy_ran() {
        let covered = of_lcov("SF:/x/a.rs\nDA:1,0\nDA:1,2\nend_of_record\n", |_| String::new());
        assert_eq!((covered[0].lines, covered[0].missed.len()), (1, 0));
    }
}
