//! DynamoDB in this process, called through the real SDK.

use std::{io::ErrorKind, net::Ipv4Addr, path::Path, sync::Arc};

use adapters::aws;
use anyhow::{Result, anyhow};
use aws_sdk_dynamodb::{Client, config::SharedHttpClient};
use tokio::net::TcpListener;

use crate::{dynamodb::DynamoDb, guard::AccessKey, helper::in_process, port::Port, private, sweep::sweep};

/// An open engine. [`Self::stop`] closes its database.
pub struct Engine {
    database: Arc<DynamoDb>,
    /// An HTTP client that calls the database inside this process.
    http: SharedHttpClient,
}

impl Engine {
    /// Opens an engine that stores its data in `file`.
    ///
    /// # Errors
    /// If the file is not a database, or cannot be written.
    pub fn open(file: &Path) -> Result<Self> {
        let name = file.to_str().ok_or_else(|| anyhow!("the path {} is not UTF-8", file.display()))?;
        let failed = |error: &dyn std::fmt::Display| anyhow!("{name} cannot be opened: {error}");
        // Files that SQLite adds get the permissions of this one.
        private::make_file(file).map_err(|error| failed(&error))?;
        let database = dynoxide::Database::new(name).map_err(|error| failed(&error))?;
        Ok(Self::on(database))
    }

    /// Opens an engine that forgets its data when it stops.
    ///
    /// # Errors
    /// If there is not enough memory.
    pub fn in_memory() -> Result<Self> {
        let database = dynoxide::Database::memory();
        Ok(Self::on(database.map_err(|error| anyhow!("no database in memory: {error}"))?))
    }

    fn on(database: dynoxide::Database) -> Self {
        let database = Arc::new(DynamoDb::new(database));
        Self { http: in_process(Arc::clone(&database)), database }
    }

    /// A client whose requests do not leave this process.
    #[must_use]
    pub fn client(&self) -> Client {
        aws::in_process(self.http.clone())
    }

    /// Removes expired items periodically, until the future is dropped.
    pub fn sweep(&self) -> impl Future<Output = ()> + Send + use<> {
        sweep(Arc::clone(&self.database))
    }

    /// Serves the engine on `listener` for requests that carry `key`.
    ///
    /// # Errors
    /// The errors of [`Port::open`].
    pub fn serve(&self, listener: TcpListener, key: AccessKey) -> Result<Port> {
        Port::open(Arc::clone(&self.database), listener, key)
    }

    /// Closes the database once the calls in progress have returned; later calls of its clients receive a 503.
    pub fn stop(self) {
        self.database.close();
    }
}

/// Binds `port` of the loopback address.
///
/// # Errors
/// One sentence if the port is in use or forbidden.
pub async fn listen(port: u16) -> Result<TcpListener> {
    TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await.map_err(|error| {
        let why = match error.kind() {
            ErrorKind::AddrInUse => "is taken",
            ErrorKind::PermissionDenied => "is not for this user",
            _ => "cannot be listened on",
        };
        anyhow!(error).context(format!("port {port} {why}: choose another with --port, 0 for a free one"))
    })
}
