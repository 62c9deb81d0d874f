//! PokeAPI to catalogue. The scheduled function and `cargo run -- --sync` run this same code.
//!
//! A run reads the lists, then every resource in the order of [`Kind::ALL`], asking with the ETags that it knows.
//! Every few seconds the changed facts are written, then the cursor: a run that is stopped anywhere, or that is
//! longer than one invocation, goes on from there. At its end the catalogue is published from all facts.

mod state;
mod work;

use std::{collections::BTreeSet, time::Duration};

use domain::{Timestamp, facts::Kind};
use futures_util::{StreamExt as _, stream};
use serde::Serialize;
use tokio::{sync::watch, time::Instant};

pub use state::{Failure, Finished, State, Tally};

use crate::{
    now,
    pokeapi::{FetchError, Fetched, PokeApi},
    publish::{PublishError, Published, is_suspicious, publish},
    store::{Lease, Ledger, Meter, Store, StoreError},
};
use state::{MOST_UNDER_WAY, Running};
use work::{Task, Work};

/// How a run behaves.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Who holds the lease: the same owner takes it again at once, another waits until it expires.
    pub owner: String,
    /// When to stop fetching and leave the rest to the next run.
    pub deadline: Option<Instant>,
    /// Turns true when whoever runs this wants it to stop fetching early: the same as a deadline.
    pub interrupt: Option<watch::Receiver<bool>>,
    /// Between checkpoints: what a kill costs at most.
    pub checkpoint_every: Duration,
}

impl Settings {
    #[must_use]
    pub fn new(owner: impl Into<String>) -> Self {
        Self {
            owner: owner.into(),
            deadline: None,
            interrupt: None,
            checkpoint_every: Duration::from_secs(5),
        }
    }

    /// Resolves at the deadline or the interrupt, whichever is first; never where there is neither.
    async fn stopped(&self) {
        let deadline = async {
            match self.deadline {
                Some(deadline) => tokio::time::sleep_until(deadline).await,
                None => std::future::pending().await,
            }
        };
        let interrupt = async {
            let wanted = match self.interrupt.clone() {
                Some(mut interrupt) => interrupt.wait_for(|wanted| *wanted).await.is_ok(),
                None => false,
            };
            // Nobody is left who could interrupt.
            if !wanted {
                std::future::pending::<()>().await;
            }
        };
        tokio::select! {
            () = deadline => {}
            () = interrupt => {}
        }
    }
}

/// Seconds that a lease lasts without a checkpoint.
const LEASE: i64 = 300;

/// How far a run is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Progress {
    /// Resources of the whole run.
    pub total: usize,
    /// Of those, dealt with, by earlier invocations too.
    pub done: usize,
    pub tally: Tally,
}

/// How a run ended.
#[derive(Clone, Debug, Serialize)]
#[serde(tag = "outcome", rename_all = "kebab-case")]
pub enum Outcome {
    /// Every resource was dealt with, and the catalogue is published.
    Finished { finished: Finished, published: Published },
    /// The deadline came first; the next run goes on.
    Paused { progress: Progress },
}

