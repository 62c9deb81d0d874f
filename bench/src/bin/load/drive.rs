//! The driver of a load: it sends each request at its time, whether or not earlier ones have been answered.
//!
//! A latency counts from the time at which the request was due, so a request that waits behind a slow one is slow too. The number of
//! requests in flight is bounded; a request that waits for its place also counts from the time at which it was due.

use std::{
    sync::{Arc, mpsc},
    thread,
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result, ensure};
use fastrand::Rng;
use tokio::{runtime::Runtime, sync::Semaphore};

use crate::{client::Fault, visitors::Visitors};

/// The largest delay of a request before it is sent. With a longer one the server is overloaded, and the load ends.
const LATEST: Duration = Duration::from_secs(20);

/// The result of a request.
#[derive(Clone, Debug)]
pub struct Sample {
    /// The position of its kind in the plan.
    pub kind: usize,
    /// The time from when it was due until its answer, in microseconds.
    pub micros: u64,
    pub fault: Option<Fault>,
}

/// Sends requests one after the other, as many of each class as the plan says.
///
/// # Errors
/// If a request gives no result.
pub fn unloaded(runtime: &Runtime, visitors: &Arc<Visitors>, seed: u64) -> Result<Vec<Sample>> {
    let mut random = Rng::with_seed(seed);
    let (sender, samples) = mpsc::channel();
    let mut all = Vec::new();
    for (class, number) in visitors.plan.classes.iter().map(|class| class.unloaded).enumerate() {
        for _ in 0..number {
            let kind = visitors.plan.pick(random.f64(), Some(class));
            let (due, results) = (Instant::now(), sender.clone());
            spawn(runtime, visitors, (kind, random.fork()), due, move |sample| {
                // The receiver is gone only if the load has failed.
                let _ = results.send(sample);
            });
            all.push(samples.recv().context("a request without a result")?);
        }
    }
    Ok(all)
}

/// Sends `rate` requests a second for `seconds`, and waits for all of them.
///
/// # Errors
/// If the server does not keep up with the rate, or a request gives no result.
pub fn load(
    runtime: &Runtime,
    visitors: &Arc<Visitors>,
    (seconds, rate): (u64, u32),
    seed: u64,
) -> Result<Vec<Sample>> {
    let mut random = Rng::with_seed(seed);
    let permits = Arc::new(Semaphore::new(visitors.plan.in_flight));
    let (sender, samples) = mpsc::channel();
    let start = Instant::now();
    for nth in 0..seconds * u64::from(rate) {
        let due = start + Duration::from_secs_f64(nth as f64 / f64::from(rate));
        thread::sleep(due.saturating_duration_since(Instant::now()));
        let permit = runtime.block_on(Arc::clone(&permits).acquire_owned())?;
        ensure!(due.elapsed() < LATEST, "the server does not keep up with {rate} requests a second");
        let kind = visitors.plan.pick(random.f64(), None);
        let results = sender.clone();
        spawn(runtime, visitors, (kind, random.fork()), due, move |sample| {
            drop(permit);
            let _ = results.send(sample);
        });
    }
    drop(sender);
    let all: Vec<_> = samples.iter().collect();
    let sent = seconds * u64::from(rate);
    ensure!(all.len() as u64 == sent, "{sent} requests gave {} results", all.len());
    Ok(all)
}

/// Makes a request in the background, and passes its result to `done`.
fn spawn(
    runtime: &Runtime,
    visitors: &Arc<Visitors>,
    (kind, random): (usize, Rng),
    due: Instant,
    done: impl FnOnce(Sample) + Send + 'static,
) {
    let visitors = Arc::clone(visitors);
    runtime.spawn(async move {
        let sample = sample(&visitors, kind, random, due).await;
        // After the last result, nothing else uses the visitors.
        drop(visitors);
        done(sample);
    });
}

async fn sample(visitors: &Visitors, kind: usize, random: Rng, due: Instant) -> Sample {
    let (at, fault) = match visitors.act(kind, random).await {
        Ok(at) => (at, None),
        Err(fault) => (Instant::now(), Some(fault)),
    };
    let micros = at.saturating_duration_since(due).as_micros();
    Sample { kind, micros: u64::try_from(micros).unwrap_or(u64::MAX), fault }
}
