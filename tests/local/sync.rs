//! `--sync`: a refresh before serving, which may fail.

use std::collections::BTreeSet;

use domain::facts::Kind;
use serde_json::json;
use tests::facts;

use super::{
    catalogue::filled,
    process::{Process, get, served},
};
use crate::stand_in::{StandIn, World};

#[tokio::test]
async fn an_unreachable_source_is_reported_and_the_catalogue_still_served() {
    let folder = filled().await;
    let mut process = Process::on(folder.path(), &["--sync", "--pokeapi", "http://127.0.0.1:1"]);
    let base = process.ready().await;
    assert_eq!(served(&base).await, 1351);
    assert_eq!(get(&base, "/api/v1/pokemon/25").await.json()["updated_at"], "2026-08-01T00:00:00Z");
    let ready = get(&base, "/api/v1/health/ready").await.json();
    assert_eq!(ready["sync"]["last_finished_at"], serde_json::Value::Null);
    let err = process.interrupt().await.err;
    let reported: Vec<_> = err.iter().filter(|line| line.contains("the sync failed")).collect();
    assert_eq!(reported.len(), 1, "{err:?}");
    assert!(reported[0].starts_with("pokedex: ") && reported[0].contains("refused"), "{reported:?}");
}

/// A source that lists everything that the snapshot has, and has the documents of the small world alone.
pub async fn source() -> StandIn {
    let source = StandIn::start(World::small()).await;
    for kind in Kind::ALL {
        let known: BTreeSet<u32> = World::small().listed(kind.endpoint()).map(|(id, _)| id).collect();
        for id in facts().ids(kind).into_iter().filter(|id| !known.contains(id)) {
            let url = format!("/api/v2/{}/{id}/", kind.endpoint());
            source.add_to_list(kind.endpoint(), json!({ "url": url }));
        }
    }
    source
}

#[tokio::test]
async fn a_source_that_has_lost_most_of_its_resources_changes_nothing() {
    let source = StandIn::start(World::small()).await;
    source.edit("/api/v2/pokemon/1/", |bulbasaur| bulbasaur["weight"] = 71.into());
    let folder = filled().await;
    let mut process =
        Process::on(folder.path(), &["--sync", "--pokeapi", &source.base_url(), "--sync-rate", "0"]);
    let base = process.ready().await;
    assert_eq!(get(&base, "/api/v1/pokemon/1").await.json()["weight"], 69);
    assert_eq!(served(&base).await, 1351);
    let err = process.interrupt().await.err;
    for line in [
        "sync: the source no longer lists 1336 of 1351 of pokemon",
        "sync: nothing was published; an administrator can approve the publication ",
    ] {
        assert!(err.iter().any(|reported| reported.starts_with(line)), "{line}: {err:?}");
    }
}

#[tokio::test]
async fn a_refresh_shows_its_progress_in_plain_lines_and_is_served_and_kept() {
    let source = source().await;
    source.edit("/api/v2/pokemon/1/", |bulbasaur| bulbasaur["weight"] = 71.into());
    let folder = filled().await;
    let arguments =
        ["--sync", "--pokeapi", &source.base_url(), "--sync-rate", "0", "--sync-contact", "a test"];
    let mut process = Process::on(folder.path(), &arguments);
    let base = process.ready().await;
    assert_eq!(get(&base, "/api/v1/pokemon/1").await.json()["weight"], 71);
    let listed = get(&base, "/api/v1/pokemon?ids=1").await.json();
    assert_eq!(listed["pokemon"][0]["weight"], 71, "the index is of the same facts");
    assert_eq!(served(&base).await, 1351, "a document that is missing takes nothing away");
    let ready = get(&base, "/api/v1/health/ready").await.json();
    assert!(ready["sync"]["last_finished_at"].is_string(), "{ready}");
    let err = process.interrupt().await.err;

    let progress: Vec<_> =
        err.iter().filter(|line| line.starts_with("sync: ") && line.contains(" left")).collect();
    let total = source.requests().len() - 9;
    assert!(progress.len() >= 2, "the first and the last at least: {err:?}");
    assert!(progress[0].starts_with(&format!("sync: 1/{total} fetched 1, ")), "{progress:?}");
    assert!(progress.last().unwrap().starts_with(&format!("sync: {total}/{total} ")), "{progress:?}");
    assert!(err.iter().any(|line| line.starts_with("sync: fetched 95, unchanged 0, ")), "{err:?}");
    let written = err.iter().find(|line| line.contains("items written")).expect("a summary");
    assert!(written.ends_with("index written"), "{written}");
    assert!(err.iter().all(|line| !line.contains(['\u{1b}', '\r'])), "no terminal, no escapes: {err:?}");
    assert!(source.requests().iter().all(|seen| {
        seen.user_agent
            .as_deref()
            .is_some_and(|agent| agent.starts_with("pokedex-sync/") && agent.contains("a test"))
    }));

    let mut again = Process::on(folder.path(), &[]);
    let base = again.ready().await;
    assert_eq!(get(&base, "/api/v1/pokemon/1").await.json()["weight"], 71, "the snapshot does not come back");
    assert_eq!(again.interrupt().await.err, [] as [&str; 0]);
}
