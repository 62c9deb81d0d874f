//! The catalogue as routes use it: its store, and the dex index in memory.

use std::{
    sync::{Arc, Mutex, OnceLock, PoisonError},
    time::{Duration, Instant},
};

use adapters::store::{CatalogStore, INDEX_COPIES, Meter, StoreError, Tables};
use domain::dex::Dex;
use door::{Problem, kernel::LazyClient};
use tokio::sync::Mutex as AsyncMutex;

/// Built once; each part is created when a request first needs it.
pub struct Catalogue {
    client: LazyClient,
    tables: Tables,
    store: OnceLock<CatalogStore>,
    /// The base URL of the pictures.
    sprite_base: String,
    /// The interval between checks of the index pointer.
    check_every: Duration,
    dex: Mutex<LoadedDex>,
    /// The lock that a request holds while it loads the first index, so that a burst of first requests loads it once.
    loading: AsyncMutex<()>,
}

#[derive(Default)]
struct LoadedDex {
    dex: Option<Arc<Dex>>,
    /// The time of the last pointer check.
    checked: Option<Instant>,
}

/// The timeout of the pointer check within a request.
const CHECK: Duration = Duration::from_millis(50);
/// The delay before the next pointer check after a failed one.
const CHECK_AGAIN: Duration = Duration::from_secs(3);
/// The longest wait for another request that loads the first index.
const TURN: Duration = Duration::from_secs(2);
/// The timeout of loading a new index within a request that could be answered from the old one.
const RELOAD: Duration = Duration::from_secs(1);

impl Catalogue {
    /// Creates the catalogue of `tables`. Creates no client and opens no connection yet.
    pub(crate) fn new(
        client: LazyClient,
        tables: Tables,
        sprite_base: String,
        check_every: Duration,
    ) -> Self {
        Self {
            client,
            tables,
            store: OnceLock::new(),
            sprite_base,
            check_every,
            dex: Mutex::default(),
            loading: AsyncMutex::new(()),
        }
    }

    /// Returns the store of the catalogue.
    pub fn store(&self) -> &CatalogStore {
        self.store.get_or_init(|| CatalogStore::new((*self.client).clone(), &self.tables))
    }

    /// Returns the dex from memory, after a check of the pointer every [`Config::index_check_every`](crate::Config::index_check_every).
    /// Returns the last dex while the engine does not respond.
    ///
    /// # Errors
    /// 503 while no index is available.
    pub async fn dex(&self, meter: &Meter) -> Result<Arc<Dex>, Problem> {
        if let Some(dex) = self.current_dex() {
            if self.is_check_due() {
                return Ok(self.refreshed(meter, dex).await);
            }
            return Ok(dex);
        }
        // Bounded: if the engine hangs, each request would otherwise wait for all earlier ones to time out in turn.
        let turn = tokio::time::timeout(TURN, self.loading.lock()).await;
        let _one_at_a_time =
            turn.map_err(|_| Problem::unavailable("another request is loading the index"))?;
        if let Some(dex) = self.current_dex() {
            return Ok(dex);
        }
        let store = self.store();
        let pointer = store.index_pointer(meter).await?;
        let pointer = pointer
            .ok_or_else(|| Problem::unavailable("the catalogue is empty: no sync has finished yet"))?;
        self.is_check_due();
        self.load(meter, &pointer.version).await.map_err(|error| match error {
            // The next publication replaces the index; until then the client receives 503, as in any other outage.
            StoreError::Malformed { .. } => Problem {
                cause: Some(error.to_string()),
                ..Problem::unavailable("the index is not readable")
            },
            other => other.into(),
        })
    }

    /// Returns the dex of exactly this version, from memory if that holds it.
    ///
    /// # Errors
    /// [`StoreError`] if no copy of it can be read.
    pub(crate) async fn dex_of(&self, meter: &Meter, version: &str) -> Result<Arc<Dex>, StoreError> {
        match self.current_dex().filter(|dex| dex.version() == version) {
            Some(dex) => Ok(dex),
            None => self.load(meter, version).await,
        }
    }

    /// Makes the next request check the pointer, because the catalogue has just been published.
    pub(crate) fn expire_dex(&self) {
        self.lock().checked = None;
    }

    fn current_dex(&self) -> Option<Arc<Dex>> {
        self.lock().dex.clone()
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, LoadedDex> {
        // No code that holds this lock can panic halfway, so the value behind a poisoned lock is consistent.
        self.dex.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Returns whether this request must check the pointer. Of many simultaneous requests, exactly one must.
    fn is_check_due(&self) -> bool {
        let mut loaded = self.lock();
        let due = loaded.checked.is_none_or(|checked| checked.elapsed() >= self.check_every);
        if due {
            loaded.checked = Some(Instant::now());
        }
        due
    }

    async fn refreshed(&self, meter: &Meter, old: Arc<Dex>) -> Arc<Dex> {
        let pointer = tokio::time::timeout(CHECK, self.store().index_pointer(meter)).await;
        let version = match pointer {
            Ok(Ok(Some(pointer))) if pointer.version == old.version() => return old,
            Ok(Ok(Some(pointer))) => pointer.version,
            Ok(Ok(None)) => return old,
            Ok(Err(error)) => {
                tracing::warn!(%error, "the index pointer cannot be read; keeping the last index");
                return self.keep(old);
            }
            Err(_) => {
                tracing::warn!("reading the index pointer took too long; keeping the last index");
                return self.keep(old);
            }
        };
        match tokio::time::timeout(RELOAD, self.load(meter, &version)).await {
            Ok(Ok(dex)) => dex,
            Ok(Err(error)) => {
                tracing::warn!(%error, version, "the new index cannot be loaded; keeping the last one");
                self.keep(old)
            }
            Err(_) => {
                tracing::warn!(version, "loading the new index took too long; keeping the last one");
                self.keep(old)
            }
        }
    }

    /// Keeps `old`, and schedules the next pointer check after [`CHECK_AGAIN`].
    fn keep(&self, old: Arc<Dex>) -> Arc<Dex> {
        let every = self.check_every;
        let sooner = every.saturating_sub(CHECK_AGAIN);
        self.lock().checked = Instant::now().checked_sub(sooner);
        old
    }

    /// Loads the first readable copy, starting with a random one.
    async fn load(&self, meter: &Meter, version: &str) -> Result<Arc<Dex>, StoreError> {
        let first = fastrand::u8(..INDEX_COPIES);
        let mut copies = (0..INDEX_COPIES).map(|step| first + step);
        loop {
            let copy = copies.next().unwrap_or(first);
            match self.load_copy(meter, version, copy).await {
                Err(error @ StoreError::Malformed { .. }) if copies.len() > 0 => {
                    tracing::error!(%error, "a copy of the index is not readable; trying another");
                }
                other => return other,
            }
        }
    }

    async fn load_copy(&self, meter: &Meter, version: &str, copy: u8) -> Result<Arc<Dex>, StoreError> {
        let bytes = self.store().index(meter, version, copy).await?;
        let dex = Dex::load(&bytes, version, &self.sprite_base).map_err(|error| StoreError::Malformed {
            key: format!("INDEX#{version}"),
            reason: error.to_string(),
        })?;
        let dex = Arc::new(dex);
        self.lock().dex = Some(Arc::clone(&dex));
        Ok(dex)
    }
}
