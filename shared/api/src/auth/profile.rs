//! `/api/v1/auth/profile`

use adapters::store::accounts::{Condition, ProfileChange, StoredUser};
use domain::{
    FieldError,
    accounts::{Email, Password, Username},
    audit::{Action, Outcome},
};
use http::{HeaderValue, StatusCode, header};
use schemars::JsonSchema;
use serde::Deserialize;

use super::{chosen, confirmation::confirm, event, register::taken};
use crate::{App, Request, Response, body::personal, cache::permits_change, problem::Problem};

/// The fields to change; absent fields stay unchanged.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ProfileUpdate {
    #[serde(default)]
    #[schemars(with = "String", length(min = 3, max = 80))]
    pub(crate) username: Option<String>,
    #[serde(default)]
    #[schemars(with = "String", email)]
    pub(crate) email: Option<String>,
    /// The new password; setting it ends every other session.
    #[serde(default)]
    #[schemars(with = "String", length(min = 8, max = 1024))]
    pub(crate) password: Option<String>,
    /// The current password, required to set a new one.
    #[serde(default)]
    #[schemars(with = "String")]
    pub(crate) current_password: Option<String>,
}

impl ProfileUpdate {
    /// The names of the fields that are given.
    pub(crate) fn given(&self) -> Vec<&'static str> {
        let Self { username, email, password, current_password } = self;
        let fields = [
            ("username", username),
            ("email", email),
            ("password", password),
            ("current_password", current_password),
        ];
        fields.into_iter().filter(|(_, value)| value.is_some()).map(|(name, _)| name).collect()
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.given().is_empty()
    }
}

/// Who asks, as others see one. The ETag is for `If-Match`.
pub(crate) async fn profile(app: &App, request: &Request) -> Result<Response, Problem> {
    let stored = app.accounts().user(&request.meter, request.caller()?.user).await?;
    answer(&stored.ok_or_else(Problem::no_account)?)
}

/// Changes name, address and password. Who sends `If-Match` overwrites nothing that they have not seen.
pub(crate) async fn update_profile(app: &App, request: &Request) -> Result<Response, Problem> {
    change_own(app, request, request.body()?).await
}

pub(crate) async fn change_own(
    app: &App,
    request: &Request,
    given: ProfileUpdate,
) -> Result<Response, Problem> {
    let caller = request.caller()?;
    let (accounts, meter) = (app.accounts(), &request.meter);
    let mut wrong = Vec::new();
    let mut keep = |error: FieldError| wrong.push(error);
    let username =
        given.username.as_deref().map(Username::parse).transpose().map_err(&mut keep).unwrap_or_default();
    let email = given.email.as_deref().map(Email::parse).transpose().map_err(&mut keep).unwrap_or_default();
    let password =
        given.password.as_deref().map(Password::choose).transpose().map_err(&mut keep).unwrap_or_default();
    if given.password.is_some() && given.current_password.is_none() {
        keep(FieldError::new("current_password", "is required to change the password"));
    }
    if !wrong.is_empty() {
        return Err(Problem::invalid(wrong));
    }
    let found = accounts.credentials_of(meter, caller.user).await?.ok_or_else(Problem::no_account)?;
    let before = found.user;
    if !permits_change(request, &etag(&before)) {
        return Err(outdated());
    }
    let mut change = ProfileChange {
        username: username.filter(|name| *name != before.user.username),
        email: email.filter(|email| *email != before.user.email),
        ..ProfileChange::default()
    };
    if let Some(password) = password {
        let current = Password::typed(given.current_password.as_deref().unwrap_or_default());
        confirm(app, request, current, found.hash, "current_password", Action::ChangePassword).await?;
        let names = [
            change.username.as_ref().unwrap_or(&before.user.username).as_str(),
            change.email.as_ref().unwrap_or(&before.user.email).as_str(),
        ];
        change.hash = Some(chosen(Ok(password), &names).await?);
        change.kept = Some(caller.session);
    }
    if change.username.is_none() && change.email.is_none() && change.hash.is_none() {
        return answer(&before);
    }
    let action = if change.hash.is_some() { Action::ChangePassword } else { Action::UpdateProfile };
    let event = event(request, Some(caller.user), action, None, Outcome::Done);
    let after = before.changed(&change, event.at);
    let answer = answer(&after)?;
    let told = request.told(event, &answer);
    let changed = accounts.change_profile(meter, (&before, &after), &change, &told).await;
    changed.map_err(|refused| match refused {
        refused if refused.is(Condition::Receipt) => refused.into(),
        refused if refused.is(Condition::Present) => Problem::unauthenticated(),
        refused if refused.is(Condition::Unchanged) && request.header("if-match").is_some() => outdated(),
        refused => taken(refused),
    })?;
    Ok(answer)
}

/// A user with the ETag that `If-Match` takes.
pub(crate) fn answer(stored: &StoredUser) -> Result<Response, Problem> {
    let mut response = personal(StatusCode::OK, &stored.user)?;
    if let Ok(etag) = HeaderValue::from_str(&etag(stored)) {
        response.headers_mut().insert(header::ETAG, etag);
    }
    Ok(response)
}

pub(crate) fn etag(stored: &StoredUser) -> String {
    format!("\"{}\"", stored.version)
}

/// 412.
pub(crate) fn outdated() -> Problem {
    let detail = "The profile was changed since it was read, please reload it";
    Problem::new(StatusCode::PRECONDITION_FAILED, "precondition_failed", detail)
}
