//! `GET /api/v1/pokemon`

use std::collections::BTreeSet;

use domain::dex::ListQuery;

use http::header;

use crate::app::App;
use door::{
    Problem, Request, Response, authenticate,
    body::PERSONAL,
    cache::{ETag, cacheable, json},
};

/// Returns a page of Pokémon from memory. `sort=favorites` reads the caller's account and favorites; no other query depends on the caller.
pub(crate) async fn list(app: &App, request: &Request) -> Result<Response, Problem> {
    let pairs = request.query.iter().map(|(key, value)| (key.as_str(), value.as_str()));
    let mut query = ListQuery::parse(pairs).map_err(Problem::invalid)?;
    if query.is_by_favorites() {
        query.favorites = Box::pin(favorites(app, request)).await?;
    }
    let dex = app.catalogue.dex(&request.meter).await?;
    // Checked before the ETag: an invalid query answers 422, whatever copies the client has.
    dex.check(&query).map_err(Problem::invalid)?;
    if query.is_by_favorites() {
        // Not cacheable, not even for an anonymous caller: after signing in, the same URL has a different response.
        let mut response = json(dex.page_json(&query).map_err(Problem::invalid)?);
        response.headers_mut().insert(header::CACHE_CONTROL, PERSONAL);
        return Ok(response);
    }
    let etag = ETag::of(&["pokemon", dex.version(), &app.config.sprite_base, &query.canonical()]);
    cacheable(request, &etag, || dex.page_json(&query).map_err(Problem::invalid))
}

/// Returns the caller's favorites by id; an empty set for an anonymous caller.
async fn favorites(app: &App, request: &Request) -> Result<BTreeSet<u32>, Problem> {
    if request.header("authorization").is_none() {
        return Ok(BTreeSet::new());
    }
    let caller = authenticate(&app.kernel, request).await?;
    let favorites = app.kernel.accounts().favorites(&request.meter, caller.user).await?;
    Ok(favorites.into_iter().map(|favorite| favorite.pokemon).collect())
}
