//! Rate-limit buckets.

use std::sync::Arc;

use adapters::{
    milliseconds,
    store::{
        Meter,
        accounts::{AccountStore, Taken},
    },
};

use super::support::{BUCKET, Fixture, at_once};

/// The time in milliseconds in which one token comes back.
const STEP: u64 = 10_000;

async fn take(store: &AccountStore, subject: &str, now: u64) -> Taken {
    store.take(&Meter::default(), BUCKET, subject, now).await.expect("the engine answers")
}

#[tokio::test]
async fn a_bucket_gives_its_tokens_and_then_one_for_each_step() {
    let fixture = Fixture::new().await;
    let now = milliseconds();
    for remaining in [2, 1, 0] {
        let taken = take(&fixture.store, "ash", now).await;
        assert_eq!((taken.is_allowed, taken.remaining), (true, remaining), "{taken:?}");
    }
    let refused = take(&fixture.store, "ash", now).await;
    assert_eq!((refused.is_allowed, refused.wait, refused.reset), (false, STEP, 3 * STEP), "{refused:?}");
    assert!(!take(&fixture.store, "ash", now + STEP / 2).await.is_allowed);
    assert!(take(&fixture.store, "ash", now + STEP).await.is_allowed);
    assert!(!take(&fixture.store, "ash", now + STEP).await.is_allowed);
    let full = take(&fixture.store, "ash", now + 10 * STEP).await;
    assert_eq!((full.is_allowed, full.remaining), (true, 2), "{full:?}");
}

#[tokio::test]
async fn buckets_of_different_subjects_are_separate() {
    let fixture = Fixture::new().await;
    let now = milliseconds();
    for _ in 0..4 {
        take(&fixture.store, "ash", now).await;
    }
    assert!(!take(&fixture.store, "ash", now).await.is_allowed);
    assert!(take(&fixture.store, "gary", now).await.is_allowed);
}

#[tokio::test]
async fn a_token_costs_one_call_in_a_full_bucket_and_two_otherwise() {
    let fixture = Fixture::new().await;
    let now = milliseconds();
    for calls in [1, 2, 2, 1] {
        let meter = Meter::default();
        fixture.store.take(&meter, BUCKET, "ash", now).await.expect("the engine answers");
        assert_eq!(meter.usage().calls, calls);
    }
}

#[tokio::test]
async fn requests_at_once_take_no_more_tokens_than_a_bucket_has() {
    let fixture = Fixture::new().await;
    let (store, now) = (Arc::new(fixture.store.clone()), milliseconds());
    let taken = at_once(20, |_| {
        let store = Arc::clone(&store);
        async move { take(&store, "ash", now).await }
    })
    .await;
    assert_eq!(taken.iter().filter(|taken| taken.is_allowed).count(), 3, "{taken:?}");
}

#[tokio::test]
async fn a_token_that_is_given_back_can_be_taken_again_and_only_once() {
    let fixture = Fixture::new().await;
    let now = milliseconds();
    for _ in 0..3 {
        take(&fixture.store, "ash", now).await;
    }
    let give_back = async |taken_at, now| {
        fixture
            .store
            .give_back(&fixture.meter, BUCKET, "ash", taken_at, now)
            .await
            .expect("the engine answers")
    };
    assert_eq!(give_back(now, now).await.expect("a token").remaining, 1);
    assert!(take(&fixture.store, "ash", now).await.is_allowed);
    assert!(!take(&fixture.store, "ash", now).await.is_allowed);
    assert_eq!(give_back(now, now + STEP).await, None, "it has come back by itself");
    assert_eq!(give_back(now + 4 * STEP, now + 4 * STEP).await, None, "the bucket is full");
}

#[tokio::test]
async fn a_bucket_written_by_a_clock_far_ahead_starts_again() {
    let fixture = Fixture::new().await;
    let now = milliseconds();
    for _ in 0..4 {
        take(&fixture.store, "ash", now + 3_600_000).await;
    }
    let taken = take(&fixture.store, "ash", now).await;
    assert_eq!((taken.is_allowed, taken.remaining), (true, 2), "{taken:?}");
}
