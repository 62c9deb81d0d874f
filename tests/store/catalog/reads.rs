//! The reads of the routes.

use adapters::store::{CatalogStore, Found, Key, Meter, Named};
use aws_sdk_dynamodb::{primitives::Blob, types::AttributeValue};
use domain::{Name, Timestamp, catalog::Type};
use tests::{empty_store, put_raw};

use super::support::{item, malformed, noise, put, record, slug};

async fn with(items: Vec<adapters::store::NewItem>) -> CatalogStore {
    let store = empty_store().await;
    put(&store, items).await;
    store
}

#[tokio::test]
async fn a_pokemon_is_found_by_id_slug_and_species() {
    let (body, meter) = ("{\"pokemon\":{\"name\":\"Flabébé ♀\"}}", Meter::default());
    let keys = ["386", "deoxys-normal", "deoxys"];
    let store = with(keys.iter().map(|key| item(Key::pokemon(key), body, false)).collect()).await;
    for key in keys.into_iter().chain(["Deoxys"]) {
        let found = store.pokemon(&meter, &slug(key)).await.expect("it is readable");
        assert_eq!(found, Some(record(body)), "{key}");
    }
    for key in ["387", "38", "deoxys-attack", "pokemon"] {
        assert_eq!(store.pokemon(&meter, &slug(key)).await.expect("no error"), None, "{key}");
    }
}

fn name(text: &str) -> Name {
    Name::parse(text).expect("a name")
}

#[tokio::test]
async fn a_name_is_found_in_any_spelling_by_one_call() {
    let body = "{\"pokemon\":{\"name\":\"mr-mime\"}}";
    let keys = ["122", "mr-mime", "mrmime"].map(|key| item(Key::pokemon(key), body, false));
    let store = with(keys.to_vec()).await;
    for text in ["122", "0122", "#122", "mr-mime", "Mr. Mime", "mr_mime", "MRMIME", "mr-mime-"] {
        let meter = Meter::default();
        let found = store.look_up(&meter, Named::Pokemon, &name(text)).await.expect("it is readable");
        assert_eq!(found, Found::Record(record(body)), "{text}");
        assert_eq!((meter.usage().calls, meter.usage().read_units), (1, 0.5), "{text}");
    }
}

#[tokio::test]
async fn a_slug_that_the_release_before_has_published_is_found() {
    let store = with(vec![item(Key::pokemon("mr-mime"), "{\"id\":122}", false)]).await;
    for (text, is_found) in [("mr-mime", true), ("Mr-Mime", true), ("mr mime", false), ("mr-mim", false)] {
        let found = store.look_up(&Meter::default(), Named::Pokemon, &name(text)).await.expect("no error");
        assert_eq!(matches!(found, Found::Record(_)), is_found, "{text}");
    }
}

#[tokio::test]
async fn a_name_that_several_share_leads_to_their_slugs() {
    let slugs = "[\"raichu-alola\",\"sandshrew-alola\"]";
    let store = with(vec![item(Key::shared(Named::Pokemon, "alolanform"), slugs, false)]).await;
    let found =
        store.look_up(&Meter::default(), Named::Pokemon, &name("Alolan Form")).await.expect("no error");
    assert_eq!(found, Found::Shared(vec!["raichu-alola".to_owned(), "sandshrew-alola".to_owned()]));
    let other = store.look_up(&Meter::default(), Named::Move, &name("Alolan Form")).await.expect("no error");
    assert_eq!(other, Found::Nothing);
}

#[tokio::test]
async fn a_learnset_and_forms_are_stored_beside_their_pokemon() {
    let (store, meter) = (
        with(vec![
            item(Key::pokemon(201), "{\"id\":201}", false),
            item(Key::learnset(201), "[\"learnset\"]", true),
            item(Key::forms(201), "[\"forms\"]", true),
        ])
        .await,
        Meter::default(),
    );
    assert_eq!(store.learnset(&meter, 201).await.expect("it is readable"), Some(record("[\"learnset\"]")));
    assert_eq!(store.forms(&meter, 201).await.expect("it is readable"), Some(record("[\"forms\"]")));
    assert_eq!(
        store.pokemon(&meter, &slug("201")).await.expect("it is readable"),
        Some(record("{\"id\":201}"))
    );
    assert_eq!(store.learnset(&meter, 202).await.expect("no error"), None);
    assert_eq!(store.forms(&meter, 202).await.expect("no error"), None);
}

