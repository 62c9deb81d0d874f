//! Advisories about packages of Python: the database of the Python Packaging Authority, which PyPI serves.

use std::path::Path;
use std::process::{Command, Stdio};

use anyhow::Context as _;
use serde_json::Value;

use crate::cargo::root;

use super::accepted::Accepted;
use super::verdict::{Answer, Verdict};

/// Asks about the packages that a file pins, without installing them.
pub fn ask(programs: &Path, pinned: &str, accepted: &Accepted) -> anyhow::Result<Answer> {
    let mut audit = Command::new(programs.join("pip-audit"));
    audit.args(["--disable-pip", "--require-hashes", "--format", "json", "--progress-spinner", "off"]);
    audit.args(["--requirement", pinned]).current_dir(root()).stdin(Stdio::null());
    let output = audit.output().context("cannot start pip-audit")?;
    let report: Value = serde_json::from_slice(&output.stdout).unwrap_or_default();
    let (verdict, accepted) = match report["dependencies"].as_array() {
        Some(packages) if !packages.is_empty() => judge(packages, accepted),
        _ => {
            let printed = String::from_utf8_lossy(&output.stderr).into_owned();
            let last = printed.trim_end().lines().last().unwrap_or("pip-audit prints no report");
            (Verdict::Unreachable(last.to_owned()), Vec::new())
        }
    };
    Ok(Answer { database: "PyPI", file: pinned.to_owned(), verdict, accepted })
}

/// Judges the packages of the report of `pip-audit --format json`. It skips a package about which PyPI does not answer, and is content.
fn judge(packages: &[Value], accepted: &Accepted) -> (Verdict, Vec<String>) {
    let skipped: Vec<_> = packages.iter().filter_map(|package| package["skip_reason"].as_str()).collect();
    if let Some(first) = skipped.first() {
        let why = format!("{} of {} packages were skipped: {first}", skipped.len(), packages.len());
        return (Verdict::Unreachable(why), Vec::new());
    }
    let (mut found, mut known) = (Vec::new(), Vec::new());
    for package in packages {
        for advisory in package["vulns"].as_array().into_iter().flatten() {
            let id = advisory["id"].as_str().unwrap_or("an advisory");
            let others = advisory["aliases"].as_array().into_iter().flatten().filter_map(Value::as_str);
            let ids: Vec<_> = [id].into_iter().chain(others).collect();
            match accepted.id_of(&ids) {
                Some(id) => known.push(id.to_owned()),
                None => found.push(format!(
                    "{}: {} {}",
                    ids.join(", "),
                    package["name"].as_str().unwrap_or_default(),
                    package["version"].as_str().unwrap_or_default()
                )),
            }
        }
    }
    (Verdict::of(found), known)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::accepted::samples::accepted;
    use super::*;

    /// As pip-audit 2.10 prints it.
    fn packages() -> Vec<Value> {
        let advisory = json!({"id": "PYSEC-1", "fix_versions": ["2.0"], "aliases": ["CVE-1", "GHSA-1"], "description": "A flaw."});
        vec![
            json!({"name": "attrs", "version": "26.1.0", "vulns": []}),
            json!({"name": "idna", "version": "1.0", "vulns": [advisory]}),
        ]
    }

    #[test]
    fn an_advisory_is_found_unless_one_of_its_ids_is_accepted() {
        let (verdict, known) = judge(&packages(), &accepted(&[]));
        assert_eq!(verdict, Verdict::Found(vec!["PYSEC-1, CVE-1, GHSA-1: idna 1.0".to_owned()]));
        assert_eq!(known, Vec::<String>::new());
        let (verdict, known) = judge(&packages(), &accepted(&["GHSA-1"]));
        assert_eq!((verdict, known), (Verdict::Clean, vec!["GHSA-1".to_owned()]));
    }

    #[test]
    fn a_skipped_package_is_not_a_clean_one() {
        let skipped = json!({"name": "idna", "skip_reason": "Dependency not found on PyPI"});
        let (verdict, _) = judge(&[packages().remove(0), skipped], &accepted(&[]));
        let why = "1 of 2 packages were skipped: Dependency not found on PyPI";
        assert_eq!(verdict, Verdict::Unreachable(why.to_owned()));
    }
}
