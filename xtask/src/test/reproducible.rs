//! Two builds of the program, from two folders and into two target directories.

use std::fs;
use std::process::Command;

use anyhow::Context as _;

use crate::build;
use crate::cargo::{root, target};
use crate::finding::{Finding, Outcome};
use crate::tools::{done, has_python, missing};

/// Compares the program with one that is built from a clone in another folder. Equal programs have equal names in the bucket of artifacts,
/// so a commit that is built twice is one release.
pub fn check(full: bool) -> anyhow::Result<Finding> {
    if !full {
        return Ok(
            Outcome::Skipped("a second release build takes 10 minutes: only with --full".to_owned()).into()
        );
    }
    if !has_python() {
        return Ok(missing("Python with venv, which brings cargo-lambda").into());
    }
    let place = target().join("reproducible");
    if place.exists() {
        fs::remove_dir_all(&place).context("the last clone cannot be removed")?;
    }
    fs::create_dir_all(&place)?;
    // A name of another length: a path that the program contains would move everything behind it.
    let clone = place.join("a-folder-with-another-name");
    done(Command::new("git").args(["clone", "--quiet", "--no-hardlinks"]).arg(root()).arg(&clone))?;
    let first = fs::read(build::for_this_machine()?)?;
    let second = fs::read(build::from(&clone, &place.join("target"))?)?;
    println!("{} bytes, and {} from the other folder", first.len(), second.len());
    let differences = first.iter().zip(&second).filter(|(one, other)| one != other).count();
    Ok(match first == second {
        true => Outcome::Passed,
        false => Outcome::Failed(format!("the programs differ in {differences} bytes")),
    }
    .into())
}
