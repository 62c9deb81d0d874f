//! The ledger of facts: stored facts and ETags are read back unchanged, and only differences are written.

use adapters::store::{CatalogStore, Key, Ledger, Meter};
use aws_sdk_dynamodb::types::AttributeValue;
use domain::facts::{AbilityFacts, Fact, Facts, GenerationFacts, KEPT, Kind};
use tests::{empty_store, lease, put_raw};

use super::support::{count, noise, tapped, unavailable};

fn generation(id: u32) -> Fact {
    let region = Some(format!("region-{id}"));
    Fact::Generation(GenerationFacts { id, name: format!("generation-{id}"), display_name: None, region })
}

fn ability(id: u32, display_name: &str) -> Fact {
    let (name, display_name) = (format!("ability-{id}"), Some(display_name.to_owned()));
    Fact::Ability(AbilityFacts { id, name, display_name, generation: 3, is_main_series: true })
}

fn etag(id: u32) -> Option<String> {
    Some(format!("W/\"{id:x}\""))
}

async fn read(store: &CatalogStore) -> Ledger {
    store.facts(&Meter::default()).await.expect("the facts are readable")
}

async fn put(store: &CatalogStore, ledger: &mut Ledger) -> usize {
    store.put_facts(&Meter::default(), &lease(store).await, ledger).await.expect("the facts are put")
}

/// Abilities of three blocks and two generations; every third without an ETag.
fn some() -> Ledger {
    let mut ledger = Ledger::default();
    for id in [1, 2, 63, 64, 65, 10_001] {
        assert!(ledger.record(ability(id, "Flabébé ♀"), etag(id).filter(|_| id % 3 != 0)));
    }
    assert!(ledger.record(generation(1), etag(1)) && ledger.record(generation(9), None));
    ledger
}

#[tokio::test]
async fn an_empty_table_has_no_facts() {
    let ledger = read(&empty_store().await).await;
    assert_eq!((ledger.facts.total(), ledger.is_dirty()), (0, false));
}

#[tokio::test]
async fn facts_and_etags_are_read_back_unchanged() {
    let (store, mut ledger) = (empty_store().await, some());
    assert_eq!((put(&store, &mut ledger).await, count(&store).await), (4, 4));
    assert!(!ledger.is_dirty());
    let back = read(&store).await;
    assert!(back == ledger && !back.is_dirty(), "{back:?}");
    assert_eq!(back.etag(Kind::Ability, 64), Some("W/\"40\""));
    assert_eq!((back.etag(Kind::Ability, 63), back.etag(Kind::Generation, 9)), (None, None));
    assert_eq!((back.etag(Kind::Generation, 64), back.etag(Kind::Ability, 9)), (None, None));
    assert_eq!(back.facts.get(Kind::Ability, 10_001), Some(ability(10_001, "Flabébé ♀")));
}

#[tokio::test]
async fn facts_of_a_snapshot_have_no_etags() {
    let facts: Facts = [generation(1), ability(1, "Stench"), ability(64, "Trace")].into_iter().collect();
    let (store, mut ledger) = (empty_store().await, Ledger::new(facts.clone()));
    assert!(ledger.is_dirty());
    assert_eq!(put(&store, &mut ledger).await, 3);
    let back = read(&store).await;
    assert_eq!(back.facts, facts);
    assert!(Kind::ALL.iter().all(|kind| facts.ids(*kind).iter().all(|id| back.etag(*kind, *id).is_none())));
}

#[tokio::test]
async fn only_changed_facts_are_written() {
    let (store, mut ledger) = (empty_store().await, some());
    put(&store, &mut ledger).await;
    assert!(!ledger.record(ability(1, "Flabébé ♀"), etag(1)), "it is the same");
    assert!(!ledger.is_dirty());
    assert_eq!(put(&store, &mut ledger).await, 0);
    assert!(!ledger.record(ability(1, "Flabébé ♀"), etag(7)), "only its ETag is another");
    assert!(ledger.record(ability(2, "Levitate"), etag(2)), "only its fact is another");
    assert!(!ledger.record(ability(64, "Flabébé ♀"), None), "it has no ETag any more");
    let (tapped, tap) = tapped(&store).await;
    assert_eq!(put(&tapped, &mut ledger).await, 2);
    let calls = tap.take();
    let put = calls.iter().filter(|call| call.operation == "TransactWriteItems");
    let put = put.flat_map(|call| call.body["TransactItems"].as_array().expect("items"));
    let keys: Vec<_> = put.map(|item| item["Put"]["Item"]["sk"]["S"].clone()).collect();
    assert_eq!(keys, ["ability#0000", "ability#0001"]);
    let back = read(&store).await;
    assert!(back == ledger);
    assert_eq!((back.etag(Kind::Ability, 1), back.etag(Kind::Ability, 64)), (Some("W/\"7\""), None));
}

