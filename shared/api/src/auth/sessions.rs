//! `/api/v1/auth/sessions` and `POST /api/v1/auth/logout`

use adapters::{
    store::accounts::{Condition, OpenSession},
    tokens::FamilyId,
};
use domain::{Timestamp, audit::Action};
use http::StatusCode;
use schemars::JsonSchema;
use serde::Serialize;

use super::refresh::is_alive;
use crate::{app::App, target};
use door::{
    Problem, Request, Response,
    body::{done, personal},
};

/// The active sessions of the caller.
#[derive(Serialize, JsonSchema)]
pub struct Sessions {
    /// The latest first.
    pub sessions: Vec<SessionRow>,
}

#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Session")]
pub struct SessionRow {
    pub id: String,
    pub created_at: Timestamp,
    /// The time of the last refresh of its tokens.
    pub last_used_at: Timestamp,
    pub expires_at: Timestamp,
    /// Whether this is the session of the request.
    pub is_current: bool,
}

/// Lists the caller's active sessions.
pub(crate) async fn sessions(app: &App, request: &Request) -> Result<Response, Problem> {
    let caller = request.caller()?;
    let (accounts, meter) = (app.kernel.accounts(), &request.meter);
    let epoch = caller.standing.epoch;
    let mut open = accounts.sessions(meter, caller.user).await?;
    open.retain(|open| is_alive(&open.session, epoch));
    open.sort_by_key(|open| std::cmp::Reverse(open.session.rotated_at));
    let row = |OpenSession { family, session }: OpenSession| SessionRow {
        id: family.to_string(),
        created_at: session.created_at,
        last_used_at: session.rotated_at,
        expires_at: session.expires_at,
        is_current: family == caller.session,
    };
    personal(StatusCode::OK, &Sessions { sessions: open.into_iter().map(row).collect() })
}

/// Ends the caller's session, even if the account is frozen. Writes nothing if the session has ended already.
pub(crate) async fn logout(app: &App, request: &Request) -> Result<Response, Problem> {
    let caller = request.caller()?;
    if !caller.has_ended {
        match end(app, request, caller.session, Action::Logout).await {
            // Another request ended the session first.
            Err(problem) if problem.status == StatusCode::NOT_FOUND => {}
            other => other?,
        }
    }
    done("Logout successful")
}

/// Ends one of the caller's sessions.
pub(crate) async fn end_session(app: &App, request: &Request) -> Result<Response, Problem> {
    let id = request.params.get("id").and_then(|id| id.parse().ok());
    let family = id.ok_or_else(unknown)?;
    end(app, request, family, Action::EndSession).await?;
    done("Session ended")
}

async fn end(app: &App, request: &Request, family: FamilyId, action: Action) -> Result<(), Problem> {
    let user = request.caller()?.user;
    let record = request.change(action, target::session(family)).without_receipt();
    let ended = app.kernel.accounts().end_session(&request.meter, user, family, &record).await;
    ended.map_err(|refused| match refused.decisive() {
        Some(Condition::Session) => unknown(),
        _ => refused.into(),
    })
}

fn unknown() -> Problem {
    Problem::not_found("Session not found")
}
