//! How a run behaves.

use std::time::Duration;

use tokio::{sync::watch, time::Instant};

#[derive(Clone, Debug)]
pub struct Settings {
    /// Who holds the lease: the same owner takes it again at once, another waits until it expires.
    pub owner: String,
    /// When to stop fetching and leave the rest to the next run.
    pub deadline: Option<Instant>,
    /// Turns true when whoever runs this wants it to stop fetching early: the same as a deadline.
    pub interrupt: Option<watch::Receiver<bool>>,
    /// Between checkpoints: what a kill costs at most.
    pub checkpoint_every: Duration,
}

impl Settings {
    #[must_use]
    pub fn new(owner: impl Into<String>) -> Self {
        Self {
            owner: owner.into(),
            deadline: None,
            interrupt: None,
            checkpoint_every: Duration::from_secs(10),
        }
    }

    /// Resolves at the deadline or the interrupt, whichever is first; never where there is neither.
    pub(super) async fn stopped(&self) {
        let deadline = async {
            match self.deadline {
                Some(deadline) => tokio::time::sleep_until(deadline).await,
                None => std::future::pending().await,
            }
        };
        let interrupt = async {
            let wanted = match self.interrupt.clone() {
                Some(mut interrupt) => interrupt.wait_for(|wanted| *wanted).await.is_ok(),
                None => false,
            };
            // Nobody is left who could interrupt.
            if !wanted {
                std::future::pending::<()>().await;
            }
        };
        tokio::select! {
            () = deadline => {}
            () = interrupt => {}
        }
    }
}
