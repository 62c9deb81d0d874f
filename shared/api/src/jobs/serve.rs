//! A scheduled function under Lambda.

use std::{
    process::ExitCode,
    sync::atomic::{AtomicBool, Ordering},
    time::Instant,
};

use adapters::store::Meter;
use door::telemetry::{Effort, Ids, JobLine, Metric, Telemetry, trace_root};
use lambda_runtime::{LambdaEvent, service_fn};
use serde_json::Value;

use super::table::Job;
use crate::{config::Config, lambda::run};

/// Serves `job` under Lambda: does its `work`, returns the result, and logs one line with the cost.
pub(super) fn serve_job(
    job: &'static Job,
    work: impl AsyncFn(&Config, &Value, &Meter) -> Result<Value, lambda_runtime::Error> + 'static,
) -> ExitCode {
    run(async move |config, telemetry: Telemetry| {
        let cold = AtomicBool::new(true);
        let (config, work, telemetry, cold) = (&config, &work, &telemetry, &cold);
        lambda_runtime::run(service_fn(async move |event: LambdaEvent<Value>| {
            let LambdaEvent { payload, context } = event;
            let trace_id = context.xray_trace_id.as_deref().and_then(trace_root);
            let ids = Ids { request_id: context.request_id, trace_id };
            ids.scope(async {
                let (started, meter) = (Instant::now(), Meter::default());
                let answer = work(config, &payload, &meter).await;
                let effort = Effort::since(started, cold.swap(false, Ordering::Relaxed), meter.usage());
                let outcome = answer.as_ref().ok().cloned();
                let counted = outcome.as_ref().map_or_else(Vec::new, |outcome| counted(job, outcome));
                telemetry.job(&JobLine { route: job.name, outcome, effort, counted });
                answer
            })
            .await
        }))
        .await
    })
}

/// The metrics of `job` with their values in `outcome`: the sum of the numbers that the outcome has.
fn counted(job: &Job, outcome: &Value) -> Vec<(Metric, u64)> {
    let sum = |pointers: &[&str]| {
        pointers.iter().filter_map(|pointer| outcome.pointer(pointer)?.as_u64()).sum::<u64>()
    };
    job.counts.iter().map(|(metric, pointers)| (*metric, sum(pointers))).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::jobs::{MIRROR, PROBE, ROTATION};

    #[test]
    fn a_job_counts_what_its_outcome_names() {
        let values = |job, outcome: &Value| {
            counted(job, outcome).into_iter().map(|(_, value)| value).collect::<Vec<_>>()
        };
        let outcome = json!({"outcome": "finished", "tally": {"stored": 7, "failed": 2, "rejected": 1}});
        assert_eq!(values(&MIRROR, &outcome), [3]);
        assert_eq!(values(&MIRROR, &json!({"outcome": "fresh"})), [0]);
        assert!(values(&ROTATION, &outcome).is_empty());
        let probed = json!({"outcome": "failed", "failed": 1, "reader": {"milliseconds": 640}});
        assert_eq!(values(&PROBE, &probed), [1, 640]);
    }
}
