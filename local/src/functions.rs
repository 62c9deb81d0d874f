//! Lambda's Invoke, for the one function that routes call: the sync. The same call as on AWS.

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
    helper::{Helper, Port, in_process},
};

/// The function's name.
pub const SYNC: &str = "sync-pokeapi";

/// How long one invocation may take.
const TIMEOUT: Duration = Duration::from_secs(900);

/// How long the invocation that runs may take once the functions are to stop.
const LAST_INVOCATION: Duration = Duration::from_secs(3);

/// The largest event, as on AWS.
const LARGEST_EVENT: usize = 6 << 20;

/// The functions of this machine: one thread, and one event at a time, as its reserved concurrency has it on AWS.
#[derive(Debug)]
pub struct Functions {
    invoke: Arc<Invoke>,
}

/// An event, its right to run, and the place where its answer is awaited.
type Invocation = (Value, OwnedSemaphorePermit, oneshot::Sender<Result<Value, String>>);

#[derive(Debug)]
struct Invoke {
    function: mpsc::UnboundedSender<Invocation>,
    /// Held by the event that runs.
    free: Arc<Semaphore>,
}

impl Functions {
    /// Starts the thread of the function.
    ///
    /// # Errors
    /// When the machine has no thread left.
    pub fn start(sync: SyncFunction) -> Result<Self> {
        Ok(Self { invoke: Arc::new(Invoke::start(sync)?) })
    }

    /// The functions, called inside this process.
    #[must_use]
    pub fn endpoint(&self) -> Endpoint {
        Endpoint::InProcess(in_process(Arc::clone(&self.invoke)))
    }

    /// Serves Lambda's Invoke on `listener` for requests that carry `key`.
    ///
    /// # Errors
    /// As [`Port::open`].
    pub fn serve(&self, listener: TcpListener, key: AccessKey) -> Result<Port> {
        Port::open(Arc::clone(&self.invoke), listener, key)
    }

    /// Takes no further event, and waits until the one that runs is done or has taken too long.
    pub async fn stop(self) {
        let _ = tokio::time::timeout(LAST_INVOCATION, self.invoke.free.acquire()).await;
        self.invoke.free.close();
    }
}

impl Invoke {
    /// Runs the function for each event that is sent, until there is no sender.
    fn start(sync: SyncFunction) -> Result<Self> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let (function, mut invocations) = mpsc::unbounded_channel::<Invocation>();
        std::thread::Builder::new().name(SYNC.to_owned()).spawn(move || {
            runtime.block_on(async {
                while let Some((event, permit, reply)) = invocations.recv().await {
                    let answer = sync.answer(&event, TIMEOUT).await;
                    drop(permit);
                    // The caller may be gone; what was done is done.
                    let _ = reply.send(answer.map_err(|error| error.to_string()));
                }
            });
        })?;
        Ok(Self { function, free: Arc::new(Semaphore::new(1)) })
    }
}

impl Helper for Invoke {
    async fn answer(&self, request: Request<Bytes>) -> Response<Bytes> {
        let path = percent_decode_str(request.uri().path()).decode_utf8_lossy().into_owned();
        let name =
            path.strip_prefix("/2015-03-31/functions/").and_then(|path| path.strip_suffix("/invocations"));
        // `name:alias`
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
