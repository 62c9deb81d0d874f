//! `/api/v1/users/{id}` and `DELETE /api/v1/auth/profile`

use adapters::{
    now,
    store::accounts::{Condition, Refused},
};
use domain::{FieldError, accounts::UserId, audit::Action};
use http::StatusCode;
use schemars::JsonSchema;
use serde::Deserialize;

use crate::{
    app::App,
    auth::{ProfileUpdate, change_own, confirmed, outdated, user_answer, user_etag},
    jobs::deletions::finish_deletion,
    target,
};
use door::{Problem, Request, Response, body::done, cache::permits_change};

/// The fields to change; absent fields stay unchanged. Only the user changes names, address and password; only administrators change
/// role and freezing.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct UserUpdate {
    #[serde(default)]
    #[schemars(with = "String", length(min = 3, max = 80))]
    username: Option<String>,
    #[serde(default)]
    #[schemars(with = "String", email)]
    email: Option<String>,
    #[serde(default)]
    #[schemars(with = "String", length(min = 8, max = 1024))]
    password: Option<String>,
    #[serde(default)]
    #[schemars(with = "String")]
    current_password: Option<String>,
    /// The last administrator cannot be demoted.
    #[serde(default)]
    #[schemars(with = "bool")]
    is_admin: Option<bool>,
    /// A frozen account cannot change anything. An administrator's account cannot be frozen.
    #[serde(default)]
    #[schemars(with = "bool")]
    is_frozen: Option<bool>,
}

/// Returns the user that the path names, and whether that is the caller. Only an administrator may name another user: the route's access is
/// `OwnerOrAdmin`.
fn named(request: &Request) -> Result<(UserId, bool), Problem> {
    let id = request.path_user().ok_or_else(unknown)?;
    Ok((id, id == request.caller()?.user))
}

fn unknown() -> Problem {
    Problem::not_found("User not found")
}

/// Returns a user to that user and to administrators.
pub(crate) async fn get(app: &App, request: &Request) -> Result<Response, Problem> {
    let (id, _) = named(request)?;
    let stored = app.kernel.accounts().user(&request.meter, id).await?.ok_or_else(unknown)?;
    user_answer(&stored)
}

/// Changes the caller's own profile or, for administrators, a user's role or freezing.
pub(crate) async fn update(app: &App, request: &Request) -> Result<Response, Problem> {
    let (id, is_own) = named(request)?;
    let UserUpdate { username, email, password, current_password, is_admin, is_frozen } = request.body()?;
    let profile = ProfileUpdate { username, email, password, current_password };
    let rules = is_admin.is_some() || is_frozen.is_some();
    if profile.is_empty() && (rules || !is_own) {
        return rule(app, request, id, is_admin, is_frozen).await;
    }
    match (is_own, rules) {
        (true, false) => change_own(app, request, profile).await,
        (true, true) => {
            let error =
                FieldError::new("is_admin", "and is_frozen cannot be changed together with profile fields");
            Err(Problem::invalid(vec![error]))
        }
        (false, _) => {
            let wrong = profile
                .present()
                .into_iter()
                .map(|name| FieldError::new(name, "can only be changed by the user"));
            Err(Problem::invalid(wrong.collect()))
        }
    }
}

/// Changes role and freezing, each in a separate transaction. The last administrator keeps the role.
async fn rule(
    app: &App,
    request: &Request,
    id: UserId,
    is_admin: Option<bool>,
    is_frozen: Option<bool>,
) -> Result<Response, Problem> {
    let (accounts, meter, caller) = (app.kernel.accounts(), &request.meter, request.caller()?);
    if !caller.standing.is_admin {
        return Err(Problem::administrators_only());
    }
    let found = accounts.user_with_standing(meter, id).await?;
    let (mut stored, standing) = found.ok_or_else(unknown)?;
    if request.repeated.is_some() {
        return user_answer(&stored);
    }
    if !permits_change(request, &user_etag(&stored)) {
        return Err(outdated());
    }
    // The receipt holds no body, because the body has a name and an address.
    let record = |action| request.change(action, target::user(id)).answered_again(StatusCode::OK);
    let both = is_admin.is_some_and(|is_admin| is_admin != standing.is_admin)
        && is_frozen.is_some_and(|is_frozen| is_frozen != standing.is_frozen);
    if both {
        let error = FieldError::new("is_frozen", "must be changed in a separate request");
        return Err(Problem::invalid(vec![error]));
    }
    if let Some(is_admin) = is_admin.filter(|is_admin| *is_admin != standing.is_admin) {
        if standing.is_frozen {
            return Err(Problem::conflict(
                "account_frozen",
                "A frozen account cannot become an administrator",
            ));
        }
        let (now, record) = (now(), record(Action::ChangeRole));
        stored = accounts
            .set_role(meter, Some(caller.user), &stored, is_admin, now, &record)
            .await
            .map_err(only_one)?;
    }
    if let Some(is_frozen) = is_frozen.filter(|is_frozen| *is_frozen != standing.is_frozen) {
        let action = if is_frozen { Action::Freeze } else { Action::Unfreeze };
        let frozen = accounts.set_frozen(meter, caller.user, id, is_frozen, &record(action)).await;
        frozen.map_err(|refused| match refused.decisive() {
            Some(Condition::Unchanged) => {
                Problem::conflict("not_freezable", "An administrator's account cannot be frozen")
            }
            _ => refused.into(),
        })?;
    }
    user_answer(&stored)
}

fn only_one(refused: Refused) -> Problem {
    match refused.decisive() {
        Some(Condition::NotTheLast) => {
            Problem::conflict("last_admin", "The last administrator cannot be removed")
        }
        _ => refused.into(),
    }
}

/// Deletes the caller's account. Requires its password.
pub(crate) async fn delete_profile(app: &App, request: &Request) -> Result<Response, Problem> {
    let caller = request.caller()?;
    confirmed(app, request, Action::DeleteAccount).await?;
    delete(app, request, caller.user).await
}

/// Deletes an account: the caller's, which requires its password, or, for administrators, another user's.
pub(crate) async fn delete_user(app: &App, request: &Request) -> Result<Response, Problem> {
    let (id, is_own) = named(request)?;
    if is_own {
        confirmed(app, request, Action::DeleteAccount).await?;
    }
    delete(app, request, id).await
}

/// Deletes an account in steps. If a step fails, `finish-deletions` continues the deletion.
async fn delete(app: &App, request: &Request, id: UserId) -> Result<Response, Problem> {
    let (accounts, meter, caller) = (app.kernel.accounts(), &request.meter, request.caller()?);
    let answer = done("Account deleted")?;
    let standing = match accounts.standing(meter, id).await? {
        Some(standing) => standing,
        None if request.repeated.is_some() => return Ok(answer),
        None => return Err(unknown()),
    };
    let step = || request.change(Action::DeleteAccount, target::user(id));
    let record = step().answered(&answer);
    match accounts.begin_deletion(meter, caller.user, id, standing.is_admin, &record).await {
        // An earlier request began the deletion and did not finish it.
        Err(refused) if refused.is(&Condition::NotDeleting) => {}
        begun => begun.map_err(only_one)?,
    }
    let exports = app.config.exports.as_ref();
    finish_deletion(accounts, exports, meter, id, || step().without_receipt()).await?;
    Ok(answer)
}
