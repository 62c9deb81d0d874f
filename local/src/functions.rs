//! Lambda's Invoke, for the one function that routes ask: the sync. The same call as on AWS, over loopback.

use std::{
    net::IpAddr,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use anyhow::Result;
use api::sync::SyncFunction;
use bytes::Bytes;
use http::{HeaderValue, Method, Request, Response, StatusCode};
use http_body_util::{BodyExt as _, Limited};
use hyper::body::Incoming;
use percent_encoding::percent_decode_str;
use serde_json::{Value, json};
use tokio::{
    sync::{mpsc, oneshot},
    task::JoinHandle,
};

use crate::{
    engine::listen,
    server::{Service, serve},
};

/// The function's name.
pub const SYNC: &str = "sync-pokeapi";

/// How long one invocation may take.
const TIMEOUT: Duration = Duration::from_secs(900);

/// What an event may have, as on AWS.
const LARGEST_EVENT: usize = 6 << 20;

/// A running Invoke. Dropping it stops it; [`Self::stop`] waits for that.
#[derive(Debug)]
pub struct Functions {
    pub url: String,
    stop: oneshot::Sender<()>,
    served: JoinHandle<()>,
}

/// An event, and where its answer is waited for.
type Invocation = (Value, oneshot::Sender<Result<Value, String>>);

/// The function has a thread of its own, and one event at a time: what its reserved concurrency is on AWS.
struct Invoke {
    function: mpsc::UnboundedSender<Invocation>,
    is_busy: Arc<AtomicBool>,
}

impl Functions {
    /// Starts it on a free port of the loopback address.
    ///
    /// # Errors
    /// When there is no free port.
    pub async fn start(sync: SyncFunction) -> Result<Self> {
        let listener = listen(0).await?;
        let url = format!("http://{}", listener.local_addr()?);
        let invoke = Invoke::start(sync)?;
        let (stop, stopped) = oneshot::channel();
        let served = tokio::spawn(serve(invoke, listener, async {
            // A dropped sender stops it as well.
            let _ = stopped.await;
        }));
        Ok(Self { url, stop, served })
    }

    /// Stops it once the invocation under way is done, or has taken too long.
    pub async fn stop(self) {
        let _ = self.stop.send(());
        let _ = self.served.await;
    }
}

impl Invoke {
    /// Runs the function for each event that is sent, until nobody can send any more.
    fn start(sync: SyncFunction) -> Result<Self> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let (function, mut invocations) = mpsc::unbounded_channel::<Invocation>();
        let is_busy = Arc::<AtomicBool>::default();
        let is_running = Arc::clone(&is_busy);
        std::thread::Builder::new().name(SYNC.to_owned()).spawn(move || {
            runtime.block_on(async {
                while let Some((event, reply)) = invocations.recv().await {
                    let answer = sync.answer(&event, TIMEOUT).await;
                    is_running.store(false, Ordering::Release);
                    // Whoever asked may be gone; what was done is done.
                    let _ = reply.send(answer.map_err(|error| error.to_string()));
                }
            });
        })?;
        Ok(Self { function, is_busy })
    }
}

impl Service for Invoke {
    async fn answer(&self, request: Request<Incoming>, _: IpAddr) -> Response<Bytes> {
        let path = percent_decode_str(request.uri().path()).decode_utf8_lossy().into_owned();
        let name =
            path.strip_prefix("/2015-03-31/functions/").and_then(|path| path.strip_suffix("/invocations"));
        // `name:alias`
        let name = name.map(|name| name.split(':').next().unwrap_or(name));
        if request.method() != Method::POST || name != Some(SYNC) {
            return refused(StatusCode::NOT_FOUND, "ResourceNotFoundException", "there is no such function");
        }
        let Ok(body) = Limited::new(request.into_body(), LARGEST_EVENT).collect().await else {
            let message = "the event is too large, or was cut short";
            return refused(StatusCode::PAYLOAD_TOO_LARGE, "RequestTooLargeException", message);
        };
        let Ok(event) = serde_json::from_slice::<Value>(&body.to_bytes()) else {
            return refused(
                StatusCode::BAD_REQUEST,
                "InvalidRequestContentException",
                "the event is no JSON",
            );
        };
        if self.is_busy.swap(true, Ordering::AcqRel) {
            return refused(StatusCode::TOO_MANY_REQUESTS, "TooManyRequestsException", "it runs already");
        }
        let (reply, answer) = oneshot::channel();
        let _ = self.function.send((event, reply));
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

fn refused(status: StatusCode, code: &'static str, message: &str) -> Response<Bytes> {
    let mut response = json(&json!({"Type": "User", "message": message}));
    *response.status_mut() = status;
    response.headers_mut().insert("x-amzn-errortype", HeaderValue::from_static(code));
    response
}
