//! The end of a run: removals, the publication, and the state that administrators and readiness see.

use std::collections::BTreeSet;

use domain::facts::Kind;

use super::{
    held::{Held, HeldChange, HeldRemoval, doubtful_removal},
    outcome::{Outcome, SyncError},
    run::Run,
    scope::Scope,
    state::{Ended, Failure, Finished},
};
use crate::{
    now,
    publish::{PublishError, Published, publish},
    store::Key,
};

/// The maximum number of doubts in the result of a run.
const MOST_DOUBTS: usize = 20;

impl Run<'_> {
    /// Removes facts whose resource the source no longer lists. Keeps those of a kind whose removal is doubtful and not approved, and
    /// returns these removals.
    pub(super) fn forget_what_is_gone(&mut self) -> Vec<HeldRemoval> {
        let mut gone = Vec::new();
        for kind in Kind::ALL {
            let listed: BTreeSet<u32> = self.work.listed(kind).iter().copied().collect();
            let known = self.ledger.facts.ids(kind);
            let ids: Vec<u32> = known.into_iter().filter(|id| !listed.contains(id)).collect();
            if !ids.is_empty() {
                let doubt = doubtful_removal(&self.ledger.facts, kind, &ids, listed.is_empty());
                gone.push((kind, ids, doubt));
            }
        }
        let is_approved =
            |kind, ids: &[u32]| self.approved.as_ref().is_some_and(|held| held.includes_removal(kind, ids));
        // A removal is carried out with the publication that it was approved for, or not at all.
        let is_held = !self.held_changes().is_empty()
            || self.still_lost() > 0
            || gone.iter().any(|(kind, ids, doubt)| doubt.is_some() && !is_approved(*kind, ids));
        let (doubtful, removed): (Vec<_>, Vec<_>) = gone
            .into_iter()
            .partition(|(kind, ids, doubt)| doubt.is_some() && (is_held || !is_approved(*kind, ids)));
        for (kind, ids, _) in removed {
            ids.into_iter().for_each(|id| self.ledger.remove(kind, id));
        }
        let held = |(kind, ids, doubt): (Kind, Vec<u32>, Option<String>)| {
            let reason = doubt.unwrap_or_default();
            tracing::error!(kind = kind.endpoint(), gone = ids.len(), "{reason}");
            HeldRemoval { kind, ids, reason }
        };
        doubtful.into_iter().map(held).collect()
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

    /// The improbable changes: those of this run, and earlier ones whose resource it could not fetch or did not request.
    fn held_changes(&self) -> Vec<HeldChange> {
        let found = &self.running.held;
        let has_failed = |change: &HeldChange| {
            let failures = &self.running.failures;
            failures.iter().any(|failure| (failure.kind, failure.id) == (change.kind, change.id))
        };
        let is_still = |change: &&HeldChange| match self.scope {
            Scope::Everything => has_failed(change),
            _ => !self.fetched.contains(&(change.kind, change.id)),
        };
        let earlier = self.state.held.iter().flat_map(|held| &held.changes).filter(is_still);
        found.iter().chain(earlier).cloned().collect()
    }

    /// Publishes the catalogue, unless changes are held or facts are lost, and records the end of the run.
    pub(super) async fn conclude(&mut self, removals: Vec<HeldRemoval>) -> Result<Outcome, SyncError> {
        let mut held = Held::new(self.held_changes(), removals, self.state.held.as_ref(), now());
        let lost = self.still_lost();
        let published = if lost > 0 || held.is_some() {
            None
        } else {
            match self.publish().await {
                Ok(published) => Some(published),
                Err(SyncError::Publish(PublishError::Loss(loss))) => {
                    held = Held::new(Vec::new(), HeldRemoval::of(&loss), self.state.held.as_ref(), now());
                    None
                }
                Err(error) => return Err(error),
            }
        };
        let mut doubts: Vec<String> = held.iter().flat_map(Held::reasons).take(MOST_DOUBTS).collect();
        if lost > 0 {
            // Without these facts, the catalogue would lose records.
            let doubt = format!("the facts of {lost} resources are lost; nothing is published without them");
            tracing::error!(lost, "{doubt}");
            doubts.push(doubt);
        }
        let mut finished = self.running.finish(now());
        finished.total = self.work.listed_total();
        finished.doubts = doubts;
        finished.repeated = self.work.repeated;
        finished.held = held.as_ref().map(|held| held.publication.clone());
        if let Some(published) = &published {
            (finished.incomplete, finished.gaps) = (published.problems.len(), published.gaps.len());
        }
        let published = published.unwrap_or_default();
        self.state.held = held;
        self.state.running = None;
        self.state.add(Ended {
            scope: self.scope.clone(),
            started_at: finished.started_at,
            finished_at: finished.finished_at,
            tally: finished.tally,
            written: published.written,
            removed: published.removed,
            index: Some(published.index.clone()).filter(|index| !index.is_empty()),
        });
        let last = self.merged(&finished);
        if last.is_good() {
            self.state.last_good_at = Some(last.finished_at);
        }
        self.state.last = Some(last);
        self.put_state().await?;
        Ok(Outcome::Finished { finished: Box::new(finished), published })
    }

    /// Returns the last run that covered everything, with the results of this one.
    fn merged(&self, finished: &Finished) -> Finished {
        let Some(last) = self.state.last.as_ref().filter(|_| self.scope != Scope::Everything) else {
            return finished.clone();
        };
        let mut merged = last.clone();
        let is_fetched = |failure: &Failure| self.fetched.contains(&(failure.kind, failure.id));
        // A resource that failed again has another reason now.
        let failed_again = |one: &Failure| finished.failures.iter().any(|other| one.is_of_same(other));
        merged.failures.retain(|failure| !is_fetched(failure) && !failed_again(failure));
        merged.failures.extend(finished.failures.iter().cloned());
        let others = merged.tally.failed.saturating_sub(last.failures.len());
        merged.tally.failed = others + merged.failures.len();
        merged.doubts.clone_from(&finished.doubts);
        merged.held.clone_from(&finished.held);
        if finished.doubts.is_empty() {
            (merged.incomplete, merged.gaps) = (finished.incomplete, finished.gaps);
        }
        merged
    }

    async fn publish(&mut self) -> Result<Published, SyncError> {
        self.store.forget_unreadable(self.meter, self.lease, &self.ledger).await?;
        let removals = self.approved.iter().flat_map(|held| &held.removals);
        let approved =
            removals.flat_map(|removal| removal.ids.iter().map(|id| (removal.kind, *id))).collect();
        match publish(self.store, self.meter, self.lease, &self.ledger.facts, now(), &approved).await {
            Ok(published) => Ok(published),
            Err(error @ (PublishError::Store(_) | PublishError::Loss(_))) => Err(error.into()),
            Err(error) => {
                // These facts do not make a catalogue: the next run must fetch again instead of trying to publish them forever.
                self.state.running = None;
                Err(error.into())
            }
        }
    }
}
