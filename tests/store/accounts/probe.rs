//! The turn of the probe.

use adapters::{now, store::Meter};
use domain::Timestamp;

use super::support::{DAY, Fixture, at_once};

/// The time after which the turn of a run that died is free, in seconds.
const LONGEST: i64 = 55;

#[tokio::test]
async fn one_of_several_runs_at_once_has_the_turn() {
    let fixture = Fixture::new().await;
    let store = &fixture.store;
    let taken = at_once(8, |run| {
        let store = store.clone();
        async move { store.begin_probe(&Meter::default(), &format!("run {run}"), now()).await }
    })
    .await;
    let taken: Vec<_> = taken.into_iter().filter_map(|turn| turn.expect("the engine answers")).collect();
    assert_eq!(taken.len(), 1, "{taken:?}");
    store.end_probe(&fixture.meter, &taken[0], false).await.expect("an end");
    let next = store.begin_probe(&fixture.meter, "another run", now()).await.expect("the engine answers");
    assert!(next.is_some(), "the turn has ended");
}

#[tokio::test]
async fn a_turn_is_free_again_once_its_run_must_be_dead() {
    let fixture = Fixture::new().await;
    let (store, meter, start) = (&fixture.store, &fixture.meter, now());
    let dead = store.begin_probe(meter, "one", start).await.expect("an answer").expect("a turn");
    for (later, is_free) in [(0, false), (LONGEST - 1, false), (LONGEST, true)] {
        let taken = store.begin_probe(meter, "two", start.plus(later)).await.expect("an answer");
        assert_eq!(taken.is_some(), is_free, "{later}");
    }
    // The run was not dead: it can no longer do anything.
    assert!(!store.probe_signs_in(meter, &dead, start).await.expect("an answer"));
    store.end_probe(meter, &dead, true).await.expect("an answer");
    let now = start.plus(LONGEST);
    assert_eq!(store.begin_probe(meter, "three", now).await.expect("an answer"), None, "run two has it");
}

#[tokio::test]
async fn a_turn_that_a_clock_ahead_has_taken_is_free() {
    let fixture = Fixture::new().await;
    let ahead = now().plus(DAY);
    let (store, meter) = (&fixture.store, &fixture.meter);
    store.begin_probe(meter, "ahead", ahead).await.expect("an answer").expect("a turn");
    assert!(store.begin_probe(meter, "right", now()).await.expect("an answer").is_some());
}

#[tokio::test]
async fn a_sign_in_is_known_to_later_runs_until_a_run_forgets_it() {
    let fixture = Fixture::new().await;
    let (store, meter) = (&fixture.store, &fixture.meter);
    let begin =
        async |run: &str| store.begin_probe(meter, run, now()).await.expect("an answer").expect("a turn");
    let first = begin("one").await;
    assert_eq!(first.signed_in_at, None);
    let at = Timestamp::from_unix(now().unix() - 60);
    assert!(store.probe_signs_in(meter, &first, at).await.expect("an answer"));
    store.end_probe(meter, &first, false).await.expect("an answer");
    let second = begin("two").await;
    assert_eq!(second.signed_in_at, Some(at));
    assert_eq!(store.probe_signed_in_at(meter).await.expect("an answer"), Some(at));
    store.end_probe(meter, &second, true).await.expect("an answer");
    assert_eq!(begin("three").await.signed_in_at, None);
}

/// A retry of the SDK repeats a write whose answer was lost.
#[tokio::test]
async fn a_run_that_takes_its_turn_twice_has_it() {
    let fixture = Fixture::new().await;
    for _ in 0..2 {
        let taken = fixture.store.begin_probe(&fixture.meter, "one", now()).await.expect("an answer");
        assert!(taken.is_some());
    }
}
