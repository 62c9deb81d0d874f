//! A proxy in front of an engine that fails a share of the calls, in every way in which DynamoDB and networks fail.

use std::{
    collections::{HashMap, HashSet},
    io,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use bytes::Bytes;
use http::{Request, Response, StatusCode};
use http_body_util::{BodyExt as _, Full};
use hyper::{body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::{
    client::legacy::{Client, connect::HttpConnector},
    rt::{TokioExecutor, TokioIo},
};
use serde_json::{Value, json};
use tokio::net::TcpListener;

/// The ways in which a call fails.
#[derive(Clone, Copy, Debug)]
enum Fault {
    Delay,
    /// The call never arrives.
    Drop,
    /// The engine executes the call, and the response is lost.
    Cut,
    Throttle,
    /// Another transaction is using the same items.
    Conflict,
    Internal,
}

const FAULTS: [Fault; 6] =
    [Fault::Delay, Fault::Drop, Fault::Cut, Fault::Throttle, Fault::Conflict, Fault::Internal];

/// The calls that fail.
#[derive(Clone, Copy, Debug)]
enum Mode {
    /// This percentage of calls, in every way.
    Percent(u32),
    /// Writes of items that a transaction in flight holds, as in DynamoDB. The embedded engine runs one transaction after the other.
    Conflicts,
}

/// The minimum time for which a transaction holds its items.
const IN_FLIGHT: Duration = Duration::from_millis(5);

/// A proxy that injects faults.
pub struct Faults {
    pub url: String,
    shared: Arc<Shared>,
}

struct Shared {
    engine: String,
    client: Client<HttpConnector, Full<Bytes>>,
    mode: Mode,
    seed: Mutex<u64>,
    /// The keys of the transactions in flight.
    held: Mutex<HashSet<String>>,
    conflicts: AtomicUsize,
    /// Number of attempts by the token of the transaction.
    attempts: Mutex<HashMap<String, usize>>,
}

impl Faults {
    /// Fails `percent` in a hundred calls to the engine at `engine`; the same ones in each run.
    pub async fn before(engine: &str, percent: u32) -> Self {
        Self::start(engine, Mode::Percent(percent)).await
    }

    /// Cancels each transaction that shares a key with another one in flight, and refuses single writes of such a key.
    pub async fn conflicting(engine: &str) -> Self {
        Self::start(engine, Mode::Conflicts).await
    }

    async fn start(engine: &str, mode: Mode) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let url = format!("http://{}", listener.local_addr().expect("an address"));
        let shared = Arc::new(Shared {
            engine: engine.to_owned(),
            client: Client::builder(TokioExecutor::new()).build_http(),
            mode,
            seed: Mutex::new(0x5eed),
            held: Mutex::default(),
            conflicts: AtomicUsize::new(0),
            attempts: Mutex::default(),
        });
        let state = Arc::clone(&shared);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let shared = Arc::clone(&state);
                let service = service_fn(move |request| {
                    let shared = Arc::clone(&shared);
                    async move { shared.pass(request).await }
                });
                tokio::spawn(async move {
                    // A dropped call returns an error, which ends its connection.
                    let _ = http1::Builder::new().serve_connection(TokioIo::new(stream), service).await;
                });
            }
        });
        Self { url, shared }
    }

    /// The largest number of attempts of any one transaction.
    #[must_use]
    pub fn most_attempts(&self) -> usize {
        lock(&self.shared.attempts).values().copied().max().unwrap_or_default()
    }

    /// The number of writes that were refused because of a transaction in flight.
    #[must_use]
    pub fn conflicts(&self) -> usize {
        self.shared.conflicts.load(Ordering::Relaxed)
    }
}

impl Shared {
    fn chance(&self, below: u32) -> u32 {
        let mut seed = lock(&self.seed);
        *seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        ((*seed >> 33) % u64::from(below)) as u32
    }

