//! The parts of a transaction.

use aws_sdk_dynamodb::{
    error::BuildError,
    types::{
        Delete, Put, TransactWriteItem, Update,
        builders::{ConditionCheckBuilder, DeleteBuilder, PutBuilder, UpdateBuilder},
    },
};

use super::{
    item::{ItemBuilder, keyed},
    key::Key,
};

/// A part of a transaction.
pub(super) trait Part {
    fn complete(self) -> Result<TransactWriteItem, BuildError>;
}

impl Part for PutBuilder {
    fn complete(self) -> Result<TransactWriteItem, BuildError> {
        Ok(TransactWriteItem::builder().put(self.build()?).build())
    }
}

impl Part for UpdateBuilder {
    fn complete(self) -> Result<TransactWriteItem, BuildError> {
        Ok(TransactWriteItem::builder().update(self.build()?).build())
    }
}

impl Part for DeleteBuilder {
    fn complete(self) -> Result<TransactWriteItem, BuildError> {
        Ok(TransactWriteItem::builder().delete(self.build()?).build())
    }
}

impl Part for ConditionCheckBuilder {
    fn complete(self) -> Result<TransactWriteItem, BuildError> {
        Ok(TransactWriteItem::builder().condition_check(self.build()?).build())
    }
}

/// Puts `item`, if no item has its key.
pub(super) fn put_new(table: &str, item: ItemBuilder) -> PutBuilder {
    put(table, item).condition_expression("attribute_not_exists(pk)")
}

/// Puts `item`.
pub(super) fn put(table: &str, item: ItemBuilder) -> PutBuilder {
    Put::builder().table_name(table).set_item(Some(item.build()))
}

/// Updates the item at `key`.
pub(super) fn update(table: &str, key: &Key) -> UpdateBuilder {
    Update::builder().table_name(table).set_key(Some(keyed(key)))
}

/// Sets the attributes of `item` in the item at `key`, and removes those named `removed`. Other attributes stay: a later release may have
/// added them.
pub(super) fn change(table: &str, key: &Key, item: ItemBuilder, removed: &[&str]) -> UpdateBuilder {
    let (mut update, mut set, mut remove) = (update(table, key), Vec::new(), Vec::new());
    let attributes = item.build().into_iter().filter(|(name, _)| name != "pk" && name != "sk");
    for (nth, (name, value)) in attributes.enumerate() {
        set.push(format!("#set{nth} = :set{nth}"));
        update = update
            .expression_attribute_names(format!("#set{nth}"), name)
            .expression_attribute_values(format!(":set{nth}"), value);
    }
    for (nth, name) in removed.iter().enumerate() {
        remove.push(format!("#removed{nth}"));
        update = update.expression_attribute_names(format!("#removed{nth}"), *name);
    }
    let clause = |verb: &str, parts: Vec<String>| match parts.as_slice() {
        [] => String::new(),
        parts => format!("{verb} {}", parts.join(", ")),
    };
    update.update_expression(format!("{} {}", clause("SET", set), clause("REMOVE", remove)).trim())
}

/// Deletes the item at `key`.
pub(super) fn delete(table: &str, key: &Key) -> DeleteBuilder {
    Delete::builder().table_name(table).set_key(Some(keyed(key)))
}

/// Deletes the item at `key`, if it exists.
pub(super) fn delete_existing(table: &str, key: &Key) -> DeleteBuilder {
    delete(table, key).condition_expression("attribute_exists(pk)")
}
