//! Simulates IAM's decisions about the roles of the functions.

use std::fs;
use std::process::Command;

use crate::cargo::{answers, root, target};
use crate::finding::{Finding, Outcome};
use crate::tools::{done, has_python, missing, python};

use super::deployment::REGION;

/// The templates that contain functions.
const TEMPLATES: [&str; 1] = ["template.yaml"];

/// Checks that each role allows what its function was recorded to do, and refuses dangerous requests.
pub fn simulate() -> anyhow::Result<Finding> {
    if !answers("npm", "--version") {
        return Ok(missing("npm").into());
    }
    if !has_python() {
        return Ok(missing("Python with venv").into());
    }
    let python = python("sam")?.join("python");
    let place = target().join("tools/iam");
    fs::create_dir_all(&place)?;
    let mut transformed = Vec::new();
    for template in TEMPLATES {
        let plain = place.join(template.replace('/', "-")).with_extension("json");
        let mut transform = Command::new(&python);
        transform.arg("tests/rehearsal/transform.py").arg(template).arg(&plain).arg(REGION);
        done(transform.current_dir(root()))?;
        transformed.push(plain);
    }
    let tests = root().join("tests/iam");
    let mut install = Command::new("npm");
    done(install.args(["ci", "--no-audit", "--no-fund", "--loglevel=error"]).current_dir(&tests))?;
    let mut check = Command::new("npm");
    done(check.args(["run", "--silent", "check", "--"]).args(&transformed).current_dir(&tests))?;
    Ok(Outcome::Passed.into())
}
