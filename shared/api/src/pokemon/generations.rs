//! `GET /api/v1/pokemon/generations`

use crate::app::App;
use door::{
    Problem, Request, Response,
    cache::{ETag, cacheable},
};

pub(crate) async fn generations(app: &App, request: &Request) -> Result<Response, Problem> {
    let dex = app.catalogue.dex(&request.meter).await?;
    // The response also holds data from a file of this program, which changes with the program and not with the index.
    let etag = ETag::of(&["generations", dex.version(), env!("CARGO_PKG_VERSION")]);
    cacheable(request, &etag, || {
        let generations = dex.generations().map_err(|error| Problem::internal(error.to_string()))?;
        Ok(serde_json::to_vec(&generations)?)
    })
}
