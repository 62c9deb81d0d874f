//! One run, from the lists to the publication.

use std::collections::BTreeSet;

use domain::{Timestamp, facts::Kind};
use futures_util::{StreamExt as _, stream};
use tokio::time::Instant;

use super::{
    lease::{put_state, state, under_lease},
    outcome::{Outcome, Pause, Progress, SyncError},
    settings::Settings,
    state::{Failure, Finished, MOST_UNDER_WAY, Running, State, Wait},
    work::{Task, Work},
};
use crate::{
    now,
    pokeapi::{FetchError, Fetched, PokeApi},
    publish::{PublishError, Published, is_suspicious, publish},
    store::{CatalogStore, Key, LONGEST_LEASE, Lease, Ledger, Meter},
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
        Run::new(store, meter, api, settings, lease).await?.go(observe).await
    })
    .await
}

struct Run<'a> {
    store: &'a CatalogStore,
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
        let running = begun.unwrap_or_else(|| Running::new(now(), lost));
        let (work, saved) = (Work::default(), Instant::now());
        Ok(Self { store, meter, api, settings, lease, ledger, work, state, running, saved })
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
        let listed = tokio::select! {
            biased;
            () = self.settings.stopped() => return Ok(self.paused(Pause::Stopped)),
            listed = Work::list(self.api, &self.ledger, &self.running) => listed,
        };
        match listed {
            Ok(work) => self.work = work,
            Err(SyncError::List(_, FetchError::NotNow(wait))) => return self.pause(wait_for(wait)).await,
            Err(error) => return Err(error),
        }
        let tasks = std::mem::take(&mut self.work.tasks);
        if let Some(because) = self.fetch(tasks, true, observe).await? {
            return self.pause(because).await;
        }
        // The failures may be due to a short problem at the source: one more attempt, after everything else.
        let again = self.running.passing_failures();
        let again = again.into_iter().map(|(kind, id)| Task::new(&self.ledger, kind, id)).collect();
        match self.fetch(again, false, observe).await? {
            // These resources have failed twice; the rest of the catalogue need not wait for them.
            None | Some(Pause::SourceDown) => {}
            Some(because) => return self.pause(because).await,
        }
        let doubts = self.forget_what_is_gone();
        self.checkpoint().await?;
        self.publish(doubts).await
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
        self.state.running = Some(self.running.clone());
        self.put_state().await?;
        self.saved = Instant::now();
        Ok(())
    }

    async fn put_state(&self) -> Result<(), SyncError> {
        put_state(self.store, self.meter, self.lease, &self.state).await
    }

    /// Removes facts whose resource the source no longer lists. If suspiciously many are gone, it keeps them and returns the reason.
    fn forget_what_is_gone(&mut self) -> Vec<String> {
        let mut doubts = Vec::new();
        for kind in Kind::ALL {
            let listed: BTreeSet<u32> = self.work.listed(kind).iter().copied().collect();
            let known = self.ledger.facts.ids(kind);
            let gone: Vec<u32> = known.iter().filter(|id| !listed.contains(id)).copied().collect();
            if gone.is_empty() {
                continue;
            }
            if is_suspicious(gone.len(), known.len()) || listed.is_empty() {
                let (kind, gone, known) = (kind.endpoint(), gone.len(), known.len());
                let doubt = format!("the source no longer lists {gone} of {known} of {kind}; all are kept");
                tracing::warn!(kind, gone, "{doubt}");
                doubts.push(doubt);
                continue;
            }
            gone.into_iter().for_each(|id| self.ledger.remove(kind, id));
        }
        doubts
    }

    /// The number of resources whose facts are lost and could not be fetched again.
    fn still_lost(&self) -> usize {
        let is_lost = |kind, id| {
            let key = Key::facts_of(kind, id).to_string();
            self.running.lost.contains(&key) && self.ledger.facts.get(kind, id).is_none()
        };
        let lost = |kind| self.work.listed(kind).iter().filter(|id| is_lost(kind, **id)).count();
        if self.running.lost.is_empty() { 0 } else { Kind::ALL.into_iter().map(lost).sum() }
    }

    async fn publish(&mut self, mut doubts: Vec<String>) -> Result<Outcome, SyncError> {
        let lost = self.still_lost();
        let published = if lost > 0 {
            // Without these facts, the catalogue would lose records.
            let doubt = format!("the facts of {lost} resources are lost; nothing is published without them");
            tracing::error!(lost, "{doubt}");
            doubts.push(doubt);
            Published::default()
        } else {
            self.store.forget_unreadable(self.meter, self.lease, &self.ledger).await?;
            match publish(self.store, self.meter, self.lease, &self.ledger.facts, now()).await {
                Ok(published) => published,
                Err(error @ PublishError::Store(_)) => return Err(error.into()),
                Err(error) => {
                    // These facts do not make a catalogue: the next run must fetch again instead of trying to publish
                    // them forever.
                    self.state.running = None;
                    self.put_state().await?;
                    return Err(error.into());
                }
            }
        };
        let finished = Finished {
            total: self.work.total,
            doubts,
            incomplete: published.problems.len(),
            gaps: published.gaps.len(),
            repeated: self.work.repeated,
            ..self.running.finish(now())
        };
        self.state.running = None;
        if finished.is_good() {
            self.state.last_good_at = Some(finished.finished_at);
        }
        self.state.last = Some(finished.clone());
        self.put_state().await?;
        Ok(Outcome::Finished { finished, published })
    }
}

fn wait_for(wait: std::time::Duration) -> Pause {
    Pause::RetryAfter { until: Timestamp::from_unix(now().unix() + wait.as_secs() as i64) }
}
