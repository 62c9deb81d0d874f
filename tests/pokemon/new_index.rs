//! A list after the catalogue was published again, successfully or not.

use std::time::Duration;

use adapters::store::{CatalogStore, INDEX_COPIES, Key, Meter, Pointer};
use api::Config;
use domain::{
    Timestamp,
    facts::{Facts, LearnsetFacts},
};
use serde_json::Value;
use tests::{Answer, House, empty_store, engine_url, facts, problem, publish_facts, put_raw};

const FIRST: Timestamp = Timestamp::from_unix(1_000_000_000);
const LATER: Timestamp = Timestamp::from_unix(1_100_000_000);

/// The first thirty Pokémon, without the fields that no list shows.
fn thirty() -> Facts {
    let all = facts();
    let mut few = Facts {
        version_groups: all.version_groups.clone(),
        generations: all.generations.clone(),
        types: all.types.clone(),
        ..Facts::default()
    };
    for id in 1..=30 {
        few.species.insert(id, all.species[&id].clone());
        let mut pokemon = all.pokemon[&id].clone();
        pokemon.learnset = LearnsetFacts::default();
        few.forms.extend(pokemon.forms.iter().map(|form| (*form, all.forms[form].clone())));
        few.pokemon.insert(id, pokemon);
    }
    few
}

async fn publish_at(store: &CatalogStore, facts: &Facts, now: Timestamp) -> String {
    publish_facts(store, facts, now).await.index
}

/// A published catalogue of thirty, and a house that checks the pointer on every request.
async fn house_of_thirty() -> (House, CatalogStore, String) {
    let store = empty_store().await;
    let version = publish_at(&store, &thirty(), FIRST).await;
    (house_on(&store).await, store, version)
}

async fn house_on(store: &CatalogStore) -> House {
    let mut config = Config::new(store.table());
    config.index_check_every = Duration::ZERO;
    House::at(&engine_url(), config).await
}

async fn list(house: &House) -> (Answer, Value) {
    let answer = house.get("/api/v1/pokemon?per_page=100").await;
    assert_eq!(answer.status, 200, "{}", answer.json());
    let body = answer.json();
    (answer, body)
}

