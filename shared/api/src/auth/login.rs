//! `POST /api/v1/auth/login`

use adapters::{
    now,
    passwords::{BadHash, Checked, Memory},
    store::accounts::{Condition, Credentials as Stored, Login, OpenSession},
    tokens::FamilyId,
};
use domain::{
    FieldError,
    accounts::{Password, Session},
    audit::{Action, Outcome},
};
use http::StatusCode;
use schemars::JsonSchema;
use serde::Deserialize;

use super::{answer::Pair, attempt::Attempt};
use crate::{app::App, target};
use door::{Problem, Request, Response, body::personal};

/// A user name or e-mail address, and a password.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Credentials")]
pub struct Credentials {
    /// The user name or the e-mail address.
    #[serde(default)]
    #[schemars(length(min = 1))]
    username: String,
    #[serde(default)]
    #[schemars(length(min = 1))]
    password: String,
}

/// Begins a session. The database calls, the limits and the time of the password check do not depend on whether the account exists.
pub(crate) async fn login(app: &App, request: &Request) -> Result<Response, Problem> {
    let mut attempt = Attempt::begin(request);
    let (found, checked) = match check_password(app, request, &mut attempt).await {
        Ok(checked) => checked,
        Err(problem) => return Err(attempt.was_rejected(app, request, problem).await),
    };
    let (accounts, meter) = (app.kernel.accounts(), &request.meter);
    let actor = found.as_ref().map(|found| found.user.user.id);
    let refused = |outcome| request.change(Action::Login, None).by(actor).ended_as(outcome);
    let (Some(found), Some(right)) = (found, checked) else {
        attempt.failed(app, request).await;
        accounts.note(meter, &refused(Outcome::WrongCredentials)).await?;
        let detail = "Invalid username or password";
        return Err(Problem::new(StatusCode::UNAUTHORIZED, "invalid_credentials", detail));
    };
    let left = attempt.succeeded(app, request).await;
    if found.standing.is_frozen {
        accounts.note(meter, &refused(Outcome::Frozen)).await?;
        return Err(Problem { limit: left, ..Problem::frozen() });
    }
    let response = begin_session(app, request, found, right).await;
    let mut response = response.map_err(|problem| Problem { limit: problem.limit.or(left), ..problem })?;
    if let Some(left) = left {
        left.add_headers(&mut response);
    }
    Ok(response)
}

/// Returns the account that the request names, if it exists, and the result of the password check, if the password is right.
///
/// # Errors
/// The problem that prevents the password check.
async fn check_password(
    app: &App,
    request: &Request,
    attempt: &mut Attempt,
) -> Result<(Option<Stored>, Option<Right>), Problem> {
    let sent: Credentials = request.body()?;
    let missing = [("username", &sent.username), ("password", &sent.password)];
    let missing = missing.into_iter().filter(|(_, text)| text.is_empty());
    let missing: Vec<_> = missing.map(|(field, _)| FieldError::new(field, "is required")).collect();
    if !missing.is_empty() {
        return Err(Problem::invalid(missing));
    }
    let login = Login::of(sent.username.trim());
    attempt.take_success(app, request).await?;
    let found = app.kernel.accounts().credentials(&request.meter, &login).await?;
    // An account that is being deleted counts as unknown.
    let found = found.filter(|found| !found.standing.is_deleting);
    // One bucket per account, whether the request names it by user name or by e-mail address.
    let id = found.as_ref().map(|found| found.user.user.id);
    let account = id.map_or_else(|| login.subject().to_owned(), |id| id.to_string());
    attempt.take_account(app, request, &account).await?;
    let password = Password::typed(&sent.password);
    let stored = found.as_ref().map(|found| found.hash.clone());
    let checked =
        app.kernel.run_blocking(request, move |memory| check(memory, &password, stored.as_deref())).await?;
    let checked = checked.map_err(|error| Problem::internal(error.to_string()))?;
    Ok((found, checked))
}

/// The result of a successful password check.
struct Right {
    /// A stronger hash, if the stored hash is weaker than the current parameters require.
    stronger: Option<String>,
}

/// Checks a password; returns `None` if it is wrong. Computes the replacement of a weak hash in the same job.
fn check(memory: &mut Memory, password: &Password, stored: Option<&str>) -> Result<Option<Right>, BadHash> {
    Ok(match memory.check(password, stored)? {
        Checked::Wrong => None,
        Checked::Right => Some(Right { stronger: None }),
        Checked::RightButWeak => Some(Right { stronger: Some(memory.hash(password)?) }),
    })
}

async fn begin_session(
    app: &App,
    request: &Request,
    found: Stored,
    right: Right,
) -> Result<Response, Problem> {
    let (accounts, meter) = (app.kernel.accounts(), &request.meter);
    let ring = app.kernel.ring().await?;
    let user = found.user.user;
    let open =
        OpenSession { family: FamilyId::random(), session: Session::begin(now(), found.standing.epoch) };
    let login = |target| request.change(Action::Login, target).by(Some(user.id));
    let record = login(target::session(open.family)).without_receipt();
    let stronger = right.stronger.as_deref().map(|hash| (found.hash.as_str(), hash));
    if let Err(refused) = accounts.begin_session(meter, user.id, &open, stronger, &record).await {
        // The account was frozen after it was read.
        if refused.is(&Condition::Active) {
            accounts.note(meter, &login(None).ended_as(Outcome::Frozen)).await?;
        }
        return Err(refused.into());
    }
    let pair = Pair::of(app, request, &ring, &user, open.family, open.session.counter)?;
    personal(StatusCode::OK, &pair.signed_in("Login successful", user))
}
