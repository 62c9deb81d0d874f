//! Simulates IAM's decisions about the roles of the functions, and about the rights of deployments.

use std::process::Command;

use crate::cargo::{answers, root};
use crate::finding::{Finding, Outcome};
use crate::tools::{done, has_python, missing};

use super::deployment::{TEMPLATES, transformed};

/// Checks that each role allows what its function was recorded to do, that each right of a deployment allows its work, and that all refuse
/// dangerous requests.
pub fn simulate() -> anyhow::Result<Finding> {
    if !answers("npm", "--version") {
        return Ok(missing("npm").into());
    }
    if !has_python() {
        return Ok(missing("Python with venv").into());
    }
    let with_functions =
        TEMPLATES.iter().filter(|template| !["infra/artifacts.yaml", "infra/data.yaml"].contains(template));
    let with_functions = with_functions.map(|template| Ok(transformed(template)?.path));
    let with_functions = with_functions.collect::<anyhow::Result<Vec<_>>>()?;
    let rights = ["infra/deployer.yaml", "infra/workflows.yaml"];
    let rights = rights.into_iter().map(|template| Ok(transformed(template)?.path));
    let rights = rights.collect::<anyhow::Result<Vec<_>>>()?;
    let tests = root().join("tests/iam");
    let mut install = Command::new("npm");
    done(install.args(["ci", "--no-audit", "--no-fund", "--loglevel=error"]).current_dir(&tests))?;
    for (script, templates) in [("check", &with_functions), ("deployments", &rights)] {
        let mut check = Command::new("npm");
        done(check.args(["run", "--silent", script, "--"]).args(templates).current_dir(&tests))?;
    }
    Ok(Outcome::Passed.into())
}
