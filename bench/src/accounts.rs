//! What it costs to know who asks, and whether a sign-in tells by its time who has an account.

use std::{sync::Arc, time::Instant};

use adapters::{
    now,
    store::{Meter, accounts::Accounts},
    tokens::{FamilyId, Issuer, KeyRing, KeySource},
};
use anyhow::{Context as _, Result, ensure};
use api::{
    App, Config, Event, Response, Route,
    door::{self, Context, HttpContext},
    routes,
};
use aws_sdk_dynamodb::Client;
use domain::accounts::UserId;
use http::StatusCode;
use local::tables;
use serde_json::json;
use tokio::runtime::Runtime;

use crate::{
    child::{Binaries, LocalEngine},
    effort::Effort,
    machine::own_cpu,
    report::{Report, Spread, Target},
};

const GROUP: &str = "accounts";
/// Requests a round.
const BATCH: usize = 200;
/// Sign-ins a round, each some 20 ms.
const SIGN_INS: usize = 5;

pub fn measure(binaries: &Binaries, effort: &Effort, report: &mut Report) -> Result<()> {
    let engine = LocalEngine::start(binaries)?;
    let house = House::new(engine.client())?;
    let list = event(&routes::LIST_POKEMON, "");
    let mut verified = list.clone();
    verified.headers.insert("authorization".to_owned(), format!("Bearer {}", house.token()?));

    // In turn, so that a busy machine is busy for both.
    let (mut plain, mut known) = (Vec::new(), Vec::new());
    for _ in 0..effort.rounds {
        plain.push(house.cpu(&routes::LIST_POKEMON, &list)?);
        known.push(house.cpu(&routes::LIST_POKEMON, &verified)?);
    }
    let more = known.iter().zip(&plain).map(|(known, plain)| known - plain).collect();
    report.add(GROUP, "a list, CPU", "µs", Spread::of(plain), None);
    report.add(GROUP, "what a verified token adds, CPU", "µs", Spread::of(more), Target::AtMost(120.0));

    house.register()?;
    let (mut known, mut unknown) = (Vec::new(), Vec::new());
    for _ in 0..effort.rounds {
        known.push(house.sign_in("bench_user")?);
        unknown.push(house.sign_in("bench_nobody")?);
    }
    let ratio: Vec<f64> = known.iter().zip(&unknown).map(|(known, unknown)| known / unknown).collect();
    report.add(GROUP, "a sign-in with a wrong password", "ms", Spread::of(known), None);
    report.add(GROUP, "to an account that is not there", "ms", Spread::of(unknown), None);
    let ratio = Spread::of(ratio);
    report.add(GROUP, "of which the first takes more, by a factor of", "x", ratio, Target::AtMost(1.1));
    Ok(())
}

fn event(route: &Route, body: &str) -> Event {
    Event {
        version: "2.0".to_owned(),
        raw_path: route.spec.path.to_owned(),
        request_context: Context {
            request_id: "JKJaXmPLvHcESHA=".to_owned(),
            http: HttpContext { method: route.spec.method.to_string(), source_ip: "192.0.2.1".to_owned() },
        },
        body: body.to_owned(),
        ..Event::default()
    }
}

struct House {
    runtime: Runtime,
    app: App,
    ring: Arc<KeyRing>,
}

impl House {
    fn new(client: Client) -> Result<Self> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let ring = Arc::new(KeyRing::generate(now()));
        let config = Config {
            limits: None,
            signing_keys: Some(KeySource::Process(Arc::clone(&ring))),
            ..Config::new(tables::CATALOG)
        };
        let accounts = Accounts::new(client.clone(), config.tables.clone());
        runtime.block_on(async {
            let meter = Meter::default();
            let stored = accounts.public_keys(&meter).await?;
            accounts.put_public_keys(&meter, &ring.jwks(), stored.version).await
        })?;
        Ok(Self { runtime, app: App::new(config, || client), ring })
    }

    fn token(&self) -> Result<String> {
        let issuer = self.app.config.issuer();
        let issuer = Issuer { issuer: &issuer, keys: &self.ring };
        issuer.issue(UserId::new(1, [1; 10]), FamilyId::random(), now()).context("a token")
    }

    fn answer(&self, route: &Route, event: &Event, status: StatusCode) -> Result<Response> {
        let answer = self.runtime.block_on(door::answer(&self.app, route, event.clone()));
        ensure!(answer.status() == status, "{} is answered {}", event.raw_path, answer.status());
        Ok(answer)
    }

    /// Microseconds of CPU a request.
    fn cpu(&self, route: &Route, event: &Event) -> Result<f64> {
        self.answer(route, event, StatusCode::OK)?;
        let (answered, took) =
            own_cpu(|| (0..BATCH).try_for_each(|_| self.answer(route, event, StatusCode::OK).map(drop)));
        answered?;
        Ok(took.as_secs_f64() * 1e6 / BATCH as f64)
    }

    fn register(&self) -> Result<()> {
        let body = json!({"username": "bench_user", "email": "bench@example.com", "password": "pallet town, route 1"});
        let event = event(&routes::REGISTER_USER, &body.to_string());
        self.answer(&routes::REGISTER_USER, &event, StatusCode::CREATED).map(drop)
    }

    /// Milliseconds that a client waits.
    fn sign_in(&self, username: &str) -> Result<f64> {
        let body = json!({"username": username, "password": "wrong"});
        let event = event(&routes::LOGIN_USER, &body.to_string());
        let started = Instant::now();
        for _ in 0..SIGN_INS {
            self.answer(&routes::LOGIN_USER, &event, StatusCode::UNAUTHORIZED)?;
        }
        Ok(started.elapsed().as_secs_f64() * 1e3 / SIGN_INS as f64)
    }
}
