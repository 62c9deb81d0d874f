//! `GET /api/v1/health` and `GET /api/v1/health/ready`

use std::time::{Duration, Instant};

use adapters::{
    now,
    store::{INDEX_COPIES, Key, Tables},
};
use api::Config;
use aws_sdk_dynamodb::types::AttributeValue;
use domain::{Timestamp, facts::Facts};
use local::tables::CATALOG;
use mirror::{MirrorRun, MirrorState, Tally};
use serde_json::{Value, json};
use tests::{
    House, SeededEngine, Tap, empty_store, engine_url, make_accounts, problem, publish_facts, put_raw,
};

#[tokio::test]
async fn liveness_is_ok_and_makes_no_calls() {
    let tap = Tap::on(&SeededEngine::get().url).await;
    let house = House::at(&tap.url, Config::new(CATALOG)).await;
    let answer = house.get("/api/v1/health").await;
    assert_eq!((answer.status.as_u16(), answer.json()), (200, json!({"status": "ok"})));
    assert_eq!(answer.header("content-type"), Some("application/json"));
    assert!(tap.take().is_empty());
    let without_engine = House::at("http://127.0.0.1:1", Config::new("nowhere")).await;
    assert_eq!(without_engine.get("/api/v1/health").await.status, 200);
}

#[tokio::test]
async fn a_filled_catalogue_is_ready() {
    let house = House::seeded().await;
    let answer = house.get("/api/v1/health/ready").await;
    assert_eq!(answer.status, 200, "{}", answer.json());
    let ready = answer.json();
    assert_eq!(ready["status"], "ok");
    assert_eq!(ready["catalog"]["indexed_at"], "2026-08-01T00:00:00Z");
    assert_eq!(ready["catalog"]["index"].as_str().map(str::len), Some(18));
    assert_eq!(
        ready["sync"],
        json!({"last_finished_at": null, "age_seconds": null, "failed": 0, "held": []})
    );
    assert_eq!(ready["tables"], json!({"catalog": "ok", "app": "ok", "ephemeral": "ok", "audit": "ok"}));
    assert_eq!(ready["keys"], json!({"public": tests::ring().jwks().keys.len()}));
    assert_eq!(ready["assets"], Value::Null, "nothing is mirrored");
}

#[tokio::test]
async fn an_empty_catalogue_is_not_ready() {
    let store = empty_store().await;
    make_accounts(&engine_url(), &Tables::beside(store.table())).await;
    let house = House::at(&engine_url(), Config::new(store.table())).await;
    let answer = house.get("/api/v1/health/ready").await;
    assert_eq!(answer.status, 503);
    assert_eq!(answer.header("retry-after"), Some("2"));
    let problem = problem(&answer, "readiness");
    assert_eq!(problem["code"], "not_ready");
    assert_eq!(problem["errors"], json!([{"field": "catalog", "message": "is empty"}]));
}

/// A house whose catalogue, without any Pokémon, was published at `at`.
async fn published(at: Timestamp, max_age: Duration) -> House {
    let store = empty_store().await;
    publish_facts(&store, &Facts::default(), at).await;
    make_accounts(&engine_url(), &Tables::beside(store.table())).await;
    let mut config = Config::new(store.table());
    config.sync_max_age = Some(max_age);
    House::at(&engine_url(), config).await
}

#[tokio::test]
async fn a_catalogue_that_is_too_old_is_not_ready_and_names_the_sync() {
    let an_hour_and_a_half_ago = Timestamp::from_unix(now().unix() - 5400);
    let strict = published(an_hour_and_a_half_ago, Duration::from_secs(3600)).await;
    let answer = strict.get("/api/v1/health/ready").await;
    assert_eq!(answer.status, 503);
    let problem = problem(&answer, "readiness");
    assert_eq!(problem["errors"][0]["field"], "sync");
    assert!(problem["detail"].as_str().is_some_and(|detail| detail.contains("1 hours old")), "{problem}");

    let ahead =
        published(now().plus(86_400), Duration::from_secs(3600)).await.get("/api/v1/health/ready").await;
    assert_eq!(ahead.status, 503, "a clock that ran ahead does not make it fresh");

    let patient = published(an_hour_and_a_half_ago, Duration::from_secs(7200)).await;
    assert_eq!(patient.get("/api/v1/health/ready").await.status, 200);
}

#[tokio::test]
async fn a_catalogue_without_its_index_is_not_ready() {
    let store = empty_store().await;
    let version = publish_facts(&store, &Facts::default(), now()).await.index;
    make_accounts(&engine_url(), &Tables::beside(store.table())).await;
    let ready = || async {
        let house = House::at(&engine_url(), Config::new(store.table())).await;
        house.get("/api/v1/health/ready").await
    };
    assert_eq!(ready().await.status, 200);
    for copy in 0..INDEX_COPIES {
        put_raw(&store, &Key::index_copy(&version, copy), &[]).await;
    }
    let answer = ready().await;
    assert_eq!(answer.status, 503);
    let expected = json!([{"field": "catalog", "message": "has no readable index"}]);
    assert_eq!(problem(&answer, "readiness")["errors"], expected);
}

