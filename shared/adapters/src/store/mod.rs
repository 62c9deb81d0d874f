//! DynamoDB: a kernel, and a wing beside it for each area of the service.
//!
//! The kernel is every file of this folder: items ([`Key`], attributes), reads, [`Transaction`](transaction), the record of a change
//! ([`ChangeRecord`]), errors and the [`Meter`]. The wings are [`catalog`] and [`accounts`]; each begins with its tables' access patterns.
//! A wing uses the kernel; no file of the kernel uses a wing. Three kinds of items belong to the kernel:
//!
//! | table | what | pk | sk | read by | written by |
//! |---|---|---|---|---|---|
//! | ephemeral | the response to a request with an idempotency key | `IDEMPOTENCY#<SHA-256>` | `RECORD` | GetItem, consistent | with the change, conditioned on its absence |
//! | audit | an event | `ACTOR#<id>`, or `NOBODY#<shard>` | id of the event | Query (audit) | with the change that it records; never twice, never changed |
//! | audit | events of a day | index `by-day`: `<date>#<0‥15>` | id of the event | Query (audit) | with the event |
//! | app | the version of all items of the table ([`Schema`]) | `SCHEMA` | `VERSION` | GetItem, consistent | each step of a pass, conditioned on the step before |
//!
//! Requests never scan. The sync does, once per run, to compare the stored items with the derived ones; so do a migration and the check
//! of a restored table.
//!
//! A write changes only the attributes that its release knows, so that functions of two releases can write the same item.

mod audit;
mod batch;
mod checksum;
mod database;
mod error;
mod item;
mod key;
mod meter;
mod parts;
mod receipts;
mod schema;
mod tables;
mod transaction;

pub mod accounts;
pub mod catalog;

pub use aws_sdk_dynamodb::Client;

pub use accounts::AccountStore;
pub use catalog::{
    AssetLedger, Body, CatalogStore, Found, Head, INDEX_COPIES, LONGEST_LEASE, Lease, Ledger, MOST_BLOCKS,
    Named, NewItem, Past, Pointer, REQUEST_EXPIRES, Record, StoredState, content_hash,
};
pub use error::{StoreError, chain};
pub use key::Key;
pub use meter::{Meter, Usage};
pub use receipts::{ChangeRecord, Receipt};
pub use schema::{Brought, NotBrought, Pass, Schema, Shape};
pub use tables::Tables;
pub use transaction::{Refused, Unmet};
