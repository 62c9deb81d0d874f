//! Lambda's Invoke, for the only function that routes call: the sync. The call is the same as on AWS.

use std::{sync::Arc, time::Duration};

use adapters::aws::Endpoint;
use anyhow::Result;
use api::sync::SyncFunction;
use bytes::Bytes;
use http::{HeaderValue, Method, Request, Response, StatusCode};
use percent_encoding::percent_decode_str;
use serde_json::{Value, json};
use tokio::{
    net::TcpListener,
    sync::{OwnedSemaphorePermit, Semaphore, mpsc, oneshot},
};

use crate::{
    guard::{AccessKey, refused},
    helper::{Helper, in_process},
    port::Port,
};

/// The function's name.
pub const SYNC: &str = api::jobs::SYNC.name;

/// The time limit of one invocation.
const TIMEOUT: Duration = Duration::from_secs(900);

/// The time limit of the current invocation once the functions should stop.
const LAST_INVOCATION: Duration = Duration::from_secs(3);

/// The largest event, as on AWS.
const LARGEST_EVENT: usize = 6 << 20;

/// The functions of this machine: one thread, and one event at a time, like the function's reserved concurrency on AWS.
#[derive(Debug)]
pub struct Functions {
    invoke: Arc<Invoke>,
}

/// An event, its permit to run, and the channel for its answer.
type Invocation = (Value, OwnedSemaphorePermit, oneshot::Sender<Result<Value, String>>);

#[derive(Debug)]
struct Invoke {
    function: mpsc::UnboundedSender<Invocation>,
    /// The permit, which the current event holds.
    free: Arc<Semaphore>,
}

impl Functions {
    /// Starts the function's thread.
    ///
    /// # Errors
    /// If the machine cannot start another thread.
    pub fn start(sync: SyncFunction) -> Result<Self> {
        Ok(Self { invoke: Arc::new(Invoke::start(sync)?) })
    }

    /// An endpoint for calling the functions inside this process.
    #[must_use]
    pub fn endpoint(&self) -> Endpoint {
        Endpoint::InProcess(in_process(Arc::clone(&self.invoke)))
    }

    /// Serves Lambda's Invoke on `listener` for requests that carry `key`.
    ///
    /// # Errors
    /// The errors of [`Port::open`].
    pub fn serve(&self, listener: TcpListener, key: AccessKey) -> Result<Port> {
        Port::open(Arc::clone(&self.invoke), listener, key)
    }

    /// Accepts no further events, and waits until the current one ends or exceeds its time limit.
    pub async fn stop(self) {
        let _ = tokio::time::timeout(LAST_INVOCATION, self.invoke.free.acquire()).await;
        self.invoke.free.close();
    }
}

impl Invoke {
    /// Runs the function for each event that is sent, until all senders are dropped.
    fn start(sync: SyncFunction) -> Result<Self> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let (function, mut invocations) = mpsc::unbounded_channel::<Invocation>();
        std::thread::Builder::new().name(SYNC.to_owned()).spawn(move || {
            runtime.block_on(async {
                while let Some((event, permit, reply)) = invocations.recv().await {
                    let answer = sync.answer(&event, TIMEOUT).await;
                    drop(permit);
                    // The caller may be gone; the function's work stays done.
                    let _ = reply.send(answer.map_err(|error| error.to_string()));
                }
            });
        })?;
        Ok(Self { function, free: Arc::new(Semaphore::new(1)) })
    }
}

impl Invoke {
    /// Runs the function for `event` as soon as it is free. Nobody waits for the answer.
    fn queued(&self, event: Value) -> impl Future<Output = ()> + Send + use<> {
        let (free, function) = (Arc::clone(&self.free), self.function.clone());
        async move {
            if let Ok(permit) = free.acquire_owned().await {
                let _ = function.send((event, permit, oneshot::channel().0));
            }
        }
    }
}

fn accepted() -> Response<Bytes> {
    let mut response = Response::new(Bytes::new());
    *response.status_mut() = StatusCode::ACCEPTED;
    response
}

impl Helper for Invoke {
    async fn answer(&self, request: Request<Bytes>) -> Response<Bytes> {
        let path = percent_decode_str(request.uri().path()).decode_utf8_lossy().into_owned();
        let name =
            path.strip_prefix("/2015-03-31/functions/").and_then(|path| path.strip_suffix("/invocations"));
        // The name may have the form `name:alias`.
        let name = name.map(|name| name.split(':').next().unwrap_or(name));
        if request.method() != Method::POST || name != Some(SYNC) {
            return refused(StatusCode::NOT_FOUND, "ResourceNotFoundException", "there is no such function");
        }
        if request.body().len() > LARGEST_EVENT {
            let message = "the event is too large";
            return refused(StatusCode::PAYLOAD_TOO_LARGE, "RequestTooLargeException", message);
        }
        let Ok(event) = serde_json::from_slice::<Value>(request.body()) else {
            let message = "the event is not JSON";
            return refused(StatusCode::BAD_REQUEST, "InvalidRequestContentException", message);
        };
        if request.headers().get("x-amz-invocation-type").is_some_and(|kind| kind == "Event") {
            tokio::spawn(self.queued(event));
            return accepted();
        }
        let Ok(permit) = Arc::clone(&self.free).try_acquire_owned() else {
            let message = "the function is running already";
            return refused(StatusCode::TOO_MANY_REQUESTS, "TooManyRequestsException", message);
        };
        let (reply, answer) = oneshot::channel();
        let _ = self.function.send((event, permit, reply));
        match answer.await.unwrap_or_else(|_| Err("the function has ended".to_owned())) {
            Ok(answer) => json(&answer),
            Err(error) => {
                let mut response = json(&json!({"errorType": "Error", "errorMessage": error}));
                response.headers_mut().insert("x-amz-function-error", HeaderValue::from_static("Unhandled"));
                response
            }
        }
    }
}

fn json(body: &Value) -> Response<Bytes> {
    let mut response = Response::new(Bytes::from(body.to_string()));
    response.headers_mut().insert("content-type", HeaderValue::from_static("application/json"));
    response
}
