//! A running house, accessed over HTTP: engine, tables, catalogue, gateway.

use std::{
    env, fmt,
    sync::{
        Arc, LazyLock, Mutex, PoisonError,
        atomic::{AtomicU32, Ordering},
    },
    time::Duration,
};

use adapters::{
    aws,
    store::{CatalogStore, Meter, Tables, accounts::AccountStore},
    tokens::KeyRing,
};
use anyhow::Result;
use api::{App, Config};
use http::{Method, StatusCode};
use local::{
    engine::{Engine, listen},
    gateway::Gateway,
    guard::AccessKey,
    port::Port,
    seed, tables,
};
use serde_json::Value;
use tokio::sync::oneshot;

/// An engine that lives as long as the test program and is filled with the whole snapshot once.
#[derive(Debug)]
pub struct SeededEngine {
    pub url: String,
}

static SEEDED: LazyLock<SeededEngine> = LazyLock::new(|| {
    let (ready, url) = std::sync::mpsc::channel();
    // It has a separate thread and runtime, because each test's runtime ends with the test.
    std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build();
        runtime.expect("a runtime").block_on(async {
            let port = engine_port(&Engine::in_memory().expect("an engine in memory")).await;
            let store = store_at(&port.url, tables::CATALOG).await.expect("a table");
            seed::seed(&store, "test").await.expect("the bundled snapshot loads");
            make_accounts(&port.url, &Tables::beside(tables::CATALOG)).await;
            ready.send(port.url.clone()).expect("the test that waits");
            std::future::pending::<()>().await;
        });
    });
    SeededEngine { url: url.recv().expect("the seeded engine started") }
});

impl SeededEngine {
    /// The shared engine. Tests must only read from it.
    #[must_use]
    pub fn get() -> &'static Self {
        &SEEDED
    }
}

/// Serves `engine` on a free port, for clients that [`aws::at`] creates.
///
/// # Panics
/// If no port is free.
pub async fn engine_port(engine: &Engine) -> Port {
    let listener = listen(0).await.expect("a free port");
    engine.serve(listener, AccessKey::known(aws::ANYBODY)).expect("an address")
}

/// A store on a new table at `url`.
///
/// # Errors
/// If the engine does not answer.
pub async fn store_at(url: &str, table: &str) -> Result<CatalogStore> {
    let client = aws::at(url);
    let tables = Tables::beside(table);
    tables::create_catalog(&client, &tables.catalog).await?;
    tables::create_overrides(&client, &tables.app).await?;
    Ok(CatalogStore::new(client, &tables))
}

/// Creates the tables of accounts, with the public keys of [`ring`] and without users.
///
/// # Panics
/// If the engine does not answer.
pub async fn make_accounts(url: &str, tables: &Tables) -> AccountStore {
    crate::log::watch();
    let client = aws::at(url);
    tables::create_accounts(&client, tables).await.expect("tables");
    let accounts = AccountStore::new(client, tables.clone());
    accounts.put_public_keys(&Meter::default(), &ring().jwks(), 0).await.expect("the keys are put");
    accounts
}

/// The keys with which every house of these tests signs.
#[must_use]
pub fn ring() -> Arc<KeyRing> {
    static RING: LazyLock<Arc<KeyRing>> = LazyLock::new(|| Arc::new(KeyRing::generate(adapters::now())));
    Arc::clone(&RING)
}

/// The engine of the store suite: `POKEDEX_TEST_ENGINE`, or one in this process.
pub fn engine_url() -> String {
    static EMBEDDED: LazyLock<String> = LazyLock::new(|| {
        let (ready, url) = std::sync::mpsc::channel();
        std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build();
            runtime.expect("a runtime").block_on(async {
                let port = engine_port(&Engine::in_memory().expect("an engine in memory")).await;
                ready.send(port.url.clone()).expect("the test that waits");
                std::future::pending::<()>().await;
            });
        });
        url.recv().expect("the engine started")
    });
    env::var("POKEDEX_TEST_ENGINE").unwrap_or_else(|_| EMBEDDED.clone())
}

/// A store on a new, empty table.
///
/// # Panics
/// If the engine does not answer.
pub async fn empty_store() -> CatalogStore {
    static NUMBER: AtomicU32 = AtomicU32::new(0);
    let table = format!("test-{}-{}", std::process::id(), NUMBER.fetch_add(1, Ordering::Relaxed));
    store_at(&engine_url(), &table).await.expect("a table")
}

