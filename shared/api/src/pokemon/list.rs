//! `GET /api/v1/pokemon`

use domain::dex::ListQuery;

use http::header;

use crate::{
    App, Request, Response,
    body::PERSONAL,
    cache::{ETag, catalogue, json},
    problem::Problem,
};

/// A page of Pokémon. From memory: no database call but the pointer check, and one for who wants their favorites first.
pub(crate) async fn list(app: &App, request: &Request) -> Result<Response, Problem> {
    let pairs = request.query.iter().map(|(key, value)| (key.as_str(), value.as_str()));
    let mut query = ListQuery::parse(pairs).map_err(Problem::invalid)?;
    let dex = app.dex(&request.meter).await?;
    // Ahead of the ETag: a wrong query is told so, whatever copies the client has.
    dex.check(&query).map_err(Problem::invalid)?;
    if let (true, Some(caller)) = (query.is_by_favorites(), request.caller) {
        // Asked for each time: no copy of it may go stale.
        let favorites = Box::pin(app.accounts().favorites(&request.meter, caller.user)).await?;
        query.favorites = favorites.into_iter().map(|favorite| favorite.pokemon).collect();
        let mut response = json(dex.page_json(&query).map_err(Problem::invalid)?);
        response.headers_mut().insert(header::CACHE_CONTROL, PERSONAL);
        return Ok(response);
    }
    let etag = ETag::of(&["pokemon", dex.version(), &app.config.sprite_base, &query.canonical()]);
    catalogue(request, &etag, || dex.page_json(&query).map_err(Problem::invalid))
}
