//! DynamoDB. [`accounts`] holds users and their data. The catalogue is one table with keys `pk` and `sk`, one line per access pattern:
//!
//! | what | pk | sk | read by | written by |
//! |---|---|---|---|---|
//! | a Pokémon by id, slug or normalised name | `POKEMON#<key>` | `POKEMON` | GetItem, 0.5 RCU (< 4 KB) | publish, all its keys in one transaction, or two for more than 100 keys |
//! | its learnset | `POKEMON#<id>` | `LEARNSET` | GetItem | publish |
//! | its cosmetic forms | `POKEMON#<id>` | `FORMS` | GetItem | publish |
//! | an evolution chain | `CHAIN#<id>` | `CHAIN` | GetItem | publish |
//! | a type, ability or move by id, slug or normalised name | `TYPE#…`, `ABILITY#…`, `MOVE#…` | `TYPE`, `ABILITY`, `MOVE` | GetItem | publish, all its keys in one transaction |
//! | the slugs of the records that share a name | `POKEMON#<key>`, `TYPE#…`, … | `SHARED` | GetItem, if no record has the name | publish |
//! | the dex index's pointer, one for each format | `INDEX` | `POINTER#<format>` | GetItem, 0.5 RCU | publish, conditioned on the previous pointer |
//! | a version of the dex index | `INDEX#<version>` | `COPY#<0‥2>` | GetItem, one copy at random | publish |
//! | facts, 64 ids of a kind together | `FACTS` | `<kind>#<block>` | Query (sync, export) | sync, all of a checkpoint in one transaction |
//! | the state of a sync, and its lease | `SYNC` | `STATE` | GetItem (sync, readiness) | sync, conditioned on the lease |
//! | the mark of a completely loaded snapshot | `META` | `SEED` | GetItem (local start; sync, before it publishes again) | local start, as its last write |
//!
//! Requests never scan. The sync does, once per run, to compare the stored items with the derived ones.

pub mod accounts;
mod atomic;
mod codec;
mod facts;
mod index;
mod keys;
mod meter;
mod overrides;
mod read;
mod state;
mod tables;
mod transact;
mod write;

pub use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::error::{ProvideErrorMetadata, SdkError};

pub use codec::{Record, content_hash};
pub use facts::Ledger;
pub use index::Pointer;
pub use keys::{INDEX_COPIES, Key, Named};
pub use meter::{Meter, Usage};
pub use read::Found;
pub use state::{LONGEST_LEASE, Lease, StoredState};
pub use tables::Tables;
pub use write::{Body, Head, NewItem};

/// The catalogue table and, for publication, the table that holds the changes of administrators.
#[derive(Clone, Debug)]
pub struct CatalogStore {
    client: Client,
    table: String,
    app: String,
}

/// The reasons why the store did not answer.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The engine is down, slow, throttling or rejecting our requests; a later attempt may help.
    #[error("DynamoDB {operation}: {cause}")]
    Unavailable { operation: &'static str, cause: String },
    /// A condition did not hold, because another writer was faster.
    #[error("DynamoDB {operation}: another writer was faster")]
    Conflict { operation: &'static str },
    /// Other writes in progress held the same items during every attempt. Nothing was written; another attempt soon helps.
    #[error("DynamoDB {operation}: other transactions held the same items during all attempts")]
    Busy { operation: &'static str },
    /// The item exists but cannot be read.
    #[error("the item {key} is malformed: {reason}")]
    Malformed { key: String, reason: String },
}

impl CatalogStore {
    #[must_use]
    pub fn new(client: Client, tables: &Tables) -> Self {
        Self { client, table: tables.catalog.clone(), app: tables.app.clone() }
    }

    #[must_use]
    pub fn table(&self) -> &str {
        &self.table
    }

    /// The table that holds the changes of administrators.
    #[must_use]
    pub fn overrides_table(&self) -> &str {
        &self.app
    }

    /// The same table, accessed with the patience of a background job.
    #[must_use]
    pub fn patient(&self) -> Self {
        Self { client: crate::aws::patient(&self.client), ..self.clone() }
    }
}

/// Maps an SDK error: a failed condition is a conflict, a write that conflicted with a transaction is busy, and everything else means that
/// the engine is unavailable.
fn failed<E, R>(operation: &'static str) -> impl Fn(SdkError<E, R>) -> StoreError
where
    E: ProvideErrorMetadata + std::error::Error + 'static,
    R: std::fmt::Debug + 'static,
{
    move |error| {
        let code = error.as_service_error().and_then(ProvideErrorMetadata::code);
        if matches!(code, Some("ConditionalCheckFailedException" | "TransactionCanceledException")) {
            return StoreError::Conflict { operation };
        }
        if code == Some("TransactionConflictException") {
            return StoreError::Busy { operation };
        }
        let cause = match &error {
            SdkError::ServiceError(context) => {
                let (code, message) = (context.err().code(), context.err().message());
                format!("{}: {}", code.unwrap_or("unknown error"), message.unwrap_or("no message"))
            }
            other => chain(other),
        };
        StoreError::Unavailable { operation, cause }
    }
}

/// Formats an error and its sources in one line.
pub(crate) fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(inner) = source {
        text.push_str(": ");
        text.push_str(&inner.to_string());
        source = inner.source();
    }
    text
}
