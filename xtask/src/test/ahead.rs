//! A stage that starts before its turn, in a process of its own, and is waited for when its turn comes.

use std::env::current_exe;
use std::fs::{self, File};
use std::io::Write as _;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};

use anyhow::Context as _;

use crate::cargo::{root, target};
use crate::finding::{Finding, Outcome};

pub struct Ahead {
    stage: &'static str,
    process: Child,
    log: PathBuf,
}

impl Ahead {
    /// Starts `stage`, which must not be skipped on this machine. Its output is kept in a file.
    pub fn start(stage: &'static str, full: bool) -> anyhow::Result<Self> {
        let log = target().join(format!("{stage}.log"));
        fs::create_dir_all(target())?;
        let output = File::create(&log).with_context(|| log.display().to_string())?;
        let mut run = Command::new(current_exe()?);
        run.args(["test", "--only", stage]).args(full.then_some("--full")).current_dir(root());
        let process = run.stdin(Stdio::null()).stdout(output.try_clone()?).stderr(output).spawn()?;
        eprintln!("=== {stage} starts now, beside other stages");
        Ok(Self { stage, process, log })
    }

    pub fn is(&self, stage: &str) -> bool {
        self.stage == stage
    }

    /// Waits for the end of the stage, and prints its output.
    pub fn finish(mut self) -> anyhow::Result<Finding> {
        let status = self.process.wait()?;
        std::io::stderr().write_all(&fs::read(&self.log)?)?;
        let outcome = match status.success() {
            true => Outcome::Passed,
            false => Outcome::Failed(format!("its own process ended with {status}")),
        };
        Ok(outcome.into())
    }
}

/// A run that ends before the turn of the stage ends the stage's process. Programs that the stage has started may go on.
impl Drop for Ahead {
    fn drop(&mut self) {
        if self.process.try_wait().is_ok_and(|ended| ended.is_none()) {
            // The process may end at the same time.
            drop(self.process.kill());
            drop(self.process.wait());
        }
    }
}
