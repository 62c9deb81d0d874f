//! One run under callgrind.

use std::{fs, path::PathBuf, process::Stdio};

use anyhow::{Context as _, Result, bail};
use local::tables;
use tokio::process::Command;

use crate::{runtime::Runtime, tls::Front};

pub struct Counter<'a> {
    pub program: PathBuf,
    pub event: String,
    pub tls: &'a Front,
}

impl Counter<'_> {
    /// Instructions from the start of the process until it has answered `events` events.
    pub async fn count(&self, events: usize) -> Result<u64> {
        let runtime = Runtime::start(&self.event, events).await?;
        let folder = tempfile::tempdir()?;
        let counts = folder.path().join("counts");
        let mut command = Command::new("valgrind");
        command
            .args(["--quiet", "--tool=callgrind"])
            .arg(format!("--callgrind-out-file={}", counts.display()))
            .arg(&self.program)
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            .envs([
                ("AWS_LAMBDA_RUNTIME_API", runtime.address.as_str()),
                ("AWS_LAMBDA_FUNCTION_NAME", "f"),
                ("AWS_LAMBDA_FUNCTION_VERSION", "1"),
                ("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "512"),
                ("AWS_REGION", "local"),
                ("AWS_ACCESS_KEY_ID", "local"),
                ("AWS_SECRET_ACCESS_KEY", "local"),
                ("AWS_ENDPOINT_URL_DYNAMODB", self.tls.url.as_str()),
                ("CATALOG_TABLE", tables::CATALOG),
                ("ENVIRONMENT", "prod"),
                ("LOG_LEVEL", "warn"),
            ])
            // Trusts nothing else: how many roots a machine has must not count.
            .env("SSL_CERT_FILE", self.tls.certificate.path())
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .kill_on_drop(true);
        let child = command.spawn().context("valgrind cannot be started")?;
        let done = runtime.all_answered(events).await;
        if let Some(id) = child.id() {
            // callgrind writes its counts down when the program is ended so.
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
