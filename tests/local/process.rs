//! A running program: started with its own folder, observed, and ended by its handle.

use std::{
    collections::HashMap,
    path::{Path, PathBuf},
    process::{ExitStatus, Stdio},
    sync::{Arc, LazyLock, Mutex, PoisonError},
    time::{Duration, Instant},
};

use serde_json::Value;
use tests::{Answer, House};
use tokio::{
    io::{AsyncBufReadExt as _, AsyncRead, BufReader},
    process::{Child, Command},
    task::JoinHandle,
    time::{sleep, timeout},
};

/// A first start loads the whole snapshot, and an end may publish what a sync fetched, on a machine that may be busy.
const PATIENCE: Duration = Duration::from_secs(60);

/// A program of this workspace that tests start. There is one constant for each, so a test cannot start a file that an earlier build left.
#[derive(Debug, Clone, Copy)]
pub struct Program(&'static str);

impl Program {
    pub const FUNCTIONS: Self = Self("functions");
    pub const LOCAL: Self = Self("local");
    /// Serves one route, whose handler panics.
    pub const PANICS: Self = Self("examples/panics");

    /// Builds the program from the current sources, since `cargo test` alone builds no programs of other packages; returns its path.
    ///
    /// # Panics
    /// If it cannot be built.
    pub fn path(self) -> PathBuf {
        static FOLDER: LazyLock<PathBuf> = LazyLock::new(|| {
            // With examples, dependencies have the features that tests give them, and are not built twice.
            let build = ["build", "--quiet", "--workspace", "--bins", "--examples"];
            let built = cargo().args(build).stdin(Stdio::null()).status();
            assert!(built.is_ok_and(|status| status.success()), "cargo build fails");
            let tests = std::env::current_exe().expect("the path of this program");
            tests.parent().and_then(Path::parent).expect("target/<profile>").to_owned()
        });
        FOLDER.join(self.0)
    }
}

/// cargo, in the repository, with the environment of a user.
pub fn cargo() -> std::process::Command {
    let mut cargo = std::process::Command::new(env!("CARGO"));
    cargo.current_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/.."));
    // Variables that `cargo test` sets about this package. ring's build script watches these, and would run
    // again.
    for (name, _) in std::env::vars_os() {
        let text = name.to_string_lossy();
        if text.starts_with("CARGO_PKG_") || text.starts_with("CARGO_MANIFEST_") {
            cargo.env_remove(name);
        }
    }
    cargo
}

type Lines = Arc<Mutex<Vec<String>>>;

/// Dropping it kills the process if it still runs.
pub struct Process {
    child: Child,
    out: Lines,
    err: Lines,
    readers: [JoinHandle<()>; 2],
}

/// The exit status and output of a program that has ended.
#[derive(Debug)]
pub struct Ended {
    pub status: ExitStatus,
    pub out: Vec<String>,
    pub err: Vec<String>,
}

impl Process {
    /// Starts the local program with `arguments`.
    pub fn start(arguments: &[&str]) -> Self {
        Self::in_folder(&std::env::temp_dir(), arguments)
    }

    /// Starts it with `folder` as the working directory.
    pub fn in_folder(folder: &Path, arguments: &[&str]) -> Self {
        let mut command = Command::new(Program::LOCAL.path());
        command.env_remove("AWS_ACCESS_KEY_ID");
        Self::of(command, folder, arguments)
    }

    /// Starts `command` with `arguments` and with `folder` as the working directory.
    pub fn of(mut command: Command, folder: &Path, arguments: &[&str]) -> Self {
        command.args(arguments).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        command.current_dir(folder).env_remove("RUST_LOG").kill_on_drop(true);
        let mut child = command.spawn().expect("the program starts");
        let (out, err) = (Lines::default(), Lines::default());
        let readers = [
            read(child.stdout.take().expect("its output"), &out),
            read(child.stderr.take().expect("its errors"), &err),
        ];
        Self { child, out, err, readers }
    }

    /// Starts it on `folder` and a free port, with more `arguments`.
    pub fn on(folder: &Path, arguments: &[&str]) -> Self {
        let folder = folder.to_str().expect("a path of text");
        Self::start(&[&["--data", folder, "--port", "0"], arguments].concat())
    }

    /// Waits until it serves requests and returns its address.
    pub async fn ready(&mut self) -> String {
        let started = Instant::now();
        loop {
            if let Some(address) = self.out().iter().find_map(|line| line.strip_prefix("ready: ")) {
                return address.to_owned();
            }
            let ended = self.child.try_wait().expect("its state");
            assert!(ended.is_none(), "it ended with {ended:?} before it was ready: {:?}", self.err());
            assert!(started.elapsed() < PATIENCE, "not ready within {PATIENCE:?}: {:?}", self.err());
            sleep(Duration::from_millis(10)).await;
        }
    }

    /// The variables that `--engines-only` prints, once it has printed them.
    pub async fn variables(&self) -> HashMap<String, String> {
        for _ in 0..6000 {
            let pairs = self.out();
            let pairs = pairs.iter().filter_map(|line| line.split_once('='));
            let variables: HashMap<_, _> =
                pairs.map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
            if variables.len() >= 5 {
                return variables;
            }
            sleep(Duration::from_millis(10)).await;
        }
        panic!("it printed no variables: {:?}", self.out());
    }

    pub fn id(&self) -> u32 {
        self.child.id().expect("it runs")
    }

    pub fn out(&self) -> Vec<String> {
        lock(&self.out).clone()
    }

    pub fn err(&self) -> Vec<String> {
        lock(&self.err).clone()
    }

    /// A value in kB of the kernel's memory statistics of the process, such as `VmRSS`.
    #[cfg(target_os = "linux")]
    pub fn memory(&self, name: &str) -> u64 {
        let id = self.child.id().expect("it runs");
        let status = std::fs::read_to_string(format!("/proc/{id}/status")).expect("its status");
        let line = status.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':')).expect(name);
        line.trim().trim_end_matches(" kB").parse().expect("a number")
    }

    /// Sends a signal, given its name.
    pub fn signal(&self, name: &str) {
        let id = self.id().to_string();
        let sent = std::process::Command::new("kill").args([&format!("-{name}"), &id]).status();
        assert!(sent.expect("kill").success(), "kill -{name} {id}");
    }

    /// Kills it, as `kill -9` does, and waits until it is gone.
    pub async fn kill(&mut self) {
        self.child.kill().await.expect("it can be killed");
    }

    /// Waits until it ends by itself.
    pub async fn end(mut self) -> Ended {
        let Ok(status) = timeout(PATIENCE, self.child.wait()).await else {
            panic!("it still runs after {PATIENCE:?}: {:?}", self.err());
        };
        for reader in &mut self.readers {
            let _ = reader.await;
        }
        Ended { status: status.expect("its status"), out: self.out(), err: self.err() }
    }

    /// Sends Ctrl-C and asserts that it ends successfully.
    pub async fn interrupt(self) -> Ended {
        self.signal("INT");
        let ended = self.end().await;
        assert_eq!(ended.status.code(), Some(0), "{ended:?}");
        ended
    }
}

