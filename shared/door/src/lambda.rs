//! The Lambda runtime's side of the door.

use std::{
    env,
    process::ExitCode,
    time::{Duration, SystemTime},
};

use http::header;
use lambda_http::aws_lambda_events::{apigw::ApiGatewayV2httpResponse, encodings::Body};
use lambda_runtime::{LambdaEvent, service_fn};
use serde_json::value::RawValue;

use crate::{
    answer,
    config::ConfigError,
    environment::Deployment,
    kernel::Kernel,
    response::Response,
    route::Route,
    router::Router,
    telemetry::{Telemetry, trace_root},
};

/// Serves `route` until Lambda ends the process.
///
/// # Errors
/// The runtime's error, if it cannot receive events.
pub async fn serve<A: AsRef<Kernel>>(app: &A, route: &Route<A>) -> Result<(), lambda_runtime::Error> {
    (route.prepare)(app).await;
    lambda_runtime::run(service_fn(async move |event: LambdaEvent<Box<RawValue>>| {
        let LambdaEvent { payload, context } = event;
        let time = time_left(context.deadline());
        let trace_id = context.xray_trace_id.as_deref().and_then(trace_root);
        Ok::<_, lambda_runtime::Error>(invoke(app, route, &payload, time, trace_id).await)
    }))
    .await
}

/// Serves every route of `router`, each event by the route that its method and path match, until the process ends. For development: on AWS,
/// the HTTP API chooses the function.
///
/// # Errors
/// The runtime's error, if it cannot receive events.
pub async fn serve_all<A: AsRef<Kernel>>(app: &A, router: &Router<A>) -> Result<(), lambda_runtime::Error> {
    lambda_runtime::run(service_fn(async move |event: LambdaEvent<Box<RawValue>>| {
        Ok::<_, lambda_runtime::Error>(invoke_any(app, router, &event.payload).await)
    }))
    .await
}

/// Answers an event by the route that its method and path match.
async fn invoke_any<A: AsRef<Kernel>>(
    app: &A,
    router: &Router<A>,
    payload: &RawValue,
) -> ApiGatewayV2httpResponse {
    let Ok(mut event) = answer::read(payload) else {
        return invoke(app, router.unknown(), payload, answer::LONGEST, None).await;
    };
    // The door rejects a method that cannot be parsed, whatever the route.
    let method = event.request_context.http.method.parse().unwrap_or_default();
    let path = std::mem::take(&mut event.raw_path);
    let route = router.route(&method, &path, &mut event);
    event.raw_path = path;
    to_gateway(answer::answer(app, route, event).await)
}

/// The time that sending a response takes.
const RESERVE: Duration = Duration::from_millis(500);

/// Returns the time left for a response. An emulator of Lambda may set no deadline, or one in the past.
fn time_left(deadline: SystemTime) -> Duration {
    let left = deadline.duration_since(SystemTime::now()).unwrap_or_default();
    if left.is_zero() { answer::LONGEST } else { left.saturating_sub(RESERVE).min(answer::LONGEST) }
}

/// The variables that the runtime requires; Lambda, its emulator and `cargo lambda` set them.
const RUNTIME_KEYS: [&str; 4] = [
    "AWS_LAMBDA_RUNTIME_API",
    "AWS_LAMBDA_FUNCTION_NAME",
    "AWS_LAMBDA_FUNCTION_VERSION",
    "AWS_LAMBDA_FUNCTION_MEMORY_SIZE",
];

/// Sets up the telemetry and the runtime of a function, and runs `main` with its configuration. Prints an error to standard error and
/// returns a failure.
pub fn run<C, F>(
    config: Result<(Deployment, C), ConfigError>,
    main: impl FnOnce(C, Telemetry) -> F,
) -> ExitCode
where
    F: Future<Output = Result<(), lambda_runtime::Error>>,
{
    let (deployment, config) = match config {
        Ok(config) => config,
        Err(error) => return refuse(&error),
    };
    if let Some(missing) = RUNTIME_KEYS.into_iter().find(|name| env::var_os(name).is_none()) {
        eprintln!("pokedex: {}; this program runs under Lambda", ConfigError::Missing(missing));
        return ExitCode::FAILURE;
    }
    // One thread: a function answers one request at a time, and a pool costs 0.7 ms of cold start.
    let runtime = match tokio::runtime::Builder::new_current_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => {
            eprintln!("pokedex: the runtime cannot be started: {error}");
            return ExitCode::FAILURE;
        }
    };
    let telemetry = Telemetry::start(deployment);
    match runtime.block_on(main(config, telemetry)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("pokedex: {error}");
            ExitCode::FAILURE
        }
    }
}

