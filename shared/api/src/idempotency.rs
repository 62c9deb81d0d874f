//! `Idempotency-Key`: whoever did not hear the answer may ask again, and what was to be done is done once.

use adapters::{
    now,
    store::accounts::{Receipt, Told},
};
use bytes::Bytes;
use domain::{FieldError, Timestamp, audit::Event};
use http::{HeaderName, HeaderValue, Method, StatusCode, header};
use sha2::{Digest as _, Sha256};

use crate::{
    App, Request, Response,
    body::personal,
    problem::Problem,
    request::Caller,
    routes::{Access, Spec},
};

/// What a request with a key is known by.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ticket {
    key: String,
    fingerprint: String,
}

/// `REPEATED` in a problem's code: the loser of a race, to be answered as the winner was.
pub(crate) const REPEATED: &str = "repeated";

impl Spec {
    /// Changes of who has signed in take keys; routes of authentication do not: their requests hold passwords.
    #[must_use]
    pub fn takes_idempotency_keys(&self) -> bool {
        !matches!(self.access, Access::Public | Access::Refresh | Access::Session)
            && self.method != Method::GET
            && !self.path.starts_with("/api/v1/auth/")
    }
}

/// The request's ticket, where it has a key and the route takes one.
pub(crate) fn ticket(spec: &Spec, request: &Request, caller: Caller) -> Result<Option<Ticket>, Problem> {
    // What one changes of oneself is as good as a route of authentication.
    let is_own = spec.access == Access::OwnerOrAdmin
        && request.params.get("id").and_then(|id| id.parse().ok()) == Some(caller.user);
    let takes = spec.takes_idempotency_keys() && !is_own;
    let Some(given) = request.header("idempotency-key").filter(|_| takes) else { return Ok(None) };
    if !(1..=255).contains(&given.len()) || !given.bytes().all(|byte| byte.is_ascii_graphic()) {
        let error = FieldError::new("idempotency-key", "must have 1 to 255 visible ASCII characters");
        return Err(Problem::invalid(vec![error]));
    }
    let query: Vec<u8> =
        request.query.iter().flat_map(|(key, value)| framed(&[key.as_bytes(), value.as_bytes()])).collect();
    Ok(Some(Ticket {
        key: hashed(&[
            caller.user.as_bytes(),
            spec.name.as_bytes(),
            request.path.as_bytes(),
            given.as_bytes(),
        ]),
        fingerprint: hashed(&[&query, &request.body]),
    }))
}

/// Each part with its length: no two lists of parts are one text.
fn framed(parts: &[&[u8]]) -> Vec<u8> {
    parts.iter().flat_map(|part| [&(part.len() as u64).to_be_bytes(), *part].concat()).collect()
}

fn hashed(parts: &[&[u8]]) -> String {
    Sha256::digest(framed(parts)).iter().map(|byte| format!("{byte:02x}")).collect()
}

/// What a key stands for already.
pub(crate) enum Known {
    Nothing,
    Answer(Response),
    /// It was done, and answered with this status; the answer is too long to be kept, or was not known yet, and is made again.
    Done(StatusCode),
}

/// What `ticket` stands for already.
pub(crate) async fn known(app: &App, request: &Request, ticket: &Ticket) -> Result<Known, Problem> {
    let Some(receipt) = app.accounts().receipt(&request.meter, &ticket.key, now()).await? else {
        return Ok(Known::Nothing);
    };
    if receipt.fingerprint != ticket.fingerprint {
        let error = FieldError::new("idempotency-key", "was used for another request");
        return Err(Problem { code: "idempotency_key_reused", ..Problem::invalid(vec![error]) });
    }
    let status = StatusCode::from_u16(receipt.status).unwrap_or(StatusCode::OK);
    let Some(body) = receipt.body else { return Ok(Known::Done(status)) };
    let mut response = personal(status, &())?;
    *response.body_mut() = Bytes::from(body);
    let replayed = HeaderName::from_static("idempotency-replayed");
    response.headers_mut().insert(replayed, HeaderValue::from_static("true"));
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    Ok(Known::Answer(response))
}

impl Request {
    /// What is told of a change that is answered with `answer`.
    pub(crate) fn told(&self, event: Event, answer: &Response) -> Told {
        let receipt = self.ticket.as_ref().map(|ticket| {
            let body = std::str::from_utf8(answer.body()).ok().filter(|body| body.len() <= Receipt::LONGEST);
            ticket.receipt(answer.status().as_u16(), body, event.at)
        });
        Told { event, receipt }
    }

    /// The same for a change whose answer, with this status, is made again.
    pub(crate) fn told_of_answer(&self, event: Event, status: StatusCode) -> Told {
        let receipt = self.receipt_of_answer(status, event.at);
        Told { event, receipt }
    }

    /// The receipt of a change whose answer, with this status, is made again.
    pub(crate) fn receipt_of_answer(&self, status: StatusCode, now: Timestamp) -> Option<Receipt> {
        Some(self.ticket.as_ref()?.receipt(status.as_u16(), None, now))
    }
}

impl Ticket {
    fn receipt(&self, status: u16, body: Option<&str>, now: Timestamp) -> Receipt {
        let expires_at = Timestamp::from_unix(now.unix() + Receipt::KEPT);
        let Self { key, fingerprint } = self.clone();
        Receipt { key, fingerprint, status, body: body.map(str::to_owned), expires_at }
    }
}
