//! The counts of the last quarter of an hour, by route and time, and the last run of each job.

use std::{collections::BTreeMap, ops::Range};

use super::{
    histogram::Histogram,
    line::{Events, Line, Source},
};

/// The seconds of a slot.
pub const SLOT: i64 = 5;
/// The seconds of the window.
pub const WINDOW: i64 = 15 * 60;
/// The slots of the window.
pub const SLOTS: i64 = WINDOW / SLOT;

/// The counts of some requests.
#[derive(Clone, Debug, Default)]
pub struct Counts {
    /// Responses by the first digit of their status, from 1 to 5.
    pub classes: [u64; 5],
    pub calls: u64,
    pub rcu: f64,
    pub wcu: f64,
    pub events: Events,
    pub latencies: Histogram,
}

/// The runs of a job since the start.
#[derive(Debug)]
pub struct Job {
    pub runs: u64,
    pub failures: u64,
    pub last: Line,
}

/// Has at most two windows of slots for each route of the table, and one entry for each job: a slot that is as old as the window is removed
/// when a new one is added, also after the clock has been set back.
#[derive(Debug, Default)]
pub struct Window {
    routes: BTreeMap<&'static str, BTreeMap<i64, Counts>>,
    jobs: BTreeMap<&'static str, Job>,
}

impl Counts {
    /// Adds a request that was answered with `status`.
    fn add(&mut self, status: u16, line: &Line) {
        self.classes[usize::from(status / 100).clamp(1, 5) - 1] += 1;
        self.calls += line.calls;
        self.rcu += line.rcu;
        self.wcu += line.wcu;
        self.add_events(&line.events);
        self.latencies.add((line.latency_ms * 1000.0).round() as u64);
    }

    /// Adds all counts of other requests.
    pub fn merge(&mut self, other: &Self) {
        for (count, more) in self.classes.iter_mut().zip(other.classes) {
            *count += more;
        }
        self.calls += other.calls;
        self.rcu += other.rcu;
        self.wcu += other.wcu;
        self.add_events(&other.events);
        self.latencies.merge(&other.latencies);
    }

    fn add_events(&mut self, events: &Events) {
        for (name, count) in events {
            *self.events.entry(*name).or_default() += count;
        }
    }

    /// Returns the number of requests.
    #[must_use]
    pub fn requests(&self) -> u64 {
        self.classes.iter().sum()
    }
}

/// Returns the slot of a moment, in seconds since 1970.
#[must_use]
pub const fn slot(at: i64) -> i64 {
    at.div_euclid(SLOT)
}

impl Window {
    /// Adds a line.
    pub fn add(&mut self, line: Line) {
        match line.source {
            Source::Request { status } => self.add_request(status, &line),
            Source::Run(_) => self.add_run(line),
        }
    }

    fn add_request(&mut self, status: u16, line: &Line) {
        let slots = self.routes.entry(line.name).or_default();
        let now = slot(line.at);
        if !slots.contains_key(&now) {
            slots.retain(|at, _| at.abs_diff(now) < SLOTS.unsigned_abs());
        }
        slots.entry(now).or_default().add(status, line);
    }

    fn add_run(&mut self, line: Line) {
        let has_failed = matches!(&line.source, Source::Run(run) if run.failed);
        let (runs, failures) = self.jobs.get(line.name).map_or((0, 0), |job| (job.runs, job.failures));
        let job = Job { runs: runs + 1, failures: failures + u64::from(has_failed), last: line };
        self.jobs.insert(job.last.name, job);
    }

