//! Lists for administrators: `GET /api/v1/users` and `GET /api/v1/admin/audit`.

mod audit;
pub(crate) mod docs;
mod users;

pub(crate) use audit::{AuditPage, audit};
pub(crate) use users::{UserList, UserPagination, users};

use domain::FieldError;
use schemars::JsonSchema;
use serde::Serialize;

use door::{Problem, Request};

/// The position of a page in a list.
#[derive(Serialize, JsonSchema)]
pub struct Cursor {
    pub per_page: u32,
    pub has_next: bool,
    /// The `cursor` of the next page; null on the last page.
    pub next: Option<String>,
}

impl Cursor {
    fn of(per_page: u32, next: Option<String>) -> Self {
        Self { per_page, has_next: next.is_some(), next }
    }
}

/// Returns one query parameter. An empty value counts as absent.
fn parameter<'a>(request: &'a Request, name: &str) -> Result<Option<&'a str>, FieldError> {
    let mut given = request.query.iter().filter(|(key, _)| key == name).map(|(_, value)| value.as_str());
    let first = given.next();
    match given.next() {
        Some(_) => Err(FieldError::new(name, "is given more than once")),
        None => Ok(first.filter(|value| !value.is_empty())),
    }
}

/// Returns the parameter, parsed.
fn parsed<T: std::str::FromStr>(
    request: &Request,
    name: &str,
    message: &str,
) -> Result<Option<T>, FieldError> {
    let wrong = |_| FieldError::new(name, message);
    parameter(request, name)?.map(|text| text.parse().map_err(wrong)).transpose()
}

const PER_PAGE: u32 = 50;
const MOST_PER_PAGE: u32 = 100;

fn per_page(request: &Request) -> Result<u32, FieldError> {
    let message = "must be a whole number from 1 to 100";
    let given = parsed(request, "per_page", message)?.unwrap_or(PER_PAGE);
    if (1..=MOST_PER_PAGE).contains(&given) { Ok(given) } else { Err(FieldError::new("per_page", message)) }
}

/// Returns both values, or every error.
fn both<A, B>(a: Result<A, FieldError>, b: Result<B, FieldError>) -> Result<(A, B), Problem> {
    match (a, b) {
        (Ok(a), Ok(b)) => Ok((a, b)),
        (a, b) => Err(Problem::invalid(a.err().into_iter().chain(b.err()).collect())),
    }
}
