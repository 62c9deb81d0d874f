//! A password that is asked for again, of somebody who has signed in: before what cannot be taken back.

use adapters::passwords::{self, Checked};
use domain::{
    FieldError,
    accounts::Password,
    audit::{Action, Outcome},
};
use http::StatusCode;
use schemars::JsonSchema;
use serde::Deserialize;

use super::{event, slowly};
use crate::{App, Request, guard, limits::Limit, problem::Problem};

/// That one knows the password of one's account.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Confirmation {
    #[serde(default)]
    #[schemars(length(min = 1))]
    password: String,
}

/// That the body holds the password of who asks.
pub(crate) async fn confirmed(app: &App, request: &Request, action: Action) -> Result<(), Problem> {
    // Where another may do without, nobody is told that a body is missing.
    let is_empty = request.body.iter().all(u8::is_ascii_whitespace);
    let password = if is_empty { String::new() } else { request.body::<Confirmation>()?.password };
    if password.is_empty() {
        return Err(Problem::invalid(vec![FieldError::new("password", "is missing")]));
    }
    let user = request.caller()?.user;
    let found = app.accounts().credentials_of(&request.meter, user).await?.ok_or_else(Problem::no_account)?;
    confirm(app, request, Password::typed(&password), found.hash, "password", action).await
}

/// That who asks knows the account's password.
pub(super) async fn confirm(
    app: &App,
    request: &Request,
    given: Password,
    hash: String,
    field: &str,
    action: Action,
) -> Result<(), Problem> {
    let user = request.caller()?.user;
    if let Some(seen) =
        app.take(&request.meter, Limit::Password, &guard::subject(Limit::Password, request)?).await?
        && !seen.taken.is_allowed
    {
        return Err(Problem { limit: Some(seen), ..seen.refusal() });
    }
    let checked = slowly(move || passwords::check(&given, Some(&hash))).await?;
    if checked.map_err(|error| Problem::internal(error.to_string()))? == Checked::Wrong {
        let event = event(request, Some(user), action, None, Outcome::WrongCredentials);
        app.accounts().note(&request.meter, &event).await?;
        let errors = vec![FieldError::new(field, "is not the account's password")];
        let problem = Problem::new(StatusCode::FORBIDDEN, "wrong_password", "The password is wrong.");
        return Err(Problem { errors, ..problem });
    }
    Ok(())
}
