//! One run, from the lists to the publication.

use std::collections::BTreeSet;

use domain::{Timestamp, facts::Kind};
use futures_util::{StreamExt as _, stream};
use tokio::time::Instant;

use super::{
    Outcome, Pause, Progress, Settings, SyncError, put_state, state,
    state::{Failure, MOST_UNDER_WAY, Running, State},
    work::{Task, Work},
};
use crate::{
    now,
    pokeapi::{FetchError, Fetched, PokeApi},
    publish::{PublishError, Stale, is_suspicious, publish},
    store::{Lease, Ledger, Meter, Store},
};

/// A run that was paused longer ago begins anew: what it saw first is no longer news. Seconds.
const OLDEST: i64 = 2 * 86_400;
/// The longest that the source may keep the sync away. Seconds.
const LONGEST_WAIT: u64 = 86_400;
/// Resources in a row that fail although each was tried again and again.
const SOURCE_IS_DOWN: usize = 10;

pub(super) struct Run<'a> {
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
    /// What is known; nothing is asked yet.
    pub(super) async fn new(
        store: &'a Store,
        meter: &'a Meter,
        api: &'a PokeApi,
        settings: &'a Settings,
        lease: &'a Lease,
    ) -> Result<Self, SyncError> {
        let ledger = store.facts(meter).await?;
        let mut state = state(store, meter).await?;
        let begun = state.running.take().filter(|running| {
            // What was lost lies before the cursor, perhaps.
            ledger.unreadable().is_empty() && now().seconds_since(running.started_at) < OLDEST
        });
        let running = begun.unwrap_or_else(|| Running::new(now()));
        let (work, saved) = (Work::default(), Instant::now());
        Ok(Self { store, meter, api, settings, lease, ledger, work, state, running, saved })
    }

    pub(super) async fn go(
        &mut self,
        observe: &mut (dyn FnMut(Progress) + Send),
    ) -> Result<Outcome, SyncError> {
        if let Some(until) = self.state.not_before.filter(|until| *until > now()) {
            // Before the lists, and with nothing to write: as if this run had not been.
            return Ok(self.paused(Pause::Asked { until }));
        }
        self.state.not_before = None;
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
        // What failed may have been a bad minute of the source: one more try, after everything else.
        let again = self.running.passing_failures();
        let again = again.into_iter().map(|(kind, id)| Task::new(&self.ledger, kind, id)).collect();
        match self.fetch(again, false, observe).await? {
            // They failed twice now; the rest of the catalogue need not wait for them.
            None | Some(Pause::SourceDown) => {}
            Some(because) => return self.pause(because).await,
        }
        self.forget_what_is_gone();
        self.checkpoint().await?;
        self.publish().await
    }

    /// Deals with `tasks` in order; answers why it stopped before their end, if it did.
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
        // In order, so that the cursor never passes a resource that is still under way.
        let mut answers = stream::iter(fetches).buffered(api.config().concurrency.clamp(1, 4));
        let stopped = self.settings.stopped();
        tokio::pin!(stopped);
        let mut failed_in_a_row = 0;
        loop {
            let answer = tokio::select! {
                // First of all, so that a deadline in the past asks for nothing.
                biased;
                () = &mut stopped => return Ok(Some(Pause::Stopped)),
                answer = answers.next() => answer,
            };
            let Some((task, answer)) = answer else { return Ok(None) };
            match &answer {
                // As if it had not been asked for: the next run does.
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

    fn paused(&self, because: Pause) -> Outcome {
        Outcome::Paused { progress: self.progress(), because }
    }

    async fn pause(&mut self, because: Pause) -> Result<Outcome, SyncError> {
        if let Pause::Asked { until } = because {
            self.state.not_before = Some(until);
        }
        self.checkpoint().await?;
        Ok(self.paused(because))
    }

    /// Facts first, then the cursor: a kill between the two fetches a few resources again, and loses none.
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

    /// Whether there are facts of everything that the source lists.
    fn is_complete(&self) -> bool {
        let has_facts = |kind| {
            let known: BTreeSet<u32> = self.ledger.facts.ids(kind).into_iter().collect();
            self.work.listed(kind).iter().all(|id| known.contains(id))
        };
        Kind::ALL.into_iter().all(has_facts)
    }

    async fn publish(&mut self) -> Result<Outcome, SyncError> {
        let stale = if self.is_complete() { Stale::Remove } else { Stale::Keep };
        let facts = &self.ledger.facts;
        let published = match publish(self.store, self.meter, self.lease, facts, stale, now()).await {
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
        let (total, repeated) = (self.work.total, self.work.repeated);
        let finished = self.running.finish(now(), total, published.problems.len(), repeated);
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
    let seconds = wait.as_secs().min(LONGEST_WAIT);
    Pause::Asked { until: Timestamp::from_unix(now().unix() + seconds as i64) }
}
