//! Types, abilities and moves are answered as they are stored: one GetItem, no parsing.

use adapters::store::Named;

use crate::{
    App, Request, Response,
    cache::{ETag, catalogue},
    problem::Problem,
};

/// The record of `kind` that the path names; `what` names the kind in an error message.
pub(crate) async fn get(app: &App, request: &Request, kind: Named, what: &str) -> Result<Response, Problem> {
    let slug = request.slug("name", what)?;
    let found = app.store().named(&request.meter, kind, &slug).await?;
    let record = found.ok_or_else(|| Problem::not_found(format!("{what} {slug} not found")))?;
    let etag = ETag::of(&[kind.prefix(), &record.hash]);
    catalogue(request, &etag, || Ok(record.body))
}
