//! The effects of a change of the source on the catalogue: changed items, and untouched ones.

use adapters::store::{CatalogStore, INDEX_COPIES, Meter};
use domain::dex::Dex;
use serde_json::json;

use super::{
    catalogue::{assert_same, catalogue, index_versions, items},
    support::{
        LONG_AGO, RESOURCES, dex, listed_times, pokemon, small, sync, synced, synced_long_ago, tapped,
        try_sync, writes,
    },
};
use crate::stand_in::StandIn;

const BULBASAUR: &str = "/api/v2/pokemon/1/";

async fn version(store: &CatalogStore) -> String {
    let pointer = store.index_pointer(&Meter::default()).await.expect("it is readable");
    pointer.expect("it is there").version
}

fn weighs(pokeapi: &StandIn, weight: u32) {
    pokeapi.edit(BULBASAUR, |bulbasaur| bulbasaur["weight"] = json!(weight));
}

#[tokio::test]
async fn a_changed_pokemon_is_written_with_the_index_and_nothing_else() {
    let pokeapi = small().await;
    let store = synced_long_ago(&pokeapi).await;
    let before = version(&store).await;
    weighs(&pokeapi, 70);
    let (tapped, tap) = tapped(&store).await;
    let (finished, published) = sync(&tapped, &pokeapi).await;

    assert_eq!((finished.tally.changed, finished.tally.unchanged), (1, RESOURCES - 1));
    assert_eq!((published.written, published.index_written), (2, true));
    let mut written = writes(&tap.take());
    assert!(written.remove("update SYNC/STATE").is_some());
    let now = version(&store).await;
    let mut expected: Vec<String> = [
        "put FACTS/pokemon#0000",
        "put INDEX/POINTER#3",
        "put POKEMON#1/POKEMON",
        "put POKEMON#bulbasaur/POKEMON",
    ]
    .map(str::to_owned)
    .into();
    expected.extend((0..INDEX_COPIES).map(|copy| format!("put INDEX#{now}/COPY#{copy}")));
    expected.sort();
    assert_eq!(
        written.into_iter().collect::<Vec<_>>(),
        expected.into_iter().map(|key| (key, 1)).collect::<Vec<_>>()
    );
    assert_ne!(now, before);
    assert_same(&catalogue(&store).await, &catalogue(&synced(&pokeapi).await).await, "as if new");
}

#[tokio::test]
async fn a_change_moves_updated_at_and_keeps_created_at() {
    let pokeapi = small().await;
    let store = synced_long_ago(&pokeapi).await;
    weighs(&pokeapi, 70);
    let (finished, _) = sync(&store, &pokeapi).await;
    for key in ["1", "bulbasaur"] {
        let (stored, created, updated) = pokemon(&store, key).await.expect("it is there");
        assert_eq!((stored.pokemon.weight, created), (Some(70), LONG_AGO), "{key}");
        assert!(updated >= finished.started_at && updated <= finished.finished_at, "{key} {updated}");
    }
    let (_, created, updated) = pokemon(&store, "2").await.expect("it is there");
    assert_eq!((created, updated), (LONG_AGO, LONG_AGO), "Ivysaur has not changed");
    let dex = dex(&store).await;
    let (_, _, bulbasaur) = pokemon(&store, "1").await.expect("it is there");
    assert_eq!(listed_times(&dex, 1), (LONG_AGO, bulbasaur));
    assert_eq!(listed_times(&dex, 2), (LONG_AGO, LONG_AGO));
}

#[tokio::test]
async fn the_index_before_stays_readable_and_the_one_before_that_goes() {
    let (pokeapi, meter) = (small().await, Meter::default());
    let store = synced_long_ago(&pokeapi).await;
    let first = version(&store).await;
    let mut versions = vec![first.clone()];
    for weight in [70, 71] {
        weighs(&pokeapi, weight);
        sync(&store, &pokeapi).await;
        versions.push(version(&store).await);
        let before = &versions[versions.len() - 2];
        for draw in 0..INDEX_COPIES {
            let bytes =
                store.index(&meter, before, draw).await.expect("a reader of the old pointer finds it");
            Dex::load(&bytes, before, "").expect("it is readable");
        }
    }
    assert!(versions[0] != versions[1] && versions[1] != versions[2]);
    assert_eq!(index_versions(&store).await, versions.split_off(1).into_iter().collect());
    assert!(store.index(&meter, &first, 0).await.is_err());
}

#[tokio::test]
async fn a_learnset_changes_without_its_pokemon() {
    let pokeapi = small().await;
    let store = synced_long_ago(&pokeapi).await;
    pokeapi.edit(BULBASAUR, |bulbasaur| {
        bulbasaur["moves"][0]["version_group_details"][0]["level_learned_at"] = json!(14);
    });
    let (tapped, tap) = tapped(&store).await;
    let (_, published) = sync(&tapped, &pokeapi).await;
    assert_eq!((published.written, published.index_written), (1, false));
    let written: Vec<_> = writes(&tap.take()).into_keys().collect();
    assert_eq!(written, ["put FACTS/pokemon#0000", "put POKEMON#1/LEARNSET", "update SYNC/STATE"]);
    assert_eq!(pokemon(&store, "1").await.expect("it is there").2, LONG_AGO);
}

