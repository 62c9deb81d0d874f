//! The settings of a run.

use std::time::Duration;

use tokio::{sync::watch, time::Instant};

use super::scope::Scope;

#[derive(Clone, Debug)]
pub struct Settings {
    /// The holder of the lease: the same owner can take it again immediately, another one waits until it expires.
    pub owner: String,
    /// The resources to cover. A run that is under way is continued first, whatever this says.
    pub scope: Scope,
    /// The time at which to stop fetching and leave the rest to the next run.
    pub deadline: Option<Instant>,
    /// Becomes true when the caller wants the run to stop fetching early, as at a deadline.
    pub interrupt: Option<watch::Receiver<bool>>,
    /// The time between checkpoints: a kill loses at most this much work.
    pub checkpoint_every: Duration,
}

impl Settings {
    #[must_use]
    pub fn new(owner: impl Into<String>) -> Self {
        Self {
            owner: owner.into(),
            scope: Scope::Everything,
            deadline: None,
            interrupt: None,
            checkpoint_every: Duration::from_secs(10),
        }
    }

    /// Resolves at the deadline or the interrupt, whichever comes first; never resolves if neither is set.
    pub async fn stopped(&self) {
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
            // The sender is gone, so nothing can interrupt the run any more.
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
