//! The functions' program, started and invoked as Lambda does it: behind AWS's Runtime Interface Emulator, which
//! `POKEDEX_RUNTIME_EMULATOR` names (`cargo xtask test` installs it). Without it, these tests start nothing.

mod disk;
mod emulated;
mod kills;
mod probe;
mod refusals;

use std::collections::BTreeSet;

use adapters::{aws::Endpoint, invoke::Function as Writer, store::Tables};
use api::routes::SPECS;
use door::route::DEFAULT;
use serde_json::{Value, json};
use tempfile::NamedTempFile;
use tests::{
    House, SampleUsers, SeededEngine, Tap, empty_store, engine_url, is_for_everybody, sample, sample_event,
};

use crate::{
    local::Program,
    stand_in::{StandIn, World},
    workshop::Home,
};
use emulated::{Function, X_RAY_ROOT, emulator};

fn reading(table: &str, engine: &str) -> Vec<(&'static str, String)> {
    serving(&Tables::beside(table), engine)
}

fn serving(tables: &Tables, engine: &str) -> Vec<(&'static str, String)> {
    vec![
        ("CATALOG_TABLE", tables.catalog.clone()),
        ("APP_TABLE", tables.app.clone()),
        ("EPHEMERAL_TABLE", tables.ephemeral.clone()),
        ("AUDIT_TABLE", tables.audit.clone()),
        ("ENVIRONMENT", "dev".to_owned()),
        ("AWS_ENDPOINT_URL_DYNAMODB", engine.to_owned()),
    ]
}

/// The URL at which `writer` is invoked.
fn url_of(writer: &Writer) -> String {
    let Endpoint::Url { url, .. } = &writer.endpoint else { panic!("it is called at a URL: {writer:?}") };
    url.clone()
}

