//! Every metric: those of requests and jobs (`door::telemetry`), of accounts, and of the catalogue.

use door::{
    idempotency,
    telemetry::{Metric, job, request},
};

pub const TOKENS_ISSUED: Metric =
    Metric::count("TokensIssued", "Pairs of tokens that a registration, a sign-in or a refresh issued");
pub const REFRESH_REPLAYS: Metric = Metric::count(
    "RefreshReplays",
    "Sessions that ended because an old refresh token was used again: two parties have it",
);

pub const SYNC_ERRORS: Metric = Metric::count("SyncErrors", "Runs of the sync that failed");
pub const SYNC_FINISHED: Metric = Metric::count("SyncFinished", "Runs of the sync that ended");
pub const SYNC_HELD: Metric = Metric::count(
    "SyncHeld",
    "Runs whose publication waits for an administrator, because a change is improbable",
);
pub const SYNC_FETCHED: Metric = Metric::count("SyncFetched", "Documents that PokeAPI sent");
pub const SYNC_CHANGED: Metric =
    Metric::count("SyncChanged", "Documents that differed from the stored facts");
pub const SYNC_FAILED: Metric = Metric::count("SyncFailed", "Documents that could not be fetched or used");
pub const SYNC_WRITTEN: Metric =
    Metric::count("SyncWritten", "Items of the catalogue that publications wrote");
pub const SYNC_AGE: Metric = Metric {
    name: "SyncAge",
    unit: "Seconds",
    meaning: "The time since the last complete run of the sync, reported by each invocation of its schedule",
};

pub const ASSETS_FAILED: Metric =
    Metric::count("AssetsFailed", "Pictures and sounds that the mirror could not fetch or did not accept");

pub const PROBE_FAILED: Metric =
    Metric::count("ProbeFailed", "Runs of the probe in which the journey of a reader or of a user failed");
pub const PROBE_LATENCY: Metric = Metric {
    name: "ProbeLatency",
    unit: "Milliseconds",
    meaning: "The time of a reader's journey through the edge, until its end or its failed step",
};

/// The metrics of the sync's lines.
pub(crate) const OF_SYNC: [Metric; 7] =
    [SYNC_ERRORS, SYNC_FINISHED, SYNC_HELD, SYNC_FETCHED, SYNC_CHANGED, SYNC_FAILED, SYNC_WRITTEN];

/// Returns all metrics, in the order in which documents list them.
#[must_use]
pub fn all() -> Vec<Metric> {
    let of_accounts = [idempotency::REPLAYS, TOKENS_ISSUED, REFRESH_REPLAYS];
    let of_jobs = [job::JOB_ERRORS, ASSETS_FAILED, PROBE_FAILED, PROBE_LATENCY];
    [&request::METRICS[..], &of_accounts, &of_jobs, &OF_SYNC, &[SYNC_AGE]].concat()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_unique_and_every_metric_has_a_meaning() {
        let all = all();
        let names: std::collections::BTreeSet<_> = all.iter().map(|metric| metric.name).collect();
        assert_eq!(names.len(), all.len());
        assert!(all.iter().all(|metric| metric.meaning.len() > 10), "{all:?}");
    }
}
