//! A stand-in for CloudFront that accepts invalidations and remembers them.

use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use http::{Request, Response, StatusCode};
use http_body_util::{BodyExt as _, Full};
use hyper::{body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::rt::TokioIo;
use tokio::net::TcpListener;

/// The server. It ends with the test's runtime.
pub struct Distribution {
    pub url: String,
    state: Arc<Mutex<State>>,
}

#[derive(Default)]
struct State {
    invalidations: Vec<(String, String)>,
    is_denied: bool,
}

impl Distribution {
    /// # Panics
    /// If no port is free.
    pub async fn new() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let url = format!("http://{}", listener.local_addr().expect("an address"));
        let state = Arc::<Mutex<State>>::default();
        let served = Arc::clone(&state);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let state = Arc::clone(&served);
                let service = service_fn(move |request| answer(Arc::clone(&state), request));
                tokio::spawn(http1::Builder::new().serve_connection(TokioIo::new(stream), service));
            }
        });
        Self { url, state }
    }

    /// Path and body of each accepted invalidation.
    #[must_use]
    pub fn invalidations(&self) -> Vec<(String, String)> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner).invalidations.clone()
    }

    /// Makes the server refuse every request, or accept them again.
    pub fn deny(&self, is_denied: bool) {
        self.state.lock().unwrap_or_else(PoisonError::into_inner).is_denied = is_denied;
    }
}

/// An error as CloudFront writes it.
const DENIED: &str = "<?xml version=\"1.0\"?>\n<ErrorResponse xmlns=\"http://cloudfront.amazonaws.com/doc/2020-05-31/\"><Error>\
    <Type>Sender</Type><Code>AccessDenied</Code><Message>not authorized</Message></Error><RequestId>r</RequestId></ErrorResponse>";

async fn answer(
    state: Arc<Mutex<State>>,
    request: Request<Incoming>,
) -> Result<Response<Full<Bytes>>, hyper::Error> {
    let path = request.uri().path().to_owned();
    let body = request.into_body().collect().await?.to_bytes();
    let mut state = state.lock().unwrap_or_else(PoisonError::into_inner);
    let mut response = Response::new(Full::default());
    if state.is_denied {
        *response.status_mut() = StatusCode::FORBIDDEN;
        *response.body_mut() = Full::from(DENIED);
        return Ok(response);
    }
    state.invalidations.push((path, String::from_utf8_lossy(&body).into_owned()));
    let batch = "<CallerReference>r</CallerReference><Paths><Quantity>0</Quantity></Paths>";
    let accepted = format!(
        "<Invalidation><Id>I1</Id><Status>InProgress</Status><CreateTime>2026-11-28T00:00:00Z</CreateTime>\
         <InvalidationBatch>{batch}</InvalidationBatch></Invalidation>"
    );
    *response.status_mut() = StatusCode::CREATED;
    *response.body_mut() = Full::from(accepted);
    Ok(response)
}
