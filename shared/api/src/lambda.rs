//! The Lambda side of the door.

use std::{
    env,
    panic::AssertUnwindSafe,
    process::ExitCode,
    sync::atomic::{AtomicBool, Ordering},
    time::{Duration, Instant, SystemTime},
};

use adapters::{
    aws, now,
    pokeapi::PokeApi,
    store::{Meter, Store},
    sync::{self, Outcome, Settings, SyncError},
};
use futures_util::FutureExt as _;
use lambda_http::aws_lambda_events::{apigw::ApiGatewayV2httpResponse, encodings::Body};
use lambda_runtime::{LambdaEvent, service_fn};
use serde_json::{Value, json, value::RawValue};

use crate::{
    App, Config, Response, Route,
    config::{ConfigError, SyncConfig},
    door,
    telemetry::{Effort, Ids, SyncSeen, Telemetry, trace_root},
};

/// Serves `route` until Lambda ends the process: a binary's whole main.
#[must_use]
pub fn serve(route: &'static Route) -> ExitCode {
    run(async move |config, telemetry| {
        let mut app = App::new(config, aws::from_environment);
        app.telemetry = telemetry;
        let app = &app;
        (route.prepare)(app).await;
        lambda_runtime::run(service_fn(async move |event: LambdaEvent<Box<RawValue>>| {
            Ok::<_, lambda_runtime::Error>(invoke(app, route, &event.payload).await)
        }))
        .await
    })
}

/// Serves the scheduled sync: every invocation goes on where the one before stopped, and does nothing while the last
/// finished run is young.
#[must_use]
pub fn serve_sync() -> ExitCode {
    let settings = match SyncConfig::from_env() {
        Ok(settings) => settings,
        Err(error) => return refuse(&error),
    };
    run(async move |config, telemetry| {
        let store = Store::new(aws::from_environment(), config.tables.catalog);
        let api = PokeApi::new(settings.pokeapi.clone())?;
        let (store, api, settings, telemetry) = (&store, &api, &settings, &telemetry);
        lambda_runtime::run(service_fn(async move |event: LambdaEvent<Box<RawValue>>| {
            let context = event.context;
            let left = context.deadline().duration_since(SystemTime::now()).unwrap_or_default();
            let trace_id = context.xray_trace_id.as_deref().and_then(trace_root);
            let ids = Ids { request_id: context.request_id, trace_id };
            ids.scope(sync_once(store, api, settings, left, *telemetry)).await
        }))
        .await
    })
}

/// What the invocation's end is kept free for: the last checkpoint and the publication.
const RESERVE: Duration = Duration::from_secs(60);

async fn sync_once(
    store: &Store,
    api: &PokeApi,
    settings: &SyncConfig,
    left: Duration,
    telemetry: Telemetry,
) -> Result<Value, lambda_runtime::Error> {
    static COLD: AtomicBool = AtomicBool::new(true);
    let (started, cold_start) = (Instant::now(), COLD.swap(false, Ordering::Relaxed));
    let meter = Meter::default();
    let owner = format!("{:032x}", fastrand::u128(..));
    let work = AssertUnwindSafe(refresh(store, &meter, api, settings, owner, left)).catch_unwind().await;
    let (seen, answer) = match work {
        Ok(Ok(Refreshed::Ran(outcome))) => (SyncSeen::ended(&outcome), Ok(serde_json::to_value(outcome)?)),
        Ok(Ok(Refreshed::Idle(outcome))) => (SyncSeen::idle(outcome.clone()), Ok(outcome)),
        // The other one does what this one was to do.
        Ok(Err(SyncError::Busy(until))) => {
            let outcome = json!({"outcome": "busy", "until": until});
            (SyncSeen::idle(outcome.clone()), Ok(outcome))
        }
        Ok(Err(error)) => (SyncSeen::failed("failed", &error), Err(error.into())),
        Err(_) => (SyncSeen::failed("panicked", &"the sync panicked"), Err("the sync panicked".into())),
    };
    telemetry.sync(&seen, Effort::since(started, cold_start, meter.usage()));
    answer
}

enum Refreshed {
    Ran(Box<Outcome>),
    /// There was nothing to do, and why.
    Idle(Value),
}

async fn refresh(
    store: &Store,
    meter: &Meter,
    api: &PokeApi,
    settings: &SyncConfig,
    owner: String,
    left: Duration,
) -> Result<Refreshed, SyncError> {
    let deadline = tokio::time::Instant::now() + left.saturating_sub(RESERVE.min(left / 2));
    // After a deployment; the source need not be asked for what is stored.
    if let Some(published) = sync::republish(store, meter, &owner, now()).await? {
        tracing::info!(written = published.written, index = published.index, "published anew");
    }
    let state = sync::state(store, meter).await?;
    if let (None, Some(last)) = (&state.running, &state.last) {
        // A bad day of the source ends sooner than a day.
        let enough = if last.is_good() { settings.min_age_seconds } else { settings.min_age_seconds / 4 };
        if now().seconds_since(last.finished_at) < enough {
            let outcome = json!({"outcome": "fresh", "last_finished_at": last.finished_at});
            return Ok(Refreshed::Idle(outcome));
        }
    }
    let mut how = Settings::new(owner);
    how.deadline = Some(deadline);
    let outcome = sync::run(store, meter, api, &how, &mut |_| {}).await?;
    Ok(Refreshed::Ran(Box::new(outcome)))
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
fn refuse(error: &ConfigError) -> ExitCode {
    eprintln!("pokedex: {error}");
    ExitCode::FAILURE
}

/// Answers one event, whatever it holds.
pub async fn invoke(app: &App, route: &Route, payload: &RawValue) -> ApiGatewayV2httpResponse {
    to_gateway(door::answer_payload(app, route, payload).await)
}

fn to_gateway(response: Response) -> ApiGatewayV2httpResponse {
    let (parts, body) = response.into_parts();
    let mut answer = ApiGatewayV2httpResponse::default();
    answer.status_code = i64::from(parts.status.as_u16());
    answer.headers = parts.headers;
    // Every body is JSON, so it is text, and taken as it is.
    let text = String::from_utf8(body.into());
    let text = text.unwrap_or_else(|odd| String::from_utf8_lossy(odd.as_bytes()).into_owned());
    answer.body = Some(Body::Text(text));
    answer.is_base64_encoded = false;
    answer
}
