//! The log line of each event contains X-Ray's trace id, which the Runtime API hands out with the event.

use std::{convert::Infallible, process::Stdio, sync::Arc, time::Duration};

use bytes::Bytes;
use http::{Method, Request, Response, StatusCode};
use http_body_util::Full;
use hyper::{body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::rt::TokioIo;
use serde_json::{Value, json};
use tests::{SeededEngine, sample_event};
use tokio::{
    io::{AsyncBufReadExt as _, BufReader},
    net::TcpListener,
    process::Command,
    sync::Semaphore,
    time::timeout,
};

use crate::local::Program;

const ROOT: &str = "1-5759e988-bd862e3fe1be46a994272793";

/// A Runtime API that hands out `event` once, with a trace id, and then keeps the function waiting; returns its
/// address.
async fn runtime_api(event: &Value) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let address = listener.local_addr().expect("an address").to_string();
    let (event, left) = (event.to_string(), Arc::new(Semaphore::new(1)));
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let (event, left) = (event.clone(), Arc::clone(&left));
            let service = service_fn(move |request: Request<Incoming>| {
                let (event, left) = (event.clone(), Arc::clone(&left));
                async move { Ok::<_, Infallible>(answer(request.method(), event, &left).await) }
            });
            tokio::spawn(http1::Builder::new().serve_connection(TokioIo::new(stream), service));
        }
    });
    address
}

async fn answer(method: &Method, event: String, left: &Semaphore) -> Response<Full<Bytes>> {
    let mut response = Response::builder();
    if method == Method::POST {
        return response.status(StatusCode::ACCEPTED).body(Full::default()).expect("a response");
    }
    left.acquire().await.expect("it is never closed").forget();
    for (name, value) in [
        ("lambda-runtime-aws-request-id", "8476a536-e9f4-11e8-9739-2dfe598c3fcd"),
        ("lambda-runtime-deadline-ms", "4102444800000"),
        ("lambda-runtime-invoked-function-arn", "arn:aws:lambda:local:123456789012:function:f"),
        ("lambda-runtime-trace-id", &format!("Root={ROOT};Parent=53995c3f42cd8ad8;Sampled=1")),
    ] {
        response = response.header(name, value);
    }
    response.body(Full::new(event.into())).expect("a response")
}

/// The line `message` of the function `name` for `event`.
async fn line(name: &str, event: &Value, message: &str) -> Value {
    let mut function = Command::new(Program::FUNCTIONS.path())
        .env_clear()
        .envs([
            (api::functions::HANDLER, name),
            ("AWS_LAMBDA_RUNTIME_API", runtime_api(event).await.as_str()),
            ("AWS_LAMBDA_FUNCTION_NAME", name),
            ("AWS_LAMBDA_FUNCTION_VERSION", "1"),
            ("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "512"),
            ("AWS_LAMBDA_FUNCTION_TIMEOUT", "60"),
            ("AWS_REGION", "local"),
            ("AWS_ACCESS_KEY_ID", "local"),
            ("AWS_SECRET_ACCESS_KEY", "local"),
            ("AWS_ENDPOINT_URL_DYNAMODB", &SeededEngine::get().url),
            ("CATALOG_TABLE", local::tables::CATALOG),
            ("APP_TABLE", "app"),
            ("EPHEMERAL_TABLE", "ephemeral"),
            ("AUDIT_TABLE", "audit"),
            ("SIGNING_KEYS", "file:keys.json"),
        ])
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .expect("the program starts");
    let mut lines = BufReader::new(function.stdout.take().expect("its output")).lines();
    let found = async {
        while let Some(text) = lines.next_line().await.expect("text") {
            let line: Value = serde_json::from_str(&text).unwrap_or_default();
            if line["msg"] == message {
                return line;
            }
        }
        panic!("{name} ended without {message:?}")
    };
    timeout(Duration::from_secs(60), found).await.unwrap_or_else(|_| panic!("{name} never said {message:?}"))
}

#[tokio::test]
async fn the_line_of_each_event_has_its_trace_id() {
    let mut request = sample_event("get-health");
    request["headers"]["x-amzn-trace-id"] = json!("Root=1-67891233-abcdef012345678912345678");
    let check = json!({"task": "check"});
    for (name, event, message) in [
        ("get-health", &request, "answered"),
        ("finish-deletions", &check, "ran"),
        ("rotate-signing-key", &check, "ran"),
        ("sync-pokeapi", &check, "synced"),
    ] {
        let line = line(name, event, message).await;
        assert_eq!(line["trace_id"], ROOT, "{name}: {line}");
    }
}

/// The log of the CDN has the client's address for the same id. A client that bypasses the CDN may send any text.
#[tokio::test]
async fn the_line_of_a_request_has_the_id_that_the_cdn_gave_it() {
    let mut request = sample_event("get-health");
    let id = "AAAA-BBBB_CCCC-DDDD_EEEE==";
    for (sent, logged) in [(id, json!(id)), ("a\"b", Value::Null), ("short", Value::Null)] {
        request["headers"]["x-amz-cf-id"] = json!(sent);
        assert_eq!(line("get-health", &request, "answered").await["cdn_request_id"], logged, "{sent}");
    }
}
