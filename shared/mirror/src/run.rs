//! One run of the mirror.

use adapters::{
    now,
    pokeapi::{AssetSource, FetchError},
    s3::S3Error,
    store::{AssetLedger, CatalogStore, LONGEST_LEASE, Lease, MOST_BLOCKS, Meter, StoreError},
    sync::{Pause, RunError, Settings, Wait, shortened},
};
use domain::{
    Timestamp,
    assets::{Asset, AssetId},
};
use futures_util::{StreamExt as _, stream};
use serde::Serialize;
use tokio::{sync::Semaphore, time::Instant};

use crate::{
    asset::{Failed, Mirrored, is_failure, is_gone, mirror},
    bucket::Bucket,
    state::{AssetFailure, MOST_FAILURES, MirrorRun, MirrorState, Tally, Totals},
    work::{VERSION, due, forget, is_over, refill},
};

/// The number of assets that are fetched or processed at the same time.
const CONCURRENCY: usize = 4;
/// The number of assets that are processed at the same time: each needs a processor, and artwork up to 48 MiB.
const PROCESSORS: usize = 2;
/// The number of assets that fail in a row, each after several attempts, before the source counts as down.
const SOURCE_IS_DOWN: usize = 10;
/// Seconds.
const DAY: i64 = 86_400;

/// The progress of a run.
#[derive(Clone, Copy, Debug, Default)]
pub struct Progress {
    /// The number of assets to ask for, and of those that are done.
    pub total: usize,
    pub done: usize,
    pub tally: Tally,
}

/// The end of a run.
#[derive(Clone, Debug, Serialize)]
#[serde(tag = "outcome", rename_all = "snake_case")]
pub enum Outcome {
    /// Every asset that was due has been asked for.
    Finished { tally: Tally },
    /// The next run continues. `left` is the number of assets that were not asked for; `None` if the run did not begin.
    Paused { tally: Tally, left: Option<usize>, because: Pause },
}

#[derive(Debug, thiserror::Error)]
pub enum MirrorError {
    #[error("another run holds the mirror until {0}")]
    Busy(Timestamp),
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    Bucket(#[from] S3Error),
    #[error("{old} files would be deleted, and only {named} have an asset")]
    TooMany { old: usize, named: usize },
    #[error("the state cannot be written: {0}")]
    State(#[from] serde_json::Error),
}

/// Mirrors the assets that are due: fetches each from `source`, stores its files in `bucket`, and records them in the manifest.
///
/// # Errors
/// [`MirrorError`]; the manifest has what was recorded before. An asset that fails is not an error: the state lists it.
pub async fn run(
    store: &CatalogStore,
    meter: &Meter,
    source: &AssetSource,
    bucket: &Bucket,
    settings: &Settings,
    observe: &mut (dyn FnMut(Progress) + Send),
) -> Result<Outcome, MirrorError> {
    let store = &store.patient();
    let lease = take_lease(store, meter, settings.owner.clone(), now()).await?;
    let mut run = Run {
        store,
        meter,
        source,
        bucket,
        settings,
        lease: &lease,
        ledger: AssetLedger::default(),
        state: MirrorState::default(),
        tasks: Vec::new(),
        failures: Vec::new(),
        tally: Tally::default(),
        started_at: now(),
        saved: Instant::now(),
    };
    let ended = run.go(observe).await;
    if let Err(error) = &ended {
        run.report_error(error).await;
    }
    // Best effort: a lease that is not released expires.
    let _ = store.end_lease(meter, &lease).await;
    ended
}

/// Takes the lease of the mirror.
///
/// # Errors
/// [`MirrorError::Busy`] while another owner holds it.
pub(crate) async fn take_lease(
    store: &CatalogStore,
    meter: &Meter,
    owner: String,
    now: Timestamp,
) -> Result<Lease, MirrorError> {
    match store.take_mirror_lease(meter, owner, LONGEST_LEASE, now).await {
        Err(StoreError::Conflict { .. }) => {
            let until = store.mirror_state(meter).await?.lease_until;
            Err(MirrorError::Busy(until.unwrap_or(now)))
        }
        other => Ok(other?),
    }
}

struct Run<'a> {
    store: &'a CatalogStore,
    meter: &'a Meter,
    source: &'a AssetSource,
    bucket: &'a Bucket,
    settings: &'a Settings,
    lease: &'a Lease,
    ledger: AssetLedger,
    state: MirrorState,
    tasks: Vec<AssetId>,
    failures: Vec<AssetFailure>,
    tally: Tally,
    started_at: Timestamp,
    saved: Instant,
}

impl Run<'_> {
    async fn go(&mut self, observe: &mut (dyn FnMut(Progress) + Send)) -> Result<Outcome, MirrorError> {
        self.state = MirrorState::read(&self.store.mirror_state(self.meter).await?.body);
        let source = &self.source.config().base_url;
        if let Some(wait) = &self.state.wait
            && wait.source == *source
            && wait.until.is_pending(now(), DAY)
        {
            // Without a write: the run has no effect.
            let because = Pause::RetryAfter { until: wait.until };
            return Ok(Outcome::Paused { tally: self.tally, left: None, because });
        }
        self.prepare().await?;
        let fetched = self.fetch(observe).await;
        let because = *fetched.as_ref().unwrap_or(&Some(Pause::Stopped));
        self.state.wait = match because {
            Some(Pause::RetryAfter { until }) => Some(Wait { source: source.clone(), until }),
            _ => None,
        };
        let left = self.tasks.len();
        self.state.failures = self.all_failures();
        self.state.error = match because {
            Some(Pause::SourceDown) => {
                Some(RunError { at: now(), reason: "the source has stopped answering".to_owned() })
            }
            _ => None,
        };
        self.state.totals = Totals::of(self.ledger.manifest());
        self.state.last = Some(MirrorRun {
            started_at: self.started_at,
            ended_at: now(),
            is_complete: because.is_none(),
            source: source.clone(),
            version: VERSION,
            tally: self.tally,
        });
        self.checkpoint().await?;
        let json = serde_json::to_string(&self.state)?;
        self.store.put_state(self.meter, self.lease, &json, now()).await?;
        // The manifest and the state have what the run did before its error.
        fetched?;
        Ok(match because {
            None => Outcome::Finished { tally: self.tally },
            Some(because) => Outcome::Paused { tally: self.tally, left: Some(left), because },
        })
    }

