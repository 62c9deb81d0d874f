//! The results of a load: a table, the misses of its limits, and JSON.

use std::{collections::BTreeMap, fmt::Write as _};

use bench::machine::MB;
use serde_json::{Value, json};

use crate::{
    client::Fault,
    drive::Sample,
    latencies::Latencies,
    plan::{Class, Growth, Plan},
    watch::Readings,
};

/// The number of wrong answers that are shown.
const SHOWN: usize = 10;

/// The result of one class of routes.
#[derive(Debug)]
struct OfClass {
    loaded: Latencies,
    unloaded: Latencies,
    /// The percentage of requests that were answered 503 with a reason.
    unavailable: f64,
}

impl OfClass {
    fn of(class: usize, plan: &Plan, unloaded: &[Sample], loaded: &[Sample]) -> Option<Self> {
        let is_of_class = |sample: &&Sample| plan.kinds[sample.kind].class == class;
        let own: Vec<_> = loaded.iter().filter(is_of_class).collect();
        let is_unavailable = |sample: &&&Sample| matches!(sample.fault, Some(Fault::Unavailable(_)));
        let unavailable = own.iter().filter(is_unavailable).count();
        Some(Self {
            unavailable: unavailable as f64 * 100.0 / own.len() as f64,
            loaded: Latencies::of(own.into_iter())?,
            unloaded: Latencies::of(unloaded.iter().filter(is_of_class))?,
        })
    }

    /// The ratio of the 95th percentiles.
    fn times(&self) -> f64 {
        self.loaded.p95 / self.unloaded.p95
    }
}

/// The result of a load.
#[derive(Debug)]
pub struct Results<'a> {
    plan: &'a Plan,
    growth: Growth,
    classes: Vec<(&'a Class, OfClass)>,
    kinds: Vec<(&'a str, Latencies)>,
    statuses: BTreeMap<u16, u64>,
    wrong: Vec<String>,
    readings: Readings,
    requests: usize,
    changes: usize,
}

/// A limit that was not kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Miss {
    /// A wrong answer, or files that grow.
    Broken(String),
    /// A 95th percentile that is too large in comparison with that without load, too many refusals, or memory that grows. A busy machine
    /// can cause them in a short load.
    Ratio(String),
    /// A 95th percentile of too many milliseconds. It depends on the machine.
    Milliseconds(String),
}

