//! One run of a program under callgrind.

use std::{fs, path::Path, process::Stdio};

use anyhow::{Context as _, Result, bail};
use api::functions::HANDLER;
use bench::surroundings::{Runtime, Surroundings};
use tokio::process::Command;

pub struct Counter<'a> {
    pub program: &'a Path,
    /// The name of the function.
    pub name: &'a str,
    pub event: String,
    pub surroundings: &'a Surroundings,
}

impl Counter<'_> {
    /// Returns the number of instructions from the start of the process until it has answered `events` events.
    pub async fn count(&self, events: usize) -> Result<u64> {
        let runtime = Runtime::start(&self.event, events).await?;
        let folder = tempfile::tempdir()?;
        let counts = folder.path().join("counts");
        let mut command = Command::new("valgrind");
        command
            .args(["--quiet", "--tool=callgrind"])
            .arg(format!("--callgrind-out-file={}", counts.display()))
            .arg(self.program)
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            .envs(self.surroundings.variables(&runtime))
            .env(HANDLER, self.name)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .kill_on_drop(true);
        let child = command.spawn().context("valgrind cannot be started")?;
        let done = runtime.all_answered(events).await;
        if let Some(id) = child.id() {
            // callgrind writes its counts when the program ends on this signal.
            let end = std::process::Command::new("kill").args(["-TERM", &id.to_string()]).status()?;
            if !end.success() {
                bail!("valgrind ended before it was asked to");
            }
        }
        let output = child.wait_with_output().await?;
        done.with_context(|| String::from_utf8_lossy(&output.stderr).into_owned())?;
        let counts = fs::read_to_string(counts)?;
        let total = counts.lines().find_map(|line| line.strip_prefix("totals: "));
        total.context("callgrind counted nothing")?.trim().parse().context("callgrind's total")
    }
}
