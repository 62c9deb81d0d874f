//! Data folders that hold the whole catalogue: the program itself fills one, and the tests copy it.

use std::{
    collections::BTreeMap,
    fs::{self, Permissions},
    os::unix::fs::PermissionsExt as _,
    path::Path,
};

use adapters::{
    aws,
    store::{CatalogStore, Meter, Tables},
};
use aws_sdk_dynamodb::Client;
use local::{engine::Engine, tables::CATALOG};
use tempfile::TempDir;
use tests::SeededEngine;
use tokio::sync::OnceCell;

use super::process::{Process, served};

/// The files of a filled folder.
static FILLED: OnceCell<Vec<(String, Vec<u8>)>> = OnceCell::const_new();

/// Returns a separate copy of a folder that the program has filled.
pub async fn filled() -> TempDir {
    let files = FILLED.get_or_init(fill).await;
    let folder = TempDir::new().expect("a temporary folder");
    fs::set_permissions(folder.path(), Permissions::from_mode(0o700)).expect("the folder's rights");
    for (name, bytes) in files {
        let path = folder.path().join(name);
        fs::write(&path, bytes).expect("a copy");
        fs::set_permissions(path, Permissions::from_mode(0o600)).expect("a copy's rights");
    }
    folder
}

async fn fill() -> Vec<(String, Vec<u8>)> {
    let folder = TempDir::new().expect("a temporary folder");
    let mut first = Process::on(folder.path(), &[]);
    let base = first.ready().await;
    assert_eq!(first.out()[0], format!("ready: {base}"));
    assert!(base.starts_with("http://127.0.0.1:"), "{base}");
    assert_eq!(served(&base).await, 1351);
    let ended = first.interrupt().await;
    assert_eq!(ended.err.len(), 1, "{ended:?}");
    assert!(ended.err[0].starts_with("loaded the bundled snapshot: "), "{ended:?}");
    let entries =
        fs::read_dir(folder.path()).expect("the folder").map(|entry| entry.expect("an entry").path());
    let name = |path: &Path| path.file_name().and_then(|name| name.to_str()).expect("a name").to_owned();
    entries.map(|path| (name(&path), fs::read(&path).expect("its bytes"))).collect()
}

/// The key, content and times of every item.
async fn items(client: Client) -> BTreeMap<String, (String, String, String)> {
    let heads = CatalogStore::new(client, &Tables::beside(CATALOG))
        .heads(&Meter::default())
        .await
        .expect("the engine answers");
    let lines = heads.into_iter().map(|(key, head)| {
        (key.to_string(), (head.hash, head.created_at.to_string(), head.updated_at.to_string()))
    });
    lines.collect()
}

/// Asserts that the folder, which no process uses now, holds exactly what the seeded house does.
pub async fn assert_whole(folder: &Path) {
    let engine = Engine::open(&folder.join("dynamodb.sqlite")).expect("the folder's database");
    let (loaded, whole) = (items(engine.client()).await, items(aws::at(&SeededEngine::get().url)).await);
    engine.stop();
    let differing: Vec<_> =
        whole.iter().filter(|(key, item)| loaded.get(*key) != Some(item)).take(5).collect();
    assert!(differing.is_empty(), "missing or different: {differing:?}");
    let foreign: Vec<_> = loaded.keys().filter(|key| !whole.contains_key(*key)).take(5).collect();
    assert!(foreign.is_empty(), "not of the snapshot: {foreign:?}");
}
