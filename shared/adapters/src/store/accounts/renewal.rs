//! The changes that make a copy of the accounts of an earlier moment fit to serve: what was valid then must not be valid again.

use aws_sdk_dynamodb::types::AttributeValue;
use futures_util::{StreamExt as _, TryStreamExt as _, stream};

use super::{keys, store::AccountStore};
use crate::store::{
    catalog::overrides::revision_key,
    error::{StoreError, failed},
    item::{Item, keyed, text},
    key::Key,
    meter::Meter,
};

/// The number by which epochs and the revision of overrides grow. It is more than an account or the administrators can have used since the
/// moment of the copy, within the 35 days for which copies exist.
const LEAP: u32 = 100_000;
/// The number of items that one call reads.
const TOGETHER: i32 = 1000;
/// The number of changes that are in progress at the same time.
const AT_ONCE: usize = 16;

impl AccountStore {
    /// Ends every session, because sessions that had ended since the moment of the copy would be valid again; and lets the catalogue take
    /// over the overrides of the copy. Returns the number of accounts. Safe to repeat.
    ///
    /// # Errors
    /// [`StoreError`] if the engine does not answer: the next call begins again.
    pub async fn renew(&self, meter: &Meter) -> Result<u64, StoreError> {
        let (mut accounts, mut position) = (0, None);
        loop {
            let (items, next) = self.database.page(meter, self.app(), position.as_ref(), TOGETHER).await?;
            let statuses: Vec<Key> = items.iter().filter_map(status).collect();
            accounts += statuses.len() as u64;
            let raised = statuses.into_iter().map(|key| self.add(meter, key, "epoch"));
            stream::iter(raised).buffer_unordered(AT_ONCE).try_collect::<Vec<()>>().await?;
            position = next;
            if position.is_none() {
                break;
            }
        }
        self.add(meter, revision_key(), "revision").await?;
        Ok(accounts)
    }

    /// Takes over the public keys of `former`, if it has any that can be read: the copy may lack the one that signs now, or have one that
    /// was withdrawn.
    ///
    /// # Errors
    /// [`StoreError`] if an engine does not answer, or the keys of the copy are malformed.
    pub async fn take_keys(&self, meter: &Meter, former: &Self) -> Result<(), StoreError> {
        let current = match former.public_keys(meter).await {
            Err(StoreError::Malformed { .. }) => return Ok(()),
            current => current?,
        };
        let own = self.public_keys(meter).await?;
        if current.version > 0 && current.jwks != own.jwks {
            self.put_public_keys(meter, &current.jwks, own.version).await?;
        }
        Ok(())
    }

    async fn add(&self, meter: &Meter, key: Key, number: &str) -> Result<(), StoreError> {
        meter.call();
        let update = self.database.client.update_item().table_name(self.app()).set_key(Some(keyed(&key)));
        update
            .update_expression("ADD #number :leap")
            .expression_attribute_names("#number", number)
            .expression_attribute_values(":leap", AttributeValue::N(LEAP.to_string()))
            .send()
            .await
            .map_err(failed("UpdateItem"))?;
        Ok(())
    }

    /// Deletes every session, receipt and bucket: a receipt would confirm a change that the copy does not contain. Returns their number.
    ///
    /// # Errors
    /// [`StoreError`] if the engine does not answer: the next call continues.
    pub async fn forget_expiring(&self, meter: &Meter) -> Result<u64, StoreError> {
        let mut deleted = 0;
        // Items that are added meanwhile do not prolong the work.
        let mut position = None;
        loop {
            let (items, next) =
                self.database.page(meter, self.ephemeral(), position.as_ref(), TOGETHER).await?;
            let keys: Vec<Key> = items.iter().filter_map(key_of).collect();
            self.database.delete(meter, self.ephemeral(), &keys).await?;
            deleted += keys.len() as u64;
            position = next;
            if position.is_none() {
                return Ok(deleted);
            }
        }
    }
}

fn key_of(item: &Item) -> Option<Key> {
    Some(Key::new(text(item, "pk")?, text(item, "sk")?))
}

/// The key of an item that says what an account may do.
fn status(item: &Item) -> Option<Key> {
    let key = key_of(item)?;
    let id = key.pk.strip_prefix("USER#")?.parse().ok()?;
    (key == keys::status(id)).then_some(key)
}
