//! Records that the source removed or renamed: their last state, and their former slugs.

use adapters::{
    now,
    store::{CatalogStore, Found, Key, Meter, Named},
};
use domain::{Name, catalog::Move};
use serde_json::{Value, json};

use super::{
    catalogue::{assert_same, is_past, items},
    support::{
        ATTACK, LONG_AGO, UNOWN, dex, listed, pokemon, rename_attack, small, sync, synced, synced_long_ago,
        tapped, writes,
    },
};
use crate::stand_in::StandIn;

const VINE_WHIP: &str = "/api/v2/move/22/";

async fn found(store: &CatalogStore, kind: Named, name: &str) -> Found {
    let name = Name::parse(name).expect("a name");
    store.look_up(&Meter::default(), kind, &name).await.expect("it is readable")
}

fn renamed(slug: &str) -> Found {
    Found::Renamed(slug.to_owned())
}

fn remove(pokeapi: &StandIn, resources: &[(&str, u32)]) {
    resources.iter().for_each(|(kind, id)| pokeapi.remove(kind, *id));
}

/// Another sync writes nothing.
async fn assert_settled(store: &CatalogStore, pokeapi: &StandIn) {
    let before = items(store).await;
    let (tapped, tap) = tapped(store).await;
    let (_, published) = sync(&tapped, pokeapi).await;
    assert_eq!((published.written, published.removed, published.index_written), (0, 0, false));
    assert_eq!(writes(&tap.take()).into_keys().collect::<Vec<_>>(), ["update SYNC/STATE"]);
    let mut after = items(store).await;
    after.insert("SYNC/STATE".to_owned(), before["SYNC/STATE"].clone());
    assert_same(&after, &before, "a second sync");
}

/// The names of the items that remain.
async fn remains(store: &CatalogStore) -> Vec<String> {
    items(store).await.into_iter().filter(|(_, item)| is_past(item)).map(|(key, _)| key).collect()
}

#[tokio::test]
async fn a_removed_pokemon_keeps_its_last_state_under_its_id_and_its_slug() {
    let pokeapi = small().await;
    let store = synced_long_ago(&pokeapi).await;
    let (mut last, ..) = pokemon(&store, "10001").await.expect("it is there");
    let since = now();
    remove(&pokeapi, &ATTACK);
    sync(&store, &pokeapi).await;
    let (stored, created, updated) = pokemon(&store, "10001").await.expect("its last state");
    last.pokemon.removed_at = stored.pokemon.removed_at;
    assert_eq!((stored.clone(), created), (last, LONG_AGO));
    assert!(stored.pokemon.removed_at.is_some_and(|at| at >= since && at == updated), "{stored:?}");
    assert_eq!(pokemon(&store, "deoxys-attack").await.expect("its slug").0, stored);
    assert_eq!(found(&store, Named::Pokemon, "Attack Forme").await, Found::Nothing);
    let dex = dex(&store).await;
    assert!(listed(&dex).iter().all(|(id, _)| *id != 10001), "no list has it");
    assert_settled(&store, &pokeapi).await;
}

#[tokio::test]
async fn a_removed_pokemon_that_returns_is_a_current_one() {
    let pokeapi = small().await;
    let store = synced_long_ago(&pokeapi).await;
    let before = items(&store).await;
    let documents = ATTACK.map(|(kind, id)| (kind, pokeapi.document(&format!("/api/v2/{kind}/{id}/"))));
    remove(&pokeapi, &ATTACK);
    sync(&store, &pokeapi).await;
    for (kind, document) in documents {
        pokeapi.insert(kind, document);
    }
    sync(&store, &pokeapi).await;
    let (stored, created, _) = pokemon(&store, "deoxys-attack").await.expect("it is there");
    assert_eq!((stored.pokemon.removed_at, created), (None, LONG_AGO));
    assert_eq!(remains(&store).await, Vec::<String>::new());
    let keys = |items: &std::collections::BTreeMap<String, Value>| -> Vec<String> {
        items.keys().filter(|key| !key.starts_with("INDEX#")).cloned().collect()
    };
    assert_eq!(keys(&items(&store).await), keys(&before));
    assert_settled(&store, &pokeapi).await;
}

#[tokio::test]
async fn a_removed_species_keeps_its_learnset_and_its_forms() {
    let pokeapi = small().await;
    let store = synced(&pokeapi).await;
    remove(&pokeapi, &UNOWN);
    sync(&store, &pokeapi).await;
    let meter = Meter::default();
    assert!(store.forms(&meter, 201).await.expect("it is readable").is_some());
    assert!(store.learnset(&meter, 201).await.expect("it is readable").is_some());
    assert_settled(&store, &pokeapi).await;
}

