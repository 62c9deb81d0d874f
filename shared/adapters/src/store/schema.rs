//! The version of the shape of stored items, and the passes that bring items from one version to the next and back.
//!
//! A pass walks through the whole table. Each step of it is one transaction: the changes of some items, and the position behind them. A
//! pass that was interrupted continues at its position, and of two simultaneous passes only one makes each step.

use std::{cmp::Ordering, time::Instant};

use aws_sdk_dynamodb::types::AttributeValue;

use super::{
    database::Database,
    error::StoreError,
    item::{Item, ItemBuilder, Reader, text},
    key::Key,
    meter::Meter,
    parts,
    transaction::{Refused, Transaction},
};

/// A version of the shape of stored items.
pub struct Shape {
    /// Versions are consecutive.
    pub version: u32,
    /// The shape, as a sentence without a period.
    pub summary: &'static str,
    /// Adds the changes that bring `items` to this shape, whatever shape they have. Each change is conditioned on its item being unchanged.
    pub(super) bring: for<'a> fn(Changes<'a>, &[Item]) -> Changes<'a>,
}

/// The changes of one step.
pub(super) type Changes<'a> = Transaction<'a, Stale>;

/// The reasons why a step was not made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stale {
    /// Another run has made the step, or has begun another pass.
    Position,
    /// Somebody has changed an item since it was read.
    Item,
}

/// The version of a table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Schema {
    /// The version of every item, except for those that the pass has changed already.
    pub version: u32,
    pub pass: Option<Pass>,
}

/// A pass that has started and not ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pass {
    /// The version to which the pass brings the items.
    pub to: u32,
    /// The number of items that the pass has read.
    pub seen: u64,
    id: String,
    steps: u64,
    position: Option<Key>,
}

impl Schema {
    /// The version of a table that records none.
    const FIRST: Self = Self { version: 1, pass: None };

    /// Returns the version next to this one on the way to `wanted`.
    fn neighbour(&self, wanted: u32) -> u32 {
        match self.version.cmp(&wanted) {
            Ordering::Less => self.version + 1,
            Ordering::Equal => wanted,
            Ordering::Greater => self.version - 1,
        }
    }

    /// Whether `pass` is a part of the way from this version to `wanted`.
    fn leads_to(&self, pass: &Pass, wanted: u32) -> bool {
        pass.to == self.neighbour(wanted)
    }

    /// Returns the lowest and the highest version that an item can have.
    #[must_use]
    pub fn versions(&self) -> (u32, u32) {
        let to = self.pass.as_ref().map_or(self.version, |pass| pass.to);
        (self.version.min(to), self.version.max(to))
    }
}

/// The result of a run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Brought {
    pub schema: Schema,
    /// Whether every item has the wanted version.
    pub is_done: bool,
    /// The number of steps that changed items.
    pub changes: u64,
}

/// The reasons why items were not brought to a version.
#[derive(Debug, thiserror::Error)]
pub enum NotBrought {
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error("there is no version {0} of the stored items")]
    NoVersion(u32),
    /// A later release was here.
    #[error(
        "the stored items have version {stored}, and this release knows {lowest} to {highest}: \
         bring them back with the release that has migrated them"
    )]
    UnknownVersion { stored: u32, lowest: u32, highest: u32 },
    #[error(
        "another run brings the stored items to version {to}: wait until it has ended, then decide which version is right"
    )]
    TurnedBack { to: u32 },
}

/// The number of items that one step reads, so that it changes no more than a transaction can contain.
const TOGETHER: i32 = 80;
/// The number of steps without changes after which the position is recorded.
const SILENT: u64 = 25;
/// The number of attempts at a step whose items change in the meantime.
const ATTEMPTS: u32 = 20;

fn key() -> Key {
    Key::new("SCHEMA", "VERSION")
}

impl Database {
    /// Reads the version of `table`.
    pub(super) async fn schema(&self, meter: &Meter, table: &str) -> Result<Schema, StoreError> {
        Ok(self.recorded_schema(meter, table).await?.unwrap_or(Schema::FIRST))
    }

