//! A request in this process: from an event to an answer, without HTTP. The engine runs in another process, so that its
//! work does not count.

use std::{collections::HashMap, hint::black_box, sync::Arc, time::Duration};

use adapters::store::Usage;
use anyhow::{Context as _, Result, ensure};
use api::{App, Config, Route, routes};
use aws_sdk_dynamodb::Client;
use bench::{
    child::{Binaries, LocalEngine},
    machine::own_cpu,
};
use door::{
    Event, Request, Response, answer,
    event::{Context, HttpContext},
};
use http::{Method, StatusCode, header};
use local::tables;
use serde_json::value::RawValue;
use tokio::runtime::Runtime;

use crate::{
    effort::Effort,
    report::{Report, Spread, Target},
};

const GROUP: &str = "handler (CPU of a request)";
/// The target for a page of 20 rows, and for smaller answers.
const TARGET: Target = Target::AtMost(40.0);

/// The queries of lists; those with more rows than a default page have no target.
const LISTS: [(&str, Option<Target>); 7] = [
    ("per_page=20", Some(TARGET)),
    ("search=char", Some(TARGET)),
    ("search=pikachuu", Some(TARGET)),
    ("search=charzard", Some(TARGET)),
    ("type=fire", Some(TARGET)),
    ("type=water&type=flying&sort=speed_desc", Some(TARGET)),
    ("forms=all&per_page=100", None),
];

/// The number of events that are created before the clock runs, and answered while it does.
const BATCH: usize = 100;

pub fn measure(binaries: &Binaries, effort: &Effort, report: &mut Report) -> Result<()> {
    let engine = LocalEngine::start(binaries)?;
    let handler = Handler::new(engine.client())?;

    let mut list = Usage::default();
    let mut from_memory = |report: &mut Report, name: &str, case: &Case, target: Option<Target>| {
        report.add(GROUP, name, "µs", handler.cpu(case, effort)?, target);
        let usage = handler.usage(case)?;
        list.calls += usage.calls;
        anyhow::Ok(())
    };
    for (query, target) in LISTS {
        from_memory(report, query, &Case::list(query), target)?;
    }
    let known = handler.known(Case::list("per_page=20"))?;
    from_memory(report, "per_page=20, 304", &known, Some(TARGET))?;
    from_memory(report, "types", &Case::get(&routes::LIST_TYPES, ""), Some(TARGET))?;
    from_memory(report, "generations", &Case::get(&routes::LIST_GENERATIONS, ""), Some(TARGET))?;
    report.add(GROUP, "database calls of all of these", "calls", list.calls as f64, Target::AtMost(0.0));
    let lambda = handler.lambda_cpu(&Case::list("per_page=20"), effort)?;
    report.add(GROUP, "per_page=20, with the JSON around it", "µs", lambda, None);

    let detail = Case::detail("25");
    report.add(GROUP, "detail", "µs", handler.cpu(&detail, effort)?, None);
    let usage = handler.usage(&detail)?;
    report.add(GROUP, "detail, database calls", "calls", usage.calls as f64, Target::AtMost(1.0));
    report.add(GROUP, "detail, read capacity", "RCU", usage.read_units, Target::AtMost(0.5));
    Ok(())
}

/// A route and an event for it.
struct Case {
    route: &'static Route,
    event: Event,
    status: StatusCode,
}

impl Case {
    fn list(query: &str) -> Self {
        Self::get(&routes::LIST_POKEMON, query)
    }

    fn detail(id: &str) -> Self {
        let mut case = Self::get(&routes::GET_POKEMON, "");
        case.event.raw_path = format!("/api/v1/pokemon/{id}");
        case.event.path_parameters.insert("id".to_owned(), id.to_owned());
        case
    }

