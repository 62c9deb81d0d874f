//! The changes by users since the moment of a copy of the accounts: the trail names them, and they are made again.
//!
//! The trail contains ids and no values. Registrations are copied from the former table, if that can be read; a change of a name, a
//! password, a role or a Pokémon is reported, because it cannot be done again.

use std::collections::{BTreeMap, BTreeSet};

use aws_sdk_dynamodb::types::{AttributeValue, ConditionCheck};
use domain::{
    Timestamp,
    accounts::UserId,
    audit::{Action, Event, EventId, Outcome},
};

use super::{
    condition::{Condition, Refused},
    favorites::{self, StoredFavorite},
    keys, listing, reservations,
    store::AccountStore,
    user::{StoredUser, read_standing, read_user},
};
use crate::store::{
    error::StoreError,
    item::{Item, at, keyed},
    meter::Meter,
    parts,
    transaction::Transaction,
};

/// The number of events that one call reads from each shard of a day.
const TOGETHER: u32 = 1000;
const DAY: i64 = 86_400;

/// The changes since a moment, of which the last one of each kind counts.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Later {
    /// Accounts that were registered and not deleted, with the time.
    pub registered: BTreeMap<UserId, Timestamp>,
    pub deleted: BTreeSet<UserId>,
    /// Whether an account is frozen.
    pub frozen: BTreeMap<UserId, bool>,
    /// Accounts whose role was changed; the trail does not say in which direction.
    pub roles: BTreeSet<UserId>,
    /// The time of the addition of a favorite; `None` if it was removed.
    pub favorites: BTreeMap<(UserId, u32), Option<Timestamp>>,
    /// Changes that cannot be done again, the oldest first.
    pub lost: Vec<Event>,
}

/// The result of a replay.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Replayed {
    /// The number of accounts that were copied from the former table.
    pub accounts: u64,
    /// The number of deletions that were begun.
    pub deletions: u64,
    /// The number of accounts that were frozen or unfrozen.
    pub standings: u64,
    /// The number of favorites that were added or removed.
    pub favorites: u64,
    /// Accounts that could not be copied or deleted, each with the reason.
    pub left: Vec<(UserId, String)>,
}

impl Later {
    /// Sums up `events`, the oldest first, for a copy of the state at `moment`.
    #[must_use]
    pub fn of(events: &[Event], moment: Timestamp) -> Self {
        let mut later = Self::default();
        for event in events.iter().filter(|event| event.outcome == Outcome::Done) {
            later.take(event);
        }
        let Self { registered, deleted, frozen, roles: _, favorites, lost } = &mut later;
        registered.retain(|user, _| !deleted.contains(user));
        favorites.retain(|(user, _), _| !deleted.contains(user));
        frozen.retain(|user, _| !deleted.contains(user));
        // An account that the copy cannot contain is taken over with its name and password, whatever its clock said.
        let is_new = |at: &Timestamp| *at > moment.plus(Timestamp::SKEW);
        let is_kept = |user: UserId| deleted.contains(&user) || registered.get(&user).is_some_and(is_new);
        let is_own = |event: &Event| matches!(event.action, Action::UpdateProfile | Action::ChangePassword);
        lost.retain(|event| !(is_own(event) && event.actor.is_some_and(is_kept)));
        later
    }

    fn take(&mut self, event: &Event) {
        let target = event.target.as_deref().unwrap_or_default();
        let user = target.strip_prefix("user:").and_then(|id| id.parse().ok()).or(event.actor);
        if event.action == Action::ChangeRole {
            self.roles.extend(user);
        }
        match (event.action, user) {
            (Action::Register, Some(user)) => drop(self.registered.insert(user, event.at)),
            (Action::DeleteAccount, Some(user)) => drop(self.deleted.insert(user)),
            (Action::Freeze | Action::Unfreeze, Some(user)) => {
                self.frozen.insert(user, event.action == Action::Freeze);
            }
            (Action::AddFavorite | Action::RemoveFavorite, Some(user)) => {
                let added = (event.action == Action::AddFavorite).then_some(event.at);
                // One event can name several Pokémon: `pokemon:1,4,7`.
                let ids = target.strip_prefix("pokemon:").unwrap_or_default().split(',');
                let pokemon = ids.filter_map(|id| id.parse().ok());
                self.favorites.extend(pokemon.map(|pokemon| ((user, pokemon), added)));
            }
            (
                Action::UpdateProfile
                | Action::ChangePassword
                | Action::ChangeRole
                | Action::EditPokemon
                | Action::HidePokemon
                | Action::FetchPokemon,
                ..,
            ) => self.lost.push(event.clone()),
            _ => {}
        }
    }
}

