//! One `TransactWriteItems`, which is retried while other transactions in progress hold its items.

use std::time::{Duration, Instant};

use aws_sdk_dynamodb::{
    Client,
    operation::transact_write_items::TransactWriteItemsError,
    types::{CancellationReason, ReturnConsumedCapacity, TransactWriteItem},
};

use crate::store::{
    error::{StoreError, failed},
    meter::Meter,
};

pub(super) const OPERATION: &str = "TransactWriteItems";

/// The maximum number of attempts at a transaction that conflicts with others.
const ATTEMPTS: u32 = 6;
/// The longest pause before the second attempt. It doubles with each attempt.
const FIRST_PAUSE: Duration = Duration::from_millis(100);
/// The time after the first attempt in which another one may start: the caller's own deadline is 9.5 seconds.
const PATIENCE: Duration = Duration::from_secs(5);

/// The reasons why a transaction wrote nothing.
#[derive(Debug)]
pub(super) enum NotWritten {
    /// The positions of the items whose conditions did not hold.
    Conditions(Vec<usize>),
    Store(StoreError),
}

/// Writes all of `items` or none of them.
///
/// The SDK retries attempts that failed or were throttled ([`crate::aws`]). This function retries conflicts with other transactions, with
/// full jitter: such conflicts do not mean that the engine is unhealthy, so they must not use up the SDK's retry quota, which all requests
/// of a process share. All attempts have one request token, so an attempt that succeeded but whose answer was lost is not executed twice.
pub(super) async fn write(
    client: &Client,
    meter: &Meter,
    items: Vec<TransactWriteItem>,
) -> Result<(), NotWritten> {
    let token = format!("{:032x}", fastrand::u128(..));
    let started = Instant::now();
    let mut attempt = 1;
    loop {
        meter.call();
        let answer = client
            .transact_write_items()
            .client_request_token(&token)
            .set_transact_items(Some(items.clone()))
            .return_consumed_capacity(ReturnConsumedCapacity::Total)
            .send()
            .await;
        let error = match answer {
            Ok(answer) => {
                meter.writes(answer.consumed_capacity());
                return Ok(());
            }
            Err(error) => error,
        };
        let Some(TransactWriteItemsError::TransactionCanceledException(cancelled)) = error.as_service_error()
        else {
            return Err(NotWritten::Store(failed(OPERATION)(error)));
        };
        let reasons = cancelled.cancellation_reasons();
        if !is_conflict(reasons) {
            return Err(refusal(reasons));
        }
        if attempt == ATTEMPTS || started.elapsed() >= PATIENCE {
            return Err(NotWritten::Store(StoreError::Busy { operation: OPERATION }));
        }
        tokio::time::sleep(pause_after(attempt).mul_f64(fastrand::f64())).await;
        attempt += 1;
    }
}

/// The longest pause after this attempt.
const fn pause_after(attempt: u32) -> Duration {
    FIRST_PAUSE.saturating_mul(1 << (attempt - 1))
}

/// Whether another transaction conflicted, and all conditions that were evaluated held.
fn is_conflict(reasons: &[CancellationReason]) -> bool {
    let has = |code: &str| reasons.iter().any(|reason| reason.code() == Some(code));
    has("TransactionConflict") && !has("ConditionalCheckFailed")
}

fn refusal(reasons: &[CancellationReason]) -> NotWritten {
    let codes = || reasons.iter().map(|reason| reason.code().unwrap_or("None"));
    let unmet: Vec<_> = codes()
        .enumerate()
        .filter(|(_, code)| *code == "ConditionalCheckFailed")
        .map(|(nth, _)| nth)
        .collect();
    if !unmet.is_empty() {
        return NotWritten::Conditions(unmet);
    }
    let codes: Vec<_> = codes().filter(|code| *code != "None").collect();
    let cause = format!("the transaction was cancelled: {}", codes.join(", "));
    NotWritten::Store(StoreError::Unavailable { operation: OPERATION, cause })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reasons(codes: &[&str]) -> Vec<CancellationReason> {
        codes.iter().map(|code| CancellationReason::builder().code(*code).build()).collect()
    }

    #[test]
    fn a_failed_condition_is_final_beside_a_conflict() {
        assert!(is_conflict(&reasons(&["None", "TransactionConflict", "None"])));
        assert!(is_conflict(&reasons(&["TransactionConflict", "ThrottlingError"])));
        assert!(!is_conflict(&reasons(&["TransactionConflict", "ConditionalCheckFailed"])));
        assert!(!is_conflict(&reasons(&["None", "ThrottlingError"])));
        let refused = refusal(&reasons(&["None", "ConditionalCheckFailed", "TransactionConflict"]));
        assert!(matches!(refused, NotWritten::Conditions(unmet) if unmet == [1]));
    }

    #[test]
    fn pauses_double_and_end_before_the_patience_does() {
        let pauses: Vec<_> = (1..ATTEMPTS).map(|attempt| pause_after(attempt).as_millis()).collect();
        assert_eq!(pauses, [100, 200, 400, 800, 1600]);
        assert!(pauses.iter().sum::<u128>() < PATIENCE.as_millis());
    }
}
