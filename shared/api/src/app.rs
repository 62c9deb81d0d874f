//! What a request may use. Built once; each part is made when a route first asks for it.

use std::{
    sync::{
        Arc, LazyLock, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

use adapters::{
    passwords::Memory,
    store::{Client, INDEX_COPIES, Meter, Store, StoreError, accounts::Accounts},
    workers::Workers,
};
use domain::dex::Dex;
use tokio::sync::Mutex as AsyncMutex;

use crate::{access::Failures, config::Config, keys::Keys, problem::Problem, telemetry::Telemetry};

pub struct App {
    pub config: Config,
    pub telemetry: Telemetry,
    /// Where passwords are hashed and archives are built.
    pub workers: Workers<Memory>,
    /// Whether no request has been answered yet.
    cold: AtomicBool,
    /// What [`prepare`] has used of the database.
    prepared: Arc<Meter>,
    stores: LazyLock<Stores, Box<dyn FnOnce() -> Stores + Send>>,
    pub(crate) keys: Keys,
    pub(crate) failures: Failures,
    dex: Mutex<LoadedDex>,
    /// Held while the first index is loaded, so that a burst at the start loads it once.
    loading: AsyncMutex<()>,
}

/// The catalogue, and the accounts.
type Stores = (Store, Accounts);

#[derive(Default)]
struct LoadedDex {
    dex: Option<Arc<Dex>>,
    /// When the pointer was last looked at.
    checked: Option<Instant>,
}

/// What the pointer check may cost a request.
const CHECK: Duration = Duration::from_millis(50);
/// How soon the pointer is looked at again after a look that failed.
const CHECK_AGAIN: Duration = Duration::from_secs(3);
/// What waiting for another request to load the first index may cost.
const TURN: Duration = Duration::from_secs(2);
/// What loading a new index may cost a request that could be answered from the old one.
const RELOAD: Duration = Duration::from_secs(1);

impl App {
    /// `client` is called when the catalogue is first used.
    #[must_use]
    pub fn new(config: Config, client: impl FnOnce() -> Client + Send + 'static) -> Self {
        let tables = config.tables.clone();
        Self {
            config,
            telemetry: Telemetry::default(),
            workers: Workers::default(),
            cold: AtomicBool::new(true),
            prepared: Arc::default(),
            stores: LazyLock::new(Box::new(|| {
                let client = client();
                (Store::new(client.clone(), &tables), Accounts::new(client, tables))
            })),
            keys: Keys::default(),
            failures: Failures::default(),
            dex: Mutex::default(),
            loading: AsyncMutex::new(()),
        }
    }

    /// Whether this is the first request that is answered, and its meter: the first one bears what the preparation used.
    pub(crate) fn begin(&self) -> (bool, Arc<Meter>) {
        match self.cold.swap(false, Ordering::Relaxed) {
            true => (true, Arc::clone(&self.prepared)),
            false => (false, Arc::default()),
        }
    }

    /// The catalogue.
    pub fn store(&self) -> &Store {
        &self.stores.0
    }

    /// Users, and what is theirs.
    pub fn accounts(&self) -> &Accounts {
        &self.stores.1
    }

    /// The dex: from memory, but for a look at the pointer every [`Config::index_check_every`]. When the engine
    /// does not answer, the last dex goes on answering.
    ///
    /// # Errors
    /// 503 while there is no index to answer from.
    pub async fn dex(&self, meter: &Meter) -> Result<Arc<Dex>, Problem> {
        if let Some(dex) = self.current_dex() {
            if self.is_check_due() {
                return Ok(self.refreshed(meter, dex).await);
            }
            return Ok(dex);
        }
        // Bounded: where the engine hangs, each would wait for all before it to give up, one after the other.
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
            // The next publication mends it: for the client that is an outage like any other.
            StoreError::Malformed { .. } => Problem {
                cause: Some(error.to_string()),
                ..Problem::unavailable("the index is not readable")
            },
            other => other.into(),
        })
    }

    /// The dex of this very version: from memory where it is the one there.
    ///
    /// # Errors
    /// [`StoreError`] when no copy of it can be read.
    pub(crate) async fn dex_of(&self, meter: &Meter, version: &str) -> Result<Arc<Dex>, StoreError> {
        match self.current_dex().filter(|dex| dex.version() == version) {
            Some(dex) => Ok(dex),
            None => self.load(meter, version).await,
        }
    }

    /// Has the next request look at the pointer: the catalogue was published a moment ago.
    pub(crate) fn expire_dex(&self) {
        self.lock().checked = None;
    }

    fn current_dex(&self) -> Option<Arc<Dex>> {
        self.lock().dex.clone()
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, LoadedDex> {
        // Nothing under this lock can panic halfway: a poisoned one is as good.
        self.dex.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether this request has to look at the pointer. Of many at once, one has.
    fn is_check_due(&self) -> bool {
        let mut loaded = self.lock();
        let due = loaded.checked.is_none_or(|checked| checked.elapsed() >= self.config.index_check_every);
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
                tracing::warn!(%error, "the index pointer is out of reach; the last index goes on");
                return self.keep(old);
            }
            Err(_) => {
                tracing::warn!("the index pointer took too long; the last index goes on");
                return self.keep(old);
            }
        };
        match tokio::time::timeout(RELOAD, self.load(meter, &version)).await {
            Ok(Ok(dex)) => dex,
            Ok(Err(error)) => {
                tracing::warn!(%error, version, "the new index cannot be loaded; the last one goes on");
                self.keep(old)
            }
            Err(_) => {
                tracing::warn!(version, "the new index took too long; the last one goes on");
                self.keep(old)
            }
        }
    }

    /// Goes on with `old`, and has the pointer looked at again before long.
    fn keep(&self, old: Arc<Dex>) -> Arc<Dex> {
        let every = self.config.index_check_every;
        let sooner = every.saturating_sub(CHECK_AGAIN);
        self.lock().checked = Instant::now().checked_sub(sooner);
        old
    }

    /// The first of the copies that can be read, beginning with one by chance.
    async fn load(&self, meter: &Meter, version: &str) -> Result<Arc<Dex>, StoreError> {
        let first = fastrand::u8(..INDEX_COPIES);
        let mut copies = (0..INDEX_COPIES).map(|step| first + step);
        loop {
            let copy = copies.next().unwrap_or(first);
            match self.load_copy(meter, version, copy).await {
                Err(error @ StoreError::Malformed { .. }) if copies.len() > 0 => {
                    tracing::error!(%error, "a copy of the index is not readable; another is tried");
                }
                other => return other,
            }
        }
    }

    async fn load_copy(&self, meter: &Meter, version: &str, copy: u8) -> Result<Arc<Dex>, StoreError> {
        let bytes = self.store().index(meter, version, copy).await?;
        let dex = Dex::load(&bytes, version, &self.config.sprite_base).map_err(|error| {
            StoreError::Malformed { key: format!("INDEX#{version}"), reason: error.to_string() }
        })?;
        let dex = Arc::new(dex);
        self.lock().dex = Some(Arc::clone(&dex));
        Ok(dex)
    }
}

/// What a function can do before its first request. A start has a whole processor for itself, a request the share that its
/// memory buys.
pub(crate) mod prepare {
    use std::time::Duration;

    use super::App;

    /// The longest preparation. Lambda ends a start after ten seconds; after this, the first request loads the index itself.
    const TIME: Duration = Duration::from_secs(6);

    /// For routes that use no data.
    pub async fn nothing(_: &App) {}

    /// The client. It connects when it is first asked.
    pub async fn store(app: &App) {
        app.store();
    }

    /// The dex. Without it the function starts all the same, and the first request tries again.
    pub async fn dex(app: &App) {
        let cause = match tokio::time::timeout(TIME, app.dex(&app.prepared)).await {
            Ok(Ok(_)) => return,
            Ok(Err(problem)) => problem.cause.unwrap_or(problem.detail),
            Err(_) => "it took too long".to_owned(),
        };
        tracing::warn!(cause, "started without the index");
    }
}
