//! The cost of a request: database calls and capacity, as DynamoDB itself reports it.

use std::sync::atomic::{AtomicU64, Ordering};

use aws_sdk_dynamodb::types::ConsumedCapacity;

/// A counter of the database use of one request (or one run).
#[derive(Debug, Default)]
pub struct Meter {
    calls: AtomicU64,
    /// Tenths of a unit: half units are the smallest that exist.
    read: AtomicU64,
    written: AtomicU64,
}

/// A reading of a [`Meter`].
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Usage {
    pub calls: u64,
    /// Read capacity units.
    pub read_units: f64,
    /// Write capacity units.
    pub write_units: f64,
}

impl Meter {
    pub(super) fn call(&self) {
        self.calls.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn reads(&self, capacity: Option<&ConsumedCapacity>) {
        self.read.fetch_add(tenths(capacity), Ordering::Relaxed);
    }

    pub(super) fn writes(&self, capacity: &[ConsumedCapacity]) {
        let sum = capacity.iter().map(|one| tenths(Some(one))).sum();
        self.written.fetch_add(sum, Ordering::Relaxed);
    }

    #[must_use]
    pub fn usage(&self) -> Usage {
        let units = |tenths: &AtomicU64| tenths.load(Ordering::Relaxed) as f64 / 10.0;
        Usage {
            calls: self.calls.load(Ordering::Relaxed),
            read_units: units(&self.read),
            write_units: units(&self.written),
        }
    }
}

fn tenths(capacity: Option<&ConsumedCapacity>) -> u64 {
    let units = capacity.and_then(ConsumedCapacity::capacity_units).unwrap_or_default();
    (units * 10.0).round().max(0.0) as u64
}
