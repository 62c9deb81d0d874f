//! The changes by users since the moment of a copy are made again on it, from the trail and the former table.

use adapters::{
    now,
    store::{
        Tables,
        accounts::{AccountStore, Later},
    },
};
use domain::{
    Timestamp,
    accounts::UserId,
    audit::{Action, Event, Outcome},
};
use tests::engine_url;

use super::support::{Fixture, begin_session, event, record, rename, user};
use crate::sync::switch::Blow;

/// A copy of the accounts of `fixture` as they are now, beside the same trail.
async fn copy_of(fixture: &Fixture) -> Fixture {
    let mut copy = Fixture::new().await;
    copy.tables = Tables { app: copy.tables.app.clone(), ..fixture.tables.clone() };
    copy.store = AccountStore::new(adapters::aws::at(&engine_url()), copy.tables.clone());
    copy.replace_items(&fixture.items().await).await;
    copy
}

impl Fixture {
    async fn later(&self, since: Timestamp) -> Later {
        Later::of(&self.store.events_since(&self.meter, since, now()).await.expect("events"), since)
    }

    async fn favor(&self, actor: UserId, action: Action, pokemon: u32) {
        let event = event(actor, action, Some(format!("pokemon:{pokemon}")));
        let favorite = adapters::store::accounts::StoredFavorite { pokemon, created_at: event.at };
        match action {
            Action::AddFavorite => self.store.add_favorite(&self.meter, actor, favorite, &event.into()).await,
            _ => self.store.remove_favorite(&self.meter, actor, pokemon, &event.into()).await,
        }
        .expect("a change");
    }
}

fn deletion(user: UserId) -> Event {
    Event { actor: None, ..event(user, Action::DeleteAccount, Some(format!("user:{user}"))) }
}

/// The changes after the moment of the copy, by five users.
async fn live(fixture: &Fixture, [admin, fan, leaver, rogue]: [UserId; 4]) -> UserId {
    let joined = fixture.user("joined").await;
    fixture.favor(joined.user.id, Action::AddFavorite, 151).await;
    fixture.favor(fan, Action::AddFavorite, 25).await;
    fixture.favor(fan, Action::RemoveFavorite, 1).await;
    fixture.favor(fan, Action::AddFavorite, 4).await;
    fixture.favor(fan, Action::RemoveFavorite, 4).await;
    // An administrator is demoted and frozen.
    let demotion = event(admin, Action::ChangeRole, Some(format!("user:{rogue}"))).into();
    let before = fixture.stored(rogue).await;
    let demoted = fixture.store.set_role(&fixture.meter, Some(admin), &before, false, now(), &demotion);
    demoted.await.expect("no administrator");
    let freeze = event(admin, Action::Freeze, Some(format!("user:{rogue}"))).into();
    fixture.store.set_frozen(&fixture.meter, admin, rogue, true, &freeze).await.expect("frozen");
    let leave = event(leaver, Action::DeleteAccount, Some(format!("user:{leaver}"))).into();
    fixture.store.begin_deletion(&fixture.meter, leaver, leaver, false, &leave).await.expect("a beginning");
    let brief = fixture.user("brief").await.user.id;
    let leave = event(brief, Action::DeleteAccount, Some(format!("user:{brief}"))).into();
    fixture.store.begin_deletion(&fixture.meter, brief, brief, false, &leave).await.expect("a beginning");
    for id in [leaver, brief] {
        let step = || record(id, Action::DeleteAccount);
        fixture.store.finish_deletion(&fixture.meter, id, step).await.expect("an end");
    }
    rename(&fixture.store, &fixture.stored(fan).await, "another_name").await.expect("a new name");
    rename(&fixture.store, &joined, "joined_and_renamed").await.expect("a new name");
    joined.user.id
}

struct Scene {
    former: Fixture,
    copy: Fixture,
    joined: UserId,
    fan: UserId,
    leaver: UserId,
    rogue: UserId,
    later: Later,
}

async fn scene() -> Scene {
    let former = Fixture::new().await;
    let admin = former.admin("oak").await.user.id;
    let [fan, leaver, rogue] =
        [former.user("fan").await, former.user("leaver").await, former.admin("rogue").await]
            .map(|stored| stored.user.id);
    former.favor(fan, Action::AddFavorite, 1).await;
    // Events of the second of the copy are read again, and change nothing.
    let since = now();
    let copy = copy_of(&former).await;
    let joined = live(&former, [admin, fan, leaver, rogue]).await;
    let later = former.later(since).await;
    Scene { former, copy, joined, fan, leaver, rogue, later }
}

impl Scene {
    async fn replay(
        &self,
        store: &AccountStore,
    ) -> Result<adapters::store::accounts::Replayed, adapters::store::StoreError> {
        store.replay(&self.copy.meter, &self.later, Some(&self.former.store), now(), deletion).await
    }

    async fn assert_done(&self, what: &str) {
        let Self { copy, joined, fan, leaver, rogue, .. } = self;
        let step = || record(*leaver, Action::DeleteAccount);
        copy.store.finish_deletion(&copy.meter, *leaver, step).await.expect("an end");
        assert_eq!(copy.favorites(*fan).await, [25], "{what}");
        assert_eq!(copy.favorites(*joined).await, [151], "{what}");
        assert_eq!(copy.owner_of("joined_and_renamed").await, Some(*joined), "{what}: with its last name");
        assert_eq!(copy.owner_of("fan").await, Some(*fan), "{what}: a change of name is lost");
        assert_eq!(copy.owner_of("leaver").await, None, "{what}");
        assert_eq!(copy.owner_of("brief").await, None, "{what}");
        let standing = copy.standing(*rogue).await;
        assert!(standing.is_frozen && !standing.is_admin, "{what}: {standing:?}");
        let found = copy.store.inspect(&copy.meter).await.expect("an inspection");
        assert_eq!((found.faults, found.users), (vec![], 4), "{what}");
    }
}

