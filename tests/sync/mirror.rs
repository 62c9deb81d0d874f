//! The whole of PokeAPI, from a mirror on this machine: `POKEAPI_MIRROR` names the program.

use std::{
    env, fs,
    path::Path,
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use adapters::{
    pokeapi::{Config, PokeApi},
    store::{CatalogStore, Ledger},
    sync::{Outcome, Settings},
};
use domain::facts::Kind;
use local::{snapshot, tables};
use tempfile::TempDir;
use tests::{SeededEngine, empty_store, engine_url};

use super::{
    catalogue::{assert_same, digests},
    support::{finished, ledger, run, tapped, writes},
};

/// The first start of a mirror unpacks the data.
const PATIENCE: Duration = Duration::from_secs(60);

/// A running mirror. It ends when this value is dropped.
struct Mirror {
    process: Child,
    url: String,
    _folder: TempDir,
}

impl Mirror {
    /// Returns `None` and prints a line if this machine has no mirror.
    async fn start(options: &[&str]) -> Option<Self> {
        let program = env::var_os("POKEAPI_MIRROR").filter(|program| !program.is_empty());
        let Some(program) = program else {
            println!("POKEAPI_MIRROR is not set: this test has not seen the whole of PokeAPI");
            return None;
        };
        let folder = tempfile::tempdir().expect("a folder");
        let port_file = folder.path().join("port");
        let mut command = command(Path::new(&program));
        command.args(["--port", "0", "--port-file"]).arg(&port_file).args(options);
        let process = command.stdin(Stdio::null()).stdout(Stdio::null()).spawn().expect("the mirror starts");
        let mut mirror = Self { process, url: String::new(), _folder: folder };
        let begin = Instant::now();
        loop {
            let port = fs::read_to_string(&port_file).unwrap_or_default();
            if let Ok(port) = port.trim().parse::<u16>() {
                mirror.url = format!("http://127.0.0.1:{port}/api/v2");
                return Some(mirror);
            }
            let ended = mirror.process.try_wait().expect("a process");
            assert!(ended.is_none() && begin.elapsed() < PATIENCE, "the mirror does not serve: {ended:?}");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    fn client(&self) -> PokeApi {
        let mut config = Config::new(&self.url);
        config.per_minute = 0;
        config.backoff = Duration::from_millis(5);
        PokeApi::new(config).expect("an address that is usable")
    }
}

impl Drop for Mirror {
    fn drop(&mut self) {
        // An error means that it has already ended.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

#[cfg(unix)]
fn is_executable(program: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt as _;
    fs::metadata(program).is_ok_and(|file| file.permissions().mode() & 0o111 != 0)
}

#[cfg(not(unix))]
fn is_executable(_: &Path) -> bool {
    false
}

fn command(program: &Path) -> Command {
    if is_executable(program) {
        return Command::new(program);
    }
    let mut command = Command::new("python3");
    command.arg(program);
    command
}

async fn sync_all(store: &CatalogStore, mirror: &Mirror) -> Outcome {
    run(store, &mirror.client(), &Settings::new("test")).await.expect("the sync ends well")
}

fn assert_whole(ledger: &Ledger) {
    let facts = &ledger.facts;
    assert_eq!((facts.count(Kind::Pokemon), facts.count(Kind::PokemonSpecies)), (1351, 1025));
    let etags = Kind::ALL
        .map(|kind| facts.ids(kind).into_iter().filter(|id| ledger.etag(kind, *id).is_some()).count());
    assert_eq!(etags, Kind::ALL.map(|kind| facts.count(kind)), "every fact has its ETag");
}

/// The catalogue that the bundled snapshot publishes.
async fn bundled() -> std::collections::BTreeMap<String, serde_json::Value> {
    let url = tokio::task::spawn_blocking(|| SeededEngine::get().url.clone()).await.expect("it is seeded");
    digests(&url, tables::CATALOG).await
}

async fn assert_is_the_snapshot(store: &CatalogStore, ledger: &Ledger) {
    let (_, snapshot) = snapshot::bundled().expect("the snapshot is readable");
    assert!(ledger.facts == snapshot, "the facts are those of the snapshot");
    let published = digests(&engine_url(), store.table()).await;
    assert_same(&published, &bundled().await, "as the snapshot publishes it");
}

#[tokio::test]
async fn a_sync_of_all_of_pokeapi_equals_the_snapshot_and_a_second_one_writes_nothing() {
    let Some(mirror) = Mirror::start(&[]).await else { return };
    let store = empty_store().await;
    let (done, published) = finished(Ok(sync_all(&store, &mirror).await));
    let facts = ledger(&store).await;
    assert_whole(&facts);
    let total = facts.facts.total();
    assert_eq!((done.tally.fetched, done.tally.changed, done.tally.failed), (total, total, 0));
    assert_eq!((done.failures.len(), done.incomplete, done.repeated, published.problems.len()), (0, 0, 0, 0));
    assert_is_the_snapshot(&store, &facts).await;

    let (tapped, tap) = tapped(&store).await;
    let (done, published) = finished(Ok(sync_all(&tapped, &mirror).await));
    assert_eq!((done.tally.unchanged, done.tally.fetched, done.tally.failed), (total, 0, 0));
    assert_eq!((published.written, published.removed, published.index_written), (0, 0, false));
    assert_eq!(writes(&tap.take()).into_keys().collect::<Vec<_>>(), ["update SYNC/STATE"]);
}

#[tokio::test]
async fn a_sync_over_an_unreliable_connection_equals_the_snapshot() {
    let Some(mirror) = Mirror::start(&["--fault-rate", "0.05", "--seed", "7", "--slow", "0.05"]).await else {
        return;
    };
    let store = empty_store().await;
    let (done, published) = finished(Ok(sync_all(&store, &mirror).await));
    assert_eq!(
        (done.tally.failed, done.incomplete, published.problems.len()),
        (0, 0, 0),
        "{:?}",
        done.failures
    );
    let facts = ledger(&store).await;
    assert_whole(&facts);
    assert_is_the_snapshot(&store, &facts).await;
}
