//! CPU-bound work: the queue is bounded, and a request answers 503 when it is full.

use std::time::Duration;

use adapters::{passwords::Memory, workers::NotRun};
use http::StatusCode;

use crate::{App, Request, problem::Problem};

/// The longest wait of a request for its work. It ends before the deadline, so that the request can still undo its preparations.
const LONGEST_WAIT: Duration = Duration::from_secs(20);

/// The error code of the 503 response.
pub(crate) const SERVER_BUSY: &str = "server_busy";

impl App {
    /// Runs `work`, which takes some 20 ms, on one of the workers, which clients share fairly.
    ///
    /// # Errors
    /// 503 with Retry-After if too many requests wait, or after [`LONGEST_WAIT`].
    pub(crate) async fn run_blocking<T: Send + 'static>(
        &self,
        request: &Request,
        work: impl FnOnce(&mut Memory) -> T + Send + 'static,
    ) -> Result<T, Problem> {
        let done = tokio::time::timeout(LONGEST_WAIT, self.workers.run(&request.client, work)).await;
        done.unwrap_or(Err(NotRun::Busy)).map_err(|error| match error {
            NotRun::Busy => {
                let detail = "The server is busy; please try again in 2 seconds.";
                let problem = Problem::new(StatusCode::SERVICE_UNAVAILABLE, SERVER_BUSY, detail);
                Problem { retry_after: Some(2), ..problem }
            }
            NotRun::Panicked => Problem::internal(error.to_string()),
        })
    }
}