impl<'a> Results<'a> {
    pub fn of(
        (plan, growth): (&'a Plan, Growth),
        unloaded: &[Sample],
        loaded: &[Sample],
        statuses: BTreeMap<u16, u64>,
        readings: Readings,
    ) -> Self {
        let classes = plan.classes.iter().enumerate();
        let classes =
            classes.filter_map(|(nth, class)| Some((class, OfClass::of(nth, plan, unloaded, loaded)?)));
        let kinds = plan.kinds.iter().enumerate().filter_map(|(nth, kind)| {
            let own = loaded.iter().filter(|sample| sample.kind == nth);
            Some((kind.name.as_str(), Latencies::of(own)?))
        });
        let wrong = unloaded.iter().chain(loaded).filter_map(|sample| match &sample.fault {
            Some(Fault::Wrong(why)) => Some(format!("{}: {why}", plan.kinds[sample.kind].name)),
            _ => None,
        });
        let is_change = |sample: &&Sample| plan.classes[plan.kinds[sample.kind].class].writes;
        Self {
            plan,
            growth,
            classes: classes.collect(),
            kinds: kinds.collect(),
            wrong: wrong.collect(),
            requests: loaded.len(),
            changes: loaded.iter().filter(is_change).count(),
            statuses,
            readings,
        }
    }

    /// Returns every limit that was not kept.
    pub fn misses(&self) -> Vec<Miss> {
        let mut misses: Vec<_> = self.wrong.iter().take(SHOWN).cloned().map(Miss::Broken).collect();
        if self.wrong.len() > SHOWN {
            misses.push(Miss::Broken(format!("{} wrong answers in all", self.wrong.len())));
        }
        if self.classes.len() < self.plan.classes.len() {
            misses.push(Miss::Broken("a class of routes received no request".to_owned()));
        }
        for (class, result) in &self.classes {
            let (name, p95) = (&class.name, result.loaded.p95);
            if result.unavailable > class.unavailable_percent {
                let text = format!("{name}: {:.2} % were answered 503", result.unavailable);
                misses.push(Miss::Ratio(format!("{text}, more than {} %", class.unavailable_percent)));
            }
            if result.times() > class.times_unloaded {
                let text =
                    format!("{name}: the 95th percentile is {:.1} times that without load", result.times());
                misses.push(Miss::Ratio(format!("{text}, more than {}", class.times_unloaded)));
            }
            if p95 > class.p95_ms {
                let text = format!("{name}: the 95th percentile is {p95:.1} ms, more than {}", class.p95_ms);
                misses.push(Miss::Milliseconds(text));
            }
        }
        misses.extend(self.memory_growing().map(Miss::Ratio));
        misses.extend(self.growing().into_iter().map(Miss::Broken));
        misses
    }

    /// Says by how much the memory grew, if that is more than it may. A growth that is not a number is too large.
    fn memory_growing(&self) -> Option<String> {
        let (growth, most) = (self.readings.memory_growth(), self.growth.memory);
        let is_right = growth <= most;
        (!is_right).then(|| format!("the memory grew by a factor of {growth:.3}, more than {most}"))
    }

    /// Returns the files that grew more than they may, in number or size.
    fn growing(&self) -> Vec<String> {
        let mut growing = Vec::new();
        let (first, last) = self.readings.descriptors();
        // A connection for each request in flight may have been opened meanwhile.
        if last > first + self.plan.in_flight {
            growing.push(format!("{last} files and sockets are open, after {first}"));
        }
        let most = self.growth.bytes + self.growth.bytes_per_change * self.changes as u64;
        if self.readings.grown > most {
            growing.push(format!(
                "the data folder grew by {} bytes for {} changes, more than {most}",
                self.readings.grown, self.changes
            ));
        }
        growing
    }

    /// Returns a table of all routes and classes, and lines about the resources.
    pub fn table(&self) -> String {
        let mut table = format!(
            "{:<18} {:>8} {:>8} {:>8} {:>8} {:>8} {:>9} {:>9} {:>9}\n",
            "milliseconds", "requests", "p50", "p95", "p99", "max", "unloaded", "times", "503"
        );
        let row = |name: &str, latencies: &Latencies| {
            let Latencies { requests, p50, p95, p99, max } = latencies;
            format!("{name:<18} {requests:>8} {p50:>8.1} {p95:>8.1} {p99:>8.1} {max:>8.1}")
        };
        // Writing to a string cannot fail.
        for (name, latencies) in &self.kinds {
            let _ = writeln!(table, "{}", row(name, latencies));
        }
        for (class, result) in &self.classes {
            let (p95, times) = (result.unloaded.p95, result.times());
            let columns = format!("{p95:>9.1} {times:>9.1} {:>7.2} %", result.unavailable);
            let _ = writeln!(table, "{} {columns}", row(&class.name.to_uppercase(), &result.loaded));
        }
        let statuses: Vec<_> =
            self.statuses.iter().map(|(status, count)| format!("{count} × {status}")).collect();
        let plateaus: Vec<_> =
            self.readings.plateaus().iter().map(|bytes| format!("{:.1}", bytes / MB)).collect();
        let (first, last) = self.readings.descriptors();
        let _ = writeln!(table, "answers: {}", statuses.join(", "));
        let _ = writeln!(
            table,
            "memory: {} MB, {:.3} times; files and sockets: {first}, then {last}; data folder: {} bytes more",
            plateaus.join(" "),
            self.readings.memory_growth(),
            self.readings.grown
        );
        table
    }

    /// Returns the results as JSON, for programs that compare runs.
    pub fn json(&self) -> Value {
        let classes = self.classes.iter().map(|(class, result)| {
            let value = json!({
                "loaded": result.loaded,
                "unloaded_p95": result.unloaded.p95,
                "times_unloaded": result.times(),
                "unavailable_percent": result.unavailable,
            });
            (class.name.clone(), value)
        });
        json!({
            "requests": self.requests,
            "wrong": self.wrong.len(),
            "statuses": self.statuses,
            "classes": classes.collect::<serde_json::Map<_, _>>(),
            "memory_growth": self.readings.memory_growth(),
            "memory_bytes": self.readings.plateaus(),
            "data_bytes": self.readings.grown,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Twenty requests of each kind.
    fn samples(plan: &Plan, micros: u64) -> Vec<Sample> {
        let kinds = 0..plan.kinds.len();
        kinds.flat_map(|kind| (0..20).map(move |_| Sample { kind, micros, fault: None })).collect()
    }

    fn misses(change: impl FnOnce(&mut Vec<Sample>), readings: Readings) -> Vec<Miss> {
        let plan = Plan::read().unwrap();
        let (unloaded, mut loaded) = (samples(&plan, 1000), samples(&plan, 2000));
        change(&mut loaded);
        Results::of((&plan, plan.load), &unloaded, &loaded, BTreeMap::new(), readings).misses()
    }

    fn flat() -> Readings {
        Readings::constant(100.0, 12)
    }

    #[test]
    fn a_load_with_right_answers_in_time_misses_nothing() {
        assert_eq!(misses(|_| {}, flat()), Vec::<Miss>::new());
    }

    #[test]
    fn one_wrong_answer_is_a_miss() {
        let found = misses(|loaded| loaded[3].fault = Some(Fault::Wrong("404".to_owned())), flat());
        assert!(matches!(&found[..], [Miss::Broken(why)] if why.ends_with(": 404")), "{found:?}");
    }

    #[test]
    fn refusals_beyond_the_share_of_their_class_are_a_miss() {
        let busy = |sample: &mut Sample| sample.fault = Some(Fault::Unavailable("busy".to_owned()));
        let found = misses(|loaded| loaded.iter_mut().for_each(busy), flat());
        assert_eq!(found.len(), 4, "one for each class: {found:?}");
        assert!(found.iter().all(|miss| matches!(miss, Miss::Ratio(why) if why.contains("503"))));
    }

    #[test]
    fn a_latency_is_judged_against_the_one_without_load_and_against_milliseconds() {
        let slow = |loaded: &mut Vec<Sample>| loaded.iter_mut().for_each(|sample| sample.micros = 15_000);
        let found = misses(slow, flat());
        assert_eq!(found.len(), 4, "{found:?}");
        assert!(found.iter().all(|miss| matches!(miss, Miss::Ratio(_))), "{found:?}");
        let slower = |loaded: &mut Vec<Sample>| loaded.iter_mut().for_each(|sample| sample.micros = 900_000);
        let found = misses(slower, flat());
        let in_milliseconds = found.iter().filter(|miss| matches!(miss, Miss::Milliseconds(_))).count();
        assert_eq!((found.len(), in_milliseconds), (8, 4), "{found:?}");
    }

    #[test]
    fn a_growing_server_is_a_miss() {
        let mut full = flat();
        full.grown = 1 << 40;
        let found = misses(|_| {}, full);
        assert!(matches!(&found[..], [Miss::Broken(why)] if why.contains("data folder")), "{found:?}");
        let found = misses(|_| {}, Readings::rising(100.0, 12));
        assert!(matches!(&found[..], [Miss::Ratio(why)] if why.contains("memory")), "{found:?}");
    }
}
