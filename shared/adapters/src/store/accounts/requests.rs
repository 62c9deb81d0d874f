//! Requests of administrators for a sync.

use domain::accounts::UserId;

use super::{
    condition::{Condition, Refused},
    store::AccountStore,
};
use crate::store::{
    catalog::requests::put_request, meter::Meter, receipts::ChangeRecord, transaction::Transaction,
};

impl AccountStore {
    /// Stores the request `body`, a JSON text, with its event. The next invocation of the sync carries it out.
    ///
    /// # Errors
    /// [`Condition::NotRequested`] if an earlier request still waits, [`Condition::Administrator`] if `admin` is no longer an
    /// administrator.
    pub async fn request_sync(
        &self,
        meter: &Meter,
        admin: UserId,
        body: &str,
        record: &ChangeRecord,
    ) -> Result<(), Refused> {
        let put = put_request(&self.database.tables.catalog, body, record.event.at);
        Transaction::recorded(&self.database, record)
            .by_admin(admin)
            .on(Condition::NotRequested, put)
            .commit(meter)
            .await
    }
}
