//! `POST /api/v1/auth/refresh`

use adapters::{
    now,
    store::accounts::{Condition, Refused},
    tokens::RefreshToken,
};
use domain::{
    FieldError,
    accounts::{Presented, Session, User},
    audit::{Action, Outcome},
};
use http::StatusCode;
use schemars::JsonSchema;
use serde::Deserialize;

use super::answer::Pair;
use crate::{app::App, metrics::REFRESH_REPLAYS, target};
use door::{Problem, Request, Response, body::personal};

/// The refresh token, unless the `Authorization` header holds it.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RefreshRequest {
    #[serde(default)]
    refresh_token: Option<String>,
}

/// Answers with the next pair of tokens. Exactly one request rotates. Simultaneous requests with the same token, and a client that
/// repeats a request whose answer was lost, get the same successor while it is unused, for [`Session::GRACE`] seconds. Any later use
/// of an old token ends the session: two parties have it.
pub(crate) async fn refresh(app: &App, request: &Request) -> Result<Response, Problem> {
    let text = shown(request)?;
    let ring = app.kernel.ring().await?;
    let (accounts, meter) = (app.kernel.accounts(), &request.meter);
    let Ok(token) = RefreshToken::open(&text, ring.refresh()) else {
        let forged = request.change(Action::Refresh, None).by(None).ended_as(Outcome::WrongCredentials);
        accounts.note(meter, &forged).await?;
        return Err(over());
    };
    let mut last = None;
    for _ in 0..ATTEMPTS {
        match exchange(app, request, token, last.take()).await? {
            Exchanged::Successor(user, counter) => {
                let pair = Pair::of(app, request, &ring, &user, token.family, counter)?;
                return personal(StatusCode::OK, &pair.refreshed(*user));
            }
            Exchanged::Lost(refused) => last = Some(refused),
        }
    }
    Err(last.map_or_else(over, |refused| Problem::unavailable(refused.to_string())))
}

/// The largest number of reads of the session: one, and another after each lost race.
const ATTEMPTS: usize = 3;

/// The result of one attempt to exchange a token for its successor.
enum Exchanged {
    /// The user, and the number of the successor.
    Successor(Box<User>, u32),
    /// The session changed, or the database failed, during the rotation. The rotation may have succeeded nevertheless.
    Lost(Refused),
}

/// Exchanges `token`. `failure` is the error of the previous attempt, if there was one.
async fn exchange(
    app: &App,
    request: &Request,
    token: RefreshToken,
    failure: Option<Refused>,
) -> Result<Exchanged, Problem> {
    let (accounts, meter) = (app.kernel.accounts(), &request.meter);
    let RefreshToken { user, family, counter } = token;
    let change = || request.change(Action::Refresh, target::session(family)).by(Some(user));
    let session = accounts.session(meter, user, family).await?;
    let found = accounts.user_with_standing(meter, user).await?;
    let found = found.filter(|(_, standing)| !standing.is_deleting);
    let (Some(session), Some((stored, standing))) = (session, found) else {
        accounts.note(meter, &change().ended_as(Outcome::Ended)).await?;
        return Err(over());
    };
    if standing.is_frozen {
        accounts.note(meter, &change().ended_as(Outcome::Frozen)).await?;
        return Err(Problem::frozen());
    }
    let now = now();
    match session.present(counter, now, standing.epoch) {
        Presented::Rotate => {
            if let Some(failure @ Refused::Store(_)) = failure {
                // The database failed, and nothing was rotated.
                return Err(failure.into());
            }
            let after = session.rotated(now).ok_or_else(over)?;
            let rotation = (&session, &after);
            match accounts.rotate(meter, user, family, rotation, &change().without_receipt()).await {
                Ok(()) => Ok(Exchanged::Successor(Box::new(stored.user), after.counter)),
                Err(refused) => Ok(Exchanged::Lost(refused)),
            }
        }
        Presented::Repeat => {
            accounts.note(meter, &change().ended_as(Outcome::Repeated)).await?;
            Ok(Exchanged::Successor(Box::new(stored.user), session.counter))
        }
        Presented::Replayed => {
            let record = change().ended_as(Outcome::Replayed).into();
            match accounts.end_session(meter, user, family, &record).await {
                // Another request has ended the session.
                Err(refused) if refused.is(&Condition::Session) => {}
                other => other?,
            }
            request.events.add(REFRESH_REPLAYS);
            Err(over())
        }
        Presented::Over => {
            accounts.note(meter, &change().ended_as(Outcome::Ended)).await?;
            Err(over())
        }
    }
}

/// Returns the token from the body or, if the body is empty, from the header.
fn shown(request: &Request) -> Result<String, Problem> {
    let wrong = |message: &str| {
        let errors = vec![FieldError::new("refresh_token", message)];
        Problem { code: "wrong_token_kind", ..Problem::invalid(errors) }
    };
    let in_body = match request.body.iter().all(u8::is_ascii_whitespace) {
        true => None,
        false => request.body::<RefreshRequest>()?.refresh_token,
    };
    let token = match (in_body, request.header("authorization")) {
        (Some(token), _) => token,
        (None, Some(header)) => {
            let (scheme, token) = header.split_once(' ').unwrap_or((header, ""));
            if !scheme.eq_ignore_ascii_case("bearer") {
                return Err(wrong("must be sent in the body or as a Bearer token"));
            }
            token.trim().to_owned()
        }
        (None, None) => return Err(Problem::invalid(vec![FieldError::new("refresh_token", "is required")])),
    };
    if !RefreshToken::is_meant(&token) {
        return Err(wrong("is not a refresh token"));
    }
    Ok(token)
}

/// Returns 401, without the reason.
fn over() -> Problem {
    let detail = "Invalid refresh token, please sign in again";
    let problem = Problem::new(StatusCode::UNAUTHORIZED, "invalid_refresh_token", detail);
    Problem { challenge: Some("Bearer error=\"invalid_token\""), ..problem }
}

/// Returns whether a session is valid now, in an account at `epoch`.
pub(super) fn is_alive(session: &Session, epoch: u32) -> bool {
    session.is_alive(now(), epoch)
}
