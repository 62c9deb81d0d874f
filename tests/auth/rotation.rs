//! Ten rotations under load reject no valid token.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    time::Duration,
};

use adapters::{
    now,
    store::{Meter, StoreError},
    tokens::{KeySource, Rotated, Rotation, RotationError, rotate},
};
use domain::Timestamp;
use http::Method;
use serde_json::json;
use tests::{House, PASSWORD, SampleUsers};

use crate::accounts::{LOGIN, PROFILE, post};

#[tokio::test(flavor = "multi_thread")]
async fn ten_rotations_under_load_refuse_no_valid_token() {
    let users = SampleUsers::new().await;
    let folder = tempfile::tempdir().unwrap();
    let source = KeySource::File(folder.path().join("keys.json"));
    source.write(&tests::ring()).await.unwrap();
    // Readers keep keys for a twelfth of the time between two rotations: the same ratio as when that time is
    // an hour.
    let mut config = users.without_limits();
    config.door.keys_kept = Duration::from_millis(25);
    config.door.signing_keys = Some(source.clone());
    let house = Arc::new(House::at(&users.url, config).await);
    let (done, requests) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicUsize::new(0)));
    let load = (0..2).map(|_| {
        let (house, done, requests) = (Arc::clone(&house), Arc::clone(&done), Arc::clone(&requests));
        tokio::spawn(async move {
            while !done.load(Ordering::Relaxed) {
                let body = json!({"username": "ash_ketchum", "password": PASSWORD});
                let signed_in = post(&house, LOGIN, &body).await;
                assert_eq!(signed_in.status, 200, "{signed_in:?}");
                let token = signed_in.json()["access_token"].as_str().unwrap().to_owned();
                for _ in 0..5 {
                    let read = house.call(Method::GET, PROFILE, Some(&token), None).await;
                    assert_eq!(read.status, 200, "{read:?}");
                    requests.fetch_add(1, Ordering::Relaxed);
                    tokio::time::sleep(Duration::from_millis(5)).await;
                }
            }
        })
    });
    let load: Vec<_> = load.collect();
    for hour in 1..=10 {
        tokio::time::sleep(Duration::from_millis(300)).await;
        let then = Timestamp::from_unix(now().unix() + hour * 3700);
        let rotated = rotate(&users.accounts, &Meter::default(), &source, Rotation::Due(3600), then).await;
        assert_eq!(rotated.unwrap(), Rotated::Promoted, "{hour}");
    }
    done.store(true, Ordering::Relaxed);
    for task in load {
        task.await.expect("no token was refused");
    }
    assert!(requests.load(Ordering::Relaxed) > 50);
    let old = users.token();
    tokio::time::sleep(Duration::from_millis(50)).await;
    let read = house.call(Method::GET, PROFILE, Some(&old), None).await;
    assert_eq!(read.status, 401, "a key of ten rotations ago is forgotten");
}

#[tokio::test]
async fn keys_dated_by_a_clock_that_ran_ahead_are_promoted_again() {
    let users = SampleUsers::new().await;
    let folder = tempfile::tempdir().unwrap();
    let source = KeySource::File(folder.path().join("keys.json"));
    let in_a_year = Timestamp::from_unix(now().unix() + 365 * 86_400);
    source.write(&adapters::tokens::KeyRing::generate(in_a_year)).await.unwrap();
    let run = async |at: Timestamp| {
        rotate(&users.accounts, &Meter::default(), &source, Rotation::Due(3600), at).await.unwrap()
    };
    assert_eq!(run(now()).await, Rotated::Rested);
    assert_eq!(run(now().plus(3700)).await, Rotated::Promoted);
}

#[tokio::test]
async fn two_rotations_at_once_succeed_or_conflict() {
    let users = SampleUsers::new().await;
    let folder = tempfile::tempdir().unwrap();
    let source = KeySource::File(folder.path().join("keys.json"));
    let (one, other) = (Meter::default(), Meter::default());
    let rotate = |meter| rotate(&users.accounts, meter, &source, Rotation::Emergency, now());
    let (one, other) = tokio::join!(rotate(&one), rotate(&other));
    assert!(one.is_ok() || other.is_ok(), "{one:?} {other:?}");
    for rotated in [one, other] {
        match rotated {
            Ok(Rotated::Replaced) | Err(RotationError::Store(StoreError::Conflict { .. })) => {}
            otherwise => panic!("{otherwise:?}"),
        }
    }
    // Whichever rotation was last, the next run publishes the key that is in the secret now.
    let due = Rotation::Due(i64::MAX);
    let healed = adapters::tokens::rotate(&users.accounts, &Meter::default(), &source, due, now()).await;
    assert_eq!(healed.unwrap(), Rotated::Rested);
    let stored = users.accounts.public_keys(&Meter::default()).await.unwrap();
    assert_eq!(source.read().await.unwrap().jwks(), stored.jwks);
}
