//! Error responses: every error becomes a response here. RFC 9457, with `message` for clients of the first contract.

use adapters::{
    s3::S3Error,
    store::{
        StoreError,
        accounts::{Condition, Refused},
    },
};
use bytes::Bytes;
use domain::FieldError;
use http::{HeaderValue, StatusCode, header};
use schemars::JsonSchema;
use serde::Serialize;

use crate::{limits::RateLimitStatus, response::Response};

/// The code of [`Problem::unavailable`].
pub(crate) const UNAVAILABLE: &str = "unavailable";

/// The code of [`Problem::busy`].
pub(crate) const BUSY: &str = "busy";

/// The code of a request that lost a race against another one with the same idempotency key. The client receives the response to that one.
pub(crate) const REPEATED: &str = "repeated";

/// An error response, with a cause that only the log records.
#[derive(Debug)]
pub struct Problem {
    pub status: StatusCode,
    pub code: &'static str,
    pub detail: String,
    pub errors: Vec<FieldError>,
    /// The `Retry-After` header, in seconds.
    pub retry_after: Option<u32>,
    /// The `Location` header, for 308: a path, with its query.
    pub location: Option<String>,
    /// The `Allow` header, for 405.
    pub allow: Option<String>,
    /// The `WWW-Authenticate` header, for 401.
    pub challenge: Option<&'static str>,
    /// The state of the rate limit, if the request took a token.
    pub limit: Option<RateLimitStatus>,
    /// The cause, for the log only.
    pub cause: Option<String>,
}

/// An error response in the format of RFC 9457.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Problem")]
pub struct ProblemBody<'a> {
    /// `urn:pokedex:problem:<code>`
    #[serde(rename = "type")]
    pub problem_type: String,
    pub title: &'a str,
    pub status: u16,
    pub detail: &'a str,
    /// A stable identifier for programs.
    pub code: &'a str,
    /// The same as `detail`, for clients of the first version of the API.
    pub message: &'a str,
    pub request_id: &'a str,
    /// The errors by field; present only if fields of the request are invalid.
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    pub errors: &'a [FieldError],
}

impl Problem {
    #[must_use]
    pub fn new(status: StatusCode, code: &'static str, detail: impl Into<String>) -> Self {
        Self {
            status,
            code,
            detail: detail.into(),
            errors: Vec::new(),
            retry_after: None,
            location: None,
            allow: None,
            challenge: None,
            limit: None,
            cause: None,
        }
    }

    /// Returns 400, for a request that cannot be parsed.
    #[must_use]
    pub fn bad_request(field: &str, message: impl Into<String>) -> Self {
        let message = message.into();
        let problem = Self::new(StatusCode::BAD_REQUEST, "bad_request", format!("{field} {message}"));
        Self { errors: vec![FieldError::new(field, message)], ..problem }
    }

    /// Returns 401, for a request without a token.
    #[must_use]
    pub fn unauthenticated() -> Self {
        Self::new(StatusCode::UNAUTHORIZED, "unauthenticated", "Authentication required")
    }

    /// Returns 401, for a token whose account was deleted after the token was issued.
    #[must_use]
    pub fn no_account() -> Self {
        Self::bad_token("The account no longer exists")
    }

    /// Returns 401, for a token that is invalid or no longer valid.
    #[must_use]
    pub fn bad_token(detail: impl Into<String>) -> Self {
        let problem = Self::new(StatusCode::UNAUTHORIZED, "invalid_token", detail);
        Self { challenge: Some("Bearer error=\"invalid_token\""), ..problem }
    }

