//! Checks of the fields of several requests.

use adapters::passwords::is_common;
use domain::{FieldError, accounts::Password};

use crate::app::App;
use door::{Problem, Request};

/// Returns the hash of a new password; 422 if the password is too short or too easy to guess.
pub(super) async fn chosen(
    app: &App,
    request: &Request,
    password: Result<Password, FieldError>,
    names: &[&str],
) -> Result<String, Problem> {
    let password = password.map_err(|error| Problem::invalid(vec![error]))?;
    let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
    let hash = app.kernel.run_blocking(request, move |memory| {
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        (!is_common(&password, &names)).then(|| memory.hash(&password))
    });
    let Some(hash) = hash.await? else {
        let error = FieldError::new("password", "is too easy to guess");
        return Err(Problem::invalid(vec![error]));
    };
    hash.map_err(|error| Problem::internal(error.to_string()))
}

/// Returns the values of both fields, or every error in them.
pub(super) fn all<A, B>(
    a: Result<A, FieldError>,
    b: Result<B, FieldError>,
) -> Result<(A, B), Vec<FieldError>> {
    match (a, b) {
        (Ok(a), Ok(b)) => Ok((a, b)),
        (a, b) => Err(a.err().into_iter().chain(b.err()).collect()),
    }
}
