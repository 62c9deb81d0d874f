//! The sync from PokeAPI to the catalogue. The scheduled function and `cargo run -- --sync` run this same code.
//!
//! A run reads the lists, then every resource in the order of [`Kind::ALL`], with the ETags that it knows. Every few
//! seconds it writes the changed facts, then the cursor. A run that is stopped at any point, or that takes longer than
//! one invocation, continues from there. At its end it publishes the catalogue from all facts, unless a change is improbable: then the
//! catalogue stays, and the publication waits for an approval.
//!
//! Every writer holds the lease, here as in [`load`] and [`republish`].
//!
//! [`Kind::ALL`]: domain::facts::Kind::ALL

mod conclude;
mod held;
mod lease;
mod load;
mod order;
mod outcome;
mod run;
mod scope;
mod settings;
mod state;
mod work;

pub use held::{Held, HeldChange, HeldRemoval};
pub use lease::state;
pub use load::{Loaded, load, republish};
pub use order::{Amended, Order, Source, amend};
pub use outcome::{Outcome, Pause, Progress, SyncError};
pub use run::run;
pub use scope::{Request, Scope, carried_out, request};
pub use settings::Settings;
pub use state::{Ended, Failure, Finished, RunError, Running, State, Tally, Wait, shortened};
