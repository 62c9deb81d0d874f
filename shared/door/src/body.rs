//! Request bodies, which are JSON objects, and responses for a single user.

use domain::FieldError;
use http::{HeaderValue, StatusCode, header};
use serde::{Serialize, de::DeserializeOwned};

use crate::{cache::json, problem::Problem, request::Request, response::Response};

/// The largest accepted body, in bytes. The largest useful body, 1,025 ids, has 6,000.
const LONGEST: usize = 1 << 20;

/// The byte order mark that some programs write at the start of a UTF-8 text.
const BOM: &[u8] = b"\xef\xbb\xbf";

/// Returns `body` without a byte order mark, which a JSON reader may ignore (RFC 8259, 8.1).
pub(crate) fn without_bom(mut body: Vec<u8>) -> Vec<u8> {
    if body.starts_with(BOM) {
        body.drain(..BOM.len());
    }
    body
}

impl Request {
    /// Rejects a body that no route can read, before any other work.
    ///
    /// # Errors
    /// 415 for a compressed body or one that is not JSON by its `Content-Type`, 413 for more than a megabyte.
    pub(crate) fn check_body(&self) -> Result<(), Problem> {
        if self.body.is_empty() {
            return Ok(());
        }
        let encodings = self.header("content-encoding").unwrap_or_default();
        let is_plain = |coding: &str| coding.is_empty() || coding.eq_ignore_ascii_case("identity");
        if !encodings.split(',').map(str::trim).all(is_plain) {
            return Err(unsupported(
                "content-encoding",
                "must be identity: compressed bodies are not supported",
            ));
        }
        if !self.header("content-type").is_none_or(is_json) {
            return Err(unsupported("content-type", "must be application/json"));
        }
        if self.body.len() > LONGEST {
            let detail = format!("The request body is larger than {LONGEST} bytes");
            let problem = Problem::new(StatusCode::PAYLOAD_TOO_LARGE, "body_too_large", detail);
            return Err(Problem { errors: vec![FieldError::new("body", "is too large")], ..problem });
        }
        Ok(())
    }

    /// Parses the body, which must be a JSON object with the fields of `T` and no others.
    ///
    /// # Errors
    /// 400 for a body that is not JSON, 422 naming the field that is unknown or has another type.
    pub fn body<T: DeserializeOwned>(&self) -> Result<T, Problem> {
        // Serde would accept an array as the fields in order.
        if self.body.iter().find(|byte| !byte.is_ascii_whitespace()) != Some(&b'{') {
            return Err(Problem::bad_request("body", "must be a JSON object"));
        }
        let mut deserializer = serde_json::Deserializer::from_slice(&self.body);
        let read = serde_path_to_error::deserialize(&mut deserializer);
        let value = read.map_err(|error| wrong(&error.path().to_string(), error.inner()))?;
        deserializer.end().map_err(|error| not_json(&error))?;
        Ok(value)
    }
}

/// Returns whether a `Content-Type` is JSON: `application/json` or `application/*+json`, with any parameters. JSON is always
/// UTF-8, so a `charset` changes nothing; an empty value counts as absent.
fn is_json(content_type: &str) -> bool {
    let essence = content_type.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    let Some((kind, subtype)) = essence.split_once('/') else { return essence.is_empty() };
    let is_suffixed = subtype.strip_suffix("+json").is_some_and(|before| !before.is_empty());
    kind == "application" && (subtype == "json" || is_suffixed) && !subtype.contains([',', ' '])
}

/// Returns 415.
fn unsupported(field: &str, message: &str) -> Problem {
    let detail = format!("{field} {message}");
    let problem = Problem::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "unsupported_media_type", detail);
    Problem { errors: vec![FieldError::new(field, message)], ..problem }
}

/// Returns the error of a body. It quotes none of the body's values, because one of them may be a password.
fn wrong(path: &str, error: &serde_json::Error) -> Problem {
    let text = error.to_string();
    let field = |message: &str| Problem::invalid(vec![FieldError::new(path, message)]);
    if text.starts_with("number out of range") {
        return field("must be a smaller number");
    }
    if !error.is_data() {
        return not_json(error);
    }
    if text.starts_with("unknown field") {
        return field("is not a field of this request");
    }
    // For a missing or repeated field, Serde's path ends at its parent.
    let name = || match (path, text.split('`').nth(1)) {
        (_, None) => path.to_owned(),
        (".", Some(name)) => name.to_owned(),
        (path, Some(name)) => format!("{path}.{name}"),
    };
    if text.starts_with("missing field") {
        return Problem::invalid(vec![FieldError::new(&name(), "is required")]);
    }
    if text.starts_with("duplicate field") {
        return Problem::invalid(vec![FieldError::new(&name(), "must not be repeated")]);
    }
    let expected =
        text.rsplit_once("expected ").map(|(_, rest)| rest.split(" at line").next().unwrap_or(rest));
    field(&must_be(expected.unwrap_or_default(), text.starts_with("invalid value")))
}

/// Returns the rule that a value breaks, in JSON's terms. Serde names a Rust type as `expected`; with `is_out_of_range` the
/// type was right and the value was not.
fn must_be(expected: &str, is_out_of_range: bool) -> String {
    let greatest = match expected {
        "u8" => Some(u64::from(u8::MAX)),
        "u16" => Some(u64::from(u16::MAX)),
        "u32" => Some(u64::from(u32::MAX)),
        "u64" | "usize" => Some(u64::MAX),
        _ => None,
    };
    let kind = match expected.split_whitespace().next().unwrap_or_default() {
        _ if expected.ends_with("string") => "a string",
        _ if expected.ends_with("boolean") => "true or false",
        _ if expected.contains("sequence") || expected.contains("array") || expected.contains("tuple") => {
            "an array"
        }
        "struct" | "map" => "an object",
        _ if expected.ends_with("map") => "an object",
        "i8" | "i16" | "i32" | "i64" | "isize" => "a whole number",
        "f32" | "f64" => "a number",
        _ => match greatest {
            Some(greatest) if is_out_of_range => {
                return format!("must be a whole number from 0 to {greatest}");
            }
            Some(_) => "a whole number",
            None => return "has a value that is not valid".to_owned(),
        },
    };
    format!("must be {kind}")
}

/// Returns 400, with the position at which the body stops being JSON.
fn not_json(error: &serde_json::Error) -> Problem {
    let place = format!("line {}, column {}", error.line(), error.column());
    let reason = if error.to_string().starts_with("recursion limit") {
        "is nested too deeply"
    } else {
        "is not valid JSON"
    };
    Problem::bad_request("body", format!("{reason} ({place})"))
}

/// The `Cache-Control` header of a response for a single user.
pub const PERSONAL: HeaderValue = HeaderValue::from_static("private, no-store");

/// Builds a response for a single user.
pub fn personal(status: StatusCode, body: &impl Serialize) -> Result<Response, Problem> {
    let mut response = json(serde_json::to_vec(body)?);
    *response.status_mut() = status;
    response.headers_mut().insert(header::CACHE_CONTROL, PERSONAL);
    Ok(response)
}

/// A response that only confirms that the request succeeded.
#[derive(Serialize, schemars::JsonSchema)]
pub struct Done {
    pub message: &'static str,
}

/// Returns 200 with only a message.
pub fn done(message: &'static str) -> Result<Response, Problem> {
    personal(StatusCode::OK, &Done { message })
}
