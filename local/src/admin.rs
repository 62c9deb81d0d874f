//! The first administrator: made by who has the machine, never by a route.

use adapters::{
    milliseconds, now,
    store::{
        Meter,
        accounts::{Accounts, Condition, Login},
    },
    tokens::unguessable,
};
use anyhow::{Result, bail};
use domain::audit::{Action, Event, EventId, Outcome};

/// Makes the user of this name (or address) an administrator; says what was done.
///
/// # Errors
/// When there is no such user or the engine does not answer.
pub async fn grant(accounts: &Accounts, username: &str) -> Result<String> {
    let meter = Meter::default();
    let Some(found) = accounts.credentials(&meter, &Login::of(username)).await? else {
        bail!("there is no user {username:?}");
    };
    let user = &found.user.user;
    if found.standing.is_admin {
        return Ok(format!("{} is an administrator already", user.username.as_str()));
    }
    let event = Event {
        id: EventId::new(milliseconds(), unguessable()),
        at: now(),
        actor: None,
        action: Action::ChangeRole,
        target: Some(format!("user:{}", user.id)),
        outcome: Outcome::Done,
        request_id: "admin grant".to_owned(),
    };
    match accounts.set_role(&meter, None, &found.user, true, now(), &event.into()).await {
        Ok(_) => Ok(format!("{} is an administrator now", user.username.as_str())),
        Err(refused) if refused.is(Condition::Unchanged) => {
            bail!("somebody else changed {username:?} at the same time; please try again")
        }
        Err(refused) => Err(refused.into()),
    }
}
