//! Probes of a function: an event that changes nothing, and the responses that a function in order gives.

use door::route::{Access, DEFAULT, Spec};
use http::Method;
use serde_json::{Map, Value, json};

use crate::{
    jobs::JOBS,
    routes::{SPECS, sample},
};

/// An event for a function, and what it must answer.
#[derive(Clone, Debug, PartialEq)]
pub struct Probe {
    pub event: Value,
    pub expected: Expected,
}

/// The answer that a function in order gives.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Expected {
    /// A response with one of these statuses.
    Status(&'static [u16]),
    /// A job's report that it could work.
    Checked,
}

impl Probe {
    /// Returns the probe of the function `name`; `None` if there is no such function. `origin_verify` is the value of `X-Origin-Verify` that
    /// the edge sends, if the environment has one.
    #[must_use]
    pub fn of(name: &str, origin_verify: Option<&str>) -> Option<Self> {
        if JOBS.iter().any(|job| job.name == name) {
            return Some(Self { event: json!({"task": "check"}), expected: Expected::Checked });
        }
        let spec = SPECS.iter().find(|spec| spec.name == name)?;
        let event: Value = serde_json::from_str(sample(name)?).ok()?;
        Some(Self { event: harmless(event, spec, origin_verify), expected: Expected::Status(statuses(spec)) })
    }

    /// Compares an answer with the expected one; returns the difference.
    ///
    /// # Errors
    /// A sentence that names both.
    pub fn compare(&self, answer: &Value) -> Result<(), String> {
        match self.expected {
            Expected::Checked if answer["outcome"] == "checked" => Ok(()),
            Expected::Checked => Err(format!("answered {answer} instead of a check")),
            Expected::Status(statuses) => {
                let status = answer["statusCode"].as_u64();
                if statuses.iter().any(|expected| status == Some(u64::from(*expected))) {
                    return Ok(());
                }
                let expected: Vec<_> = statuses.iter().map(ToString::to_string).collect();
                let body = answer["body"].as_str().unwrap_or_default();
                let body: String = body.chars().take(200).collect();
                let status = status
                    .map_or_else(|| "without a status".to_owned(), |status| format!("{status}: {body}"));
                Err(format!("answered {status} instead of {}", expected.join(" or ")))
            }
        }
    }
}

/// Returns `event` without a caller and without data to store, as the edge would send it.
fn harmless(mut event: Value, spec: &Spec, origin_verify: Option<&str>) -> Value {
    let mut headers = event["headers"].as_object().cloned().unwrap_or_default();
    for name in ["authorization", "idempotency-key", "if-match", "if-none-match"] {
        headers.remove(name);
    }
    if let Some(value) = origin_verify {
        headers.insert("x-origin-verify".to_owned(), json!(value));
        // The edge appends an address to that of the client.
        headers.insert("x-forwarded-for".to_owned(), json!("192.0.2.1, 198.51.100.1"));
    }
    if spec.method != Method::GET {
        // An empty object lacks every required field.
        event["body"] = json!("{}");
        event["isBase64Encoded"] = json!(false);
    }
    event["headers"] = Value::Object(headers);
    if let Value::Object(fields) = &mut event {
        without_session(fields);
    }
    event
}

fn without_session(event: &mut Map<String, Value>) {
    event.remove("cookies");
}

fn statuses(spec: &Spec) -> &'static [u16] {
    match spec.access {
        Access::Public if spec.path == DEFAULT => &[404],
        // Readiness reports the state of what is behind the API, which a release does not change.
        Access::Public if spec.path.ends_with("/ready") => &[200, 503],
        Access::Public if spec.method == Method::GET => &[200],
        // A rejected body, or a rejected token.
        Access::Public | Access::Refresh => &[401, 422],
        Access::Session | Access::User | Access::Owner | Access::OwnerOrAdmin | Access::Admin => &[401],
    }
}
