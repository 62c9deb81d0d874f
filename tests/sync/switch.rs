//! A proxy in front of an engine that strikes at one call and then answers nothing more: from the engine's side,
//! this is what a kill looks like.

use std::{
    convert::Infallible,
    future::pending,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
};

use bytes::Bytes;
use http::{Request, Response, StatusCode};
use http_body_util::{BodyExt as _, Full};
use hyper::{body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::{
    client::legacy::{Client, connect::HttpConnector},
    rt::{TokioExecutor, TokioIo},
};
use tests::Call;
use tokio::{net::TcpListener, sync::Notify};

/// The outcome of the call at which the switch strikes. No later call is passed on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Blow {
    /// The call never reaches the engine.
    Before,
    /// The engine has executed the call, and the response is lost.
    After,
    /// This call and all later ones are refused permanently.
    Refused,
}

type When = dyn Fn(usize, &Call) -> bool + Send + Sync;

pub struct Switch {
    pub url: String,
    shared: Arc<Shared>,
}

struct Shared {
    engine: String,
    client: Client<HttpConnector, Full<Bytes>>,
    when: Box<When>,
    blow: Blow,
    calls: AtomicUsize,
    off: AtomicBool,
    struck: Notify,
}

impl Switch {
    /// Strikes at the first call for which `when` returns true, given the call and its number (from 1).
    pub async fn at(
        engine: &str,
        blow: Blow,
        when: impl Fn(usize, &Call) -> bool + Send + Sync + 'static,
    ) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let url = format!("http://{}", listener.local_addr().expect("an address"));
        let shared = Arc::new(Shared {
            engine: engine.to_owned(),
            client: Client::builder(TokioExecutor::new()).build_http(),
            when: Box::new(when),
            blow,
            calls: AtomicUsize::new(0),
            off: AtomicBool::new(false),
            struck: Notify::new(),
        });
        let state = Arc::clone(&shared);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let shared = Arc::clone(&state);
                let service = service_fn(move |request| {
                    let shared = Arc::clone(&shared);
                    async move { Ok::<_, Infallible>(shared.pass(request).await) }
                });
                tokio::spawn(async move {
                    // A client that was killed closes the connection.
                    let _ = http1::Builder::new().serve_connection(TokioIo::new(stream), service).await;
                });
            }
        });
        Self { url, shared }
    }

    /// Returns once the switch has struck.
    pub async fn struck(&self) {
        self.shared.struck.notified().await;
    }

    /// The number of calls so far.
    pub fn calls(&self) -> usize {
        self.shared.calls.load(Ordering::SeqCst)
    }
}

impl Shared {
    async fn pass(&self, request: Request<Incoming>) -> Response<Full<Bytes>> {
        let (mut parts, body) = request.into_parts();
        let body = body.collect().await.map(|body| body.to_bytes()).unwrap_or_default();
        let target =
            parts.headers.get("x-amz-target").and_then(|target| target.to_str().ok()).unwrap_or_default();
        let operation = target.rsplit('.').next().unwrap_or_default().to_owned();
        let call = Call { operation, body: serde_json::from_slice(&body).unwrap_or_default() };
        let number = self.calls.fetch_add(1, Ordering::SeqCst) + 1;
        let strikes = self.off.load(Ordering::SeqCst) || (self.when)(number, &call);
        if strikes {
            let first = !self.off.swap(true, Ordering::SeqCst);
            match self.blow {
                Blow::Refused => return refused(),
                Blow::After if first => drop(self.forward(&mut parts, body).await),
                Blow::After | Blow::Before => {}
            }
            self.struck.notify_one();
            return pending().await;
        }
        self.forward(&mut parts, body).await
    }

    async fn forward(&self, parts: &mut http::request::Parts, body: Bytes) -> Response<Full<Bytes>> {
        let mut request = Request::new(Full::new(body));
        *request.method_mut() = parts.method.clone();
        *request.uri_mut() = self.engine.parse().expect("the engine's address");
        std::mem::swap(request.headers_mut(), &mut parts.headers);
        let response = self.client.request(request).await.expect("the engine answers");
        let (parts, body) = response.into_parts();
        Response::from_parts(parts, Full::new(body.collect().await.expect("a whole answer").to_bytes()))
    }
}

/// The refusal that DynamoDB sends to a caller without permission: clients do not retry it.
fn refused() -> Response<Full<Bytes>> {
    let body = r#"{"__type":"com.amazon.coral.service#AccessDeniedException","Message":"not yours"}"#;
    let mut response = Response::new(Full::new(Bytes::from_static(body.as_bytes())));
    *response.status_mut() = StatusCode::BAD_REQUEST;
    response.headers_mut().insert("content-type", "application/x-amz-json-1.0".parse().expect("plain text"));
    response
}
