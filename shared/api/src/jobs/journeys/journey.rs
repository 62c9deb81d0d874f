//! The requests of one journey, in order. It ends at the first step that fails.

use std::time::{Duration, Instant};

use adapters::visitor::{Reply, Visit, Visitor};
use serde::Serialize;

/// The longest time that one request may take. The gateway itself answers after 30 seconds; no user waits that long.
const LONGEST: Duration = Duration::from_secs(8);
/// The longest part of a problem's detail that a failure repeats, in characters.
const LONGEST_DETAIL: usize = 200;

/// Headers of every response of the API.
const ALWAYS: [(&str, &str); 2] = [("x-content-type-options", "nosniff"), ("x-api-version", "v1")];

/// A journey with its last request.
pub(super) struct Journey<'a> {
    visitor: &'a Visitor,
    deadline: Instant,
    /// The last request, without a reason.
    last: Failure,
    /// The number of requests.
    pub(super) steps: usize,
    /// The time of all requests together.
    time: Duration,
}

/// The failed step of a journey. It contains neither a password nor a token.
#[derive(Clone, Debug, Default, Serialize)]
pub(super) struct Failure {
    pub(super) journey: &'static str,
    pub(super) step: &'static str,
    /// The method and the path.
    pub(super) request: String,
    /// The status of the response; `None` without a response.
    pub(super) status: Option<u16>,
    /// The id of the request in the lines of its function.
    pub(super) request_id: Option<String>,
    /// The time of the request.
    pub(super) milliseconds: u64,
    pub(super) reason: String,
}

impl<'a> Journey<'a> {
    /// Begins the journey `name`, which sends no request after `deadline`.
    pub(super) fn new(visitor: &'a Visitor, name: &'static str, deadline: Instant) -> Self {
        let last = Failure { journey: name, ..Failure::default() };
        Self { visitor, deadline, last, steps: 0, time: Duration::ZERO }
    }

    /// Sends the request of `step`. The response must have one of the `expected` statuses, and the headers of every response.
    pub(super) async fn send(
        &mut self,
        step: &'static str,
        visit: Visit<'_>,
        expected: &[u16],
    ) -> Result<Reply, Failure> {
        let request = format!("{} {}", visit.method, visit.path);
        self.last = Failure { journey: self.last.journey, step, request, ..Failure::default() };
        let within = self.deadline.saturating_duration_since(Instant::now()).min(LONGEST);
        if within.is_zero() {
            return Err(self.failed("the time of the run is over"));
        }
        let started = Instant::now();
        let sent = self.visitor.send(&visit, within).await;
        let took = started.elapsed();
        self.last.milliseconds = milliseconds(took);
        self.time += took;
        self.steps += 1;
        let reply = sent.map_err(|error| self.failed(error.to_string()))?;
        self.last.status = Some(reply.status);
        self.last.request_id = reply.header("x-request-id").map(str::to_owned);
        self.require(expected.contains(&reply.status), || unexpected(&reply, expected))?;
        // A cache may answer 304 with less than the stored headers (RFC 9110, 15.4.5).
        if reply.status != 304 {
            self.check_headers(&reply)?;
        }
        Ok(reply)
    }

    /// Returns the time of all requests together.
    pub(super) fn milliseconds(&self) -> u64 {
        milliseconds(self.time)
    }

    fn check_headers(&self, reply: &Reply) -> Result<(), Failure> {
        for (name, value) in ALWAYS {
            let got = reply.header(name);
            self.require(got == Some(value), || match got {
                Some(got) => format!("the header {name} is {got:?}, and not {value:?}"),
                None => format!("the response has no header {name}"),
            })?;
        }
        self.require(self.last.request_id.is_some(), || "the response has no x-request-id".to_owned())?;
        if reply.status >= 400 {
            let kind = reply.header("content-type").unwrap_or_default();
            let body = reply.json();
            let is_problem = kind.starts_with("application/problem+json")
                && body["code"].is_string()
                && body["request_id"].is_string();
            self.require(is_problem, || format!("the error is {kind:?}, and not a whole problem"))?;
        }
        Ok(())
    }

    /// Fails the last step unless something `holds`.
    pub(super) fn require(&self, holds: bool, reason: impl FnOnce() -> String) -> Result<(), Failure> {
        if holds { Ok(()) } else { Err(self.failed(reason())) }
    }

    /// Returns the failure of the last step.
    pub(super) fn failed(&self, reason: impl Into<String>) -> Failure {
        Failure { reason: reason.into(), ..self.last.clone() }
    }

    /// Returns the failure of a step that sends no request to the API.
    pub(super) fn failed_aside(&self, step: &'static str, reason: impl ToString) -> Failure {
        Failure { journey: self.last.journey, step, reason: reason.to_string(), ..Failure::default() }
    }
}

fn milliseconds(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}

/// Describes a response with a status that was not expected. The body of a success may contain tokens, so only a problem is quoted.
fn unexpected(reply: &Reply, expected: &[u16]) -> String {
    let expected: Vec<_> = expected.iter().map(ToString::to_string).collect();
    let expected = expected.join(" or ");
    let body = reply.json();
    match (body["code"].as_str(), body["detail"].as_str()) {
        (Some(code), Some(detail)) if reply.status >= 400 => {
            let detail: String = detail.chars().take(LONGEST_DETAIL).collect();
            format!("answered {} ({code}: {detail}) instead of {expected}", reply.status)
        }
        _ => format!("answered {} instead of {expected}", reply.status),
    }
}
