//! Accounts in DynamoDB: three tables with keys `pk` and `sk`, one line per access pattern.
//!
//! | table | what | pk | sk | read by | written by |
//! |---|---|---|---|---|---|
//! | app | the owner of a user name, or its reservation | `USERNAME#<key>` | `USERNAME` | GetItem, consistent (login) | register, profile: conditioned on the name being free, reserved for the same user, or expired |
//! | app | the owner of an address, or its reservation | `EMAIL#<SHA-256 of its key>` | `EMAIL` | GetItem, consistent (login) | as above |
//! | app | a user as clients see one | `USER#<id>` | `PROFILE` | GetItem, Query | register, profile: conditioned on its version |
//! | app | a password's hash | `USER#<id>` | `PASSWORD` | Query with profile and standing (login) | register, profile, login (a stronger hash) |
//! | app | what an account may do | `USER#<id>` | `STATUS` | GetItem, consistent, before every write | register, password, admins; a check in every transaction |
//! | app | a favorite | `USER#<id>` | `FAVORITE#<Pokémon, 5 digits>` | Query | favorites: conditioned on its existence or absence |
//! | app | users in the order of registration | index `gsi1`: `USERS#<0‥15>` | id | Query (admins), a call for each shard | with the profile |
//! | app | the number of users | `USERS` | `COUNT#<0‥15>` | Query, consistent (admins) | register, and the last step of a deletion |
//! | app | the number of administrators | `ADMINS` | `COUNT` | nothing | with a change of role, on condition that one is left |
//! | app | an account that is being deleted | `DELETIONS` | id | Query (finish-deletions) | deletion: its first step and its last |
//! | app | the manual changes to a Pokémon | `OVERRIDES` | `POKEMON#<id, 5 digits>` | GetItem, consistent (its routes); Query (publish) | its routes, each change an attribute of its own |
//! | app | the number of manual changes so far | `OVERRIDES` | `REVISION` | GetItem, consistent, before the Query | with each change |
//! | app | the public keys | `JWKS` | `JWKS` | GetItem, every five minutes | key rotation, conditioned on its version |
//! | catalog | the request for a sync | `SYNC` | `REQUEST` | the sync | an administrator's route: conditioned on no other waiting |
//! | ephemeral | a session | `USER#<id>` | `SESSION#<family>` | GetItem, consistent; Query (list) | login, refresh: conditioned on its counter; logout; password checks |
//! | ephemeral | the turn of the probe, and the time of its last sign-in | `PROBE` | `TURN` | its own update; GetItem (a check) | probe-api: conditioned on its owner |
//! | ephemeral | a rate limit's bucket | `LIMIT#<name>#<SHA-256 of the subject>` | `BUCKET` | its own update | its own update, conditioned on its content |
//!
//! `app` has four sparse indexes for future access patterns, `gsi1` to `gsi4`: an item is in the index whose keys (`gsi1pk`, `gsi1sk`) it
//! has.
//!
//! Receipts and events are items of the [kernel](super). A change of an account and its event are written in one transaction. Expired items
//! are deleted some time later, so readers compare `expires_at` themselves.

mod admins;
mod condition;
mod deletion;
mod favorites;
mod inspection;
mod jwks;
mod keys;
mod limits;
mod listing;
mod login;
mod overrides;
mod probe;
mod profile;
mod receipts;
mod registration;
mod renewal;
mod repair;
mod replay;
mod requests;
mod reservations;
mod sessions;
mod shapes;
mod store;
mod trail;
mod user;
mod users;

pub use condition::{Condition, Refused};
pub use favorites::StoredFavorite;
pub use inspection::{Fault, Inspection};
pub use jwks::StoredKeys;
pub use limits::{Bucket, Taken};
pub use listing::UserPage;
pub use login::{Credentials, Login};
pub use overrides::OverrideChange;
pub use probe::ProbeTurn;
pub use profile::{ProfileChange, ProfileRecord};
pub use registration::NewAccount;
pub use repair::Repaired;
pub use replay::{Later, Replayed};
pub use sessions::OpenSession;
pub use shapes::{SERVED, SHAPES};
pub use store::AccountStore;
pub use trail::EventPage;
pub use user::StoredUser;