fn read(stream: impl AsyncRead + Unpin + Send + 'static, into: &Lines) -> JoinHandle<()> {
    let into = Arc::clone(into);
    tokio::spawn(async move {
        let mut lines = BufReader::new(stream).lines();
        while let Ok(Some(line)) = lines.next_line().await {
            lock(&into).push(line);
        }
    })
}

fn lock(lines: &Lines) -> std::sync::MutexGuard<'_, Vec<String>> {
    lines.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Ended {
    /// Asserts that it failed with one line that gives the reason.
    pub fn assert_refused(&self, reason: &str) {
        assert!(self.status.code().is_some_and(|code| code != 0), "{self:?}");
        assert_eq!(self.err.len(), 1, "{self:?}");
        assert!(
            self.err[0].starts_with("pokedex: ") && self.err[0].contains(reason),
            "{reason:?} in {self:?}"
        );
        assert!(self.out.is_empty(), "{self:?}");
    }
}

/// The response to a GET of `path` at `base`.
pub async fn get(base: &str, path: &str) -> Answer {
    House::already_at(base).get(path).await
}

/// The number of Pokémon that are served at `base`.
pub async fn served(base: &str) -> Value {
    get(base, "/api/v1/pokemon?forms=all&per_page=1").await.json()["pagination"]["total"].clone()
}
