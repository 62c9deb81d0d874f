//! `cargo xtask snapshot`: exports the bundled snapshot from a synced data folder.

use std::{
    path::{Path, PathBuf},
    process::ExitCode,
};

use adapters::{
    store::{CatalogStore, Meter, Tables},
    sync,
};
use anyhow::{Context as _, Result, bail};
use clap::Parser;
use domain::Timestamp;
use local::{engine::Engine, folder::Folder, snapshot, tables};

/// Writes local/data/snapshot.jsonl.zst from a data folder that `cargo run -- --sync` has filled.
#[derive(Debug, Parser)]
struct Options {
    /// The synced data folder
    #[arg(long, default_value = ".pokedex", value_name = "DIR")]
    data: PathBuf,
    /// Date of the source's data, if the sync read it from a mirror; else the end of the sync
    #[arg(long, value_name = "RFC 3339")]
    taken_at: Option<Timestamp>,
    /// File to write
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    match export(Options::parse()).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("snapshot: {error:#}");
            ExitCode::FAILURE
        }
    }
}

async fn export(options: Options) -> Result<()> {
    let folder = Folder::open(&options.data)?;
    let engine = Engine::open(&folder.database())?;
    let store = CatalogStore::new(engine.client(), &Tables::beside(tables::CATALOG));
    let meter = Meter::default();
    let state = sync::state(&store, &meter).await.context("the folder holds no catalogue")?;
    if state.running.is_some() {
        bail!("a sync has begun in this folder and not ended: run `cargo run -- --sync` to its end first");
    }
    let last = state.last.context("no sync has finished in this folder: run `cargo run -- --sync` first")?;
    if last.tally.failed + last.incomplete + last.doubts.len() > 0 {
        let (failed, incomplete, doubts) = (last.tally.failed, last.incomplete, last.doubts.join("; "));
        bail!(
            "the last sync skipped {failed} resources and left {incomplete} records incomplete: sync again first. {doubts}"
        );
    }
    let ledger = store.facts(&meter).await?;
    let (header, bytes) = snapshot::write(&ledger.facts, options.taken_at.unwrap_or(last.finished_at))?;
    let default = Path::new(env!("CARGO_MANIFEST_DIR")).join("data/snapshot.jsonl.zst");
    let out = options.out.unwrap_or(default);
    std::fs::write(&out, &bytes).with_context(|| format!("{} cannot be written", out.display()))?;
    let facts: usize = header.counts.values().sum();
    println!("{}: {facts} facts of {} in {} bytes", out.display(), header.taken_at, bytes.len());
    engine.stop();
    Ok(())
}
