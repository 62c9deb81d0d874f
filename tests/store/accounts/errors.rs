//! Tables that are missing, and an engine that is down.

use adapters::{
    now,
    store::{
        Meter, StoreError, Tables,
        accounts::{AccountStore, Login, Refused, StoredFavorite},
    },
    tokens::FamilyId,
};
use domain::{accounts::UserId, audit::Action};
use tests::raw_client;

use super::support::{BUCKET, begin_session, event, record, register, user};
use crate::store::catalog::support::unavailable;

fn refusal<T: std::fmt::Debug>(result: Result<T, Refused>) -> String {
    match result {
        Err(Refused::Store(StoreError::Unavailable { operation: "TransactWriteItems", cause })) => cause,
        other => panic!("not unavailable: {other:?}"),
    }
}

#[tokio::test]
async fn missing_tables_make_everything_unavailable() {
    let store = AccountStore::new(raw_client().await, Tables::beside("no-such-table"));
    let (meter, id) = (Meter::default(), UserId::new(1, [1; 10]));
    let favorite = StoredFavorite { pokemon: 25, created_at: now() };
    let reported = [
        unavailable(store.user(&meter, id).await, "GetItem"),
        unavailable(store.standing(&meter, id).await, "GetItem"),
        unavailable(store.credentials(&meter, &Login::of("ash")).await, "GetItem"),
        unavailable(store.credentials_of(&meter, id).await, "Query"),
        unavailable(store.user_with_standing(&meter, id).await, "Query"),
        unavailable(store.favorites(&meter, id).await, "Query"),
        unavailable(store.session(&meter, id, FamilyId::random()).await, "GetItem"),
        unavailable(store.sessions(&meter, id).await, "Query"),
        unavailable(store.record_password(&meter, id, FamilyId::random(), now()).await, "UpdateItem"),
        unavailable(store.users(&meter, 0, 10).await, "Query"),
        unavailable(store.deletions(&meter).await, "Query"),
        unavailable(store.receipt(&meter, "one", now()).await, "GetItem"),
        unavailable(store.public_keys(&meter).await, "GetItem"),
        unavailable(store.override_of(&meter, 25).await, "GetItem"),
        unavailable(store.trail_of(&meter, id, None, 10).await, "Query"),
        unavailable(store.trail_on(&meter, "2026-11-23", None, 10).await, "Query"),
        unavailable(store.note(&meter, &event(id, Action::Login, None)).await, "PutItem"),
        unavailable(store.take(&meter, BUCKET, "ash", 1).await, "UpdateItem"),
        unavailable(store.give_back(&meter, BUCKET, "ash", 1, 1).await, "UpdateItem"),
        refusal(register(&store, &user("ash")).await),
        refusal(begin_session(&store, id).await),
        refusal(store.add_favorite(&meter, id, favorite, &record(id, Action::AddFavorite)).await),
    ];
    for reported in &reported {
        assert!(reported.starts_with("ResourceNotFoundException: "), "{reported}");
    }
}
