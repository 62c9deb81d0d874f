//! The resources that a request may use.

use std::sync::{Arc, LazyLock};

use adapters::store::Client;
use door::{Kernel, kernel::LazyClient};

use crate::{catalogue::Catalogue, config::Config};

/// Built once; each part is created when a route first needs it.
pub struct App {
    pub config: Config,
    /// The resources of every route: accounts, keys, rate limits, telemetry.
    pub kernel: Kernel,
    /// The catalogue: its store, and the dex index in memory.
    pub catalogue: Catalogue,
}

impl App {
    /// Creates the resources. `client` is called when the database is first used.
    #[must_use]
    pub fn new(config: Config, client: impl FnOnce() -> Client + Send + 'static) -> Self {
        let client: LazyClient = Arc::new(LazyLock::new(Box::new(client)));
        let tables = config.door.tables.clone();
        Self {
            kernel: Kernel::new(config.door.clone(), Arc::clone(&client)),
            catalogue: Catalogue::new(client, tables, config.sprite_base.clone(), config.index_check_every),
            config,
        }
    }
}

impl AsRef<Kernel> for App {
    fn as_ref(&self) -> &Kernel {
        &self.kernel
    }
}
