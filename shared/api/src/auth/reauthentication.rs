//! A password that was entered recently: required to change a user name or an e-mail address.

use adapters::now;
use domain::audit::{Action, Outcome};
use http::StatusCode;

use crate::app::App;
use door::{Problem, Request};

/// Rejects a request in whose session no password was entered within the last ten minutes.
///
/// # Errors
/// 403 `reauthentication_required`.
pub(super) async fn require_recent_password(app: &App, request: &Request) -> Result<(), Problem> {
    let caller = request.caller()?;
    let session = app.kernel.accounts().session(&request.meter, caller.user, caller.session).await?;
    if session.is_some_and(|session| session.has_recent_password(now())) {
        return Ok(());
    }
    let refused = request.change(Action::UpdateProfile, None).ended_as(Outcome::PasswordRequired);
    app.kernel.accounts().note(&request.meter, &refused).await?;
    let detail = "Please enter your password again: send current_password, or sign in.";
    Err(Problem::new(StatusCode::FORBIDDEN, "reauthentication_required", detail))
}

/// Records in the session that its user has entered the password.
pub(super) async fn record_password(app: &App, request: &Request) -> Result<(), Problem> {
    let caller = request.caller()?;
    Ok(app.kernel.accounts().record_password(&request.meter, caller.user, caller.session, now()).await?)
}
