//! Temporary faults, and records that were valid before a fault.

use adapters::sync::{Outcome, Pause};
use domain::facts::Kind;
use serde_json::json;
use tests::empty_store;

use super::{
    catalogue::{assert_same, catalogue, items, undisturbed_catalogue},
    support::{RESOURCES, pokemon, small, summaries, sync, synced, try_sync},
};
use crate::stand_in::Fault;

const NIDORAN: &str = "/api/v2/pokemon/29/";

#[tokio::test]
async fn transient_faults_do_not_change_the_result() {
    let pokeapi = small().await;
    let expected = undisturbed_catalogue().await;
    pokeapi.reset_log();
    let twice = |fault: Fault| vec![fault.clone(), fault];
    for (path, faults) in [
        ("/api/v2/type/1/", twice(Fault::Status(500))),
        ("/api/v2/move/10/", twice(Fault::Status(502))),
        ("/api/v2/ability/26/", twice(Fault::retry_after(429, 0))),
        ("/api/v2/pokemon/1/", twice(Fault::CutBody)),
        ("/api/v2/pokemon/2/", twice(Fault::NotJson)),
        ("/api/v2/pokemon/3/", vec![Fault::Status(500), Fault::NotJson]),
        ("/api/v2/pokemon-species/1/", vec![Fault::CutBody, Fault::retry_after(503, 0)]),
        ("/api/v2/pokemon-form/", vec![Fault::Status(500), Fault::NotJson]),
    ] {
        pokeapi.script(path, faults);
    }
    pokeapi.script("/api/v2/pokemon/4/", vec![Fault::DropConnection]);
    let store = empty_store().await;
    let (finished, _) = sync(&store, &pokeapi).await;
    assert_eq!((finished.tally.fetched, finished.tally.failed), (RESOURCES, 0));
    assert_same(&catalogue(&store).await, expected, "as if nothing had failed");
    assert_eq!(pokeapi.count("/api/v2/pokemon/1/"), 3);
}

#[tokio::test]
async fn a_resource_that_failed_is_requested_once_more_at_the_end() {
    let (pokeapi, store) = (small().await, empty_store().await);
    pokeapi.script("/api/v2/type/1/", vec![Fault::Status(500); 3]);
    let (finished, _) = sync(&store, &pokeapi).await;
    assert_eq!((finished.tally.fetched, finished.tally.failed), (RESOURCES, 0));
    assert_eq!(finished.failures, Vec::new());
    let last = pokeapi.requests().pop().expect("there were requests");
    assert_eq!((last.path.as_str(), last.status), ("/api/v2/type/1/", Some(200)));
}

#[tokio::test]
async fn a_redirect_on_the_same_host_is_followed() {
    let (pokeapi, store) = (small().await, empty_store().await);
    pokeapi.always("/api/v2/pokemon/1/", Fault::Redirect("/api/v2/pokemon/bulbasaur/".to_owned()));
    let absolute = format!("{}/pokemon/ivysaur/", pokeapi.base_url());
    pokeapi.always("/api/v2/pokemon/2/", Fault::Redirect(absolute));
    let (finished, _) = sync(&store, &pokeapi).await;
    assert_eq!(finished.tally.failed, 0, "{:?}", finished.failures);
    assert_eq!(
        (pokeapi.count("/api/v2/pokemon/bulbasaur/"), pokeapi.count("/api/v2/pokemon/ivysaur/")),
        (1, 1)
    );
    assert!(pokemon(&store, "bulbasaur").await.is_some() && pokemon(&store, "ivysaur").await.is_some());
}

