//! The store of accounts.

use aws_sdk_dynamodb::Client;

use crate::store::{database::Database, tables::Tables};

/// Users and their data. Its tables are described in the [module](super).
#[derive(Clone, Debug)]
pub struct AccountStore {
    pub(super) database: Database,
}

impl AccountStore {
    #[must_use]
    pub const fn new(client: Client, tables: Tables) -> Self {
        Self { database: Database { client, tables } }
    }

    /// The table of data that cannot be rebuilt.
    pub(super) fn app(&self) -> &str {
        &self.database.tables.app
    }

    /// The table of data that expires.
    pub(super) fn ephemeral(&self) -> &str {
        &self.database.tables.ephemeral
    }
}
