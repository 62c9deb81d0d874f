//! The results, as a table and as JSON.

use std::{fmt::Write as _, fs, path::Path};

use anyhow::Result;
use serde::Serialize;

/// The results of several rounds of one measurement.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Spread {
    pub median: f64,
    pub min: f64,
    pub max: f64,
}

impl Spread {
    /// # Panics
    /// If there are no samples.
    #[must_use]
    pub fn of(mut samples: Vec<f64>) -> Self {
        samples.sort_by(f64::total_cmp);
        let (low, high) = (samples[(samples.len() - 1) / 2], samples[samples.len() / 2]);
        Self { median: f64::midpoint(low, high), min: samples[0], max: samples[samples.len() - 1] }
    }
}

/// A single reading, such as a size.
impl From<f64> for Spread {
    fn from(value: f64) -> Self {
        Self { median: value, min: value, max: value }
    }
}

/// The target for a median.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Target {
    AtMost(f64),
    AtLeast(f64),
}

impl Target {
    fn is_met(self, median: f64) -> bool {
        match self {
            Self::AtMost(most) => median <= most,
            Self::AtLeast(least) => median >= least,
        }
    }
}

#[derive(Debug, Serialize)]
struct Row {
    group: &'static str,
    name: String,
    unit: &'static str,
    #[serde(flatten)]
    spread: Spread,
    target: Option<Target>,
    met: Option<bool>,
}

impl Row {
    fn line(&self, width: usize) -> String {
        let Self { name, unit, spread: Spread { median, min, max }, .. } = self;
        let [median, min, max] = [median, min, max].map(|value| digits(*value));
        let target = match self.target {
            None => String::new(),
            Some(Target::AtMost(most)) => format!("<= {most}"),
            Some(Target::AtLeast(least)) => format!(">= {least}"),
        };
        let met = self.met.map_or("", |met| if met { "met" } else { "MISSED" });
        format!("  {name:<width$} {median:>10} {min:>10} {max:>10} {unit:<6} {target:>11}  {met}")
    }
}

/// All rows, in the order measured.
#[derive(Debug, Serialize)]
pub struct Report {
    quick: bool,
    /// The load that other programs caused in the minute before: see [`bench::machine::busy`].
    load_average: f64,
    cores: usize,
    rows: Vec<Row>,
    /// The measurements that were not possible, with reasons.
    skipped: Vec<String>,
}

impl Report {
    pub const fn new(quick: bool, (load_average, cores): (f64, usize)) -> Self {
        Self { quick, load_average, cores, rows: Vec::new(), skipped: Vec::new() }
    }

    pub fn add(
        &mut self,
        group: &'static str,
        name: impl Into<String>,
        unit: &'static str,
        spread: impl Into<Spread>,
        target: impl Into<Option<Target>>,
    ) {
        let (spread, target) = (spread.into(), target.into());
        let met = target.map(|target| target.is_met(spread.median));
        self.rows.push(Row { group, name: name.into(), unit, spread, target, met });
    }

    pub fn skip(&mut self, why: impl Into<String>) {
        self.skipped.push(why.into());
    }

    /// Returns one aligned line per row, then the skipped measurements and the number of targets that are met.
    #[must_use]
    pub fn table(&self) -> String {
        let width = self.rows.iter().map(|row| row.name.chars().count()).max().unwrap_or(0);
        // Writing to a string cannot fail.
        let mut table = String::new();
        let mut group = "";
        for row in &self.rows {
            if row.group != group {
                group = row.group;
                let gap = if table.is_empty() { "" } else { "\n" };
                let title_width = width + 2;
                let _ = writeln!(
                    table,
                    "{gap}{group:<title_width$} {:>10} {:>10} {:>10} {:<6} {:>11}",
                    "median", "min", "max", "unit", "target"
                );
            }
            table.push_str(row.line(width).trim_end());
            table.push('\n');
        }
        let met = |wanted| self.rows.iter().filter(|row| row.met == Some(wanted)).count();
        let _ = writeln!(table, "\ntargets: {} met, {} missed", met(true), met(false));
        let _ = writeln!(table, "load average before: {} on {} cores", self.load_average, self.cores);
        for why in &self.skipped {
            let _ = writeln!(table, "skipped: {why}");
        }
        table
    }

    pub fn write(&self, file: &Path) -> Result<()> {
        if let Some(folder) = file.parent() {
            fs::create_dir_all(folder)?;
        }
        let mut json = serde_json::to_string_pretty(self)?;
        json.push('\n');
        Ok(fs::write(file, json)?)
    }
}

/// Formats three digits, or every digit of a whole number.
fn digits(value: f64) -> String {
    match value.abs() {
        _ if value.fract() == 0.0 => format!("{value:.0}"),
        size if size >= 100.0 => format!("{value:.0}"),
        size if size >= 10.0 => format!("{value:.1}"),
        size if size >= 1.0 => format!("{value:.2}"),
        _ => format!("{value:.3}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_spread_is_the_median_between_the_extremes() {
        assert_eq!(Spread::of(vec![3.0, 1.0, 2.0]), Spread { median: 2.0, min: 1.0, max: 3.0 });
        assert_eq!(Spread::of(vec![4.0, 1.0]), Spread { median: 2.5, min: 1.0, max: 4.0 });
    }

    #[test]
    fn the_table_is_aligned_and_judges_medians() {
        let mut report = Report::new(true, (0.5, 2));
        report.add("handler", "a page", "µs", Spread::of(vec![41.0, 12.25, 30.0]), Target::AtMost(40.0));
        report.add("handler", "less", "times", 3.0, Target::AtLeast(4.0));
        report.add("index", "size", "KB", 123.4, None);
        report.skip("sync: no mirror");
        let expected = "\
handler      median        min        max unit        target
  a page         30       12.2         41 µs           <= 40  met
  less            3          3          3 times         >= 4  MISSED

index        median        min        max unit        target
  size          123        123        123 KB

targets: 1 met, 1 missed
load average before: 0.5 on 2 cores
skipped: sync: no mirror
";
        assert_eq!(report.table(), expected);
    }
}
