//! The repair of what an inspection finds in a copy of the accounts that nobody else uses yet.

use aws_sdk_dynamodb::types::{AttributeValue, builders::UpdateBuilder};
use domain::{Timestamp, accounts::UserId};

use super::{
    condition::Condition,
    inspection::{Fault, Inspection},
    keys, reservations,
    store::AccountStore,
};
use crate::store::{
    error::StoreError,
    item::{ItemBuilder, text},
    key::Key,
    meter::Meter,
    parts,
    transaction::Transaction,
};

/// The number of inspections after which the rest is reported: names first, then what follows from them.
const ROUNDS: u32 = 4;
/// The number of items that one transaction deletes.
const TOGETHER: usize = 100;

/// The result of a repair.
#[derive(Clone, Debug)]
pub struct Repaired {
    /// The inspection after the repair.
    pub inspection: Inspection,
    /// The faults that were repaired.
    pub repaired: Vec<Fault>,
}

impl AccountStore {
    /// Inspects the accounts and repairs what can be repaired, until nothing is left of it. The next call continues one that was
    /// interrupted. Nobody else may write the table.
    ///
    /// # Errors
    /// [`StoreError`] if the engine does not answer.
    pub async fn repair(&self, meter: &Meter, now: Timestamp) -> Result<Repaired, StoreError> {
        let mut repaired = Vec::new();
        let mut inspection = self.inspect(meter).await?;
        for _ in 0..ROUNDS {
            let faults: Vec<_> =
                inspection.faults.iter().filter(|fault| fault.is_repairable()).cloned().collect();
            if faults.is_empty() {
                break;
            }
            for fault in faults {
                self.repair_one(meter, &fault, now).await?;
                repaired.push(fault);
            }
            inspection = self.inspect(meter).await?;
        }
        Ok(Repaired { inspection, repaired })
    }

    async fn repair_one(&self, meter: &Meter, fault: &Fault, now: Timestamp) -> Result<(), StoreError> {
        let app = self.app();
        let transaction = Transaction::new(&self.database);
        let transaction = match fault {
            Fault::Unclaimed(user, name) => {
                let claim = reservations::claim(app, &keys::name(name), *user, now);
                // Reserved for another account: the next inspection reports it.
                transaction.on(Condition::Username, claim)
            }
            Fault::Stale(user, name) => {
                let delete = parts::delete(app, &keys::name(name))
                    .condition_expression("#user = :user")
                    .expression_attribute_names("#user", "user")
                    .expression_attribute_values(":user", AttributeValue::S(user.to_string()));
                transaction.on(Condition::Left, delete)
            }
            Fault::Remains(user) => return self.delete_remains(meter, *user).await,
            Fault::Role(user) => [keys::profile(*user), keys::status(*user)]
                .iter()
                .fold(transaction, |all, key| all.with(no_administrator(app, key))),
            Fault::Forgotten(user) => {
                let note = ItemBuilder::at(&keys::deletion(*user)).moment("begun_at", now);
                transaction.with(parts::put(app, note))
            }
            Fault::Users { shard, actual, .. } => {
                transaction.with(counter(app, &keys::user_count(*shard), "user_count", *actual))
            }
            Fault::Administrators { actual, .. } => {
                transaction.with(counter(app, &keys::admins(), "admins", *actual))
            }
            Fault::Unreadable(_) | Fault::Incomplete(_) | Fault::Taken(..) | Fault::Headless(_) => {
                return Ok(());
            }
        };
        match transaction.commit(meter).await {
            Err(refused) if refused.decisive().is_some() => Ok(()),
            done => Ok(done?),
        }
    }

    /// Deletes everything below the user's key, and the note of a deletion.
    async fn delete_remains(&self, meter: &Meter, user: UserId) -> Result<(), StoreError> {
        let (app, pk) = (self.app(), keys::user(user));
        let items = self.database.partition(meter, app, &pk, "").await?;
        let mut left: Vec<Key> =
            items.iter().filter_map(|item| Some(Key::new(&pk, text(item, "sk")?))).collect();
        left.push(keys::deletion(user));
        for some in left.chunks(TOGETHER) {
            let deletion = some.iter().fold(Transaction::<Condition>::new(&self.database), |all, key| {
                all.with(parts::delete(app, key))
            });
            deletion.commit(meter).await?;
        }
        Ok(())
    }
}

/// Takes the role away. An administrator grants it again.
fn no_administrator(app: &str, key: &Key) -> UpdateBuilder {
    parts::update(app, key)
        .condition_expression("attribute_exists(pk)")
        .update_expression("SET is_admin = :no")
        .expression_attribute_values(":no", AttributeValue::Bool(false))
}

/// Sets a counter.
fn counter(app: &str, key: &Key, name: &str, value: i64) -> UpdateBuilder {
    parts::update(app, key)
        .update_expression("SET #counter = :value")
        .expression_attribute_names("#counter", name)
        .expression_attribute_values(":value", AttributeValue::N(value.to_string()))
}
