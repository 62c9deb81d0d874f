//! `GET /api/v1/pokemon`

use domain::dex::ListQuery;

use crate::{
    App, Request, Response,
    cache::{ETag, catalogue},
    problem::Problem,
};

/// A page of Pokémon. From memory: no database call but the pointer check.
pub(crate) async fn list(app: &App, request: &Request) -> Result<Response, Problem> {
    let pairs = request.query.iter().map(|(key, value)| (key.as_str(), value.as_str()));
    let query = ListQuery::parse(pairs).map_err(Problem::invalid)?;
    let dex = app.dex(&request.meter).await?;
    // Ahead of the ETag: a wrong query is told so, whatever copies the client has.
    dex.check(&query).map_err(Problem::invalid)?;
    let etag = ETag::of(&["pokemon", dex.version(), &app.config.sprite_base, &query.canonical()]);
    catalogue(request, &etag, || dex.page_json(&query).map_err(Problem::invalid))
}
