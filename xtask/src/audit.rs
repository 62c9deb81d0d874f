//! `cargo xtask audit`: asks the databases of advisories about every dependency of the repository. Their answers change without a change
//! here, so no commit waits for them: the workflow `audit.yml` asks weekly, and when a pull request changes dependencies.

mod accepted;
mod actions;
mod crates;
mod npm;
mod python;
mod verdict;

use std::fs;
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context as _, ensure};

use crate::cargo::root;
use crate::files::tracked;
use crate::test::templates_as_sarif;
use crate::tools::{has_python, python as environment};

use accepted::Accepted;
use verdict::Verdict;

#[derive(clap::Args)]
pub struct Options {
    /// Also write the findings about crates, workflows and templates as SARIF into this folder
    #[arg(long, value_name = "FOLDER")]
    sarif: Option<PathBuf>,
}

pub fn run(options: &Options) -> anyhow::Result<ExitCode> {
    ensure!(has_python(), "the audit needs Python with venv");
    let programs = environment("checks")?;
    let accepted = Accepted::read()?;
    let files = tracked()?;
    let mut answers = vec![crates::ask(&programs)?];
    for lock in files.iter().filter(|file| file.ends_with("package-lock.json")) {
        answers.push(npm::ask(lock, &accepted));
    }
    let is_pinned = |file: &&String| file.starts_with("tests/tools/requirements-") && file.ends_with(".txt");
    for pinned in files.iter().filter(is_pinned) {
        answers.push(python::ask(&programs, pinned, &accepted)?);
    }
    answers.push(actions::ask(&programs)?);
    let unused = accepted.unused(&answers);
    answers.extend(unused);
    if let Some(folder) = &options.sarif {
        let folder = root().join(folder);
        fs::create_dir_all(&folder).with_context(|| folder.display().to_string())?;
        // Without the database, a file of crates would say that nothing was found.
        if answers[0].verdict.was_reached() {
            crates::write_sarif(&programs, &folder.join("crates.sarif"))?;
        }
        actions::write_sarif(&programs, &folder.join("workflows.sarif"))?;
        templates_as_sarif(&folder)?;
    }
    print!("{}", verdict::table(&answers));
    let is_clean = answers.iter().all(|answer| answer.verdict == Verdict::Clean);
    Ok(if is_clean { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