/// Reports an error in the configuration.
#[must_use]
pub fn refuse(error: &ConfigError) -> ExitCode {
    eprintln!("pokedex: {error}");
    ExitCode::FAILURE
}

/// Answers any event within `time`. Its log lines have X-Ray's `trace_id`.
pub async fn invoke<A: AsRef<Kernel>>(
    app: &A,
    route: &Route<A>,
    payload: &RawValue,
    time: Duration,
    trace_id: Option<String>,
) -> ApiGatewayV2httpResponse {
    to_gateway(answer::answer_payload(app, route, payload, time, trace_id).await)
}

fn to_gateway(response: Response) -> ApiGatewayV2httpResponse {
    let (mut parts, body) = response.into_parts();
    let mut answer = ApiGatewayV2httpResponse::default();
    answer.status_code = i64::from(parts.status.as_u16());
    // Lambda sends only the first value of a repeated header, so cookies have a separate list. No other header is repeated.
    if let header::Entry::Occupied(cookies) = parts.headers.entry(header::SET_COOKIE) {
        let (_, cookies) = cookies.remove_entry_mult();
        answer.cookies =
            cookies.map(|cookie| String::from_utf8_lossy(cookie.as_bytes()).into_owned()).collect();
    }
    answer.headers = parts.headers;
    // Every body except an export is JSON, so it is sent as text.
    let body =
        String::from_utf8(body.into()).map_or_else(|bytes| Body::Binary(bytes.into_bytes()), Body::Text);
    answer.is_base64_encoded = matches!(body, Body::Binary(_));
    answer.body = Some(body);
    answer
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, LazyLock};

    use adapters::aws;
    use http::{Method, StatusCode};
    use serde_json::{Value, json};

    use super::*;
    use crate::{
        body::personal,
        config::Config,
        entry,
        event::Event,
        kernel::LazyClient,
        route::{Access, Authorization, Caching, Idempotency, Spec},
        telemetry::Ids,
    };

    struct App(Kernel);

    impl AsRef<Kernel> for App {
        fn as_ref(&self) -> &Kernel {
            &self.0
        }
    }

    #[test]
    fn every_cookie_arrives() {
        let mut response = Response::new("{}".into());
        for cookie in ["a=1", "b=2"] {
            response.headers_mut().append(header::SET_COOKIE, cookie.parse().expect("a cookie"));
        }
        let answer = to_gateway(response);
        assert_eq!((answer.cookies, answer.headers.len()), (vec!["a=1".to_owned(), "b=2".to_owned()], 0));
    }

    /// A route whose response holds the ids that its log lines would have.
    fn ids_route() -> Route<App> {
        Route {
            spec: Spec {
                name: "get-ids",
                stack: "functions",
                method: Method::GET,
                path: "/ids",
                access: Access::Public,
                authorization: Authorization::Ignored,
                caching: Caching::Never,
                limit: None,
                idempotency: Idempotency::Ignored,
                needs: &[],
                summary: "Get the ids of the request",
            },
            prepare: |_| Box::pin(async {}),
            enter: |app, route, request| Box::pin(entry::open(app, route, request)),
            handler: |_, _| Box::pin(async { personal(StatusCode::OK, &Ids::current()) }),
        }
    }

    #[test]
    fn the_logged_trace_is_x_rays_and_the_clients_only_on_one_machine() {
        const OURS: &str = "1-5759e988-bd862e3fe1be46a994272793";
        const CLIENTS: &str = "1-00000000-000000000000000000000bad";
        let client: LazyClient = Arc::new(LazyLock::new(Box::new(|| aws::at("http://127.0.0.1:1"))));
        let app = App(Kernel::new(Config::new("table"), client));
        let event = json!({
            "requestContext": {"http": {"method": "GET"}},
            "headers": {"x-amzn-trace-id": format!("Root={CLIENTS};Sampled=1")},
        });
        let payload = RawValue::from_string(event.to_string()).expect("JSON");
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
        runtime.block_on(async {
            for (context, logged) in [(Some(OURS), json!(OURS)), (None, Value::Null)] {
                let trace_id = context.map(str::to_owned);
                let answer = invoke(&app, &ids_route(), &payload, answer::LONGEST, trace_id).await;
                let Some(Body::Text(body)) = answer.body else { panic!("no text") };
                let ids: Value = serde_json::from_str(&body).expect("JSON");
                assert_eq!(ids["trace_id"], logged, "{ids}");
            }
            let event: Event = serde_json::from_value(event).expect("an event");
            let answer = answer::answer(&app, &ids_route(), event).await;
            let ids: Value = serde_json::from_slice(answer.body()).expect("JSON");
            assert_eq!(ids["trace_id"], CLIENTS);
        });
    }
}
