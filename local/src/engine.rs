//! DynamoDB in this process, called through the real SDK.

use std::{io::ErrorKind, net::Ipv4Addr, path::Path, sync::Arc};

use adapters::aws;
use anyhow::{Result, anyhow};
use aws_sdk_dynamodb::{Client, config::SharedHttpClient};
use tokio::net::TcpListener;

use crate::{
    dynamodb::DynamoDb,
    guard::AccessKey,
    helper::{Port, in_process},
    private,
    sweep::sweep,
};

/// An open engine. [`Self::stop`] closes its database.
pub struct Engine {
    database: Arc<DynamoDb>,
    /// Calls the database inside this process.
    http: SharedHttpClient,
}

impl Engine {
    /// Opens an engine whose data is in `file`.
    ///
    /// # Errors
    /// When the file is not a database, or cannot be written.
    pub fn open(file: &Path) -> Result<Self> {
        let name = file.to_str().ok_or_else(|| anyhow!("the path {} is not UTF-8", file.display()))?;
        let failed = |error: &dyn std::fmt::Display| anyhow!("{name} cannot be opened: {error}");
        // The files that SQLite adds have the rights of this one.
        private::make_file(file).map_err(|error| failed(&error))?;
        let database = dynoxide::Database::new(name).map_err(|error| failed(&error))?;
        Ok(Self::on(database))
    }

    /// Opens an engine that forgets its data when it stops.
    ///
    /// # Errors
    /// When there is not enough memory.
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

    /// Removes expired items from time to time, until the future is dropped.
    pub fn sweep(&self) -> impl Future<Output = ()> + Send + use<> {
        sweep(Arc::clone(&self.database))
    }

    /// Serves the engine on `listener` for requests that carry `key`.
    ///
    /// # Errors
    /// As [`Port::open`].
    pub fn serve(&self, listener: TcpListener, key: AccessKey) -> Result<Port> {
        Port::open(Arc::clone(&self.database), listener, key)
    }

    /// Closes the database once the calls in flight have returned; clients that outlive it are answered 503.
    pub fn stop(self) {
        self.database.close();
    }
}

/// Binds `port` of the loopback address.
///
/// # Errors
/// One sentence when the port is taken or forbidden.
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