#[tokio::test]
async fn a_document_that_changes_only_its_prose_changes_an_etag_alone() {
    let pokeapi = small().await;
    let store = synced_long_ago(&pokeapi).await;
    pokeapi.edit("/api/v2/pokemon-species/1/", |species| {
        species["flavor_text_entries"][0]["flavor_text"] = json!("Other prose.");
    });
    let (tapped, tap) = tapped(&store).await;
    let (finished, published) = sync(&tapped, &pokeapi).await;
    assert_eq!((finished.tally.fetched, finished.tally.changed, published.written), (1, 0, 0));
    let written: Vec<_> = writes(&tap.take()).into_keys().collect();
    assert_eq!(written, ["put FACTS/pokemon-species#0000", "update SYNC/STATE"]);
}

#[tokio::test]
async fn a_new_pokemon_joins_and_the_others_keep_their_times() {
    let pokeapi = small().await;
    let store = synced_long_ago(&pokeapi).await;
    let mut mega = pokeapi.document("/api/v2/pokemon/10034/");
    (mega["id"], mega["name"]) = (json!(10035), json!("charizard-mega-y"));
    mega["forms"] = json!([{ "name": "charizard-mega-x", "url": "/api/v2/pokemon-form/10134/" }]);
    pokeapi.insert("pokemon", mega);
    let (finished, published) = sync(&store, &pokeapi).await;
    // They have a form in common, whose name now leads to neither.
    assert_eq!((finished.tally.changed, finished.tally.failed, published.removed), (1, 0, 1));
    let items = items(&store).await;
    assert!(!items.contains_key("POKEMON#megacharizardx/POKEMON"));
    assert_eq!(
        items["POKEMON#megacharizardx/SHARED"]["body"],
        json!(["charizard-mega-x", "charizard-mega-y"])
    );
    let (_, created, updated) = pokemon(&store, "charizard-mega-y").await.expect("it is there");
    assert!(created >= finished.started_at && created == updated);
    assert_eq!(pokemon(&store, "6").await.expect("it is there").1, LONG_AGO);
}

#[tokio::test]
async fn a_new_name_is_found_and_the_old_one_is_the_species_own_while_it_has_it() {
    let pokeapi = small().await;
    let store = synced_long_ago(&pokeapi).await;
    pokeapi.edit(BULBASAUR, |bulbasaur| bulbasaur["name"] = json!("bulby"));
    let (_, published) = sync(&store, &pokeapi).await;
    let (stored, created, _) = pokemon(&store, "bulby").await.expect("it answers to its new name");
    assert_eq!((stored.pokemon.id, created), (1, LONG_AGO));
    // The old name is the species' own, and no longer that of a Pokémon.
    let (alias, ..) = pokemon(&store, "bulbasaur").await.expect("its species' name");
    assert_eq!((alias.pokemon.name.as_str(), published.removed), ("bulby", 0));
    for path in ["/api/v2/pokemon-species/1/", "/api/v2/pokemon-form/1/"] {
        pokeapi.edit(path, |document| {
            document["name"] = json!("bulby");
            document["names"] = json!([]);
        });
    }
    let (_, published) = sync(&store, &pokeapi).await;
    assert_eq!((pokemon(&store, "bulbasaur").await, published.removed), (None, 1));
}

#[tokio::test]
async fn an_index_that_readers_would_refuse_does_not_count() {
    let pokeapi = small().await;
    let store = synced_long_ago(&pokeapi).await;
    let before = version(&store).await;
    for id in 100..156 {
        let mut document = pokeapi.document("/api/v2/type/1/");
        (document["id"], document["name"]) = (json!(id), json!(format!("type-{id}")));
        pokeapi.insert("type", document);
    }
    // A change that could be written alone.
    weighs(&pokeapi, 71);
    let (tapped, tap) = tapped(&store).await;
    let error = try_sync(&tapped, &pokeapi).await.expect_err("65 types are too many").to_string();
    let written = writes(&tap.take());
    assert!(
        written.keys().all(|key| key == "update SYNC/STATE" || key.starts_with("put FACTS/")),
        "no record goes ahead of the index: {written:?}"
    );
    assert!(
        error.starts_with("the index cannot be made: the index holds 15 Pokémon, 65 types and"),
        "{error}"
    );
    assert_eq!(version(&store).await, before);
    pokeapi.remove("type", 155);
    sync(&store, &pokeapi).await;
    let dex = dex(&store).await;
    assert!(dex.has_type("type-154") && !dex.has_type("type-155"));
}
