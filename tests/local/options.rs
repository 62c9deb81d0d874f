//! `--memory`, `--engines-only`, `--dynamodb` and their combinations.

use std::{convert::Infallible, time::Duration};

use adapters::{
    aws::{self, Endpoint},
    invoke::Function,
    store::{CatalogStore, Meter, Tables},
};
use bytes::Bytes;
use domain::Slug;
use http::{Request, Response};
use http_body_util::Full;
use hyper::{body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::rt::TokioIo;
use serde_json::json;
use tempfile::TempDir;
use tests::SeededEngine;
use tokio::net::TcpListener;

use super::{
    catalogue::filled,
    process::{Process, get, served},
};

#[tokio::test]
async fn memory_serves_everything_and_leaves_nothing() {
    let folder = TempDir::new().unwrap();
    let mut process = Process::in_folder(folder.path(), &["--memory", "--port", "0"]);
    let base = process.ready().await;
    assert_eq!(served(&base).await, 1351);
    assert_eq!(get(&base, "/api/v1/pokemon/mimikyu").await.json()["id"], 778);
    process.interrupt().await;
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0, "where it was started");
}

#[tokio::test]
async fn engines_only_prints_what_a_function_needs_and_the_engine_answers_the_sdk() {
    let folder = filled().await;
    let mut process = Process::on(folder.path(), &["--engines-only"]);
    let url = process.ready().await;
    let variables = process.variables().await;
    assert_eq!(variables.get("AWS_ENDPOINT_URL_DYNAMODB"), Some(&url));
    for name in ["AWS_REGION", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "CATALOG_TABLE", "SYNC_FUNCTION"]
    {
        assert!(variables.get(name).is_some_and(|value| !value.is_empty()), "{name} in {variables:?}");
    }
    api::Config::read(|name| variables.get(name).cloned()).expect("variables that a function starts with");
    let access_key_id = variables["AWS_ACCESS_KEY_ID"].clone();
    let client = aws::at_with(&url, &access_key_id);
    let store = CatalogStore::new(client, &Tables::beside(&variables["CATALOG_TABLE"]));
    let pikachu = store.pokemon(&Meter::default(), &Slug::parse("pikachu").unwrap()).await.unwrap();
    assert!(pikachu.is_some());
    assert_ne!(get(&url, "/api/v1/health").await.status, 200, "no routes are served");
    let writer = Function {
        name: variables["SYNC_FUNCTION"].clone(),
        endpoint: Endpoint::Url { url: variables["AWS_ENDPOINT_URL_LAMBDA"].clone(), access_key_id },
    };
    let patience = Duration::from_secs(30);
    let answer = writer.connect().ask(br#"{"task":"publish"}"#.to_vec(), patience).await.unwrap();
    assert!(String::from_utf8_lossy(&answer).contains("published"), "{answer:?}");
    process.interrupt().await;
}

#[tokio::test]
async fn limits_can_be_off_for_load_and_compatibility() {
    for (limits, refused) in [(&["--rate-limits", "off"][..], 0), (&[], 3)] {
        let folder = filled().await;
        let mut process = Process::on(folder.path(), limits);
        let house = tests::House::already_at(&process.ready().await);
        let body = json!({"username": "nobody", "password": "wrong"});
        let mut statuses = Vec::new();
        for _ in 0..8 {
            let answer = house.call(http::Method::POST, "/api/v1/auth/login", None, Some(&body)).await;
            statuses.push(answer.status.as_u16());
        }
        assert_eq!(statuses.iter().filter(|status| **status == 429).count(), refused, "{statuses:?}");
        assert_eq!(statuses[0], 401);
        process.interrupt().await;
    }
}

#[tokio::test]
async fn a_running_engine_is_used_and_outlives_the_program() {
    let engine = &SeededEngine::get().url;
    let folder = TempDir::new().unwrap();
    let mut process = Process::in_folder(folder.path(), &["--dynamodb", engine, "--port", "0"]);
    let base = process.ready().await;
    assert_eq!(served(&base).await, 1351);
    assert_eq!(get(&base, "/api/v1/types/fairy").await.json()["id"], 18);
    let ended = process.interrupt().await;
    assert_eq!(ended.err, [] as [&str; 0], "it was filled already");
    assert_eq!(tests::House::seeded().await.get("/api/v1/pokemon/25").await.status, 200);
    let left: Vec<_> = std::fs::read_dir(folder.path().join(".pokedex")).unwrap().collect();
    assert_eq!(left.len(), 1, "the signing keys, and no data: {left:?}");
}

#[tokio::test]
async fn a_missing_engine_is_reported_in_one_plain_sentence() {
    let process = Process::start(&["--dynamodb", "http://127.0.0.1:1", "--port", "0"]);
    let ended = process.end().await;
    ended.assert_refused("DynamoDB at http://127.0.0.1:1 cannot be used");
    assert!(ended.err[0].to_lowercase().contains("refused"), "{ended:?}");
    for inside in ["DispatchFailure", "ConnectorError", "{"] {
        assert!(!ended.err[0].contains(inside), "{inside} in {ended:?}");
    }
}

#[tokio::test]
async fn conflicting_options_are_refused() {
    for arguments in [
        &["--memory", "--data", "x"][..],
        &["--memory", "--dynamodb", "http://127.0.0.1:1"],
        &["--dynamodb", "http://127.0.0.1:1", "--engines-only"],
        &["--dashboard", "--engines-only"],
        &["--port", "70000"],
        &["--port", "http"],
        &["--sync-rate", "-1"],
        &["--pokeapi", "pokeapi"],
        &["--pokeapi", "ftp://pokeapi.example"],
        &["--dynamodb", "localhost:8000"],
        &["--unknown"],
        &["extra"],
    ] {
        let ended = Process::start(arguments).end().await;
        assert_eq!(ended.status.code(), Some(2), "{arguments:?}: {ended:?}");
        assert!(!ended.err.is_empty() && ended.out.is_empty(), "{arguments:?}: {ended:?}");
    }
}

#[tokio::test]
async fn help_and_version_need_no_data() {
    let help = Process::start(&["--help"]).end().await;
    assert_eq!(help.status.code(), Some(0));
    let text = help.out.join("\n");
    for option in
        ["--port", "--data", "--memory", "--sync", "--pokeapi", "--dynamodb", "--dashboard", "--engines-only"]
    {
        assert!(text.contains(option), "{option} in {text}");
    }
    let version = Process::start(&["--version"]).end().await;
    assert_eq!(version.out, [format!("local {}", env!("CARGO_PKG_VERSION"))]);
}

#[tokio::test]
async fn an_administrator_is_granted_locally_and_on_aws_and_by_no_route() {
    let folder = TempDir::new().unwrap();
    let arguments = ["--port", "0", "--data", "data"];
    let mut process = Process::in_folder(folder.path(), &arguments);
    let house = tests::House::already_at(&process.ready().await);
    let body = json!({"username": "oak", "email": "oak@example.com", "password": tests::PASSWORD});
    let registered = house.call(http::Method::POST, "/api/v1/auth/register", None, Some(&body)).await.json();
    process.interrupt().await;
    let grant = async |name: &str| {
        let arguments = ["--data", "data", "admin", "grant", name];
        Process::in_folder(folder.path(), &arguments).end().await
    };
    assert_eq!(grant("OAK").await.out, ["oak is an administrator now"]);
    assert_eq!(grant("oak").await.out, ["oak is an administrator already"]);
    grant("nobody").await.assert_refused("there is no user \"nobody\"");
    let mut process = Process::in_folder(folder.path(), &arguments);
    let house = tests::House::already_at(&process.ready().await);
    let token = registered["access_token"].as_str().unwrap();
    assert_eq!(house.call(http::Method::GET, "/api/v1/users", Some(token), None).await.status, 200);
    process.interrupt().await;

    // On AWS, the command uses the tables with which the functions serve: a restored one has another name.
    let tables =
        Tables { app: "pokedex-dev-app-restored".to_owned(), ..Tables::beside("pokedex-dev-catalog") };
    let url = &SeededEngine::get().url;
    tests::make_accounts(url, &tables).await;
    let lambda = configured_lambda("pokedex-dev-list-users", &tables).await;
    let mut command = std::process::Command::new(super::Program::LOCAL.path());
    command.args(["admin", "grant", "oak", "--aws", "dev"]).env_clear().envs([
        ("AWS_REGION", "local"),
        ("AWS_ACCESS_KEY_ID", "local"),
        ("AWS_SECRET_ACCESS_KEY", "local"),
        ("AWS_ENDPOINT_URL_DYNAMODB", url),
        ("AWS_ENDPOINT_URL_LAMBDA", &lambda),
    ]);
    let output = tokio::task::spawn_blocking(move || command.output().unwrap()).await.unwrap();
    assert!(String::from_utf8_lossy(&output.stderr).contains("there is no user \"oak\""), "{output:?}");
}

/// The part of Lambda that returns the configuration of `function`, which serves with `tables`; returns its address.
async fn configured_lambda(function: &'static str, tables: &Tables) -> String {
    let variables = json!({
        "CATALOG_TABLE": tables.catalog, "APP_TABLE": tables.app,
        "EPHEMERAL_TABLE": tables.ephemeral, "AUDIT_TABLE": tables.audit,
    });
    let configuration =
        json!({"FunctionName": function, "Environment": {"Variables": variables}}).to_string();
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let address = listener.local_addr().expect("an address");
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let configuration = configuration.clone();
            let service = service_fn(move |request: Request<Incoming>| {
                let path = format!("/2015-03-31/functions/{function}%3Alive/configuration");
                assert_eq!(request.uri().path(), path);
                let response = Response::new(Full::new(Bytes::from(configuration.clone())));
                async move { Ok::<_, Infallible>(response) }
            });
            tokio::spawn(http1::Builder::new().serve_connection(TokioIo::new(stream), service));
        }
    });
    format!("http://{address}")
}
