//! One resource fails permanently: the report names it and the reason, everything else is published, and once the
//! source works again the next run fetches only that resource.

use std::time::Duration;

use adapters::pokeapi::Config;
use domain::facts::Kind;
use serde_json::{Value, json};
use tests::empty_store;

use super::{
    catalogue::{assert_same, catalogue, undisturbed_catalogue},
    support::{RESOURCES, config, ledger, pokemon, small, summaries, sync, sync_as},
};
use crate::stand_in::{Fault, StandIn};

const NIDORAN: &str = "/api/v2/pokemon/29/";

/// The report on Nidoran♀ under `fault`, whether the fault is temporary, and the number of requests for it.
async fn report_of(pokeapi: &StandIn, fault: Fault, adjust: fn(&mut Config)) -> (String, bool, usize) {
    let store = empty_store().await;
    pokeapi.always(NIDORAN, fault);
    let mut adjusted = config(pokeapi);
    adjust(&mut adjusted);
    let (finished, published) = sync_as(&store, adjusted).await;

    let tally = finished.tally;
    assert_eq!((tally.fetched, tally.changed, tally.failed), (RESOURCES - 1, RESOURCES - 1, 1));
    let [(kind, id, reason, passing)] = summaries(&finished.failures)[..] else {
        panic!("{:?}", finished.failures)
    };
    assert_eq!((kind, id), (Kind::Pokemon, 29));
    assert_eq!(published.problems, Vec::new());
    assert_eq!(pokemon(&store, "nidoran-f").await, None);
    assert!(ledger(&store).await.etag(Kind::Pokemon, 29).is_none(), "no ETag without its fact");
    for (name, key) in [("bulbasaur", "1"), ("deoxys-attack", "10001"), ("deoxys", "deoxys")] {
        assert!(pokemon(&store, key).await.is_some(), "{name} is published");
    }
    let requests = pokeapi.count(NIDORAN);

    let failure = (reason.to_owned(), passing, requests);
    pokeapi.behave();
    let (finished, _) = sync(&store, pokeapi).await;
    assert_eq!((finished.tally.fetched, finished.tally.unchanged), (1, RESOURCES - 1), "the next run heals");
    assert_same(&catalogue(&store).await, undisturbed_catalogue().await, "complete after the fault");
    failure
}

async fn report_under(fault: Fault) -> (String, bool, usize) {
    report_of(&small().await, fault, |_| {}).await
}

/// The document of Nidoran♀ with another value of `field`; `None` removes the field.
async fn broken(field: &str, value: Option<Value>) -> (String, bool, usize) {
    let pokeapi = small().await;
    let mut document = pokeapi.document(NIDORAN);
    match value {
        Some(value) => document[field] = value,
        None => drop(document.as_object_mut().expect("an object").remove(field)),
    }
    report_of(&pokeapi, Fault::Body(document), |_| {}).await
}

fn once(reason: &str) -> (String, bool, usize) {
    (reason.to_owned(), false, 1)
}

/// The expected report of a temporary fault: three attempts in order, and three more after all other resources.
fn again(reason: &str) -> (String, bool, usize) {
    (reason.to_owned(), true, 6)
}

#[tokio::test]
async fn server_errors_are_retried_and_reported() {
    assert_eq!(report_under(Fault::Status(500)).await, again("answered 500 Internal Server Error"));
    assert_eq!(report_under(Fault::Status(503)).await, again("answered 503 Service Unavailable"));
    assert_eq!(report_under(Fault::retry_after(429, 0)).await, again("answered 429 Too Many Requests"));
}

#[tokio::test]
async fn a_listed_resource_that_does_not_exist_is_reported_at_once() {
    assert_eq!(report_under(Fault::Status(404)).await, once("answered 404 Not Found"));
    assert_eq!(report_under(Fault::Status(403)).await, once("answered 403 Forbidden"));
    assert_eq!(report_under(Fault::Status(204)).await, once("answered 204 No Content"));
}

#[tokio::test]
async fn an_unrequested_304_is_an_error() {
    assert_eq!(report_under(Fault::Status(304)).await, once("answered 304 Not Modified"));
}

#[tokio::test]
async fn a_dropped_connection_is_retried() {
    let (reason, passing, requests) = report_under(Fault::DropConnection).await;
    assert!(reason.starts_with("did not answer: ") && !reason.contains("127.0.0.1"), "{reason}");
    assert!(passing && requests >= 6, "asked {requests} times");
}

#[tokio::test]
async fn a_cut_body_is_retried() {
    let (reason, passing, requests) = report_under(Fault::CutBody).await;
    assert!(reason.starts_with("did not answer: "), "{reason}");
    assert_eq!((passing, requests), (true, 6));
}

#[tokio::test]
async fn a_page_of_html_is_retried() {
    assert_eq!(report_under(Fault::NotJson).await, again("is not JSON: expected value at line 1 column 1"));
}