    /// Reads the manifest, compares it with the bucket and with the facts, and collects the assets that are due.
    async fn prepare(&mut self) -> Result<(), MirrorError> {
        self.ledger = self.store.assets(self.meter).await?;
        if self.ledger.manifest().values().any(|asset| !asset.files.is_empty()) {
            refill(&self.bucket.keys().await?, &mut self.ledger);
        }
        let facts = self.store.facts(self.meter).await?;
        // Facts that are lost for the moment must not make their assets look gone.
        if facts.unreadable().is_empty() && !facts.facts.pokemon.is_empty() {
            forget(&facts.facts, &mut self.ledger, now());
        }
        let failed = self.state.failures.iter().map(|failure| failure.kind).collect();
        self.tasks = due(&facts.facts, &self.ledger, &failed, now());
        Ok(())
    }

    /// Asks for the due assets; returns the reason for an early end, if there is one. `self.tasks` has those that are left.
    async fn fetch(
        &mut self,
        observe: &mut (dyn FnMut(Progress) + Send),
    ) -> Result<Option<Pause>, MirrorError> {
        let tasks = std::mem::take(&mut self.tasks);
        let total = tasks.len();
        let processors = Semaphore::new(PROCESSORS);
        let (source, bucket) = (self.source, self.bucket);
        let known = |id: &AssetId| self.ledger.manifest().get(id).cloned();
        let work: Vec<_> = tasks.into_iter().map(|id| (known(&id), id)).collect();
        let mut rest: Vec<AssetId> = work.iter().rev().map(|(_, id)| id.clone()).collect();
        let fetches = work.into_iter().map(|(known, id)| {
            let processors = &processors;
            async move {
                let answer = mirror(source, bucket, processors, &id, known.as_ref()).await;
                (id, known, answer)
            }
        });
        // Results arrive in order, so that few items of the manifest change between two checkpoints.
        let mut answers = stream::iter(fetches).buffered(CONCURRENCY);
        let stopped = self.settings.stopped();
        tokio::pin!(stopped);
        let mut failed_in_a_row = 0;
        let pause = loop {
            let answer = tokio::select! {
                // Checked first, so that a deadline in the past prevents every request.
                biased;
                () = &mut stopped => break Some(Pause::Stopped),
                answer = answers.next() => answer,
            };
            let Some((id, known, answer)) = answer else { break None };
            let answer = match answer {
                Err(Failed::Bucket(error)) => {
                    drop(answers);
                    self.tasks = rest;
                    return Err(error.into());
                }
                Err(Failed::Source(FetchError::NotNow(wait))) => {
                    let until = now().plus(i64::try_from(wait.as_secs()).unwrap_or(DAY));
                    break Some(Pause::RetryAfter { until });
                }
                Err(Failed::Source(error)) if is_failure(&error) => {
                    failed_in_a_row += 1;
                    Err(Failed::Source(error))
                }
                // A proxy's page instead of every picture is a failure of the source, too.
                Err(error @ Failed::Content(..)) => {
                    failed_in_a_row += 1;
                    Err(error)
                }
                other => {
                    failed_in_a_row = 0;
                    other
                }
            };
            rest.pop();
            self.take(id, known, answer);
            observe(Progress { total, done: total - rest.len(), tally: self.tally });
            if failed_in_a_row == SOURCE_IS_DOWN {
                break Some(Pause::SourceDown);
            }
            if self.saved.elapsed() >= self.settings.checkpoint_every || self.ledger.dirty() >= MOST_BLOCKS {
                self.checkpoint().await?;
            }
        };
        drop(answers);
        self.tasks = rest;
        Ok(pause)
    }

