//! A bash session for commands: variables last from one command to the next, and servers run in the background.

use std::ffi::OsString;
use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError};
use std::thread::{self, sleep};
use std::time::{Duration, Instant};
use std::{env, io};

use anyhow::{Context, bail, ensure};

use super::mirror::Mirror;
use super::steps::{Ready, Step};

/// The time limit of a command; the first one builds the workspace.
const PATIENCE: Duration = Duration::from_secs(20 * 60);

/// The time in which a server must end after Ctrl-C.
const STOP_TIMEOUT: Duration = Duration::from_secs(20);

/// Marks the end of a command's output; its exit status follows.
const END: &str = "\u{1e}end of command: ";

/// The session, which ends when this value is dropped, together with its servers.
pub struct Terminal {
    bash: Child,
    input: ChildStdin,
    output: Receiver<String>,
    clone: PathBuf,
    scratch: PathBuf,
    servers: Vec<Server>,
    /// The number of servers started so far.
    started: usize,
}

/// A process group in the background.
struct Server {
    group: String,
    log: PathBuf,
}

impl Terminal {
    /// Opens a session in `clone`; its files and its builds go to `place`.
    pub fn open(clone: &Path, place: &Path, tools: &Path, mirror: Option<&Mirror>) -> anyhow::Result<Self> {
        let scratch = place.join("terminal");
        // Logs of an earlier run would wrongly show that servers are ready.
        if scratch.exists() {
            fs::remove_dir_all(&scratch)?;
        }
        fs::create_dir_all(&scratch)?;
        let mut command = Command::new("bash");
        command.args(["--noprofile", "--norc"]).current_dir(clone);
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::inherit());
        for (name, _) in env::vars_os() {
            // Variables that cargo set for this program must not reach the programs that it starts.
            if name.to_string_lossy().starts_with("CARGO") && name != "CARGO_HOME" {
                command.env_remove(name);
            }
        }
        command.env("PATH", path_with(tools)?).env("CARGO_TARGET_DIR", place.join("target"));
        if let Some(mirror) = mirror {
            command.env("POKEAPI_BASE_URL", &mirror.url).env("SYNC_REQUESTS_PER_MINUTE", "0");
        }
        let mut bash = command.spawn().context("cannot start bash")?;
        let input = bash.stdin.take().context("bash has no input")?;
        let stdout = bash.stdout.take().context("bash has no output")?;
        let (send, output) = mpsc::channel();
        thread::spawn(move || {
            let mut lines = BufReader::new(stdout).split(b'\n').map_while(Result::ok);
            lines.all(|line| send.send(String::from_utf8_lossy(&line).into_owned()).is_ok())
        });
        let clone = clone.to_owned();
        let mut terminal = Self { bash, input, output, clone, scratch, servers: Vec::new(), started: 0 };
        // Each server gets its own process group for Ctrl-C; an HTTP error fails the command.
        let setup =
            "exec 2>&1; set -m; curl() { command curl --fail-with-body --silent --show-error \"$@\"; }";
        terminal.run(setup)?;
        Ok(terminal)
    }

    /// Executes `command` as a reader of the document would.
    pub fn perform(&mut self, command: &str, step: &Step) -> anyhow::Result<()> {
        match step {
            Step::Exempt(_) => Ok(()),
            Step::Serve(ready) => self.serve(command, *ready),
            Step::Run { needs_servers_stopped, output } => {
                if *needs_servers_stopped {
                    self.stop_servers()?;
                }
                let mut printed = self.run(command)?;
                if let Some((_, file)) = command.split_once(" -o ") {
                    let written = fs::read(self.clone.join(file)).with_context(|| format!("no {file}"))?;
                    printed.push_str(&String::from_utf8_lossy(&written));
                }
                for part in *output {
                    ensure!(printed.contains(part), "{part} is not in its output: {}", shortened(&printed));
                }
                Ok(())
            }
        }
    }

    /// Sends Ctrl-C to every server, and kills one that continues: other tests check how the product's own server ends.
    pub fn stop_servers(&mut self) -> anyhow::Result<()> {
        for server in std::mem::take(&mut self.servers) {
            server.signal("INT");
            let interrupted_at = Instant::now();
            while server.runs() {
                if interrupted_at.elapsed() > STOP_TIMEOUT {
                    println!("    killed, as it did not end after Ctrl-C: {}", server.output());
                    server.signal("KILL");
                    break;
                }
                sleep(Duration::from_millis(50));
            }
        }
        Ok(())
    }

    /// Runs a command to its end and returns its output.
    fn run(&mut self, command: &str) -> anyhow::Result<String> {
        let script = self.scratch.join("command.sh");
        fs::write(&script, format!("{command}\n"))?;
        let typed = format!("source '{}' </dev/null; printf '\\n{END}%s\\n' \"$?\"\n", script.display());
        self.input.write_all(typed.as_bytes()).context("bash has ended")?;
        let begun = Instant::now();
        let mut output = String::new();
        loop {
            let line = match self.output.recv_timeout(PATIENCE.saturating_sub(begun.elapsed())) {
                Ok(line) => line,
                Err(RecvTimeoutError::Timeout) => {
                    bail!("not done within {PATIENCE:?}: {}", shortened(&output))
                }
                Err(RecvTimeoutError::Disconnected) => bail!("bash has ended: {}", shortened(&output)),
            };
            if let Some(status) = line.strip_prefix(END) {
                ensure!(status == "0", "ended with {status}: {}", shortened(&output));
                return Ok(output);
            }
            output.push_str(&line);
            output.push('\n');
        }
    }

    /// Starts a server in the background and waits until it answers.
    fn serve(&mut self, command: &str, ready: Ready) -> anyhow::Result<()> {
        let log = self.scratch.join(format!("server-{}.log", self.started));
        self.started += 1;
        fs::File::create(&log)?;
        let script = self.scratch.join("server.sh");
        fs::write(&script, format!("{command}\n"))?;
        let (script, shown) = (script.display(), log.display());
        let typed = format!("{{ source '{script}'; }} </dev/null >'{shown}' 2>&1 & echo \"group $!\"");
        let output = self.run(&typed)?;
        let group =
            output.lines().find_map(|line| line.strip_prefix("group ")).context("bash names no process")?;
        let server = Server { group: group.to_owned(), log };
        let begun = Instant::now();
        let failure = loop {
            if server.is_ready(ready) {
                break None;
            }
            if !server.runs() {
                break Some(format!("it ended: {}", server.output()));
            }
            if begun.elapsed() > PATIENCE {
                break Some(format!("not ready within {PATIENCE:?}: {}", server.output()));
            }
            sleep(Duration::from_millis(100));
        };
        self.servers.push(server);
        failure.map_or(Ok(()), |failure| bail!(failure))
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        for server in &self.servers {
            server.signal("KILL");
        }
        // An error means that the process has already ended.
        let _ = self.bash.kill();
        let _ = self.bash.wait();
    }
}

