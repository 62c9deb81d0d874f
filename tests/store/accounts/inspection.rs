//! The inspection of stored accounts, and the repair of what a copy of another moment can contain: parts of transactions.

use std::collections::BTreeMap;

use adapters::{
    aws, now,
    store::accounts::{Fault, Inspection},
};
use aws_sdk_dynamodb::types::AttributeValue;
use domain::{accounts::UserId, audit::Action};
use tests::engine_url;

use super::support::{Fixture, Item, begin_session, record, record_of, register, rename, user};
use crate::sync::switch::Blow;

type Items = BTreeMap<String, Item>;

impl Fixture {
    async fn inspected(&self) -> Inspection {
        self.store.inspect(&self.meter).await.expect("an inspection")
    }

    async fn repaired(&self) -> Inspection {
        self.store.repair(&self.meter, now()).await.expect("a repair").inspection
    }

    async fn favor_all(&self, user: UserId, pokemon: &[u32]) {
        let ids = pokemon.iter().copied().collect();
        let record = |ids: &[u32]| record_of(user, Action::AddFavorite, ids);
        self.store.add_favorites(&self.meter, user, &ids, record).await.expect("favorites");
    }

    /// Applies each part of the change from `before` to `after`, repairs, and checks the result.
    async fn repair_every_part(&self, before: &Items, after: &Items, check: impl AsyncFn(&Inspection, &str)) {
        let keys: std::collections::BTreeSet<_> = before.keys().chain(after.keys()).collect();
        let changed: Vec<_> = keys.into_iter().filter(|key| before.get(*key) != after.get(*key)).collect();
        assert!(changed.len() > 1, "a change of several items");
        for part in 0..1_u32 << changed.len() {
            let mut items = before.clone();
            for (_, key) in changed.iter().enumerate().filter(|(nth, _)| part & 1 << nth != 0) {
                items.remove(*key);
                items.extend(after.get(*key).map(|item| ((*key).clone(), item.clone())));
            }
            self.replace_items(&items).await;
            let what = format!("part {part:b} of {changed:?}");
            let inspection = self.repaired().await;
            assert!(!inspection.faults.iter().any(Fault::is_repairable), "{what}: {:?}", inspection.faults);
            check(&inspection, &what).await;
        }
    }
}

#[tokio::test]
async fn accounts_after_all_kinds_of_changes_have_no_fault() {
    let fixture = Fixture::new().await;
    let ash = fixture.admin("ash").await.user.id;
    let brock = fixture.user("brock").await;
    let renamed = rename(&fixture.store, &brock, "brock_of_pewter").await.expect("a new name");
    fixture.favor_all(ash, &[1, 4, 7]).await;
    fixture.favor_all(brock.user.id, &[25]).await;
    fixture.freeze(brock.user.id).await;
    begin_session(&fixture.store, ash).await.expect("a session");
    let leaving = fixture.user("leaving").await.user.id;
    let (meter, deletion) = (&fixture.meter, record(leaving, Action::DeleteAccount));
    fixture.store.begin_deletion(meter, leaving, leaving, false, &deletion).await.expect("a beginning");
    let found = fixture.inspected().await;
    assert_eq!(found.faults, []);
    assert_eq!((found.users, found.favorites, found.administrators), (3, 4, 1));
    assert_eq!(found.items as usize, fixture.items().await.len());
    assert!(found.latest >= Some(renamed.user.updated_at));
    let step = || record(leaving, Action::DeleteAccount);
    fixture.store.finish_deletion(meter, leaving, step).await.expect("an end");
    let after = fixture.inspected().await;
    assert_eq!((after.faults, after.users), (vec![], 2));
    assert_ne!(after.checksum, found.checksum);
}

#[tokio::test]
async fn equal_tables_have_equal_checksums() {
    let (one, other) = (Fixture::new().await, Fixture::new().await);
    one.user("ash").await;
    assert_ne!(one.inspected().await.checksum, other.inspected().await.checksum);
    other.replace_items(&one.items().await).await;
    assert_eq!(one.inspected().await.checksum, other.inspected().await.checksum);
}

