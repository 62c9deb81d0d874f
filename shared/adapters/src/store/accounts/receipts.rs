//! Receipts of idempotency keys, for the routes of users.

use domain::{Timestamp, accounts::UserId};

use super::{condition::Refused, store::AccountStore};
use crate::store::{
    error::StoreError,
    meter::Meter,
    receipts::{self, Receipt},
    transaction::Transaction,
};

impl AccountStore {
    /// Returns the receipt under `key`, unless it has expired at `now`.
    ///
    /// # Errors
    /// [`StoreError`] if the engine does not answer or the receipt is malformed.
    pub async fn receipt(
        &self,
        meter: &Meter,
        key: &str,
        now: Timestamp,
    ) -> Result<Option<Receipt>, StoreError> {
        receipts::read(&self.database, meter, key, now).await
    }

    /// Stores the receipt of a change that is made in steps, before the first step, so that all steps belong to the key.
    ///
    /// # Errors
    /// [`Refused::Repeated`] if the key is already in use, [`Condition::Active`](super::Condition::Active) for a frozen account.
    pub async fn keep_receipt(
        &self,
        meter: &Meter,
        user: UserId,
        receipt: &Receipt,
        now: Timestamp,
    ) -> Result<(), Refused> {
        Transaction::new(&self.database).receipt(receipt, now).by(user).commit(meter).await
    }
}