#[tokio::test]
async fn a_slow_response_times_out() {
    let pokeapi = small().await;
    let slow = Fault::Slow(Duration::from_secs(60));
    let hasty = |config: &mut Config| config.timeout = Duration::from_millis(300);
    let (reason, passing, requests) = report_of(&pokeapi, slow, hasty).await;
    assert!(reason.starts_with("did not answer: timed out"), "{reason}");
    assert_eq!((passing, requests), (true, 6));
}

#[tokio::test]
async fn a_value_of_another_type_is_reported_with_its_field() {
    let reason = "is not valid: weight: \"heavy\" is not a whole number in range";
    assert_eq!(broken("weight", Some(json!("heavy"))).await, once(reason));
    let reason = "is not valid: weight: -1 is not a whole number in range";
    assert_eq!(broken("weight", Some(json!(-1))).await, once(reason));
    let reason = "is not valid: is_default: \"yes\" is not true or false";
    assert_eq!(broken("is_default", Some(json!("yes"))).await, once(reason));
    let reason = "is not valid: moves: {} is not a list";
    assert_eq!(broken("moves", Some(json!({}))).await, once(reason));
    let reason = "is not valid: name: \"Nido ran\" is not a slug (1 to 100 characters of a-z, 0-9 and -)";
    assert_eq!(broken("name", Some(json!("Nido ran"))).await, once(reason));
    let reason = "is not valid: forms[0].url: \"/pokemon-form/\" ends in no id";
    assert_eq!(broken("forms", Some(json!([{ "url": "/pokemon-form/" }]))).await, once(reason));
}

#[tokio::test]
async fn a_document_that_is_not_an_object_is_reported() {
    let null = report_under(Fault::Body(Value::Null)).await;
    assert_eq!(null, once("is not valid: the document: null is not an object"));
}

#[tokio::test]
async fn a_missing_field_is_reported() {
    assert_eq!(broken("height", None).await, once("is not valid: height: is missing"));
}

#[tokio::test]
async fn a_resource_other_than_the_requested_one_is_reported() {
    assert_eq!(broken("id", Some(json!(30))).await, once("is not valid: id: is 30 where 29 was asked for"));
}

#[tokio::test]
async fn a_value_that_is_a_megabyte_long_neither_fills_the_report_nor_ends_the_run() {
    let long = "x".repeat(1 << 20);
    let (reason, passing, requests) = broken("forms", Some(json!([{ "url": long }]))).await;
    assert!(
        reason.starts_with("is not valid: forms[0].url: \"xxx") && reason.len() < 1000,
        "{}",
        reason.len()
    );
    assert_eq!((passing, requests), (false, 1));
}

#[tokio::test]
async fn too_many_types_of_a_pokemon_are_reported() {
    let types: Vec<_> =
        (0..300).map(|n| json!({ "slot": 1, "type": { "name": format!("type-{n}") } })).collect();
    let expected = once("is not valid: types: has 300 entries");
    assert_eq!(broken("types", Some(json!(types))).await, expected);
}

#[tokio::test]
async fn facts_that_would_fill_an_item_are_refused() {
    let abilities = (0..5_000)
        .map(|n| json!({ "ability": { "name": format!("{n:x>90}") }, "is_hidden": false, "slot": 1 }));
    let (reason, passing, requests) = broken("abilities", Some(abilities.collect())).await;
    assert!(reason.starts_with("is not valid: the document: its facts take 645854 bytes"), "{reason}");
    assert_eq!((passing, requests), (false, 1));
}

#[tokio::test]
async fn an_endless_body_is_not_read_to_its_end() {
    let pokeapi = small().await;
    let strict = |config: &mut Config| config.body_limit = 100_000;
    let failure = report_of(&pokeapi, Fault::Huge(1 << 30), strict).await;
    assert_eq!(failure, once("is larger than 100000 bytes"));
}

#[tokio::test]
async fn a_body_with_a_too_large_content_length_is_not_read() {
    let pokeapi = small().await;
    let strict = |config: &mut Config| config.body_limit = 100_000;
    let large = Fault::Body(json!({ "id": 29, "padding": "x".repeat(100_000) }));
    assert_eq!(report_of(&pokeapi, large, strict).await, once("is larger than 100000 bytes"));
}

#[tokio::test]
async fn a_redirect_to_another_host_is_not_followed() {
    let elsewhere = small().await;
    let target = format!("{}/pokemon/29/", elsewhere.base_url());
    let failure = report_under(Fault::Redirect(target.clone())).await;
    assert_eq!(failure, once(&format!("redirects to {target}, which is not followed")));
    assert_eq!(elsewhere.requests().len(), 0);
}

#[tokio::test]
async fn a_redirect_in_circles_ends() {
    let (reason, passing, requests) = report_under(Fault::Redirect(NIDORAN.to_owned())).await;
    assert_eq!(reason, format!("redirects to {NIDORAN}, which is not followed"));
    assert!(!passing && (2..=5).contains(&requests), "asked {requests} times");
}
