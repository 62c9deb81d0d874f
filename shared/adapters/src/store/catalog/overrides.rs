//! Manual changes of administrators, as publication reads them. They are stored in the table of data that cannot be rebuilt;
//! the store of accounts writes them.

use aws_sdk_dynamodb::types::AttributeValue;
use domain::catalog::{Edits, Override, Overrides};
use serde_json::{Map, Value};

use super::store::CatalogStore;
use crate::store::{
    error::{StoreError, malformed},
    item::{Item, text},
    key::Key,
    meter::Meter,
};

const OVERRIDES: &str = "OVERRIDES";
const POKEMON: &str = "POKEMON#";

/// The key of the changes to a Pokémon.
pub(in crate::store) fn key_of(pokemon: u32) -> Key {
    Key::new(OVERRIDES, format!("{POKEMON}{pokemon:05}"))
}

/// The key of the number of changes so far.
pub(in crate::store) fn revision_key() -> Key {
    Key::new(OVERRIDES, "REVISION")
}

impl CatalogStore {
    /// Returns the number of the latest change, 0 before the first: one consistent GetItem.
    ///
    /// # Errors
    /// [`StoreError`] if the engine does not answer.
    pub async fn overrides_revision(&self, meter: &Meter) -> Result<u64, StoreError> {
        let key = revision_key();
        let Some(item) = self.database.get(meter, self.overrides_table(), &key, true).await? else {
            return Ok(0);
        };
        let revision = text(&item, "revision").and_then(|n| n.parse().ok());
        revision.ok_or_else(|| malformed(&key, "it has no revision"))
    }

    /// Returns all changes, at least up to the returned revision: the revision is read first, so that a change in between is processed
    /// again later.
    ///
    /// # Errors
    /// The errors of [`Self::overrides_revision`].
    pub async fn overrides(&self, meter: &Meter) -> Result<Overrides, StoreError> {
        let revision = self.overrides_revision(meter).await?;
        let items = self.database.partition(meter, self.overrides_table(), OVERRIDES, POKEMON).await?;
        let pokemon = items.iter().filter_map(|item| {
            let id = text(item, "sk")?.strip_prefix(POKEMON)?.parse().ok()?;
            Some((id, read(id, item)))
        });
        Ok(Overrides { revision, pokemon: pokemon.collect() })
    }
}

/// Reads the edits field by field: a field that this release cannot read is left out, and the others apply.
pub(in crate::store) fn read(pokemon: u32, item: &Item) -> Override {
    let is_hidden = matches!(item.get("is_hidden"), Some(AttributeValue::Bool(true)));
    Override { is_hidden, edits: text(item, "edits").map(|json| edits(pokemon, json)).unwrap_or_default() }
}

fn edits(pokemon: u32, json: &str) -> Edits {
    let unreadable = |error| {
        tracing::error!(pokemon, %error, "an edit of a Pokémon is not readable, and left out");
    };
    let stored: Map<String, Value> = serde_json::from_str(json).map_err(unreadable).unwrap_or_default();
    let mut readable = Map::new();
    for (field, value) in stored {
        let alone = Map::from_iter([(field.clone(), value.clone())]);
        match serde_json::from_value::<Edits>(Value::Object(alone)) {
            Ok(_) => drop(readable.insert(field, value)),
            Err(error) => unreadable(error),
        }
    }
    serde_json::from_value(Value::Object(readable)).map_err(unreadable).unwrap_or_default()
}
