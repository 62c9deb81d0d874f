//! Changes of many favorites: in steps, each recorded once, whichever requests overtake each other.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use adapters::store::{
    Meter, StoreError,
    accounts::{AccountStore, Condition, Refused},
};
use domain::{accounts::UserId, audit::Action};

use super::support::{Fixture, assert_refused, at_once, record_of};

/// Favorites that one transaction changes.
const TOGETHER: usize = 45;

async fn add(store: &AccountStore, user: UserId, pokemon: &BTreeSet<u32>) -> Result<(), Refused> {
    let record = |ids: &[u32]| record_of(user, Action::AddFavorite, ids);
    store.add_favorites(&Meter::default(), user, pokemon, record).await
}

async fn remove(store: &AccountStore, user: UserId, pokemon: &BTreeSet<u32>) -> Result<(), Refused> {
    let record = |ids: &[u32]| record_of(user, Action::RemoveFavorite, ids);
    store.remove_favorites(&Meter::default(), user, pokemon, record).await
}

/// Returns the number of events of `user` with this action for each Pokémon.
async fn recorded(fixture: &Fixture, user: UserId, action: Action) -> BTreeMap<u32, i32> {
    let mut times = BTreeMap::new();
    for target in fixture.targets(user, action).await {
        for id in target.split(',') {
            *times.entry(id.parse().expect("an id")).or_default() += 1;
        }
    }
    times
}

fn once(ids: &BTreeSet<u32>) -> BTreeMap<u32, i32> {
    ids.iter().map(|id| (*id, 1)).collect()
}

fn sorted(ids: &BTreeSet<u32>) -> Vec<u32> {
    ids.iter().copied().collect()
}

#[tokio::test]
async fn only_missing_favorites_are_added_and_only_stored_ones_removed() {
    let fixture = Fixture::new().await;
    let ash = fixture.user("ash").await.user.id;
    let (first, all) = ((1..=50).collect(), (1..=1025).collect::<BTreeSet<u32>>());
    add(&fixture.store, ash, &first).await.expect("favorites");
    add(&fixture.store, ash, &all).await.expect("favorites");
    add(&fixture.store, ash, &all).await.expect("nothing is left to add");
    assert_eq!(fixture.favorites(ash).await, sorted(&all));
    assert_eq!(recorded(&fixture, ash, Action::AddFavorite).await, once(&all));
    let steps = 50_usize.div_ceil(TOGETHER) + 975_usize.div_ceil(TOGETHER);
    assert_eq!(fixture.targets(ash, Action::AddFavorite).await.len(), steps);
    let some = (1000..=1100).collect();
    remove(&fixture.store, ash, &some).await.expect("a removal");
    remove(&fixture.store, ash, &some).await.expect("nothing is left to remove");
    assert_eq!(fixture.favorites(ash).await, (1..1000).collect::<Vec<_>>());
    assert_eq!(recorded(&fixture, ash, Action::RemoveFavorite).await, once(&(1000..=1025).collect()));
}

#[tokio::test]
async fn a_bulk_change_by_a_frozen_account_is_refused() {
    let fixture = Fixture::new().await;
    let ash = fixture.user("ash").await.user.id;
    fixture.freeze(ash).await;
    assert_refused(add(&fixture.store, ash, &(1..=100).collect()).await, Condition::Active);
    assert_eq!(fixture.favorites(ash).await, [] as [u32; 0]);
}

#[tokio::test]
async fn a_bulk_change_that_stops_at_any_call_is_continued_by_the_next_one() {
    let fixture = Fixture::new().await;
    let ids: BTreeSet<u32> = (1..=120).collect();
    let removed: BTreeSet<u32> = (11..=130).collect();
    let (store, tap) = fixture.tapped().await;
    // A read and three steps.
    for calls in 0..4 {
        let user = fixture.user(&format!("user_{calls}")).await.user.id;
        tap.stop_after(calls);
        assert!(add(&store, user, &ids).await.is_err(), "{calls}");
        let done = calls.saturating_sub(1) * TOGETHER;
        assert_eq!(fixture.favorites(user).await.len(), done, "{calls}");
        add(&fixture.store, user, &ids).await.expect("the rest");
        assert_eq!(recorded(&fixture, user, Action::AddFavorite).await, once(&ids), "{calls}");
        tap.stop_after(calls);
        assert!(remove(&store, user, &removed).await.is_err(), "{calls}");
        remove(&fixture.store, user, &removed).await.expect("the rest");
        assert_eq!(fixture.favorites(user).await, (1..=10).collect::<Vec<_>>(), "{calls}");
        let gone = (11..=120).collect();
        assert_eq!(recorded(&fixture, user, Action::RemoveFavorite).await, once(&gone), "{calls}");
    }
}

#[tokio::test]
async fn a_bulk_change_whose_answers_are_lost_is_made_once() {
    let fixture = Fixture::new().await;
    let ash = fixture.user("ash").await.user.id;
    let (store, tap) = fixture.tapped().await;
    let ids: BTreeSet<u32> = (1..=90).collect();
    tap.lose_answers(2);
    add(&store, ash, &ids).await.expect("the third attempt is answered");
    assert_eq!(fixture.favorites(ash).await, sorted(&ids));
    assert_eq!(recorded(&fixture, ash, Action::AddFavorite).await, once(&ids));
}

#[tokio::test]
async fn equal_bulk_changes_at_once_add_each_favorite_once() {
    let fixture = Fixture::new().await;
    let ash = fixture.user("ash").await.user.id;
    let store = Arc::new(fixture.store.clone());
    let ids: BTreeSet<u32> = (1..=150).collect();
    let results = at_once(4, |_| {
        let (store, ids) = (Arc::clone(&store), ids.clone());
        async move { add(&store, ash, &ids).await }
    })
    .await;
    assert!(results.iter().all(Result::is_ok), "{results:?}");
    assert_eq!(fixture.favorites(ash).await, sorted(&ids));
    assert_eq!(recorded(&fixture, ash, Action::AddFavorite).await, once(&ids));
}

#[tokio::test]
async fn opposite_bulk_changes_at_once_are_recorded_as_they_were_made() {
    let fixture = Fixture::new().await;
    let ash = fixture.user("ash").await.user.id;
    let store = Arc::new(fixture.store.clone());
    let ids: BTreeSet<u32> = (1..=90).collect();
    let results =
        at_once(4, |nth| {
            let (store, ids) = (Arc::clone(&store), ids.clone());
            async move {
                if nth % 2 == 0 { add(&store, ash, &ids).await } else { remove(&store, ash, &ids).await }
            }
        })
        .await;
    for refused in results.into_iter().filter_map(Result::err) {
        let is_overtaken =
            matches!(refused, Refused::Conditions(_) | Refused::Store(StoreError::Busy { .. }));
        assert!(is_overtaken && !refused.is(&Condition::Active), "{refused:?}");
    }
    let added = recorded(&fixture, ash, Action::AddFavorite).await;
    let removed = recorded(&fixture, ash, Action::RemoveFavorite).await;
    let stored = fixture.favorites(ash).await;
    for id in ids {
        let times = |times: &BTreeMap<u32, i32>| times.get(&id).copied().unwrap_or_default();
        assert_eq!(times(&added) - times(&removed), i32::from(stored.contains(&id)), "{id}");
    }
}
