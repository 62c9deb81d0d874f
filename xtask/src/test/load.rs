//! The load of the local server with mixed traffic.

use std::env::consts::OS;
use std::fs;
use std::path::Path;
use std::process::Command;

use crate::cargo::{build_programs, target};
use crate::finding::{Finding, Outcome};
use crate::tools::{done, missing};

/// The seconds of the load, and its limits: in CI, latencies are compared with those without load in the same run; with `--full`, also with
/// milliseconds.
const SIZES: [(&str, &str); 2] = [("30", "ratios"), ("600", "all")];

/// Loads the server, and writes the results to `file`.
pub fn check(full: bool, file: &Path) -> anyhow::Result<Finding> {
    if OS != "linux" {
        return Ok(missing("Linux, whose /proc shows the server's memory").into());
    }
    if file.exists() {
        fs::remove_file(file)?;
    }
    done(&mut build_programs())?;
    let (seconds, limits) = SIZES[usize::from(full)];
    println!("{seconds} seconds of load, judged by {limits}; {} and {} with --full", SIZES[1].0, SIZES[1].1);
    let mut load = Command::new(target().join("debug/load"));
    done(load.args(["--seconds", seconds, "--judge", limits, "--json"]).arg(file))?;
    Ok(Outcome::Passed.into())
}
