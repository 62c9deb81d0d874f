//! CPU-bound work: the queue is bounded, and a request answers 503 when it is full.

use adapters::{passwords::Memory, workers::NotRun};
use http::StatusCode;

use crate::{kernel::Kernel, problem::Problem, request::Request};

/// The error code of the 503 response.
pub const SERVER_BUSY: &str = "server_busy";

impl Kernel {
    /// Runs `work`, which takes some 20 ms, on one of the workers. Clients share the workers fairly.
    ///
    /// # Errors
    /// 503 with Retry-After if too many requests wait, or this one waited for too long.
    pub async fn run_blocking<T: Send + 'static>(
        &self,
        request: &Request,
        work: impl FnOnce(&mut Memory) -> T + Send + 'static,
    ) -> Result<T, Problem> {
        self.workers.run(&request.client, work).await.map_err(|error| match error {
            NotRun::Busy => {
                let detail = "The server is busy; please try again in 2 seconds.";
                let problem = Problem::new(StatusCode::SERVICE_UNAVAILABLE, SERVER_BUSY, detail);
                Problem { retry_after: Some(2), ..problem }
            }
            NotRun::Panicked => Problem::internal(error.to_string()),
        })
    }
}
