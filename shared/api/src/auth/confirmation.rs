//! The password of a signed-in user, required again before a change that cannot be undone.

use adapters::passwords::Checked;
use domain::{
    FieldError,
    accounts::Password,
    audit::{Action, Outcome},
};
use http::StatusCode;
use schemars::JsonSchema;
use serde::Deserialize;

use crate::app::App;
use door::{Problem, Request, limits::Limit, subject};

/// The password of the account, as a confirmation.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Confirmation {
    #[serde(default)]
    #[schemars(length(min = 1))]
    password: String,
}

/// Checks that the body holds the caller's password.
pub(crate) async fn confirmed(app: &App, request: &Request, action: Action) -> Result<(), Problem> {
    // An administrator needs no body on one of these routes, so an empty body is reported as a missing password.
    let is_empty = request.body.iter().all(u8::is_ascii_whitespace);
    let password = if is_empty { String::new() } else { request.body::<Confirmation>()?.password };
    if password.is_empty() {
        return Err(Problem::invalid(vec![FieldError::new("password", "is required")]));
    }
    let user = request.caller()?.user;
    let found =
        app.kernel.accounts().credentials_of(&request.meter, user).await?.ok_or_else(Problem::no_account)?;
    confirm(app, request, Password::typed(&password), found.hash, "password", action).await
}

/// Checks the password that the caller gives against the account's hash.
pub(super) async fn confirm(
    app: &App,
    request: &Request,
    typed: Password,
    hash: String,
    field: &str,
    action: Action,
) -> Result<(), Problem> {
    let meter = &request.meter;
    let token = app.kernel.spend(meter, Limit::Password, subject(Limit::Password, request)?).await?;
    let checked = app.kernel.run_blocking(request, move |memory| memory.check(&typed, Some(&hash))).await;
    if !matches!(checked, Ok(Ok(Checked::Wrong))) {
        app.kernel.give_back(meter, &token).await;
    }
    if checked?.map_err(|error| Problem::internal(error.to_string()))? == Checked::Wrong {
        app.kernel
            .accounts()
            .note(meter, &request.change(action, None).ended_as(Outcome::WrongCredentials))
            .await?;
        let errors = vec![FieldError::new(field, "is incorrect")];
        let problem = Problem::new(StatusCode::FORBIDDEN, "wrong_password", "Incorrect password");
        return Err(Problem { errors, ..problem });
    }
    Ok(())
}
