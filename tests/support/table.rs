//! Separate tables, filled without a sync, or with contents that the store itself would never write.

use std::collections::BTreeSet;

use adapters::{
    aws, now,
    publish::{Published, publish},
    store::{CatalogStore, Key, Lease, Meter},
};
use aws_sdk_dynamodb::{Client, types::AttributeValue};
use domain::{Timestamp, facts::Facts};

use crate::engine_url;

/// The right to write to `store`; all tests take it as the same owner.
///
/// # Panics
/// If a sync holds it.
pub async fn lease(store: &CatalogStore) -> Lease {
    store.take_lease(&Meter::default(), "test".to_owned(), 300, now()).await.expect("the lease is free")
}

/// Publishes `facts` as of `at`.
///
/// # Panics
/// If they cannot be published.
pub async fn publish_facts(store: &CatalogStore, facts: &Facts, at: Timestamp) -> Published {
    let (meter, lease) = (Meter::default(), lease(store).await);
    let published = publish(store, &meter, &lease, facts, at, &BTreeSet::new()).await.expect("a publication");
    store.end_lease(&meter, &lease).await.expect("the lease is given back");
    published
}

/// A client of the engine that bypasses the store.
pub async fn raw_client() -> Client {
    aws::at(&engine_url())
}

/// Stores an item unchanged.
///
/// # Panics
/// If it cannot be stored.
pub async fn put_raw(store: &CatalogStore, key: &Key, attributes: &[(&str, AttributeValue)]) {
    put_at(&raw_client().await, store.table(), key, attributes).await;
}

pub(crate) async fn put_at(client: &Client, table: &str, key: &Key, attributes: &[(&str, AttributeValue)]) {
    let mut put = client.put_item().table_name(table);
    put = put.item("pk", AttributeValue::S(key.pk.clone())).item("sk", AttributeValue::S(key.sk.clone()));
    for (name, value) in attributes {
        put = put.item(*name, value.clone());
    }
    put.send().await.expect("the item is put");
}
