//! A run that is longer than one invocation: it pauses at its deadline, and the next invocation continues
//! there.

use std::{collections::BTreeMap, time::Duration};

use adapters::{
    pokeapi::PokeApi,
    store::{CatalogStore, Key},
    sync::{Outcome, Progress, Settings, State, SyncError},
};
use domain::facts::Kind;
use tests::empty_store;
use tokio::time::Instant;

use super::{
    catalogue::{assert_same, catalogue, items, undisturbed_catalogue},
    support::{RESOURCES, client, config, finished, run, small, state, summaries},
};
use crate::stand_in::{Fault, StandIn};

async fn for_a_while(store: &CatalogStore, api: &PokeApi, while_: Duration) -> Result<Outcome, SyncError> {
    let deadline = Instant::now() + while_;
    run(store, api, &Settings { deadline: Some(deadline), ..Settings::new("test") }).await
}

fn paused(outcome: Result<Outcome, SyncError>) -> Progress {
    match outcome.expect("a pause is not an error") {
        Outcome::Paused { progress, .. } => progress,
        ended => panic!("it ended: {ended:?}"),
    }
}

/// The progress at the pause at which `done` resources are done: on a busy machine, it is not the first pause.
async fn paused_at(store: &CatalogStore, api: &PokeApi, done: usize) -> Progress {
    for _ in 0..20 {
        let progress = paused(for_a_while(store, api, Duration::from_secs(2)).await);
        if progress.done >= done {
            return progress;
        }
    }
    panic!("{done} resources are never done")
}

/// The number of requests for each resource.
fn requests_by_path(pokeapi: &StandIn) -> BTreeMap<String, usize> {
    let mut requests_by_path = BTreeMap::new();
    for seen in pokeapi.requests().into_iter().filter(|seen| !seen.path.contains('?')) {
        *requests_by_path.entry(seen.path).or_default() += 1;
    }
    requests_by_path
}

#[tokio::test]
async fn a_deadline_in_the_past_pauses_before_anything_is_done() {
    let (pokeapi, store) = (small().await, empty_store().await);
    pokeapi.slow_down(Duration::from_millis(1));
    let progress = paused(for_a_while(&store, &client(config(&pokeapi)), Duration::ZERO).await);
    assert_eq!((progress, pokeapi.requests().len()), (Progress::default(), 0));
    assert_eq!(items(&store).await.into_keys().collect::<Vec<_>>(), ["SYNC/STATE"]);
    assert_eq!(state(&store).await, State::default());
}

#[tokio::test]
async fn a_run_in_many_pieces_requests_nothing_twice_that_was_done() {
    let pokeapi = small().await;
    let expected = undisturbed_catalogue().await;
    pokeapi.reset_log();
    pokeapi.slow_down(Duration::from_millis(5));
    let (store, api) = (empty_store().await, client(config(&pokeapi)));
    let (mut done, mut pieces, mut began) = (0, 0, None);
    let mut length = Duration::from_millis(110);
    let (finished, _) = loop {
        // The lists alone take 9 responses.
        let outcome = for_a_while(&store, &api, length).await;
        pieces += 1;
        let Ok(Outcome::Paused { progress, .. }) = outcome else { break finished(outcome) };
        // On a busy machine, not even the lists may arrive in time.
        if progress.total == 0 && pieces < 50 {
            length *= 2;
            continue;
        }
        assert_eq!((progress.total, progress.done), (RESOURCES, progress.tally.fetched));
        assert!(progress.done >= done && pieces < 50, "{progress:?} after {pieces} pieces");
        done = progress.done;
        let state = state(&store).await;
        let running = state.running.expect("the run goes on");
        assert_eq!(*began.get_or_insert(running.started_at), running.started_at);
        assert!(
            state.last.is_none() && !items(&store).await.contains_key(&Key::index_pointer().to_string()),
            "nothing is published"
        );
    };
    assert!(pieces > 1 && done > 0, "{done} done in {pieces} pieces");
    assert_eq!(finished.tally.fetched, RESOURCES);
    assert_eq!(Some(finished.started_at), began);
    // Up to four requests were in flight at each deadline, and are repeated.
    let (requests_by_path, most) = (requests_by_path(&pokeapi), 4 * (pieces - 1));
    assert_eq!(requests_by_path.len(), RESOURCES);
    let again: usize = requests_by_path.values().map(|times| times - 1).sum();
    assert!(again <= most, "{again} were asked for again in {pieces} pieces");
    assert_same(&catalogue(&store).await, expected, "as if it had been one piece");
}

