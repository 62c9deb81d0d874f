//! The catalogue: one table with keys `pk` and `sk`, one line per access pattern.
//!
//! | what | pk | sk | read by | written by |
//! |---|---|---|---|---|
//! | a Pokémon by id, slug or normalised name | `POKEMON#<key>` | `POKEMON` | GetItem, 0.5 RCU (< 4 KB) | publish, all its keys in one transaction, or two for more than 100 keys |
//! | its learnset | `POKEMON#<id>` | `LEARNSET` | GetItem | publish |
//! | its cosmetic forms | `POKEMON#<id>` | `FORMS` | GetItem | publish |
//! | an evolution chain | `CHAIN#<id>` | `CHAIN` | GetItem | publish |
//! | a type, ability or move by id, slug or normalised name | `TYPE#…`, `ABILITY#…`, `MOVE#…` | `TYPE`, `ABILITY`, `MOVE` | GetItem | publish, all its keys in one transaction |
//! | the slugs of the records that share a name, or the slug of the one that had it before | `POKEMON#<key>`, `TYPE#…`, … | `SHARED` | GetItem, if no record has the name | publish |
//! | the dex index's pointer, one for each format | `INDEX` | `POINTER#<format>` | GetItem, 0.5 RCU | publish, conditioned on the previous pointer |
//! | a version of the dex index | `INDEX#<version>` | `COPY#<0‥2>` | GetItem, one copy at random | publish |
//! | facts, 64 ids of a kind together | `FACTS` | `<kind>#<block>` | Query (sync, export) | sync, all of a checkpoint in one transaction |
//! | the state of a sync, and its lease | `SYNC` | `STATE` | GetItem (sync, readiness) | sync, conditioned on the lease |
//! | the request of an administrator for a sync | `SYNC` | `REQUEST` | GetItem (sync, its routes) | its routes, conditioned on no other waiting; deleted by the sync |
//! | mirrored assets, 64 numbers of a kind together | `ASSETS` | `<kind>#<block>` | Query (mirror, publish) | mirror, all of a checkpoint and the next item in one transaction |
//! | the identity of the assets' last version | `MIRROR` | `REVISION` | GetItem (sync) | mirror |
//! | the state of the mirror, and its lease | `MIRROR` | `STATE` | GetItem (mirror) | mirror, conditioned on the lease |
//! | the last change that the edge was told to forget | `EDGE` | `INVALIDATED` | GetItem (invalidate-edge) | invalidate-edge |
//! | the mark of a completely loaded snapshot | `META` | `SEED` | GetItem (local start; sync, before it publishes again) | local start, as its last write |
//!
//! A record that the source removed stays under its id and slugs, with its learnset and forms; it has the attribute `is_removed`. A former
//! slug has the attribute `former_name_of`.
//!
//! Publication also reads the manual changes of administrators, which the store of accounts writes to the table `app`.

mod assets;
mod facts;
mod groups;
mod index;
mod invalidated;
mod keys;
pub(super) mod overrides;
mod read;
mod record;
pub(super) mod requests;
mod state;
mod store;
mod write;

pub use assets::{AssetLedger, MOST_BLOCKS};
pub use facts::Ledger;
pub use index::Pointer;
pub use keys::{INDEX_COPIES, Named};
pub use read::Found;
pub use record::{Body, Record, content_hash};
pub use requests::REQUEST_EXPIRES;
pub use state::{LONGEST_LEASE, Lease, StoredState};
pub use store::CatalogStore;
pub use write::{Head, NewItem, Past};
