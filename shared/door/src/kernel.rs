//! The resources of the door, which it may use for every request of every route.

use std::sync::{
    Arc, LazyLock, OnceLock,
    atomic::{AtomicBool, Ordering},
};

use adapters::{
    passwords::Memory,
    store::{Client, Meter, accounts::AccountStore},
    workers::Workers,
};

use crate::{access::Failures, config::Config, keys::Keys, telemetry::Telemetry};

/// The client of the database, which is created when it is first used.
pub type LazyClient = Arc<LazyLock<Client, Box<dyn FnOnce() -> Client + Send>>>;

/// Built once; each part is created when a request first needs it.
pub struct Kernel {
    pub config: Config,
    pub telemetry: Telemetry,
    /// The threads that hash passwords and build archives.
    pub workers: Workers<Memory>,
    /// The cached keys of tokens.
    pub(crate) keys: Keys,
    /// The sessions that are rejected without a read.
    pub(crate) failures: Failures,
    /// The client of the database.
    client: LazyClient,
    accounts: OnceLock<AccountStore>,
    /// True until the first request.
    cold: AtomicBool,
    /// The database usage of the preparation.
    prepared: Arc<Meter>,
}

impl Kernel {
    /// Creates the resources, and no connection.
    #[must_use]
    pub fn new(config: Config, client: LazyClient) -> Self {
        Self {
            config,
            telemetry: Telemetry::default(),
            workers: Workers::default(),
            keys: Keys::default(),
            failures: Failures::default(),
            client,
            accounts: OnceLock::new(),
            cold: AtomicBool::new(true),
            prepared: Arc::default(),
        }
    }

    /// Returns the store of accounts: users, sessions and audit events.
    pub fn accounts(&self) -> &AccountStore {
        self.accounts.get_or_init(|| AccountStore::new((*self.client).clone(), self.config.tables.clone()))
    }

    /// Returns the meter of the work before the first request.
    pub fn preparation(&self) -> &Meter {
        &self.prepared
    }

    /// Returns whether this is the first request, and its meter. The first request's meter includes the preparation's usage.
    pub(crate) fn begin(&self) -> (bool, Arc<Meter>) {
        match self.cold.swap(false, Ordering::Relaxed) {
            true => (true, Arc::clone(&self.prepared)),
            false => (false, Arc::default()),
        }
    }
}