#[tokio::test]
async fn a_removed_move_keeps_its_last_state() {
    let pokeapi = small().await;
    let store = synced(&pokeapi).await;
    pokeapi.remove("move", 165);
    sync(&store, &pokeapi).await;
    for name in ["165", "struggle", "Struggle"] {
        let Found::Record(record) = found(&store, Named::Move, name).await else { panic!("{name}") };
        let last: Move = record.parse(&Key::named(Named::Move, name)).expect("its shape");
        assert!(last.removed_at.is_some() && last.name == "struggle" && last.id == 165, "{name}");
    }
    assert_settled(&store, &pokeapi).await;
}

#[tokio::test]
async fn a_former_slug_leads_to_the_record_that_had_it_under_each_of_its_new_ones() {
    let pokeapi = small().await;
    let store = synced(&pokeapi).await;
    rename_attack(&pokeapi, "deoxys-offense");
    sync(&store, &pokeapi).await;
    for name in ["deoxys-attack", "Deoxys Attack", "deoxysattack"] {
        assert_eq!(found(&store, Named::Pokemon, name).await, renamed("deoxys-offense"), "{name}");
    }
    assert_settled(&store, &pokeapi).await;
    rename_attack(&pokeapi, "deoxys-strike");
    sync(&store, &pokeapi).await;
    for name in ["deoxys-attack", "deoxys-offense"] {
        assert_eq!(found(&store, Named::Pokemon, name).await, renamed("deoxys-strike"), "{name}");
    }
    rename_attack(&pokeapi, "deoxys-attack");
    sync(&store, &pokeapi).await;
    assert!(matches!(found(&store, Named::Pokemon, "deoxys-attack").await, Found::Record(_)));
    assert_eq!(found(&store, Named::Pokemon, "deoxys-strike").await, renamed("deoxys-attack"));
    assert_settled(&store, &pokeapi).await;
}

#[tokio::test]
async fn a_former_slug_that_another_record_takes_leads_to_that_one() {
    let pokeapi = small().await;
    let store = synced(&pokeapi).await;
    pokeapi.edit(VINE_WHIP, |document| document["name"] = json!("vine-lash"));
    sync(&store, &pokeapi).await;
    let mut other = pokeapi.document(VINE_WHIP);
    (other["id"], other["name"]) = (json!(900), json!("vine-whip"));
    pokeapi.insert("move", other);
    sync(&store, &pokeapi).await;
    let Found::Record(record) = found(&store, Named::Move, "vine-whip").await else { panic!("a record") };
    let taken: Move = record.parse(&Key::named(Named::Move, "vine-whip")).expect("its shape");
    assert_eq!((taken.id, remains(&store).await), (900, Vec::new()));
    assert_settled(&store, &pokeapi).await;
}

#[tokio::test]
async fn a_former_slug_of_a_removed_record_leads_to_its_last_state() {
    let pokeapi = small().await;
    let store = synced(&pokeapi).await;
    rename_attack(&pokeapi, "deoxys-offense");
    sync(&store, &pokeapi).await;
    remove(&pokeapi, &ATTACK);
    sync(&store, &pokeapi).await;
    assert_eq!(found(&store, Named::Pokemon, "deoxys-attack").await, renamed("deoxys-offense"));
    assert!(matches!(found(&store, Named::Pokemon, "deoxys-offense").await, Found::Record(_)));
    assert_settled(&store, &pokeapi).await;
}

#[tokio::test]
async fn a_display_name_that_changes_leaves_nothing() {
    let pokeapi = small().await;
    let store = synced(&pokeapi).await;
    pokeapi.edit(VINE_WHIP, |document| {
        document["names"] =
            json!([{ "name": "Lash", "language": { "name": "en", "url": "/api/v2/language/9/" } }]);
    });
    sync(&store, &pokeapi).await;
    assert!(matches!(found(&store, Named::Move, "lash").await, Found::Record(_)));
    pokeapi.edit(VINE_WHIP, |document| document["names"][0]["name"] = json!("Whip"));
    sync(&store, &pokeapi).await;
    assert_eq!(
        (found(&store, Named::Move, "lash").await, remains(&store).await),
        (Found::Nothing, Vec::new())
    );
}
