//! A source that asks clients to wait, or has stopped responding; and the result of a run that skipped many
//! resources.

use std::time::{Duration, Instant};

use adapters::{
    now,
    sync::{Outcome, Pause, Progress, Wait},
};
use domain::{Timestamp, facts::Kind};
use tests::{empty_store, put_raw};

use super::{
    catalogue::{assert_same, catalogue, items, undisturbed_catalogue},
    support::{RESOURCES, config, small, state, summaries, sync, sync_as, synced, try_sync},
};
use crate::stand_in::{Fault, StandIn, World};

const BULBASAUR: &str = "/api/v2/pokemon/1/";

/// The paths of the resources of `kind`.
fn paths(kind: &str) -> Vec<String> {
    World::small().listed(kind).map(|(id, _)| format!("/api/v2/{kind}/{id}/")).collect()
}

async fn paused(store: &adapters::store::CatalogStore, pokeapi: &StandIn) -> (Progress, Pause) {
    match try_sync(store, pokeapi).await.expect("a pause is not an error") {
        Outcome::Paused { progress, because } => (progress, because),
        ended => panic!("it ended: {ended:?}"),
    }
}

/// Moves the end of the requested pause into the past.
async fn wait_over(store: &adapters::store::CatalogStore) {
    let mut state = state(store).await;
    state.wait.as_mut().expect("it was asked to wait").until = Timestamp::from_unix(now().unix() - 1);
    let body = serde_json::to_string(&state).expect("JSON");
    let body = aws_sdk_dynamodb::types::AttributeValue::S(body);
    put_raw(store, &adapters::store::Key::sync_state(), &[("body", body)]).await;
}

#[tokio::test]
async fn a_long_retry_after_pauses_the_run_until_then() {
    let (pokeapi, store) = (small().await, empty_store().await);
    pokeapi.always(BULBASAUR, Fault::retry_after(429, 3600));
    let begin = Instant::now();
    let (progress, because) = paused(&store, &pokeapi).await;
    assert!(begin.elapsed() < Duration::from_secs(1800), "it did not wait");
    let Pause::RetryAfter { until } = because else { panic!("{because:?}") };
    assert!((3590..=3600).contains(&until.seconds_from(now())), "until {until}");
    assert_eq!((pokeapi.count(BULBASAUR), progress.tally.failed), (1, 0), "it was not a failure");
    let stored = state(&store).await;
    assert_eq!(stored.wait, Some(Wait { source: pokeapi.base_url(), until }));
    let cursor = stored.running.expect("the run goes on").cursor.expect("it has begun");
    assert!(cursor < (Kind::Pokemon, 1), "{cursor:?}");

    // After the response with the long wait, the run sends no further requests; those in flight may still
    // arrive.
    assert!(pokeapi.requests().len() <= 9 + RESOURCES - 15 + 4, "{}", pokeapi.requests().len());

    // A run that starts earlier sends no requests and changes nothing.
    pokeapi.reset_log();
    let before = items(&store).await;
    assert_eq!(paused(&store, &pokeapi).await.1, because);
    assert_eq!(pokeapi.requests().len(), 0);
    assert_same(&items(&store).await, &before, "as if it had not been");

    wait_over(&store).await;
    pokeapi.behave();
    let (finished, _) = sync(&store, &pokeapi).await;
    assert_eq!((finished.tally.fetched, finished.tally.failed), (RESOURCES, 0));
    assert_eq!(state(&store).await.wait, None);
    assert_same(&catalogue(&store).await, undisturbed_catalogue().await, "as if it had been one piece");
}

#[tokio::test]
async fn a_wait_applies_only_to_its_source() {
    let (pokeapi, store) = (small().await, empty_store().await);
    pokeapi.always(BULBASAUR, Fault::retry_after(429, 3600));
    paused(&store, &pokeapi).await;
    let (finished, _) = sync(&store, &small().await).await;
    assert_eq!((finished.tally.fetched, finished.tally.failed), (RESOURCES, 0));
}

#[tokio::test]
async fn empty_lists_do_not_make_a_successful_run() {
    let pokeapi = small().await;
    let store = synced(&pokeapi).await;
    let before = catalogue(&store).await;
    let nothing = serde_json::json!({ "count": 0, "results": [] });
    for kind in Kind::ALL {
        pokeapi.always(&format!("/api/v2/{}/", kind.endpoint()), Fault::Body(nothing.clone()));
    }
    let (finished, published) = sync(&store, &pokeapi).await;
    assert!(!finished.is_good() && finished.doubts.len() == 9, "{:?}", finished.doubts);
    assert_eq!((published.written, published.removed), (0, 0));
    assert_same(&catalogue(&store).await, &before, "all is kept");
}

