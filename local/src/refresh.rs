//! A sync and the mirror before the server starts, with their progress and their results on the terminal.

use adapters::{
    now,
    pokeapi::{AssetSource, PokeApi},
    publish::Published,
    store::{CatalogStore, Meter},
    sync::{self, Finished, Outcome, Pause, Progress, Settings, Tally},
};
use anyhow::Result;
use mirror::{AssetFailure, Bucket, Collected, MirrorState};
use tokio::sync::watch;

use crate::progress::Display;

/// Refreshes the catalogue from `api` and reports the result. Once `interrupt` is true, it stores its progress and ends.
///
/// # Errors
/// If PokeAPI or the engine does not answer, or another writer is at work.
pub async fn refresh(
    api: &PokeApi,
    store: &CatalogStore,
    owner: String,
    interrupt: watch::Receiver<bool>,
) -> Result<()> {
    let settings = Settings { interrupt: Some(interrupt), ..Settings::new(owner) };
    let mut display = Display::new("sync");
    let outcome =
        sync::run(store, &Meter::default(), api, &settings, &mut |Progress { total, done, tally }| {
            display.show(done, total, &counts(tally));
        })
        .await;
    display.finish();
    match outcome? {
        Outcome::Finished { finished, published } => report(&finished, &published),
        // Only the approval of an administrator can be superseded.
        Outcome::Superseded => {}
        Outcome::Paused { progress, because } => {
            let why = reason(because, "PokeAPI");
            let at = match progress {
                Progress { total: 0, .. } => String::new(),
                Progress { done, total, .. } => format!(" at {done} of {total}"),
            };
            eprintln!("sync: {why}{at}; the next --sync goes on from there");
        }
    }
    Ok(())
}

/// Mirrors the pictures and sounds that the catalogue names, reports the result, and publishes their addresses.
///
/// # Errors
/// As [`refresh`].
pub async fn mirror(
    source: &AssetSource,
    bucket: &Bucket,
    store: &CatalogStore,
    owner: String,
    interrupt: watch::Receiver<bool>,
) -> Result<()> {
    let interrupted = interrupt.clone();
    let settings = Settings { interrupt: Some(interrupt), ..Settings::new(&owner) };
    let meter = Meter::default();
    let mut display = Display::new("assets");
    let outcome = mirror::run(store, &meter, source, bucket, &settings, &mut |progress| {
        display.show(progress.done, progress.total, &sums(progress.tally));
    })
    .await;
    display.finish();
    match &outcome {
        Ok(mirror::Outcome::Finished { tally }) => eprintln!("assets: {}", sums(*tally)),
        Ok(mirror::Outcome::Paused { tally, left, because }) => {
            let why = reason(*because, "the source");
            let left = left.map_or_else(String::new, |left| format!(" with {left} left"));
            eprintln!("assets: {why}{left}; the next --sync --assets goes on from there");
            eprintln!("assets: {}", sums(*tally));
        }
        // The caller reports it.
        Err(_) => {}
    }
    // An interrupted program ends soon: its next start publishes.
    if !*interrupted.borrow() {
        // Also after an error: the pictures that were stored before it are published.
        sync::republish(store, &meter, &owner, now()).await?;
    }
    if matches!(outcome?, mirror::Outcome::Finished { .. })
        && let Collected::Done { deleted: 1.., orphans, .. } =
            mirror::collect(store, &meter, bucket, &owner, now()).await?
    {
        eprintln!("assets: files that no asset has any more were deleted, {orphans} stay for up to 30 days");
    }
    let state = MirrorState::read(&store.mirror_state(&meter).await?.body);
    for AssetFailure { path, reason, .. } in state.failures.iter().take(20) {
        eprintln!("assets: skipped {path}: {reason}");
    }
    Ok(())
}

fn reason(because: Pause, source: &str) -> String {
    match because {
        Pause::Stopped => "stopped".to_owned(),
        Pause::RetryAfter { until } => format!("{source} asks to be left alone until {until}; paused"),
        Pause::SourceDown => format!("{source} has stopped answering; paused"),
    }
}

fn counts(Tally { fetched, unchanged, changed, failed }: Tally) -> String {
    format!("fetched {fetched}, unchanged {unchanged}, changed {changed}, failed {failed}")
}

fn sums(tally: mirror::Tally) -> String {
    let mirror::Tally { unchanged, stored, files, bytes, rejected, gone, failed } = tally;
    let megabytes = bytes as f64 / 1e6;
    format!(
        "stored {stored} ({files} files, {megabytes:.1} MB), unchanged {unchanged}, rejected {rejected}, gone {gone}, failed {failed}"
    )
}

fn report(finished: &Finished, published: &Published) {
    let Published { written, removed, .. } = published;
    let index = if published.index_written { "written" } else { "unchanged" };
    eprintln!("sync: {}", counts(finished.tally));
    eprintln!(
        "sync: {written} items written, {} unchanged, {removed} removed, index {index}",
        published.unchanged
    );
    for doubt in &finished.doubts {
        eprintln!("sync: {doubt}");
    }
    if let Some(publication) = &finished.held {
        eprintln!("sync: nothing was published; an administrator can approve the publication {publication}");
    }
    for failure in finished.failures.iter().take(20) {
        eprintln!("sync: skipped {}/{}: it {}", failure.kind.endpoint(), failure.id, failure.reason);
    }
    for problem in published.problems.iter().take(20) {
        eprintln!("sync: {} is incomplete: {}", problem.resource, problem.reason);
    }
    for gap in published.gaps.iter().take(20) {
        eprintln!("sync: {} has a null: {}", gap.resource, gap.reason);
    }
}