    async fn pass(&self, request: Request<Incoming>) -> io::Result<Response<Full<Bytes>>> {
        let (parts, body) = request.into_parts();
        let body = body.collect().await.map(|body| body.to_bytes()).unwrap_or_default();
        let content: Value = serde_json::from_slice(&body).unwrap_or_default();
        if let Some(token) = content["ClientRequestToken"].as_str() {
            *lock(&self.attempts).entry(token.to_owned()).or_default() += 1;
        }
        let percent = match self.mode {
            Mode::Percent(percent) => percent,
            Mode::Conflicts => return self.pass_unless_held(parts, body, &content).await,
        };
        let fault = FAULTS[self.chance(FAULTS.len() as u32) as usize];
        if self.chance(100) >= percent {
            return self.forward(parts, body).await;
        }
        let is_transaction = content.get("TransactItems").is_some();
        match fault {
            Fault::Delay => {
                tokio::time::sleep(Duration::from_millis(200)).await;
                self.forward(parts, body).await
            }
            Fault::Cut => {
                self.forward(parts, body).await?;
                Err(io::ErrorKind::ConnectionReset.into())
            }
            Fault::Throttle => {
                Ok(refused(StatusCode::BAD_REQUEST, "ProvisionedThroughputExceededException", json!({})))
            }
            Fault::Conflict if is_transaction => Ok(refused(
                StatusCode::BAD_REQUEST,
                "TransactionCanceledException",
                json!({"CancellationReasons": [{"Code": "None"}, {"Code": "TransactionConflict"}]}),
            )),
            Fault::Internal => {
                Ok(refused(StatusCode::INTERNAL_SERVER_ERROR, "InternalServerError", json!({})))
            }
            Fault::Drop | Fault::Conflict => Err(io::ErrorKind::ConnectionReset.into()),
        }
    }

    async fn pass_unless_held(
        &self,
        parts: http::request::Parts,
        body: Bytes,
        content: &Value,
    ) -> io::Result<Response<Full<Bytes>>> {
        let Some(items) = content["TransactItems"].as_array() else {
            let is_write = is_write(&parts);
            if is_write && key_of(content).is_some_and(|key| lock(&self.held).contains(&key)) {
                self.conflicts.fetch_add(1, Ordering::Relaxed);
                return Ok(refused(StatusCode::BAD_REQUEST, "TransactionConflictException", json!({})));
            }
            return self.forward(parts, body).await;
        };
        let keys: Vec<_> =
            items.iter().filter_map(|item| item.as_object()?.values().next().and_then(key_of)).collect();
        if let Some(reasons) = self.hold(&keys) {
            self.conflicts.fetch_add(1, Ordering::Relaxed);
            let reasons = json!({ "CancellationReasons": reasons });
            return Ok(refused(StatusCode::BAD_REQUEST, "TransactionCanceledException", reasons));
        }
        tokio::time::sleep(IN_FLIGHT).await;
        let answer = self.forward(parts, body).await;
        lock(&self.held).retain(|key| !keys.contains(key));
        answer
    }

    /// Marks all of `keys` as held; or marks none of them, and returns those that are already held.
    fn hold(&self, keys: &[String]) -> Option<Vec<Value>> {
        let mut held = lock(&self.held);
        if keys.iter().any(|key| held.contains(key)) {
            let reason = |key: &String| if held.contains(key) { "TransactionConflict" } else { "None" };
            return Some(keys.iter().map(|key| json!({"Code": reason(key)})).collect());
        }
        held.extend(keys.iter().cloned());
        None
    }

    async fn forward(
        &self,
        mut parts: http::request::Parts,
        body: Bytes,
    ) -> io::Result<Response<Full<Bytes>>> {
        parts.uri = self.engine.parse().expect("the engine's address");
        let response = self.client.request(Request::from_parts(parts, Full::new(body))).await;
        let (parts, body) = response.map_err(io::Error::other)?.into_parts();
        let body = body.collect().await.map_err(io::Error::other)?.to_bytes();
        Ok(Response::from_parts(parts, Full::new(body)))
    }
}

fn refused(status: StatusCode, kind: &str, more: Value) -> Response<Full<Bytes>> {
    let mut body =
        json!({"__type": format!("com.amazonaws.dynamodb.v20120810#{kind}"), "message": "a fault"});
    body.as_object_mut().expect("an object").extend(more.as_object().cloned().unwrap_or_default());
    let mut response = Response::new(Full::new(Bytes::from(body.to_string())));
    *response.status_mut() = status;
    let kind = http::HeaderValue::from_static("application/x-amz-json-1.0");
    response.headers_mut().insert("content-type", kind);
    response
}

/// The table and the key of a write.
fn key_of(write: &Value) -> Option<String> {
    let item = write.get("Key").or_else(|| write.get("Item"))?;
    Some(format!("{} {} {}", write["TableName"], item["pk"], item["sk"]))
}

fn is_write(parts: &http::request::Parts) -> bool {
    let target = parts.headers.get("x-amz-target").and_then(|target| target.to_str().ok());
    target.is_some_and(|target| {
        ["PutItem", "UpdateItem", "DeleteItem"].iter().any(|name| target.ends_with(name))
    })
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
