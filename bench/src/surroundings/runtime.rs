//! The part of the Runtime API that a function uses: a fixed number of events, then none.

use std::{
    convert::Infallible,
    sync::{
        Arc, OnceLock,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, Instant, SystemTime, UNIX_EPOCH},
};

use anyhow::{Result, bail};
use bytes::Bytes;
use http::{Method, Request, Response, StatusCode};
use http_body_util::{BodyExt as _, Full};
use hyper::body::Incoming;
use hyper_util::rt::TokioIo;
use tokio::{net::TcpListener, sync::Notify};

pub struct Runtime {
    /// `127.0.0.1:PORT`
    pub address: String,
    state: Arc<State>,
}

struct State {
    event: String,
    left: AtomicUsize,
    answered: AtomicUsize,
    failed: AtomicUsize,
    /// The time of the first answer.
    first: OnceLock<Instant>,
    /// Notified when the function requests an event and all have been sent.
    idle: Notify,
}

impl Runtime {
    /// Starts a Runtime API that sends `event` `events` times, and then leaves further requests waiting.
    ///
    /// # Errors
    /// If no port is free.
    pub async fn start(event: &str, events: usize) -> Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let address = listener.local_addr()?.to_string();
        let state = Arc::new(State {
            event: event.to_owned(),
            left: AtomicUsize::new(events),
            answered: AtomicUsize::new(0),
            failed: AtomicUsize::new(0),
            first: OnceLock::new(),
            idle: Notify::new(),
        });
        let serving = Arc::clone(&state);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                // Without this, packets wait for each other, up to 40 ms.
                let _ = stream.set_nodelay(true);
                let state = Arc::clone(&serving);
                let service = hyper::service::service_fn(move |request| {
                    let state = Arc::clone(&state);
                    async move { Ok::<_, Infallible>(state.answer(request).await) }
                });
                tokio::spawn(async move {
                    let _ = hyper::server::conn::http1::Builder::new()
                        .serve_connection(TokioIo::new(stream), service)
                        .await;
                });
            }
        });
        Ok(Self { address, state })
    }

    /// The time of the first answer, if one has arrived.
    #[must_use]
    pub fn first_answer(&self) -> Option<Instant> {
        self.state.first.get().copied()
    }

    /// Waits until every event was answered and the function requests another one.
    ///
    /// # Errors
    /// After two minutes, or if an answer is not 200.
    pub async fn all_answered(&self, events: usize) -> Result<()> {
        tokio::time::timeout(Duration::from_secs(120), self.state.idle.notified()).await?;
        let (answered, failed) =
            (self.state.answered.load(Ordering::SeqCst), self.state.failed.load(Ordering::SeqCst));
        if answered != events || failed != 0 {
            bail!("{answered} of {events} events were answered, {failed} not well");
        }
        Ok(())
    }
}

impl State {
    async fn answer(&self, request: Request<Incoming>) -> Response<Full<Bytes>> {
        let mut response = Response::new(Full::new(Bytes::new()));
        if request.method() == Method::POST {
            *response.status_mut() = StatusCode::ACCEPTED;
            let body = request.into_body().collect().await.map(|body| body.to_bytes()).unwrap_or_default();
            // The first answer sets the time; later answers leave it unchanged.
            let _ = self.first.set(Instant::now());
            let answer: serde_json::Value = serde_json::from_slice(&body).unwrap_or_default();
            let is_good = answer["statusCode"] == 200;
            self.failed.fetch_add(usize::from(!is_good), Ordering::SeqCst);
            self.answered.fetch_add(1, Ordering::SeqCst);
            return response;
        }
        let next = self.left.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |left| left.checked_sub(1));
        if next.is_err() {
            self.idle.notify_one();
            std::future::pending::<()>().await;
        }
        let deadline =
            SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default() + Duration::from_secs(300);
        let headers = [
            ("lambda-runtime-aws-request-id", "8476a536-e9f4-11e8-9739-2dfe598c3fcd".to_owned()),
            ("lambda-runtime-deadline-ms", deadline.as_millis().to_string()),
            (
                "lambda-runtime-invoked-function-arn",
                "arn:aws:lambda:local:123456789012:function:f".to_owned(),
            ),
        ];
        for (name, value) in headers {
            if let Ok(value) = value.parse() {
                response.headers_mut().insert(name, value);
            }
        }
        *response.body_mut() = Full::new(Bytes::from(self.event.clone()));
        response
    }
}
