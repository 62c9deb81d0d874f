//! `GET /api/v1/users`

use adapters::store::accounts::UserPage;
use domain::{
    FieldError,
    accounts::{User, UserId},
};
use http::StatusCode;
use schemars::JsonSchema;
use serde::Serialize;

use super::paging::{both, parameter, parsed, per_page};
use crate::app::App;
use door::{Problem, Request, Response, body::personal};

/// A page of users, in the order of registration.
#[derive(Serialize, JsonSchema)]
pub struct UserList {
    pub users: Vec<User>,
    pub pagination: UserPagination,
}

/// The position of a page in the list of users.
#[derive(Serialize, JsonSchema)]
pub struct UserPagination {
    /// Absent if the request has a cursor.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "u32")]
    pub page: Option<u32>,
    pub per_page: u32,
    /// The number of all users.
    pub total: u32,
    pub pages: u32,
    pub has_next: bool,
    pub has_prev: bool,
    /// The `cursor` of the next page, if more users follow.
    pub next: Option<String>,
}

/// The start of the requested page.
enum Start {
    Page(u32),
    After(UserId),
}

impl UserPagination {
    pub(crate) fn new(page: Option<u32>, per_page: u32, total: u32, next: Option<UserId>) -> Self {
        Self {
            page,
            per_page,
            total,
            pages: total.div_ceil(per_page),
            has_next: next.is_some(),
            // A cursor names a user on an earlier page.
            has_prev: page != Some(1),
            next: next.map(|id| id.to_string()),
        }
    }
}

/// Lists users by page number, which reads all earlier pages, or after a cursor, which does not.
pub(crate) async fn users(app: &App, request: &Request) -> Result<Response, Problem> {
    let (per_page, start) = both(per_page(request), start(request))?;
    let (accounts, meter) = (app.kernel.accounts(), &request.meter);
    let (page, found) = match start {
        Start::Page(page) => {
            let skip = u64::from(page - 1) * u64::from(per_page);
            (Some(page), accounts.users(meter, skip, per_page).await?)
        }
        Start::After(user) => (None, accounts.users_after(meter, user, per_page).await?),
    };
    let UserPage { users, total, next } = found;
    let users = users.into_iter().map(|stored| stored.user).collect();
    let pagination = UserPagination::new(page, per_page, total, next);
    personal(StatusCode::OK, &UserList { users, pagination })
}

fn start(request: &Request) -> Result<Start, FieldError> {
    let cursor = parsed(request, "cursor", "must be the `next` of a previous page")?;
    match cursor {
        None => page(request).map(Start::Page),
        Some(_) if parameter(request, "page")?.is_some() => {
            Err(FieldError::new("page", "cannot be combined with cursor"))
        }
        Some(user) => Ok(Start::After(user)),
    }
}

fn page(request: &Request) -> Result<u32, FieldError> {
    let message = "must be a whole number from 1 up";
    match parsed(request, "page", message)?.unwrap_or(1) {
        0 => Err(FieldError::new("page", message)),
        page => Ok(page),
    }
}
