//! The public keys, conditioned on their version.

use std::sync::Arc;

use adapters::{
    now,
    store::{Meter, StoreError, accounts::StoredKeys},
    tokens::{Jwks, KeyRing},
};

use super::support::{Fixture, at_once};

fn some() -> Jwks {
    KeyRing::generate(now()).jwks()
}

#[tokio::test]
async fn keys_are_read_back_with_their_version() {
    let fixture = Fixture::new().await;
    let first = fixture.store.public_keys(&fixture.meter).await.expect("the keys");
    assert_eq!(first.version, 1, "every fixture has keys");
    let jwks = some();
    fixture.store.put_public_keys(&fixture.meter, &jwks, 1).await.expect("the keys are put");
    assert_eq!(
        fixture.store.public_keys(&fixture.meter).await.expect("the keys"),
        StoredKeys { jwks, version: 2 }
    );
}

#[tokio::test]
async fn keys_of_an_outdated_version_are_refused() {
    let fixture = Fixture::new().await;
    let before = fixture.store.public_keys(&fixture.meter).await.expect("the keys");
    for version in [0, 2] {
        let refused = fixture.store.put_public_keys(&fixture.meter, &some(), version).await;
        assert!(
            matches!(refused, Err(StoreError::Conflict { operation: "PutItem" })),
            "{version}: {refused:?}"
        );
    }
    assert_eq!(fixture.store.public_keys(&fixture.meter).await.expect("the keys"), before);
}

#[tokio::test]
async fn of_several_writers_of_keys_at_once_one_succeeds() {
    let fixture = Fixture::new().await;
    let store = Arc::new(fixture.store.clone());
    let results = at_once(6, |_| {
        let store = Arc::clone(&store);
        async move {
            let jwks = some();
            store.put_public_keys(&Meter::default(), &jwks, 1).await.map(|()| jwks)
        }
    })
    .await;
    let winners: Vec<_> = results.into_iter().filter_map(Result::ok).collect();
    let stored = fixture.store.public_keys(&fixture.meter).await.expect("the keys");
    assert_eq!((winners, stored.version), (vec![stored.jwks], 2));
}
