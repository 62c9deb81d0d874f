//! `GET /.well-known/jwks.json`

use http::{HeaderValue, header};

use crate::app::App;
use door::{Problem, Request, Response, cache::json};

/// Returns the public keys as they are stored.
pub(crate) async fn jwks(app: &App, request: &Request) -> Result<Response, Problem> {
    let stored = app.kernel.accounts().public_keys(&request.meter).await?;
    let mut response = json(serde_json::to_vec(&stored.jwks)?);
    // Caching is safe: a key is published an hour before it signs.
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("public, max-age=300"));
    Ok(response)
}