    /// An event as API Gateway creates it behind CloudFront.
    fn get(route: &'static Route, query: &str) -> Self {
        let headers = [
            ("accept", "application/json, text/plain, */*"),
            ("accept-encoding", "br,gzip"),
            ("content-length", "0"),
            ("host", "abcdefghij.execute-api.eu-central-1.amazonaws.com"),
            ("user-agent", "Amazon CloudFront"),
            ("via", "2.0 0123456789abcdef0123456789abcdef.cloudfront.net (CloudFront)"),
            ("x-amz-cf-id", "0123456789abcdefghijklmnopqrstuvwxyz0123456789abcdefghij=="),
            ("x-amzn-trace-id", "Root=1-68a00000-0123456789abcdef01234567"),
            ("x-forwarded-for", "192.0.2.1, 192.0.2.2"),
            ("x-forwarded-port", "443"),
            ("x-forwarded-proto", "https"),
        ];
        let event = Event {
            version: "2.0".to_owned(),
            route_key: format!("{} {}", route.spec.method, route.spec.path),
            raw_path: route.spec.path.to_owned(),
            raw_query_string: query.to_owned(),
            headers: headers.map(|(name, value)| (name.to_owned(), value.to_owned())).into(),
            request_context: Context {
                request_id: "JKJaXmPLvHcESHA=".to_owned(),
                http: HttpContext { method: "GET".to_owned(), source_ip: "192.0.2.1".to_owned() },
            },
            ..Event::default()
        };
        Self { route, event, status: StatusCode::OK }
    }
}

/// The API in this process, on one thread as on Lambda.
struct Handler {
    runtime: Runtime,
    app: App,
}

impl Handler {
    fn new(client: Client) -> Result<Self> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let mut config = Config::new(tables::CATALOG);
        config.index_check_every = Duration::MAX;
        Ok(Self { runtime, app: App::new(config, || client) })
    }

    fn answer(&self, case: &Case) -> Result<Response> {
        let answer = self.runtime.block_on(answer::answer(&self.app, case.route, case.event.clone()));
        ensure!(answer.status() == case.status, "{} is answered {}", case.event.raw_path, answer.status());
        Ok(answer)
    }

    /// Returns `case` as a request of a client that already has the answer.
    fn known(&self, mut case: Case) -> Result<Case> {
        let answer = self.answer(&case)?;
        let etag = answer.headers().get(header::ETAG).context("the answer has no ETag")?.to_str()?;
        case.event.headers.insert("if-none-match".to_owned(), etag.to_owned());
        case.status = StatusCode::NOT_MODIFIED;
        Ok(case)
    }

    /// Microseconds of CPU time per request.
    fn cpu(&self, case: &Case, effort: &Effort) -> Result<Spread> {
        self.answer(case)?;
        Ok(rounds(effort, || {
            let events = vec![case.event.clone(); BATCH];
            let answer_all = async {
                for event in events {
                    black_box(answer::answer(&self.app, case.route, event).await);
                }
            };
            own_cpu(|| self.runtime.block_on(answer_all)).1
        }))
    }

    /// The same with the cost of Lambda's own format: an event in JSON, and an answer in JSON that contains the body.
    fn lambda_cpu(&self, case: &Case, effort: &Effort) -> Result<Spread> {
        let payload = RawValue::from_string(serde_json::to_string(&case.event)?)?;
        let payload = &*payload;
        Ok(rounds(effort, || {
            let answer_all = async {
                for _ in 0..BATCH {
                    let answer =
                        door::lambda::invoke(&self.app, case.route, payload, answer::LONGEST, None).await;
                    black_box(serde_json::to_vec(&answer)).ok();
                }
            };
            own_cpu(|| self.runtime.block_on(answer_all)).1
        }))
    }

    /// The handler's use of the database, according to the request's own meter.
    fn usage(&self, case: &Case) -> Result<Usage> {
        let query = case.event.raw_query_string.split('&').filter_map(|pair| pair.split_once('='));
        let request = Request {
            method: Method::GET,
            path: case.event.raw_path.clone(),
            params: case.event.path_parameters.clone(),
            query: query.map(|(key, value)| (key.to_owned(), value.to_owned())).collect(),
            headers: HashMap::new(),
            body: Vec::new(),
            client: String::new(),
            caller: None,
            ticket: None,
            repeated: None,
            id: String::new(),
            meter: Arc::default(),
            events: Arc::default(),
        };
        let answer = self.runtime.block_on((case.route.handler)(&self.app, &request));
        ensure!(answer.is_ok(), "{} cannot be answered", case.event.raw_path);
        Ok(request.meter.usage())
    }
}

/// Microseconds per request; `batch` returns the time of one batch.
fn rounds(effort: &Effort, mut batch: impl FnMut() -> Duration) -> Spread {
    let batches = effort.calls / BATCH;
    let round = |_| (0..batches).map(|_| batch()).sum::<Duration>().as_secs_f64() * 1e6;
    Spread::of((0..effort.rounds).map(round).map(|all| all / (batches * BATCH) as f64).collect())
}
