//! `GET /api/v1/pokemon/types` and `GET /api/v1/types/{name}`

use adapters::store::Named;

use crate::{
    App, Request, Response,
    cache::{ETag, catalogue},
    problem::Problem,
    stored,
};

/// Returns the sorted types that Pokémon have.
pub(crate) async fn list(app: &App, request: &Request) -> Result<Response, Problem> {
    let dex = app.dex(&request.meter).await?;
    let etag = ETag::of(&["types", dex.version()]);
    catalogue(request, &etag, || Ok(dex.types_json().to_vec()))
}

pub(crate) async fn get(app: &App, request: &Request) -> Result<Response, Problem> {
    stored::get(app, request, Named::Type).await
}
