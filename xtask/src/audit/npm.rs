//! Advisories about packages of npm: the database of GitHub, which the registry serves.

use std::path::Path;
use std::process::{Command, Stdio};

use serde_json::Value;

use crate::cargo::root;

use super::accepted::Accepted;
use super::verdict::{Answer, Verdict};

/// Asks about a lock file, without installing its packages.
pub fn ask(lock: &str, accepted: &Accepted) -> Answer {
    let folder = Path::new(lock).parent().unwrap_or(Path::new(""));
    let mut audit = Command::new("npm");
    audit.args(["audit", "--package-lock-only", "--json"]).current_dir(root().join(folder));
    let (verdict, accepted) = match audit.stdin(Stdio::null()).stderr(Stdio::null()).output() {
        Ok(output) => judge(&serde_json::from_slice::<Value>(&output.stdout).unwrap_or_default(), accepted),
        Err(error) => (Verdict::Unreachable(format!("npm does not start: {error}")), Vec::new()),
    };
    Answer { database: "npm", file: lock.to_owned(), verdict, accepted }
}

/// Judges the report of `npm audit --json`. It has the same status for advisories and for a registry that does not answer.
fn judge(report: &Value, accepted: &Accepted) -> (Verdict, Vec<String>) {
    let Some(packages) = report["vulnerabilities"].as_object() else {
        let message = report["message"].as_str().unwrap_or("npm prints no report");
        return (Verdict::Unreachable(message.to_owned()), Vec::new());
    };
    let (mut found, mut known) = (Vec::new(), Vec::new());
    for (package, entry) in packages {
        // A text instead of an advisory is the name of the package that brings it, which has an entry of its own.
        for advisory in entry["via"].as_array().into_iter().flatten().filter(|via| via.is_object()) {
            let id = advisory["url"].as_str().and_then(|url| url.rsplit('/').next()).unwrap_or("an advisory");
            match accepted.id_of(&[id]) {
                Some(id) => known.push(id.to_owned()),
                None => found.push(format!(
                    "{id}: {package}, {}, {}",
                    advisory["severity"].as_str().unwrap_or("unknown severity"),
                    advisory["title"].as_str().unwrap_or_default()
                )),
            }
        }
    }
    if found.is_empty() && known.is_empty() && !packages.is_empty() {
        found.push(format!("{} packages without a named advisory", packages.len()));
    }
    (Verdict::of(found), known)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::accepted::samples::accepted;
    use super::*;

    /// As npm 11 prints it.
    fn report() -> Value {
        json!({
            "auditReportVersion": 2,
            "vulnerabilities": {
                "code-frame": {"severity": "high", "via": [{
                    "source": 1,
                    "title": "A flaw",
                    "url": "https://github.com/advisories/GHSA-aaaa-bbbb-cccc",
                    "severity": "high",
                    "range": "<99",
                }]},
                "parse-json": {"severity": "high", "via": ["code-frame"]},
            },
            "metadata": {"vulnerabilities": {"total": 2}},
        })
    }

    #[test]
    fn an_advisory_is_found_once_unless_it_is_accepted() {
        let (verdict, known) = judge(&report(), &accepted(&[]));
        let line = "GHSA-aaaa-bbbb-cccc: code-frame, high, A flaw".to_owned();
        assert_eq!((verdict, known), (Verdict::Found(vec![line]), Vec::new()));
        let (verdict, known) = judge(&report(), &accepted(&["GHSA-aaaa-bbbb-cccc"]));
        assert_eq!((verdict, known), (Verdict::Clean, vec!["GHSA-aaaa-bbbb-cccc".to_owned()]));
        let clean = json!({"vulnerabilities": {}, "metadata": {}});
        assert_eq!(judge(&clean, &accepted(&[])).0, Verdict::Clean);
    }

    #[test]
    fn a_registry_that_does_not_answer_is_not_a_clean_report() {
        let refused =
            json!({"message": "405 Method Not Allowed", "statusCode": 405, "error": {"summary": ""}});
        let unreachable = Verdict::Unreachable("405 Method Not Allowed".to_owned());
        assert_eq!(judge(&refused, &accepted(&[])).0, unreachable);
        assert!(!judge(&Value::Null, &accepted(&[])).0.was_reached());
        let odd = json!({"vulnerabilities": {"parse-json": {"via": ["code-frame"]}}});
        assert!(matches!(judge(&odd, &accepted(&[])).0, Verdict::Found(_)));
    }
}
