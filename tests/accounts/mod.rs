//! Accounts: their guarantees, and the cases that they must never allow.

mod administrators;
mod attempts;
mod bodies;
mod capitals;
mod deletion;
mod exports;
mod failures;
mod faults;
mod favorites;
mod idempotency;
mod limits;
mod listing;
mod profile;
mod registration;
mod rotation;
mod sessions;
mod sign_in;
mod standing;
mod stored;
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

/// Sends the same request `times` times at once and returns the sorted statuses.
async fn at_once<T: Send + 'static>(
    times: usize,
    ask: impl Fn(usize) -> futures_util::future::BoxFuture<'static, T>,
) -> Vec<T> {
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