#[tokio::test]
async fn later_changes_are_made_again_once() {
    let scene = scene().await;
    let replayed = scene.replay(&scene.copy.store).await.expect("a replay");
    assert_eq!(replayed.left, []);
    assert_eq!((replayed.accounts, replayed.deletions, replayed.standings, replayed.favorites), (1, 1, 2, 3));
    let mut lost = scene.later.lost.iter().map(|event| (event.actor, event.action));
    assert!(lost.any(|lost| lost == (Some(scene.fan), Action::UpdateProfile)), "{:?}", scene.later.lost);
    let again = scene.replay(&scene.copy.store).await.expect("a replay");
    assert_eq!(again, adapters::store::accounts::Replayed::default(), "nothing is left to do");
    scene.assert_done("twice").await;
}

#[tokio::test]
async fn a_replay_that_dies_at_any_call_is_continued() {
    let scene = scene().await;
    let moment = copy_of(&scene.copy).await;
    let mut kills = 0;
    for blow in [Blow::Before, Blow::After] {
        for number in 1.. {
            scene.copy.replace_items(&moment.items().await).await;
            let (dying, switch) = scene.copy.switched(blow, number).await;
            let died = tokio::select! {
                ended = scene.replay(&dying) => { ended.expect("an end"); false }
                () = switch.struck() => true,
            };
            scene.replay(&scene.copy.store).await.expect("a replay");
            scene.assert_done(&format!("killed {blow:?} call {number}")).await;
            if !died {
                break;
            }
            kills += 1;
        }
    }
    assert!(kills > 10, "{kills} kills");
}

#[tokio::test]
async fn an_account_whose_name_is_taken_is_left_and_reported() {
    let scene = scene().await;
    let other = user("joined_and_renamed");
    super::support::register(&scene.copy.store, &other).await.expect("a registration");
    let replayed = scene.replay(&scene.copy.store).await.expect("a replay");
    let [(left, reason)] = &replayed.left[..] else { panic!("one is left: {replayed:?}") };
    assert_eq!(*left, scene.joined);
    assert!(reason.contains("Username"), "{reason}");
    assert_eq!(scene.copy.owner_of("joined_and_renamed").await, Some(other.id));
    let without = scene.copy.store.replay(&scene.copy.meter, &scene.later, None, now(), deletion).await;
    let without = without.expect("a replay without the former table");
    assert!(without.left[0].1.contains("no former table"), "{:?}", without.left);
}

#[test]
fn the_last_change_of_each_kind_counts_and_a_change_without_values_is_lost() {
    let moment = Timestamp::from_unix(1_785_542_400);
    let [old, new, left] = ["old", "new", "left"].map(|name| user(name).id);
    let at = |seconds, user, action, target: Option<&str>| {
        let event = event(user, action, target.map(str::to_owned));
        Event { at: moment.plus(seconds), ..event }
    };
    let failed = Event { outcome: Outcome::Frozen, ..at(50, old, Action::RemoveFavorite, Some("pokemon:1")) };
    let events = [
        at(-20, old, Action::Register, None),
        at(40, new, Action::Register, None),
        at(41, left, Action::Register, None),
        at(42, old, Action::AddFavorite, Some("pokemon:1,4,7")),
        at(43, old, Action::RemoveFavorite, Some("pokemon:4")),
        at(44, left, Action::AddFavorite, Some("pokemon:1")),
        at(45, old, Action::UpdateProfile, Some("username")),
        at(46, new, Action::ChangePassword, None),
        at(47, left, Action::UpdateProfile, Some("email")),
        at(48, left, Action::DeleteAccount, None),
        failed,
        at(51, old, Action::HidePokemon, Some("pokemon:25")),
    ];
    let later = Later::of(&events, moment);
    let registered: Vec<_> = later.registered.keys().copied().collect();
    assert_eq!(registered.len(), 2, "a clock may be wrong by seconds");
    assert!(registered.contains(&old) && registered.contains(&new));
    assert_eq!(later.deleted.iter().collect::<Vec<_>>(), [&left]);
    let favorites: Vec<_> =
        later.favorites.iter().map(|((user, pokemon), added)| (*user, *pokemon, added.is_some())).collect();
    assert_eq!(favorites, [(old, 1, true), (old, 4, false), (old, 7, true)]);
    let lost: Vec<_> = later.lost.iter().map(|event| (event.actor, event.action)).collect();
    assert_eq!(lost, [(Some(old), Action::UpdateProfile), (Some(old), Action::HidePokemon)]);
}

/// A session that had ended since the moment of the copy must not be valid on it, and no receipt may confirm a change that it lacks.
#[tokio::test]
async fn a_copy_serves_with_no_former_session_and_no_receipt() {
    let fixture = Fixture::new().await;
    let ash = fixture.user("ash").await.user.id;
    let open = begin_session(&fixture.store, ash).await.expect("a session");
    let before = fixture.standing(ash).await;
    assert!(open.session.is_alive(now(), before.epoch));
    assert_eq!(fixture.store.renew(&fixture.meter).await.expect("renewed"), 1);
    let after = fixture.standing(ash).await;
    assert!(!open.session.is_alive(now(), after.epoch), "{after:?}");
    assert!(fixture.store.forget_expiring(&fixture.meter).await.expect("forgotten") >= 2, "two sessions");
    let session = fixture.store.session(&fixture.meter, ash, open.family).await.expect("a read");
    assert!(session.is_none());
    assert_eq!(fixture.store.inspect(&fixture.meter).await.expect("an inspection").faults, []);
}
