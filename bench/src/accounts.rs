//! The cost of verifying a caller, and whether the time of a sign-in reveals which accounts exist.

use std::{sync::Arc, time::Instant};

use adapters::{
    now,
    store::{Meter, accounts::AccountStore},
    tokens::{FamilyId, Issuer, KeyRing, KeySource, Verifier},
};
use anyhow::{Context as _, Result, anyhow, ensure};
use api::{App, Config, Route, routes};
use aws_sdk_dynamodb::Client;
use bench::{
    child::{Binaries, LocalEngine},
    machine::own_cpu,
};
use domain::accounts::UserId;
use door::{
    Event, Response, answer,
    event::{Context, HttpContext},
};
use http::StatusCode;
use local::tables;
use serde_json::json;
use tokio::runtime::Runtime;

use crate::{
    effort::Effort,
    report::{Report, Spread, Target},
    timing,
};

const GROUP: &str = "accounts";
/// The number of requests per round.
const BATCH: usize = 200;

pub fn measure(binaries: &Binaries, effort: &Effort, report: &mut Report) -> Result<()> {
    let engine = LocalEngine::start(binaries)?;
    let house = House::new(engine.client())?;
    let (mut list, mut verification) = (Vec::new(), Vec::new());
    for _ in 0..effort.rounds {
        list.push(house.cpu(&routes::LIST_POKEMON, &event(&routes::LIST_POKEMON, ""))?);
        verification.push(house.verification()?);
    }
    report.add(GROUP, "a list, CPU", "µs", Spread::of(list), None);
    report.add(GROUP, "verifying a token, CPU", "µs", Spread::of(verification), Target::AtMost(120.0));

    house.register()?;
    let (mut known, mut unknown) = (Vec::new(), Vec::new());
    for nth in 0..effort.sign_ins {
        // The two take turns, and each goes first equally often, so that a busy machine affects both alike.
        let is_known_first = nth % 2 == 0;
        for is_known in [is_known_first, !is_known_first] {
            match is_known {
                true => known.push(house.sign_in("bench_user")?),
                false => unknown.push(house.sign_in("bench_nobody")?),
            }
        }
    }
    report_timing(report, effort, known, unknown);
    Ok(())
}

/// Compares the two distributions. A client that times one sign-in and guesses whether the account exists is right with a probability of
/// one half plus the advantage; the largest distance between the two shows the difference that many sign-ins would reveal.
fn report_timing(report: &mut Report, effort: &Effort, known: Vec<f64>, unknown: Vec<f64>) {
    let advantage = (timing::chance_of_longer(&known, &unknown) - 0.5).abs();
    let distance = timing::largest_distance(&known, &unknown);
    let noise = timing::largest_by_chance(effort.sign_ins);
    let n = effort.sign_ins;
    report.add(
        GROUP,
        format!("a wrong password for a known account, n = {n}"),
        "ms",
        Spread::of(known),
        None,
    );
    report.add(GROUP, format!("the same for an unknown one, n = {n}"), "ms", Spread::of(unknown), None);
    let name = "advantage of a guess by the time of one sign-in";
    report.add(GROUP, name, "", advantage, Target::AtMost(noise / 2.0));
    let name = "largest distance of the two distributions (Kolmogorov-Smirnov)";
    report.add(GROUP, name, "", distance, Target::AtMost(noise));
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
        let mut config = Config::new(tables::CATALOG);
        config.door.limits = None;
        config.door.signing_keys = Some(KeySource::Process(Arc::clone(&ring)));
        let accounts = AccountStore::new(client.clone(), config.door.tables.clone());
        runtime.block_on(async {
            let meter = Meter::default();
            let stored = accounts.public_keys(&meter).await?;
            accounts.put_public_keys(&meter, &ring.jwks(), stored.version).await
        })?;
        Ok(Self { runtime, app: App::new(config, || client), ring })
    }

    fn token(&self) -> Result<String> {
        let issuer = self.app.kernel.config.issuer();
        let issuer = Issuer { issuer: &issuer, keys: &self.ring };
        issuer.issue(UserId::new(1, [1; 10]), FamilyId::random(), now()).context("a token")
    }

    fn answer(&self, route: &Route, event: &Event, status: StatusCode) -> Result<Response> {
        let answer = self.runtime.block_on(answer::answer(&self.app, route, event.clone()));
        ensure!(answer.status() == status, "{} is answered {}", event.raw_path, answer.status());
        Ok(answer)
    }

    /// Microseconds of CPU time per request.
    fn cpu(&self, route: &Route, event: &Event) -> Result<f64> {
        self.answer(route, event, StatusCode::OK)?;
        let (answered, took) =
            own_cpu(|| (0..BATCH).try_for_each(|_| self.answer(route, event, StatusCode::OK).map(drop)));
        answered?;
        Ok(took.as_secs_f64() * 1e6 / BATCH as f64)
    }

    /// Microseconds of CPU time for verifying an access token.
    fn verification(&self) -> Result<f64> {
        let token = self.token()?;
        let verifier = Verifier::new(&self.app.kernel.config.issuer(), &self.ring.jwks());
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

    /// Milliseconds for which a client waits.
    fn sign_in(&self, username: &str) -> Result<f64> {
        let body = json!({"username": username, "password": "wrong"});
        let event = event(&routes::LOGIN_USER, &body.to_string());
        let started = Instant::now();
        self.answer(&routes::LOGIN_USER, &event, StatusCode::UNAUTHORIZED)?;
        Ok(started.elapsed().as_secs_f64() * 1e3)
    }
}
