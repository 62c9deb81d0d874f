//! The store of the catalogue.

use aws_sdk_dynamodb::Client;
use domain::assets::Pictures;

use crate::store::{database::Database, tables::Tables};

/// The catalogue table and, for publication, the table that holds the changes of administrators.
#[derive(Clone, Debug)]
pub struct CatalogStore {
    pub(super) database: Database,
    /// The addresses of pictures in the records that are published with this store.
    pub(super) pictures: Pictures,
}

impl CatalogStore {
    #[must_use]
    pub fn new(client: Client, tables: &Tables) -> Self {
        Self { database: Database { client, tables: tables.clone() }, pictures: Pictures::Source }
    }

    /// The same store, which publishes records with these addresses of pictures.
    #[must_use]
    pub fn with_pictures(self, pictures: Pictures) -> Self {
        Self { pictures, ..self }
    }

    /// Whether records that are published with this store have the addresses of mirrored pictures.
    #[must_use]
    pub const fn has_mirrored_pictures(&self) -> bool {
        matches!(self.pictures, Pictures::Mirrored { .. })
    }

    #[must_use]
    pub fn table(&self) -> &str {
        &self.database.tables.catalog
    }

    /// The table that holds the changes of administrators.
    #[must_use]
    pub fn overrides_table(&self) -> &str {
        &self.database.tables.app
    }

    /// The same table, accessed with the patience of a background job.
    #[must_use]
    pub fn patient(&self) -> Self {
        let client = crate::aws::patient(&self.database.client);
        Self { database: Database { client, ..self.database.clone() }, pictures: self.pictures.clone() }
    }
}
