//! An engine that is down, slow or missing, and a table that is missing.

use std::time::{Duration, Instant};

use adapters::{
    aws,
    store::{CatalogStore, Key, Ledger, Meter, Named, Pointer, StoreError, Tables},
};
use domain::{
    Name, Timestamp,
    facts::{Fact, GenerationFacts},
};
use tests::{empty_store, lease, raw_client};
use tokio::net::TcpListener;

use super::support::{pokemon, put_through, slug, tapped, unavailable};

const NOW: Timestamp = Timestamp::from_unix(1_785_542_400);

#[tokio::test]
async fn a_missing_table_makes_everything_unavailable() {
    let (store, meter) =
        (CatalogStore::new(raw_client().await, &Tables::beside("no-such-table")), Meter::default());
    let lease = lease(&empty_store().await).await;
    let generation = GenerationFacts { id: 1, name: "one".to_owned(), display_name: None, region: None };
    let mut ledger = Ledger::new([Fact::Generation(generation)].into_iter().collect());
    let reported = [
        unavailable(store.pokemon(&meter, &slug("1")).await, "GetItem"),
        unavailable(store.learnset(&meter, 1).await, "GetItem"),
        unavailable(store.forms(&meter, 1).await, "GetItem"),
        unavailable(store.evolution(&meter, 1).await, "GetItem"),
        unavailable(
            store.look_up(&meter, Named::Move, &Name::parse("cut").expect("a name")).await,
            "GetItem",
        ),
        unavailable(store.index_pointer(&meter).await, "GetItem"),
        unavailable(store.index(&meter, "v1", 0).await, "GetItem"),
        unavailable(store.sync_state(&meter).await, "GetItem"),
        unavailable(store.seeded(&meter).await, "GetItem"),
        unavailable(store.facts(&meter).await, "Query"),
        unavailable(store.heads(&meter).await, "Scan"),
        unavailable(store.mark_seeded(&meter, "one").await, "PutItem"),
        unavailable(store.put_index(&meter, "v1", b"{}").await, "PutItem"),
        unavailable(store.swap_index(&meter, None, &Pointer::new("v1", 0, NOW)).await, "PutItem"),
        unavailable(store.swap_index(&meter, Some("v0"), &Pointer::new("v1", 0, NOW)).await, "PutItem"),
        unavailable(store.put_facts(&meter, &lease, &mut ledger).await, "UpdateItem"),
        unavailable(store.delete(&meter, vec![Key::pokemon(1)]).await, "BatchWriteItem"),
        unavailable(store.put_groups(&meter, &lease, vec![pokemon(1)]).await, "UpdateItem"),
        unavailable(store.take_lease(&meter, "one".to_owned(), 300, NOW).await, "UpdateItem"),
    ];
    for reported in &reported {
        assert!(reported.starts_with("ResourceNotFoundException: "), "{reported}");
    }
    assert_eq!(meter.usage().calls, reported.len() as u64, "calls that fail are calls");
}

#[tokio::test]
async fn an_engine_that_is_down_is_retried_and_then_reported() {
    let (store, meter) = (empty_store().await, Meter::default());
    let (tapped, tap) = tapped(&store).await;
    tap.set_down(true);
    let error = tapped.pokemon(&meter, &slug("1")).await.expect_err("it is down");
    assert!(error.to_string().starts_with("DynamoDB GetItem: "), "{error}");
    assert!(matches!(error, StoreError::Unavailable { operation: "GetItem", .. }), "{error:?}");
    assert!((2..=3).contains(&tap.take().len()));
    unavailable(tapped.seeded(&meter).await, "GetItem");
    tap.set_down(false);
    assert_eq!(tapped.pokemon(&meter, &slug("1")).await.expect("it is up again"), None);
}

#[tokio::test]
async fn a_call_to_a_slow_engine_times_out() {
    let store = empty_store().await;
    let (tapped, tap) = tapped(&store).await;
    tap.set_delay(Duration::from_secs(60));
    let begin = Instant::now();
    let reported = unavailable(tapped.pokemon(&Meter::default(), &slug("1")).await, "GetItem");
    assert!(reported.contains("timeout") || reported.contains("timed out"), "{reported}");
    assert!((1..30).contains(&begin.elapsed().as_secs()), "{:?}", begin.elapsed());
}

#[tokio::test]
async fn a_missing_engine_is_reported() {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let url = format!("http://{}", listener.local_addr().expect("an address"));
    drop(listener);
    let store = CatalogStore::new(aws::at(&url), &Tables::beside("table"));
    let reported = unavailable(store.pokemon(&Meter::default(), &slug("1")).await, "GetItem");
    assert!(reported.starts_with("dispatch failure: "), "{reported}");
}

#[tokio::test]
async fn a_patient_client_waits_for_an_engine_to_come_back() {
    let store = empty_store().await;
    let (tapped, tap) = tapped(&store).await;
    let lease = lease(&store).await;
    tap.set_down(true);
    let (patient, meter) = (tapped.patient(), Meter::default());
    let up = async {
        tokio::time::sleep(Duration::from_millis(300)).await;
        tap.set_down(false);
    };
    let (written, ()) = tokio::join!(put_through(&patient, &lease, pokemon(3)), up);
    written.expect("it is up again");
    assert!(tap.take().len() > 1);
    assert!(store.pokemon(&meter, &slug("3")).await.expect("it is readable").is_some());
}
