//! The function that writes the catalogue, on a schedule and on request of a route.

mod line;
mod notice;

use std::{
    panic::AssertUnwindSafe,
    process::ExitCode,
    sync::atomic::{AtomicBool, Ordering},
    time::{Duration, Instant, SystemTime},
};

use adapters::{
    aws, notices, now,
    pokeapi::PokeApi,
    store::{CatalogStore, Meter, StoreError},
    sync::{self, Order, Outcome, Request, Scope, Settings, State, SyncError},
};
use futures_util::FutureExt as _;
use lambda_runtime::{Error, LambdaEvent, service_fn};
use serde_json::{Value, json};

use door::{
    lambda::refuse,
    task::{BadEvent, Task, task},
    telemetry::{Effort, Ids, Telemetry, trace_root},
};
use line::SyncLine;

use crate::{config::SyncConfig, lambda::run};

/// The resources of the function.
#[derive(Debug)]
pub struct SyncFunction {
    pub store: CatalogStore,
    pub api: PokeApi,
    /// The shortest time between a finished run and the next, in seconds.
    pub min_age: i64,
    /// The ARN of the topic for notices.
    pub notices: Option<String>,
    pub telemetry: Telemetry,
}

/// The time at the end of an invocation that is reserved for the last checkpoint and the publication.
const RESERVE: Duration = Duration::from_secs(60);

/// Serves the function. A scheduled invocation continues where the previous one stopped, and does nothing if the last run finished
/// recently.
#[must_use]
pub fn serve() -> ExitCode {
    let settings = match SyncConfig::from_env() {
        Ok(settings) => settings,
        Err(error) => return refuse(&error),
    };
    run(async move |config, telemetry| {
        let function = SyncFunction {
            store: CatalogStore::new(aws::from_environment(), &config.door.tables)
                .with_pictures(settings.pictures),
            api: PokeApi::new(settings.pokeapi)?,
            min_age: settings.min_age_seconds,
            notices: config.notices,
            telemetry,
        };
        let function = &function;
        lambda_runtime::run(service_fn(async move |event: LambdaEvent<Value>| {
            let LambdaEvent { payload, context } = event;
            let left = context.deadline().duration_since(SystemTime::now()).unwrap_or_default();
            let trace_id = context.xray_trace_id.as_deref().and_then(trace_root);
            let ids = Ids { request_id: context.request_id, trace_id };
            ids.scope(function.answer(&payload, left)).await
        }))
        .await
    })
}

impl SyncFunction {
    /// Answers one event. An event without a `task` comes from the schedule, `check` reports whether a sync could run, and any other
    /// task is an [`Order`]. `left` is the time until the deadline.
    ///
    /// # Errors
    /// The sync's error. A busy writer is an answer, not an error.
    pub async fn answer(&self, event: &Value, left: Duration) -> Result<Value, Error> {
        static COLD: AtomicBool = AtomicBool::new(true);
        let (started, cold_start) = (Instant::now(), COLD.swap(false, Ordering::Relaxed));
        let meter = Meter::default();
        let owner = format!("{:032x}", fastrand::u128(..));
        let work = AssertUnwindSafe(self.work(event, &meter, owner, left)).catch_unwind().await;
        let (mut seen, answer) = match work {
            Ok(Ok(Done::Ran(outcome))) => (SyncLine::ended(&outcome), Ok(serde_json::to_value(outcome)?)),
            Ok(Ok(Done::Else(outcome))) => (SyncLine::idle(outcome.clone()), Ok(outcome)),
            // The other run does the work of this one.
            Ok(Err(Failed::Sync(SyncError::Busy(until)))) => {
                let outcome = json!({"outcome": "busy", "until": until});
                (SyncLine::idle(outcome.clone()), Ok(outcome))
            }
            Ok(Err(error)) => (SyncLine::failed("failed", &error), Err(error.into())),
            Err(_) => (SyncLine::failed("panicked", &"the sync panicked"), Err("the sync panicked".into())),
        };
        if task(event, &[]) == Ok(Task::Scheduled) {
            seen.age = self.age(&meter).await;
        }
        let effort = Effort::since(started, cold_start, meter.usage());
        self.telemetry.count(seen.level(), "synced", &seen.fields(effort));
        answer
    }

    async fn work(
        &self,
        event: &Value,
        meter: &Meter,
        owner: String,
        left: Duration,
    ) -> Result<Done, Failed> {
        match task(event, &["publish", "fetch"])? {
            Task::Scheduled => Ok(self.refresh(meter, owner, left).await?),
            Task::Check => Ok(Done::Else(self.check(meter).await.map_err(SyncError::from)?)),
            Task::Own(_) => {
                let order: Order = serde_json::from_value(event.clone()).map_err(Failed::Order)?;
                let amended = sync::amend(&self.store, meter, &self.api, &owner, order).await?;
                Ok(Done::Else(serde_json::to_value(amended).map_err(Failed::Order)?))
            }
        }
    }

