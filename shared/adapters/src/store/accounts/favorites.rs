//! Favorites.

use std::{collections::BTreeSet, time::Duration};

use domain::{Timestamp, accounts::UserId};

use super::{
    condition::{Condition, Refused},
    keys,
    store::AccountStore,
};
use crate::{
    now,
    store::{
        error::StoreError,
        item::{Item, ItemBuilder, Reader, readable, text},
        key::Key,
        meter::Meter,
        parts,
        receipts::ChangeRecord,
        transaction::Transaction,
    },
};

/// The number of favorites that one transaction of at most 100 items can change: each has an event, and a receipt and the account are
/// added.
const TOGETHER: usize = 45;

/// The number of attempts without progress after which a change of many favorites gives up.
const STALLED: u32 = 4;
/// The longest pause before an overtaken change checks again what is left. It doubles while there is no progress.
const PAUSE: Duration = Duration::from_millis(200);

/// One transaction of a change of many favorites.
type Step<'a> = Transaction<'a, Condition>;

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
        let items = self.database.partition(meter, self.app(), &keys::user(user), keys::FAVORITE).await?;
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
    /// [`Condition::NotFavorite`] for a favorite that exists, [`Condition::Active`] for a frozen account.
    pub async fn add_favorite(
        &self,
        meter: &Meter,
        user: UserId,
        favorite: StoredFavorite,
        record: &ChangeRecord,
    ) -> Result<(), Refused> {
        let addition = parts::put_new(self.app(), item(user, favorite));
        Transaction::recorded(&self.database, record)
            .on(Condition::NotFavorite(favorite.pokemon), addition)
            .by(user)
            .commit(meter)
            .await
    }

    /// Removes a favorite.
    ///
    /// # Errors
    /// [`Condition::Favorite`] for a favorite that does not exist, [`Condition::Active`] for a frozen account.
    pub async fn remove_favorite(
        &self,
        meter: &Meter,
        user: UserId,
        pokemon: u32,
        record: &ChangeRecord,
    ) -> Result<(), Refused> {
        let removal = parts::delete_existing(self.app(), &keys::favorite(user, pokemon));
        Transaction::recorded(&self.database, record)
            .on(Condition::Favorite(pokemon), removal)
            .by(user)
            .commit(meter)
            .await
    }

    /// Adds those of `pokemon` that are not favorites yet: one call to read them, and one for each [`TOGETHER`] of them. The next call
    /// completes a change that was interrupted.
    ///
    /// # Errors
    /// [`Condition::Active`] for a frozen account, [`Refused::Repeated`] for an idempotency key that is already in use.
    pub async fn add_favorites(
        &self,
        meter: &Meter,
        user: UserId,
        pokemon: &BTreeSet<u32>,
        record: impl FnMut(&[u32]) -> ChangeRecord,
    ) -> Result<(), Refused> {
        let now = now();
        self.in_steps(
            meter,
            user,
            |stored| pokemon.difference(stored).copied().collect(),
            record,
            |transaction, pokemon| {
                let favorite = StoredFavorite { pokemon, created_at: now };
                let addition = parts::put_new(self.app(), item(user, favorite));
                transaction.on(Condition::NotFavorite(pokemon), addition)
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
        record: impl FnMut(&[u32]) -> ChangeRecord,
    ) -> Result<(), Refused> {
        self.in_steps(
            meter,
            user,
            |stored| pokemon.intersection(stored).copied().collect(),
            record,
            |transaction, pokemon| {
                let removal = parts::delete_existing(self.app(), &keys::favorite(user, pokemon));
                transaction.on(Condition::Favorite(pokemon), removal)
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
        mut record: impl FnMut(&[u32]) -> ChangeRecord,
        part: impl Fn(Step<'a>, u32) -> Step<'a>,
    ) -> Result<(), Refused> {
        let (mut fewest, mut stalled) = (usize::MAX, 0);
        loop {
            let stored =
                self.database.partition(meter, self.app(), &keys::user(user), keys::FAVORITE).await?;
            let stored = stored.iter().filter_map(pokemon_of).collect();
            let left = left(&stored);
            stalled = if left.len() < fewest { 0 } else { stalled + 1 };
            fewest = fewest.min(left.len());
            let Err(refused) = self.steps(meter, user, &left, &mut record, &part).await else {
                return Ok(());
            };
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
        record: &mut impl FnMut(&[u32]) -> ChangeRecord,
        part: &impl Fn(Step<'a>, u32) -> Step<'a>,
    ) -> Result<(), Refused> {
        for some in left.chunks(TOGETHER) {
            let step = Transaction::recorded(&self.database, &record(some)).by(user);
            some.iter().fold(step, |step, pokemon| part(step, *pokemon)).commit(meter).await?;
        }
        Ok(())
    }
}

/// Whether the failure means that another request has added or removed one of the same favorites, or is about to.
fn is_overtaken(refused: &Refused) -> bool {
    match refused {
        Refused::Conditions(_) => !refused.is(&Condition::Active),
        Refused::Store(StoreError::Busy { .. }) => true,
        Refused::Store(_) | Refused::Repeated => false,
    }
}

/// The Pokémon of an item, whatever else the item contains.
fn pokemon_of(item: &Item) -> Option<u32> {
    text(item, "sk")?.strip_prefix(keys::FAVORITE)?.parse().ok()
}

pub(super) fn item(user: UserId, favorite: StoredFavorite) -> ItemBuilder {
    ItemBuilder::at(&keys::favorite(user, favorite.pokemon)).moment("created_at", favorite.created_at)
}
