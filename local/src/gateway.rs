//! The local counterpart of API Gateway and CloudFront: turns HTTP requests into the same v2 events for the same handlers, and sends the
//! responses.

use std::{collections::HashMap, net::IpAddr};

use anyhow::Result;
use api::{
    App,
    routes::{self, ANSWER_UNKNOWN},
};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use door::{
    Event, Problem, Response, Router, answer,
    event::{Context, HttpContext},
    router::decoded,
};
use http::{Method, Request, StatusCode};
use mirror::Bucket;
use tokio::net::TcpListener;

use crate::{
    body::{Body, BodyError},
    dashboard::Dashboard,
    page,
    server::{self, ConnectionLimits, Service},
};

/// The largest body that the HTTP API accepts.
const LARGEST_BODY: usize = 10 << 20;
/// The gateway of one machine.
pub struct Gateway {
    app: App,
    router: Router<App>,
    assets: Option<Bucket>,
    dashboard: Option<&'static Dashboard>,
}

impl Gateway {
    /// # Errors
    /// If two routes of the table match the same paths.
    pub fn new(app: App) -> Result<Self> {
        Ok(Self { app, router: Router::new(routes::all(), ANSWER_UNKNOWN)?, assets: None, dashboard: None })
    }

    /// The same gateway, which also serves the mirrored files of a bucket.
    #[must_use]
    pub fn with_assets(self, assets: Option<Bucket>) -> Self {
        Self { assets, ..self }
    }

    /// The same gateway, which also serves the dashboard. The app's telemetry must copy its lines to it.
    #[must_use]
    pub fn with_dashboard(self, dashboard: Option<&'static Dashboard>) -> Self {
        Self { dashboard, ..self }
    }

    /// Serves until `stop` resolves, then waits for the responses in progress.
    pub async fn serve(self, listener: TcpListener, stop: impl Future<Output = ()>) {
        self.serve_within(ConnectionLimits::default(), listener, stop).await;
    }

    /// Serves in the same way with other connection limits.
    pub async fn serve_within(
        self,
        limits: ConnectionLimits,
        listener: TcpListener,
        stop: impl Future<Output = ()>,
    ) {
        server::serve(self, listener, limits, stop).await;
    }

    /// Returns the page or the file at `path`; `None` if it does not exist.
    async fn file(&self, path: &str, query: Option<&str>) -> Option<Response> {
        match self.dashboard.and_then(|dashboard| dashboard.file(path, query)) {
            Some(file) => Some(file),
            None => page::answer(&self.app, &self.router, self.assets.as_ref(), path).await,
        }
    }
}

impl Service for Gateway {
    async fn answer(&self, request: Request<Body>, client: IpAddr) -> Response {
        let (parts, body) = request.into_parts();
        let mut event = Event {
            version: "2.0".to_owned(),
            raw_query_string: parts.uri.query().unwrap_or_default().to_owned(),
            headers: headers(&parts.headers),
            request_context: Context {
                request_id: String::new(),
                http: HttpContext { method: parts.method.to_string(), source_ip: client.to_string() },
            },
            ..Event::default()
        };
        let Some(path) = decoded(parts.uri.path()) else {
            let problem = Problem::bad_request("path", "is not UTF-8 once it is decoded");
            return answer::refuse(&self.app.kernel, &event, problem);
        };
        if [Method::GET, Method::HEAD].contains(&parts.method)
            && let Some(mut response) = self.file(&path, parts.uri.query()).await
        {
            if parts.method == Method::HEAD {
                answer::remove_body(&mut response);
            }
            return response;
        }
        event.raw_path = path;
        let mut body = match body.read(LARGEST_BODY).await {
            Ok(body) => body,
            Err(error) => return answer::refuse(&self.app.kernel, &event, unreadable(error)),
        };
        match String::from_utf8(std::mem::take(&mut body.bytes).into()) {
            Ok(text) => event.body = text,
            Err(bytes) => {
                event.body = STANDARD.encode(bytes.as_bytes());
                event.is_base64_encoded = true;
            }
        }
        let route = self.router.route(&parts.method, parts.uri.path(), &mut event);
        answer::answer(&self.app, route, event).await
    }

    fn busy(&self, request: &http::HeaderMap) -> Response {
        let detail = "The server has too many open connections. Please try again in a moment.";
        let problem = Problem::new(StatusCode::SERVICE_UNAVAILABLE, "too_many_connections", detail);
        let event = Event { headers: headers(request), ..Event::default() };
        answer::refuse(&self.app.kernel, &event, problem)
    }
}

fn unreadable(error: BodyError) -> Problem {
    let code = match error {
        BodyError::TooLong => "body_too_large",
        BodyError::Busy => "server_busy",
        BodyError::Malformed => "malformed_body",
        BodyError::Late => "request_timeout",
    };
    let detail = match error {
        BodyError::TooLong => format!("The request body is longer than {LARGEST_BODY} bytes."),
        other => other.reason().to_owned(),
    };
    let retry_after = (error == BodyError::Busy).then_some(2);
    Problem { retry_after, ..Problem::new(error.status(), code, detail) }
}

/// Returns the headers as the gateway passes them on: names in lower case, repeated headers joined by commas.
fn headers(map: &http::HeaderMap) -> HashMap<String, String> {
    let mut headers: HashMap<String, String> = HashMap::with_capacity(map.keys_len());
    for (name, value) in map {
        let value = String::from_utf8_lossy(value.as_bytes());
        match headers.get_mut(name.as_str()) {
            None => drop(headers.insert(name.as_str().to_owned(), value.into_owned())),
            Some(before) => {
                before.push(',');
                before.push_str(&value);
            }
        }
    }
    headers
}
