//! The versions of stored accounts: each can be brought to each other one, and every user is listed and counted once, whether a run dies,
//! runs twice, or meets one in the other direction.

use std::time::{Duration, Instant};

use adapters::{
    aws,
    store::{
        NotBrought, Schema, Tables,
        accounts::{AccountStore, SERVED, SHAPES},
    },
};
use aws_sdk_dynamodb::types::AttributeValue;
use domain::accounts::UserId;
use futures_util::future::join_all;
use tests::engine_url;

use super::support::{Fixture, register, user};
use crate::sync::switch::Blow;

const LATEST: u32 = *SERVED.end();

fn soon() -> Instant {
    Instant::now() + Duration::from_secs(60)
}

impl Fixture {
    /// Registers `count` users.
    async fn crowd(&self, count: usize) -> Vec<UserId> {
        let users: Vec<_> = (0..count).map(|nth| user(&format!("trainer_{nth}"))).collect();
        for some in users.chunks(10) {
            for registered in join_all(some.iter().map(|user| register(&self.store, user))).await {
                registered.expect("a registration");
            }
        }
        users.iter().map(|user| user.id).collect()
    }

    /// Asserts that exactly `users` are listed and counted as in `version`.
    async fn assert_version(&self, version: u32, users: &[UserId], what: &str) {
        let schema = self.store.schema(&self.meter).await.expect("a version");
        assert_eq!(schema, Schema { version, pass: None }, "{what}");
        let items = self.items().await;
        let (is_listed, is_counted) = (version < 3, version > 1);
        for id in users {
            let profile = &items[&format!("USER#{id} PROFILE")];
            let listed = is_listed.then(|| AttributeValue::S("USERS".to_owned()));
            assert_eq!(profile.get("listed_in"), listed.as_ref(), "{what}");
            let id = AttributeValue::S(id.to_string());
            assert_eq!(profile.get("listed_by"), is_listed.then_some(&id), "{what}");
            assert_eq!(profile.get("gsi1sk"), is_counted.then_some(&id), "{what}");
            assert_eq!(profile.contains_key("gsi1pk"), is_counted, "{what}");
        }
        let count = self.store.user_count(&self.meter).await.expect("a number");
        assert_eq!(count as usize, if is_counted { users.len() } else { 0 }, "{what}");
        if is_counted {
            let page = self.store.users(&self.meter, 0, 10_000).await.expect("users");
            assert_eq!(page.users.len(), users.len(), "{what}");
        }
    }

    async fn bring(&self, version: u32) {
        let brought = self.store.bring(&self.meter, version, soon()).await.expect("a version");
        assert!(brought.is_done, "{brought:?}");
    }
}

#[test]
fn versions_are_consecutive_and_the_release_serves_with_the_latest() {
    let versions: Vec<_> = SHAPES.iter().map(|shape| shape.version).collect();
    assert_eq!(versions, (1..=LATEST).collect::<Vec<_>>());
    assert_eq!((*SERVED.end(), SERVED.contains(&(LATEST - 1))), (LATEST, true));
}

#[tokio::test]
async fn a_new_table_has_the_latest_version() {
    let fixture = Fixture::new().await;
    fixture.assert_version(LATEST, &[], "new").await;
}

#[tokio::test]
async fn users_are_brought_through_all_versions_and_back() {
    let fixture = Fixture::new().await;
    let users = fixture.crowd(120).await;
    let before = fixture.items().await;
    for version in [2, 1, 2, 3, 1, 3] {
        fixture.bring(version).await;
        fixture.assert_version(version, &users, &format!("version {version}")).await;
    }
    assert_eq!(fixture.items().await, before);
}

/// A run that dies before or after any of its calls is continued by the next one.
#[tokio::test]
async fn a_run_that_dies_at_any_call_is_continued() {
    let fixture = Fixture::new().await;
    // A hundred items, which are two steps.
    let users = fixture.crowd(20).await;
    let mut kills = 0;
    for version in [1, LATEST] {
        let other = LATEST + 1 - version;
        for blow in [Blow::Before, Blow::After] {
            for number in 1.. {
                fixture.bring(other).await;
                let (dying, switch) = fixture.switched(blow, number).await;
                let died = tokio::select! {
                    ended = dying.bring(&fixture.meter, version, soon()) => { ended.expect("an end"); false }
                    () = switch.struck() => true,
                };
                fixture.bring(version).await;
                let what = format!("to {version}, killed {blow:?} call {number}");
                fixture.assert_version(version, &users, &what).await;
                if !died {
                    break;
                }
                kills += 1;
            }
        }
    }
    assert!(kills >= 40, "{kills}");
}

#[tokio::test]
async fn simultaneous_runs_change_every_user_once() {
    let fixture = Fixture::new().await;
    let users = fixture.crowd(100).await;
    for version in [1, LATEST] {
        let runs = join_all((0..4).map(|_| fixture.store.bring(&fixture.meter, version, soon()))).await;
        for run in runs {
            assert!(run.as_ref().is_ok_and(|brought| brought.is_done), "{run:?}");
        }
        fixture.assert_version(version, &users, &format!("version {version}")).await;
    }
    // Transactions that meet cancel each other, and a run may then give up.
    let (store, faults) = fixture.conflicting().await;
    for version in [1, LATEST] {
        join_all((0..4).map(|_| store.bring(&fixture.meter, version, soon()))).await;
        assert!(faults.conflicts() > 0, "no two transactions met");
        fixture.bring(version).await;
        fixture.assert_version(version, &users, &format!("version {version}")).await;
    }
}

