//! The versions of the shape of stored accounts, and the change of each to the next.
//!
//! A migration has three versions: the old shape, both shapes (expanded), and the new shape (contracted). A release that knows two
//! neighbouring versions can serve while a pass runs between them, and beside a release that knows one of them.

use std::{collections::BTreeMap, ops::RangeInclusive, time::Instant};

use domain::accounts::UserId;

use super::{keys, listing, store::AccountStore};
use crate::store::{
    error::StoreError,
    item::{Item, ItemBuilder, text},
    key::Key,
    meter::Meter,
    parts,
    schema::{Brought, Changes, NotBrought, Schema, Shape, Stale},
};

/// All versions, in their order.
pub static SHAPES: [Shape; 3] = [
    Shape {
        version: 1,
        summary: "users are listed in one partition of the index `listed`",
        bring: |changes, items| list(changes, items, Lists { former: true, sharded: false }),
    },
    Shape {
        version: 2,
        summary: "users are listed in both ways, and counted",
        bring: |changes, items| list(changes, items, Lists { former: true, sharded: true }),
    },
    Shape {
        version: 3,
        summary: "users are listed in 16 partitions of `gsi1`, and counted",
        bring: |changes, items| list(changes, items, Lists { former: false, sharded: true }),
    },
];

/// The versions that the functions of this release can serve with.
pub const SERVED: RangeInclusive<u32> = 2..=3;

impl AccountStore {
    /// Reads the version of the stored accounts: one call.
    ///
    /// # Errors
    /// [`StoreError`] if the engine does not answer.
    pub async fn schema(&self, meter: &Meter) -> Result<Schema, StoreError> {
        self.database.schema(meter, self.app()).await
    }

    /// Brings the stored accounts to the version `wanted`, until `end`: two calls for at most 80 items. A call that was interrupted, or was
    /// late, is continued by the next one. If the accounts have that version, items that functions of another release have written since
    /// are brought to it.
    ///
    /// # Errors
    /// [`NotBrought`]: what was done stays, and the next run continues.
    pub async fn bring(&self, meter: &Meter, wanted: u32, end: Instant) -> Result<Brought, NotBrought> {
        if !SHAPES.iter().any(|shape| shape.version == wanted) {
            return Err(NotBrought::NoVersion(wanted));
        }
        self.database.bring(meter, self.app(), &SHAPES, wanted, end).await
    }
}

/// The lists of a shape.
#[derive(Clone, Copy)]
struct Lists {
    /// The index `listed`, with the keys `listed_in` and `listed_by`.
    former: bool,
    /// The index `gsi1`, and the counters.
    sharded: bool,
}

/// Lists the users among `items` in these lists, and in no other.
fn list<'a>(mut changes: Changes<'a>, items: &[Item], lists: Lists) -> Changes<'a> {
    // A transaction can change a counter only once.
    let mut counted: BTreeMap<u8, i64> = BTreeMap::new();
    let app = changes.tables().app.clone();
    for (id, item) in items.iter().filter_map(|item| Some((user(item)?, item))) {
        let is_in = |key: &str| item.contains_key(key);
        let (was_listed, was_sharded) = (is_in("listed_in"), is_in("gsi1pk"));
        if (was_listed, was_sharded) == (lists.former, lists.sharded) {
            continue;
        }
        let (mut set, mut removed) = (ItemBuilder::at(&keys::profile(id)), Vec::new());
        if lists.former {
            set = set.text("listed_in", keys::USERS).text("listed_by", id.to_string());
        } else {
            removed.extend(["listed_in", "listed_by"]);
        }
        if lists.sharded {
            set = set.text("gsi1pk", keys::users(keys::shard(id))).text("gsi1sk", id.to_string());
        } else {
            removed.extend(["gsi1pk", "gsi1sk"]);
        }
        // A change by the user increases the version of the profile, and none of them changes the counters.
        let condition = if was_sharded { "attribute_exists(gsi1pk)" } else { "attribute_not_exists(gsi1pk)" };
        let change = parts::change(&app, &keys::profile(id), set, &removed);
        let change = match item.get("version") {
            Some(version) => change
                .condition_expression(format!("version = :version AND {condition}"))
                .expression_attribute_values(":version", version.clone()),
            // A damaged profile, which no user can change.
            None => change.condition_expression(format!("attribute_not_exists(version) AND {condition}")),
        };
        changes = changes.on(Stale::Item, change);
        *counted.entry(keys::shard(id)).or_default() += i64::from(lists.sharded) - i64::from(was_sharded);
    }
    for (shard, change) in counted.into_iter().filter(|(_, change)| *change != 0) {
        changes = changes.with(listing::count(&app, shard, change));
    }
    changes
}

/// Returns the user whose profile an item is.
fn user(item: &Item) -> Option<UserId> {
    let key = Key::new(text(item, "pk")?, text(item, "sk")?);
    let id = key.pk.strip_prefix("USER#")?.parse().ok()?;
    (key == keys::profile(id)).then_some(id)
}
