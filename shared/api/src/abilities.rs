//! `GET /api/v1/abilities/{name}`

use adapters::store::Named;

use crate::{App, Request, Response, problem::Problem, stored};

pub(crate) async fn get(app: &App, request: &Request) -> Result<Response, Problem> {
    stored::get(app, request, Named::Ability, "Ability").await
}