    /// Returns the counts of each route that answered a request in `slots`.
    #[must_use]
    pub fn routes(&self, slots: &Range<i64>) -> BTreeMap<&'static str, Counts> {
        let mut routes: BTreeMap<&'static str, Counts> = BTreeMap::new();
        for (name, all) in &self.routes {
            for (_, counts) in all.range(slots.clone()) {
                routes.entry(*name).or_default().merge(counts);
            }
        }
        routes
    }

    /// Returns the counts in each of `slots`, of one route or of all.
    #[must_use]
    pub fn series(&self, route: Option<&str>, slots: &Range<i64>) -> Vec<Counts> {
        let wanted = self.routes.iter().filter(|(name, _)| route.is_none_or(|route| route == **name));
        let wanted: Vec<_> = wanted.map(|(_, all)| all).collect();
        let at = |slot: i64| {
            let mut counts = Counts::default();
            wanted.iter().filter_map(|all| all.get(&slot)).for_each(|more| counts.merge(more));
            counts
        };
        slots.clone().map(at).collect()
    }

    /// Returns the jobs that have run, by name.
    pub fn jobs(&self) -> impl Iterator<Item = (&'static str, &Job)> {
        self.jobs.iter().map(|(name, job)| (*name, job))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dashboard::line::Run;

    fn request(name: &'static str, at: i64, status: u16) -> Line {
        let events = if status == 429 { [("RateLimited", 1)].into() } else { Events::new() };
        let source = Source::Request { status };
        Line { at, name, source, latency_ms: 2.0, calls: 3, rcu: 0.5, wcu: 1.0, events }
    }

    fn run(outcome: &str, failed: bool) -> Line {
        let source = Source::Run(Run { outcome: outcome.to_owned(), error: None, failed });
        Line { source, ..request("sync-pokeapi", 100, 200) }
    }

    #[test]
    fn requests_are_counted_by_route_slot_and_class() {
        let mut window = Window::default();
        for (name, at, status) in [
            ("get-pokemon", 100, 200),
            ("get-pokemon", 104, 304),
            ("get-pokemon", 105, 429),
            ("get-type", 100, 503),
        ] {
            window.add(request(name, at, status));
        }
        let routes = window.routes(&(20..22));
        let pokemon = &routes["get-pokemon"];
        assert_eq!((pokemon.classes, pokemon.requests()), ([0, 1, 1, 1, 0], 3));
        assert_eq!((pokemon.calls, pokemon.rcu, pokemon.wcu), (9, 1.5, 3.0));
        assert_eq!(pokemon.events, Events::from([("RateLimited", 1)]));
        assert_eq!(routes["get-type"].classes, [0, 0, 0, 0, 1]);
        assert_eq!(window.routes(&(21..22)).keys().collect::<Vec<_>>(), [&"get-pokemon"]);
        let counts =
            |route| -> Vec<u64> { window.series(route, &(19..23)).iter().map(Counts::requests).collect() };
        assert_eq!((counts(None), counts(Some("get-type"))), (vec![0, 3, 1, 0], vec![0, 1, 0, 0]));
    }

    #[test]
    fn old_slots_are_removed_and_the_clock_may_be_set_back() {
        let mut window = Window::default();
        let kept = |window: &Window| window.routes["get-pokemon"].len() as i64;
        for nth in 0..3 * SLOTS {
            window.add(request("get-pokemon", nth * SLOT, 200));
        }
        assert_eq!(kept(&window), SLOTS);
        for nth in 0..3 * SLOTS {
            window.add(request("get-pokemon", (250 + nth) * SLOT, 200));
            assert!(kept(&window) < 2 * SLOTS, "{}", kept(&window));
        }
        assert_eq!(window.routes.len(), 1);
    }

    #[test]
    fn a_job_keeps_its_last_run_and_counts_all() {
        let mut window = Window::default();
        for (outcome, failed) in [("finished", false), ("error", true), ("fresh", false)] {
            window.add(run(outcome, failed));
        }
        let jobs: Vec<_> = window.jobs().collect();
        let [(name, job)] = jobs.as_slice() else { panic!("{jobs:?}") };
        assert_eq!((*name, job.runs, job.failures), ("sync-pokeapi", 3, 1));
        assert!(matches!(&job.last.source, Source::Run(run) if run.outcome == "fresh"), "{job:?}");
    }
}
