//! Requests that tests of several folders send to accounts.

use http::Method;
use serde_json::{Value, json};
use tests::{Answer, House};

pub const REGISTER: &str = "/api/v1/auth/register";
pub const LOGIN: &str = "/api/v1/auth/login";
pub const REFRESH: &str = "/api/v1/auth/refresh";
pub const PROFILE: &str = "/api/v1/auth/profile";

pub async fn post(house: &House, path: &str, body: &Value) -> Answer {
    house.call(Method::POST, path, None, Some(body)).await
}

/// Sends the same request `times` times at once and returns the sorted statuses.
pub async fn at_once<T: Send + 'static>(
    times: usize,
    ask: impl Fn(usize) -> futures_util::future::BoxFuture<'static, T>,
) -> Vec<T> {
    futures_util::future::join_all((0..times).map(|nth| tokio::spawn(ask(nth))))
        .await
        .into_iter()
        .map(|answer| answer.expect("an answer"))
        .collect()
}

pub fn count(answers: &[Answer], status: u16) -> usize {
    answers.iter().filter(|answer| answer.status == status).count()
}

pub fn someone(name: &str) -> Value {
    json!({"username": name, "email": format!("{name}@example.com"), "password": tests::PASSWORD})
}
