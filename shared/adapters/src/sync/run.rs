//! One run, from the lists to the publication.

use std::collections::BTreeSet;

use domain::{Timestamp, facts::Kind};
use futures_util::{StreamExt as _, stream};
use tokio::time::Instant;

use super::{
    held::{Held, HeldChange, MOST_HELD},
    lease::{put_state, state, under_lease},
    outcome::{Outcome, Pause, Progress, SyncError},
    scope::Scope,
    settings::Settings,
    state::{Failure, MOST_UNDER_WAY, RunError, Running, State, Wait, shortened},
    work::{Task, Work},
};
use crate::{
    now,
    pokeapi::{FetchError, Fetched, PokeApi},
    store::{CatalogStore, LONGEST_LEASE, Lease, Ledger, Meter},
};

/// The length of a lease, in seconds, which each checkpoint renews.
const LEASE: i64 = LONGEST_LEASE;
/// The maximum age of a paused run in seconds: an older one starts from scratch, because its first results are out of
/// date.
const OLDEST: i64 = 2 * 86_400;
/// The number of resources that fail in a row, each after several attempts, before the source counts as down.
const SOURCE_IS_DOWN: usize = 10;

/// Runs a sync, or continues one that was stopped.
///
/// # Errors
/// [`SyncError`]; checkpoints that were written stay. A resource that fails is not an error: the outcome lists it.
pub async fn run(
    store: &CatalogStore,
    meter: &Meter,
    api: &PokeApi,
    settings: &Settings,
    observe: &mut (dyn FnMut(Progress) + Send),
) -> Result<Outcome, SyncError> {
    under_lease(store, meter, &settings.owner, LEASE, async |store, lease| {
        let mut run = Run::new(store, meter, api, settings, lease).await?;
        let outcome = run.go(observe).await;
        if let Err(error @ (SyncError::List(..) | SyncError::Publish(_))) = &outcome {
            // Administrators see the reason; the next run starts, or continues the one that was under way.
            run.state.error = Some(RunError { at: now(), reason: shortened(error) });
            run.put_state().await?;
        }
        outcome
    })
    .await
}

pub(super) struct Run<'a> {
    pub(super) store: &'a CatalogStore,
    pub(super) meter: &'a Meter,
    api: &'a PokeApi,
    settings: &'a Settings,
    pub(super) lease: &'a Lease,
    pub(super) ledger: Ledger,
    pub(super) work: Work,
    pub(super) state: State,
    pub(super) running: Running,
    pub(super) scope: Scope,
    /// The publication that an administrator has approved.
    pub(super) approved: Option<Held>,
    /// The resources that were fetched, in a run that does not cover everything.
    pub(super) fetched: BTreeSet<(Kind, u32)>,
    saved: Instant,
}

impl<'a> Run<'a> {
    /// Reads the stored state; sends no request to the source yet.
    pub(super) async fn new(
        store: &'a CatalogStore,
        meter: &'a Meter,
        api: &'a PokeApi,
        settings: &'a Settings,
        lease: &'a Lease,
    ) -> Result<Self, SyncError> {
        let ledger = store.facts(meter).await?;
        let mut state = state(store, meter).await?;
        let lost: Vec<String> = ledger.unreadable().iter().map(ToString::to_string).collect();
        let begun = state.running.take().filter(|running| {
            // A fact that was lost since then may come before the cursor.
            lost.iter().all(|key| running.lost.contains(key))
                && now().elapsed_since(running.started_at).is_some_and(|age| age < OLDEST)
        });
        // A run that is under way covers everything, and has to end first.
        let scope = if begun.is_some() { Scope::Everything } else { settings.scope.clone() };
        let running = begun.unwrap_or_else(|| Running::new(now(), lost));
        let (work, fetched, saved) = (Work::default(), BTreeSet::new(), Instant::now());
        let approved = None;
        Ok(Self {
            store,
            meter,
            api,
            settings,
            lease,
            ledger,
            work,
            state,
            running,
            scope,
            approved,
            fetched,
            saved,
        })
    }

    pub(super) async fn go(
        &mut self,
        observe: &mut (dyn FnMut(Progress) + Send),
    ) -> Result<Outcome, SyncError> {
        if let Some(wait) = &self.state.wait
            && wait.source == self.api.config().base_url
            && wait.until.is_pending(now(), PokeApi::LONGEST_WAIT.as_secs().cast_signed())
        {
            // Before the lists, and without a write: the run has no effect.
            return Ok(self.paused(Pause::RetryAfter { until: wait.until }));
        }
        self.state.wait = None;
        if let Scope::Approved { publication } = &self.scope {
            self.approved = self.state.held.clone().filter(|held| held.publication == *publication);
            if self.approved.is_none() {
                return Ok(Outcome::Superseded);
            }
        }
        let listed = tokio::select! {
            biased;
            () = self.settings.stopped() => return Ok(self.paused(Pause::Stopped)),
            listed = Work::list(self.api, &self.ledger, &self.running) => listed,
        };
        match listed {
            Ok(work) => self.work = work,
            Err(SyncError::List(_, FetchError::NotNow(wait))) => return self.pause(wait_for(wait)).await,
            Err(error) => {
                self.state.running = Some(self.running.clone()).filter(|running| running.cursor.is_some());
                return Err(error);
            }
        }
        let tasks = self.tasks();
        match self.fetch(tasks, true, observe).await? {
            // Skipped resources have failed before: that they fail again says nothing about the source.
            Some(Pause::SourceDown) if self.scope != Scope::Everything => {}
            Some(because) => return self.pause(because).await,
            None => {}
        }
        // The failures may be due to a short problem at the source: one more attempt, after everything else.
        let again = self.running.passing_failures();
        let again = again.into_iter().map(|(kind, id)| Task::new(&self.ledger, kind, id)).collect();
        match self.fetch(again, false, observe).await? {
            // These resources have failed twice; the rest of the catalogue need not wait for them.
            None | Some(Pause::SourceDown) => {}
            Some(because) => return self.pause(because).await,
        }
        let removals = self.forget_what_is_gone();
        self.checkpoint().await?;
        self.conclude(removals).await
    }

