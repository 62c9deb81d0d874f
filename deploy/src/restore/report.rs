//! The report of a restore or a drill, which is kept in the bucket of artifacts.

use std::{fmt::Write as _, time::Instant};

use adapters::store::accounts::{Fault, Inspection, Replayed};
use anyhow::Result;
use domain::audit::Event;
use serde::{Deserialize, Serialize};

use crate::{cloud::Cloud, manifest, store};

/// The number of changes and faults that a printed report names; the stored one has all.
const PRINTED: usize = 20;

/// The duration of a step.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Step {
    pub name: String,
    pub seconds: f64,
}

/// The accounts of a table at a glance.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Counts {
    pub items: u64,
    pub users: u64,
    pub favorites: u64,
    pub administrators: u64,
    pub checksum: String,
}

impl From<&Inspection> for Counts {
    fn from(inspection: &Inspection) -> Self {
        let Inspection { items, users, favorites, administrators, .. } = *inspection;
        Self { items, users, favorites, administrators, checksum: inspection.checksum.clone() }
    }
}

/// The changes since the moment of the copy that were made again.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Again {
    pub accounts: u64,
    pub deletions: u64,
    pub standings: u64,
    pub favorites: u64,
}

impl Again {
    pub fn add(&mut self, replayed: &Replayed) {
        self.accounts += replayed.accounts;
        self.deletions += replayed.deletions;
        self.standings += replayed.standings;
        self.favorites += replayed.favorites;
    }
}

/// The report.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Report {
    pub environment: String,
    /// The new table.
    pub table: String,
    /// The table that it replaces.
    pub former: String,
    /// The moment of the data.
    pub moment: String,
    pub started: String,
    /// Whether functions serve with the new table.
    pub is_live: bool,
    /// The last run of each step.
    pub steps: Vec<Step>,
    /// The table that is replaced, if it can be read.
    pub before: Option<Counts>,
    /// The new table, once it is repaired.
    pub after: Counts,
    /// The invariants that did not hold and were repaired.
    pub repaired: Vec<String>,
    /// Those that were not.
    pub damaged: Vec<String>,
    pub again: Again,
    /// The changes that are lost, each as a line.
    pub lost: Vec<String>,
    /// The verdicts of a drill: what was measured, and its bound.
    pub bounds: Vec<Bound>,
}

/// A measured time and its bound, in seconds.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Bound {
    pub name: String,
    pub seconds: f64,
    pub most: f64,
}

impl Bound {
    #[must_use]
    pub fn holds(&self) -> bool {
        self.seconds <= self.most
    }
}

impl Report {
    /// Runs a step and records its duration, which replaces that of an interrupted run.
    ///
    /// # Errors
    /// That of the step.
    pub async fn timed<T>(&mut self, name: &str, step: impl Future<Output = Result<T>>) -> Result<T> {
        let started = Instant::now();
        let done = step.await;
        self.take_step(name, started.elapsed().as_secs_f64());
        done
    }

    /// Records the duration of a step. A repeated step counts once, with its last run.
    fn take_step(&mut self, name: &str, seconds: f64) {
        match self.steps.iter_mut().find(|step| step.name == name) {
            Some(step) => step.seconds = seconds,
            None => self.steps.push(Step { name: name.to_owned(), seconds }),
        }
    }

    /// The seconds of all steps.
    #[must_use]
    pub fn seconds(&self) -> f64 {
        self.steps.iter().map(|step| step.seconds).sum()
    }

    /// Records what a repair has done and left.
    pub fn take_faults(&mut self, repaired: &[Fault], left: &[Fault]) {
        self.repaired.extend(repaired.iter().map(Fault::to_string));
        self.damaged = left.iter().map(Fault::to_string).collect();
    }

    /// Records a change that cannot be made again.
    pub fn take_lost(&mut self, lost: &[Event], replayed: &Replayed) {
        let line = |event: &Event| {
            let actor = event.actor.map_or_else(|| "nobody".to_owned(), |actor| format!("user:{actor}"));
            let action = serde_json::to_value(event.action).unwrap_or_default();
            let (action, target) =
                (action.as_str().unwrap_or_default(), event.target.as_deref().unwrap_or_default());
            format!("{} {actor} {action} {target}", event.at).trim_end().to_owned()
        };
        self.lost = lost.iter().map(line).collect();
        self.lost.extend(replayed.left.iter().map(|(user, reason)| format!("user:{user}: {reason}")));
    }

    /// Stores the report below `folder`.
    ///
    /// # Errors
    /// If S3 does not accept it.
    pub async fn put(&self, cloud: &Cloud, folder: &str) -> Result<()> {
        store::put_json(cloud, &key(folder, &self.environment, &self.table), self).await
    }

    /// Reads the report of an interrupted run about `table`.
    ///
    /// # Errors
    /// If S3 does not answer.
    pub async fn get(cloud: &Cloud, folder: &str, environment: &str, table: &str) -> Result<Option<Self>> {
        store::get_json(cloud, &key(folder, environment, table)).await
    }

