//! DynamoDB's JSON protocol on the embedded database.

use std::sync::{PoisonError, RwLock};

use bytes::Bytes;
use dynoxide::{Database, DynoxideError};
use http::{HeaderValue, Method, Request, Response, StatusCode};
use serde::{Serialize, de::DeserializeOwned};

use crate::{guard::refused, helper::Helper};

const TARGET: &str = "DynamoDB_20120810.";

/// The database, until it is closed.
pub(crate) struct DynamoDb(RwLock<Option<Database>>);

impl DynamoDb {
    pub(crate) fn new(database: Database) -> Self {
        Self(RwLock::new(Some(database)))
    }

    /// Closes the database once the calls in progress have returned. Later calls receive a 503.
    pub(crate) fn close(&self) {
        drop(self.0.write().unwrap_or_else(PoisonError::into_inner).take());
    }

    /// Removes the items that have expired; returns their number, or 0 once the database is closed. Between two pages of items it lets
    /// waiting calls go first.
    ///
    /// # Errors
    /// If the database cannot be written.
    pub(crate) fn remove_expired(&self) -> dynoxide::Result<usize> {
        let database = self.0.read().unwrap_or_else(PoisonError::into_inner);
        database.as_ref().map_or(Ok(0), Database::sweep_ttl)
    }
}

impl Helper for DynamoDb {
    async fn answer(&self, request: Request<Bytes>) -> Response<Bytes> {
        let target = request.headers().get("x-amz-target").and_then(|target| target.to_str().ok());
        let operation = target.and_then(|target| target.strip_prefix(TARGET));
        let (&Method::POST, Some(operation)) = (request.method(), operation) else {
            return refused(StatusCode::BAD_REQUEST, "UnknownOperationException", "");
        };
        let database = self.0.read().unwrap_or_else(PoisonError::into_inner);
        let Some(database) = database.as_ref() else {
            let message = "the engine has stopped";
            return refused(StatusCode::SERVICE_UNAVAILABLE, "ServiceUnavailableException", message);
        };
        match run(database, operation, request.body()) {
            Some(Ok(answer)) => json(StatusCode::OK, answer),
            Some(Err(error)) => {
                let status = StatusCode::from_u16(error.status_code());
                json(status.unwrap_or(StatusCode::INTERNAL_SERVER_ERROR), error.to_json().into())
            }
            None => refused(StatusCode::BAD_REQUEST, "UnknownOperationException", ""),
        }
    }
}

fn json(status: StatusCode, body: Vec<u8>) -> Response<Bytes> {
    let mut response = Response::new(Bytes::from(body));
    *response.status_mut() = status;
    let kind = HeaderValue::from_static("application/x-amz-json-1.0");
    response.headers_mut().insert("content-type", kind);
    response
}

/// Runs `operation`; returns `None` if the database does not support it.
fn run(database: &Database, operation: &str, body: &[u8]) -> Option<dynoxide::Result<Vec<u8>>> {
    macro_rules! operations {
        ($($name:literal => $method:ident,)*) => {
            match operation {
                $($name => Some(call(body, |request| database.$method(request))),)*
                _ => None,
            }
        };
    }
    operations! {
        "GetItem" => get_item,
        "BatchGetItem" => batch_get_item,
        "Query" => query,
        "Scan" => scan,
        "PutItem" => put_item,
        "UpdateItem" => update_item,
        "DeleteItem" => delete_item,
        "BatchWriteItem" => batch_write_item,
        "TransactGetItems" => transact_get_items,
        "TransactWriteItems" => transact_write_items,
        "CreateTable" => create_table,
        "UpdateTable" => update_table,
        "DeleteTable" => delete_table,
        "DescribeTable" => describe_table,
        "ListTables" => list_tables,
        "UpdateTimeToLive" => update_time_to_live,
        "DescribeTimeToLive" => describe_time_to_live,
    }
}

fn call<Q: DeserializeOwned, R: Serialize>(
    body: &[u8],
    method: impl FnOnce(Q) -> dynoxide::Result<R>,
) -> dynoxide::Result<Vec<u8>> {
    let answer = method(serde_json::from_slice(body).map_err(|error| unreadable(&error))?)?;
    serde_json::to_vec(&answer).map_err(|error| DynoxideError::InternalServerError(error.to_string()))
}

/// The error for a request that does not have the operation's form. The database marks errors that DynamoDB would call validation errors.
fn unreadable(error: &serde_json::Error) -> DynoxideError {
    let text = error.to_string();
    let message = text.split(" at line ").next().unwrap_or(&text);
    match message.split_once(':') {
        Some(("VALIDATION" | "VALIDATION_REQUEST" | "VALIDATION_AS_READ", message)) => {
            DynoxideError::ValidationException(message.to_owned())
        }
        Some(("SERIALIZATION" | "SERIALIZATION_AS_READ", message)) => {
            DynoxideError::SerializationException(message.to_owned())
        }
        _ if error.is_data() => DynoxideError::ValidationException(message.to_owned()),
        _ => DynoxideError::SerializationException(message.to_owned()),
    }
}
