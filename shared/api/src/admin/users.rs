//! `GET /api/v1/users`

use adapters::store::accounts::UserPage;
use domain::accounts::User;
use http::StatusCode;
use schemars::JsonSchema;
use serde::Serialize;

use super::{Cursor, both, parsed, per_page};
use crate::{App, Request, Response, body::personal, problem::Problem};

/// Some users, by when they came.
#[derive(Serialize, JsonSchema)]
pub struct UserList {
    pub users: Vec<User>,
    pub pagination: Cursor,
}

pub(crate) async fn users(app: &App, request: &Request) -> Result<Response, Problem> {
    let cursor = parsed(request, "cursor", "is not one that a page has named");
    let (per_page, after) = both(per_page(request), cursor)?;
    let UserPage { users, next } = app.accounts().users(&request.meter, after, per_page).await?;
    let users = users.into_iter().map(|stored| stored.user).collect();
    let pagination = Cursor::of(per_page, next.map(|id| id.to_string()));
    personal(StatusCode::OK, &UserList { users, pagination })
}