impl Server {
    fn output(&self) -> String {
        shortened(&fs::read_to_string(&self.log).unwrap_or_default())
    }

    fn is_ready(&self, ready: Ready) -> bool {
        match ready {
            Ready::Line => fs::read_to_string(&self.log)
                .is_ok_and(|output| output.lines().any(|line| line.starts_with("ready: "))),
            Ready::Port(port) => TcpStream::connect(("127.0.0.1", port)).is_ok(),
        }
    }

    fn runs(&self) -> bool {
        self.kill("0").is_ok_and(|is_running| is_running)
    }

    fn signal(&self, name: &str) {
        // An error means that the process has already ended.
        let _ = self.kill(name);
    }

    fn kill(&self, signal: &str) -> io::Result<bool> {
        let mut kill = Command::new("kill");
        kill.arg(format!("-{signal}")).args(["--", &format!("-{}", self.group)]);
        Ok(kill.stderr(Stdio::null()).status()?.success())
    }
}

/// Puts the tools of the Python environment first, among them cargo-lambda.
fn path_with(tools: &Path) -> anyhow::Result<OsString> {
    let path = env::var_os("PATH").unwrap_or_default();
    Ok(env::join_paths([tools.to_owned()].into_iter().chain(env::split_paths(&path)))?)
}

/// The end of a command's output.
fn shortened(output: &str) -> String {
    let all: Vec<char> = output.trim().chars().collect();
    all[all.len().saturating_sub(1500)..].iter().collect()
}