#[tokio::test]
async fn a_long_retry_after_of_a_list_pauses_for_a_day_at_most() {
    let (pokeapi, store) = (small().await, empty_store().await);
    pokeapi.always("/api/v2/move/", Fault::retry_after(503, 100_000_000));
    let (progress, because) = paused(&store, &pokeapi).await;
    let Pause::RetryAfter { until } = because else { panic!("{because:?}") };
    assert!((86_390..=86_400).contains(&until.seconds_from(now())), "until {until}");
    assert_eq!(progress, Progress::default());
    wait_over(&store).await;
    pokeapi.behave();
    sync(&store, &pokeapi).await;
}

#[tokio::test]
async fn a_retry_after_may_be_a_date() {
    let (pokeapi, store) = (small().await, empty_store().await);
    let at = |seconds: u64| std::time::SystemTime::now() + Duration::from_secs(seconds);
    let past = "Sun, 06 Nov 1994 08:49:37 GMT".to_owned();
    pokeapi.script(BULBASAUR, vec![Fault::retry_after(429, past)]);
    sync(&store, &pokeapi).await;
    assert_eq!(pokeapi.count(BULBASAUR), 2, "one that has passed asks for nothing");

    let later = httpdate::fmt_http_date(at(7200));
    pokeapi.script(BULBASAUR, vec![Fault::retry_after(429, later)]);
    let (_, because) = paused(&store, &pokeapi).await;
    let Pause::RetryAfter { until } = because else { panic!("{because:?}") };
    assert!((7190..=7200).contains(&until.seconds_from(now())), "until {until}");
}

#[tokio::test]
async fn a_source_that_is_down_pauses_the_run_and_the_next_run_continues() {
    let (pokeapi, store) = (small().await, empty_store().await);
    let all = paths("move");
    assert!(all.len() > 10, "enough to be sure");
    all.iter().for_each(|path| pokeapi.always(path, Fault::Status(503)));
    let (progress, because) = paused(&store, &pokeapi).await;
    assert_eq!((because, progress.tally.failed), (Pause::SourceDown, 10));
    let requests: usize = all.iter().map(|path| pokeapi.count(path)).sum();
    assert!(requests <= 3 * 14, "ten, and those on their way: {requests}");

    pokeapi.behave();
    let (finished, _) = sync(&store, &pokeapi).await;
    assert_eq!((finished.tally.fetched, finished.tally.failed), (RESOURCES, 0), "what failed is tried again");
    assert_same(&catalogue(&store).await, undisturbed_catalogue().await, "complete");
}

#[tokio::test]
async fn resources_that_never_answer_do_not_prevent_the_end_of_a_run() {
    let (pokeapi, store) = (small().await, empty_store().await);
    let dead: Vec<_> = paths("move").into_iter().take(12).collect();
    dead.iter().for_each(|path| pokeapi.always(path, Fault::Status(500)));
    let mut runs = 1;
    let finished = loop {
        match try_sync(&store, &pokeapi).await.expect("no error") {
            Outcome::Finished { finished, .. } => break finished,
            Outcome::Paused { because, .. } => assert_eq!(because, Pause::SourceDown),
            Outcome::Superseded => panic!("nothing was approved"),
        }
        runs += 1;
        assert!(runs < 5, "it never ends");
    };
    assert_eq!((finished.tally.failed, summaries(&finished.failures).len()), (12, 12));
}

#[tokio::test]
async fn a_run_that_skipped_more_than_one_in_twenty_is_not_successful() {
    let pokeapi = small().await;
    let store = synced(&pokeapi).await;
    let good = state(&store).await;
    assert!(good.last.as_ref().is_some_and(|last| last.is_good() && last.total == RESOURCES));
    assert_eq!(good.last_good_at, good.last.map(|last| last.finished_at));
    tokio::time::sleep(Duration::from_millis(1100)).await;
    for path in paths("ability").into_iter().take(RESOURCES / 20 + 1) {
        pokeapi.always(&path, Fault::Status(404));
    }
    let (finished, _) = sync_as(&store, config(&pokeapi)).await;
    assert!(!finished.is_good(), "{:?}", finished.tally);
    let poor = state(&store).await;
    assert_eq!((poor.last, poor.last_good_at), (Some(finished), good.last_good_at));
}
