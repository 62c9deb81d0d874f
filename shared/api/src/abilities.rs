//! `GET /api/v1/abilities/{name}`

pub(crate) mod docs;

use adapters::store::Named;

use crate::{app::App, stored};
use door::{Problem, Request, Response};

pub(crate) async fn get(app: &App, request: &Request) -> Result<Response, Problem> {
    stored::get(app, request, Named::Ability).await
}
