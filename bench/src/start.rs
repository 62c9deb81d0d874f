//! The local start: from the command to `ready:`, on an empty folder and on a filled one.

use std::path::Path;

use anyhow::Result;
use bench::{
    child::{Binaries, Local},
    machine::{MB, cpu},
};

use crate::{
    effort::Effort,
    report::{Report, Spread, Target},
};

const GROUP: &str = "start (wall clock unless CPU)";

pub fn measure(binaries: &Binaries, effort: &Effort, report: &mut Report) -> Result<()> {
    starts("optimised build", &binaries.local(), effort, report)?;
    match binaries.dev_local() {
        Some(dev) => starts("dev build", &dev, effort, report),
        None => {
            report.skip("start, dev build: there is no dev build (cargo build)");
            Ok(())
        }
    }
}

fn starts(build: &str, binary: &Path, effort: &Effort, report: &mut Report) -> Result<()> {
    let mut first = Starts::default();
    let mut later = Starts::default();
    for _ in 0..effort.starts {
        let folder = tempfile::tempdir()?;
        first.add(binary, folder.path())?;
        later.add(binary, folder.path())?;
    }
    first.report(&format!("{build}, first"), 5.0, report);
    later.report(&format!("{build}, later"), 1.0, report);
    Ok(())
}

#[derive(Default)]
struct Starts {
    seconds: Vec<f64>,
    cpu: Vec<f64>,
    peak: Vec<f64>,
}

impl Starts {
    fn add(&mut self, binary: &Path, folder: &Path) -> Result<()> {
        let server = Local::in_folder(binary, folder)?;
        self.seconds.push(server.took.as_secs_f64());
        self.cpu.push(cpu(server.process.id())?.as_secs_f64());
        self.peak.push(server.process.peak_memory()? / MB);
        server.process.stop();
        Ok(())
    }

    fn report(self, name: &str, most: f64, report: &mut Report) {
        report.add(GROUP, name, "s", Spread::of(self.seconds), Target::AtMost(most));
        report.add(GROUP, format!("{name}, CPU"), "s", Spread::of(self.cpu), None);
        report.add(GROUP, format!("{name}, peak memory"), "MB", Spread::of(self.peak), None);
    }
}
