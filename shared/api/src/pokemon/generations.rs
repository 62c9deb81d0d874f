//! `GET /api/v1/pokemon/generations`

use crate::{
    App, Request, Response,
    cache::{ETag, catalogue},
    problem::Problem,
};

pub(crate) async fn generations(app: &App, request: &Request) -> Result<Response, Problem> {
    let dex = app.dex(&request.meter).await?;
    // The response also holds data from a file of this program, which changes with the program and not with the index.
    let etag = ETag::of(&["generations", dex.version(), env!("CARGO_PKG_VERSION")]);
    catalogue(request, &etag, || {
        let generations = dex.generations().map_err(|error| Problem::internal(error.to_string()))?;
        Ok(serde_json::to_vec(&generations)?)
    })
}
