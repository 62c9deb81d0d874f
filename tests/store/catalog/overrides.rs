//! Administrators' changes, stored and read by the publication.

use adapters::store::{CatalogStore, Key, Meter, Tables, accounts::OverrideChange};
use aws_sdk_dynamodb::types::AttributeValue;
use domain::catalog::{Edits, Override};
use tests::{SampleUsers, empty_store, engine_url, put_raw, some_event};

#[tokio::test]
async fn changes_are_read_with_the_number_of_the_latest() {
    let store = empty_store().await;
    let users = SampleUsers::among(&engine_url(), Tables::beside(store.table())).await;
    let (accounts, oak, meter) = (&users.accounts, users.oak, Meter::default());
    let none = store.overrides(&meter).await.expect("the engine answers");
    assert_eq!((none.revision, none.pokemon.len()), (0, 0));
    let edits = Edits { types: Some(vec!["fire".to_owned()]), ..Edits::default() };
    for (id, change) in [
        (25, OverrideChange::Hide),
        (10_034, OverrideChange::Edit(edits.clone())),
        (1, OverrideChange::None),
        (25, OverrideChange::Edit(edits.clone())),
    ] {
        accounts.override_pokemon(&meter, oak, id, &change, &some_event(oak).into()).await.expect("a change");
    }
    let all = store.overrides(&meter).await.expect("the engine answers");
    assert_eq!(all.revision, 3, "what changes nothing is not counted");
    let expected = [
        (25, Override { is_hidden: true, edits: edits.clone() }),
        (10_034, Override { is_hidden: false, edits }),
    ];
    assert_eq!(all.pokemon.into_iter().collect::<Vec<_>>(), expected);
}

#[tokio::test]
async fn an_edit_that_cannot_be_read_is_left_out_and_the_others_hold() {
    let store = empty_store().await;
    let key = Key { pk: "OVERRIDES".to_owned(), sk: "POKEMON#00025".to_owned() };
    let of_tomorrow = AttributeValue::S("{\"colour\":\"red\",\"height\":-1,\"weight\":60}".to_owned());
    let app = CatalogStore::new(
        tests::raw_client().await,
        &Tables { catalog: Tables::beside(store.table()).app, ..Tables::beside(store.table()) },
    );
    put_raw(&app, &key, &[("is_hidden", AttributeValue::Bool(true)), ("edits", of_tomorrow)]).await;
    let read = store.overrides(&Meter::default()).await.expect("the engine answers");
    let edits = Edits { weight: Some(60), ..Edits::default() };
    assert_eq!(read.pokemon[&25], Override { is_hidden: true, edits });
}
