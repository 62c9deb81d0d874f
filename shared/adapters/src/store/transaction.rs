//! `TransactWriteItems` with named conditions, so that a refusal says which of them failed.

mod attempts;

use aws_sdk_dynamodb::{error::BuildError, types::TransactWriteItem};
use domain::{Timestamp, audit::Event};

use self::attempts::{NotWritten, OPERATION};
use super::{
    audit,
    database::Database,
    error::StoreError,
    meter::Meter,
    parts::Part,
    receipts::{self, ChangeRecord, Receipt},
    tables::Tables,
};

/// The reasons why a transaction wrote nothing. `C` names the conditions of a wing; a name can contain an id.
#[derive(Debug, thiserror::Error)]
pub enum Refused<C> {
    /// The client's idempotency key is in use: an earlier request with it has made the change. It takes precedence over all failed
    /// conditions.
    #[error("the idempotency key is in use")]
    Repeated,
    #[error("conditions did not hold: {0:?}")]
    Conditions(Unmet<C>),
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// The conditions that did not hold, in the order in which the transaction lists them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unmet<C> {
    /// The first failed condition, which determines the answer.
    decisive: C,
    others: Vec<C>,
}

impl<C> Refused<C> {
    /// Returns the condition that determines the answer: the first one that failed.
    #[must_use]
    pub const fn decisive(&self) -> Option<&C> {
        match self {
            Self::Conditions(unmet) => Some(&unmet.decisive),
            Self::Repeated | Self::Store(_) => None,
        }
    }

    /// Selects the error: an existing receipt first, then the first of `failed`.
    fn of(failed: impl Iterator<Item = Guard<C>>) -> Self {
        let mut named = Vec::new();
        for guard in failed {
            match guard {
                Guard::Receipt => return Self::Repeated,
                Guard::Named(condition) => named.push(condition),
                Guard::Unnamed => {}
            }
        }
        let mut named = named.into_iter();
        match named.next() {
            Some(decisive) => Self::Conditions(Unmet { decisive, others: named.collect() }),
            None => Self::Store(StoreError::Conflict { operation: OPERATION }),
        }
    }
}

impl<C: PartialEq> Refused<C> {
    /// Whether `condition` determines the answer.
    #[must_use]
    pub fn is(&self, condition: &C) -> bool {
        self.decisive() == Some(condition)
    }

    /// Whether `condition` failed, as the first one or a later one.
    #[must_use]
    pub fn has(&self, condition: &C) -> bool {
        let others = match self {
            Self::Conditions(unmet) => unmet.others.as_slice(),
            Self::Repeated | Self::Store(_) => &[],
        };
        self.is(condition) || others.contains(condition)
    }
}

impl<C> From<Refused<C>> for StoreError {
    /// Converts the error of a transaction whose conditions fail only because of another writer.
    fn from(refused: Refused<C>) -> Self {
        match refused {
            Refused::Repeated | Refused::Conditions(_) => Self::Conflict { operation: OPERATION },
            Refused::Store(error) => error,
        }
    }
}

/// The meaning of a part whose condition did not hold.
#[derive(Debug)]
enum Guard<C> {
    /// The part has no condition, or its failure is not an error that a caller can handle.
    Unnamed,
    Receipt,
    Named(C),
}

/// A transaction that is built part by part. If several conditions do not hold, the one that was added first decides.
pub(super) struct Transaction<'a, C> {
    database: &'a Database,
    parts: Vec<(Guard<C>, TransactWriteItem)>,
    /// The error of the first part that is incomplete.
    incomplete: Option<BuildError>,
}

impl<'a, C> Transaction<'a, C> {
    /// A transaction without an event.
    pub(super) const fn new(database: &'a Database) -> Self {
        Self { database, parts: Vec::new(), incomplete: None }
    }

    /// A transaction with the event and the receipt of a change.
    pub(super) fn recorded(database: &'a Database, record: &ChangeRecord) -> Self {
        let new = Self::new(database).event(&record.event);
        match &record.receipt {
            Some(receipt) => new.receipt(receipt, record.event.at),
            None => new,
        }
    }

    pub(super) const fn tables(&self) -> &Tables {
        &self.database.tables
    }

    /// Whether the transaction has no part yet.
    pub(super) const fn is_empty(&self) -> bool {
        self.parts.is_empty()
    }

    /// Adds an event.
    pub(super) fn event(self, event: &Event) -> Self {
        let put = audit::put(&self.database.tables.audit, event);
        self.with(put)
    }

    /// Adds the receipt of an idempotency key, which must not be in use at `now`.
    pub(super) fn receipt(self, receipt: &Receipt, now: Timestamp) -> Self {
        let put = receipts::put(&self.database.tables.ephemeral, receipt, now);
        self.guarded(Guard::Receipt, put)
    }

    /// Adds a part without a condition.
    pub(super) fn with(self, part: impl Part) -> Self {
        self.guarded(Guard::Unnamed, part)
    }

    /// Adds a part whose condition has the name `condition`.
    pub(super) fn on(self, condition: C, part: impl Part) -> Self {
        self.guarded(Guard::Named(condition), part)
    }

    fn guarded(mut self, guard: Guard<C>, part: impl Part) -> Self {
        match part.complete() {
            Ok(item) => self.parts.push((guard, item)),
            Err(error) => self.incomplete = self.incomplete.or(Some(error)),
        }
        self
    }

    /// Writes all parts or none of them.
    pub(super) async fn commit(self, meter: &Meter) -> Result<(), Refused<C>> {
        if let Some(error) = self.incomplete {
            let (key, reason) = ("a transaction".to_owned(), error.to_string());
            return Err(StoreError::Malformed { key, reason }.into());
        }
        let (guards, items): (Vec<_>, Vec<_>) = self.parts.into_iter().unzip();
        attempts::write(&self.database.client, meter, items).await.map_err(|error| match error {
            NotWritten::Conditions(unmet) => {
                let guards = guards.into_iter().enumerate();
                Refused::of(guards.filter(|(nth, _)| unmet.contains(nth)).map(|(_, guard)| guard))
            }
            NotWritten::Store(error) => Refused::Store(error),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, PartialEq, Eq)]
    enum Door {
        Open,
        Key(u32),
    }

    fn refused(guards: impl IntoIterator<Item = Guard<Door>>) -> Refused<Door> {
        Refused::of(guards.into_iter())
    }

    #[test]
    fn the_first_failed_condition_decides_and_names_its_id() {
        let refused = refused([Guard::Unnamed, Guard::Named(Door::Key(7)), Guard::Named(Door::Open)]);
        assert_eq!(refused.decisive(), Some(&Door::Key(7)));
        assert!(refused.is(&Door::Key(7)) && !refused.is(&Door::Key(8)));
        assert!(refused.has(&Door::Open) && !refused.is(&Door::Open));
    }

    #[test]
    fn an_existing_receipt_decides_wherever_it_is() {
        for guards in [[Guard::Receipt, Guard::Named(Door::Open)], [Guard::Named(Door::Open), Guard::Receipt]]
        {
            assert!(matches!(refused(guards), Refused::Repeated));
        }
    }

    #[test]
    fn a_failed_condition_without_a_name_is_a_conflict() {
        assert!(matches!(refused([Guard::Unnamed]), Refused::Store(StoreError::Conflict { .. })));
    }
}
