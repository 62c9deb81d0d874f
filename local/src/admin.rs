//! The first administrator. Only the owner of the machine can create one; no route can.

use std::path::Path;

use adapters::{
    aws::{self, Endpoint},
    invoke::Function,
    milliseconds, now,
    store::{
        Meter, Tables,
        accounts::{AccountStore, Condition, Login},
    },
    tokens::unguessable,
};
use anyhow::{Context as _, Result, bail};
use domain::audit::{Action, Event, EventId, Outcome};

use crate::{database::Database, folder::Folder};

/// Calls [`grant`] on this machine: on the running engine at `url`, or else in the data folder.
///
/// # Errors
/// The errors of [`grant`], and an error if the folder cannot be opened.
pub async fn grant_here(url: Option<String>, data: &Path, tables: &Tables, username: &str) -> Result<String> {
    let folder = if url.is_none() { Some(Folder::open(data)?) } else { None };
    let engine = Database::open(url, folder.as_ref())?;
    engine.create_tables(tables).await?;
    let granted = grant(&AccountStore::new(engine.client(), tables.clone()), username).await;
    engine.stop();
    drop(folder);
    granted
}

/// Calls [`grant`] in a deployed environment, with the credentials of the process's environment. The names of the tables are those with
/// which a function serves: a restored table has another name.
///
/// # Errors
/// The errors of [`grant`], and an error if the environment is not deployed.
pub async fn grant_on_aws(environment: &str, username: &str) -> Result<String> {
    let name = format!("pokedex-{environment}-list-users:live");
    let function = Function { name: name.clone(), endpoint: Endpoint::Environment };
    let variables = function.connect().variables().await.context("the names of the tables are not known")?;
    let tables = door::config::tables(|name| variables.get(name).cloned())
        .with_context(|| format!("the function {name} does not name its tables"))?;
    grant(&AccountStore::new(aws::from_environment(), tables), username).await
}

/// Makes the user with this name (or address) an administrator; returns a sentence for the terminal.
///
/// # Errors
/// If the user does not exist or the engine does not answer.
pub async fn grant(accounts: &AccountStore, username: &str) -> Result<String> {
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
        Err(refused) if refused.is(&Condition::Unchanged) => {
            bail!("somebody else changed {username:?} at the same time; please try again")
        }
        Err(refused) => Err(refused.into()),
    }
}
