//! Manual changes to the dex, as the account store writes them.

use std::sync::Arc;

use adapters::aws;
use adapters::store::{
    CatalogStore, Meter, Tables,
    accounts::{AccountStore, Condition, OverrideChange, Refused},
};
use domain::{
    accounts::UserId,
    audit::Action,
    catalog::{Edits, Override},
};
use tests::engine_url;

use super::support::{Fixture, assert_refused, assert_repeated, at_once, record, with_receipt};

async fn change(
    store: &AccountStore,
    admin: UserId,
    pokemon: u32,
    change: &OverrideChange,
) -> Result<(), Refused> {
    let record = record(admin, Action::EditPokemon);
    store.override_pokemon(&Meter::default(), admin, pokemon, change, &record).await
}

async fn revision(tables: &Tables) -> u64 {
    let catalog = CatalogStore::new(aws::at(&engine_url()), tables);
    catalog.overrides_revision(&Meter::default()).await.expect("a read")
}

#[tokio::test]
async fn hiding_and_editing_do_not_undo_each_other() {
    let fixture = Fixture::new().await;
    let oak = fixture.admin("oak").await.user.id;
    let edits = Edits { weight: Some(60), ..Edits::default() };
    let of = async || fixture.store.override_of(&fixture.meter, 25).await.expect("a read");
    assert_eq!(of().await, Override::default());
    for (made, is_hidden, stored) in [
        (OverrideChange::Hide, true, Edits::default()),
        (OverrideChange::Edit(edits.clone()), true, edits.clone()),
        (OverrideChange::Show, false, edits.clone()),
        (OverrideChange::None, false, edits),
        (OverrideChange::Edit(Edits::default()), false, Edits::default()),
    ] {
        change(&fixture.store, oak, 25, &made).await.expect("a change");
        assert_eq!(of().await, Override { is_hidden, edits: stored }, "{made:?}");
    }
    assert_eq!(revision(&fixture.tables).await, 4, "a change of nothing is not counted");
    assert_eq!(fixture.targets(oak, Action::EditPokemon).await.len(), 5);
}

#[tokio::test]
async fn a_change_by_a_user_without_the_role_is_refused() {
    let fixture = Fixture::new().await;
    let ash = fixture.user("ash").await.user.id;
    for made in [OverrideChange::Hide, OverrideChange::None] {
        assert_refused(change(&fixture.store, ash, 25, &made).await, Condition::Administrator);
    }
    assert_eq!((revision(&fixture.tables).await, fixture.events(ash).await.len()), (0, 1));
}

#[tokio::test]
async fn changes_at_once_are_all_counted() {
    let fixture = Fixture::new().await;
    let oak = fixture.admin("oak").await.user.id;
    let store = Arc::new(fixture.store.clone());
    let results = at_once(6, |nth| {
        let store = Arc::clone(&store);
        async move { change(&store, oak, nth as u32 + 1, &OverrideChange::Hide).await }
    })
    .await;
    let done = results.iter().filter(|result| result.is_ok()).count() as u64;
    assert!(done > 0, "{results:?}");
    assert_eq!(revision(&fixture.tables).await, done);
}

#[tokio::test]
async fn a_change_under_a_used_key_is_refused_and_not_counted() {
    let fixture = Fixture::new().await;
    let oak = fixture.admin("oak").await.user.id;
    let hide = async || {
        let record = with_receipt(record(oak, Action::HidePokemon), "one");
        fixture.store.override_pokemon(&fixture.meter, oak, 25, &OverrideChange::Hide, &record).await
    };
    hide().await.expect("a change");
    assert_repeated(hide().await);
    assert_eq!(revision(&fixture.tables).await, 1);
}
