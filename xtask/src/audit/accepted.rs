//! The advisories about packages of npm and Python that are accepted, each with a reason. `deny.toml` has those about crates.

use std::collections::BTreeMap;
use std::fs;

use anyhow::{Context as _, ensure};
use serde_json::Value;

use crate::cargo::root;

use super::verdict::{Answer, Verdict};

const FILE: &str = "tests/tools/advisories.json";

/// The reasons by the ids of the advisories.
pub struct Accepted(BTreeMap<String, String>);

impl Accepted {
    pub fn read() -> anyhow::Result<Self> {
        Self::parse(&fs::read_to_string(root().join(FILE)).context(FILE)?).context(FILE)
    }

    fn parse(text: &str) -> anyhow::Result<Self> {
        let value: Value = serde_json::from_str(text)?;
        let mut reasons = BTreeMap::new();
        for (id, reason) in value.as_object().context("the file is not an object")? {
            let reason = reason.as_str().unwrap_or_default();
            ensure!(reason.len() >= 20, "{id} is accepted without a reason");
            reasons.insert(id.clone(), reason.to_owned());
        }
        Ok(Self(reasons))
    }

    /// Returns the id among `ids` under which an advisory is accepted: an advisory has several, such as those of GitHub and of CVE.
    pub fn id_of<'a>(&self, ids: &[&'a str]) -> Option<&'a str> {
        ids.iter().copied().find(|id| self.0.contains_key(*id))
    }

    /// Returns an answer about the file itself if it accepts what no database knows any more, unless one was not reachable.
    pub fn unused(&self, answers: &[Answer]) -> Option<Answer> {
        let is_known = answers.iter().all(|answer| answer.verdict.was_reached());
        let used = |id: &String| answers.iter().any(|answer| answer.accepted.contains(id));
        let unused: Vec<_> = self.0.keys().filter(|id| !used(id)).cloned().collect();
        (is_known && !unused.is_empty()).then(|| Answer {
            database: "accepted",
            file: FILE.to_owned(),
            verdict: Verdict::Found(
                unused.into_iter().map(|id| format!("{id} is accepted, and was not found")).collect(),
            ),
            accepted: Vec::new(),
        })
    }
}

#[cfg(test)]
pub mod samples {
    use super::*;

    pub fn accepted(ids: &[&str]) -> Accepted {
        Accepted(ids.iter().map(|id| ((*id).to_owned(), "a reason that is long enough".to_owned())).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::samples::accepted;
    use super::*;

    #[test]
    fn an_accepted_advisory_needs_a_reason() {
        assert!(Accepted::parse("{}").is_ok());
        assert!(Accepted::parse(r#"{"GHSA-1": "Only the tests call it."}"#).is_ok());
        assert!(Accepted::parse(r#"{"GHSA-1": "no"}"#).is_err());
    }

    #[test]
    fn an_accepted_advisory_that_no_database_knows_is_reported_if_all_answered() {
        let answer = |verdict| Answer {
            database: "npm",
            file: "a".to_owned(),
            verdict,
            accepted: vec!["GHSA-1".to_owned()],
        };
        let both = accepted(&["GHSA-1", "GHSA-2"]);
        let unused = both.unused(&[answer(Verdict::Clean)]).expect("an answer");
        assert_eq!(unused.verdict, Verdict::Found(vec!["GHSA-2 is accepted, and was not found".to_owned()]));
        assert_eq!(both.unused(&[answer(Verdict::Unreachable("405".to_owned()))]), None);
        assert_eq!(accepted(&["GHSA-1"]).unused(&[answer(Verdict::Clean)]), None);
    }
}
