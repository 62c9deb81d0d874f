//! A helper on a guarded port.

use std::sync::Arc;

use anyhow::Result;
use tokio::{net::TcpListener, sync::oneshot, task::JoinHandle};

use crate::{
    guard::{AccessKey, Guarded},
    helper::Helper,
    server::{self, ConnectionLimits},
};

/// A helper on a port of the loopback address. Dropping it closes the port.
#[derive(Debug)]
pub struct Port {
    /// `http://127.0.0.1:PORT`
    pub url: String,
    stop: oneshot::Sender<()>,
    served: JoinHandle<()>,
}

impl Port {
    /// Serves `helper` on `listener` for requests that carry `key`.
    ///
    /// # Errors
    /// If the listener has no address.
    pub fn open(helper: Arc<impl Helper>, listener: TcpListener, key: AccessKey) -> Result<Self> {
        let url = format!("http://{}", listener.local_addr()?);
        let (stop, stopped) = oneshot::channel();
        let guarded = Guarded::new(helper, key);
        let served = tokio::spawn(server::serve(guarded, listener, ConnectionLimits::default(), async {
            // A dropped sender stops it as well.
            let _ = stopped.await;
        }));
        Ok(Self { url, stop, served })
    }

    /// Closes the port once the requests in progress have been answered.
    pub async fn close(self) {
        let _ = self.stop.send(());
        let _ = self.served.await;
    }
}
