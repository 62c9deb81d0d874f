//! `/api/v1/auth`: signing up, in and out, and what one is to others.

mod answer;
mod confirmation;
mod export;
mod jwks;
mod login;
mod profile;
mod reauthentication;
mod refresh;
mod register;
mod sessions;

pub(crate) use answer::{RefreshAnswer, SignedIn};
pub(crate) use confirmation::{Confirmation, confirmed};
pub(crate) use export::{ExportAnswer, export};
pub(crate) use jwks::jwks;
pub(crate) use login::{Credentials, login};
pub(crate) use profile::{
    ProfileUpdate, answer as user_answer, change_own, etag as user_etag, outdated, profile, update_profile,
};
pub(crate) use refresh::{RefreshRequest, refresh};
pub(crate) use register::{Registration, register};
pub(crate) use sessions::{Sessions, end_session, logout, sessions};

use adapters::{milliseconds, now, tokens::unguessable};
use domain::{
    FieldError,
    accounts::{Password, UserId},
    audit::{Action, Event, EventId, Outcome},
};

use crate::{Request, problem::Problem};

/// What tells of `action`, done or refused in `request`.
pub(crate) fn event(
    request: &Request,
    actor: Option<UserId>,
    action: Action,
    target: Option<String>,
    outcome: Outcome,
) -> Event {
    Event {
        id: EventId::new(milliseconds(), unguessable()),
        at: now(),
        actor,
        action,
        target,
        outcome,
        request_id: request.id.clone(),
    }
}

/// Runs `work`, which takes a processor for some 20 ms, where nobody else waits for it.
async fn slowly<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Result<T, Problem> {
    tokio::task::spawn_blocking(work).await.map_err(|error| Problem::internal(error.to_string()))
}

/// A password that is chosen, its hash made: 422 where it is too short, or what everybody would try first.
async fn chosen(password: Result<Password, FieldError>, names: &[&str]) -> Result<String, Problem> {
    let password = password.map_err(|error| Problem::invalid(vec![error]))?;
    if adapters::passwords::is_common(&password, names) {
        let error = FieldError::new("password", "is too easy to guess");
        return Err(Problem::invalid(vec![error]));
    }
    let hash = slowly(move || adapters::passwords::hash(&password)).await?;
    hash.map_err(|error| Problem::internal(error.to_string()))
}

/// The values of fields that were read, or everything that is wrong with them.
fn all<A, B>(a: Result<A, FieldError>, b: Result<B, FieldError>) -> Result<(A, B), Vec<FieldError>> {
    match (a, b) {
        (Ok(a), Ok(b)) => Ok((a, b)),
        (a, b) => Err(a.err().into_iter().chain(b.err()).collect()),
    }
}