impl AccountStore {
    /// Returns the events since `since`, the oldest first: one call for each shard of a day and each thousand of its events.
    ///
    /// # Errors
    /// [`StoreError`] if the engine does not answer; the same holds for everything here.
    pub async fn events_since(
        &self,
        meter: &Meter,
        since: Timestamp,
        now: Timestamp,
    ) -> Result<Vec<Event>, StoreError> {
        let mut found = Vec::new();
        // The events of this day carry the date of the clock that wrote them.
        let days = since.unix().div_euclid(DAY)..=now.plus(Timestamp::SKEW).unix().div_euclid(DAY);
        for day in days {
            let date = Timestamp::from_unix(day * DAY).to_string();
            let mut before: Option<EventId> = None;
            loop {
                let page = self.trail_on(meter, &date[..10], before, TOGETHER).await?;
                let is_enough = page.events.last().is_some_and(|last| last.at < since);
                found.extend(page.events.into_iter().filter(|event| event.at >= since));
                before = page.next;
                if before.is_none() || is_enough {
                    break;
                }
            }
        }
        found.sort_by_key(|event| event.id);
        Ok(found)
    }

    /// Does again what `later` says; accounts are copied from `former`. Safe to repeat, also while others write. `record` returns the
    /// event of a deletion.
    pub async fn replay(
        &self,
        meter: &Meter,
        later: &Later,
        former: Option<&Self>,
        now: Timestamp,
        mut record: impl FnMut(UserId) -> Event,
    ) -> Result<Replayed, StoreError> {
        let mut replayed = Replayed::default();
        for user in later.registered.keys() {
            match self.copy(meter, *user, former, now).await? {
                Ok(is_new) => replayed.accounts += u64::from(is_new),
                Err(reason) => replayed.left.push((*user, reason)),
            }
        }
        // The trail does not tell a grant from its opposite, so a doubt costs the role; the changes of roles are reported.
        for user in &later.roles {
            if !is_admin_in(former, meter, *user).await? {
                replayed.standings += u64::from(self.demote(meter, *user).await?);
            }
        }
        for (user, is_frozen) in &later.frozen {
            replayed.standings += u64::from(self.freeze_again(meter, *user, *is_frozen).await?);
            let reason = || format!("it could not be {}", if *is_frozen { "frozen" } else { "unfrozen" });
            match self.standing(meter, *user).await {
                Err(StoreError::Malformed { .. }) => replayed.left.push((*user, reason())),
                standing => {
                    let standing = standing?.filter(|standing| !standing.is_deleting);
                    if standing.is_some_and(|standing| standing.is_frozen != *is_frozen) {
                        replayed.left.push((*user, reason()));
                    }
                }
            }
        }
        for ((user, pokemon), added) in &later.favorites {
            replayed.favorites += u64::from(self.favor_again(meter, *user, *pokemon, *added).await?);
        }
        for user in &later.deleted {
            let is_admin = match self.standing(meter, *user).await {
                Ok(Some(standing)) => standing.is_admin,
                Ok(None) => continue,
                Err(StoreError::Malformed { reason, .. }) => {
                    replayed.left.push((*user, format!("not deleted: {reason}")));
                    continue;
                }
                Err(error) => return Err(error),
            };
            let record = record(*user).into();
            match self.begin_deletion(meter, *user, *user, is_admin, &record).await {
                Ok(()) => replayed.deletions += 1,
                Err(refused) if refused.is(&Condition::NotDeleting) => {}
                Err(Refused::Store(error)) => return Err(error),
                Err(refused) => replayed.left.push((*user, format!("not deleted: {refused}"))),
            }
        }
        Ok(replayed)
    }

    /// Copies an account from `former`. Returns whether it was not there yet, or the reason why it is not copied.
    async fn copy(
        &self,
        meter: &Meter,
        user: UserId,
        former: Option<&Self>,
        now: Timestamp,
    ) -> Result<Result<bool, String>, StoreError> {
        let Some(former) = former else {
            return Ok(Err("there is no former table of the same version".to_owned()));
        };
        let items = former.database.partition(meter, former.app(), &keys::user(user), "").await?;
        let (stored, standing) = match (read_user(user, &items), read_standing(user, &items)) {
            (Ok(Some(stored)), Ok(Some(standing))) => (stored, standing),
            (Ok(_), Ok(_)) => return Ok(Err("it is not complete in the former table".to_owned())),
            (Err(error), _) | (_, Err(error)) => return Ok(Err(error.to_string())),
        };
        if standing.is_deleting {
            return Ok(Err("it is being deleted".to_owned()));
        }
        let Some(copy) = self.copying(&stored, &items, now) else {
            return Ok(Err("it has no password in the former table".to_owned()));
        };
        match copy.commit(meter).await {
            Ok(()) => Ok(Ok(true)),
            Err(refused) if refused.has(&Condition::New) => Ok(Ok(false)),
            Err(Refused::Store(error)) => Err(error),
            Err(refused) => Ok(Err(refused.to_string())),
        }
    }