    async fn recorded_schema(&self, meter: &Meter, table: &str) -> Result<Option<Schema>, StoreError> {
        let key = key();
        let Some(item) = self.get(meter, table, &key, true).await? else { return Ok(None) };
        let reader = Reader::of(&key, &item);
        let pass = text(&item, "pass").map(|id| {
            let position = text(&item, "position_pk").zip(text(&item, "position_sk"));
            Ok::<_, StoreError>(Pass {
                to: reader.parsed("to")?,
                seen: reader.parsed("seen")?,
                id: id.to_owned(),
                steps: reader.parsed("steps")?,
                position: position.map(|(pk, sk)| Key::new(pk, sk)),
            })
        });
        Ok(Some(Schema { version: reader.parsed("version")?, pass: pass.transpose()? }))
    }

    /// Records that an empty table has the version `wanted`. Returns whether it did: not if a version is recorded, or the table has items.
    async fn record_empty(&self, meter: &Meter, table: &str, wanted: u32) -> Result<bool, StoreError> {
        if self.recorded_schema(meter, table).await?.is_some()
            || !self.page(meter, table, None, TOGETHER).await?.0.is_empty()
        {
            return Ok(false);
        }
        let new = parts::put_new(table, ItemBuilder::at(&key()).number("version", wanted));
        match Transaction::new(self).on(Stale::Position, new).commit(meter).await {
            Err(refused) if refused.is(&Stale::Position) => Ok(false),
            recorded => Ok(recorded.map(|()| true)?),
        }
    }

    /// Brings the items of `table` to the version `wanted`, one version after the other, until `end`. If the table has that version, one
    /// pass brings items to it that functions of another release have written since.
    ///
    /// # Errors
    /// [`NotBrought`]: what was done stays, and the next run continues.
    pub(super) async fn bring(
        &self,
        meter: &Meter,
        table: &str,
        shapes: &[Shape],
        wanted: u32,
        end: Instant,
    ) -> Result<Brought, NotBrought> {
        if self.record_empty(meter, table, wanted).await? {
            let schema = Schema { version: wanted, pass: None };
            return Ok(Brought { schema, is_done: true, changes: 0 });
        }
        let mut changes = 0;
        loop {
            let schema = self.schema(meter, table).await?;
            let unknown = || NotBrought::UnknownVersion {
                stored: schema.version,
                lowest: shapes.first().map_or(0, |shape| shape.version),
                highest: shapes.last().map_or(0, |shape| shape.version),
            };
            let (low, high) = schema.versions();
            let knows = |version| shapes.iter().find(|shape| shape.version == version);
            knows(low).and(knows(high)).ok_or_else(unknown)?;
            let pass = match schema.pass.clone().filter(|pass| schema.leads_to(pass, wanted)) {
                Some(pass) => pass,
                None => match self.begin(meter, table, &schema, wanted).await {
                    // Another run has begun one.
                    Err(refused) if refused.is(&Stale::Position) => continue,
                    begun => begun.map_err(StoreError::from)?,
                },
            };
            let shape = knows(pass.to).ok_or_else(unknown)?;
            let (ended, changed) = self.pass(meter, table, shape, pass, end).await?;
            changes += changed;
            let schema = self.schema(meter, table).await?;
            match &schema.pass {
                None if schema.version == wanted => return Ok(Brought { schema, is_done: true, changes }),
                // The run that began last goes on.
                Some(pass) if ended == Ended::Overtaken && !schema.leads_to(pass, wanted) => {
                    return Err(NotBrought::TurnedBack { to: pass.to });
                }
                _ if ended == Ended::Late => return Ok(Brought { schema, is_done: false, changes }),
                _ => {}
            }
        }
    }

