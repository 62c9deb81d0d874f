//! `Idempotency-Key`: a client that did not receive the response can repeat the request, and the change is made only once.

use adapters::{
    milliseconds, now,
    store::{ChangeRecord, Receipt},
    tokens::unguessable,
};
use bytes::Bytes;
use domain::{
    FieldError, Timestamp,
    accounts::UserId,
    audit::{Action, Event, EventId, Outcome},
};
use http::{HeaderName, HeaderValue, StatusCode, header};
use sha2::{Digest as _, Sha256};

use crate::{
    body::personal,
    kernel::Kernel,
    problem::Problem,
    request::{Caller, Request},
    response::Response,
    route::{Idempotency, Spec},
    telemetry::Metric,
    ticket::Ticket,
};

/// Returns the request's ticket, if it has a key and the route accepts one.
pub(crate) fn ticket(spec: &Spec, request: &Request, caller: Caller) -> Result<Option<Ticket>, Problem> {
    let takes = match spec.idempotency {
        Idempotency::Ignored => false,
        Idempotency::Keyed => true,
        Idempotency::KeyedForOthers => request.path_user() != Some(caller.user),
    };
    let Some(key) = request.header("idempotency-key").filter(|_| takes) else { return Ok(None) };
    if !(1..=255).contains(&key.len()) || !key.bytes().all(|byte| byte.is_ascii_graphic()) {
        let error = FieldError::new("idempotency-key", "must have 1 to 255 visible ASCII characters");
        return Err(Problem::invalid(vec![error]));
    }
    let query: Vec<u8> =
        request.query.iter().flat_map(|(key, value)| framed(&[key.as_bytes(), value.as_bytes()])).collect();
    Ok(Some(Ticket {
        key: hashed(&[
            caller.user.as_bytes(),
            spec.name.as_bytes(),
            // Ids and names in a path are not case-sensitive.
            request.path.to_ascii_lowercase().as_bytes(),
            key.as_bytes(),
        ]),
        fingerprint: hashed(&[&query, &request.body]),
    }))
}

/// Prefixes each part with its length, so that different lists of parts never produce the same bytes.
fn framed(parts: &[&[u8]]) -> Vec<u8> {
    parts.iter().flat_map(|part| [&(part.len() as u64).to_be_bytes(), *part].concat()).collect()
}

fn hashed(parts: &[&[u8]]) -> String {
    Sha256::digest(framed(parts)).iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The metric of requests whose answer was stored.
pub const REPLAYS: Metric = Metric::count(
    "IdempotencyReplays",
    "Requests that were answered with the stored response to an earlier one",
);

/// The stored result of an idempotency key.
pub(crate) enum Replay {
    /// No change was made with this key.
    None,
    Answer(Response),
    /// The change was made, and answered with this status. The response is rebuilt, because it was too long to store or not known yet.
    Done(StatusCode),
}

/// Returns the stored result of `ticket`.
pub(crate) async fn replay(kernel: &Kernel, request: &Request, ticket: &Ticket) -> Result<Replay, Problem> {
    let Some(receipt) = kernel.accounts().receipt(&request.meter, &ticket.key, now()).await? else {
        return Ok(Replay::None);
    };
    if receipt.fingerprint != ticket.fingerprint {
        let error = FieldError::new("idempotency-key", "was already used for a different request");
        return Err(Problem { code: "idempotency_key_reused", ..Problem::invalid(vec![error]) });
    }
    let status = StatusCode::from_u16(receipt.status).unwrap_or(StatusCode::OK);
    let Some(body) = receipt.body else { return Ok(Replay::Done(status)) };
    let mut response = personal(status, &())?;
    *response.body_mut() = Bytes::from(body);
    request.events.add(REPLAYS);
    let replayed = HeaderName::from_static("idempotency-replayed");
    response.headers_mut().insert(replayed, HeaderValue::from_static("true"));
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    Ok(Replay::Answer(response))
}

impl Request {
    /// Begins the record of a change that the caller makes: `action` on `target`.
    #[must_use]
    pub fn change(&self, action: Action, target: Option<String>) -> Change<'_> {
        let event = Event {
            id: EventId::new(milliseconds(), unguessable()),
            at: now(),
            actor: self.caller.map(|caller| caller.user),
            action,
            target,
            outcome: Outcome::Done,
            request_id: self.id.clone(),
        };
        Change { request: self, event }
    }

    /// Returns the receipt of a change whose response, with this status, is rebuilt for a repeated request.
    #[must_use]
    pub fn receipt_of_answer(&self, status: StatusCode, now: Timestamp) -> Option<Receipt> {
        Some(self.ticket.as_ref()?.receipt(status.as_u16(), None, now))
    }
}

/// A change that a request makes, or tries to make: its event, and the request's idempotency key.
#[derive(Debug)]
pub struct Change<'a> {
    request: &'a Request,
    event: Event,
}

impl Change<'_> {
    /// Replaces the actor: on routes without an access token, it is not the caller.
    #[must_use]
    pub fn by(self, actor: Option<UserId>) -> Self {
        let event = Event { actor, ..self.event };
        Self { event, ..self }
    }

    /// Returns the record of a change that is answered with `answer`: its event and, for a request with a key, its receipt.
    #[must_use]
    pub fn answered(self, answer: &Response) -> ChangeRecord {
        let receipt = self.request.ticket.as_ref().map(|ticket| {
            let body = std::str::from_utf8(answer.body()).ok().filter(|body| body.len() <= Receipt::LONGEST);
            ticket.receipt(answer.status().as_u16(), body, self.event.at)
        });
        ChangeRecord { event: self.event, receipt }
    }

    /// Like [`Self::answered`], for a change whose response, with this status, is rebuilt for a repeated request.
    #[must_use]
    pub fn answered_again(self, status: StatusCode) -> ChangeRecord {
        let receipt = self.request.receipt_of_answer(status, self.event.at);
        ChangeRecord { event: self.event, receipt }
    }

    /// Returns the record of a change without a receipt: a step of a longer one, or of a route that accepts no keys.
    #[must_use]
    pub fn without_receipt(self) -> ChangeRecord {
        self.event().into()
    }

    /// Returns the event of a change that was rejected or made differently.
    #[must_use]
    pub fn ended_as(self, outcome: Outcome) -> Event {
        Event { outcome, ..self.event }
    }

    /// Returns the event of a change that was made.
    #[must_use]
    pub fn event(self) -> Event {
        self.event
    }
}
