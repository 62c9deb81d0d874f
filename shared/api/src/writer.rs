//! Routes do not write the catalogue: they ask the one function that does, and wait for it.

use std::time::{Duration, Instant};

use adapters::{
    invoke::NoAnswer,
    now,
    store::LONGEST_LEASE,
    sync::{Amended, Order, Source},
};

use crate::{App, Request, problem::Problem};

/// What became of what was asked for.
#[derive(Debug)]
pub(crate) enum Asked {
    Published(Source),
    /// The writer has been asked, and goes on.
    GoesOn,
    /// Nobody has taken it: another writer is at work, or the catalogue is not whole. What is stored will be published all the same.
    NotTaken,
}

/// Between two times of asking a busy writer.
const AGAIN: Duration = Duration::from_millis(500);

/// Seconds after which a busy writer may be asked again.
const RETRY: u32 = 30;

/// That nobody is writing the catalogue, so that a change will be seen at once.
///
/// # Errors
/// 409 while somebody is: nothing is changed then.
pub(crate) async fn free(app: &App, request: &Request) -> Result<(), Problem> {
    let lease = app.store().sync_state(&request.meter).await?.lease_until;
    if lease.is_some_and(|until| until.plus(1).is_pending(now(), LONGEST_LEASE)) {
        Err(busy())
    } else {
        Ok(())
    }
}

/// 409: what was asked for is not done, and not going to be.
pub(crate) fn busy() -> Problem {
    let detail = "The catalogue is being refreshed and nothing was changed, please try again later";
    Problem { retry_after: Some(RETRY), ..Problem::conflict("catalogue_busy", detail) }
}

/// Asks for `order`, and waits until it is done or [`Config::writer_patience`](crate::Config::writer_patience), counted from `since`,
/// is over.
///
/// # Errors
/// 503 where the function cannot be asked, or fails. What was stored is published later all the same.
pub(crate) async fn ask(app: &App, order: Order, since: Instant) -> Result<Asked, Problem> {
    let function = app.config.sync_function.as_ref();
    let function = function.ok_or_else(|| Problem::unavailable("SYNC_FUNCTION is not set"))?.connect();
    loop {
        let patience = app.config.writer_patience.saturating_sub(since.elapsed());
        if patience.is_zero() {
            return Ok(Asked::NotTaken);
        }
        match function.ask(serde_json::to_vec(&order)?, patience).await {
            Ok(answer) => match serde_json::from_slice(&answer) {
                Ok(Amended::Published { source }) => {
                    app.expire_dex();
                    return Ok(Asked::Published(source));
                }
                Ok(Amended::Incomplete) => return Ok(Asked::NotTaken),
                // It began between the look and the question.
                Ok(Amended::Busy { .. }) => {}
                Err(error) => {
                    return Err(Problem::unavailable(format!("the sync function's answer is none: {error}")));
                }
            },
            Err(NoAnswer::Late(..)) => return Ok(Asked::GoesOn),
            Err(NoAnswer::Busy(..)) => {}
            Err(error) => return Err(Problem::unavailable(error.to_string())),
        }
        tokio::time::sleep(AGAIN.min(app.config.writer_patience.saturating_sub(since.elapsed()))).await;
    }
}
