//! Resources that the source no longer lists are removed from the catalogue, unless so many disappear that the source is probably wrong.
//! See [`super::past`] for what remains of them.

use std::collections::BTreeSet;

use adapters::{
    publish::{PublishError, publish},
    store::Meter,
};
use domain::facts::{Facts, Kind};
use serde_json::json;
use tests::lease;

use super::{
    catalogue::{assert_same, catalogue, items},
    support::{ATTACK, LONG_AGO, RESOURCES, UNOWN, ledger, pokemon, small, sync, synced, tapped, writes},
};
use crate::stand_in::{Fault, StandIn};

/// Removes resources from a synced world; the next sync must produce the same catalogue as a first sync.
async fn without(gone: &[(&str, u32)]) -> (Vec<String>, usize) {
    let pokeapi = small().await;
    let store = synced(&pokeapi).await;
    let before = items(&store).await;
    gone.iter().for_each(|(kind, id)| pokeapi.remove(kind, *id));
    let (finished, published) = sync(&store, &pokeapi).await;
    assert_eq!((finished.tally.unchanged, finished.tally.failed), (RESOURCES - gone.len(), 0));
    let after = items(&store).await;
    assert_same(
        &catalogue(&store).await,
        &catalogue(&synced(&pokeapi).await).await,
        "as a first sync makes it",
    );
    (before.into_keys().filter(|key| !after.contains_key(key)).collect(), published.removed)
}

#[tokio::test]
async fn a_removed_pokemon_answers_to_none_of_its_names_but_its_slug() {
    let (gone, removed) = without(&ATTACK).await;
    assert_eq!(removed, 2);
    // Its facts shared their items with those of Charizard and Unown.
    let names = ["attackdeoxys", "attackforme"];
    assert_eq!(gone, names.map(|name| format!("POKEMON#{name}/POKEMON")));
}

#[tokio::test]
async fn a_removed_species_takes_its_chain_with_it() {
    let (gone, removed) = without(&UNOWN).await;
    assert_eq!(removed, 7);
    let expected = [
        "CHAIN#99/CHAIN",
        "POKEMON#a/POKEMON",
        "POKEMON#b/POKEMON",
        "POKEMON#c/POKEMON",
        "POKEMON#unowna/POKEMON",
        "POKEMON#unownb/POKEMON",
        "POKEMON#unownc/POKEMON",
    ];
    let gone: Vec<_> =
        gone.iter().map(String::as_str).filter(|key| !key.starts_with("FACTS/pokemon")).collect();
    assert_eq!(gone, expected);
}

#[tokio::test]
async fn an_item_of_facts_is_deleted_with_its_last_fact() {
    let (gone, removed) = without(&[("evolution-chain", 344)]).await;
    assert_eq!(
        (removed, gone),
        (1, vec!["CHAIN#344/CHAIN".to_owned(), "FACTS/evolution-chain#0005".to_owned()])
    );
}

#[tokio::test]
async fn removed_moves_types_and_abilities_keep_their_ids_and_slugs() {
    let (gone, removed) = without(&[("move", 165), ("type", 10001), ("ability", 181)]).await;
    assert_eq!(removed, 1);
    let records: Vec<_> = gone.iter().filter(|key| !key.starts_with("FACTS/")).collect();
    assert_eq!(records, ["TYPE#???/TYPE"]);
}

#[tokio::test]
async fn a_listed_resource_that_fails_is_kept() {
    let pokeapi = small().await;
    let store = synced(&pokeapi).await;
    pokeapi.always("/api/v2/pokemon/10001/", Fault::Status(404));
    let (_, published) = sync(&store, &pokeapi).await;
    assert_eq!(published.removed, 0);
    assert!(pokemon(&store, "deoxys-attack").await.is_some());
}

/// Removes most of `kind` from its list, and restores them.
async fn vanish(pokeapi: &StandIn, kind: Kind, list: Fault) {
    let store = synced(pokeapi).await;
    let before = catalogue(&store).await;
    pokeapi.always(&format!("/api/v2/{}/", kind.endpoint()), list);
    let (tapped, tap) = tapped(&store).await;
    let (finished, published) = sync(&tapped, pokeapi).await;
    let what = kind.endpoint();
    assert_eq!((finished.tally.failed, published.removed, published.written), (0, 0, 0), "{what}");
    assert_eq!(writes(&tap.take()).into_keys().collect::<Vec<_>>(), ["update SYNC/STATE"], "{what}");
    assert_same(&catalogue(&store).await, &before, what);
    pokeapi.behave();
    let (finished, _) = sync(&store, pokeapi).await;
    assert_eq!(finished.tally.unchanged, RESOURCES, "{what}: their ETags are kept too");
}

fn row(kind: Kind, id: u32) -> serde_json::Value {
    json!({ "url": format!("/api/v2/{}/{id}/", kind.endpoint()) })
}

#[tokio::test]
async fn a_list_that_is_suddenly_empty_removes_nothing() {
    let pokeapi = small().await;
    for kind in Kind::ALL {
        vanish(&pokeapi, kind, Fault::Body(json!({ "count": 0, "results": [] }))).await;
    }
}

#[tokio::test]
async fn a_kind_that_mostly_vanishes_is_kept() {
    let pokeapi = small().await;
    for (kind, left) in [
        (Kind::Pokemon, vec![1, 2, 3]),
        (Kind::PokemonSpecies, vec![1]),
        (Kind::Move, vec![10]),
        // These are 11 and 4 resources: a kind need not be large.
        (Kind::Ability, vec![26, 28, 34]),
        (Kind::Generation, vec![1]),
    ] {
        let rows: Vec<_> = left.iter().map(|id| row(kind, *id)).collect();
        vanish(&pokeapi, kind, Fault::Body(json!({ "count": rows.len(), "results": rows }))).await;
    }
}

#[tokio::test]
async fn a_publication_without_nearly_all_records_is_refused_before_its_first_write() {
    let store = synced(&small().await).await;
    let before = items(&store).await;
    let mut facts: Facts = ledger(&store).await.facts;
    // All Pokémon are listed, but their species are unknown.
    Kind::ALL.iter().filter(|kind| **kind != Kind::Pokemon).for_each(|kind| {
        facts.ids(*kind).into_iter().for_each(|id| facts.remove(*kind, id));
    });
    let (meter, lease) = (Meter::default(), lease(&store).await);
    let (tapped, tap) = tapped(&store).await;
    let refused = publish(&tapped, &meter, &lease, &facts, LONG_AGO, &BTreeSet::new()).await;
    let Err(PublishError::Loss(loss)) = refused else { panic!("{refused:?}") };
    assert_eq!(loss.records.len(), loss.all);
    assert!(writes(&tap.take()).is_empty());
    store.end_lease(&meter, &lease).await.expect("it is given back");
    assert_same(&items(&store).await, &before, "nothing was written");
}
