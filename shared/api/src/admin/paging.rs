//! Parameters and positions of paged lists.

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
    pub(super) fn of(per_page: u32, next: Option<String>) -> Self {
        Self { per_page, has_next: next.is_some(), next }
    }
}

/// Returns one query parameter. An empty value counts as absent.
pub(super) fn parameter<'a>(request: &'a Request, name: &str) -> Result<Option<&'a str>, FieldError> {
    let mut values = request.query.iter().filter(|(key, _)| key == name).map(|(_, value)| value.as_str());
    let first = values.next();
    match values.next() {
        Some(_) => Err(FieldError::new(name, "must not be repeated")),
        None => Ok(first.filter(|value| !value.is_empty())),
    }
}

/// Returns the parameter, parsed.
pub(super) fn parsed<T: std::str::FromStr>(
    request: &Request,
    name: &str,
    message: &str,
) -> Result<Option<T>, FieldError> {
    let wrong = |_| FieldError::new(name, message);
    parameter(request, name)?.map(|text| text.parse().map_err(wrong)).transpose()
}

const PER_PAGE: u32 = 50;
const MOST_PER_PAGE: u32 = 100;

pub(super) fn per_page(request: &Request) -> Result<u32, FieldError> {
    let message = "must be a whole number from 1 to 100";
    let number = parsed(request, "per_page", message)?.unwrap_or(PER_PAGE);
    if (1..=MOST_PER_PAGE).contains(&number) { Ok(number) } else { Err(FieldError::new("per_page", message)) }
}

/// Returns both values, or every error.
pub(super) fn both<A, B>(a: Result<A, FieldError>, b: Result<B, FieldError>) -> Result<(A, B), Problem> {
    match (a, b) {
        (Ok(a), Ok(b)) => Ok((a, b)),
        (a, b) => Err(Problem::invalid(a.err().into_iter().chain(b.err()).collect())),
    }
}
