//! The resources of the server during a load: its memory, its files and sockets, and the size of its data folder.

use std::{
    fs,
    path::{Path, PathBuf},
    sync::mpsc::{self, RecvTimeoutError, Sender},
    thread::{self, JoinHandle},
    time::Duration,
};

use anyhow::{Context as _, Result, anyhow, ensure};
use bench::machine;

/// The time between two readings.
const EVERY: Duration = Duration::from_millis(250);
/// The number of plateaus that are shown.
const PLATEAUS: usize = 6;

#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Reading {
    /// In bytes.
    pub memory: f64,
    pub descriptors: usize,
}

/// All readings of a load.
#[derive(Clone, Debug, Default)]
pub struct Readings {
    all: Vec<Reading>,
    /// The bytes by which the data folder grew.
    pub grown: u64,
}

impl Readings {
    /// The median memory of each sixth of the time, in bytes.
    pub fn plateaus(&self) -> Vec<f64> {
        let length = self.all.len().div_ceil(PLATEAUS).max(1);
        self.all.chunks(length).map(|some| median(some.iter().map(|reading| reading.memory))).collect()
    }

    /// The ratio of the median memory in the last third of the time to that in the first.
    pub fn memory_growth(&self) -> f64 {
        let (first, last) = self.thirds();
        let memory = |some: &[Reading]| median(some.iter().map(|reading| reading.memory));
        memory(last) / memory(first)
    }

    /// The largest numbers of open files and sockets in the first and in the last third of the time.
    pub fn descriptors(&self) -> (usize, usize) {
        let (first, last) = self.thirds();
        let most = |some: &[Reading]| some.iter().map(|reading| reading.descriptors).max().unwrap_or(0);
        (most(first), most(last))
    }

    /// Readings of a process that does not grow.
    #[cfg(test)]
    pub fn constant(memory: f64, number: usize) -> Self {
        Self { all: vec![Reading { memory, descriptors: 20 }; number], grown: 0 }
    }

    /// Readings of a process whose memory grows by a tenth with each.
    #[cfg(test)]
    pub fn rising(memory: f64, number: usize) -> Self {
        let mut readings = Self::constant(memory, number);
        for (nth, reading) in readings.all.iter_mut().enumerate() {
            reading.memory *= 1.0 + nth as f64 / 10.0;
        }
        readings
    }

    fn thirds(&self) -> (&[Reading], &[Reading]) {
        let third = self.all.len().div_ceil(3);
        (&self.all[..third], &self.all[self.all.len() - third..])
    }
}

/// Returns the median of at least one value.
fn median(values: impl Iterator<Item = f64>) -> f64 {
    let mut values: Vec<_> = values.collect();
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(f64::NAN)
}

/// A thread that reads until it is stopped.
pub struct Watch {
    stop: Sender<()>,
    thread: JoinHandle<Result<Vec<Reading>>>,
    folder: PathBuf,
    size: u64,
}

impl Watch {
    /// Watches the process `pid`, and the size of `folder`.
    ///
    /// # Errors
    /// If the folder cannot be read.
    pub fn start(pid: u32, folder: &Path) -> Result<Self> {
        let (stop, stopped) = mpsc::channel::<()>();
        let thread = thread::spawn(move || -> Result<Vec<Reading>> {
            let mut all = Vec::new();
            loop {
                all.push(Reading { memory: machine::memory(pid)?, descriptors: machine::descriptors(pid)? });
                match stopped.recv_timeout(EVERY) {
                    Err(RecvTimeoutError::Timeout) => {}
                    _ => return Ok(all),
                }
            }
        });
        Ok(Self { stop, thread, size: size(folder)?, folder: folder.to_owned() })
    }

    /// # Errors
    /// If the process has ended.
    pub fn stop(self) -> Result<Readings> {
        drop(self.stop);
        let all = self.thread.join().map_err(|_| anyhow!("the watch has panicked"))?;
        let all = all.context("the server is no longer there")?;
        ensure!(all.len() >= PLATEAUS, "{} readings are too few", all.len());
        Ok(Readings { all, grown: size(&self.folder)?.saturating_sub(self.size) })
    }
}

/// The bytes of the files of a folder.
fn size(folder: &Path) -> Result<u64> {
    let mut size = 0;
    for entry in fs::read_dir(folder)? {
        // A file may be removed meanwhile.
        size += entry?.metadata().map_or(0, |file| file.len());
    }
    Ok(size)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn readings(memory: impl Iterator<Item = f64>) -> Readings {
        let reading = |(nth, memory)| Reading { memory, descriptors: 20 + nth };
        Readings { all: memory.enumerate().map(reading).collect(), grown: 0 }
    }

    #[test]
    fn a_leak_shows_as_growth_and_one_peak_does_not() {
        let flat = readings((0..60).map(|nth| if nth == 50 { 900.0 } else { 100.0 + f64::from(nth % 3) }));
        assert!((flat.memory_growth() - 1.0).abs() < 0.02, "{}", flat.memory_growth());
        let leak = readings((0..60).map(|nth| 100.0 + f64::from(nth)));
        assert!(leak.memory_growth() > 1.3);
        assert_eq!(leak.descriptors(), (39, 79));
    }

    #[test]
    fn plateaus_are_medians_of_equal_times() {
        let steps = readings((0..60).map(|nth| f64::from(nth / 10)));
        assert_eq!(steps.plateaus(), [0.0, 1.0, 2.0, 3.0, 4.0, 5.0]);
        assert_eq!(readings((0..7).map(f64::from)).plateaus().len(), 4);
    }
}
