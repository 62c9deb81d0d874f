//! The figures of a run. A figure that was not measured is missing.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use anyhow::Context;
use serde_json::{Map, Value};

use crate::finding::{Outcome, Report};
use crate::tally::Tally;

use super::sources;

/// Numbers by their names, whose parts are separated by dots: `costs.million`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Figures(BTreeMap<String, f64>);

impl Figures {
    /// Collects the figures of `reports`, of the files that their stages left, and of the files of the repository at `root`.
    pub fn collect(reports: &[Report], root: &Path) -> anyhow::Result<Self> {
        let mut figures = Self::default();
        figures.add_stages(reports);
        let passed = |stage: &str| {
            reports
                .iter()
                .any(|report| report.stage == stage && matches!(report.finding.outcome, Outcome::Passed))
        };
        figures.add_notes(&sources::figures())?;
        if passed("load") {
            figures.add_load(&json(&sources::load())?);
        }
        if passed("cold-start") {
            figures.add_tree("start", &json(&root.join("bench/instructions.json"))?);
            figures.add("start.program_bytes", fs::metadata(sources::program())?.len() as f64);
        }
        figures.add_tree("coverage", &json(&root.join("docs/coverage.json"))?["lines"]);
        let costs = json(&root.join("docs/costs.json"))?;
        figures.add_tree("costs.million", &costs["million"]);
        figures.add_tree("costs.idle", &costs["idle"]);
        let explained = json(&root.join("infra/findings.json"))?;
        figures.add("findings.explained", explained.as_object().map_or(0, Map::len) as f64);
        figures.add("crates", crates(&text(&root.join("Cargo.lock"))?) as f64);
        figures.add("licences", licences(&text(&root.join("deny.toml"))?) as f64);
        for (name, number) in demands(&text(&root.join("docs/demands.md"))?) {
            figures.add(&format!("demands.{name}"), number as f64);
        }
        Ok(figures)
    }

    /// The outcomes and the seconds of all stages, and their tests.
    fn add_stages(&mut self, reports: &[Report]) {
        let count = |is_counted: fn(&Outcome) -> bool| {
            reports.iter().filter(|report| is_counted(&report.finding.outcome)).count() as f64
        };
        self.add("stages.passed", count(|outcome| matches!(outcome, Outcome::Passed)));
        self.add("stages.failed", count(|outcome| matches!(outcome, Outcome::Failed(_))));
        self.add("stages.skipped", count(|outcome| matches!(outcome, Outcome::Skipped(_))));
        let Tally { passed, failed, ignored } =
            reports.iter().filter_map(|report| report.finding.tally).sum();
        for (name, number) in [("passed", passed), ("failed", failed), ("ignored", ignored)] {
            self.add(&format!("tests.{name}"), number as f64);
        }
        for report in reports {
            self.add(&format!("seconds.{}", report.stage), report.took.as_secs_f64().round());
            if let Some(tally) = report.finding.tally {
                self.add(&format!("tests.of.{}", report.stage), tally.ran() as f64);
            }
        }
    }

    /// The figures that tests wrote.
    fn add_notes(&mut self, folder: &Path) -> anyhow::Result<()> {
        if !folder.exists() {
            return Ok(());
        }
        for entry in fs::read_dir(folder)? {
            let file = entry?.path();
            let name = file.file_name().and_then(|name| name.to_str()).context("a name of a figure")?;
            self.add(name, text(&file)?.trim().parse::<f64>().with_context(|| name.to_owned())?);
        }
        Ok(())
    }

    fn add_load(&mut self, load: &Value) {
        for (class, result) in load["classes"].as_object().into_iter().flatten() {
            self.add_tree(&format!("load.times.{class}"), &result["times_unloaded"]);
            self.add_tree(&format!("load.p95_ms.{class}"), &result["loaded"]["p95"]);
            self.add_tree(&format!("load.unavailable_percent.{class}"), &result["unavailable_percent"]);
        }
        self.add_tree("load.memory_growth", &load["memory_growth"]);
        self.add_tree("load.requests", &load["requests"]);
        self.add_tree("load.lost", &load["verified"]["wrong"]);
    }

    /// Adds every number below `value`, named by its path.
    fn add_tree(&mut self, name: &str, value: &Value) {
        match value {
            Value::Object(fields) => {
                fields.iter().for_each(|(field, value)| self.add_tree(&format!("{name}.{field}"), value));
            }
            value => {
                if let Some(number) = value.as_f64() {
                    self.add(name, number);
                }
            }
        }
    }

    fn add(&mut self, name: &str, number: f64) {
        self.0.insert(name.to_owned(), number);
    }

    pub fn get(&self, name: &str) -> Option<f64> {
        self.0.get(name).copied()
    }

    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.0.keys().map(String::as_str)
    }

    pub fn into_json(self) -> Value {
        self.0.into_iter().map(|(name, number)| (name, number.into())).collect::<Map<String, Value>>().into()
    }

    /// # Errors
    /// If `value` is not a map from names to numbers.
    pub fn from_json(value: &Value) -> anyhow::Result<Self> {
        let fields = value.as_object().context("no figures")?;
        let number = |(name, value): (&String, &Value)| {
            Ok((name.clone(), value.as_f64().with_context(|| format!("{name} is not a number"))?))
        };
        fields.iter().map(number).collect::<anyhow::Result<_>>().map(Self)
    }
}

