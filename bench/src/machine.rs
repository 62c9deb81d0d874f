//! Resources that processes use.

use std::{fs, num::NonZero, thread, time::Duration};

use anyhow::{Context as _, Result};

/// Clock ticks per second in `/proc/PID/stat`: the value that Linux reports to user space, whatever its own frequency
/// is.
const TICKS: u64 = 100;

pub const MB: f64 = 1_000_000.0;

/// The CPU time of this process, in all threads, while `work` runs.
pub fn own_cpu<T>(work: impl FnOnce() -> T) -> (T, Duration) {
    let start = process_cpu();
    let done = work();
    (done, process_cpu().saturating_sub(start))
}

#[cfg(unix)]
fn process_cpu() -> Duration {
    use rustix::time::{ClockId, clock_gettime};
    let time = clock_gettime(ClockId::ProcessCPUTime);
    // The clock starts at 0 with the process.
    Duration::try_from(time).unwrap_or_default()
}

/// A stub for other systems. It is never called: the programs of this package end first.
#[cfg(not(unix))]
fn process_cpu() -> Duration {
    Duration::ZERO
}

/// The CPU time that a process has used so far, with a resolution of 10 ms.
pub fn cpu(pid: u32) -> Result<Duration> {
    let file = format!("/proc/{pid}/stat");
    let stat = fs::read_to_string(&file).with_context(|| format!("{file} cannot be read"))?;
    let ticks = ticks(&stat).with_context(|| format!("{file} is not understood: {stat:?}"))?;
    Ok(Duration::from_millis(ticks * 1000 / TICKS))
}

/// Returns the sum of utime and stime.
fn ticks(stat: &str) -> Option<u64> {
    // The program's name is in parentheses and may contain any character.
    let mut fields = stat.rsplit_once(')')?.1.split_whitespace().skip(11);
    let (user, system): (u64, u64) = (fields.next()?.parse().ok()?, fields.next()?.parse().ok()?);
    Some(user + system)
}

/// The number of threads that wanted a core over the last minute, and the number of cores. Wall-clock times mean little
/// if the former is greater.
pub fn busy() -> Result<(f64, usize)> {
    let load = fs::read_to_string("/proc/loadavg").context("/proc/loadavg cannot be read")?;
    let load = load.split(' ').next().and_then(|minute| minute.parse().ok());
    let cores = thread::available_parallelism().map_or(1, NonZero::get);
    Ok((load.context("/proc/loadavg is not understood")?, cores))
}

/// The peak memory of a process so far, in bytes.
pub fn peak_memory(pid: u32) -> Result<f64> {
    status(&pid.to_string(), "VmHWM:")
}

/// The memory that a process uses now, in bytes.
pub fn memory(pid: u32) -> Result<f64> {
    status(&pid.to_string(), "VmRSS:")
}

/// The number of files and sockets that a process has open.
pub fn descriptors(pid: u32) -> Result<usize> {
    let folder = format!("/proc/{pid}/fd");
    Ok(fs::read_dir(&folder).with_context(|| format!("{folder} cannot be read"))?.count())
}

/// The memory of this process, in bytes.
pub fn own_memory() -> Result<f64> {
    status("self", "VmRSS:")
}

fn status(process: &str, name: &str) -> Result<f64> {
    let file = format!("/proc/{process}/status");
    let status = fs::read_to_string(&file).with_context(|| format!("{file} cannot be read"))?;
    kilobytes(&status, name).with_context(|| format!("{file} has no {name}")).map(|kb| kb * 1024.0)
}

fn kilobytes(status: &str, name: &str) -> Option<f64> {
    let line = status.lines().find_map(|line| line.strip_prefix(name))?;
    line.trim().strip_suffix(" kB")?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_of_proc_are_parsed() {
        let stat = "7 (a) b (c)) S 1 7 7 0 -1 4194560 900 0 3 0 152 48 0 0 20 0 5 0 100 9000 500";
        assert_eq!(ticks(stat), Some(200));
        assert_eq!(ticks("7 (a"), None);
        let status = "Name:\ta\nVmHWM:\t    2048 kB\nVmRSS:\t 1024 kB\n";
        assert_eq!(kilobytes(status, "VmHWM:"), Some(2048.0));
        assert_eq!(kilobytes(status, "VmPeak:"), None);
    }
}