    /// Returns 403.
    #[must_use]
    pub fn forbidden(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::FORBIDDEN, "forbidden", detail)
    }

    /// Returns 403. The route requires an administrator.
    #[must_use]
    pub fn administrators_only() -> Self {
        Self::forbidden("Administrator access required")
    }

    /// Returns 403, for an account that cannot change anything until an administrator unfreezes it.
    #[must_use]
    pub fn frozen() -> Self {
        Self::new(StatusCode::FORBIDDEN, "account_frozen", "The account is frozen")
    }

    /// Returns 409.
    #[must_use]
    pub fn conflict(code: &'static str, detail: impl Into<String>) -> Self {
        Self::new(StatusCode::CONFLICT, code, detail)
    }

    /// Returns 404.
    #[must_use]
    pub fn not_found(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::NOT_FOUND, "not_found", detail)
    }

    /// Returns 308, for a resource that has another address now.
    #[must_use]
    pub fn moved(location: String, detail: impl Into<String>) -> Self {
        let problem = Self::new(StatusCode::PERMANENT_REDIRECT, "renamed", detail);
        Self { location: Some(location), ..problem }
    }

    /// Returns 422, for a request whose fields have invalid values.
    #[must_use]
    pub fn invalid(errors: Vec<FieldError>) -> Self {
        let named: Vec<_> = errors.iter().map(|error| format!("{} {}", error.field, error.message)).collect();
        let problem = Self::new(StatusCode::UNPROCESSABLE_ENTITY, "validation_failed", named.join("; "));
        Self { errors, ..problem }
    }

    /// Returns 429 with Retry-After, for a request that found the bucket `status` empty.
    #[must_use]
    pub fn rate_limited(status: RateLimitStatus) -> Self {
        let wait = status.taken.wait.div_ceil(1000).max(1);
        let detail = format!("Too many requests, please try again in {wait} seconds");
        let problem = Self::new(StatusCode::TOO_MANY_REQUESTS, "rate_limited", detail);
        let retry_after = Some(u32::try_from(wait).unwrap_or(u32::MAX));
        Self { retry_after, limit: Some(status), ..problem }
    }

    /// Returns 503 with Retry-After.
    #[must_use]
    pub fn unavailable(cause: impl Into<String>) -> Self {
        let detail = "Service temporarily unavailable, please try again later";
        let problem = Self::new(StatusCode::SERVICE_UNAVAILABLE, UNAVAILABLE, detail);
        Self { retry_after: Some(2), cause: Some(cause.into()), ..problem }
    }

    /// Returns 503 with Retry-After: other writes to the same items were in flight for longer than this one could wait.
    #[must_use]
    pub fn busy(cause: impl Into<String>) -> Self {
        let detail =
            "Too many changes to the same data at once, nothing was changed. Please try again in a second";
        let problem = Self::new(StatusCode::SERVICE_UNAVAILABLE, BUSY, detail);
        Self { retry_after: Some(1), cause: Some(cause.into()), ..problem }
    }

    /// Returns 500. The response does not hold the cause.
    #[must_use]
    pub fn internal(cause: impl Into<String>) -> Self {
        let detail = "Internal server error";
        let problem = Self::new(StatusCode::INTERNAL_SERVER_ERROR, "internal", detail);
        Self { cause: Some(cause.into()), ..problem }
    }

    pub(crate) fn into_response(self, request_id: &str) -> Response {
        let body = ProblemBody {
            problem_type: format!("urn:pokedex:problem:{}", self.code),
            title: self.status.canonical_reason().unwrap_or("Error"),
            status: self.status.as_u16(),
            detail: &self.detail,
            code: self.code,
            message: &self.detail,
            request_id,
            errors: &self.errors,
        };
        let body = serde_json::to_vec(&body).unwrap_or_else(|_| br#"{"message":"Internal error"}"#.to_vec());
        let mut response = Response::new(Bytes::from(body));
        *response.status_mut() = self.status;
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        if self.status == StatusCode::UNAUTHORIZED {
            // RFC 6750, 3: the challenge holds no error code if the request had no token.
            let challenge = HeaderValue::from_static(self.challenge.unwrap_or("Bearer"));
            headers.insert(header::WWW_AUTHENTICATE, challenge);
        }
        if let Some(seconds) = self.retry_after {
            headers.insert(header::RETRY_AFTER, seconds.into());
        }
        for (name, value) in [(header::ALLOW, self.allow), (header::LOCATION, self.location)] {
            if let Some(value) = value.and_then(|value| HeaderValue::try_from(value).ok()) {
                headers.insert(name, value);
            }
        }
        if let Some(status) = self.limit {
            status.add_headers(&mut response);
        }
        response
    }
}

impl From<StoreError> for Problem {
    fn from(error: StoreError) -> Self {
        match &error {
            StoreError::Unavailable { .. } => Self::unavailable(error.to_string()),
            StoreError::Busy { .. } => Self::busy(error.to_string()),
            StoreError::Conflict { .. } => Self::new(
                StatusCode::CONFLICT,
                "conflict",
                "Another request changed this at the same time, please try again",
            ),
            StoreError::Malformed { .. } => Self::internal(error.to_string()),
        }
    }
}

impl From<S3Error> for Problem {
    fn from(error: S3Error) -> Self {
        Self::unavailable(error.to_string())
    }
}

impl From<serde_json::Error> for Problem {
    fn from(error: serde_json::Error) -> Self {
        Self::internal(format!("an answer cannot be written as JSON: {error}"))
    }
}

impl From<Refused> for Problem {
    fn from(refused: Refused) -> Self {
        match (&refused, refused.decisive()) {
            (Refused::Repeated, _) => {
                Self::conflict(REPEATED, "A request with this idempotency key is already in progress")
            }
            (_, Some(Condition::Active)) => Self::frozen(),
            (_, Some(Condition::Administrator)) => Self::administrators_only(),
            _ => StoreError::from(refused).into(),
        }
    }
}