    /// The resources to request, in order.
    fn tasks(&mut self) -> Vec<Task> {
        let named: Vec<(Kind, u32)> = match &self.scope {
            Scope::Everything => return std::mem::take(&mut self.work.tasks),
            Scope::Skipped => {
                let last = self.state.last.iter();
                last.flat_map(|last| &last.failures).map(|failure| (failure.kind, failure.id)).collect()
            }
            Scope::Approved { .. } => {
                let approved = self.approved.iter();
                approved.flat_map(|held| &held.changes).map(|change| (change.kind, change.id)).collect()
            }
        };
        (self.work.total, self.work.done) = (named.len(), 0);
        named.into_iter().map(|(kind, id)| Task::new(&self.ledger, kind, id)).collect()
    }

    /// Processes `tasks` in order; returns the reason for an early end, if there is one.
    async fn fetch(
        &mut self,
        tasks: Vec<Task>,
        moves_cursor: bool,
        observe: &mut (dyn FnMut(Progress) + Send),
    ) -> Result<Option<Pause>, SyncError> {
        let api = self.api;
        let fetches = tasks.into_iter().map(|task| async move {
            let answer = api.fetch(task.kind, task.id, task.etag.as_deref()).await;
            (task, answer)
        });
        // Results arrive in order, so that the cursor never passes a resource that is still in progress.
        let mut answers = stream::iter(fetches).buffered(api.config().concurrency.clamp(1, 4));
        let stopped = self.settings.stopped();
        tokio::pin!(stopped);
        let mut failed_in_a_row = 0;
        loop {
            let answer = tokio::select! {
                // Checked first, so that a deadline in the past prevents every request.
                biased;
                () = &mut stopped => return Ok(Some(Pause::Stopped)),
                answer = answers.next() => answer,
            };
            let Some((task, answer)) = answer else { return Ok(None) };
            match &answer {
                // The resource counts as not requested: the next run requests it.
                Err(FetchError::NotNow(wait)) => return Ok(Some(wait_for(*wait))),
                Err(error) if error.is_passing() => failed_in_a_row += 1,
                _ => failed_in_a_row = 0,
            }
            self.take(&task, answer);
            if moves_cursor {
                self.running.cursor = Some((task.kind, task.id));
                self.work.done += 1;
            }
            observe(self.progress());
            if failed_in_a_row == SOURCE_IS_DOWN {
                return Ok(Some(Pause::SourceDown));
            }
            if self.saved.elapsed() >= self.settings.checkpoint_every {
                self.checkpoint().await?;
            }
        }
    }

    fn take(&mut self, task: &Task, answer: Result<Fetched, FetchError>) {
        let Running { failures, tally, held, .. } = &mut self.running;
        let before = failures.len();
        failures.retain(|failure| (failure.kind, failure.id) != (task.kind, task.id));
        held.retain(|change| (change.kind, change.id) != (task.kind, task.id));
        if answer.is_ok() && self.scope != Scope::Everything {
            self.fetched.insert((task.kind, task.id));
        }
        tally.failed = tally.failed.saturating_sub(before - failures.len());
        match answer {
            Ok(Fetched::Unchanged) => tally.unchanged += 1,
            Ok(Fetched::Changed { fact, etag }) => {
                tally.fetched += 1;
                let is_approved = self.approved.as_ref().is_some_and(|held| held.includes(&fact));
                let is_known = self.ledger.facts.get(task.kind, task.id).as_ref() == Some(&*fact);
                match fact.doubt().filter(|_| !is_approved && !is_known) {
                    Some(doubt) => {
                        tracing::error!(kind = task.kind.endpoint(), id = task.id, %doubt, "an improbable change is held");
                        if held.len() < MOST_HELD {
                            held.push(HeldChange::new(&fact, &doubt));
                        }
                    }
                    None if self.ledger.record(*fact, etag) => tally.changed += 1,
                    None => {}
                }
            }
            Err(error) => {
                let failure = Failure::new(task.kind, task.id, &error);
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

    fn paused(&self, because: Pause) -> Outcome {
        Outcome::Paused { progress: self.progress(), because }
    }

    async fn pause(&mut self, because: Pause) -> Result<Outcome, SyncError> {
        if let Pause::RetryAfter { until } = because {
            let source = self.api.config().base_url.clone();
            self.state.wait = Some(Wait { source, until });
        }
        self.checkpoint().await?;
        Ok(self.paused(because))
    }

    /// Writes the facts first, then the cursor: a kill between the two repeats a few fetches, and loses no facts.
    async fn checkpoint(&mut self) -> Result<(), SyncError> {
        self.store.put_facts(self.meter, self.lease, &mut self.ledger).await?;
        self.state.error = None;
        if self.scope == Scope::Everything {
            (self.running.total, self.running.done) = (self.work.total, self.work.done);
            self.state.running = Some(self.running.clone());
        }
        self.put_state().await?;
        self.saved = Instant::now();
        Ok(())
    }

    pub(super) async fn put_state(&self) -> Result<(), SyncError> {
        put_state(self.store, self.meter, self.lease, &self.state).await
    }
}

fn wait_for(wait: std::time::Duration) -> Pause {
    Pause::RetryAfter { until: Timestamp::from_unix(now().unix() + wait.as_secs() as i64) }
}
