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

    /// The keys of a user's favorites and sessions, each with its table. Only keys are read: an item that cannot be read is deleted
    /// like any other.
    async fn belongings(&self, meter: &Meter, user: UserId) -> Result<Vec<(&str, Key)>, StoreError> {
        let pk = keys::user(user);
        let (app, ephemeral) = (&*self.tables.app, &*self.tables.ephemeral);
        let mut found = Vec::new();
        for (table, prefix) in [(app, keys::FAVORITE), (ephemeral, keys::SESSION)] {
            let items = self.partition(meter, table, &pk, prefix).await?;
            let sks = items.iter().filter_map(|item| text(item, "sk"));
            found.extend(sks.map(|sk| (table, Key { pk: pk.clone(), sk: sk.to_owned() })));
        }
        Ok(found)
    }

    /// The last step.
    async fn forget(&self, meter: &Meter, stored: &StoredUser, told: &Told) -> Result<(), StoreError> {
        let user = &stored.user;
        self.release_all(meter, stored).await?;
        let mut names = vec![
            (Condition::Username, keys::username(&user.username)),
            (Condition::Email, keys::email(&user.email)),
        ];
        loop {
            let transaction = self.forgetting(user.id, &names, told)?;
            match self.counting_user(transaction, user.id, false)?.commit(meter).await {
                // Another call was faster.
                Err(refused) if refused.is(Condition::Present) => return Ok(()),
                // The key of a name that today's rules would refuse may belong to another account.
                Err(refused) if refused.is(Condition::Username) || refused.is(Condition::Email) => {
                    names.retain(|(condition, _)| !refused.is(*condition));
                }
                other => return Ok(other?),
            }
        }
    }

    /// The deletion of all that is left of an account, with those of its `names` that are its own.
    fn forgetting(
        &self,
        user: UserId,
        names: &[(Condition, Key)],
        told: &Told,
    ) -> Result<Transaction<'_>, StoreError> {
        let delete = |key: &Key| Delete::builder().table_name(&self.tables.app).set_key(Some(keyed(key)));
        let mut transaction = Transaction::told_by(self, told)?;
        for (condition, key) in names {
            let delete = delete(key)
                .condition_expression("attribute_not_exists(pk) OR #user = :user")
                .expression_attribute_names("#user", "user")
                .expression_attribute_values(":user", AttributeValue::S(user.to_string()));
            transaction = transaction.delete(*condition, delete)?;
        }
        for key in [keys::password(user), keys::deletion(user)] {
            transaction = transaction.delete(Condition::None, delete(&key))?;
        }
        // Nothing is forgotten that was not stopped first.
        let status = delete(&keys::status(user))
            .condition_expression("attribute_not_exists(pk) OR attribute_exists(deleting)");
        let profile = delete(&keys::profile(user)).condition_expression("attribute_exists(pk)");
        transaction.delete(Condition::Unchanged, status)?.delete(Condition::Present, profile)
    }
}