#[derive(Debug, thiserror::Error)]
pub enum SyncError {
    #[error("another sync is running; its lease lasts until {0} at most")]
    Busy(Timestamp),
    #[error("another sync has taken over")]
    LostLease,
    #[error(transparent)]
    Store(StoreError),
    #[error(transparent)]
    Publish(#[from] PublishError),
    #[error("PokeAPI's list of {0} {1}")]
    List(&'static str, FetchError),
    #[error("the state cannot be written as JSON: {0}")]
    Json(#[from] serde_json::Error),
}

impl From<StoreError> for SyncError {
    fn from(error: StoreError) -> Self {
        // Only the lease's conditions can conflict here.
        if matches!(error, StoreError::Conflict { .. }) { Self::LostLease } else { Self::Store(error) }
    }
}

/// Reads the state of the last and the running sync.
///
/// # Errors
/// [`StoreError`] when the engine does not answer.
pub async fn state(store: &Store, meter: &Meter) -> Result<State, StoreError> {
    Ok(State::read(&store.sync_state(meter).await?.body))
}

/// Runs a sync, or goes on with one that was stopped.
///
/// # Errors
/// [`SyncError`]; what was checkpointed stays. A resource that fails is no error: it is in the outcome.
pub async fn run(
    store: &Store,
    meter: &Meter,
    api: &PokeApi,
    settings: &Settings,
    observe: &mut (dyn FnMut(Progress) + Send),
) -> Result<Outcome, SyncError> {
    let store = &store.patient();
    let lease = match store.take_lease(meter, settings.owner.clone(), LEASE, now()).await {
        Err(StoreError::Conflict { .. }) => {
            let until = store.sync_state(meter).await?.lease_until;
            return Err(SyncError::Busy(until.unwrap_or_else(now)));
        }
        other => other?,
    };
    let outcome = Run::start(store, meter, api, settings, &lease).await;
    let outcome = match outcome {
        Ok(mut run) => run.finish(observe).await,
        Err(error) => Err(error),
    };
    // Best effort: a lease that is not given back expires.
    let _ = store.end_lease(meter, &lease).await;
    outcome
}

struct Run<'a> {
    store: &'a Store,
    meter: &'a Meter,
    api: &'a PokeApi,
    settings: &'a Settings,
    lease: &'a Lease,
    ledger: Ledger,
    work: Work,
    state: State,
    running: Running,
    saved: Instant,
}

impl<'a> Run<'a> {
    async fn start(
        store: &'a Store,
        meter: &'a Meter,
        api: &'a PokeApi,
        settings: &'a Settings,
        lease: &'a Lease,
    ) -> Result<Self, SyncError> {
        let ledger = store.facts(meter).await?;
        let mut state = state(store, meter).await?;
        let running = state.running.take().unwrap_or_else(|| Running::new(now()));
        let work = Work::list(api, &ledger, &running).await?;
        Ok(Self { store, meter, api, settings, lease, ledger, work, state, running, saved: Instant::now() })
    }

    async fn finish(&mut self, observe: &mut (dyn FnMut(Progress) + Send)) -> Result<Outcome, SyncError> {
        let tasks = std::mem::take(&mut self.work.tasks);
        let all = self.fetch(tasks, true, observe).await?;
        // What failed may have been a bad minute of the source: one more try, after everything else.
        let again = self.running.passing_failures();
        let again = again.into_iter().map(|(kind, id)| Task::new(&self.ledger, kind, id)).collect();
        if !all || !self.fetch(again, false, observe).await? {
            self.checkpoint().await?;
            return Ok(Outcome::Paused { progress: self.progress() });
        }
        self.forget_what_is_gone();
        self.checkpoint().await?;
        self.publish().await
    }

    /// Deals with `tasks` in order; answers false where the deadline came first.
    async fn fetch(
        &mut self,
        tasks: Vec<Task>,
        moves_cursor: bool,
        observe: &mut (dyn FnMut(Progress) + Send),
    ) -> Result<bool, SyncError> {
        let api = self.api;
        let fetches = tasks.into_iter().map(|task| async move {
            let answer = api.fetch(task.kind, task.id, task.etag.as_deref()).await;
            (task, answer)
        });
        // In order, so that the cursor never passes a resource that is still under way.
        let mut answers = stream::iter(fetches).buffered(api.config().concurrency.clamp(1, 4));
        let stopped = self.settings.stopped();
        tokio::pin!(stopped);
        loop {
            let answer = tokio::select! {
                // First of all, so that a deadline in the past asks for nothing.
                biased;
                () = &mut stopped => return Ok(false),
                answer = answers.next() => answer,
            };
            let Some((task, answer)) = answer else { return Ok(true) };
            self.take(&task, answer);
            if moves_cursor {
                self.running.cursor = Some((task.kind, task.id));
                self.work.done += 1;
            }
            observe(self.progress());
            if self.saved.elapsed() >= self.settings.checkpoint_every {
                self.checkpoint().await?;
            }
        }
    }

    fn take(&mut self, task: &Task, answer: Result<Fetched, FetchError>) {
        let Running { failures, tally, .. } = &mut self.running;
        let before = failures.len();
        failures.retain(|failure| (failure.kind, failure.id) != (task.kind, task.id));
        tally.failed = tally.failed.saturating_sub(before - failures.len());
        match answer {
            Ok(Fetched::Unchanged) => tally.unchanged += 1,
            Ok(Fetched::Changed { fact, etag }) => {
                tally.fetched += 1;
                if self.ledger.record(*fact, etag) {
                    tally.changed += 1;
                }
            }
            Err(error) => {
                let failure = Failure::new(task, &error);
                let reason = &failure.reason;
                tracing::warn!(kind = task.kind.endpoint(), id = task.id, reason, "a resource was skipped");
                tally.failed += 1;
                if failures.len() < MOST_UNDER_WAY {
                    failures.push(failure);
                }
            }
        }
    }

    fn progress(&self) -> Progress {
        Progress { total: self.work.total, done: self.work.done, tally: self.running.tally }
    }

    /// Facts first, then the cursor: a kill between the two fetches a few resources again, and loses none.
    async fn checkpoint(&mut self) -> Result<(), SyncError> {
        if self.ledger.is_dirty() {
            // Facts are written without a condition: who was overtaken must not put old ones over another's.
            self.store.renew_lease(self.meter, self.lease, now()).await?;
        }
        self.store.put_facts(self.meter, &mut self.ledger).await?;
        self.state.running = Some(self.running.clone());
        self.put_state().await?;
        self.saved = Instant::now();
        Ok(())
    }

    async fn put_state(&self) -> Result<(), SyncError> {
        let json = serde_json::to_string(&self.state)?;
        Ok(self.store.put_sync_state(self.meter, self.lease, &json, now()).await?)
    }

    /// Drops facts whose resource the source no longer lists, unless suspiciously many are gone.
    fn forget_what_is_gone(&mut self) {
        for kind in Kind::ALL {
            let listed: BTreeSet<u32> = self.work.listed(kind).iter().copied().collect();
            let known = self.ledger.facts.ids(kind);
            let gone: Vec<u32> = known.iter().filter(|id| !listed.contains(id)).copied().collect();
            if is_suspicious(gone.len(), known.len()) || listed.is_empty() {
                if !gone.is_empty() {
                    let kind = kind.endpoint();
                    tracing::warn!(
                        kind,
                        gone = gone.len(),
                        "the source lists far fewer than before; all are kept"
                    );
                }
                continue;
            }
            gone.into_iter().for_each(|id| self.ledger.remove(kind, id));
        }
    }

    async fn publish(&mut self) -> Result<Outcome, SyncError> {
        let published = match publish(self.store, self.meter, &self.ledger.facts, now()).await {
            Ok(published) => published,
            Err(error @ PublishError::Store(_)) => return Err(error.into()),
            Err(error) => {
                // These facts make no catalogue: the next run must ask anew, not try to publish them for ever.
                self.state.running = None;
                self.put_state().await?;
                return Err(error.into());
            }
        };
        for problem in &published.problems {
            tracing::warn!(resource = problem.resource, reason = problem.reason, "a record is incomplete");
        }
        let finished = self.running.finish(now(), published.problems.len(), self.work.repeated);
        self.state = State { running: None, last: Some(finished.clone()) };
        self.put_state().await?;
        Ok(Outcome::Finished { finished, published })
    }
}
