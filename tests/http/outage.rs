//! Operation without the database, and recovery once it is back.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use api::Config;
use domain::dex::DexIndex;
use local::tables::CATALOG;
use serde_json::json;
use tests::{Answer, House, SeededEngine, Tap, problem, sample};
use tokio::task::JoinSet;

/// A house behind a tap that checks the pointer every `check`.
async fn tapped(check: Duration) -> (Arc<House>, Tap) {
    let tap = Tap::on(&SeededEngine::get().url).await;
    let mut config = Config::new(CATALOG);
    config.index_check_every = check;
    (Arc::new(House::at(&tap.url, config).await), tap)
}

/// The time that an engine takes when it hangs. It is long, so that a request that waits differs from one on a busy machine.
const HANGS: Duration = Duration::from_secs(60);

/// Requests that are answered from memory.
const INDEXED: [&str; 3] = ["list-pokemon", "list-types", "list-generations"];
/// Requests that are answered from the table.
const STORED: [&str; 5] = ["get-pokemon", "get-evolutions", "get-type", "get-ability", "get-move"];

async fn answers(house: &House, routes: &[&str], status: u16) -> Vec<Answer> {
    let mut answers = Vec::new();
    for route in routes {
        let answer = house.get(sample(route)).await;
        assert_eq!(answer.status.as_u16(), status, "{route}: {}", String::from_utf8_lossy(&answer.body));
        answers.push(answer);
    }
    answers
}

fn assert_unavailable(answer: &Answer, what: &str) {
    assert_eq!(problem(answer, what)["code"], "unavailable", "{what}");
    let seconds = answer.header("retry-after").and_then(|seconds| seconds.parse::<u32>().ok());
    assert!(seconds.is_some_and(|seconds| (1..=60).contains(&seconds)), "{what}: Retry-After {seconds:?}");
    let text = String::from_utf8_lossy(&answer.body);
    assert!(
        !text.contains("DynamoDB") && !text.contains("GetItem"),
        "{what} tells what only the log should: {text}"
    );
}

#[tokio::test]
async fn lists_are_served_from_memory_and_the_rest_is_503_during_an_outage() {
    let (house, tap) = tapped(Duration::ZERO).await;
    let before = answers(&house, &INDEXED, 200).await;
    tap.set_down(true);
    let during = answers(&house, &INDEXED, 200).await;
    for (before, during) in before.iter().zip(&during) {
        assert_eq!(before.body, during.body);
        assert_eq!(before.header("etag"), during.header("etag"));
    }
    for (answer, route) in answers(&house, &STORED, 503).await.iter().zip(STORED) {
        assert_unavailable(answer, route);
    }
    assert_eq!(house.get("/api/v1/pokemon/missingno").await.status, 503, "nobody knows whether it exists");
    assert_eq!(house.get("/api/v1/pokemon/%27%27").await.status, 404, "nothing can be called that");
    answers(&house, &["get-health", "get-version", "get-openapi"], 200).await;

    let ready = house.get("/api/v1/health/ready").await;
    assert_eq!(ready.status, 503);
    let errors = ["catalog", "app", "ephemeral", "audit"];
    let errors = errors.map(|table| json!({"field": table, "message": "is not available"}));
    assert_eq!(problem(&ready, "readiness")["errors"], json!(errors));

    tap.set_down(false);
    answers(&house, &INDEXED, 200).await;
    answers(&house, &STORED, 200).await;
    answers(&house, &["get-readiness"], 200).await;
}

#[tokio::test]
async fn a_slow_engine_does_not_delay_lists() {
    let (house, tap) = tapped(Duration::ZERO).await;
    answers(&house, &INDEXED, 200).await;
    tap.set_delay(HANGS);
    for route in INDEXED {
        let start = Instant::now();
        assert_eq!(house.get(sample(route)).await.status, 200);
        assert!(start.elapsed() < HANGS / 2, "{route} waits for the engine");
    }
    assert!(!tap.take().is_empty(), "the pointer was looked at");
    tap.set_delay(Duration::from_secs(1));
    let start = Instant::now();
    assert_eq!(house.get(sample("get-pokemon")).await.status, 200, "a read of a record waits for it");
    assert!(start.elapsed() >= Duration::from_secs(1));
}

