//! What verifying a token costs, and whether a sign-in tells by its time who has an account.

use std::{sync::Arc, time::Instant};

use adapters::{
    aws, now,
    store::{Meter, accounts::Accounts},
    tokens::{FamilyId, Issuer, KeyRing, KeySource, Verifier},
};
use anyhow::{Context as _, Result, anyhow, ensure};
use api::{
    App, Config, Event, Response, Route,
    door::{self, Context, HttpContext},
    routes,
};
use domain::accounts::UserId;
use http::StatusCode;
use local::tables;
use serde_json::json;
use tokio::runtime::Runtime;

use crate::{
    child::{Binaries, Local},
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
    let engine = Local::engine(binaries)?;
    let house = House::new(&engine.url)?;
    let (mut list, mut verification) = (Vec::new(), Vec::new());
    for _ in 0..effort.rounds {
        list.push(house.cpu(&routes::LIST_POKEMON, &event(&routes::LIST_POKEMON, ""))?);
        verification.push(house.verification()?);
    }
    report.add(GROUP, "a list, CPU", "µs", Spread::of(list), None);
    report.add(GROUP, "verifying a token, CPU", "µs", Spread::of(verification), Target::AtMost(120.0));

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
    fn new(engine: &str) -> Result<Self> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let ring = Arc::new(KeyRing::generate(now()));
        let config = Config {
            limits: None,
            signing_keys: Some(KeySource::Process(Arc::clone(&ring))),
            ..Config::new(tables::CATALOG)
        };
        let accounts = Accounts::new(aws::at(engine), config.tables.clone());
        runtime.block_on(async {
            let meter = Meter::default();
            let stored = accounts.public_keys(&meter).await?;
            accounts.put_public_keys(&meter, &ring.jwks(), stored.version).await
        })?;
        let client = aws::at(engine);
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

    /// Microseconds of CPU that verifying an access token takes.
    fn verification(&self) -> Result<f64> {
        let token = self.token()?;
        let verifier = Verifier::new(&self.app.config.issuer(), &self.ring.jwks());
        let verify = || verifier.verify(&token, now()).map(drop);
        let (verified, took) = own_cpu(|| (0..BATCH).try_for_each(|_| verify()));
        verified.map_err(|error| anyhow!("the token is not valid: {error:?}"))?;
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
