//! `POST /api/v1/auth/refresh`

use adapters::{now, store::accounts::Condition, tokens::RefreshToken};
use domain::{
    FieldError,
    accounts::{Presented, Session},
    audit::{Action, Outcome},
};
use http::StatusCode;
use schemars::JsonSchema;
use serde::Deserialize;

use super::{answer::Pair, event};
use crate::{App, Request, Response, body::personal, guard, problem::Problem};

/// The refresh token, unless the `Authorization` header holds it.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RefreshRequest {
    #[serde(default)]
    refresh_token: Option<String>,
}

/// The next pair of tokens. Exactly one request rotates; who lost its answer is given the same again for ten seconds; whoever comes
/// later with a token that was used ends the session, as one of two has stolen it.
pub(crate) async fn refresh(app: &App, request: &Request) -> Result<Response, Problem> {
    let text = shown(request)?;
    let ring = app.ring().await?;
    let (accounts, meter, now) = (app.accounts(), &request.meter, now());
    let Ok(token) = RefreshToken::open(&text, ring.refresh()) else {
        // Sealed by nobody of ours.
        let forged = event(request, None, Action::Refresh, None, Outcome::WrongCredentials);
        accounts.note(meter, &forged).await?;
        return Err(over());
    };
    let RefreshToken { user, family, counter } = token;
    let told =
        |outcome| event(request, Some(user), Action::Refresh, Some(format!("session:{family}")), outcome);
    let session = accounts.session(meter, user, family).await?;
    let found = accounts.user_with_standing(meter, user).await?;
    let (Some(session), Some((stored, standing))) = (session, found) else {
        accounts.note(meter, &told(Outcome::Ended)).await?;
        return Err(over());
    };
    if standing.is_frozen {
        accounts.note(meter, &told(Outcome::Frozen)).await?;
        return Err(guard::frozen());
    }
    let counter = match session.present(counter, now, standing.epoch) {
        Presented::Rotate => {
            let after = session.rotated(now).ok_or_else(over)?;
            let rotated =
                accounts.rotate(meter, user, family, (&session, &after), &told(Outcome::Done).into()).await;
            rotated.map_err(|refused| match refused {
                refused if refused.is(Condition::Unchanged) => in_progress(),
                refused => refused.into(),
            })?;
            after.counter
        }
        Presented::Repeat => {
            accounts.note(meter, &told(Outcome::Repeated)).await?;
            session.counter
        }
        Presented::Replayed => {
            match accounts.end_session(meter, user, family, &told(Outcome::Replayed).into()).await {
                // Another replay was faster.
                Err(refused) if refused.is(Condition::Present) => {}
                other => other?,
            }
            return Err(over());
        }
        Presented::Over => {
            accounts.note(meter, &told(Outcome::Ended)).await?;
            return Err(over());
        }
    };
    let user = stored.user;
    let pair = Pair::of(app, &ring, &user, family, counter)?;
    personal(StatusCode::OK, &pair.refreshed(user))
}

/// The token in the body or, where there is no body, in the header.
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

/// 401: nobody learns why.
fn over() -> Problem {
    let detail = "Invalid refresh token, please sign in again";
    let problem = Problem::new(StatusCode::UNAUTHORIZED, "invalid_refresh_token", detail);
    Problem { challenge: Some("Bearer error=\"invalid_token\""), ..problem }
}

/// 409 for all but one of those who come at once.
fn in_progress() -> Problem {
    let detail = "Another request is refreshing this session, please try again";
    Problem { retry_after: Some(1), ..Problem::conflict("refresh_in_progress", detail) }
}

/// For who looks whether a session goes on.
pub(super) fn is_alive(session: &Session, epoch: u32) -> bool {
    session.is_alive(now(), epoch)
}