#[tokio::test]
async fn without_an_index_there_is_no_list_until_the_engine_is_back() {
    let (house, tap) = tapped(Duration::from_secs(30)).await;
    tap.set_down(true);
    for (answer, route) in answers(&house, &INDEXED, 503).await.iter().zip(INDEXED) {
        assert_unavailable(answer, route);
    }
    answers(&house, &["get-health"], 200).await;
    tap.set_down(false);
    answers(&house, &INDEXED, 200).await;
}

/// Sends `count` requests at once; returns the statuses, and how long the last one took.
async fn burst(house: &Arc<House>, count: usize, path: &'static str) -> (Vec<u16>, Duration) {
    let started = Instant::now();
    let mut requests = JoinSet::new();
    for _ in 0..count {
        let house = Arc::clone(house);
        requests.spawn(async move { house.get(path).await.status.as_u16() });
    }
    (requests.join_all().await, started.elapsed())
}

#[tokio::test]
async fn a_burst_at_the_start_loads_the_index_once() {
    let (house, tap) = tapped(Duration::from_secs(30)).await;
    tap.set_delay(Duration::from_millis(100));
    let (statuses, _) = burst(&house, 50, sample("list-pokemon")).await;
    assert_eq!(statuses, [200; 50]);
    let keys: Vec<_> = tap.take().into_iter().map(|call| call.body["Key"]["pk"]["S"].clone()).collect();
    assert_eq!(keys.len(), 2, "{keys:?}");
    assert_eq!(keys[0], "INDEX", "the pointer");
    assert!(
        keys[1].as_str().is_some_and(|key| key.starts_with("INDEX#")),
        "then one copy of what it points to"
    );
}

#[tokio::test]
async fn a_burst_without_an_engine_does_not_queue_up() {
    let (house, tap) = tapped(Duration::from_secs(30)).await;
    tap.set_delay(HANGS);
    let (statuses, took) = burst(&house, 20, sample("list-types")).await;
    assert_eq!(statuses, [503; 20]);
    assert!(took < HANGS / 2, "the last was answered after {took:?}");
}

#[tokio::test]
async fn lists_make_no_calls_between_two_checks_of_the_pointer() {
    let (house, tap) = tapped(Duration::from_secs(3600)).await;
    answers(&house, &INDEXED, 200).await;
    let _ = tap.take();
    for _ in 0..5 {
        answers(&house, &INDEXED, 200).await;
        house.get("/api/v1/pokemon?search=char&sort=name&type=fire").await;
    }
    assert_eq!(tap.take().len(), 0);
}

#[tokio::test]
async fn a_burst_after_the_interval_checks_the_pointer_once() {
    let every = Duration::from_secs(2);
    let (house, tap) = tapped(every).await;
    answers(&house, &INDEXED, 200).await;
    tokio::time::sleep(every).await;
    let _ = (tap.take(), tap.take_units());
    let start = Instant::now();
    let (statuses, _) = burst(&house, 30, sample("list-generations")).await;
    assert_eq!(statuses, [200; 30]);
    answers(&house, &INDEXED, 200).await;
    // On a busy machine, the requests last longer than an interval.
    let intervals = start.elapsed().div_duration_f64(every) as usize;
    let calls = tap.take();
    assert!((1..=1 + intervals).contains(&calls.len()), "{intervals} intervals: {calls:?}");
    // An answer that comes too late is not read, and its unit not seen.
    let units = tap.take_units().read;
    assert!(units < 0.5 * calls.len() as f64 + 0.01, "half a read unit each: {units}");
    for call in calls {
        assert_eq!(call.operation, "GetItem");
        assert_eq!(
            call.body["Key"],
            json!({"pk": {"S": "INDEX"}, "sk": {"S": format!("POINTER#{}", DexIndex::FORMAT)}})
        );
    }
}