#[tokio::test]
async fn the_last_good_record_is_kept_while_its_source_fails() {
    let pokeapi = small().await;
    let store = synced(&pokeapi).await;
    let before = items(&store).await;
    let gone = (Kind::Pokemon, 29, "answered 404 Not Found", false);
    let down = (Kind::Move, 22, "answered 500 Internal Server Error", true);
    let cut = (Kind::EvolutionChain, 12, "is not valid: chain: is missing", false);
    pokeapi.always(NIDORAN, Fault::Status(404));
    pokeapi.always("/api/v2/move/22/", Fault::Status(500));
    pokeapi
        .always("/api/v2/evolution-chain/12/", Fault::Body(json!({ "id": 12, "baby_trigger_item": null })));
    let (finished, published) = sync(&store, &pokeapi).await;
    let mut failures = summaries(&finished.failures);
    failures.sort_unstable();
    assert_eq!(failures, [down, gone, cut]);
    assert_eq!((finished.tally.failed, finished.tally.unchanged, published.written), (3, RESOURCES - 3, 0));
    let mut after = items(&store).await;
    after.insert("SYNC/STATE".to_owned(), before["SYNC/STATE"].clone());
    assert_same(&after, &before, "time stamps included");

    pokeapi.behave();
    let (finished, _) = sync(&store, &pokeapi).await;
    assert_eq!((finished.tally.unchanged, finished.failures.len()), (RESOURCES, 0));
}

#[tokio::test]
async fn pokemon_wait_for_a_species_that_cannot_be_fetched() {
    let (pokeapi, store) = (small().await, empty_store().await);
    pokeapi.always("/api/v2/pokemon-species/386/", Fault::Status(500));
    let (finished, published) = sync(&store, &pokeapi).await;
    assert_eq!((finished.tally.failed, finished.incomplete), (1, 2));
    let problems: Vec<_> =
        published.problems.iter().map(|p| (p.resource.as_str(), p.reason.as_str())).collect();
    let reason = "its species 386 is not known";
    assert_eq!(problems, [("pokemon/386", reason), ("pokemon/10001", reason)]);
    assert_eq!(pokemon(&store, "deoxys-attack").await, None);
    assert!(pokemon(&store, "unown").await.is_some());
    pokeapi.behave();
    let (finished, _) = sync(&store, &pokeapi).await;
    assert_eq!((finished.tally.fetched, finished.incomplete), (1, 0));
    assert_same(&catalogue(&store).await, undisturbed_catalogue().await, "complete after the fault");
}

#[tokio::test]
async fn a_learnset_waits_for_a_move_that_cannot_be_fetched() {
    let (pokeapi, store) = (small().await, empty_store().await);
    pokeapi.always("/api/v2/move/585/", Fault::Status(404));
    let (finished, published) = sync(&store, &pokeapi).await;
    assert_eq!((finished.tally.failed, finished.incomplete), (1, 2));
    let problems: Vec<_> =
        published.problems.iter().map(|p| (p.resource.as_str(), p.reason.as_str())).collect();
    let reason = "it learns move 585, which is not known";
    assert_eq!(problems, [("pokemon/669", reason), ("pokemon/700", reason)]);
    assert!(pokemon(&store, "sylveon").await.is_some());
    pokeapi.behave();
    sync(&store, &pokeapi).await;
    assert_same(&catalogue(&store).await, undisturbed_catalogue().await, "complete after the fault");
}

#[tokio::test]
async fn a_source_that_fails_after_its_lists_removes_no_stored_data() {
    let pokeapi = small().await;
    let store = synced(&pokeapi).await;
    let before = catalogue(&store).await;
    let rows: Vec<_> =
        pokeapi.requests().into_iter().map(|seen| seen.path).filter(|path| !path.contains('?')).collect();
    assert_eq!(rows.len(), RESOURCES);
    rows.iter().for_each(|path| pokeapi.always(path, Fault::Status(503)));
    let outcome = try_sync(&store, &pokeapi).await.expect("a pause is not an error");
    assert!(matches!(outcome, Outcome::Paused { because: Pause::SourceDown, .. }), "{outcome:?}");
    assert_same(&catalogue(&store).await, &before, "all is kept");
    pokeapi.behave();
    let (finished, _) = sync(&store, &pokeapi).await;
    assert_eq!((finished.tally.unchanged, finished.tally.failed), (RESOURCES, 0));
}
