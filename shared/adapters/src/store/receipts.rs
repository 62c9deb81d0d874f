//! Idempotency: the response to a request with an idempotency key, stored together with the change that the request made.

use aws_sdk_dynamodb::types::{AttributeValue, builders::PutBuilder};
use domain::{Timestamp, audit::Event};

use super::{
    database::Database,
    error::StoreError,
    item::{ItemBuilder, Reader, text},
    key::Key,
    meter::Meter,
    parts,
};

/// The response to a request with an idempotency key, and the identity of that request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Receipt {
    /// SHA-256 of the user, the operation, its path and the client's key, in hexadecimal.
    pub key: String,
    /// SHA-256 of the request's content, in hexadecimal: a different request under the same key is a mistake.
    pub fingerprint: String,
    pub status: u16,
    /// The response body. `None` if it is longer than [`Receipt::LONGEST`], contains data that is not kept, or is not known yet: it can be
    /// produced again.
    pub body: Option<String>,
    pub expires_at: Timestamp,
}

impl Receipt {
    /// The time in seconds for which a key is remembered.
    pub const KEPT: i64 = 24 * 3600;
    /// The maximum length of a stored body, in bytes.
    pub const LONGEST: usize = 4096;
}

/// The record of a change: the event, and a receipt if the client sent an idempotency key.
#[derive(Clone, Debug)]
pub struct ChangeRecord {
    pub event: Event,
    pub receipt: Option<Receipt>,
}

impl From<Event> for ChangeRecord {
    fn from(event: Event) -> Self {
        Self { event, receipt: None }
    }
}

/// The key of the receipt of an idempotency key.
fn at(key: &str) -> Key {
    Key::new(format!("IDEMPOTENCY#{key}"), "RECORD")
}

/// Returns the receipt under `key`, unless it has expired at `now`.
pub(super) async fn read(
    database: &Database,
    meter: &Meter,
    key: &str,
    now: Timestamp,
) -> Result<Option<Receipt>, StoreError> {
    let at = at(key);
    let Some(item) = database.get(meter, &database.tables.ephemeral, &at, true).await? else {
        return Ok(None);
    };
    let reader = Reader::of(&at, &item);
    let receipt = Receipt {
        key: key.to_owned(),
        fingerprint: reader.text("fingerprint")?.to_owned(),
        status: reader.parsed("status")?,
        body: text(&item, "body").map(str::to_owned),
        expires_at: reader.moment("expires_at")?,
    };
    Ok(Some(receipt).filter(|receipt| receipt.expires_at.is_pending(now, Receipt::KEPT)))
}

/// Puts a receipt if none exists, or if the existing one has expired.
pub(super) fn put(table: &str, receipt: &Receipt, now: Timestamp) -> PutBuilder {
    let item = ItemBuilder::at(&at(&receipt.key))
        .text("fingerprint", &receipt.fingerprint)
        .number("status", receipt.status)
        .moment("expires_at", receipt.expires_at);
    let item = match &receipt.body {
        Some(body) => item.text("body", body),
        None => item,
    };
    let number = |moment: Timestamp| AttributeValue::N(moment.unix().to_string());
    parts::put(table, item)
        .condition_expression("attribute_not_exists(pk) OR expires_at <= :now OR expires_at > :latest")
        .expression_attribute_values(":now", number(now))
        .expression_attribute_values(":latest", number(now.latest_expiry(Receipt::KEPT)))
}
