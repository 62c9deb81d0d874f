//! `GET /api/v1/moves/{name}`

use adapters::store::Named;

use crate::{App, Request, Response, problem::Problem, stored};

pub(crate) async fn get(app: &App, request: &Request) -> Result<Response, Problem> {
    stored::get(app, request, Named::Move, "Move").await
}
