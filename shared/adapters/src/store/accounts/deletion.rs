//! The end of an account: in steps, each of which is done once, however often it is begun again.
//!
//! The first step stops the account and notes that it is to go; then go its favorites and sessions; the last takes the rest, the names
//! with it, and the note. What dies in between is found by that note.

use aws_sdk_dynamodb::types::{AttributeValue, Delete, Update};
use domain::accounts::UserId;

use super::{Accounts, Condition, Refused, StoredUser, Told, item::NewItem, keys, transaction::Transaction};
use crate::{
    now,
    store::{
        Key, Meter, StoreError,
        codec::{keyed, text},
    },
};

/// Of favorites and sessions, in one transaction.
const TOGETHER: usize = 45;

impl Accounts {
    /// Stops an account that is to be deleted: its sessions end, and nothing can be written to it any more.
    ///
    /// # Errors
    /// [`Condition::NotTheLast`] for the only administrator; [`Condition::Absent`] where it is being deleted already;
    /// [`Condition::Unchanged`] alone where its role was changed since it was read; [`Condition::Administrator`] where `by` is
    /// somebody else, and no administrator.
    pub async fn begin_deletion(
        &self,
        meter: &Meter,
        by: UserId,
        user: UserId,
        is_admin: bool,
        told: &Told,
    ) -> Result<(), Refused> {
        let status = Update::builder()
            .table_name(&self.tables.app)
            .set_key(Some(keyed(&keys::status(user))))
            .condition_expression("is_admin = :admin AND attribute_not_exists(deleting)")
            .update_expression("SET is_frozen = :yes, deleting = :yes, is_admin = :no ADD epoch :one")
            .expression_attribute_values(":admin", AttributeValue::Bool(is_admin))
            .expression_attribute_values(":yes", AttributeValue::Bool(true))
            .expression_attribute_values(":no", AttributeValue::Bool(false))
            .expression_attribute_values(":one", AttributeValue::N("1".to_owned()));
        let note = NewItem::at(&keys::deletion(user)).moment("begun_at", now());
        let mut transaction = Transaction::told_by(self, told)?
            .by_admin_unless(by, user)?
            .update(Condition::Unchanged, status)?
            .put_new(Condition::Absent, &self.tables.app, note)?;
        if is_admin {
            transaction = self.counting(transaction, false)?;
        }
        transaction.commit(meter).await
    }

    /// Every account whose deletion was begun and not ended.
    ///
    /// # Errors
    /// [`StoreError`] when the engine does not answer.
    pub async fn deletions(&self, meter: &Meter) -> Result<Vec<UserId>, StoreError> {
        let begun = self.partition(meter, &self.tables.app, keys::DELETIONS, "").await?;
        Ok(begun.iter().filter_map(|item| text(item, "sk")?.parse().ok()).collect())
    }

    /// Takes away all that is left of an account whose deletion was begun. `told` tells of a step.
    ///
    /// # Errors
    /// [`StoreError`] when the engine does not answer: the next call goes on.
    pub async fn finish_deletion(
        &self,
        meter: &Meter,
        user: UserId,
        mut told: impl FnMut() -> Told,
    ) -> Result<(), StoreError> {
        let mut items = self.belongings(meter, user).await?;
        while !items.is_empty() {
            let some = items.split_off(items.len().saturating_sub(TOGETHER));
            let mut transaction = Transaction::told_by(self, &told())?;
            for (table, key) in some {
                let delete = Delete::builder()
                    .table_name(table)
                    .set_key(Some(keyed(&key)))
                    .condition_expression("attribute_exists(pk)");
                transaction = transaction.delete(Condition::Present, delete)?;
            }
            match transaction.commit(meter).await {
                // Another call is at it, too, and has told of these.
                Err(refused) if refused.is(Condition::Present) => {
                    items = self.belongings(meter, user).await?;
                }
                done => done?,
            }
        }
        let Some(stored) = self.user(meter, user).await? else { return Ok(()) };
        self.forget(meter, &stored, &told()).await
    }

    /// The keys of a user's favorites and sessions, each with its table.
    async fn belongings(&self, meter: &Meter, user: UserId) -> Result<Vec<(&str, Key)>, StoreError> {
        let favorites = self.favorites(meter, user).await?;
        let sessions = self.sessions(meter, user).await?;
        let favorites = favorites.iter().map(|one| (&*self.tables.app, keys::favorite(user, one.pokemon)));
        let sessions = sessions.iter().map(|one| (&*self.tables.ephemeral, keys::session(user, one.family)));
        Ok(favorites.chain(sessions).collect())
    }

    /// The last step.
    async fn forget(&self, meter: &Meter, stored: &StoredUser, told: &Told) -> Result<(), StoreError> {
        let user = &stored.user;
        let mut transaction = Transaction::told_by(self, told)?;
        for key in [
            keys::username(&user.username),
            keys::email(&user.email),
            keys::password(user.id),
            keys::deletion(user.id),
        ] {
            let delete = Delete::builder().table_name(&self.tables.app).set_key(Some(keyed(&key)));
            transaction = transaction.delete(Condition::None, delete)?;
        }
        // Nothing is forgotten that was not stopped first.
        let status = Delete::builder()
            .table_name(&self.tables.app)
            .set_key(Some(keyed(&keys::status(user.id))))
            .condition_expression("attribute_not_exists(pk) OR attribute_exists(deleting)");
        transaction = transaction.delete(Condition::Unchanged, status)?;
        let profile = Delete::builder()
            .table_name(&self.tables.app)
            .set_key(Some(keyed(&keys::profile(user.id))))
            .condition_expression("attribute_exists(pk)");
        transaction = transaction.delete(Condition::Present, profile)?;
        match self.counting_user(transaction, user.id, false)?.commit(meter).await {
            // Another call was faster.
            Err(refused) if refused.is(Condition::Present) => Ok(()),
            other => Ok(other?),
        }
    }
}
