//! Lines of the sources, by crate, from the report of `llvm-cov export`.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::path::Path;

use serde_json::{Map, Value};

/// The folder whose crates are named by the folder below it.
const SHARED: &str = "shared";
/// The crate of the tests, which is not measured.
const TESTS: &str = "tests";

/// The number of lines, and of those that were executed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Count {
    all: u64,
    executed: u64,
}

impl Count {
    /// 0 if there are no lines.
    fn percent(self) -> f64 {
        if self.all == 0 { 0.0 } else { (self.executed as f64 / self.all as f64 * 1000.0).round() / 10.0 }
    }
}

/// The lines of each crate.
#[derive(Debug, PartialEq, Eq)]
pub struct Lines(BTreeMap<String, Count>);

impl Lines {
    /// Reads the report. Files that are not below `root`, and those of the tests, do not count.
    pub fn of(report: &Value, root: &Path) -> Self {
        let mut crates: BTreeMap<String, Count> = BTreeMap::new();
        for file in report["data"][0]["files"].as_array().into_iter().flatten() {
            let name = file["filename"].as_str().and_then(|name| crate_of(Path::new(name), root));
            let Some(name) = name.filter(|name| name != TESTS) else { continue };
            let lines = &file["summary"]["lines"];
            let count = crates.entry(name).or_default();
            count.all += lines["count"].as_u64().unwrap_or_default();
            count.executed += lines["covered"].as_u64().unwrap_or_default();
        }
        Self(crates)
    }

    /// The percentage of the lines of all crates.
    pub fn all(&self) -> f64 {
        self.sum().percent()
    }

    fn sum(&self) -> Count {
        let add = |sum: Count, count: &Count| Count {
            all: sum.all + count.all,
            executed: sum.executed + count.executed,
        };
        self.0.values().fold(Count::default(), add)
    }

    /// The percentage of each crate, and of all crates under `all`.
    pub fn percentages(&self) -> Value {
        let crates = self.0.iter().map(|(name, count)| (name.clone(), Value::from(count.percent())));
        let all = ("all".to_owned(), Value::from(self.all()));
        Value::Object([all].into_iter().chain(crates).collect::<Map<String, Value>>())
    }

    pub fn table(&self) -> String {
        let mut table = format!("{:<12}{:>8}{:>10}{:>8}\n", "crate", "lines", "executed", "%");
        let all = ("all", self.sum());
        for (name, count) in self.0.iter().map(|(name, count)| (name.as_str(), *count)).chain([all]) {
            // Writing to a string cannot fail.
            let _ =
                writeln!(table, "{name:<12}{:>8}{:>10}{:>8.1}", count.all, count.executed, count.percent());
        }
        table
    }
}

/// Returns the name of the crate of a source file.
fn crate_of(file: &Path, root: &Path) -> Option<String> {
    let path = file.strip_prefix(root).ok()?;
    let mut folders = path.parent()?.iter().filter_map(|folder| folder.to_str());
    let first = folders.next()?;
    // Generated sources lie in the target directory.
    let name = if first == SHARED { folders.next()? } else { first };
    (first != "target").then(|| name.to_owned())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn lines() -> Lines {
        let file = |name: &str, count: u64, covered: u64| json!({"filename": name, "summary": {"lines": {"count": count, "covered": covered}}});
        let report = json!({"data": [{"files": [
            file("/repository/shared/door/src/answer.rs", 100, 90),
            file("/repository/shared/door/src/edge.rs", 20, 10),
            file("/repository/local/src/run.rs", 80, 20),
            file("/repository/tests/support/tap.rs", 1000, 0),
            file("/repository/target/debug/build/x/out/table.rs", 1000, 0),
            file("/home/user/.cargo/registry/src/tokio/lib.rs", 1000, 0),
        ]}]});
        Lines::of(&report, Path::new("/repository"))
    }

    #[test]
    fn only_the_sources_of_the_product_count() {
        assert_eq!(lines().percentages(), json!({"all": 60.0, "door": 83.3, "local": 25.0}));
        assert!((lines().all() - 60.0).abs() < 0.01);
    }

    #[test]
    fn the_table_has_a_row_for_each_crate_and_one_for_all() {
        let expected = "\
crate          lines  executed       %
door             120       100    83.3
local             80        20    25.0
all              200       120    60.0
";
        assert_eq!(lines().table(), expected);
    }

    #[test]
    fn a_report_without_lines_has_nothing_executed() {
        let none = Lines::of(&json!({"data": [{"files": []}]}), Path::new("/repository"));
        assert!(none.all().abs() < 0.01);
    }
}