/// Repeats the request until the list fulfils `wanted`: on a busy machine, a check of the pointer may be
/// abandoned.
async fn until(house: &House, wanted: impl Fn(&Value) -> bool) -> (Answer, Value) {
    for _ in 0..3000 {
        let (answer, body) = list(house).await;
        if wanted(&body) {
            return (answer, body);
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    panic!("the list never changed")
}

#[tokio::test]
async fn a_changed_pokemon_is_listed_with_its_changes_and_the_others_are_unchanged() {
    let (house, store, _) = house_of_thirty().await;
    let (before, old) = list(&house).await;
    assert_eq!(
        (&old["pagination"]["total"], &old["pokemon"][24]["height"]),
        (&Value::from(30), &Value::from(4))
    );

    let mut changed = thirty();
    changed.pokemon.get_mut(&25).unwrap().height = Some(44);
    publish_at(&store, &changed, LATER).await;
    let (after, new) = until(&house, |body| body["pokemon"][24]["height"] == 44).await;
    assert_ne!(before.header("etag"), after.header("etag"));
    for (old, new) in old["pokemon"].as_array().unwrap().iter().zip(new["pokemon"].as_array().unwrap()) {
        if old["id"] == 25 {
            assert_eq!(old["created_at"], new["created_at"]);
            assert_eq!(new["updated_at"], LATER.to_string());
        } else {
            assert_eq!(old, new);
        }
    }
    assert_eq!(house.get("/api/v1/pokemon/25").await.json()["height"], 44);
}

#[tokio::test]
async fn a_removed_pokemon_leaves_the_list_and_keeps_its_page() {
    let (house, store, _) = house_of_thirty().await;
    assert_eq!(list(&house).await.1["pagination"]["total"], 30);
    let mut fewer = thirty();
    fewer.pokemon.remove(&30);
    publish_at(&store, &fewer, LATER).await;
    until(&house, |body| body["pagination"]["total"] == 29).await;
    for name in ["30", "nidorina"] {
        let page = house.get(&format!("/api/v1/pokemon/{name}")).await.json();
        assert_eq!(page["removed_at"], LATER.to_string(), "{name}");
    }
}

#[tokio::test]
async fn the_same_facts_published_again_change_nothing() {
    let (house, store, version) = house_of_thirty().await;
    let (before, _) = list(&house).await;
    assert_eq!(publish_at(&store, &thirty(), LATER).await, version);
    let (after, _) = list(&house).await;
    assert_eq!(
        (before.body.as_slice(), before.header("etag")),
        (after.body.as_slice(), after.header("etag"))
    );
}

/// Moves the pointer to a version under which `bytes` are stored, or nothing.
async fn point_to(store: &CatalogStore, before: &str, version: &str, bytes: Option<&[u8]>) {
    let meter = Meter::default();
    if let Some(bytes) = bytes {
        store.put_index(&meter, version, bytes).await.expect("a write");
    }
    store.swap_index(&meter, Some(before), &Pointer::new(version, 0, LATER)).await.expect("a write");
}

#[tokio::test]
async fn an_index_that_cannot_be_read_leaves_the_old_one_answering() {
    let (house, store, version) = house_of_thirty().await;
    let (before, _) = list(&house).await;
    let mut last = version;
    for (version, bytes) in [
        ("missing", None),
        ("empty", Some(&b""[..])),
        ("no-json", Some(b"not an index")),
        ("of-the-second-format", Some(b"{\"format\":2,\"types\":[],\"rows\":[]}")),
        ("from-the-future", Some(b"dex\0\x63\0\0\0")),
        ("cut-off", Some(b"dex\0\x03\0\0\0\x10\0\0\0")),
    ] {
        point_to(&store, &last, version, bytes).await;
        last = version.to_owned();
        for path in ["/api/v1/pokemon/types", "/api/v1/pokemon/generations"] {
            assert_eq!(house.get(path).await.status, 200, "{path} with the index {version:?}");
        }
        let (during, _) = list(&house).await;
        assert_eq!(during.body, before.body, "with the index {version:?}");
        assert_eq!(during.header("etag"), before.header("etag"), "with the index {version:?}");

        let fresh = house_on(&store).await.get("/api/v1/pokemon").await;
        assert!(fresh.status.is_server_error(), "a new process cannot answer from {version:?}");
        let problem = problem(&fresh, version).to_string();
        assert!(!problem.contains(version) && !problem.contains("INDEX"), "{problem}");
    }
    let mut changed = thirty();
    changed.pokemon.get_mut(&1).unwrap().weight = Some(1);
    publish_at(&store, &changed, LATER).await;
    until(&house, |body| body["pokemon"][0]["weight"] == 1).await;
}

#[tokio::test]
async fn one_copy_that_can_be_read_is_enough() {
    let (_, store, version) = house_of_thirty().await;
    for copy in 1..INDEX_COPIES {
        put_raw(&store, &Key::index_copy(&version, copy), &[]).await;
        // Either copy may be drawn first.
        for _ in 0..8 {
            assert_eq!(list(&house_on(&store).await).await.1["pagination"]["total"], 30, "{copy}");
        }
    }
    put_raw(&store, &Key::index_copy(&version, 0), &[]).await;
    let answer = house_on(&store).await.get("/api/v1/pokemon").await;
    assert_eq!((answer.status.as_u16(), answer.header("retry-after")), (503, Some("2")));
}

#[tokio::test]
async fn the_index_is_rebuilt_by_the_next_publication_even_of_the_same_facts() {
    let (house, store, version) = house_of_thirty().await;
    point_to(&store, &version, "broken", Some(b"not an index")).await;
    assert_eq!(publish_at(&store, &thirty(), LATER).await, version);
    assert_eq!(list(&house).await.1["pagination"]["total"], 30);
    assert_eq!(list(&house_on(&store).await).await.1["pagination"]["total"], 30);
}