    /// The seconds since the last complete run; `None` before the first one, or if the engine does not answer.
    async fn age(&self, meter: &Meter) -> Option<i64> {
        let state = sync::state(&self.store, meter).await.ok()?;
        now().elapsed_since(state.last_good_at?)
    }

    /// Reads the data that a sync reads first. Takes no lease, writes nothing, and does not call PokeAPI.
    async fn check(&self, meter: &Meter) -> Result<Value, StoreError> {
        let state = self.store.sync_state(meter).await?;
        let pointer = self.store.index_pointer(meter).await?;
        self.store.overrides_revision(meter).await?;
        Ok(json!({
            "outcome": "checked",
            "tables": [self.store.table(), self.store.overrides_table()],
            "pokeapi": self.api.config().base_url,
            "index": pointer.map(|pointer| pointer.version),
            "lease_until": state.lease_until,
        }))
    }

    async fn refresh(&self, meter: &Meter, owner: String, left: Duration) -> Result<Done, SyncError> {
        let deadline = tokio::time::Instant::now() + left.saturating_sub(RESERVE.min(left / 2));
        // After a deployment or an administrator's change, the stored facts are published without a request to the source.
        let before = sync::state(&self.store, meter).await?;
        match sync::republish(&self.store, meter, &owner, now()).await {
            Ok(Some(published)) => {
                tracing::info!(written = published.written, index = published.index, "published again");
            }
            Ok(None) => {}
            // A run may bring facts that can be published, or hold them for an approval.
            Err(error @ SyncError::Publish(_)) => {
                tracing::error!(%error, "the stored facts cannot be published again");
                self.report(meter, &before, &Err(error)).await;
            }
            Err(error) => return Err(error),
        }
        let mut request = sync::request(&self.store, meter).await?;
        if let Some(expired) = request.take_if(|request| !request.is_current(now())) {
            tracing::warn!(requested_at = %expired.requested_at, "a request for a run was not carried out, and has expired");
            sync::carried_out(&self.store, meter, &expired).await?;
        }
        let state = sync::state(&self.store, meter).await?;
        if let (None, None, Some(last)) = (&request, &state.running, &state.last) {
            // After a run with failures, the next one starts sooner: an outage of the source rarely lasts a day.
            let enough = if last.is_good() { self.min_age } else { self.min_age / 4 };
            // A finish time in this clock's future says nothing about the catalogue's age.
            if now().elapsed_since(last.finished_at).is_some_and(|age| age < enough) {
                let outcome = json!({"outcome": "fresh", "last_finished_at": last.finished_at});
                return Ok(Done::Else(outcome));
            }
        }
        let mut how = Settings::new(owner);
        how.deadline = Some(deadline);
        how.scope = request.as_ref().map_or(Scope::Everything, |request| request.scope.clone());
        let result = sync::run(&self.store, meter, &self.api, &how, &mut |_| {}).await;
        self.report(meter, &state, &result).await;
        let outcome = result?;
        if let Some(request) = request {
            self.settle(meter, &request, state.running.is_some(), &outcome).await?;
        }
        Ok(Done::Ran(Box::new(outcome)))
    }

    /// Sends a notice about a run that began with the state `before`, if it has something new to report. A notice that cannot be sent is
    /// logged.
    async fn report(&self, meter: &Meter, before: &State, result: &Result<Outcome, SyncError>) {
        let Some(topic) = &self.notices else { return };
        let Ok(after) = sync::state(&self.store, meter).await else { return };
        let Some(notice) = notice::of(before, &after, result) else { return };
        if let Err(error) = notices::send(topic, &notice).await {
            tracing::error!(%error, subject = notice.subject, "a notice was not sent");
        }
    }

    /// Deletes a request that the run has carried out. A run of everything carries out the request for one as soon as its state is stored:
    /// later invocations continue it. Any other request waits until the run that was `under_way` has ended.
    async fn settle(
        &self,
        meter: &Meter,
        request: &Request,
        under_way: bool,
        outcome: &Outcome,
    ) -> Result<(), SyncError> {
        let is_done = match (&request.scope, outcome) {
            (Scope::Everything, Outcome::Paused { .. }) => {
                sync::state(&self.store, meter).await?.running.is_some()
            }
            (Scope::Everything, _) => true,
            (_, Outcome::Paused { .. }) => false,
            _ => !under_way,
        };
        if is_done { Ok(sync::carried_out(&self.store, meter, request).await?) } else { Ok(()) }
    }
}

enum Done {
    Ran(Box<Outcome>),
    /// The result of an order, or the reason that there was nothing to do.
    Else(Value),
}

#[derive(Debug, thiserror::Error)]
enum Failed {
    #[error(transparent)]
    Sync(#[from] SyncError),
    #[error(transparent)]
    Event(#[from] BadEvent),
    #[error("the event's order cannot be read: {0}")]
    Order(serde_json::Error),
}
