//! The costs of requests, as the engine reports them. DynamoDB Local underestimates transactions, so for those the
//! tests only check that they cost something.

use adapters::store::{CatalogStore, Key, Ledger, Meter, NewItem, Usage};
use domain::{
    Timestamp,
    facts::{Fact, GenerationFacts},
};
use tests::{empty_store, lease};

use super::support::{item, noise, pokemon, put, slug};

const NOW: Timestamp = Timestamp::from_unix(1_785_542_400);

async fn with(items: Vec<NewItem>) -> CatalogStore {
    let store = empty_store().await;
    put(&store, items).await;
    store
}

fn usage(calls: u64, read_units: f64, write_units: f64) -> Usage {
    Usage { calls, read_units, write_units }
}

#[tokio::test]
async fn a_meter_starts_at_zero() {
    assert_eq!(Meter::default().usage(), usage(0, 0.0, 0.0));
}

#[tokio::test]
async fn a_small_or_missing_item_costs_half_a_unit_to_read() {
    let store = with(pokemon(1)).await;
    for key in ["1", "2"] {
        let meter = Meter::default();
        store.pokemon(&meter, &slug(key)).await.expect("no error");
        assert_eq!(meter.usage(), usage(1, 0.5, 0.0), "{key}");
    }
    let meter = Meter::default();
    store.index_pointer(&meter).await.expect("no error");
    assert_eq!(meter.usage(), usage(1, 0.5, 0.0));
}

#[tokio::test]
async fn every_four_kilobytes_cost_another_half() {
    let sizes = [(1, 3_500, 0.5), (2, 5_000, 1.0), (3, 9_000, 1.5), (4, 100_000, 12.5)];
    let items = sizes.iter().map(|(id, bytes, _)| item(Key::pokemon(id), &noise(*bytes, 1), false));
    let store = with(items.collect()).await;
    for (id, bytes, units) in sizes {
        let meter = Meter::default();
        store.pokemon(&meter, &slug(&id.to_string())).await.expect("it is readable");
        assert_eq!(meter.usage(), usage(1, units, 0.0), "{bytes} bytes");
    }
}

#[tokio::test]
async fn the_state_of_a_sync_is_read_at_double_price() {
    let (store, meter) = (empty_store().await, Meter::default());
    let lease = store.take_lease(&meter, "one".to_owned(), 300, NOW).await.expect("it is free");
    store.put_state(&meter, &lease, "{}", NOW).await.expect("the lease holds");
    assert_eq!(meter.usage(), usage(2, 0.0, 2.0));
    let meter = Meter::default();
    store.sync_state(&meter).await.expect("it is readable");
    assert_eq!(meter.usage(), usage(1, 1.0, 0.0));
}

#[tokio::test]
async fn every_kilobyte_costs_one_unit_to_write() {
    let store = empty_store().await;
    let meter = Meter::default();
    store.mark_seeded(&meter, "one").await.expect("it is put");
    assert_eq!(meter.usage(), usage(1, 0.0, 1.0));
    let meter = Meter::default();
    store.mark_seeded(&meter, &noise(3_500, 1)).await.expect("it is put");
    assert_eq!(meter.usage(), usage(1, 0.0, 4.0));
    let meter = Meter::default();
    store.put_index(&meter, "v1", b"{}").await.expect("it is put");
    assert_eq!(meter.usage(), usage(3, 0.0, 3.0));
}

#[tokio::test]
async fn a_batch_costs_the_sum_of_its_items() {
    let (store, meter) = (with(pokemon(30)).await, Meter::default());
    store.delete(&meter, (1..=26).map(Key::pokemon).collect()).await.expect("they are deleted");
    assert_eq!(meter.usage(), usage(2, 0.0, 26.0));
}

#[tokio::test]
async fn a_transaction_is_one_call_and_costs_something() {
    let (store, meter) = (empty_store().await, Meter::default());
    let lease = lease(&store).await;
    store.put_groups(&meter, &lease, vec![pokemon(10)]).await.expect("they are put");
    let Usage { calls, read_units, write_units } = meter.usage();
    assert_eq!((calls, read_units), (2, 0.0), "the lease is renewed first");
    assert!(write_units > 1.0, "{write_units}");
}

#[tokio::test]
async fn queries_and_scans_cost_the_data_that_they_read() {
    let (store, meter) = (with(pokemon(3)).await, Meter::default());
    store.heads(&meter).await.expect("the table is readable");
    assert_eq!(meter.usage(), usage(1, 1.0, 0.0));
    let fact = |id| {
        let name = format!("generation-{id}");
        Fact::Generation(GenerationFacts { id, name, display_name: None, region: None })
    };
    let mut ledger = Ledger::new([fact(1), fact(2)].into_iter().collect());
    let (lease, meter) = (lease(&store).await, Meter::default());
    store.put_facts(&meter, &lease, &mut ledger).await.expect("they are put");
    assert_eq!(meter.usage().calls, 2, "the lease is renewed first");
    let meter = Meter::default();
    store.facts(&meter).await.expect("they are readable");
    assert_eq!(meter.usage(), usage(1, 1.0, 0.0));
}

#[tokio::test]
async fn one_meter_adds_up_the_costs_of_a_request() {
    let (store, meter) = (with(pokemon(2)).await, Meter::default());
    store.pokemon(&meter, &slug("1")).await.expect("it is readable");
    store.pokemon(&meter, &slug("2")).await.expect("it is readable");
    store.learnset(&meter, 1).await.expect("no error");
    assert_eq!(meter.usage(), usage(3, 1.5, 0.0));
}