    /// The transaction that copies profile, password and status among `items`, without the role of an administrator, and claims the names.
    fn copying(
        &self,
        stored: &StoredUser,
        items: &[Item],
        now: Timestamp,
    ) -> Option<Transaction<'_, Condition>> {
        let (app, id) = (self.app(), stored.user.id);
        let mut transaction = Transaction::new(&self.database)
            .on(
                Condition::Username,
                reservations::claim(app, &keys::username(&stored.user.username), id, now),
            )
            .on(Condition::Email, reservations::claim(app, &keys::email(&stored.user.email), id, now));
        for key in [keys::profile(id), keys::password(id), keys::status(id)] {
            let mut item = at(items, &key)?.clone();
            if item.contains_key("is_admin") {
                item.insert("is_admin".to_owned(), AttributeValue::Bool(false));
            }
            transaction = transaction.on(Condition::New, parts::put_new(app, item.into()));
        }
        if stored.is_listed {
            transaction = transaction.with(listing::count(app, keys::shard(id), 1));
        }
        Some(transaction)
    }

    /// Takes the role of an administrator away. Returns whether the account had it.
    async fn demote(&self, meter: &Meter, user: UserId) -> Result<bool, StoreError> {
        let (app, no) = (self.app(), AttributeValue::Bool(false));
        let status = parts::update(app, &keys::status(user))
            .condition_expression("is_admin = :yes")
            .update_expression("SET is_admin = :no")
            .expression_attribute_values(":yes", AttributeValue::Bool(true))
            .expression_attribute_values(":no", no.clone());
        let profile = parts::update(app, &keys::profile(user))
            .condition_expression("attribute_exists(pk)")
            .update_expression("SET is_admin = :no")
            .expression_attribute_values(":no", no);
        let count = parts::update(app, &keys::admins())
            .update_expression("ADD admins :change")
            .expression_attribute_values(":change", AttributeValue::N("-1".to_owned()));
        let demotion =
            Transaction::new(&self.database).on(Condition::Unchanged, status).on(Condition::New, profile);
        self.done(meter, demotion.with(count)).await
    }

    /// Returns whether the account existed and was in the other state.
    async fn freeze_again(&self, meter: &Meter, user: UserId, is_frozen: bool) -> Result<bool, StoreError> {
        let status = parts::update(self.app(), &keys::status(user))
            .condition_expression(
                "is_admin = :no AND is_frozen <> :frozen AND attribute_not_exists(deleting)",
            )
            .update_expression("SET is_frozen = :frozen")
            .expression_attribute_values(":no", AttributeValue::Bool(false))
            .expression_attribute_values(":frozen", AttributeValue::Bool(is_frozen));
        self.done(meter, Transaction::new(&self.database).on(Condition::Unchanged, status)).await
    }

    /// Adds a favorite at the time at which it was added, or removes it. Returns whether that changed anything; not if the account does not
    /// exist any more.
    async fn favor_again(
        &self,
        meter: &Meter,
        user: UserId,
        pokemon: u32,
        added: Option<Timestamp>,
    ) -> Result<bool, StoreError> {
        let app = self.app();
        let exists = ConditionCheck::builder()
            .table_name(app)
            .set_key(Some(keyed(&keys::status(user))))
            .condition_expression("attribute_exists(pk) AND attribute_not_exists(deleting)");
        let transaction = Transaction::new(&self.database).on(Condition::Active, exists);
        let transaction = match added {
            Some(created_at) => {
                let favorite = favorites::item(user, StoredFavorite { pokemon, created_at });
                transaction.on(Condition::NotFavorite(pokemon), parts::put_new(app, favorite))
            }
            None => {
                let removal = parts::delete_existing(app, &keys::favorite(user, pokemon));
                transaction.on(Condition::Favorite(pokemon), removal)
            }
        };
        self.done(meter, transaction).await
    }

    /// Returns whether the conditions of a transaction held.
    async fn done(&self, meter: &Meter, transaction: Transaction<'_, Condition>) -> Result<bool, StoreError> {
        match transaction.commit(meter).await {
            Ok(()) => Ok(true),
            Err(Refused::Conditions(_)) => Ok(false),
            Err(refused) => Err(refused.into()),
        }
    }
}

/// Whether the user is an administrator in `former`; not if that cannot be read.
async fn is_admin_in(former: Option<&AccountStore>, meter: &Meter, user: UserId) -> Result<bool, StoreError> {
    let Some(former) = former else { return Ok(false) };
    match former.standing(meter, user).await {
        Err(StoreError::Malformed { .. }) => Ok(false),
        standing => Ok(standing?.is_some_and(|standing| standing.is_admin)),
    }
}
