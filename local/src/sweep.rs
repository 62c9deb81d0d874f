//! Removes expired items, as DynamoDB does by itself on AWS: sessions, receipts and buckets of rate limits.

use std::{sync::Arc, time::Duration};

use crate::dynamodb::DynamoDb;

/// The time between two sweeps. Reads never return expired items, so only the size of the data depends on it.
const EVERY: Duration = Duration::from_secs(10 * 60);

/// Sweeps periodically, until the future is dropped.
pub(crate) async fn sweep(database: Arc<DynamoDb>) {
    let mut turns = tokio::time::interval(EVERY);
    loop {
        turns.tick().await;
        let database = Arc::clone(&database);
        // The call lets waiting requests go first between two pages.
        match tokio::task::spawn_blocking(move || database.remove_expired()).await {
            Ok(Ok(0)) => {}
            Ok(Ok(swept)) => tracing::info!(swept, "expired items are removed"),
            Ok(Err(error)) => tracing::warn!(%error, "expired items cannot be removed"),
            Err(error) => tracing::warn!(%error, "the sweep of expired items has ended"),
        }
    }
}
