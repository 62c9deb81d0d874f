//! DynamoDB in this process, spoken to through the real SDK over loopback.

use std::{
    io::ErrorKind,
    net::{Ipv4Addr, SocketAddr},
    path::Path,
};

use anyhow::{Result, anyhow};
use tokio::{net::TcpListener, sync::oneshot, task::JoinHandle};

use crate::sweep::sweep;

/// A running engine. Dropping it stops it; [`Self::stop`] waits for that.
pub struct Engine {
    address: SocketAddr,
    database: dynoxide::Database,
    stop: oneshot::Sender<()>,
    served: JoinHandle<Result<(), String>>,
}

impl Engine {
    /// Starts an engine on `port` of the loopback address, 0 for a free one; its data is in `file`, or in memory.
    ///
    /// # Errors
    /// When the port is taken or the file is no database.
    pub async fn start(file: Option<&Path>, port: u16) -> Result<Self> {
        let database = match file {
            Some(file) => {
                let name =
                    file.to_str().ok_or_else(|| anyhow!("the path {} is not UTF-8", file.display()))?;
                dynoxide::Database::new(name)
                    .map_err(|error| anyhow!("{} cannot be opened: {error}", file.display()))?
            }
            None => {
                dynoxide::Database::memory().map_err(|error| anyhow!("no database in memory: {error}"))?
            }
        };
        let listener = listen(port).await?;
        let address = listener.local_addr()?;
        let (stop, stopped) = oneshot::channel();
        let served = tokio::spawn(dynoxide::server::serve_with_shutdown(listener, database.clone(), async {
            // A dropped sender stops it as well.
            let _ = stopped.await;
        }));
        Ok(Self { address, database, stop, served })
    }

    /// `http://127.0.0.1:PORT`
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Removes expired items from time to time, until the future is dropped.
    pub fn sweep(&self) -> impl Future<Output = ()> + Send + use<> {
        sweep(self.database.clone())
    }

    /// Stops it once the requests under way have been answered.
    pub async fn stop(self) {
        let _ = self.stop.send(());
        let _ = self.served.await;
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