fn text(file: &Path) -> anyhow::Result<String> {
    fs::read_to_string(file).with_context(|| file.display().to_string())
}

fn json(file: &Path) -> anyhow::Result<Value> {
    serde_json::from_str(&text(file)?).with_context(|| file.display().to_string())
}

/// The number of packages from a registry in a lock file.
fn crates(lock: &str) -> usize {
    lock.lines().filter(|line| line.starts_with("source = ")).count()
}

/// The number of licences that cargo-deny's configuration allows.
fn licences(deny: &str) -> usize {
    let allowed = deny.split_once("\nallow = [").and_then(|(_, rest)| rest.split_once(']'));
    let lines = allowed.map_or("", |(licences, _)| licences).lines();
    lines.filter(|line| line.trim().starts_with('"')).count()
}

/// The numbers in the sentence that counts the demands.
fn demands(page: &str) -> Vec<(&'static str, usize)> {
    let sentence = page.lines().find_map(|line| line.strip_prefix("Today ")).unwrap_or_default();
    let numbers = sentence.split(|c: char| !c.is_ascii_digit()).filter_map(|number| number.parse().ok());
    ["proven", "in_part", "open", "on_aws"].into_iter().zip(numbers).collect()
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use serde_json::json;

    use super::*;
    use crate::cargo::root;
    use crate::finding::Finding;

    fn report(stage: &'static str, outcome: Outcome, tally: Option<Tally>) -> Report {
        Report { stage, finding: Finding { outcome, tally }, took: Duration::from_millis(2600) }
    }

    #[test]
    fn the_stages_give_outcomes_tests_and_seconds() {
        let mut figures = Figures::default();
        figures.add_stages(&[
            report("tests", Outcome::Passed, Some(Tally { passed: 40, failed: 0, ignored: 0 })),
            report(
                "mutate",
                Outcome::Failed("1".to_owned()),
                Some(Tally { passed: 9, failed: 1, ignored: 0 }),
            ),
            report("cache", Outcome::Skipped("no node".to_owned()), None),
        ]);
        for (name, number) in [
            ("stages.passed", 1.0),
            ("stages.failed", 1.0),
            ("stages.skipped", 1.0),
            ("tests.passed", 49.0),
            ("tests.failed", 1.0),
            ("tests.of.mutate", 10.0),
            ("seconds.cache", 3.0),
        ] {
            assert_eq!(figures.get(name), Some(number), "{name}");
        }
        assert_eq!(figures.get("tests.of.cache"), None);
    }

    #[test]
    fn the_results_of_a_load_are_figures_of_each_class() {
        let mut figures = Figures::default();
        figures.add_load(&json!({
            "requests": 4500,
            "classes": {"catalogue": {"loaded": {"p95": 3.5}, "times_unloaded": 2.0, "unavailable_percent": 0.0}},
            "memory_growth": 1.01,
            "verified": {"wrong": 0},
        }));
        let names: Vec<_> = figures.names().collect();
        let expected = [
            "load.lost",
            "load.memory_growth",
            "load.p95_ms.catalogue",
            "load.requests",
            "load.times.catalogue",
            "load.unavailable_percent.catalogue",
        ];
        assert_eq!(names, expected);
        assert_eq!(figures.get("load.times.catalogue"), Some(2.0));
    }

    #[test]
    fn the_files_of_the_repository_give_figures() {
        let figures = Figures::collect(&[], &root()).unwrap();
        for name in ["costs.million", "costs.idle.prod", "findings.explained", "demands.proven"] {
            assert!(figures.get(name).is_some_and(|number| number > 0.0), "{name}: {figures:?}");
        }
        assert!(figures.get("crates").unwrap() > 100.0 && figures.get("licences").unwrap() >= 5.0);
        assert_eq!(figures.get("start.program_bytes"), None, "its stage did not run");
        assert_eq!(Figures::from_json(&figures.clone().into_json()).unwrap(), figures);
    }

    #[test]
    fn a_scorecard_of_other_values_is_refused() {
        for wrong in [json!(null), json!({"tests.passed": "many"}), json!([1])] {
            assert!(Figures::from_json(&wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn licences_and_crates_are_counted_in_their_files() {
        let deny = "[licenses]\n# The list.\nallow = [\n    \"MIT\",\n    # the next\n    \"ISC\",\n]\nallow-registry = [\"x\"]\n";
        assert_eq!(licences(deny), 2);
        assert_eq!(
            crates("[[package]]\nname = \"own\"\n\n[[package]]\nname = \"a\"\nsource = \"registry+x\"\n"),
            1
        );
        let page = "# Demands\n\nToday 75 demands are proven, 21 in part, 6 are open, and 5 can be shown only on AWS.\n";
        assert_eq!(demands(page), [("proven", 75), ("in_part", 21), ("open", 6), ("on_aws", 5)]);
    }
}
