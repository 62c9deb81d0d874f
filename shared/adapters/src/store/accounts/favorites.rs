//! Favorites.

use std::{collections::BTreeSet, time::Duration};

use aws_sdk_dynamodb::types::Delete;
use domain::{Timestamp, accounts::UserId};

use super::{
    AccountStore, ChangeRecord, Condition, Refused,
    item::{NewItem, Reader},
    keys,
    transaction::Transaction,
};
use crate::{
    now,
    store::{
        Key, Meter, StoreError,
        codec::{Item, keyed, readable, text},
    },
};

/// The number of favorites that one transaction of at most 100 items can change: each has an event, and a receipt and the account are
/// added.
const TOGETHER: usize = 45;

/// The number of attempts without progress after which a change of many favorites gives up.
const STALLED: u32 = 4;
/// The longest pause before an overtaken change checks again what is left. It doubles while there is no progress.
const PAUSE: Duration = Duration::from_millis(200);

/// A favorite, as it is stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StoredFavorite {
    pub pokemon: u32,
    pub created_at: Timestamp,
}

impl AccountStore {
    /// Returns every favorite of a user, by Pokémon. 1,351 favorites are one call: 130 KB.
    ///
    /// # Errors
    /// [`StoreError`] if the engine does not answer.
    pub async fn favorites(&self, meter: &Meter, user: UserId) -> Result<Vec<StoredFavorite>, StoreError> {
        let items = self.partition(meter, &self.tables.app, &keys::user(user), keys::FAVORITE).await?;
        let favorite = |item: &Item| {
            let sk = text(item, "sk").unwrap_or_default();
            let key = Key { pk: keys::user(user), sk: sk.to_owned() };
            let reader = Reader::of(&key, item);
            let pokemon = pokemon_of(item).ok_or_else(|| reader.wrong("sk"))?;
            Ok(StoredFavorite { pokemon, created_at: reader.moment("created_at")? })
        };
        Ok(readable(&items, favorite))
    }

    /// Adds a favorite.
    ///
    /// # Errors
    /// [`Condition::Absent`] for a favorite that exists, [`Condition::Active`] for a frozen account.
    pub async fn add_favorite(
        &self,
        meter: &Meter,
        user: UserId,
        favorite: StoredFavorite,
        told: &ChangeRecord,
    ) -> Result<(), Refused> {
        Transaction::told_by(self, told)?
            .by(user)?
            .put_new(Condition::Absent, &self.tables.app, item(user, favorite))?
            .commit(meter)
            .await
    }

    /// Removes a favorite.
    ///
    /// # Errors
    /// [`Condition::Present`] for a favorite that does not exist, [`Condition::Active`] for a frozen account.
    pub async fn remove_favorite(
        &self,
        meter: &Meter,
        user: UserId,
        pokemon: u32,
        told: &ChangeRecord,
    ) -> Result<(), Refused> {
        let delete = self.removal(user, pokemon).condition_expression("attribute_exists(pk)");
        Transaction::told_by(self, told)?.by(user)?.delete(Condition::Present, delete)?.commit(meter).await
    }

    /// Adds those of `pokemon` that are not favorites yet: one call to read them, and one for each [`TOGETHER`] of them. The next call
    /// completes a change that was interrupted.
    ///
    /// # Errors
    /// [`Condition::Active`] for a frozen account, [`Condition::Receipt`] for an idempotency key that is already in use.
    pub async fn add_favorites(
        &self,
        meter: &Meter,
        user: UserId,
        pokemon: &BTreeSet<u32>,
        told: impl FnMut(&[u32]) -> ChangeRecord,
    ) -> Result<(), Refused> {
        let now = now();
        self.in_steps(
            meter,
            user,
            |there| pokemon.difference(there).copied().collect(),
            told,
            |transaction, pokemon| {
                let favorite = StoredFavorite { pokemon, created_at: now };
                transaction.put_new(Condition::Absent, &self.tables.app, item(user, favorite))
            },
        )
        .await
    }

    /// Removes those of `pokemon` that are favorites, in the same way.
    ///
    /// # Errors
    /// The errors of [`Self::add_favorites`].
    pub async fn remove_favorites(
        &self,
        meter: &Meter,
        user: UserId,
        pokemon: &BTreeSet<u32>,
        told: impl FnMut(&[u32]) -> ChangeRecord,
    ) -> Result<(), Refused> {
        self.in_steps(
            meter,
            user,
            |there| pokemon.intersection(there).copied().collect(),
            told,
            |transaction, pokemon| {
                let delete = self.removal(user, pokemon).condition_expression("attribute_exists(pk)");
                transaction.delete(Condition::Present, delete)
            },
        )
        .await
    }

    /// Makes the changes in `left`, one transaction for each [`TOGETHER`] of them. Requests that change the same favorites at the same time
    /// overtake each other: each checks again what is left, and gives up only if that no longer shrinks.
    async fn in_steps<'a>(
        &'a self,
        meter: &Meter,
        user: UserId,
        left: impl Fn(&BTreeSet<u32>) -> Vec<u32>,
        mut told: impl FnMut(&[u32]) -> ChangeRecord,
        part: impl Fn(Transaction<'a>, u32) -> Result<Transaction<'a>, StoreError>,
    ) -> Result<(), Refused> {
        let (mut fewest, mut stalled) = (usize::MAX, 0);
        loop {
            let there = self.partition(meter, &self.tables.app, &keys::user(user), keys::FAVORITE).await?;
            let there = there.iter().filter_map(pokemon_of).collect();
            let left = left(&there);
            stalled = if left.len() < fewest { 0 } else { stalled + 1 };
            fewest = fewest.min(left.len());
            let Err(refused) = self.steps(meter, user, &left, &mut told, &part).await else { return Ok(()) };
            if stalled == STALLED || !is_overtaken(&refused) {
                return Err(refused);
            }
            tokio::time::sleep((PAUSE * (1 << stalled)).mul_f64(fastrand::f64())).await;
        }
    }

    async fn steps<'a>(
        &'a self,
        meter: &Meter,
        user: UserId,
        left: &[u32],
        told: &mut impl FnMut(&[u32]) -> ChangeRecord,
        part: &impl Fn(Transaction<'a>, u32) -> Result<Transaction<'a>, StoreError>,
    ) -> Result<(), Refused> {
        for some in left.chunks(TOGETHER) {
            let mut transaction = Transaction::told_by(self, &told(some))?.by(user)?;
            for pokemon in some {
                transaction = part(transaction, *pokemon)?;
            }
            transaction.commit(meter).await?;
        }
        Ok(())
    }

    fn removal(&self, user: UserId, pokemon: u32) -> aws_sdk_dynamodb::types::builders::DeleteBuilder {
        Delete::builder().table_name(&self.tables.app).set_key(Some(keyed(&keys::favorite(user, pokemon))))
    }
}

/// Whether another request has added or removed one of the same favorites, or is about to.
fn is_overtaken(refused: &Refused) -> bool {
    let is_final = refused.is(Condition::Active) || refused.is(Condition::Receipt);
    !is_final && matches!(refused, Refused::Conditions(_) | Refused::Store(StoreError::Busy { .. }))
}

/// The Pokémon of an item, whatever else the item contains.
fn pokemon_of(item: &Item) -> Option<u32> {
    text(item, "sk")?.strip_prefix(keys::FAVORITE)?.parse().ok()
}

fn item(user: UserId, favorite: StoredFavorite) -> NewItem {
    NewItem::at(&keys::favorite(user, favorite.pokemon)).moment("created_at", favorite.created_at)
}
