//! The Lambda side of the door.

use std::{
    env,
    process::ExitCode,
    time::{Duration, SystemTime},
};

use adapters::aws;
use lambda_http::aws_lambda_events::{apigw::ApiGatewayV2httpResponse, encodings::Body};
use lambda_runtime::{LambdaEvent, service_fn};
use serde_json::value::RawValue;

use crate::{App, Config, Response, Route, config::ConfigError, door, telemetry::Telemetry};

/// Serves `route` until Lambda ends the process: a binary's whole main.
#[must_use]
pub fn serve(route: &'static Route) -> ExitCode {
    run(async move |config, telemetry| {
        let mut app = App::new(config, aws::from_environment);
        app.telemetry = telemetry;
        let app = &app;
        (route.prepare)(app).await;
        lambda_runtime::run(service_fn(async move |event: LambdaEvent<Box<RawValue>>| {
            let time = time_left(event.context.deadline());
            Ok::<_, lambda_runtime::Error>(invoke(app, route, &event.payload, time).await)
        }))
        .await
    })
}

/// What an answer takes on its way.
const RESERVE: Duration = Duration::from_millis(500);

/// How long an answer may take. A stand-in for Lambda may know no deadline, or none that lies ahead.
fn time_left(deadline: SystemTime) -> Duration {
    let left = deadline.duration_since(SystemTime::now()).unwrap_or_default();
    if left.is_zero() { door::LONGEST } else { left.saturating_sub(RESERVE).min(door::LONGEST) }
}

/// What Lambda, its emulator and `cargo lambda` set, and the runtime cannot do without.
const RUNTIME_KEYS: [&str; 4] = [
    "AWS_LAMBDA_RUNTIME_API",
    "AWS_LAMBDA_FUNCTION_NAME",
    "AWS_LAMBDA_FUNCTION_VERSION",
    "AWS_LAMBDA_FUNCTION_MEMORY_SIZE",
];

/// Sets up what every function needs, and tells once what is missing.
pub(crate) fn run<F>(main: impl FnOnce(Config, Telemetry) -> F) -> ExitCode
where
    F: Future<Output = Result<(), lambda_runtime::Error>>,
{
    let config = match Config::from_env() {
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
    let telemetry = Telemetry::start(config.environment);
    match runtime.block_on(main(config, telemetry)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("pokedex: {error}");
            ExitCode::FAILURE
        }
    }
}

/// Says what is wrong with the configuration.
pub(crate) fn refuse(error: &ConfigError) -> ExitCode {
    eprintln!("pokedex: {error}");
    ExitCode::FAILURE
}

/// Answers one event, whatever it holds, within `time`.
pub async fn invoke(
    app: &App,
    route: &Route,
    payload: &RawValue,
    time: Duration,
) -> ApiGatewayV2httpResponse {
    to_gateway(door::answer_payload(app, route, payload, time).await)
}

fn to_gateway(response: Response) -> ApiGatewayV2httpResponse {
    let (parts, body) = response.into_parts();
    let mut answer = ApiGatewayV2httpResponse::default();
    answer.status_code = i64::from(parts.status.as_u16());
    answer.headers = parts.headers;
    // Every body but an export is JSON, so it is text, and taken as it is.
    let body =
        String::from_utf8(body.into()).map_or_else(|bytes| Body::Binary(bytes.into_bytes()), Body::Text);
    answer.is_base64_encoded = matches!(body, Body::Binary(_));
    answer.body = Some(body);
    answer
}