    /// Returns the report in Markdown.
    #[must_use]
    pub fn markdown(&self) -> String {
        let mut text = String::new();
        let mut line = |line: String| {
            // Writing to a String never fails.
            let _ = writeln!(text, "{line}");
        };
        line(format!("# {}: {} with the state of {}\n", self.environment, self.table, self.moment));
        line(format!("Started {}. The former table: {}.\n", self.started, self.former));
        line("| step | seconds |\n|---|---:|".to_owned());
        self.steps.iter().for_each(|step| line(format!("| {} | {:.1} |", step.name, step.seconds)));
        line(format!("| all | {:.1} |\n", self.seconds()));
        line("| table | items | users | favorites | administrators | checksum |\n|---|---:|---:|---:|---:|---|".to_owned());
        let counts = |counts: &Counts| {
            let Counts { items, users, favorites, administrators, checksum } = counts;
            format!("{items} | {users} | {favorites} | {administrators} | `{checksum}` |")
        };
        match &self.before {
            Some(before) => line(format!("| {} | {}", self.former, counts(before))),
            None => line(format!("| {} cannot be read | | | | | |", self.former)),
        }
        line(format!("| {} | {}", self.table, counts(&self.after)));
        if !self.bounds.is_empty() {
            line("\n| bound | measured (s) | at most (s) | |\n|---|---:|---:|---|".to_owned());
        }
        for bound in &self.bounds {
            let verdict = if bound.holds() { "holds" } else { "EXCEEDED" };
            line(format!("| {} | {:.1} | {} | {verdict} |", bound.name, bound.seconds, bound.most));
        }
        let Again { accounts, deletions, standings, favorites } = self.again;
        line(format!(
            "\nMade again: {accounts} registrations, {deletions} deletions, {standings} changes of standing, {favorites} changes of favorites."
        ));
        for (title, lines) in
            [("Repaired", &self.repaired), ("Damaged", &self.damaged), ("Lost changes", &self.lost)]
        {
            line(format!("\n{title}: {}", lines.len()));
            lines.iter().take(PRINTED).for_each(|one| line(format!("- {one}")));
            if lines.len() > PRINTED {
                line(format!("- and {} more, in the stored report", lines.len() - PRINTED));
            }
        }
        text
    }
}

fn key(folder: &str, environment: &str, table: &str) -> String {
    format!("{folder}/{environment}/{table}.json")
}

/// A report that begins now.
#[must_use]
pub fn begin(environment: &str, table: &str, former: &str, moment: &str) -> Report {
    Report {
        environment: environment.to_owned(),
        table: table.to_owned(),
        former: former.to_owned(),
        moment: moment.to_owned(),
        started: manifest::timestamp(),
        ..Report::default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_printed_report_says_what_took_how_long_and_what_is_lost() {
        let mut report = begin("prod", "new", "old", "2026-11-29T00:00:00Z");
        report.steps = vec![
            Step { name: "copy".to_owned(), seconds: 1200.0 },
            Step { name: "verify".to_owned(), seconds: 30.0 },
        ];
        report.lost = (0..21).map(|nth| format!("change {nth}")).collect();
        report.bounds = vec![
            Bound { name: "data".to_owned(), seconds: 1230.0, most: 3600.0 },
            Bound { name: "code".to_owned(), seconds: 901.0, most: 900.0 },
        ];
        let text = report.markdown();
        for expected in [
            "| copy | 1200.0 |",
            "| all | 1230.0 |",
            "| old cannot be read |",
            "| data | 1230.0 | 3600 | holds |",
            "| code | 901.0 | 900 | EXCEEDED |",
            "Lost changes: 21",
            "- change 19",
            "- and 1 more",
        ] {
            assert!(text.contains(expected), "{expected} in {text}");
        }
        assert!(!text.contains("change 20"), "{text}");
        assert_eq!(report.bounds.iter().map(Bound::holds).collect::<Vec<_>>(), [true, false]);
    }

    #[test]
    fn a_repeated_step_counts_once_with_its_last_run() {
        let mut report = begin("prod", "new", "old", "2026-11-29T00:00:00Z");
        for (name, seconds) in [("copy", 1200.0), ("verify", 30.0), ("copy", 2.0), ("verify", 25.0)] {
            report.take_step(name, seconds);
        }
        let steps: Vec<_> = report.steps.iter().map(|step| (step.name.as_str(), step.seconds)).collect();
        assert_eq!(steps, [("copy", 2.0), ("verify", 25.0)]);
        assert!(report.markdown().contains("| all | 27.0 |"));
    }

    /// A replay counts what it changes, and a repeated one changes the rest, so the sum over all runs counts each change once.
    #[test]
    fn changes_of_repeated_runs_add_up() {
        let mut again = Again::default();
        again.add(&Replayed { accounts: 2, favorites: 3, ..Replayed::default() });
        again.add(&Replayed { favorites: 1, ..Replayed::default() });
        assert_eq!((again.accounts, again.deletions, again.standings, again.favorites), (2, 0, 0, 4));
    }
}
