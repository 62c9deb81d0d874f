//! `GET /api/v1/users`

use adapters::store::accounts::UserPage;
use domain::{FieldError, accounts::User, dex::Pagination};
use http::StatusCode;
use schemars::JsonSchema;
use serde::Serialize;

use super::{both, parsed, per_page};
use crate::{App, Request, Response, body::personal, problem::Problem};

/// A page of users, sorted by when they registered.
#[derive(Serialize, JsonSchema)]
pub struct UserList {
    pub users: Vec<User>,
    pub pagination: Pagination,
}

pub(crate) async fn users(app: &App, request: &Request) -> Result<Response, Problem> {
    let (per_page, page) = both(per_page(request), page(request))?;
    let skip = u64::from(page - 1) * u64::from(per_page);
    let UserPage { users, total } = app.accounts().users(&request.meter, skip, per_page).await?;
    let users = users.into_iter().map(|stored| stored.user).collect();
    personal(StatusCode::OK, &UserList { users, pagination: Pagination::new(page, per_page, total) })
}

fn page(request: &Request) -> Result<u32, FieldError> {
    let message = "must be a whole number from 1 up";
    match parsed(request, "page", message)?.unwrap_or(1) {
        0 => Err(FieldError::new("page", message)),
        page => Ok(page),
    }
}