    /// Records that a pass towards the version `wanted` begins. It replaces a pass that leads away from it, back to the version from
    /// which that one came, so that every item has one of the two recorded versions.
    async fn begin(
        &self,
        meter: &Meter,
        table: &str,
        schema: &Schema,
        wanted: u32,
    ) -> Result<Pass, Refused<Stale>> {
        let (from, to) = match &schema.pass {
            Some(former) if former.to != schema.version => (former.to, schema.version),
            _ => (schema.version, schema.neighbour(wanted)),
        };
        let id = format!("{:032x}", fastrand::u128(..));
        let pass = Pass { to, seen: 0, id, steps: 0, position: None };
        let state = pass.item().number("version", from);
        let update = parts::change(table, &key(), state, &["position_pk", "position_sk"]);
        let update = match &schema.pass {
            Some(former) => update
                .condition_expression("pass = :former")
                .expression_attribute_values(":former", AttributeValue::S(former.id.clone())),
            None => update
                .condition_expression(
                    "attribute_not_exists(pk) OR (attribute_not_exists(pass) AND version = :former)",
                )
                .expression_attribute_values(":former", number(schema.version)),
        };
        Transaction::new(self).on(Stale::Position, update).commit(meter).await?;
        Ok(pass)
    }

    /// Continues `pass` until it ends, another run overtakes it, or it is late. Returns the number of steps that changed items.
    async fn pass(
        &self,
        meter: &Meter,
        table: &str,
        shape: &Shape,
        mut pass: Pass,
        end: Instant,
    ) -> Result<(Ended, u64), StoreError> {
        let (mut changes, mut attempts) = (0, 0);
        // Steps without changes are not recorded one by one.
        let mut recorded = pass.steps;
        loop {
            let (items, position) = self.page(meter, table, pass.position.as_ref(), TOGETHER).await?;
            let step = (shape.bring)(Transaction::new(self), &items);
            let (is_changing, is_late) = (!step.is_empty(), Instant::now() >= end);
            let seen = pass.seen + items.len() as u64;
            let after = Pass { seen, steps: pass.steps + 1, position, ..pass.clone() };
            if !is_changing && !is_late && after.position.is_some() && after.steps - recorded < SILENT {
                pass = after;
                continue;
            }
            let update = match &after.position {
                Some(_) => parts::change(table, &key(), after.item(), &[]),
                None => {
                    let state = ItemBuilder::at(&key()).number("version", after.to);
                    parts::change(table, &key(), state, &PASS)
                }
            };
            let update = update
                .condition_expression("pass = :id AND steps = :recorded")
                .expression_attribute_values(":id", AttributeValue::S(pass.id.clone()))
                .expression_attribute_values(":recorded", number(recorded));
            match step.on(Stale::Position, update).commit(meter).await {
                Err(refused) if refused.has(&Stale::Position) => return Ok((Ended::Overtaken, changes)),
                Err(refused) if refused.is(&Stale::Item) && attempts < ATTEMPTS => {
                    attempts += 1;
                    continue;
                }
                done => done?,
            }
            changes += u64::from(is_changing);
            (attempts, recorded) = (0, after.steps);
            match after.position {
                None => return Ok((Ended::Complete, changes)),
                Some(_) if is_late => return Ok((Ended::Late, changes)),
                Some(_) => pass = after,
            }
        }
    }
}

/// The reason why a pass was left.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Ended {
    Complete,
    Overtaken,
    Late,
}

/// The attributes of a pass.
const PASS: [&str; 6] = ["pass", "to", "seen", "steps", "position_pk", "position_sk"];

impl Pass {
    fn item(&self) -> ItemBuilder {
        let item = ItemBuilder::at(&key())
            .text("pass", &self.id)
            .number("to", self.to)
            .number("seen", self.seen)
            .number("steps", self.steps);
        match &self.position {
            Some(position) => item.text("position_pk", &position.pk).text("position_sk", &position.sk),
            None => item,
        }
    }
}

fn number(number: impl ToString) -> AttributeValue {
    AttributeValue::N(number.to_string())
}
