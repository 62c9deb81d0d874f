//! Writes groups of items, each whole or not at all, with many groups in a transaction: one commit per hundred items.

use std::convert::Infallible;

use aws_sdk_dynamodb::types::Put;
use futures_util::{StreamExt as _, TryStreamExt as _, stream};

use super::{state::Lease, store::CatalogStore};
use crate::{
    now,
    store::{error::StoreError, item::Item, meter::Meter, transaction::Transaction},
};

/// The limits of a DynamoDB transaction: 100 items and 4 MB.
const MOST_ITEMS: usize = 100;
const MOST_BYTES: usize = 3 << 20;
/// The number of transactions in progress.
const WRITERS: usize = 4;

/// An item to write, and its approximate size in bytes.
pub(super) type Sized = (Item, usize);

impl CatalogStore {
    /// Writes `groups`, each whole or not at all. Safe to repeat. The lease is renewed before every few transactions,
    /// so that a writer that lost it stops there.
    pub(super) async fn transact(
        &self,
        meter: &Meter,
        lease: &Lease,
        groups: Vec<Vec<Sized>>,
    ) -> Result<(), StoreError> {
        let transactions = transactions(groups);
        for round in transactions.chunks(WRITERS) {
            self.renew_lease(meter, lease, now()).await?;
            stream::iter(round.iter().map(|items| self.put_together(meter, items)))
                .buffer_unordered(WRITERS)
                .try_collect::<()>()
                .await?;
        }
        Ok(())
    }

    async fn put_together(&self, meter: &Meter, items: &[Item]) -> Result<(), StoreError> {
        let put = |item: &Item| Put::builder().table_name(self.table()).set_item(Some(item.clone()));
        let transaction = Transaction::<Infallible>::new(&self.database);
        let transaction = items.iter().fold(transaction, |transaction, item| transaction.with(put(item)));
        Ok(transaction.commit(meter).await?)
    }
}

/// Distributes all groups in order over as few transactions as possible, without splitting a group.
fn transactions(groups: Vec<Vec<Sized>>) -> Vec<Vec<Item>> {
    let mut transactions: Vec<Vec<Item>> = Vec::new();
    let mut bytes = 0;
    for group in groups.into_iter().filter(|group| !group.is_empty()) {
        let size: usize = group.iter().map(|(_, size)| size).sum();
        let items = group.into_iter().map(|(item, _)| item);
        match transactions.last_mut() {
            Some(open) if open.len() + items.len() <= MOST_ITEMS && bytes + size <= MOST_BYTES => {
                open.extend(items);
                bytes += size;
            }
            _ => {
                transactions.push(items.collect());
                bytes = size;
            }
        }
    }
    transactions
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sizes(groups: &[(usize, usize)]) -> Vec<usize> {
        let groups = groups.iter().map(|(items, size)| vec![(Item::new(), *size); *items]).collect();
        transactions(groups).iter().map(Vec::len).collect()
    }

    #[test]
    fn transactions_are_filled_and_no_group_is_split() {
        assert_eq!(sizes(&[]), [] as [usize; 0]);
        assert_eq!(sizes(&[(0, 1), (0, 1)]), [] as [usize; 0]);
        assert_eq!(sizes(&[(100, 1), (1, 1)]), [100, 1]);
        assert_eq!(sizes(&[(98, 1), (3, 1), (97, 1)]), [98, 100]);
        assert_eq!(sizes(&[(5, 300 << 10); 5]), [10, 10, 5], "3 MB hold ten of 300 KB");
    }
}