#[tokio::test]
async fn a_chain_is_found_by_id() {
    let (store, meter) = (with(vec![item(Key::chain(67), "{\"chain\":67}", true)]).await, Meter::default());
    assert_eq!(store.evolution(&meter, 67).await.expect("it is readable"), Some(record("{\"chain\":67}")));
    assert_eq!(store.evolution(&meter, 6).await.expect("no error"), None);
}

#[tokio::test]
async fn a_type_an_ability_and_a_move_of_one_name_are_separate_records() {
    let kinds = [(Named::Type, "\"type\""), (Named::Ability, "\"ability\""), (Named::Move, "\"move\"")];
    let items = kinds.iter().map(|(kind, body)| item(Key::named(*kind, "psychic"), body, true));
    let (store, meter) = (with(items.collect()).await, Meter::default());
    for (kind, body) in kinds {
        let found = store.look_up(&meter, kind, &name("psychic")).await.expect("it is readable");
        assert_eq!(found, Found::Record(record(body)), "{kind:?}");
        let found = store.look_up(&meter, kind, &name("psych-up")).await.expect("no error");
        assert_eq!(found, Found::Nothing, "{kind:?}");
    }
}

#[tokio::test]
async fn bodies_of_any_size_are_read_back_unchanged() {
    let (plain, packable) = (noise(300_000, 1), "pika".repeat(2_000_000));
    let (plain, packable) = (format!("\"{plain}\""), format!("\"{packable}\""));
    let store =
        with(vec![item(Key::pokemon(1), &plain, false), item(Key::learnset(1), &packable, true)]).await;
    let meter = Meter::default();
    let found = store.pokemon(&meter, &slug("1")).await.expect("it is readable").expect("it is there");
    assert!(found == record(&plain), "300 kB as they are");
    let found = store.learnset(&meter, 1).await.expect("it is readable").expect("it is there");
    assert!(found == record(&packable), "8 MB, packed");
}

#[tokio::test]
async fn an_item_that_is_not_readable_is_named() {
    let (store, meter) = (empty_store().await, Meter::default());
    let bomb = zstd::encode_all(&vec![b' '; 20 << 20][..], 1).expect("it is packed");
    for (body, reason) in [
        (None, "it has no body"),
        (Some(AttributeValue::N("1".to_owned())), "it has no body"),
        (Some(AttributeValue::Null(true)), "it has no body"),
        (Some(AttributeValue::B(Blob::new("not packed"))), ""),
        (Some(AttributeValue::B(Blob::new(bomb))), ""),
    ] {
        let attributes: Vec<_> = body.iter().map(|body| ("body", body.clone())).collect();
        put_raw(&store, &Key::pokemon("pikachu"), &attributes).await;
        put_raw(&store, &Key::chain(10), &attributes).await;
        let reported = malformed(store.pokemon(&meter, &slug("pikachu")).await, "POKEMON#pikachu/POKEMON");
        assert!(reported.contains(reason) && !reported.is_empty(), "{reported}");
        malformed(store.evolution(&meter, 10).await, "CHAIN#10/CHAIN");
    }
    let error = store.evolution(&meter, 10).await.expect_err("it is malformed").to_string();
    assert!(error.starts_with("the item CHAIN#10/CHAIN is malformed: "), "{error}");
}

#[tokio::test]
async fn json_of_another_shape_is_malformed_when_it_is_parsed() {
    let key = Key::named(Named::Type, "fire");
    let (store, meter) = (with(vec![item(key.clone(), "{\"id\":10}", true)]).await, Meter::default());
    let found = store.look_up(&meter, Named::Type, &name("fire")).await.expect("the item is readable");
    let Found::Record(found) = found else { panic!("it is there") };
    let reported = malformed(found.parse::<Type>(&key), "TYPE#fire/TYPE");
    assert!(reported.starts_with("missing field `name`"), "{reported}");
}

#[tokio::test]
async fn an_item_without_times_dates_from_the_unix_epoch() {
    let (store, meter) = (empty_store().await, Meter::default());
    let odd = ("created_at", AttributeValue::S("yesterday".to_owned()));
    put_raw(&store, &Key::pokemon(1), &[("body", AttributeValue::S("{}".to_owned())), odd]).await;
    let found = store.pokemon(&meter, &slug("1")).await.expect("it is readable").expect("it is there");
    let beginning = Timestamp::from_unix(0);
    assert_eq!((found.hash.as_str(), found.created_at, found.updated_at), ("", beginning, beginning));
}
