//! A first sync: it requests everything once and publishes all of it. The contents of the records are tested
//! in `records`.

use std::collections::BTreeSet;

use adapters::{
    store::{INDEX_COPIES, Meter},
    sync::{self, Progress, Settings, Tally},
};
use domain::dex::{Dex, DexIndex};
use sha2::{Digest as _, Sha256};
use tests::empty_store;

use super::{
    catalogue::items,
    support::{
        POKEMON, RESOURCES, client, config, finished, listed, listed_times, pokemon, small, state, sync,
        synced,
    },
};

#[tokio::test]
async fn a_first_sync_accounts_for_every_resource() {
    let (pokeapi, store) = (small().await, empty_store().await);
    let (finished, published) = sync(&store, &pokeapi).await;
    let all = Tally { fetched: RESOURCES, unchanged: 0, changed: RESOURCES, failed: 0 };
    assert_eq!(finished.tally, all);
    assert_eq!((finished.failures.len(), finished.incomplete, finished.repeated), (0, 0, 0));
    assert_eq!(published.problems, Vec::new());
    assert!(published.index_written && published.removed == 0 && published.unchanged == 0, "{published:?}");
    assert!(finished.started_at <= finished.finished_at);
    let state = state(&store).await;
    assert_eq!((state.running, state.last), (None, Some(finished)));
}

#[tokio::test]
async fn everything_is_requested_once_lists_first() {
    let pokeapi = small().await;
    synced(&pokeapi).await;
    let requests = pokeapi.requests();
    let paths: BTreeSet<_> = requests.iter().map(|seen| seen.path.as_str()).collect();
    assert_eq!((requests.len(), paths.len()), (RESOURCES + 9, RESOURCES + 9));
    assert!(requests[..9].iter().all(|seen| seen.path.contains("/?limit=")), "{:?}", &requests[..9]);
    assert!(requests.iter().all(|seen| seen.method == "GET" && seen.if_none_match.is_none()));
    for (id, _) in POKEMON {
        assert_eq!(pokeapi.count(&format!("/api/v2/pokemon/{id}/")), 1, "{id}");
    }
}

#[tokio::test]
async fn progress_is_reported_resource_by_resource() {
    let (pokeapi, store) = (small().await, empty_store().await);
    let mut reported: Vec<Progress> = Vec::new();
    let api = client(config(&pokeapi));
    let mut observe = |progress| reported.push(progress);
    let settings = Settings::new("test");
    finished(sync::run(&store, &Meter::default(), &api, &settings, &mut observe).await);
    let counts: Vec<_> = reported.iter().map(|progress| (progress.done, progress.total)).collect();
    let expected: Vec<_> = (1..=RESOURCES).map(|done| (done, RESOURCES)).collect();
    assert_eq!(counts, expected);
    assert_eq!(reported[RESOURCES - 1].tally.fetched, RESOURCES);
}

#[tokio::test]
async fn every_pokemon_is_stored_under_its_id_and_its_slug() {
    let store = synced(&small().await).await;
    for (id, name) in POKEMON {
        let by_id = pokemon(&store, &id.to_string()).await.expect("it answers to its id");
        let by_slug = pokemon(&store, name).await.expect("it answers to its slug");
        assert_eq!(by_id, by_slug, "{name}");
        assert_eq!((by_id.0.pokemon.id, by_id.0.pokemon.name.as_str()), (id, name));
        assert_eq!(by_id.1, by_id.2, "{name} was created when it was last updated");
    }
}

#[tokio::test]
async fn a_species_name_leads_to_its_default_pokemon() {
    let store = synced(&small().await).await;
    let deoxys = pokemon(&store, "deoxys").await.expect("the species' name is known");
    assert_eq!(deoxys, pokemon(&store, "386").await.expect("its default Pokémon is known"));
    let charizard = pokemon(&store, "charizard").await.expect("a slug that is also a species' name");
    assert_eq!(charizard.0.pokemon.id, 6);
    let keys = items(&store).await;
    let pokemon_keys = keys.keys().filter(|key| key.ends_with("/POKEMON")).count();
    let (hyphenated, others) = (4, 1 + 2 + 6 + 2 + 3 + 2 + 1);
    let expected = 2 * POKEMON.len() + hyphenated + others;
    assert_eq!(
        pokemon_keys, expected,
        "ids, slugs, and the other names of Deoxys, Nidoran, Unown, Flabébé and Charizard"
    );
}

#[tokio::test]
async fn all_copies_of_the_index_are_equal_and_list_every_pokemon() {
    let (store, meter) = (synced(&small().await).await, Meter::default());
    let pointer = store.index_pointer(&meter).await.expect("it is readable").expect("it is there");
    let mut copies = BTreeSet::new();
    for draw in 0..INDEX_COPIES {
        copies.insert(store.index(&meter, &pointer.version, draw).await.expect("a copy"));
    }
    assert_eq!(copies.len(), 1);
    let bytes = copies.first().expect("a copy");
    let hash: String = Sha256::digest(bytes)[..8].iter().map(|byte| format!("{byte:02x}")).collect();
    assert_eq!(pointer.version, format!("{}-{hash}", DexIndex::FORMAT), "the version is the content's");
    let dex = Dex::load(bytes, &pointer.version, "").expect("it is readable");
    let listed = listed(&dex);
    assert_eq!(listed.iter().map(|(id, name)| (*id, name.as_str())).collect::<Vec<_>>(), POKEMON);
    for (id, name) in listed {
        let (_, created, updated) = pokemon(&store, &name).await.expect("what is listed is there");
        assert_eq!(listed_times(&dex, id), (created, updated), "{name}");
    }
}

#[tokio::test]
async fn neither_prose_nor_addresses_are_stored() {
    let pokeapi = small().await;
    let store = synced(&pokeapi).await;
    assert!(pokeapi.document("/api/v2/move/22/").to_string().contains("Prose that nobody keeps."));
    for (key, item) in items(&store).await {
        let text = item.to_string();
        assert!(!text.contains("Prose") && !text.contains("http"), "{key}: {text}");
    }
}
