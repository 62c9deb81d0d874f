//! `/api/v1/users/{id}` and `DELETE /api/v1/auth/profile`

use adapters::{
    now,
    store::accounts::{Condition, Told},
};
use domain::{
    FieldError,
    accounts::UserId,
    audit::{Action, Outcome},
};
use http::StatusCode;
use schemars::JsonSchema;
use serde::Deserialize;

use crate::{
    App, Request, Response,
    auth::{ProfileUpdate, change_own, confirmed, event},
    body::{done, personal},
    jobs::finish_deletion,
    problem::Problem,
};

/// What is to be changed. Names, address and password are for oneself alone, role and freezing for administrators.
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
    /// One administrator is always left.
    #[serde(default)]
    #[schemars(with = "bool")]
    is_admin: Option<bool>,
    /// A frozen account can neither sign in nor write. An administrator's cannot be frozen.
    #[serde(default)]
    #[schemars(with = "bool")]
    is_frozen: Option<bool>,
}

/// Who asks about whom.
enum About {
    Oneself(UserId),
    /// An administrator asks.
    Another(UserId),
}

/// The user that the path names. The route's access is `OwnerOrAdmin`: for another user, the caller is an administrator.
fn about(request: &Request) -> Result<About, Problem> {
    let caller = request.caller()?.user;
    let named = request.params.get("id").and_then(|id| id.parse().ok()).ok_or_else(unknown)?;
    Ok(if named == caller { About::Oneself(named) } else { About::Another(named) })
}

fn unknown() -> Problem {
    Problem::not_found("There is no such user.")
}

/// A user, to themselves and to administrators.
pub(crate) async fn get(app: &App, request: &Request) -> Result<Response, Problem> {
    let (About::Oneself(id) | About::Another(id)) = about(request)?;
    let stored = app.accounts().user(&request.meter, id).await?.ok_or_else(unknown)?;
    personal(StatusCode::OK, &stored.user)
}

/// One's own names, or another's role.
pub(crate) async fn update(app: &App, request: &Request) -> Result<Response, Problem> {
    let about = about(request)?;
    let UserUpdate { username, email, password, current_password, is_admin, is_frozen } = request.body()?;
    let own = ProfileUpdate { username, email, password, current_password };
    match about {
        About::Oneself(_) if is_admin.is_none() && is_frozen.is_none() => change_own(app, request, own).await,
        About::Oneself(id) if own.is_empty() => rule(app, request, id, is_admin, is_frozen).await,
        About::Another(id) if own.is_empty() => rule(app, request, id, is_admin, is_frozen).await,
        About::Oneself(_) => {
            let error =
                FieldError::new("is_admin", "and is_frozen cannot be changed together with one's own fields");
            Err(Problem::invalid(vec![error]))
        }
        About::Another(_) => {
            let wrong =
                own.given().into_iter().map(|name| FieldError::new(name, "is for the user alone to change"));
            Err(Problem::invalid(wrong.collect()))
        }
    }
}

/// Changes role and freezing, each in a transaction of its own: the last administrator stays.
async fn rule(
    app: &App,
    request: &Request,
    id: UserId,
    is_admin: Option<bool>,
    is_frozen: Option<bool>,
) -> Result<Response, Problem> {
    let (accounts, meter, caller) = (app.accounts(), &request.meter, request.caller()?);
    if !caller.standing.is_admin {
        return Err(Problem::administrators_only());
    }
    let found = accounts.user_with_standing(meter, id).await?;
    let (mut stored, standing) = found.ok_or_else(unknown)?;
    if request.repeated.is_some() {
        return personal(StatusCode::OK, &stored.user);
    }
    // Names and addresses are not kept with the receipt.
    let told = |action| {
        let event = event(request, Some(caller.user), action, Some(format!("user:{id}")), Outcome::Done);
        request.told_of_answer(event, StatusCode::OK)
    };
    let both = is_admin.is_some_and(|is_admin| is_admin != standing.is_admin)
        && is_frozen.is_some_and(|is_frozen| is_frozen != standing.is_frozen);
    if both {
        let error = FieldError::new("is_frozen", "is to be changed in a request of its own");
        return Err(Problem::invalid(vec![error]));
    }
    if let Some(is_admin) = is_admin.filter(|is_admin| *is_admin != standing.is_admin) {
        if standing.is_frozen {
            return Err(Problem::conflict(
                "account_frozen",
                "A frozen account cannot be an administrator's.",
            ));
        }
        let (now, told) = (now(), told(Action::ChangeRole));
        stored = accounts
            .set_role(meter, Some(caller.user), &stored, is_admin, now, &told)
            .await
            .map_err(only_one)?;
    }
    if let Some(is_frozen) = is_frozen.filter(|is_frozen| *is_frozen != standing.is_frozen) {
        let action = if is_frozen { Action::Freeze } else { Action::Unfreeze };
        let told = told(action);
        accounts.set_frozen(meter, caller.user, id, is_frozen, &told).await.map_err(|refused| {
            if refused.is(Condition::Unchanged) && !refused.is(Condition::Receipt) {
                return Problem::conflict("not_freezable", "An administrator's account cannot be frozen.");
            }
            refused.into()
        })?;
    }
    personal(StatusCode::OK, &stored.user)
}

fn only_one(refused: adapters::store::accounts::Refused) -> Problem {
    if refused.is(Condition::NotTheLast) && !refused.is(Condition::Receipt) {
        let detail = "This is the only administrator; another is needed first.";
        return Problem::conflict("last_admin", detail);
    }
    refused.into()
}

/// Deletes the account of who asks, and knows its password.
pub(crate) async fn delete_profile(app: &App, request: &Request) -> Result<Response, Problem> {
    let caller = request.caller()?;
    confirmed(app, request, Action::DeleteAccount).await?;
    delete(app, request, caller.user).await
}

/// Deletes an account: one's own, with its password, or another's.
pub(crate) async fn delete_user(app: &App, request: &Request) -> Result<Response, Problem> {
    let id = match about(request)? {
        About::Oneself(id) => {
            confirmed(app, request, Action::DeleteAccount).await?;
            id
        }
        About::Another(id) => id,
    };
    delete(app, request, id).await
}

/// In steps; what dies in between is gone on with by `finish-deletions`.
async fn delete(app: &App, request: &Request, id: UserId) -> Result<Response, Problem> {
    let (accounts, meter, caller) = (app.accounts(), &request.meter, request.caller()?);
    let answer = done("The account is deleted.")?;
    let standing = match accounts.standing(meter, id).await? {
        Some(standing) => standing,
        None if request.repeated.is_some() => return Ok(answer),
        None => return Err(unknown()),
    };
    let step = || {
        event(request, Some(caller.user), Action::DeleteAccount, Some(format!("user:{id}")), Outcome::Done)
    };
    let told = request.told(step(), &answer);
    match accounts.begin_deletion(meter, caller.user, id, standing.is_admin, &told).await {
        // It was begun before, and not ended.
        Err(refused) if refused.is(Condition::Absent) => {}
        begun => begun.map_err(only_one)?,
    }
    finish_deletion(accounts, app.config.exports.as_ref(), meter, id, || Told::from(step())).await?;
    Ok(answer)
}
