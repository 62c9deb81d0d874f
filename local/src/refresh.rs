//! A sync before the server starts, with its progress and its result on the terminal.

use adapters::{
    pokeapi::PokeApi,
    publish::Published,
    store::{CatalogStore, Meter},
    sync::{self, Finished, Outcome, Pause, Progress, Settings, Tally},
};
use anyhow::Result;
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
    let mut display = Display::default();
    let outcome =
        sync::run(store, &Meter::default(), api, &settings, &mut |progress| display.show(progress)).await;
    display.finish();
    match outcome? {
        Outcome::Finished { finished, published } => report(&finished, &published),
        // Only the approval of an administrator can be superseded.
        Outcome::Superseded => {}
        Outcome::Paused { progress, because } => {
            let why = match because {
                Pause::Stopped => "stopped".to_owned(),
                Pause::RetryAfter { until } => format!("PokeAPI asks to be left alone until {until}; paused"),
                Pause::SourceDown => "PokeAPI has stopped answering; paused".to_owned(),
            };
            let at = match progress {
                Progress { total: 0, .. } => String::new(),
                Progress { done, total, .. } => format!(" at {done} of {total}"),
            };
            eprintln!("sync: {why}{at}; the next --sync goes on from there");
        }
    }
    Ok(())
}

fn report(finished: &Finished, published: &Published) {
    let Tally { fetched, unchanged, changed, failed } = finished.tally;
    let Published { written, removed, .. } = published;
    let index = if published.index_written { "written" } else { "unchanged" };
    eprintln!("sync: fetched {fetched}, unchanged {unchanged}, changed {changed}, failed {failed}");
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