/// A function on the seeded engine.
async fn start(name: &str, more: &[(&'static str, &str)]) -> Option<Function> {
    let mut variables = reading(local::tables::CATALOG, &SeededEngine::get().url);
    variables.extend(more.iter().map(|(name, value)| (*name, (*value).to_owned())));
    Function::start(name, &variables).await
}

#[tokio::test]
async fn every_function_answers_its_event_as_the_house_does() {
    if emulator().is_none() {
        return;
    }
    let house = House::seeded().await;
    let keys = NamedTempFile::new().expect("a file");
    std::fs::write(keys.path(), tests::ring().to_json().expect("JSON")).expect("the keys are written");
    let mut answered = BTreeSet::new();
    for spec in SPECS {
        // Each function has its own accounts: a change to them can be made only once.
        let users = Home::of(spec).await;
        let mut variables = serving(&users.tables, &users.url);
        variables.push(("SIGNING_KEYS", format!("file:{}", keys.path().display())));
        if let Some(writer) = &users.sync_function {
            variables.push(("SYNC_FUNCTION", writer.name.clone()));
            variables.push(("AWS_ENDPOINT_URL_LAMBDA", url_of(writer)));
        }
        // The keys of these tests are those of a local server.
        let issuer = users.config().door.issuer();
        assert_eq!(issuer, "pokedex-local");
        variables.retain(|(name, _)| *name != "ENVIRONMENT");
        variables.push(("ENVIRONMENT", if is_for_everybody(spec) { "dev" } else { "local" }.to_owned()));
        let function = Function::start(spec.name, &variables).await.expect("the emulator is there");
        let answer = function.invoke(&users.fill(&sample_event(spec.name))).await;
        let status = answer["statusCode"].as_u64().unwrap_or_default();
        let is_expected = if spec.path == DEFAULT { status == 404 } else { (200..=202).contains(&status) };
        assert!(is_expected, "{}: {answer}", spec.name);
        let body = answer["body"].as_str().expect("a body");
        assert_eq!(answer["isBase64Encoded"], spec.name == "export-account", "{}", spec.name);
        let body = if answer["isBase64Encoded"] == true { "null" } else { body };
        let body: Value = serde_json::from_str(body).expect("JSON");
        if is_for_everybody(spec) && !tests::OF_THE_MOMENT.contains(&spec.name) {
            assert_eq!(body, house.get(sample(spec.name)).await.json(), "{}", spec.name);
        }
        answered.insert(spec.name.to_owned());
        let lines = function.end().await;
        assert_nothing_secret(spec.name, &lines);
        if is_for_everybody(spec) {
            assert_request_line(spec.name, &lines, status as u16);
        }
    }
    assert_eq!(answered.len(), SPECS.len(), "the scheduled functions have tests of their own below");
}

/// Asserts that no line contains a password, token, key or address.
fn assert_nothing_secret(name: &str, lines: &[Value]) {
    let text = serde_json::to_string(lines).expect("JSON");
    for secret in tests::SECRETS {
        assert!(!text.contains(secret), "{name}: {secret:?} in {text}");
    }
}

/// Asserts that the request has one line, with all its fields, and metrics.
fn assert_request_line(name: &str, lines: &[Value], status: u16) {
    let answered: Vec<_> = lines.iter().filter(|line| line["msg"] == "answered").collect();
    assert_eq!(answered.len(), 1, "{name}: {lines:?}");
    let line = answered[0];
    for (field, value) in [
        ("level", json!("INFO")),
        ("service", json!("pokedex")),
        ("env", json!("dev")),
        ("version", json!(env!("CARGO_PKG_VERSION"))),
        ("route", json!(name)),
        ("method", json!("GET")),
        ("status", json!(status)),
        ("request_id", json!("JKJaXmPLvHcESHA")),
        ("cold_start", json!(true)),
        ("wcu", json!(0.0)),
        ("Requests", json!(1)),
        ("ServerErrors", json!(0)),
        ("ColdStarts", json!(1)),
    ] {
        assert_eq!(line[field], value, "{name}: {field} in {line}");
    }
    // This id is Lambda's own, which an emulator may not have; never the one of the event, which the client controls.
    assert!(line["trace_id"].is_null() || line["trace_id"] == X_RAY_ROOT, "{name}: {line}");
    assert!(
        line["timestamp"].is_string() && line["latency_ms"].is_f64() && line["rcu"].is_f64(),
        "{name}: {line}"
    );
    let code = if status == 404 { json!("not_found") } else { Value::Null };
    assert_eq!(line["error_code"], code, "{name}");
    let directive = &line["_aws"]["CloudWatchMetrics"][0];
    assert_eq!((&directive["Namespace"], &directive["Dimensions"]), (&json!("Pokedex"), &json!([["env"]])));
    for metric in directive["Metrics"].as_array().expect("metrics") {
        let metric = metric["Name"].as_str().expect("a name");
        assert!(line[metric].is_number(), "{name}: the metric {metric} has no value in {line}");
    }
}

#[tokio::test]
async fn a_quiet_log_loses_no_metric_and_an_odd_request_breaks_no_line() {
    let Some(function) = start("get-pokemon", &[("LOG_LEVEL", "error")]).await else { return };
    let mut event = sample_event("get-pokemon");
    event["headers"]["x-amzn-trace-id"] = json!("Root=1\n{\"level\":\"FINE\"}");
    event["requestContext"]["http"]["method"] = json!("GE\u{2028}T\n\u{1b}[31m");
    event["pathParameters"]["id"] = json!("\u{0}\n\"}{");
    let odd = function.invoke(&event).await;
    assert_eq!(odd["statusCode"], 400);
    function.invoke(&sample_event("get-pokemon")).await;
    for no_event in [json!(["2.0", "GET /"]), json!({"headers": 1}), json!(true), Value::Null] {
        let answer = function.invoke(&no_event).await;
        assert_eq!(answer["statusCode"], 400, "{no_event}: {answer}");
        let id = &answer["headers"]["x-request-id"];
        let lines = function.lines();
        assert_eq!(
            lines.last().map(|line| &line["request_id"]),
            Some(id),
            "{no_event}: it can be found in the log"
        );
    }
    let lines = function.end().await;
    let counted: Vec<_> =
        lines.iter().map(|line| (&line["msg"], &line["status"], &line["cold_start"])).collect();
    let answered = json!("answered");
    assert_eq!(
        counted,
        [
            (&answered, &json!(400), &json!(true)),
            (&answered, &json!(200), &json!(false)),
            (&answered, &json!(400), &json!(false)),
            (&answered, &json!(400), &json!(false)),
            (&answered, &json!(400), &json!(false)),
            (&answered, &json!(400), &json!(false)),
        ],
        "{lines:?}"
    );
    assert_eq!((&lines[0]["trace_id"], &lines[0]["ClientErrors"]), (&Value::Null, &json!(1)));
}

#[tokio::test]
async fn a_panic_is_an_answer_a_line_and_a_metric_and_the_process_lives_on() {
    let mut variables = reading(local::tables::CATALOG, &SeededEngine::get().url);
    variables.push(("LOG_LEVEL", "error".to_owned()));
    let function = Function::start_program(Program::PANICS, "get-health", &variables).await;
    let Some(function) = function else { return };
    for _ in 0..2 {
        let answer = function.invoke(&sample_event("get-health")).await;
        assert_eq!(answer["statusCode"], 500);
        assert_eq!(answer["headers"]["content-type"], "application/problem+json");
        assert!(!answer["body"].as_str().expect("a body").contains("4711"), "{answer}");
    }
    let lines = function.end().await;
    let messages: Vec<_> = lines.iter().map(|line| line["msg"].as_str().unwrap_or_default()).collect();
    assert_eq!(messages, ["panicked", "the request failed", "answered"].repeat(2));
    for (line, next) in lines.iter().zip(&lines[1..]).step_by(3) {
        assert_eq!((&line["level"], &line["request_id"]), (&json!("ERROR"), &next["request_id"]));
        assert_eq!(line["panic"], "the vault's code is 4711");
        assert!(line["place"].as_str().is_some_and(|place| place.contains("panics.rs:")), "{line}");
    }
    let counted: Vec<_> = lines.iter().filter(|line| line["msg"] == "answered").collect();
    for (line, cold) in counted.into_iter().zip([1, 0]) {
        assert_eq!(
            (&line["level"], &line["Panics"], &line["ServerErrors"], &line["ColdStarts"]),
            (&json!("ERROR"), &json!(1), &json!(1), &json!(cold)),
            "{line}"
        );
    }
}

#[tokio::test]
async fn a_list_loads_its_index_before_the_first_request_which_bears_the_cost() {
    let Some(function) = start("list-pokemon", &[]).await else { return };
    for _ in 0..2 {
        assert_eq!(function.invoke(&sample_event("list-pokemon")).await["statusCode"], 200);
    }
    let lines = function.end().await;
    let counted: Vec<_> = lines.iter().filter(|line| line["msg"] == "answered").collect();
    // The cost covers the pointer and one copy.
    assert_eq!((&counted[0]["calls"], &counted[1]["calls"]), (&json!(2), &json!(0)), "{lines:?}");
    assert!(counted[0]["rcu"].as_f64().is_some_and(|units| units > 1.0), "{lines:?}");
}

#[tokio::test]
async fn a_list_starts_without_its_index_and_loads_it_when_it_can() {
    let tap = Tap::on(&SeededEngine::get().url).await;
    tap.set_down(true);
    let variables = reading(local::tables::CATALOG, &tap.url);
    let Some(function) = Function::start("list-pokemon", &variables).await else { return };
    assert_eq!(function.invoke(&sample_event("list-pokemon")).await["statusCode"], 503);
    tap.set_down(false);
    assert_eq!(function.invoke(&sample_event("list-pokemon")).await["statusCode"], 200);
    let lines = function.end().await;
    assert_eq!(
        (&lines[0]["level"], &lines[0]["msg"]),
        (&json!("WARN"), &json!("started without the index")),
        "{lines:?}"
    );
}

#[tokio::test]
async fn an_engine_that_is_down_is_an_error_in_the_log_with_its_cause() {
    let nobody = "http://127.0.0.1:9";
    let variables = reading("table", nobody);
    let Some(function) = Function::start("get-pokemon", &variables).await else { return };
    assert_eq!(function.invoke(&sample_event("get-pokemon")).await["statusCode"], 503);
    let lines = function.end().await;
    let errors: Vec<_> = lines.iter().filter(|line| line["level"] == "ERROR").collect();
    assert_eq!(errors.len(), 2, "{lines:?}");
    assert!(
        errors[0]["cause"].as_str().is_some_and(|cause| cause.starts_with("DynamoDB GetItem: ")),
        "{errors:?}"
    );
    assert_eq!(errors[0]["request_id"], errors[1]["request_id"]);
    assert_eq!((&errors[1]["DependencyDown"], &errors[1]["error_code"]), (&json!(1), &json!("unavailable")));
}

#[tokio::test]
async fn a_sync_that_fails_is_an_error_of_the_function_and_is_counted() {
    let variables = reading("table", "http://127.0.0.1:9");
    let Some(function) = Function::start("sync-pokeapi", &variables).await else { return };
    let answer = function.invoke(&sample_event("sync-pokeapi")).await;
    assert!(
        answer["errorMessage"].as_str().is_some_and(|message| message.starts_with("DynamoDB")),
        "{answer}"
    );
    let lines = function.end().await;
    let synced: Vec<_> = lines.iter().filter(|line| line["msg"] == "synced").collect();
    assert_eq!(synced.len(), 1, "{lines:?}");
    assert_eq!(
        (&synced[0]["level"], &synced[0]["SyncErrors"], &synced[0]["error_code"]),
        (&json!("ERROR"), &json!(1), &json!("failed")),
        "{lines:?}"
    );
}

#[tokio::test]
async fn the_sync_fills_a_table_and_then_rests() {
    if emulator().is_none() {
        return;
    }
    let source = StandIn::start(World::small()).await;
    let store = empty_store().await;
    let mut variables = reading(store.table(), &engine_url());
    variables.push(("POKEAPI_BASE_URL", source.base_url()));
    variables.push(("SYNC_REQUESTS_PER_MINUTE", "0".to_owned()));
    let function = Function::start("sync-pokeapi", &variables).await.expect("the emulator is there");
    let first = function.invoke(&sample_event("sync-pokeapi")).await;
    assert_eq!(
        (&first["outcome"], &first["finished"]["tally"]["failed"]),
        (&json!("finished"), &json!(0)),
        "{first}"
    );
    assert_eq!(function.invoke(&sample_event("sync-pokeapi")).await["outcome"], "fresh");
    let lines = function.end().await;
    let synced: Vec<_> = lines.iter().filter(|line| line["msg"] == "synced").collect();
    assert_eq!(synced.len(), 2, "{lines:?}");
    assert_eq!((&synced[0]["SyncFinished"], &synced[1]["SyncFinished"]), (&json!(1), &json!(0)));
    assert!(synced[0]["SyncFetched"].as_u64().is_some_and(|fetched| fetched > 50), "{}", synced[0]);
    assert!(synced[0]["_aws"].is_object() && synced[0]["request_id"].is_string());
    assert!(synced[0]["wcu"].as_f64().is_some_and(|units| units > 10.0), "{}", synced[0]);
    assert_eq!((&synced[1]["wcu"], &synced[1]["cold_start"]), (&json!(0.0), &json!(false)));
    assert!(synced[0]["latency_ms"].is_f64() && synced[0]["error_code"].is_null(), "{}", synced[0]);
}

#[tokio::test]
async fn keys_are_made_once_and_left_alone_while_they_are_young() {
    if emulator().is_none() {
        return;
    }
    let users = SampleUsers::new().await;
    let folder = tempfile::tempdir().expect("a folder");
    let keys = folder.path().join("keys.json");
    let mut variables = serving(&users.tables, &users.url);
    variables.push(("SIGNING_KEYS", format!("file:{}", keys.display())));
    let function = Function::start("rotate-signing-key", &variables).await.expect("the emulator is there");
    let event = sample_event("rotate-signing-key");
    for outcome in ["made", "rested"] {
        assert_eq!(function.invoke(&event).await, json!({"outcome": outcome}));
    }
    let made = std::fs::read_to_string(&keys).expect("the keys");
    assert_eq!(function.invoke(&json!({"emergency": true})).await, json!({"outcome": "replaced"}));
    assert!(std::fs::read_to_string(&keys).expect("the keys") != made);
    let lines = function.end().await;
    let rotated: Vec<_> =
        lines.iter().filter(|line| line["msg"] == "ran").map(|line| &line["outcome"]["outcome"]).collect();
    assert_eq!(rotated, ["made", "rested", "replaced"]);
    assert!(lines.iter().all(|line| !line.to_string().contains("pkcs8")));
}

/// However slow the engine is, a function responds before Lambda ends it; and the requested change is made once.
#[tokio::test]
async fn a_function_answers_before_its_time_is_over() {
    if emulator().is_none() {
        return;
    }
    let users = SampleUsers::new().await;
    let tap = Tap::on(&users.url).await;
    let mut variables = serving(&users.tables, &tap.url);
    variables.retain(|(name, _)| *name != "ENVIRONMENT");
    variables.push(("AWS_LAMBDA_FUNCTION_TIMEOUT", "3".to_owned()));
    let function = Function::start("add-favorite", &variables).await.expect("the emulator is there");
    let mut event = users.fill(&sample_event("add-favorite"));
    event["headers"]["idempotency-key"] = json!("slow");
    // Each call is fast enough; all of them together are not.
    tap.set_delay(std::time::Duration::from_millis(900));
    let late = function.invoke(&event).await;
    assert_eq!((&late["statusCode"], &late["headers"]["retry-after"]), (&json!(503), &json!("2")), "{late}");
    tap.set_delay(std::time::Duration::ZERO);
    for _ in 0..2 {
        assert_eq!(function.invoke(&event).await["statusCode"], 201);
    }
    let recorded = users.trail(users.ash).await;
    assert_eq!(recorded.len(), 1, "{recorded:?}");
}

/// A sign-in takes the same time and costs the same, whether the account exists or not.
#[tokio::test]
async fn a_sign_in_to_an_unknown_account_costs_as_much_as_to_a_known_one() {
    if emulator().is_none() {
        return;
    }
    let users = SampleUsers::new().await;
    let keys = NamedTempFile::new().expect("a file");
    std::fs::write(keys.path(), tests::ring().to_json().expect("JSON")).expect("the keys are written");
    let mut variables = serving(&users.tables, &users.url);
    variables.push(("SIGNING_KEYS", format!("file:{}", keys.path().display())));
    variables.push(("LOG_LEVEL", "adapters=debug,api=info".to_owned()));
    let mut costs = Vec::new();
    for (name, from) in [("ash_ketchum", "192.0.2.1"), ("nobody_at_all", "192.0.2.2")] {
        let function = Function::start("login-user", &variables).await.expect("the emulator is there");
        let mut event = sample_event("login-user");
        // Each sign-in comes from a different address: a bucket that is not full takes one more call.
        event["requestContext"]["http"]["sourceIp"] = from.into();
        event["body"] = json!({"username": name, "password": "wrong"}).to_string().into();
        let answer = function.invoke(&event).await;
        assert_eq!(answer["statusCode"], 401, "{answer}");
        let lines = function.end().await;
        let verified = lines.iter().filter(|line| line["msg"] == "a password is verified").count();
        let answered = lines.iter().find(|line| line["msg"] == "answered").expect("a line");
        costs.push((verified, answered["calls"].clone(), answered["wcu"].clone()));
    }
    assert_eq!(costs[0].0, 1, "{costs:?}");
    assert_eq!(costs[0], costs[1]);
}
