//! `/api/v1/auth/profile`

use adapters::{
    now,
    store::accounts::{Condition, ProfileChange, ProfileRecord, StoredUser},
};
use domain::{
    FieldError,
    accounts::{Email, Password, Username},
    audit::{Action, Outcome},
};
use http::{HeaderValue, StatusCode, header};
use schemars::JsonSchema;
use serde::Deserialize;

use super::{
    confirmation::confirm,
    fields::chosen,
    reauthentication::{record_password, require_recent_password},
    register::{taken, taken_fields},
};
use crate::{app::App, target};
use door::{
    Problem, Request, Response, body::personal, cache::permits_change, idempotency::Change, limits::Limit,
};

/// A partial update of the caller's profile: a field that is left out keeps its value.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ProfileUpdate {
    #[serde(default)]
    #[schemars(with = "String", length(min = 3, max = 80))]
    pub(crate) username: Option<String>,
    #[serde(default)]
    #[schemars(with = "String", email)]
    pub(crate) email: Option<String>,
    /// A new password. Every other session ends.
    #[serde(default)]
    #[schemars(with = "String", length(min = 8, max = 1024))]
    pub(crate) password: Option<String>,
    /// The current password: required to change the password, and to change the user name or the e-mail address when no password was
    /// entered in this session within the last ten minutes.
    #[serde(default)]
    #[schemars(with = "String")]
    pub(crate) current_password: Option<String>,
}

impl ProfileUpdate {
    /// Returns the names of the given fields.
    pub(crate) fn present(&self) -> Vec<&'static str> {
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
        self.present().is_empty()
    }
}

/// Returns the caller's profile. The ETag is for `If-Match`.
pub(crate) async fn profile(app: &App, request: &Request) -> Result<Response, Problem> {
    let stored = app.kernel.accounts().user(&request.meter, request.caller()?.user).await?;
    answer(&stored.ok_or_else(Problem::no_account)?)
}

/// Changes user name, e-mail address and password. With `If-Match`, overwrites only the version that the client has read.
pub(crate) async fn update_profile(app: &App, request: &Request) -> Result<Response, Problem> {
    change_own(app, request, request.body()?).await
}

pub(crate) async fn change_own(
    app: &App,
    request: &Request,
    update: ProfileUpdate,
) -> Result<Response, Problem> {
    let caller = request.caller()?;
    let (accounts, meter) = (app.kernel.accounts(), &request.meter);
    let new = NewValues::of(&update)?;
    let found = accounts.credentials_of(meter, caller.user).await?.ok_or_else(Problem::no_account)?;
    let before = found.user;
    if !permits_change(request, &etag(&before)) {
        return Err(outdated());
    }
    let mut change = ProfileChange {
        username: new.username.filter(|name| *name != before.user.username),
        email: new.email.filter(|email| *email != before.user.email),
        ..ProfileChange::default()
    };
    let is_named = change.username.is_some() || change.email.is_some();
    if !is_named && new.password.is_none() {
        return answer(&before);
    }
    match &update.current_password {
        Some(current) => {
            let action = if new.password.is_some() { Action::ChangePassword } else { Action::UpdateProfile };
            confirm(app, request, Password::typed(current), found.hash, "current_password", action).await?;
        }
        None => require_recent_password(app, request).await?,
    }
    if let Some(password) = new.password {
        let names = [
            change.username.as_ref().unwrap_or(&before.user.username).as_str(),
            change.email.as_ref().unwrap_or(&before.user.email).as_str(),
        ];
        change.hash = Some(chosen(app, request, Ok(password), &names).await?);
        change.kept = Some(caller.session);
    } else if update.current_password.is_some() {
        record_password(app, request).await?;
    }
    let after = before.changed(&change, now());
    if before.claims_another(&after) {
        count_claim(app, request, &before).await?;
    }
    store(app, request, (&before, &after), &change).await
}

/// The values of a profile update, validated.
struct NewValues {
    username: Option<Username>,
    email: Option<Email>,
    password: Option<Password>,
}

impl NewValues {
    /// # Errors
    /// 422 with every invalid field.
    fn of(update: &ProfileUpdate) -> Result<Self, Problem> {
        let mut wrong = Vec::new();
        let mut keep = |error: FieldError| wrong.push(error);
        let username = update.username.as_deref().map(Username::choose).transpose();
        let username = username.map_err(&mut keep).unwrap_or_default();
        let email =
            update.email.as_deref().map(Email::parse).transpose().map_err(&mut keep).unwrap_or_default();
        let password = update.password.as_deref().map(Password::choose).transpose();
        let password = password.map_err(&mut keep).unwrap_or_default();
        if update.password.is_some() && update.current_password.is_none() {
            keep(FieldError::new("current_password", "is required to change the password"));
        }
        if wrong.is_empty() { Ok(Self { username, email, password }) } else { Err(Problem::invalid(wrong)) }
    }
}

/// Counts a claim of a user name or an address like a registration: both reveal whether it belongs to an account.
///
/// # Errors
/// 429 if the client's address has made too many claims, or the account reserves too many former names already.
async fn count_claim(app: &App, request: &Request, before: &StoredUser) -> Result<(), Problem> {
    app.kernel.spend(&request.meter, Limit::Register, request.client.clone()).await?;
    match before.wait_to_reserve(now()) {
        None => Ok(()),
        Some(wait) => {
            let detail = "The user name and e-mail address were changed too often; please try again later.";
            let problem = Problem::new(StatusCode::TOO_MANY_REQUESTS, "too_many_changes", detail);
            Err(Problem { retry_after: Some(u32::try_from(wait.max(1)).unwrap_or(u32::MAX)), ..problem })
        }
    }
}

/// Stores a change with an event for each changed field.
async fn store(
    app: &App,
    request: &Request,
    (before, after): (&StoredUser, &StoredUser),
    change: &ProfileChange,
) -> Result<Response, Problem> {
    let (accounts, meter) = (app.kernel.accounts(), &request.meter);
    let update = |field| request.change(Action::UpdateProfile, target::field(field));
    let mut changes = Vec::new();
    if change.username.is_some() {
        changes.push(update("username"));
    }
    if change.email.is_some() {
        changes.push(update("email"));
    }
    if change.hash.is_some() {
        changes.push(request.change(Action::ChangePassword, None));
    }
    let Some(first) = changes.pop() else { return answer(before) };
    let answer = answer(after)?;
    let (record, more): (_, Vec<_>) =
        (first.answered(&answer), changes.into_iter().map(Change::event).collect());
    let record = ProfileRecord { record: &record, more: &more };
    let Err(refused) = accounts.change_profile(meter, (before, after), change, &record).await else {
        return Ok(answer);
    };
    for name in taken_fields(&refused) {
        accounts.note(meter, &update(name).ended_as(Outcome::Taken)).await?;
    }
    Err(match refused {
        refused if refused.is(&Condition::Session) => Problem::unauthenticated(),
        refused if refused.has(&Condition::Unchanged) && request.header("if-match").is_some() => outdated(),
        refused => taken(refused),
    })
}

/// Returns a user with the ETag for `If-Match`.
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

/// Returns 412.
pub(crate) fn outdated() -> Problem {
    let detail = "The profile was changed since it was read, please reload it";
    Problem::new(StatusCode::PRECONDITION_FAILED, "precondition_failed", detail)
}
