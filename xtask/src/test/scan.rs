//! The scan of the templates for known risks. `infra/findings.json` explains every finding that stays.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

use anyhow::{Context, ensure};
use serde_json::Value;

use crate::cargo::root;
use crate::finding::{Finding, Outcome};
use crate::tools::{has_python, missing, python};

use super::deployment::{OF_THE_ACCOUNT, TEMPLATES};

const FINDINGS: &str = "infra/findings.json";

/// Kinds of resources that an explanation can name instead of each resource, and the ends of their logical ids.
const KINDS: [(&str, &str); 2] = [("functions", "Function"), ("logs", "Logs")];

/// Checks that the scanner finds nothing but what is explained, and that each explanation still explains something.
pub fn templates() -> anyhow::Result<Finding> {
    if !has_python() {
        return Ok(missing("Python with venv").into());
    }
    // Its status says only whether it found anything.
    let output = checkov(&["--output", "json"])?.output().context("checkov does not start")?;
    let report: Value = serde_json::from_slice(&output.stdout)
        .with_context(|| format!("checkov reports {}", String::from_utf8_lossy(&output.stderr)))?;
    let passed = report["summary"]["passed"].as_u64().unwrap_or_default();
    ensure!(
        passed > 100 && report["summary"]["parsing_errors"] == 0,
        "checkov read too little: {}",
        report["summary"]
    );
    let explained = explained()?;
    let wrong = judged(&found(&report), &explained);
    println!(
        "{passed} checks passed; {} kinds of findings are explained in {FINDINGS}",
        explained.as_object().map_or(0, |all| all.len())
    );
    if wrong.is_empty() {
        return Ok(Outcome::Passed.into());
    }
    wrong.iter().for_each(|line| println!("{line}"));
    Ok(Outcome::Failed(format!("{} findings are not in order", wrong.len())).into())
}

/// Writes the findings without an explanation as SARIF into `folder`; its file is named by the scanner.
pub fn sarif(folder: &Path) -> anyhow::Result<()> {
    let explained = explained()?;
    let kinds: Vec<_> =
        explained.as_object().into_iter().flatten().map(|(check, _)| check.as_str()).collect();
    let mut scan = checkov(&["--output", "sarif", "--skip-check", &kinds.join(",")])?;
    scan.arg("--output-file-path").arg(folder).stdout(Stdio::null());
    scan.status().context("checkov does not start")?;
    let written = folder.join("results_sarif.sarif");
    ensure!(written.is_file(), "checkov wrote no {}", written.display());
    Ok(())
}

/// Returns the command that scans every template.
fn checkov(options: &[&str]) -> anyhow::Result<Command> {
    let mut scan = Command::new(python("checkov")?.join("checkov"));
    scan.args(["--skip-download", "--quiet", "--compact", "--framework", "cloudformation"]).args(options);
    scan.arg("--file").args(TEMPLATES).args(OF_THE_ACCOUNT);
    scan.current_dir(root()).stdin(Stdio::null());
    Ok(scan)
}

fn explained() -> anyhow::Result<Value> {
    serde_json::from_str(&fs::read_to_string(root().join(FINDINGS))?).context(FINDINGS)
}

/// The resources of each finding, with its name.
fn found(report: &Value) -> BTreeMap<String, (String, BTreeSet<String>)> {
    let mut found: BTreeMap<String, (String, BTreeSet<String>)> = BTreeMap::new();
    for check in report["results"]["failed_checks"].as_array().into_iter().flatten() {
        let text = |name: &str| check[name].as_str().unwrap_or_default().to_owned();
        let resource = text("resource");
        let resource = resource.rsplit('.').next().unwrap_or_default().to_owned();
        let finding = found.entry(text("check_id")).or_insert_with(|| (text("check_name"), BTreeSet::new()));
        finding.1.insert(resource);
    }
    found
}

/// The findings without an explanation, and the explanations without a finding.
fn judged(found: &BTreeMap<String, (String, BTreeSet<String>)>, explained: &Value) -> Vec<String> {
    let mut wrong = Vec::new();
    for (check, (name, resources)) in found {
        let reason = explained[check]["reason"].as_str().unwrap_or_default();
        let is_explained = |resource: &String| match &explained[check]["resources"] {
            Value::Array(named) => named.iter().any(|one| one == resource),
            Value::String(kind) => KINDS.iter().any(|(one, end)| one == kind && resource.ends_with(end)),
            _ => false,
        };
        let others = resources.iter().filter(|resource| reason.len() < 20 || !is_explained(resource));
        wrong.extend(others.map(|resource| format!("{resource}: {check}, {name}")));
    }
    for (check, explanation) in explained.as_object().into_iter().flatten() {
        let Some((_, resources)) = found.get(check) else {
            wrong.push(format!("{check} is explained, and was not found"));
            continue;
        };
        let named = explanation["resources"].as_array().into_iter().flatten().filter_map(Value::as_str);
        let gone = named.filter(|name| !resources.contains(*name));
        wrong.extend(gone.map(|name| format!("{check} is explained for {name}, and was not found there")));
    }
    wrong
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_finding_needs_an_explanation_and_an_explanation_a_finding() {
        let report = json!({"results": {"failed_checks": [
            {"check_id": "A", "check_name": "bad", "resource": "AWS::S3::Bucket.Logs"},
            {"check_id": "B", "check_name": "worse", "resource": "AWS::Serverless::Function.GetThingFunction"},
        ]}});
        let found = found(&report);
        let because = "a reason that is long enough";
        let good = json!({"A": {"resources": ["Logs"], "reason": because}, "B": {"resources": "functions", "reason": because}});
        assert_eq!(judged(&found, &good), Vec::<String>::new());
        for (explained, wrong) in [
            (json!({"A": good["A"]}), "GetThingFunction: B, worse"),
            (json!({"A": {"resources": ["Logs"], "reason": ""}, "B": good["B"]}), "Logs: A, bad"),
            (
                json!({"A": {"resources": ["Logs", "Other"], "reason": because}, "B": good["B"]}),
                "A is explained for Other, and was not found there",
            ),
            (json!({"A": good["A"], "B": good["B"], "C": good["A"]}), "C is explained, and was not found"),
        ] {
            assert_eq!(judged(&found, &explained), [wrong]);
        }
    }
}