#[tokio::test]
async fn resources_before_the_cursor_are_not_requested_again() {
    let (pokeapi, store) = (small().await, empty_store().await);
    pokeapi.always("/api/v2/pokemon/1/", Fault::Slow(Duration::from_secs(60)));
    let api = client(config(&pokeapi));
    let progress = paused_at(&store, &api, 73).await;
    let running = state(&store).await.running.expect("the run goes on");
    assert_eq!(running.cursor, Some((Kind::PokemonForm, 10134)), "in order, so it waits for Bulbasaur");
    assert_eq!(progress.done, 73);
    pokeapi.behave();
    pokeapi.reset_log();
    let (finished, _) = finished(run(&store, &api, &Settings::new("another")).await);
    assert_eq!(finished.tally.fetched, RESOURCES);
    let requests_by_path = requests_by_path(&pokeapi);
    assert_eq!(requests_by_path.len(), RESOURCES - 73);
    assert!(
        requests_by_path.keys().all(|path| path.contains("/pokemon/") || path.contains("/evolution-chain/")),
        "{requests_by_path:?}"
    );
    assert_eq!(state(&store).await.running, None);
}

#[tokio::test]
async fn failures_of_an_earlier_piece_are_retried_and_reported_at_the_end() {
    let (pokeapi, store) = (small().await, empty_store().await);
    pokeapi.always("/api/v2/type/1/", Fault::Status(500));
    pokeapi.always("/api/v2/type/3/", Fault::Status(500));
    pokeapi.always("/api/v2/type/4/", Fault::Status(404));
    pokeapi.always("/api/v2/pokemon/1/", Fault::Slow(Duration::from_secs(60)));
    let api = client(config(&pokeapi));
    let progress = paused_at(&store, &api, 73).await;
    assert_eq!((progress.done, progress.tally.failed), (73, 3));
    pokeapi.behave();
    pokeapi.always("/api/v2/type/3/", Fault::Status(502));
    pokeapi.reset_log();
    let (finished, _) = finished(run(&store, &api, &Settings::new("test")).await);
    let expected =
        [(Kind::Type, 4, "answered 404 Not Found", false), (Kind::Type, 3, "answered 502 Bad Gateway", true)];
    assert_eq!((summaries(&finished.failures), finished.tally.failed), (expected.to_vec(), 2));
    assert_eq!((pokeapi.count("/api/v2/type/1/"), pokeapi.count("/api/v2/type/4/")), (1, 0));
}

#[tokio::test]
async fn a_pause_during_the_retries_resumes_with_the_retries() {
    let (pokeapi, store) = (small().await, empty_store().await);
    pokeapi.script("/api/v2/type/1/", vec![Fault::Status(500); 3]);
    pokeapi.always("/api/v2/type/1/", Fault::Slow(Duration::from_secs(60)));
    let api = client(config(&pokeapi));
    let progress = paused_at(&store, &api, RESOURCES).await;
    assert_eq!((progress.done, progress.total, progress.tally.failed), (RESOURCES, RESOURCES, 1));
    assert!(!items(&store).await.contains_key(&Key::index_pointer().to_string()), "nothing is published yet");
    pokeapi.behave();
    pokeapi.reset_log();
    let (finished, _) = finished(run(&store, &api, &Settings::new("test")).await);
    assert_eq!((finished.tally.fetched, finished.tally.failed), (RESOURCES, 0));
    assert_eq!(requests_by_path(&pokeapi).into_keys().collect::<Vec<_>>(), ["/api/v2/type/1/"]);
    assert_same(&catalogue(&store).await, undisturbed_catalogue().await, "complete");
}

#[tokio::test]
async fn a_new_pokemon_that_a_resumed_run_has_passed_comes_with_the_next() {
    let pokeapi = small().await;
    let store = empty_store().await;
    let mut mega = pokeapi.document("/api/v2/pokemon/10034/");
    (mega["id"], mega["name"]) = (30.into(), "nidorina".into());
    pokeapi.always("/api/v2/evolution-chain/1/", Fault::Slow(Duration::from_secs(60)));
    let api = client(config(&pokeapi));
    paused(for_a_while(&store, &api, Duration::from_secs(2)).await);
    pokeapi.behave();
    pokeapi.insert("pokemon", mega);
    let (first, _) = finished(run(&store, &api, &Settings::new("test")).await);
    assert_eq!(first.tally.fetched, RESOURCES);
    let (second, _) = finished(run(&store, &api, &Settings::new("test")).await);
    assert_eq!((second.tally.fetched, second.tally.unchanged), (1, RESOURCES));
}
