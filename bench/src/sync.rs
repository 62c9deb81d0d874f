//! A sync from a mirror of PokeAPI at full speed, on an empty folder and again on the filled one.

use std::{env, path::Path, process::Command, time::Duration};

use anyhow::{Context as _, Result, ensure};
use bench::{
    child::{Binaries, Local, Process, port},
    machine::{MB, cpu},
};

use crate::{
    effort::Effort,
    report::{Report, Spread, Target},
};

const GROUP: &str = "sync (wall clock unless CPU)";
/// The variable that names a program which serves PokeAPI's data: `$POKEAPI_MIRROR --port 0 --port-file FILE`.
const MIRROR: &str = "POKEAPI_MIRROR";
/// The time after which a sync counts as failed.
const LONGEST: Duration = Duration::from_secs(300);

pub fn measure(binaries: &Binaries, effort: &Effort, report: &mut Report) -> Result<()> {
    let Some(program) = env::var_os(MIRROR).filter(|program| !program.is_empty()) else {
        report.skip(format!("sync: {MIRROR} names no program"));
        return Ok(());
    };
    let mirror = Mirror::start(Path::new(&program))?;
    let mut first = Syncs::default();
    let mut again = Syncs::default();
    for _ in 0..effort.starts {
        let folder = tempfile::tempdir()?;
        first.add(binaries, folder.path(), &mirror.url)?;
        again.add(binaries, folder.path(), &mirror.url)?;
    }
    first.report("the first", report);
    again.report("the second", report);
    Ok(())
}

struct Mirror {
    /// The mirror's process, which ends when this value is dropped.
    _process: Process,
    url: String,
}

impl Mirror {
    fn start(program: &Path) -> Result<Self> {
        let folder = tempfile::tempdir()?;
        let file = folder.path().join("port");
        let mut command = match program.extension() {
            Some(extension) if extension == "py" => {
                let mut python = Command::new("python3");
                python.arg(program);
                python
            }
            _ => Command::new(program),
        };
        let mut process = Process::start(command.args(["--port", "0", "--port-file"]).arg(&file))?;
        let port = port(&mut process, &file).context("the mirror did not start")?;
        Ok(Self { _process: process, url: format!("http://127.0.0.1:{port}/api/v2") })
    }
}

#[derive(Default)]
struct Syncs {
    seconds: Vec<f64>,
    cpu: Vec<f64>,
    peak: Vec<f64>,
}

impl Syncs {
    fn add(&mut self, binaries: &Binaries, folder: &Path, mirror: &str) -> Result<()> {
        let mut command = Command::new(binaries.local());
        command.args(["--sync", "--sync-rate", "0", "--pokeapi", mirror, "--data"]).arg(folder);
        let server = Local::start(&mut command, LONGEST)?;
        // The server starts even if the sync fails, so its output shows whether it did.
        let stderr = server.process.stderr();
        ensure!(stderr.contains("sync: fetched"), "the sync did not finish: {}", stderr.trim_end());
        self.seconds.push(server.took.as_secs_f64());
        self.cpu.push(cpu(server.process.id())?.as_secs_f64());
        self.peak.push(server.process.peak_memory()? / MB);
        server.process.stop();
        Ok(())
    }

    fn report(self, name: &str, report: &mut Report) {
        report.add(GROUP, format!("{name}, to ready"), "s", Spread::of(self.seconds), Target::AtMost(60.0));
        report.add(GROUP, format!("{name}, CPU"), "s", Spread::of(self.cpu), None);
        report.add(GROUP, format!("{name}, peak memory"), "MB", Spread::of(self.peak), Target::AtMost(128.0));
    }
}