    fn take(&mut self, id: AssetId, known: Option<Asset>, answer: Result<Mirrored, Failed>) {
        let before = known.unwrap_or(Asset {
            etag: None,
            checked_at: now(),
            version: VERSION,
            files: Vec::new(),
            rejected: None,
            gone_since: None,
        });
        let seen = Asset { checked_at: now(), version: VERSION, ..before };
        let asset = match answer {
            Ok(Mirrored::Unchanged) => {
                self.tally.unchanged += 1;
                Asset { gone_since: None, ..seen }
            }
            Ok(Mirrored::Stored { files, etag, new }) => {
                self.tally.stored += 1;
                self.tally.files += new.files;
                self.tally.bytes += new.bytes;
                Asset { files, etag, rejected: None, gone_since: None, ..seen }
            }
            Err(Failed::Source(error)) if is_gone(&error) => {
                self.tally.gone += 1;
                // A time of a clock that ran ahead says nothing.
                let since = seen.gone_since.filter(|since| now().elapsed_since(*since).is_some());
                let since = since.unwrap_or_else(now);
                let files = if is_over(since, now()) { Vec::new() } else { seen.files };
                Asset { gone_since: Some(since), files, ..seen }
            }
            Err(error) if matches!(&error, Failed::Source(cause) if is_failure(cause)) => {
                self.tally.failed += 1;
                self.report(&id, shortened(&error));
                return;
            }
            // The files of an earlier version stay.
            Err(error) => {
                self.tally.rejected += 1;
                let reason = shortened(&error);
                warn(&id, &reason);
                let etag = if let Failed::Content(_, etag) = error { etag } else { None };
                Asset { etag, rejected: Some(reason), gone_since: None, ..seen }
            }
        };
        self.ledger.record(id, asset);
    }

    fn report(&mut self, id: &AssetId, reason: String) {
        warn(id, &reason);
        if self.failures.len() < MOST_FAILURES {
            self.failures.push(AssetFailure { kind: id.kind, path: id.path.clone(), reason });
        }
    }

    /// The assets that this run could not fetch, and those whose latest version was not accepted, by whatever run.
    fn all_failures(&mut self) -> Vec<AssetFailure> {
        let rejected = self.ledger.manifest().iter().filter_map(|(id, asset)| {
            let reason = asset.rejected.clone()?;
            Some(AssetFailure { kind: id.kind, path: id.path.clone(), reason })
        });
        std::mem::take(&mut self.failures).into_iter().chain(rejected).take(MOST_FAILURES).collect()
    }

    /// Adds the error that ended the run to the stored state, for administrators. Best effort: what failed may be the engine.
    async fn report_error(&self, error: &MirrorError) {
        // Read again: the run may have failed before it read the state, and must not replace it with an empty one.
        let Ok(stored) = self.store.mirror_state(self.meter).await else { return };
        let error = Some(RunError { at: now(), reason: shortened(error) });
        let state = MirrorState { error, ..MirrorState::read(&stored.body) };
        if let Ok(json) = serde_json::to_string(&state) {
            let _ = self.store.put_state(self.meter, self.lease, &json, now()).await;
        }
    }

    async fn checkpoint(&mut self) -> Result<(), MirrorError> {
        while self.ledger.dirty() > 0 {
            self.store.put_assets(self.meter, self.lease, &mut self.ledger).await?;
        }
        self.store.renew_lease(self.meter, self.lease, now()).await?;
        self.saved = Instant::now();
        Ok(())
    }
}

fn warn(id: &AssetId, reason: &str) {
    tracing::warn!(kind = id.kind.name(), path = id.path, reason, "an asset was skipped");
}