/// A gateway in front of an app, on a separate port.
pub struct House {
    pub base: String,
    client: reqwest::Client,
    /// Dropping it stops the gateway.
    _stop: Mutex<Option<oneshot::Sender<()>>>,
}

/// A response, read completely.
pub struct Answer {
    pub status: StatusCode,
    pub headers: http::HeaderMap,
    pub body: Vec<u8>,
}

impl fmt::Debug for Answer {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { status, headers, body } = self;
        write!(formatter, "{status} {} {headers:?}", String::from_utf8_lossy(body))
    }
}

impl House {
    /// The whole snapshot, on the shared engine.
    pub async fn seeded() -> Self {
        Self::at(&SeededEngine::get().url, Config::new(tables::CATALOG)).await
    }

    /// A house on the engine at `url`, with `config`.
    pub async fn at(url: &str, config: Config) -> Self {
        crate::log::watch();
        let database = aws::at(url);
        let gateway = Gateway::new(App::new(config, || database)).expect("routes that differ");
        let listener = listen(0).await.expect("a free port");
        let base = format!("http://{}", listener.local_addr().expect("an address"));
        let (stop, stopped) = oneshot::channel::<()>();
        tokio::spawn(gateway.serve(listener, async {
            let _ = stopped.await;
        }));
        Self { base, client: client(), _stop: Mutex::new(Some(stop)) }
    }

    /// A house that another program serves at `base`.
    #[must_use]
    pub fn already_at(base: &str) -> Self {
        Self { base: base.to_owned(), client: client(), _stop: Mutex::new(None) }
    }

    pub async fn get(&self, path: &str) -> Answer {
        self.send(Method::GET, path, &[]).await
    }

    /// Sends a request; `path` is sent unchanged.
    ///
    /// # Panics
    /// If there is no response.
    pub async fn send(&self, method: Method, path: &str, headers: &[(&str, &str)]) -> Answer {
        let mut request = self.client.request(method, format!("{}{path}", self.base));
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        read(request).await
    }

    /// Like [`send`](Self::send), with a body.
    ///
    /// # Panics
    /// If there is no response.
    pub async fn send_body(
        &self,
        method: Method,
        path: &str,
        headers: &[(&str, &str)],
        body: String,
    ) -> Answer {
        let mut request = self.client.request(method, format!("{}{path}", self.base)).body(body);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        read(request).await
    }

    /// Sends `body` as JSON, with an access token if one is given.
    ///
    /// # Panics
    /// If there is no response.
    pub async fn call(
        &self,
        method: Method,
        path: &str,
        token: Option<&str>,
        body: Option<&Value>,
    ) -> Answer {
        let mut request = self.client.request(method, format!("{}{path}", self.base));
        if let Some(token) = token {
            request = request.bearer_auth(token);
        }
        if let Some(body) = body {
            request = request.header("content-type", "application/json").body(body.to_string());
        }
        read(request).await
    }

    /// Stops the gateway before the house is dropped.
    pub fn stop(&self) {
        self._stop.lock().unwrap_or_else(PoisonError::into_inner).take();
    }
}

impl Answer {
    /// # Panics
    /// If the body is not JSON.
    #[must_use]
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body)
            .unwrap_or_else(|error| panic!("not JSON ({error}): {}", String::from_utf8_lossy(&self.body)))
    }

    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).and_then(|value| value.to_str().ok())
    }

    /// Slugs of the Pokémon on a page.
    #[must_use]
    pub fn names(&self) -> Vec<String> {
        let rows = self.json()["pokemon"].as_array().cloned().unwrap_or_default();
        rows.iter().filter_map(|row| row["name"].as_str().map(str::to_owned)).collect()
    }
}

async fn read(request: reqwest::RequestBuilder) -> Answer {
    let response = request.send().await.expect("an answer");
    let (status, headers) = (response.status(), response.headers().clone());
    let body = response.bytes().await.expect("a whole body").to_vec();
    Answer { status, headers, body }
}

fn client() -> reqwest::Client {
    // reqwest requires a TLS provider even for plain HTTP.
    adapters::tls::install_ring();
    let client = reqwest::Client::builder().no_proxy().timeout(Duration::from_secs(20)).build();
    client.expect("an HTTP client")
}