/// The names of the failing checks of a product with these tables, in their order.
async fn culprits(tables: &Tables) -> Vec<String> {
    let mut config = Config::new(&tables.catalog);
    config.door.tables = tables.clone();
    let house = House::at(&engine_url(), config).await;
    let answer = house.get("/api/v1/health/ready").await;
    if answer.status == 200 {
        return Vec::new();
    }
    let problem = problem(&answer, "readiness");
    let errors = problem["errors"].as_array().expect("errors").iter();
    errors.map(|error| error["field"].as_str().expect("a name").to_owned()).collect()
}

#[tokio::test]
async fn a_table_that_does_not_respond_is_named_and_no_other_one() {
    let store = empty_store().await;
    publish_facts(&store, &Facts::default(), now()).await;
    let tables = Tables::beside(store.table());
    make_accounts(&engine_url(), &tables).await;
    assert_eq!(culprits(&tables).await, [] as [&str; 0]);
    let nowhere = || "nowhere".to_owned();
    for (tables, names) in [
        (Tables { catalog: nowhere(), ..tables.clone() }, ["catalog"].as_slice()),
        (Tables { app: nowhere(), ..tables.clone() }, &["app"]),
        (Tables { ephemeral: nowhere(), ..tables.clone() }, &["ephemeral"]),
        (Tables { audit: nowhere(), ..tables.clone() }, &["audit"]),
        (Tables { ephemeral: nowhere(), audit: nowhere(), ..tables.clone() }, &["ephemeral", "audit"]),
    ] {
        assert_eq!(culprits(&tables).await, names);
    }
}

#[tokio::test]
async fn an_environment_without_keys_is_not_ready() {
    let store = empty_store().await;
    publish_facts(&store, &Facts::default(), now()).await;
    let tables = Tables::beside(store.table());
    // The table of accounts exists, because it has the overrides as well.
    assert_eq!(culprits(&tables).await, ["keys", "ephemeral", "audit"]);
    local::tables::create_accounts(&adapters::aws::at(&engine_url()), &tables).await.unwrap();
    assert_eq!(culprits(&tables).await, ["keys"]);
}

#[tokio::test]
async fn the_age_of_mirrored_pictures_is_reported_and_makes_nothing_unready() {
    let store = empty_store().await;
    publish_facts(&store, &Facts::default(), now()).await;
    make_accounts(&engine_url(), &Tables::beside(store.table())).await;
    let ended_at = Timestamp::from_unix(now().unix() - 90 * 24 * 3600);
    let tally = Tally { stored: 7, failed: 2, ..Tally::default() };
    let (source, version) = ("https://pictures.example".to_owned(), 1);
    let last = MirrorRun { started_at: ended_at, ended_at, is_complete: false, source, version, tally };
    let state = MirrorState { last: Some(last), ..MirrorState::default() };
    let body = AttributeValue::S(serde_json::to_string(&state).expect("JSON"));
    put_raw(&store, &Key::mirror_state(), &[("body", body)]).await;
    let house = House::at(&engine_url(), Config::new(store.table())).await;
    let answer = house.get("/api/v1/health/ready").await;
    assert_eq!(answer.status, 200, "{}", answer.json());
    let assets = &answer.json()["assets"];
    assert_eq!((&assets["last_finished_at"], &assets["failed"]), (&json!(ended_at), &json!(2)));
    assert_eq!(assets["is_complete"], false);
    let age = assets["age_seconds"].as_i64().expect("an age");
    assert!((90 * 24 * 3600..90 * 24 * 3600 + 60).contains(&age), "{age}");
}

#[tokio::test]
async fn an_engine_that_hangs_is_named_without_waiting_for_it() {
    let tap = Tap::on(&SeededEngine::get().url).await;
    tap.set_delay(Duration::from_secs(60));
    let house = House::at(&tap.url, Config::new(CATALOG)).await;
    let start = Instant::now();
    let answer = house.get("/api/v1/health/ready").await;
    let took = start.elapsed();
    assert_eq!(answer.status, 503);
    let problem = problem(&answer, "readiness");
    let named: Vec<_> =
        problem["errors"].as_array().expect("errors").iter().map(|one| &one["field"]).collect();
    assert_eq!(named, ["catalog", "app", "ephemeral", "audit"], "each of them hangs");
    // Each check has two seconds: one after the other, they would take eight, and the engine itself sixty.
    assert!(took < Duration::from_secs(7), "it took {took:?}");
    let health: Value = house.get("/api/v1/health").await.json();
    assert_eq!(health["status"], "ok");
}
