//! `POST /api/v1/auth/login`

use adapters::{
    now,
    passwords::{self, Checked},
    store::accounts::{Condition, Login, OpenSession},
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

use super::{answer::Pair, event, slowly};
use crate::{App, Request, Response, body::personal, guard, limits::Limit, problem::Problem};

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

/// Begins a session. Whether there is such an account or not, the calls are the same, and so is the time that the password takes.
pub(crate) async fn login(app: &App, request: &Request) -> Result<Response, Problem> {
    let given: Credentials = request.body()?;
    let missing = [("username", &given.username), ("password", &given.password)];
    let missing = missing.into_iter().filter(|(_, text)| text.is_empty());
    let missing: Vec<_> = missing.map(|(field, _)| FieldError::new(field, "is required")).collect();
    if !missing.is_empty() {
        return Err(Problem::invalid(missing));
    }
    let login = Login::of(given.username.trim());
    let pair = format!("{} {}", login.subject(), request.client);
    if let Some(seen) = app.take(&request.meter, Limit::Account, &pair).await?
        && !seen.taken.is_allowed
    {
        return Err(Problem { limit: Some(seen), ..seen.refusal() });
    }
    let (accounts, meter) = (app.accounts(), &request.meter);
    let found = accounts.credentials(meter, &login).await?;
    let password = Password::typed(&given.password);
    let stored = found.as_ref().map(|found| found.hash.clone());
    let (checked, password) =
        slowly(move || (passwords::check(&password, stored.as_deref()), password)).await?;
    let checked = checked.map_err(|error| Problem::internal(error.to_string()))?;
    let actor = found.as_ref().map(|found| found.user.user.id);
    let refused = |outcome| event(request, actor, Action::Login, None, outcome);
    let (Some(found), Checked::Right | Checked::RightButWeak) = (found, checked) else {
        accounts.note(meter, &refused(Outcome::WrongCredentials)).await?;
        let detail = "Invalid username or password";
        return Err(Problem::new(StatusCode::UNAUTHORIZED, "invalid_credentials", detail));
    };
    if found.standing.is_frozen {
        accounts.note(meter, &refused(Outcome::Frozen)).await?;
        return Err(guard::frozen());
    }
    let ring = app.ring().await?;
    let stronger = match checked {
        Checked::RightButWeak => {
            let hash = slowly(move || passwords::hash(&password)).await?;
            Some(hash.map_err(|error| Problem::internal(error.to_string()))?)
        }
        Checked::Right | Checked::Wrong => None,
    };
    let user = found.user.user;
    let open =
        OpenSession { family: FamilyId::random(), session: Session::begin(now(), found.standing.epoch) };
    let target = Some(format!("session:{}", open.family));
    let event = event(request, Some(user.id), Action::Login, target, Outcome::Done);
    let stronger = stronger.as_deref().map(|hash| (found.hash.as_str(), hash));
    if let Err(refused_by) = accounts.begin_session(meter, user.id, &open, stronger, &event.into()).await {
        // Frozen since it was looked at.
        if refused_by.is(Condition::Active) {
            accounts.note(meter, &refused(Outcome::Frozen)).await?;
        }
        return Err(refused_by.into());
    }
    let pair = Pair::of(app, &ring, &user, open.family, open.session.counter)?;
    personal(StatusCode::OK, &pair.signed_in("Login successful", user))
}