/// Of two runs in opposite directions, the one that began last goes on, and the other one says so.
#[tokio::test]
async fn a_run_is_turned_back_in_the_middle() {
    let fixture = Fixture::new().await;
    let users = fixture.crowd(100).await;
    for (there, back) in [(1, LATEST), (2, 1), (LATEST, 2)] {
        let runs = join_all([there, back].map(|to| fixture.store.bring(&fixture.meter, to, soon()))).await;
        for run in runs {
            assert!(matches!(run, Ok(_) | Err(NotBrought::TurnedBack { .. })), "{run:?}");
        }
        // A run that is late stops in the middle of a pass.
        let late = fixture.store.bring(&fixture.meter, there, Instant::now()).await.expect("a part");
        assert!(!late.is_done || late.schema.version == there, "{late:?}");
        fixture.bring(back).await;
        fixture.assert_version(back, &users, &format!("to {there} and back to {back}")).await;
    }
}

/// Until a pass that was turned back has ended, items of both versions exist, and the record says so.
#[tokio::test]
async fn every_item_has_a_recorded_version_while_a_pass_is_turned_back() {
    let fixture = Fixture::new().await;
    let users = fixture.crowd(100).await;
    let versions = async |wanted| {
        let part = fixture.store.bring(&fixture.meter, wanted, Instant::now()).await.expect("a part");
        assert!(!part.is_done, "{part:?}");
        part.schema.versions()
    };
    // From 3 down to 2, up again, and further down: each run stops after one step.
    assert_eq!(versions(2).await, (2, 3));
    assert_eq!(versions(LATEST).await, (2, 3), "back");
    assert_eq!(versions(1).await, (2, 3), "never from 3 to 1 at once");
    fixture.bring(1).await;
    fixture.assert_version(1, &users, "all the way down").await;
    assert_eq!(versions(LATEST).await, (1, 2));
    assert_eq!(versions(1).await, (1, 2));
    fixture.bring(LATEST).await;
    fixture.assert_version(LATEST, &users, "all the way up").await;
}

/// A profile that no user can change any more prevents no migration.
#[tokio::test]
async fn a_damaged_profile_is_brought_with_the_others() {
    let fixture = Fixture::new().await;
    let mut users = fixture.crowd(3).await;
    let damaged = user("damaged").id;
    fixture.put(&fixture.tables.app, &format!("USER#{damaged}"), "PROFILE", &[]).await;
    users.push(damaged);
    fixture.bring(2).await;
    let items = fixture.items().await;
    assert!(users.iter().all(|id| items[&format!("USER#{id} PROFILE")].contains_key("listed_in")));
    fixture.bring(LATEST).await;
    assert_eq!(fixture.store.user_count(&fixture.meter).await.expect("a number"), 4);
}

/// Users whom functions of another release have written are brought to the version that the table already has.
#[tokio::test]
async fn users_of_another_release_are_brought_to_the_version() {
    let fixture = Fixture::new().await;
    let mut users = fixture.crowd(30).await;
    fixture.bring(2).await;
    // This release does not write the former list.
    let new = user("latecomer");
    register(&fixture.store, &new).await.expect("a registration");
    users.push(new.id);
    let brought = fixture.store.bring(&fixture.meter, 2, soon()).await.expect("a pass");
    assert_eq!((brought.is_done, brought.changes), (true, 1));
    fixture.assert_version(2, &users, "a pass over version 2").await;
    let again = fixture.store.bring(&fixture.meter, 2, soon()).await.expect("a pass");
    assert_eq!(again.changes, 0, "nothing is left to do");
}

#[tokio::test]
async fn an_unknown_version_is_refused_and_nothing_is_changed() {
    let fixture = Fixture::new().await;
    let users = fixture.crowd(3).await;
    for wanted in [0, LATEST + 1] {
        let refused = fixture.store.bring(&fixture.meter, wanted, soon()).await.expect_err("no version");
        assert!(matches!(refused, NotBrought::NoVersion(version) if version == wanted), "{refused}");
    }
    fixture.assert_version(LATEST, &users, "unchanged").await;
    // A later release was here.
    let later = [("version", AttributeValue::N("9".to_owned()))];
    fixture.put(&fixture.tables.app, "SCHEMA", "VERSION", &later).await;
    let before = fixture.items().await;
    let refused = fixture.store.bring(&fixture.meter, LATEST, soon()).await.expect_err("a version of later");
    assert!(refused.to_string().contains("have version 9, and this release knows 1 to 3"), "{refused}");
    assert_eq!(fixture.items().await, before);
}

/// A table that was never migrated, of a release before there were versions.
#[tokio::test]
async fn a_table_without_a_version_has_the_first_one() {
    let tables = Tables::beside(format!("without-version-{}", std::process::id()));
    local::tables::create_overrides(&aws::at(&engine_url()), &tables.app).await.expect("a table");
    let store = AccountStore::new(aws::at(&engine_url()), tables.clone());
    let fixture = Fixture { store, tables, meter: adapters::store::Meter::default() };
    assert_eq!(fixture.store.schema(&fixture.meter).await.expect("a version").versions(), (1, 1));
    fixture.bring(LATEST).await;
    fixture.assert_version(LATEST, &[], "an empty table").await;
}
