//! A tap on an engine: a proxy that records every call and its cost, and can be made to fail.

use std::{
    convert::Infallible,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use bytes::Bytes;
use http::{Request, Response, StatusCode};
use http_body_util::{BodyExt as _, Full};
use hyper::body::Incoming;
use hyper_util::{
    client::legacy::{Client, connect::HttpConnector},
    rt::{TokioExecutor, TokioIo},
};
use serde_json::Value;
use tokio::net::TcpListener;

/// One call to an engine.
#[derive(Clone, Debug)]
pub struct Call {
    /// `GetItem`, `Query`, …
    pub operation: String,
    pub body: Value,
}

/// Consumed capacity.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Units {
    /// Read capacity units.
    pub read: f64,
    /// Write capacity units.
    pub written: f64,
}

/// A proxy in front of an engine. It ends with the test's runtime.
#[derive(Clone, Debug)]
pub struct Tap {
    pub url: String,
    calls: Arc<Mutex<Vec<Call>>>,
    units: Arc<Mutex<Units>>,
    down: Arc<AtomicBool>,
    delay: Arc<Mutex<Duration>>,
    /// The number of transactions that will be cancelled, and the reason.
    cancel: Arc<Mutex<(usize, &'static str)>>,
    /// The number of calls that will still be passed on, if it is limited.
    left: Arc<Mutex<Option<usize>>>,
    /// The number of transactions that will be executed without an answer.
    lose: Arc<Mutex<usize>>,
}

impl Tap {
    /// Starts a tap in front of the engine at `engine`.
    ///
    /// # Panics
    /// If no port is free.
    pub async fn on(engine: &str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let tap = Self {
            url: format!("http://{}", listener.local_addr().expect("an address")),
            calls: Arc::default(),
            units: Arc::default(),
            down: Arc::default(),
            delay: Arc::default(),
            cancel: Arc::default(),
            left: Arc::default(),
            lose: Arc::default(),
        };
        let client = Client::builder(TokioExecutor::new()).build_http();
        let (connection_tap, engine) = (tap.clone(), engine.to_owned());
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (tap, client, engine) = (connection_tap.clone(), client.clone(), engine.clone());
                let service = hyper::service::service_fn(move |request| {
                    let (tap, client, engine) = (tap.clone(), client.clone(), engine.clone());
                    async move { Ok::<_, Infallible>(tap.pass(&client, &engine, request).await) }
                });
                tokio::spawn(async move {
                    // A client that disconnects does not matter to the tap.
                    let _ = hyper::server::conn::http1::Builder::new()
                        .serve_connection(TokioIo::new(stream), service)
                        .await;
                });
            }
        });
        tap
    }

    async fn pass(
        &self,
        client: &Client<HttpConnector, Full<Bytes>>,
        engine: &str,
        request: Request<Incoming>,
    ) -> Response<Full<Bytes>> {
        let (mut parts, body) = request.into_parts();
        let body = body.collect().await.map(|body| body.to_bytes()).unwrap_or_default();
        let target =
            parts.headers.get("x-amz-target").and_then(|target| target.to_str().ok()).unwrap_or_default();
        let operation = target.rsplit('.').next().unwrap_or_default().to_owned();
        let is_transaction = operation == "TransactWriteItems";
        let reads = ["GetItem", "BatchGetItem", "Query", "Scan"].contains(&operation.as_str());
        lock(&self.calls).push(Call { operation, body: serde_json::from_slice(&body).unwrap_or_default() });
        let delay = *lock(&self.delay);
        tokio::time::sleep(delay).await;
        if self.down.load(Ordering::Relaxed) || !self.passes_on() {
            return status(StatusCode::SERVICE_UNAVAILABLE);
        }
        if is_transaction && let Some(reason) = self.next_cancellation() {
            return cancelled(reason);
        }
        parts.uri = engine.parse().expect("the engine's address");
        match client.request(Request::from_parts(parts, Full::new(body))).await {
            Err(_) => status(StatusCode::BAD_GATEWAY),
            Ok(_) if is_transaction && self.loses_answer() => status(StatusCode::SERVICE_UNAVAILABLE),
            Ok(response) => {
                let (parts, body) = response.into_parts();
                let body = body.collect().await.map(|body| body.to_bytes()).unwrap_or_default();
                let units = units(&serde_json::from_slice(&body).unwrap_or_default());
                let mut all = lock(&self.units);
                *(if reads { &mut all.read } else { &mut all.written }) += units;
                drop(all);
                Response::from_parts(parts, Full::new(body))
            }
        }
    }

    /// Takes the calls since the last `take`.
    #[must_use]
    pub fn take(&self) -> Vec<Call> {
        std::mem::take(&mut lock(&self.calls))
    }

    /// Takes the consumed capacity in the engine's responses since the last `take_units`.
    #[must_use]
    pub fn take_units(&self) -> Units {
        std::mem::take(&mut lock(&self.units))
    }

    /// From now on, every call is answered 503, or passed on again.
    pub fn set_down(&self, down: bool) {
        self.down.store(down, Ordering::Relaxed);
    }

    /// Cancels the next `count` transactions as DynamoDB does, for `reason`; no engine here does so by itself.
    pub fn cancel_transactions(&self, count: usize, reason: &'static str) {
        *lock(&self.cancel) = (count, reason);
    }

    fn next_cancellation(&self) -> Option<&'static str> {
        let mut cancel = lock(&self.cancel);
        cancel.0 = cancel.0.checked_sub(1)?;
        Some(cancel.1)
    }

    /// Passes on `calls` more calls; every later one is answered 503, as if the caller had died.
    pub fn stop_after(&self, calls: usize) {
        *lock(&self.left) = Some(calls);
    }

    fn passes_on(&self) -> bool {
        match &mut *lock(&self.left) {
            None => true,
            Some(0) => false,
            Some(left) => {
                *left -= 1;
                true
            }
        }
    }

    /// Executes the next `count` transactions, and answers 503 as if the response had been lost.
    pub fn lose_answers(&self, count: usize) {
        *lock(&self.lose) = count;
    }

    fn loses_answer(&self) -> bool {
        let mut lose = lock(&self.lose);
        let loses = *lose > 0;
        *lose = lose.saturating_sub(1);
        loses
    }

    /// From now on, every call is delayed by this time.
    pub fn set_delay(&self, delay: Duration) {
        *lock(&self.delay) = delay;
    }
}

/// The capacity of one table is an object, that of a batch or a transaction a list of objects.
fn units(answer: &Value) -> f64 {
    let consumed = &answer["ConsumedCapacity"];
    let all = consumed.as_array().map_or(std::slice::from_ref(consumed), Vec::as_slice);
    all.iter().filter_map(|one| one["CapacityUnits"].as_f64()).sum()
}

fn cancelled(reason: &str) -> Response<Full<Bytes>> {
    let body = serde_json::json!({
        "__type": "com.amazonaws.dynamodb.v20120810#TransactionCanceledException",
        "Message": format!("Transaction cancelled, please refer cancellation reasons for specific reasons [{reason}]"),
        "CancellationReasons": [{"Code": "None"}, {"Code": reason, "Message": reason}],
    });
    let mut response = Response::new(Full::new(Bytes::from(body.to_string())));
    *response.status_mut() = StatusCode::BAD_REQUEST;
    response
        .headers_mut()
        .insert("content-type", http::HeaderValue::from_static("application/x-amz-json-1.0"));
    response
}

fn status(status: StatusCode) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::new(Bytes::new()));
    *response.status_mut() = status;
    response
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
