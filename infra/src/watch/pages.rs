//! The pages: alarms that stand for several others, and wake a person once.

use super::alarm::Place;

/// A page that stands for several alarms of one place: its condition, and the ids of its alarms.
#[derive(Clone, Copy, Debug)]
pub struct Page {
    pub id: &'static str,
    pub symptom: &'static str,
    pub runbook: &'static str,
    pub place: Place,
    /// Any of them fires it.
    pub any: &'static [&'static str],
}

/// One fault of DynamoDB is also a share of errors, latency, and a failed probe: it wakes a person once. The alarms in a page report to
/// the topic of warnings. A page reads alarms of its own region alone, so a fault of the API that the edge sees as well may wake a
/// person twice.
pub static PAGES: &[Page] = &[
    Page {
        id: "Outage",
        symptom: "Users are affected now",
        runbook: "errors",
        place: Place::Home,
        any: &["ErrorShare", "DependencyDown", "DatabaseErrors", "LatencyLasts", "ProbeFails"],
    },
    Page {
        id: "EdgeOutage",
        symptom: "Users do not reach the product",
        runbook: "edge",
        place: Place::Global,
        any: &["Unreachable", "EdgeErrors"],
    },
];
