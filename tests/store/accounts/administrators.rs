//! Roles and freezing: by administrators, of whom one always remains.

use std::sync::Arc;

use adapters::{
    now,
    store::{
        Meter,
        accounts::{AccountStore, Condition, Refused, StoredUser},
    },
};
use domain::{accounts::UserId, audit::Action};

use super::support::{Fixture, assert_refused, at_once, record};

async fn set_role(
    store: &AccountStore,
    by: UserId,
    user: &StoredUser,
    is_admin: bool,
) -> Result<StoredUser, Refused> {
    let record = record(by, Action::ChangeRole);
    store.set_role(&Meter::default(), Some(by), user, is_admin, now(), &record).await
}

async fn set_frozen(store: &AccountStore, by: UserId, user: UserId, is_frozen: bool) -> Result<(), Refused> {
    let action = if is_frozen { Action::Freeze } else { Action::Unfreeze };
    store.set_frozen(&Meter::default(), by, user, is_frozen, &record(by, action)).await
}

#[tokio::test]
async fn a_role_is_stored_in_profile_and_status() {
    let fixture = Fixture::new().await;
    let (oak, ash) = (fixture.admin("oak").await, fixture.user("ash").await);
    let after = set_role(&fixture.store, oak.user.id, &ash, true).await.expect("a role");
    assert!(after.user.is_admin && after.version == ash.version + 1);
    assert_eq!(fixture.stored(ash.user.id).await, after);
    assert!(fixture.standing(ash.user.id).await.is_admin);
    assert_refused(set_role(&fixture.store, oak.user.id, &ash, true).await, Condition::Unchanged);
    set_role(&fixture.store, oak.user.id, &after, false).await.expect("no role");
    assert!(!fixture.standing(ash.user.id).await.is_admin);
    assert_eq!(fixture.targets(oak.user.id, Action::ChangeRole).await.len(), 3);
}

#[tokio::test]
async fn the_last_administrator_keeps_the_role() {
    let fixture = Fixture::new().await;
    let oak = fixture.admin("oak").await;
    assert_refused(set_role(&fixture.store, oak.user.id, &oak, false).await, Condition::NotTheLast);
    assert!(fixture.standing(oak.user.id).await.is_admin);
}

#[tokio::test]
async fn of_two_administrators_that_demote_each_other_at_once_one_remains() {
    let fixture = Fixture::new().await;
    for nth in 0..3 {
        let pair = [fixture.admin(&format!("oak_{nth}")).await, fixture.admin(&format!("elm_{nth}")).await];
        let (store, pair) = (Arc::new(fixture.store.clone()), Arc::new(pair));
        let results = at_once(2, |nth| {
            let (store, pair) = (Arc::clone(&store), Arc::clone(&pair));
            async move { set_role(&store, pair[nth].user.id, &pair[1 - nth], false).await }
        })
        .await;
        assert_eq!(results.iter().filter(|result| result.is_ok()).count(), 1, "{results:?}");
        let refused = results.into_iter().find_map(Result::err).expect("one");
        assert!(refused.has(&Condition::Administrator), "{refused:?}");
    }
}

#[tokio::test]
async fn of_all_administrators_that_resign_at_once_one_remains() {
    let fixture = Fixture::new().await;
    let mut admins = Vec::new();
    for nth in 0..4 {
        admins.push(fixture.admin(&format!("admin_{nth}")).await);
    }
    let (store, admins) = (Arc::new(fixture.store.clone()), Arc::new(admins));
    let results = at_once(4, |nth| {
        let (store, admins) = (Arc::clone(&store), Arc::clone(&admins));
        async move { set_role(&store, admins[nth].user.id, &admins[nth], false).await }
    })
    .await;
    assert_eq!(results.iter().filter(|result| result.is_ok()).count(), 3, "{results:?}");
    assert_refused(results.into_iter().find(Result::is_err).expect("one"), Condition::NotTheLast);
}

#[tokio::test]
async fn a_user_without_the_role_changes_no_other_user() {
    let fixture = Fixture::new().await;
    let (ash, gary) = (fixture.user("ash").await, fixture.user("gary").await);
    assert_refused(set_role(&fixture.store, gary.user.id, &ash, true).await, Condition::Administrator);
    assert_refused(
        set_frozen(&fixture.store, gary.user.id, ash.user.id, true).await,
        Condition::Administrator,
    );
    assert_eq!(fixture.stored(ash.user.id).await, ash);
    assert!(!fixture.standing(ash.user.id).await.is_frozen);
    assert_eq!(fixture.events(gary.user.id).await.len(), 1);
}

#[tokio::test]
async fn an_account_is_frozen_and_unfrozen() {
    let fixture = Fixture::new().await;
    let (oak, ash) = (fixture.admin("oak").await.user.id, fixture.user("ash").await.user.id);
    for is_frozen in [true, true, false, false] {
        set_frozen(&fixture.store, oak, ash, is_frozen).await.expect("a change");
        assert_eq!(fixture.standing(ash).await.is_frozen, is_frozen);
    }
    assert_refused(
        set_frozen(&fixture.store, oak, UserId::new(1, [7; 10]), true).await,
        Condition::Unchanged,
    );
}

#[tokio::test]
async fn an_administrator_is_not_frozen_and_a_frozen_account_gets_no_role() {
    let fixture = Fixture::new().await;
    let (oak, ash) = (fixture.admin("oak").await, fixture.user("ash").await);
    assert_refused(set_frozen(&fixture.store, oak.user.id, oak.user.id, true).await, Condition::Unchanged);
    let elm = fixture.admin("elm").await;
    assert_refused(set_frozen(&fixture.store, oak.user.id, elm.user.id, true).await, Condition::Unchanged);
    set_frozen(&fixture.store, oak.user.id, ash.user.id, true).await.expect("a change");
    assert_refused(set_role(&fixture.store, oak.user.id, &ash, true).await, Condition::Unchanged);
    assert!(!fixture.standing(ash.user.id).await.is_admin);
}

#[tokio::test]
async fn a_promotion_and_a_freezing_at_once_never_freeze_an_administrator() {
    let fixture = Fixture::new().await;
    let oak = fixture.admin("oak").await.user.id;
    for nth in 0..5 {
        let ash = fixture.user(&format!("ash_{nth}")).await;
        let (promoted, frozen) = futures_util::join!(
            set_role(&fixture.store, oak, &ash, true),
            set_frozen(&fixture.store, oak, ash.user.id, true)
        );
        assert!(promoted.is_ok() != frozen.is_ok(), "{promoted:?} {frozen:?}");
        let standing = fixture.standing(ash.user.id).await;
        assert!(standing.is_admin != standing.is_frozen, "{standing:?}");
    }
}
