//! The identity of a request with an idempotency key.

use adapters::store::Receipt;
use domain::Timestamp;

/// A hashed idempotency key, and a fingerprint of the query and the body that were sent with it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ticket {
    pub(crate) key: String,
    pub(crate) fingerprint: String,
}

impl Ticket {
    /// Returns the receipt of a change that was answered with `status`; without a `body`, the response is rebuilt for a repeated request.
    pub(crate) fn receipt(&self, status: u16, body: Option<&str>, now: Timestamp) -> Receipt {
        let expires_at = Timestamp::from_unix(now.unix() + Receipt::KEPT);
        let Self { key, fingerprint } = self.clone();
        Receipt { key, fingerprint, status, body: body.map(str::to_owned), expires_at }
    }
}
