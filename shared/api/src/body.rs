//! Bodies: JSON objects of known fields, and answers that are somebody's own.

use domain::FieldError;
use http::{HeaderValue, StatusCode, header};
use serde::{Serialize, de::DeserializeOwned};

use crate::{Request, Response, cache::json, problem::Problem};

/// In bytes. The largest sensible one, 1,025 ids, has 6,000.
const LONGEST: usize = 1 << 20;

impl Request {
    /// The body, which must be a JSON object with the fields of `T` and no others.
    ///
    /// # Errors
    /// 413 for more than a megabyte, 400 for what is no JSON, 422 naming the field that is not known or of another type.
    pub(crate) fn body<T: DeserializeOwned>(&self) -> Result<T, Problem> {
        if self.body.len() > LONGEST {
            let problem = Problem::new(
                StatusCode::PAYLOAD_TOO_LARGE,
                "body_too_large",
                format!("The body is longer than {LONGEST} bytes."),
            );
            return Err(Problem { errors: vec![FieldError::new("body", "is too long")], ..problem });
        }
        // A list would be read as the fields in their order.
        if self.body.iter().find(|byte| !byte.is_ascii_whitespace()) != Some(&b'{') {
            return Err(Problem::bad_request("body", "must be a JSON object"));
        }
        let mut deserializer = serde_json::Deserializer::from_slice(&self.body);
        let read = serde_path_to_error::deserialize(&mut deserializer);
        let value = read.map_err(|error| wrong(&error.path().to_string(), error.inner()))?;
        deserializer
            .end()
            .map_err(|error| Problem::bad_request("body", format!("is not JSON: {}", place(&error))))?;
        Ok(value)
    }
}

/// What is wrong, without what was sent: that may be a password.
fn wrong(path: &str, error: &serde_json::Error) -> Problem {
    if !error.is_data() {
        return Problem::bad_request("body", format!("is not JSON: {}", place(error)));
    }
    let text = error.to_string();
    let field = |message: &str| Problem::invalid(vec![FieldError::new(path, message)]);
    if text.starts_with("unknown field") {
        return field("is not a field of this request");
    }
    // The path ends above a field that is not there, or twice.
    let name = || match (path, text.split('`').nth(1)) {
        (_, None) => path.to_owned(),
        (".", Some(name)) => name.to_owned(),
        (path, Some(name)) => format!("{path}.{name}"),
    };
    if text.starts_with("missing field") {
        return Problem::invalid(vec![FieldError::new(&name(), "is missing")]);
    }
    if text.starts_with("duplicate field") {
        return Problem::invalid(vec![FieldError::new(&name(), "is given more than once")]);
    }
    let expected =
        text.rsplit_once("expected ").map(|(_, rest)| rest.split(" at line").next().unwrap_or(rest));
    field(&format!("must be {}", expected.unwrap_or("of another type")))
}

fn place(error: &serde_json::Error) -> String {
    format!("it goes wrong at line {} column {}", error.line(), error.column())
}

/// `Cache-Control` of what is for one user alone.
pub(crate) const PERSONAL: HeaderValue = HeaderValue::from_static("private, no-store");

/// An answer that is for one user alone.
pub(crate) fn personal(status: StatusCode, body: &impl Serialize) -> Result<Response, Problem> {
    let mut response = json(serde_json::to_vec(body)?);
    *response.status_mut() = status;
    response.headers_mut().insert(header::CACHE_CONTROL, PERSONAL);
    Ok(response)
}

/// What an answer is that has nothing to tell but that it was done.
#[derive(Serialize, schemars::JsonSchema)]
pub struct Done {
    pub message: &'static str,
}

/// 200 with no more than a message.
pub(crate) fn done(message: &'static str) -> Result<Response, Problem> {
    personal(StatusCode::OK, &Done { message })
}
