//! Accounts: what they promise, and what they must never do.

mod administrators;
mod bodies;
mod deletion;
mod exports;
mod failures;
mod faults;
mod favorites;
mod idempotency;
mod limits;
mod profile;
mod registration;
mod rotation;
mod sessions;
mod sign_in;
mod standing;
mod tokens;

use http::Method;
use serde_json::{Value, json};
use tests::{Answer, House};

const REGISTER: &str = "/api/v1/auth/register";
const LOGIN: &str = "/api/v1/auth/login";
const REFRESH: &str = "/api/v1/auth/refresh";
const PROFILE: &str = "/api/v1/auth/profile";

async fn post(house: &House, path: &str, body: &Value) -> Answer {
    house.call(Method::POST, path, None, Some(body)).await
}

/// Asks for the same `times` times at once; the statuses, sorted.
async fn at_once(
    times: usize,
    ask: impl Fn(usize) -> futures_util::future::BoxFuture<'static, Answer>,
) -> Vec<Answer> {
    futures_util::future::join_all((0..times).map(|nth| tokio::spawn(ask(nth))))
        .await
        .into_iter()
        .map(|answer| answer.expect("an answer"))
        .collect()
}

fn count(answers: &[Answer], status: u16) -> usize {
    answers.iter().filter(|answer| answer.status == status).count()
}

fn someone(name: &str) -> Value {
    json!({"username": name, "email": format!("{name}@example.com"), "password": tests::PASSWORD})
}
