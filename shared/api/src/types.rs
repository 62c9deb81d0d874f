//! `GET /api/v1/pokemon/types` and `GET /api/v1/types/{name}`

pub(crate) mod docs;

use adapters::store::Named;

use crate::{app::App, stored};
use door::{
    Problem, Request, Response,
    cache::{ETag, cacheable},
};

/// Returns the sorted types that Pokémon have.
pub(crate) async fn list(app: &App, request: &Request) -> Result<Response, Problem> {
    let dex = app.catalogue.dex(&request.meter).await?;
    let etag = ETag::of(&["types", dex.version()]);
    cacheable(request, &etag, || Ok(dex.types_json().to_vec()))
}

pub(crate) async fn get(app: &App, request: &Request) -> Result<Response, Problem> {
    stored::get(app, request, Named::Type).await
}
