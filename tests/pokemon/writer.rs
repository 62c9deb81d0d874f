//! A change by an administrator while the writer of the catalogue is busy, slow, or out of reach.

use std::time::Duration;

use adapters::{aws::Endpoint, invoke::Function, now, store::Meter};
use domain::audit::{Action, Outcome};
use http::Method;
use serde_json::json;
use tests::{House, problem};

use super::overrides::LIST;
use crate::workshop::Workshop;

#[tokio::test]
async fn a_change_during_a_refresh_is_refused_and_not_stored() {
    let workshop = Workshop::open().await;
    let house = workshop.house().await;
    let (store, meter) = (workshop.store(), Meter::default());
    let lease = store.take_lease(&meter, "a sync".to_owned(), 300, now()).await.expect("it is free");
    for answer in [
        workshop.fetch(&house, 1).await,
        workshop.put(&house, "1", &json!({"height": 9})).await,
        workshop.hide(&house, "1").await,
    ] {
        assert_eq!((answer.status.as_u16(), answer.header("retry-after")), (409, Some("30")));
        assert_eq!(problem(&answer, "busy")["code"], "catalogue_busy");
    }
    assert_eq!(store.overrides_revision(&meter).await.expect("a number"), 0);
    assert_eq!(workshop.trail().await, []);
    store.end_lease(&meter, &lease).await.expect("it is given back");
    assert_eq!(workshop.hide(&house, "1").await.status, 200);
}

#[tokio::test]
async fn a_change_that_takes_too_long_is_202() {
    let workshop = Workshop::open().await;
    let house = workshop.house_with(|config| config.writer_patience = Duration::from_millis(1500)).await;
    workshop.hide_quietly(1).await;
    workshop.source.slow_down(Duration::from_millis(900));
    let later = workshop.fetch(&house, 1).await;
    assert_eq!(later.status, 202);
    assert!(later.json()["message"].as_str().is_some_and(|message| message.starts_with("Stored")));
    for _ in 0..1200 {
        if house.get(&format!("{LIST}/1")).await.status == 200 {
            return;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("it did not go on");
}

#[tokio::test]
async fn the_schedule_publishes_stored_changes() {
    let workshop = Workshop::open().await;
    let nobody = Function { name: "sync-pokeapi".to_owned(), endpoint: Endpoint::at("http://127.0.0.1:9") };
    let house = workshop.house_with(|config| config.sync_function = Some(nobody)).await;
    let cut_off = workshop.hide(&house, "1").await;
    assert_eq!((cut_off.status.as_u16(), cut_off.header("retry-after")), (503, Some("2")));
    assert_eq!(house.get(&format!("{LIST}/1")).await.status, 200, "nobody has published it");
    assert_eq!(workshop.scheduled().await["outcome"], "fresh");
    assert_eq!(house.get(&format!("{LIST}/1")).await.status, 404);
    // The change is not published again.
    let pointer = workshop.store().index_pointer(&Meter::default()).await.expect("a pointer");
    workshop.scheduled().await;
    assert_eq!(workshop.store().index_pointer(&Meter::default()).await.expect("a pointer"), pointer);
}

#[tokio::test]
async fn an_invalid_event_of_the_writer_is_refused() {
    let workshop = Workshop::open().await;
    let function = workshop.users.sync_function.clone().expect("a function");
    for (event, reason) in [
        (json!({"task": "drop"}), "task"),
        (json!({"task": "fetch"}), "pokemon"),
        (json!({"task": 1}), "task"),
    ] {
        let answer = function.connect().ask(event.to_string().into_bytes(), Duration::from_secs(10)).await;
        let error = answer.expect_err("it is refused").to_string();
        assert!(error.contains("the event") && error.contains(reason), "{event}: {error}");
    }
    let other = Function { name: "another".to_owned(), ..function };
    let error =
        other.connect().ask(b"{}".to_vec(), Duration::from_secs(10)).await.expect_err("there is no writer");
    assert!(error.to_string().contains("there is no such function"), "{error}");
}

#[tokio::test]
async fn a_request_waits_for_a_writer_that_began_meanwhile() {
    let workshop = Workshop::open().await;
    let patient = workshop.house_with(|config| config.writer_patience = Duration::from_secs(20)).await;
    let hasty = workshop.house_with(|config| config.writer_patience = Duration::from_millis(900)).await;
    let nobody = Function { name: "sync-pokeapi".to_owned(), endpoint: Endpoint::at("http://127.0.0.1:9") };
    let cut_off = workshop.house_with(|config| config.sync_function = Some(nobody)).await;
    let oak = format!("Bearer {}", workshop.users.admin_token());
    let headers = [("authorization", oak.as_str()), ("idempotency-key", "mine")];
    let fetch = async |house: &House| {
        house.send_body(Method::POST, LIST, &headers, json!({"pokemon_id": 1}).to_string()).await
    };
    let hide = async |house: &House| house.send(Method::DELETE, &format!("{LIST}/4"), &headers).await;
    // Both changes are stored and no writer is invoked, so the next check is skipped, as for a writer that begins just after it.
    assert_eq!((fetch(&cut_off).await.status.as_u16(), hide(&cut_off).await.status.as_u16()), (503, 503));
    let (store, meter) = (workshop.store(), Meter::default());
    let lease = store.take_lease(&meter, "a sync".to_owned(), 300, now()).await.expect("it is free");
    let busy = fetch(&hasty).await;
    assert_eq!((busy.status.as_u16(), busy.header("retry-after")), (409, Some("30")), "nobody will fetch it");
    assert_eq!(hide(&hasty).await.status, 202, "it is stored, and will be published");
    let (fetched, ()) = tokio::join!(fetch(&patient), async {
        tokio::time::sleep(Duration::from_millis(700)).await;
        store.end_lease(&Meter::default(), &lease).await.expect("it is given back");
    });
    assert_eq!(fetched.status, 200);
    assert_eq!(hide(&patient).await.status, 200);
    assert_eq!(
        workshop.trail().await,
        [(Action::FetchPokemon, Outcome::Done), (Action::HidePokemon, Outcome::Done)]
    );
}

/// The writer has no client-side time-out: a slow run is not invoked again.
#[tokio::test]
async fn a_slow_writer_is_invoked_once() {
    let workshop = Workshop::open().await;
    let house = workshop.house().await;
    workshop.source.reset_log();
    // The source is asked for Bulbasaur, its species, its form and its chain, one after the other.
    workshop.source.slow_down(Duration::from_millis(800));
    assert_eq!(workshop.put(&house, "1", &json!({})).await.status, 200);
    assert_eq!(workshop.source.requests().len(), 4, "{:?}", workshop.source.requests());
}
