//! The work that a function does before its first request. Lambda runs it on a whole processor, and a request only on the share that
//! corresponds to the function's memory.

use std::time::Duration;

use crate::app::App;

/// The longest preparation. Lambda ends a start after ten seconds; after this timeout, the first request loads the index.
const TIME: Duration = Duration::from_secs(6);

/// Does nothing, for routes that use no data.
pub async fn nothing(_: &App) {}

/// Creates the database client. It connects on its first call.
pub async fn store(app: &App) {
    app.catalogue.store();
}

/// Loads the dex. If that fails, the function starts anyway, and the first request retries.
pub async fn dex(app: &App) {
    let cause = match tokio::time::timeout(TIME, app.catalogue.dex(app.kernel.preparation())).await {
        Ok(Ok(_)) => return,
        Ok(Err(problem)) => problem.cause.unwrap_or(problem.detail),
        Err(_) => "it took too long".to_owned(),
    };
    tracing::warn!(cause, "started without the index");
}
