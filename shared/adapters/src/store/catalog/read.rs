//! The reads of the routes: one GetItem per look-up.

use domain::{Name, Slug, dex::TimedPokemon};

use super::{keys::Named, record::Record, store::CatalogStore, write::Past};
use crate::store::{
    error::StoreError,
    item::{Item, text},
    key::Key,
    meter::Meter,
};

/// The result of a look-up by name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Found {
    Record(Record),
    /// Slugs of the records that share the name.
    Shared(Vec<String>),
    /// The slug of the record that had this slug before.
    Renamed(String),
    Nothing,
}

impl CatalogStore {
    /// Returns the record of `kind` that has the name `name`: one GetItem. A name without a record costs one more, a hyphenated one two.
    ///
    /// # Errors
    /// [`StoreError`] if the engine does not answer or the item is malformed; the same holds for all reads here.
    pub async fn look_up(&self, meter: &Meter, kind: Named, name: &Name) -> Result<Found, StoreError> {
        if let Some(record) = self.record(meter, &Key::named(kind, name.key())).await? {
            return Ok(Found::Record(record));
        }
        // Records that the previous release published have no other key, until they are published again.
        if let Some(slug) = name.slug().filter(|slug| slug.as_str() != name.key())
            && let Some(record) = self.record(meter, &Key::named(kind, slug)).await?
        {
            return Ok(Found::Record(record));
        }
        if name.is_id() {
            return Ok(Found::Nothing);
        }
        let key = Key::shared(kind, name.key());
        let Some(record) = self.record(meter, &key).await? else { return Ok(Found::Nothing) };
        let mut slugs: Vec<String> = record.parse(&key)?;
        Ok(match slugs.pop() {
            Some(slug) if slugs.is_empty() => Found::Renamed(slug),
            last => Found::Shared(slugs.into_iter().chain(last).collect()),
        })
    }

    /// Returns a Pokémon by its id or its exact slug, as JSON of a `StoredPokemon`.
    pub async fn pokemon(&self, meter: &Meter, key: &Slug) -> Result<Option<Record>, StoreError> {
        self.record(meter, &Key::pokemon(key)).await
    }

    /// Returns the record under `key` with a consistent read, for a caller that has just published it, or is about to.
    pub async fn latest(&self, meter: &Meter, key: &Key) -> Result<Option<Record>, StoreError> {
        let item = self.get(meter, key, true).await?;
        item.map(|item| Record::from_item(key, &item)).transpose()
    }

    /// Returns those of the Pokémon `ids` that the source removed: one BatchGetItem per 100 ids, which must differ.
    pub async fn removed_pokemon(&self, meter: &Meter, ids: &[u32]) -> Result<Vec<TimedPokemon>, StoreError> {
        let keys: Vec<Key> = ids.iter().map(Key::pokemon).collect();
        let items = self.database.batch(meter, self.table(), &keys).await?;
        let removed = items.iter().filter(|item| Past::of(item) == Some(Past::Removed)).map(|item| {
            let key = Key::new(text(item, "pk").unwrap_or_default(), text(item, "sk").unwrap_or_default());
            let record = Record::from_item(&key, item)?;
            let Record { created_at, updated_at, .. } = record;
            Ok(TimedPokemon { stored: record.parse(&key)?, created_at, updated_at })
        });
        removed.collect()
    }

    /// Returns a Pokémon's learnset, as JSON of `[LearnedMove]`; `None` if it learns nothing.
    pub async fn learnset(&self, meter: &Meter, id: u32) -> Result<Option<Record>, StoreError> {
        self.record(meter, &Key::learnset(id)).await
    }

    /// Returns a Pokémon's cosmetic forms, as JSON of `[StoredForm]`; `None` if it has only one form.
    pub async fn forms(&self, meter: &Meter, id: u32) -> Result<Option<Record>, StoreError> {
        self.record(meter, &Key::forms(id)).await
    }

    /// Returns an evolution chain, as JSON of an `Evolution`.
    pub async fn evolution(&self, meter: &Meter, id: u32) -> Result<Option<Record>, StoreError> {
        self.record(meter, &Key::chain(id)).await
    }

    async fn record(&self, meter: &Meter, key: &Key) -> Result<Option<Record>, StoreError> {
        let item = self.get(meter, key, false).await?;
        item.map(|item| Record::from_item(key, &item)).transpose()
    }

    pub(super) async fn get(
        &self,
        meter: &Meter,
        key: &Key,
        consistent: bool,
    ) -> Result<Option<Item>, StoreError> {
        self.database.get(meter, self.table(), key, consistent).await
    }
}
