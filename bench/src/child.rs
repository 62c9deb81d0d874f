//! The measured programs, which are started and ended here.

use std::{
    env::{self, consts::EXE_SUFFIX},
    fs::{self, File},
    io::{BufRead as _, BufReader},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::mpsc::{self, Receiver},
    thread,
    time::{Duration, Instant},
};

use adapters::aws;
use anyhow::{Context as _, Result, anyhow, ensure};
use aws_sdk_dynamodb::Client;
use tempfile::{NamedTempFile, TempPath};

use crate::machine;

/// The time after which a start counts as failed.
const START: Duration = Duration::from_secs(120);
/// The time in which a program must end when it is asked to.
const END: Duration = Duration::from_secs(10);

/// The folders into which cargo builds.
#[derive(Debug)]
pub struct Binaries {
    /// The folder of this program and of those with the same profile.
    profile: PathBuf,
}

impl Binaries {
    pub fn find() -> Result<Self> {
        let program = env::current_exe()?;
        let profile = program.parent().context("this program lies in no folder")?.to_owned();
        let found = Self { profile };
        ensure!(found.local().exists(), "{} is not there: build `-p local` too", found.local().display());
        Ok(found)
    }

    /// `local` with this program's own profile.
    pub fn local(&self) -> PathBuf {
        self.profile.join(format!("local{EXE_SUFFIX}"))
    }

    /// `local` with the dev profile, if it has been built.
    pub fn dev_local(&self) -> Option<PathBuf> {
        let dev = self.target().join("debug").join(format!("local{EXE_SUFFIX}"));
        dev.exists().then_some(dev)
    }

    /// A program with the release profile, if it has been built.
    pub fn release(&self, name: &str) -> Option<PathBuf> {
        let program = self.target().join("release").join(format!("{name}{EXE_SUFFIX}"));
        program.exists().then_some(program)
    }

    pub fn target(&self) -> &Path {
        self.profile.parent().unwrap_or(&self.profile)
    }
}

/// A running program, which ends when this value is dropped.
#[derive(Debug)]
pub struct Process {
    child: Child,
    started: Instant,
    lines: Receiver<String>,
    /// Its standard error, for error reports.
    stderr: TempPath,
}

impl Process {
    pub fn start(command: &mut Command) -> Result<Self> {
        let (stderr, path) = NamedTempFile::new()?.into_parts();
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(stderr);
        let started = Instant::now();
        let mut child = command
            .spawn()
            .with_context(|| format!("{} cannot be started", command.get_program().display()))?;
        let output = child.stdout.take();
        let (sender, lines) = mpsc::channel();
        thread::spawn(move || {
            // Reads to the end even if nothing receives the lines: a full pipe would block the program.
            for line in
                output.into_iter().flat_map(|output| BufReader::new(output).lines()).map_while(Result::ok)
            {
                let _ = sender.send(line);
            }
        });
        Ok(Self { child, started, lines, stderr: path })
    }

    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// The most memory that the program has used so far, in bytes.
    pub fn peak_memory(&self) -> Result<f64> {
        machine::peak_memory(self.id())
    }

    /// Whether the program is still running.
    pub fn is_running(&mut self) -> bool {
        matches!(self.child.try_wait(), Ok(None))
    }

    /// Waits for a line that begins with `start`; returns the rest of it, and the time since the start of the program.
    pub fn line(&self, start: &str, within: Duration) -> Result<(String, Duration)> {
        loop {
            let left = within.saturating_sub(self.started.elapsed());
            let line = self
                .lines
                .recv_timeout(left)
                .map_err(|_| anyhow!("it never said {start:?}, but: {}", self.stderr().trim_end()))?;
            if let Some(rest) = line.strip_prefix(start) {
                return Ok((rest.trim().to_owned(), self.started.elapsed()));
            }
        }
    }

    /// Returns what the program has written to standard error.
    pub fn stderr(&self) -> String {
        fs::read_to_string(&self.stderr).unwrap_or_default()
    }

    /// Ends the program like Ctrl-C, and by force if that does not help.
    pub fn stop(mut self) {
        self.interrupt();
        let interrupted_at = Instant::now();
        while self.is_running() && interrupted_at.elapsed() < END {
            thread::sleep(Duration::from_millis(5));
        }
    }

    #[cfg(unix)]
    fn interrupt(&self) {
        use rustix::process::{Pid, Signal, kill_process};
        // The program may already have ended, which is fine.
        let _ = kill_process(Pid::from_child(&self.child), Signal::TERM);
    }

    #[cfg(not(unix))]
    fn interrupt(&mut self) {
        let _ = self.child.kill();
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // Both fail only if the program has already ended.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A `local` that is ready.
#[derive(Debug)]
pub struct Local {
    pub process: Process,
    pub url: String,
    /// The time from its start to its `ready:` line.
    pub took: Duration,
}

impl Local {
    /// A server, with the embedded engine in memory.
    pub fn in_memory(binaries: &Binaries) -> Result<Self> {
        Self::start(Command::new(binaries.local()).arg("--memory"), START)
    }

    /// A server that uses an engine in another process.
    pub fn on_engine(binaries: &Binaries, engine: &LocalEngine) -> Result<Self> {
        let mut command = Command::new(binaries.local());
        command.args(["--dynamodb", &engine.local.url]).env("AWS_ACCESS_KEY_ID", &engine.access_key_id);
        Self::start(&mut command, START)
    }

    /// A server whose data is in `folder`.
    pub fn in_folder(binary: &Path, folder: &Path) -> Result<Self> {
        Self::start(Command::new(binary).arg("--data").arg(folder), START)
    }

    /// Starts `command`, which is `local` with options, on a free port.
    pub fn start(command: &mut Command, within: Duration) -> Result<Self> {
        let process = Process::start(command.args(["--port", "0"]))?;
        let (url, took) = process
            .line("ready: ", within)
            .with_context(|| format!("{} did not start", command.get_program().display()))?;
        Ok(Self { process, url, took })
    }
}

/// The engine of `local` alone, in memory and ready.
#[derive(Debug)]
pub struct LocalEngine {
    local: Local,
    access_key_id: String,
}

impl LocalEngine {
    pub fn start(binaries: &Binaries) -> Result<Self> {
        let mut command = Command::new(binaries.local());
        let local = Local::start(command.args(["--engines-only", "--memory"]), START)?;
        let (access_key_id, _) = local.process.line("AWS_ACCESS_KEY_ID=", START)?;
        Ok(Self { local, access_key_id })
    }

    pub fn client(&self) -> Client {
        aws::at_with(&self.local.url, &self.access_key_id)
    }
}

/// Reads the address that a program writes to `file` once it serves.
pub fn port(process: &mut Process, file: &Path) -> Result<u16> {
    loop {
        let port = File::open(file).ok().and_then(|file| std::io::read_to_string(file).ok());
        if let Some(port) = port.and_then(|port| port.trim().parse().ok()) {
            return Ok(port);
        }
        ensure!(process.is_running(), "it ended: {}", process.stderr().trim_end());
        ensure!(process.started.elapsed() < START, "it wrote no port to {}", file.display());
        thread::sleep(Duration::from_millis(50));
    }
}
