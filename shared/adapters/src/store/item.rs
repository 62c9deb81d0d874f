//! Items, and reading and writing their attributes.

use std::collections::{BTreeMap, HashMap};

use aws_sdk_dynamodb::types::AttributeValue;
use domain::Timestamp;

use super::{
    error::{StoreError, malformed},
    key::Key,
};

/// An item: its attributes by name.
pub(super) type Item = HashMap<String, AttributeValue>;

/// An item of nothing but its key.
pub(super) fn keyed(key: &Key) -> Item {
    HashMap::from([
        ("pk".to_owned(), AttributeValue::S(key.pk.clone())),
        ("sk".to_owned(), AttributeValue::S(key.sk.clone())),
    ])
}

/// A text or number attribute.
pub(super) fn text<'a>(item: &'a Item, name: &str) -> Option<&'a str> {
    match item.get(name)? {
        AttributeValue::S(text) | AttributeValue::N(text) => Some(text),
        _ => None,
    }
}

/// Returns those of `items` that can be read. One malformed item must not hide the others: it is left out and logged.
pub(super) fn readable<T>(items: &[Item], read: impl Fn(&Item) -> Result<T, StoreError>) -> Vec<T> {
    let report = |error: &StoreError| tracing::error!(%error, "an item cannot be read, and is left out");
    items.iter().filter_map(|item| read(item).inspect_err(report).ok()).collect()
}

/// An item that is built attribute by attribute.
pub(super) struct ItemBuilder(Item);

impl From<Item> for ItemBuilder {
    fn from(item: Item) -> Self {
        Self(item)
    }
}

impl ItemBuilder {
    pub(super) fn at(key: &Key) -> Self {
        Self(keyed(key))
    }

    pub(super) fn text(mut self, name: &str, value: impl Into<String>) -> Self {
        self.0.insert(name.to_owned(), AttributeValue::S(value.into()));
        self
    }

    pub(super) fn number(mut self, name: &str, value: impl ToString) -> Self {
        self.0.insert(name.to_owned(), AttributeValue::N(value.to_string()));
        self
    }

    pub(super) fn moment(self, name: &str, value: Timestamp) -> Self {
        self.number(name, value.unix())
    }

    pub(super) fn moments(mut self, name: &str, values: &BTreeMap<String, Timestamp>) -> Self {
        let values = values.iter().map(|(key, at)| (key.clone(), AttributeValue::N(at.unix().to_string())));
        self.0.insert(name.to_owned(), AttributeValue::M(values.collect()));
        self
    }

    pub(super) fn flag(mut self, name: &str, value: bool) -> Self {
        self.0.insert(name.to_owned(), AttributeValue::Bool(value));
        self
    }

    pub(super) fn build(self) -> Item {
        self.0
    }
}

/// Reads attributes of the item at a key; a missing attribute, or one of another type, makes the item malformed.
pub(super) struct Reader<'a> {
    key: &'a Key,
    item: &'a Item,
}

impl<'a> Reader<'a> {
    pub(super) const fn of(key: &'a Key, item: &'a Item) -> Self {
        Self { key, item }
    }

    pub(super) fn wrong(&self, name: &str) -> StoreError {
        malformed(self.key, format!("its {name} is missing or cannot be read"))
    }

    pub(super) fn text(&self, name: &str) -> Result<&'a str, StoreError> {
        text(self.item, name).ok_or_else(|| self.wrong(name))
    }

    pub(super) fn parsed<T: std::str::FromStr>(&self, name: &str) -> Result<T, StoreError> {
        self.text(name)?.parse().map_err(|_| self.wrong(name))
    }

    pub(super) fn moment(&self, name: &str) -> Result<Timestamp, StoreError> {
        self.parsed(name).map(Timestamp::from_unix)
    }

    /// A moment that items of earlier releases do not have.
    pub(super) fn optional_moment(&self, name: &str) -> Option<Timestamp> {
        text(self.item, name).and_then(|seconds| seconds.parse().ok()).map(Timestamp::from_unix)
    }

    /// Moments by name; empty if an item of an earlier release does not have the attribute.
    pub(super) fn moments(&self, name: &str) -> BTreeMap<String, Timestamp> {
        let Some(AttributeValue::M(values)) = self.item.get(name) else { return BTreeMap::new() };
        let moment =
            |key: &String| Some((key.clone(), Timestamp::from_unix(text(values, key)?.parse().ok()?)));
        values.keys().filter_map(moment).collect()
    }

    pub(super) fn flag(&self, name: &str) -> Result<bool, StoreError> {
        match self.item.get(name) {
            Some(AttributeValue::Bool(flag)) => Ok(*flag),
            _ => Err(self.wrong(name)),
        }
    }

    /// Whether the item has the attribute.
    pub(super) fn has(&self, name: &str) -> bool {
        self.item.contains_key(name)
    }

    /// A flag that is stored only if it is true.
    pub(super) fn mark(&self, name: &str) -> bool {
        matches!(self.item.get(name), Some(AttributeValue::Bool(true)))
    }
}

/// Returns the item of `items` at `key`.
pub(super) fn at<'a>(items: &'a [Item], key: &Key) -> Option<&'a Item> {
    items.iter().find(|item| text(item, "pk") == Some(&key.pk) && text(item, "sk") == Some(&key.sk))
}
