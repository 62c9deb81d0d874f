//! The deletion of an account, in steps. Each step is done once, however often the deletion is started again.
//!
//! The first step stops the account and records the deletion; the next ones delete its favorites and sessions; the last one deletes the
//! rest, the names and the record included. A later run finds interrupted deletions by that record.

use aws_sdk_dynamodb::types::AttributeValue;
use domain::accounts::UserId;

use super::{
    admins,
    condition::{Condition, Refused},
    keys, listing,
    store::AccountStore,
    user::StoredUser,
};
use crate::{
    now,
    store::{
        error::StoreError,
        item::{ItemBuilder, text},
        key::Key,
        meter::Meter,
        parts,
        receipts::ChangeRecord,
        transaction::Transaction,
    },
};

/// The maximum number of favorites and sessions in one transaction.
const TOGETHER: usize = 45;

impl AccountStore {
    /// Stops an account before its deletion: its sessions end, and nothing can be written to it any more.
    ///
    /// # Errors
    /// [`Condition::NotDeleting`] if the account is already being deleted; [`Condition::NotTheLast`] for the only administrator;
    /// [`Condition::Administrator`] if `by` deletes another account without being an administrator; [`Condition::Unchanged`] if the role of
    /// the account has changed since it was read.
    pub async fn begin_deletion(
        &self,
        meter: &Meter,
        by: UserId,
        user: UserId,
        is_admin: bool,
        record: &ChangeRecord,
    ) -> Result<(), Refused> {
        let status = parts::update(self.app(), &keys::status(user))
            .condition_expression("is_admin = :admin AND attribute_not_exists(deleting)")
            .update_expression("SET is_frozen = :yes, deleting = :yes, is_admin = :no ADD epoch :one")
            .expression_attribute_values(":admin", AttributeValue::Bool(is_admin))
            .expression_attribute_values(":yes", AttributeValue::Bool(true))
            .expression_attribute_values(":no", AttributeValue::Bool(false))
            .expression_attribute_values(":one", AttributeValue::N("1".to_owned()));
        let note = ItemBuilder::at(&keys::deletion(user)).moment("begun_at", now());
        let mut transaction = Transaction::recorded(&self.database, record)
            .on(Condition::NotDeleting, parts::put_new(self.app(), note));
        if is_admin {
            transaction = transaction.on(Condition::NotTheLast, admins::one_less(self.app()));
        }
        transaction.by_admin_unless(by, user).on(Condition::Unchanged, status).commit(meter).await
    }

    /// Returns every account whose deletion has started and not ended.
    ///
    /// # Errors
    /// [`StoreError`] if the engine does not answer.
    pub async fn deletions(&self, meter: &Meter) -> Result<Vec<UserId>, StoreError> {
        let begun = self.database.partition(meter, self.app(), keys::DELETIONS, "").await?;
        Ok(begun.iter().filter_map(|item| text(item, "sk")?.parse().ok()).collect())
    }

    /// Deletes everything that is left of an account whose deletion has started. `record` returns the change record of a step.
    ///
    /// # Errors
    /// [`StoreError`] if the engine does not answer: the next call continues.
    pub async fn finish_deletion(
        &self,
        meter: &Meter,
        user: UserId,
        mut record: impl FnMut() -> ChangeRecord,
    ) -> Result<(), StoreError> {
        let mut items = self.belongings(meter, user).await?;
        while !items.is_empty() {
            let some = items.split_off(items.len().saturating_sub(TOGETHER));
            let mut transaction = Transaction::recorded(&self.database, &record());
            for (table, key) in &some {
                transaction = transaction.on(Condition::Left, parts::delete_existing(table, key));
            }
            match transaction.commit(meter).await {
                // Another call deletes at the same time, and has recorded these items.
                Err(refused) if refused.is(&Condition::Left) => items = self.belongings(meter, user).await?,
                done => done?,
            }
        }
        while let Some(stored) = self.user(meter, user).await? {
            if self.forget(meter, &stored, &record()).await? {
                break;
            }
        }
        Ok(())
    }

    /// Returns the keys of a user's favorites and sessions, each with its table. It reads only keys, so that an item that cannot be read is
    /// deleted like any other.
    async fn belongings(&self, meter: &Meter, user: UserId) -> Result<Vec<(&str, Key)>, StoreError> {
        let pk = keys::user(user);
        let (app, ephemeral) = (self.app(), self.ephemeral());
        let mut found = Vec::new();
        for (table, prefix) in [(app, keys::FAVORITE), (ephemeral, keys::SESSION)] {
            let items = self.database.partition(meter, table, &pk, prefix).await?;
            let sks = items.iter().filter_map(|item| text(item, "sk"));
            found.extend(sks.map(|sk| (table, Key { pk: pk.clone(), sk: sk.to_owned() })));
        }
        Ok(found)
    }

    /// Deletes the profile and the names: the last step of a deletion. Returns false if the profile is not as it was read: another call has
    /// deleted it, or a migration has listed it in another way.
    async fn forget(
        &self,
        meter: &Meter,
        stored: &StoredUser,
        record: &ChangeRecord,
    ) -> Result<bool, StoreError> {
        let user = &stored.user;
        self.release_all(meter, stored).await?;
        let mut names = vec![
            (Condition::Username, keys::username(&user.username)),
            (Condition::Email, keys::email(&user.email)),
        ];
        loop {
            match self.forgetting(stored, &names, record).commit(meter).await {
                Err(refused) if refused.is(&Condition::Left) => return Ok(false),
                // A name that today's rules would reject may have a key that belongs to another account.
                Err(refused) if refused.is(&Condition::Username) || refused.is(&Condition::Email) => {
                    names.retain(|(condition, _)| !refused.has(condition));
                }
                done => return Ok(done.map(|()| true)?),
            }
        }
    }

    /// The deletion of everything that is left of an account, including those of its `names` that belong to it.
    fn forgetting(
        &self,
        stored: &StoredUser,
        names: &[(Condition, Key)],
        record: &ChangeRecord,
    ) -> Transaction<'_, Condition> {
        let (app, user) = (self.app(), stored.user.id);
        let is_as_read = match stored.is_listed {
            true => "attribute_exists(gsi1pk)",
            false => "attribute_exists(pk) AND attribute_not_exists(gsi1pk)",
        };
        let profile = parts::delete(app, &keys::profile(user)).condition_expression(is_as_read);
        let mut transaction = Transaction::recorded(&self.database, record).on(Condition::Left, profile);
        for (condition, key) in names {
            let delete = parts::delete(app, key)
                .condition_expression("attribute_not_exists(pk) OR #user = :user")
                .expression_attribute_names("#user", "user")
                .expression_attribute_values(":user", AttributeValue::S(user.to_string()));
            transaction = transaction.on(*condition, delete);
        }
        // Nothing is deleted from an account that was not stopped first.
        let status = parts::delete(app, &keys::status(user))
            .condition_expression("attribute_not_exists(pk) OR attribute_exists(deleting)");
        transaction = transaction
            .on(Condition::Unchanged, status)
            .with(parts::delete(app, &keys::password(user)))
            .with(parts::delete(app, &keys::deletion(user)));
        // Functions of an earlier release have not counted the user.
        if stored.is_listed {
            transaction.with(listing::count(app, keys::shard(user), -1))
        } else {
            transaction
        }
    }
}
