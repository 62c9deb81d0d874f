//! Tools from the registries of other languages, each pinned with its hashes and installed below `target/` when first needed.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, bail};

use crate::cargo::{answers, root, status, target};
use crate::finding::Outcome;

/// The outcome of a stage whose tool is missing: an error in CI, a reported skip on a user's machine.
pub fn missing(tool: &str) -> Outcome {
    let why = format!("no {tool}");
    let in_ci = env::var("CI").is_ok_and(|ci| ci == "true");
    if in_ci { Outcome::Failed(why) } else { Outcome::Skipped(why) }
}

/// Returns the programs of a Python environment with the packages that `tests/tools/requirements-<name>.txt` pins.
pub fn python(name: &str) -> anyhow::Result<PathBuf> {
    let pinned = root().join(format!("tests/tools/requirements-{name}.txt"));
    let place = target().join("tools").join(name);
    let (programs, stamp) = (place.join("bin"), place.join("installed.txt"));
    if fs::read(&stamp).is_ok_and(|installed| fs::read(&pinned).is_ok_and(|wanted| wanted == installed)) {
        return Ok(programs);
    }
    eprintln!("installing {} into {}", pinned.display(), place.display());
    if place.exists() {
        fs::remove_dir_all(&place)?;
    }
    done(Command::new("python3").args(["-m", "venv"]).arg(&place))?;
    let install =
        ["install", "--quiet", "--disable-pip-version-check", "--require-hashes", "--no-deps", "-r"];
    done(Command::new(programs.join("pip")).args(install).arg(&pinned))?;
    fs::copy(&pinned, stamp)?;
    Ok(programs)
}

/// Whether Python can create environments: Debian packages this part separately.
pub fn has_python() -> bool {
    answers("python3", "--version")
        && Command::new("python3")
            .args(["-c", "import venv, ensurepip"])
            .stdin(Stdio::null())
            .stderr(Stdio::null())
            .status()
            .is_ok_and(|status| status.success())
}

/// Runs a command that must succeed.
pub fn done(command: &mut Command) -> anyhow::Result<()> {
    let ended = status(command.stdin(Stdio::null()))?;
    if !ended.success() {
        bail!("{} ended with {ended}", shown(command));
    }
    Ok(())
}

/// Formats a command for a report, shortened because some list many files.
fn shown(command: &Command) -> String {
    let program = Path::new(command.get_program()).file_name().unwrap_or_default();
    let arguments = command.get_args().map(|argument| argument.to_string_lossy().into_owned());
    let all: Vec<_> = [program.to_string_lossy().into_owned()].into_iter().chain(arguments).collect();
    let shown: String = all.join(" ").chars().take(120).collect();
    if shown.len() < all.join(" ").len() { format!("{shown} …") } else { shown }
}

/// The product, which serves on a free port with its data in memory and ends when this value is dropped.
pub struct Server {
    process: std::process::Child,
    pub url: String,
}

impl Server {
    pub fn start(options: &[&str]) -> anyhow::Result<Self> {
        let log = target().join("tools/server.log");
        fs::create_dir_all(target().join("tools"))?;
        let program = target().join("debug/local");
        let process = Command::new(&program)
            .args(["--memory", "--port", "0"])
            .args(options)
            .stdin(Stdio::null())
            .stdout(fs::File::create(&log)?)
            .spawn()
            .with_context(|| format!("cannot start {}", program.display()))?;
        let mut server = Self { process, url: String::new() };
        for _ in 0..600 {
            let output = fs::read_to_string(&log)?;
            if let Some(url) = output.lines().find_map(|line| line.strip_prefix("ready: ")) {
                url.clone_into(&mut server.url);
                return Ok(server);
            }
            if let Some(ended) = server.process.try_wait()? {
                bail!("the local server ended with {ended}");
            }
            std::thread::sleep(std::time::Duration::from_millis(100));
        }
        bail!("the local server is not ready within a minute")
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // An error means that the process has already ended.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