#[tokio::test]
async fn a_removed_fact_loses_its_etag_and_an_emptied_item_is_deleted() {
    let (store, mut ledger) = (empty_store().await, some());
    put(&store, &mut ledger).await;
    ledger.remove(Kind::Ability, 64);
    ledger.remove(Kind::Ability, 10_001);
    assert_eq!((put(&store, &mut ledger).await, count(&store).await), (2, 3));
    let back = read(&store).await;
    assert!(back == ledger);
    assert_eq!(back.facts.ids(Kind::Ability), [1, 2, 63, 65]);
    assert_eq!(back.etag(Kind::Ability, 64), None);
    ledger.remove(Kind::Generation, 5);
    assert_eq!(put(&store, &mut ledger).await, 1, "to remove what is not there does no harm");
    for id in [1, 2, 63, 65] {
        ledger.remove(Kind::Ability, id);
    }
    put(&store, &mut ledger).await;
    assert_eq!((read(&store).await.facts.total(), count(&store).await), (2, 1));
}

#[tokio::test]
async fn facts_are_read_across_many_pages() {
    let (store, mut ledger) = (empty_store().await, Ledger::default());
    for id in 0..640 {
        ledger.record(ability(id, &noise(4_000, u64::from(id))), etag(id));
    }
    assert_eq!(put(&store, &mut ledger).await, 10);
    let meter = Meter::default();
    let back = store.facts(&meter).await.expect("the facts are readable");
    assert!(back == ledger);
    assert!(meter.usage().calls >= 2, "2 MB come in pages of 1 MB: {:?}", meter.usage());
}

#[tokio::test]
async fn facts_that_were_not_written_remain_pending() {
    let (store, mut ledger) = (empty_store().await, some());
    let (tapped, tap) = tapped(&store).await;
    let lease = lease(&store).await;
    tap.set_down(true);
    unavailable(tapped.put_facts(&Meter::default(), &lease, &mut ledger).await, "UpdateItem");
    assert!(ledger.is_dirty());
    tap.set_down(false);
    assert_eq!(put(&tapped, &mut ledger).await, 4);
    assert!(read(&store).await == ledger && !ledger.is_dirty());
}

#[tokio::test]
async fn an_item_of_facts_that_is_not_readable_is_named_and_the_others_are_read() {
    let (store, mut ledger) = (empty_store().await, some());
    put(&store, &mut ledger).await;
    let block = Key::facts_block(Kind::Ability, 1);
    let body = AttributeValue::S("{\"1\":{\"fact\":{\"kind\":\"ability\",\"id\":1}}}".to_owned());
    put_raw(&store, &block, &[("body", body)]).await;
    let back = read(&store).await;
    assert_eq!((back.unreadable(), back.facts.total()), ([block].as_slice(), ledger.facts.total() - 2));
    assert!(back.facts.get(Kind::Ability, 64).is_none() && back.etag(Kind::Ability, 64).is_none());
}

#[tokio::test]
async fn facts_replaced_by_others_lose_what_differs_and_facts_completed_lose_nothing() {
    let others: Facts =
        [ability(1, "Flabébé ♀"), ability(2, "Levitate"), ability(7, "Limber")].into_iter().collect();
    let mut replaced = some();
    replaced.replace(&others);
    assert_eq!(replaced.facts, others);
    assert_eq!((replaced.etag(Kind::Ability, 1), replaced.etag(Kind::Ability, 2)), (Some("W/\"1\""), None));
    assert_eq!(replaced.etag(Kind::Ability, 64), None, "it is gone");

    let (mut completed, before) = (some(), some());
    completed.complete(&others);
    assert_eq!(completed.facts.get(Kind::Ability, 2), before.facts.get(Kind::Ability, 2));
    assert_eq!(completed.etag(Kind::Ability, 2), before.etag(Kind::Ability, 2));
    assert_eq!(completed.facts.get(Kind::Ability, 7), Some(ability(7, "Limber")));
    assert_eq!(completed.facts.total(), before.facts.total() + 1);
}

#[tokio::test]
async fn an_etag_counts_only_for_facts_that_are_kept_as_now() {
    let store = empty_store().await;
    let entry = r#"{"7": {"etag": "\"e\"", "fact": {"kind": "ability", "id": 7, "name": "limber", "generation": 3}}}"#;
    let body = AttributeValue::S(entry.to_owned());
    for (kept, etag) in
        [(KEPT.to_string(), Some("\"e\"")), ((KEPT + 1).to_string(), None), ("0".to_owned(), None)]
    {
        let attributes = [("body", body.clone()), ("kept", AttributeValue::N(kept))];
        put_raw(&store, &Key::facts_block(Kind::Ability, 0), &attributes).await;
        let ledger = store.facts(&Meter::default()).await.expect("the facts are readable");
        assert_eq!((ledger.facts.abilities.len(), ledger.etag(Kind::Ability, 7)), (1, etag));
    }
}
