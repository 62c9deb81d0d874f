//! Requests to the writer. Routes do not write the catalogue: they ask the one function that does, and wait for it.

use std::time::{Duration, Instant};

use adapters::{
    invoke::NoAnswer,
    now,
    store::LONGEST_LEASE,
    sync::{Amended, Order, Source},
};

use crate::app::App;
use door::{Problem, Request};

/// The outcome of an order.
#[derive(Debug)]
pub(crate) enum WriterReply {
    Published(Source),
    /// The writer accepted the order and is still working.
    GoesOn,
    /// The order was not accepted: another writer is at work, or the catalogue is incomplete. Stored changes will still be published.
    NotTaken,
}

/// The delay between two requests to a busy writer.
const AGAIN: Duration = Duration::from_millis(500);

/// The longest wait for Lambda to accept the event that wakes the writer.
const WAKING: Duration = Duration::from_secs(5);

/// The `Retry-After` of a busy writer, in seconds.
const RETRY: u32 = 30;

/// Checks that no writer holds the catalogue, so that a change becomes visible at once.
///
/// # Errors
/// 409 while a writer does; the caller then changes nothing.
pub(crate) async fn free(app: &App, request: &Request) -> Result<(), Problem> {
    let lease = app.catalogue.store().sync_state(&request.meter).await?.lease_until;
    if lease.is_some_and(|until| until.plus(1).is_pending(now(), LONGEST_LEASE)) {
        Err(busy())
    } else {
        Ok(())
    }
}

/// Returns 409: the order was not carried out and will not be.
pub(crate) fn busy() -> Problem {
    let detail = "The catalogue is being refreshed and nothing was changed, please try again later";
    Problem { retry_after: Some(RETRY), ..Problem::conflict("catalogue_busy", detail) }
}

/// Makes the writer look for requests without waiting for it. If it cannot be invoked, its schedule finds them.
pub(crate) async fn wake(app: &App) {
    let woken = match &app.config.sync_function {
        Some(function) => match tokio::time::timeout(WAKING, function.connect().wake()).await {
            Ok(woken) => woken.map_err(|error| error.to_string()),
            Err(_) => Err(format!("Lambda did not answer within {WAKING:?}")),
        },
        None => Err("SYNC_FUNCTION is not set".to_owned()),
    };
    if let Err(error) = woken {
        tracing::warn!(error, "the writer was not woken");
    }
}

/// Sends `order` and waits for its completion, for at most [`Config::writer_patience`](crate::Config::writer_patience) since `since`.
///
/// # Errors
/// 503 if the function cannot be invoked, or fails. Stored changes are still published later.
pub(crate) async fn ask(app: &App, order: Order, since: Instant) -> Result<WriterReply, Problem> {
    let function = app.config.sync_function.as_ref();
    let function = function.ok_or_else(|| Problem::unavailable("SYNC_FUNCTION is not set"))?.connect();
    loop {
        let patience = app.config.writer_patience.saturating_sub(since.elapsed());
        if patience.is_zero() {
            return Ok(WriterReply::NotTaken);
        }
        match function.ask(serde_json::to_vec(&order)?, patience).await {
            Ok(answer) => match serde_json::from_slice(&answer) {
                Ok(Amended::Published { source }) => {
                    app.catalogue.expire_dex();
                    return Ok(WriterReply::Published(source));
                }
                Ok(Amended::Incomplete) => return Ok(WriterReply::NotTaken),
                // The other writer began between the check and the order.
                Ok(Amended::Busy { .. }) => {}
                Err(error) => {
                    return Err(Problem::unavailable(format!(
                        "invalid answer of the sync function: {error}"
                    )));
                }
            },
            Err(NoAnswer::Late(..)) => return Ok(WriterReply::GoesOn),
            Err(NoAnswer::Busy(..)) => {}
            Err(error) => return Err(Problem::unavailable(error.to_string())),
        }
        tokio::time::sleep(AGAIN.min(app.config.writer_patience.saturating_sub(since.elapsed()))).await;
    }
}
