//! The list of components: valid, complete, and true of the program.

use std::collections::BTreeSet;
use std::env::consts::ARCH;
use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

use anyhow::{Context as _, ensure};
use serde_json::Value;

use crate::build;
use crate::cargo::{cargo, root};
use crate::finding::{Finding, Outcome};
use crate::sbom;
use crate::tools::{done, has_python, missing};

/// Checks that the list is valid, is the same when it is made again, and contains exactly the packages that `cargo tree` prints.
pub fn check_list(programs: &Path) -> anyhow::Result<()> {
    let path = sbom::write(sbom::ARM64)?;
    let first = fs::read_to_string(&path)?;
    ensure!(fs::read_to_string(sbom::write(sbom::ARM64)?)? == first, "the same lock file gave another list");
    done(Command::new(programs.join("python")).arg("tests/tools/sbom.py").arg(&path).current_dir(root()))?;
    let document: Value = serde_json::from_str(&first)?;
    let components = document["components"].as_array().context("components")?;
    let listed: Vec<_> = components.iter().chain([&document["metadata"]["component"]]).map(shown).collect();
    let expected = printed()?;
    let names: BTreeSet<_> = listed.iter().cloned().collect();
    println!("{} components; cargo tree prints {}", listed.len(), expected.len());
    ensure!(
        names == expected && names.len() == listed.len(),
        "the list and the tree differ in {:?}",
        names.symmetric_difference(&expected).collect::<Vec<_>>()
    );
    Ok(())
}

/// Returns `name v1.2.3`, as `cargo tree` prints it.
fn shown(component: &Value) -> String {
    let text = |name: &str| component[name].as_str().unwrap_or_default();
    format!("{} v{}", text("name"), text("version"))
}

/// Returns the packages that `cargo tree` prints in its own format.
fn printed() -> anyhow::Result<BTreeSet<String>> {
    let arguments = ["tree", "--locked", "-p", "functions", "--prefix", "none"];
    let edges = ["-e", "normal,no-proc-macro", "--target", sbom::ARM64];
    let output = cargo(arguments).args(edges).stderr(Stdio::inherit()).output()?;
    ensure!(output.status.success(), "cargo tree ended with {}", output.status);
    let lines = String::from_utf8(output.stdout)?;
    let first_words = |line: &str| line.split(' ').take(2).collect::<Vec<_>>().join(" ");
    Ok(lines.lines().filter(|line| !line.is_empty()).map(first_words).collect())
}

/// Checks that the list contains every crate that the release build of the program names.
pub fn check_program() -> anyhow::Result<Finding> {
    if ARCH != "x86_64" {
        return Ok(missing("x86_64 processor: the program of the tests is for that").into());
    }
    if !has_python() {
        return Ok(missing("Python with venv, which brings cargo-lambda").into());
    }
    let absent = sbom::missing(sbom::X86_64, &build::for_this_machine()?)?;
    Ok(match absent.is_empty() {
        true => Outcome::Passed,
        false => Outcome::Failed(format!("the list lacks {}", absent.join(", "))),
    }
    .into())
}