/// A name, a role or a counter that does not fit the rest is put right, and nobody else is touched.
#[tokio::test]
async fn every_part_of_a_change_is_repaired() {
    let fixture = Fixture::new().await;
    let (ash, misty) = (fixture.admin("ash").await, fixture.user("misty").await);
    fixture.favor_all(misty.user.id, &[7, 120]).await;
    let bystander = fixture.items().await;
    let bystander: Items =
        bystander.into_iter().filter(|(key, _)| key.contains(&ash.user.id.to_string())).collect();
    let is_untouched = async || {
        let items = fixture.items().await;
        bystander.iter().all(|(key, item)| items.get(key) == Some(item))
    };
    // A registration.
    let before = fixture.items().await;
    let gary = user("gary");
    register(&fixture.store, &gary).await.expect("a registration");
    let after = fixture.items().await;
    fixture
        .repair_every_part(&before, &after, async |inspection, what| {
            let is_damaged = inspection.faults == [Fault::Incomplete(gary.id)];
            assert!(inspection.faults.is_empty() || is_damaged, "{what}: {:?}", inspection.faults);
            assert!(is_untouched().await, "{what}");
            if inspection.users == 2 {
                let mut items = fixture.items().await;
                // A counter that was repaired says 0.
                items.retain(|key, _| before.contains_key(key) || !key.starts_with("USERS COUNT#"));
                assert_eq!(items, before, "{what}: nothing is left of it");
            }
        })
        .await;
    // A change of name.
    fixture.replace_items(&before).await;
    rename(&fixture.store, &misty, "misty_of_cerulean").await.expect("a new name");
    let after = fixture.items().await;
    fixture
        .repair_every_part(&before, &after, async |inspection, what| {
            assert_eq!((&inspection.faults, inspection.users), (&vec![], 2), "{what}");
            let owners = [fixture.owner_of("misty").await, fixture.owner_of("misty_of_cerulean").await];
            assert_eq!(owners.iter().flatten().collect::<Vec<_>>(), [&misty.user.id], "{what}: one name");
            assert!(is_untouched().await, "{what}");
        })
        .await;
    // Another administrator.
    fixture.replace_items(&before).await;
    let role = record(ash.user.id, Action::ChangeRole);
    fixture.store.set_role(&fixture.meter, None, &misty, true, now(), &role).await.expect("a role");
    let after = fixture.items().await;
    fixture
        .repair_every_part(&before, &after, async |inspection, what| {
            assert_eq!(inspection.faults, [], "{what}");
            let is_admin = fixture.standing(misty.user.id).await.is_admin;
            assert_eq!(inspection.administrators, 1 + u64::from(is_admin), "{what}");
            assert_eq!(fixture.stored(misty.user.id).await.user.is_admin, is_admin, "{what}");
        })
        .await;
    // The last step of a deletion.
    fixture.replace_items(&before).await;
    let (meter, id, deletion) =
        (&fixture.meter, misty.user.id, || record(misty.user.id, Action::DeleteAccount));
    fixture.store.begin_deletion(meter, id, id, false, &deletion()).await.expect("a beginning");
    let before = fixture.items().await;
    fixture.store.finish_deletion(meter, id, deletion).await.expect("an end");
    let after = fixture.items().await;
    fixture
        .repair_every_part(&before, &after, async |inspection, what| {
            let is_damaged =
                [[Fault::Incomplete(id)], [Fault::Headless(id)]].iter().any(|one| inspection.faults == one);
            assert!(inspection.faults.is_empty() || is_damaged, "{what}: {:?}", inspection.faults);
            if inspection.faults.is_empty() && inspection.users == 2 {
                // The deletion is continued from the list.
                fixture.store.finish_deletion(meter, id, deletion).await.expect("an end");
                assert_eq!(fixture.repaired().await.users, 1, "{what}");
            }
            assert!(is_untouched().await, "{what}");
        })
        .await;
}

#[tokio::test]
async fn damage_is_reported_and_left() {
    let fixture = Fixture::new().await;
    let (ash, misty) = (fixture.user("ash").await.user.id, fixture.user("misty").await.user.id);
    let text = |text: &str| AttributeValue::S(text.to_owned());
    // Two users with one name, and a profile that cannot be read.
    let mut profile = fixture.items().await[&format!("USER#{misty} PROFILE")].clone();
    profile.insert("username".to_owned(), text("ash"));
    let put = aws::at(&engine_url()).put_item().table_name(&fixture.tables.app).set_item(Some(profile));
    put.send().await.expect("put");
    let brock = fixture.user("brock").await.user.id;
    fixture
        .put(&fixture.tables.app, &format!("USER#{brock}"), "PROFILE", &[("username", text("brock"))])
        .await;
    let faults = fixture.repaired().await.faults;
    assert!(faults.contains(&Fault::Taken(misty, "USERNAME#ash".to_owned())), "{faults:?}");
    assert_eq!(fixture.owner_of("ash").await, Some(ash));
    let unreadable =
        |fault: &Fault| matches!(fault, Fault::Unreadable(item) if item.contains(&brock.to_string()));
    assert!(faults.iter().any(unreadable), "{faults:?}");
    assert_eq!(fixture.items().await[&format!("USER#{brock} PROFILE")].len(), 3, "it is not deleted");
    assert_eq!(fixture.inspected().await.users, 3);
    // An account that was in use is not deleted because its profile is lost.
    fixture.favor_all(ash, &[1]).await;
    let mut items = fixture.items().await;
    items.remove(&format!("USER#{ash} PROFILE"));
    fixture.replace_items(&items).await;
    let faults = fixture.repaired().await.faults;
    assert!(faults.contains(&Fault::Headless(ash)), "{faults:?}");
    let items = fixture.items().await;
    assert!(
        items.contains_key(&format!("USER#{ash} PASSWORD")) && items.contains_key("USERNAME#ash USERNAME")
    );
}

/// The next run completes a repair that died before or after any of its calls.
#[tokio::test]
async fn a_repair_that_dies_at_any_call_is_continued() {
    let fixture = Fixture::new().await;
    let (ash, misty) = (fixture.admin("ash").await.user.id, fixture.user("misty").await.user.id);
    let mut broken = fixture.items().await;
    broken.remove(&format!("USER#{misty} PROFILE"));
    broken.remove("USERNAME#ash USERNAME");
    broken.remove("ADMINS COUNT");
    fixture.replace_items(&broken).await;
    let mut kills = 0;
    for blow in [Blow::Before, Blow::After] {
        for number in 1.. {
            fixture.replace_items(&broken).await;
            let (dying, switch) = fixture.switched(blow, number).await;
            let died = tokio::select! {
                ended = dying.repair(&fixture.meter, now()) => { ended.expect("an end"); false }
                () = switch.struck() => true,
            };
            let found = fixture.repaired().await;
            assert_eq!(
                (found.faults, found.users, found.favorites),
                (vec![], 1, 0),
                "killed {blow:?} call {number}"
            );
            assert_eq!(fixture.owner_of("ash").await, Some(ash));
            if !died {
                break;
            }
            kills += 1;
        }
    }
    assert!(kills > 6, "{kills} kills");
}
